//! `log evidence`: the file that proves that a log has two signed histories, from a
//! node; and its check, without a node and without a network.

use std::{fs, path::PathBuf};

use serde_json::json;
use volbridge_proto::{Code, Refusal, exchange::evidence::Evidence, wire::node::v1 as node};

use super::log::{self, Which};
use crate::{
    lang::say,
    output::{
        code,
        problem::{Outcome, Problem},
    },
    session::Session,
};

/// `log evidence [PARTNER] [--to FILE]`, `log evidence --check FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub which: Which,
    /// Write the file there [default: print it]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Check a file that somebody gave you; needs no node
    #[arg(long, value_name = "FILE", conflicts_with_all = ["partner", "epoch", "to"])]
    pub check: Option<PathBuf>,
}

pub async fn run(session: &Session, args: Args) -> Outcome {
    match &args.check {
        Some(file) => check(session, file),
        None => save(session, &args).await,
    }
}

async fn save(session: &Session, args: &Args) -> Outcome {
    let (client, lang) = (session.connect().await?, session.lang());
    let log = log::request(session, &client, &args.which).await?;
    let files = client.logs().evidence(log).await?.into_inner().files;
    let Some(node::EvidenceFile { found_at, file }) = files.into_iter().next() else {
        let none = say!(lang, "no second history of this log is known", "没有发现这本日志有另一份历史");
        session.output.result(&json!({ "evidence": null }), || none);
        return Ok(());
    };
    let Some(path) = &args.to else {
        session.output.result(&json!({ "evidence": file, "found_at": found_at }), || file.clone());
        return Ok(());
    };
    let shown = path.display().to_string();
    fs::write(path, &file).map_err(|error| {
        Problem::saying(
            Code::Unavailable,
            say!(lang, "{shown} can't be written: {error}", "无法写入 {shown}：{error}"),
        )
    })?;
    session.output.result(&json!({ "file": shown, "found_at": found_at }), || {
        say!(
            lang,
            "{shown} proves the fork; anyone can check it: volbridge log evidence --check {shown}",
            "{shown} 可证明该日志有两份历史，任何人都能核对：volbridge log evidence --check {shown}"
        )
    });
    Ok(())
}

fn check(session: &Session, path: &std::path::Path) -> Outcome {
    let (lang, shown) = (session.lang(), path.display());
    let file = fs::read(path).map_err(|error| {
        Problem::saying(
            Code::NotFound,
            say!(lang, "{shown} can't be read: {error}", "无法读取 {shown}：{error}"),
        )
    })?;
    let verified = std::str::from_utf8(&file)
        .map_err(|_| Refusal::new(Code::EvidenceMalformed))
        .and_then(Evidence::parse)
        .and_then(|evidence| evidence.verify());
    let fork = verified.map_err(|refusal| {
        let why = code::refusal(&refusal, lang);
        let what = say!(lang, "{shown} proves nothing: {why}", "{shown} 不能证明任何事：{why}");
        Problem { what, ..Problem::from(refusal) }
    })?;
    let (log, prefix) = (fork.log, fork.prefix);
    let sizes = fork.checkpoints.each_ref().map(|checkpoint| checkpoint.size());
    let [one, other] = sizes;
    session.output.result(&json!({ "log": log.to_string(), "prefix": prefix, "sizes": sizes }), || {
        say!(
            lang,
            "the keys of log {log} signed two histories, of {one} and of {other} entries, that differ in the first {prefix}.\nCompare the id with the one that you know: the file itself names the keys.",
            "日志 {log} 的密钥签署了两份历史，分别有 {one} 和 {other} 个条目，前 {prefix} 个条目已不相同。\n请将编号与您所知道的核对：密钥由文件自身给出。"
        )
    });
    Ok(())
}
