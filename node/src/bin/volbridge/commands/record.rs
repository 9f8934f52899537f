//! `record`: one record by its hash, its proof as a file, and the check of such a file.

use std::{fs, path::PathBuf};

use serde_json::json;
use volbridge_proto::{Code, RecordId, wire::node::v1 as node};

use super::{list::record_value, pick, verify};
use crate::{
    lang::say,
    output::{
        pretty::pretty,
        problem::{Outcome, Problem},
    },
    session::Session,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show a record and where it stands
    Show(Show),
    /// Write a record's proof and the policy that checks it, for anyone to check offline
    Export(Export),
    /// Check a proof file offline: who signed, when, witnessed by whom
    Verify(verify::Args),
}

#[derive(Debug, clap::Args)]
pub struct Show {
    /// 64 hex digits
    #[arg(value_parser = pick::record)]
    pub hash: RecordId,
}

#[derive(Debug, clap::Args)]
pub struct Export {
    /// 64 hex digits
    #[arg(value_parser = pick::record)]
    pub hash: RecordId,
    /// Where the proof goes; the policy beside it [default: the record's own name, in this folder]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Show(args) => show(session, args).await,
        Command::Export(args) => export(session, args).await,
        Command::Verify(args) => verify::run(session, &args),
    }
}

async fn show(session: &Session, args: Show) -> Outcome {
    let client = session.connect().await?;
    let request = node::GetRecordRequest { hash: args.hash.to_vec() };
    let value = record_value(&client.records().get(request).await?.into_inner());
    session.output.result(&value, || pretty(&value));
    Ok(())
}

async fn export(session: &Session, args: Export) -> Outcome {
    let client = session.connect().await?;
    let lang = session.lang();
    let hash = args.hash;
    let answer = client.records().proof(node::GetRecordRequest { hash: hash.to_vec() }).await?.into_inner();
    let proof = args.out.unwrap_or_else(|| PathBuf::from(format!("{hash}.tlog-proof")));
    let policy = proof.with_extension("policy");
    for (path, text) in [(&proof, &answer.proof), (&policy, &answer.policy)] {
        let shown = path.display();
        fs::write(path, text).map_err(|error| {
            Problem::saying(
                Code::Internal,
                say!(lang, "{shown} can't be written: {error}", "无法写入 {shown}：{error}"),
            )
        })?;
    }
    let (proof, policy) = (proof.display().to_string(), policy.display().to_string());
    session
        .output
        .result(&json!({ "hash": hash, "proof": proof, "policy": policy }), || format!("{proof}\n{policy}"));
    session.output.hint(&say!(
        lang,
        "anyone can check it offline: volbridge record verify {proof} --policy {policy}",
        "任何人都可离线核对：volbridge record verify {proof} --policy {policy}"
    ));
    Ok(())
}
