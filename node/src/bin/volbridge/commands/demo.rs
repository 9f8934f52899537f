//! `demo`: see the module of that name.

use std::path::PathBuf;

use crate::{
    demo::{self, Wishes},
    output::problem::Outcome,
    session::Session,
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the three nodes; what is there is gone on with
    #[arg(long, default_value = "data/demo")]
    pub dir: PathBuf,
    /// Port of the first portal; the others follow
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Publish nothing more once all is ready
    #[arg(long)]
    pub quiet: bool,
}

pub async fn run(session: &Session, args: Args) -> Outcome {
    let Args { dir, port, quiet } = args;
    demo::run(Wishes { dir, port, quiet }, session.output).await
}
