//! `config check`: every wrong setting at once, with its file and line.

use serde_json::json;
use volbridge_node::config::Config;
use volbridge_proto::Code;

use crate::{
    lang::say,
    output::problem::{Outcome, Problem},
    session::Session,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Read file, environment and --set, and name everything that is wrong
    Check,
}

pub fn run(session: &Session, command: &Command) -> Outcome {
    let Command::Check = command;
    let lang = session.lang();
    let sources = session.sources()?;
    let file = sources.file.as_ref().map(|path| path.display().to_string());
    match Config::load(&sources) {
        Ok(config) => {
            let shown = file.clone().unwrap_or_else(|| say!(lang, "the defaults", "默认值"));
            let folder = config.node.data_dir.display().to_string();
            let value = json!({ "ok": true, "file": file, "data_dir": folder, "problems": [] });
            session.output.result(&value, || {
                say!(
                    lang,
                    "{shown}: nothing is wrong; data in {folder}",
                    "{shown}：没有错误；数据位于 {folder}"
                )
            });
            Ok(())
        }
        Err(error) => {
            let problems: Vec<_> = error
                .problems
                .iter()
                .map(|problem| {
                    json!({
                        "place": problem.place, "key": problem.key, "why": problem.why, "allowed": problem.allowed,
                    })
                })
                .collect();
            if session.output.json {
                session
                    .output
                    .result(&json!({ "ok": false, "file": file, "problems": problems }), String::new);
            }
            session.output.hint(&error.to_string());
            let count = problems.len();
            let what = say!(lang, "{count} setting(s) are wrong", "有 {count} 项设置不对");
            Err(Problem::saying(Code::InputMalformed, what).reported())
        }
    }
}
