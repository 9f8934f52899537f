//! `init`: comes with the node.

use volbridge_proto::Code;

use crate::{
    output::problem::{Outcome, Problem},
    session::Session,
};

#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(_session: &Session, _args: Args) -> Outcome {
    Err(Problem::new(Code::Unimplemented))
}
