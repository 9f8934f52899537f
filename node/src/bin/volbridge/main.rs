//! `volbridge`: the node, its portal and its command line in one program. Commands
//! that concern a running node speak gRPC to it, as the portal and integrations do.
//! Exit codes: 0 done, 1 refused or failed, 2 the command line was wrong.

mod args;
mod client;
mod commands;
mod demo;
mod hosting;
mod input;
mod lang;
mod noun;
mod output;
mod schema;
mod session;
mod words;

use std::process::ExitCode;

use volbridge_proto::Code;

use crate::{output::problem::Problem, session::Session};

fn main() -> ExitCode {
    let cli = words::parse();
    let session = Session::new(cli.global);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(&session, cli.command)),
        Err(error) => Err(Problem::saying(Code::Internal, error.to_string())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            problem.report(session.output);
            ExitCode::from(problem.exit)
        }
    }
}
