//! The machine's own limit for following a log: a bare pipeline in the same two-process layout. One process sends
//! prepared leaves and bodies over TLS 1.3; the other hashes them on all cores and writes the same rows with the same
//! indexes, durable. No tree, no proofs, no views, no classes: whoever does less than this doesn't keep the log.

mod receive;
mod rows;
mod send;

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};
use volbridge_node::store::{Db, OpenOptions};

pub use self::{
    receive::{copy, fill, receive},
    send::send,
};
use crate::{
    Database, Outcome,
    authors::{Author, Run},
    postgres::Server,
    report::{Figure, Report, as_f64},
    usage::{self, Used},
};

/// What the pipeline did.
pub struct Limit {
    /// Records a second.
    pub figure: Figure,
    sender: Used,
    receiver: Used,
    server: Option<Used>,
    wire: u64,
}

/// How it is said.
pub const HOW: &str = "a bare pipeline: prepared bytes over TLS, hashes on all cores, the same rows, durable";

impl Limit {
    /// Measures it with an author's records, so many a transaction.
    pub async fn measure(run: &Run, author: &Author, database: Database, batch: usize) -> Outcome<Self> {
        let folder = run.folder("limit");
        std::fs::create_dir_all(&folder)?;
        let server = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Server::start(&folder.join("pg"), &[])?),
        };
        let url = match &server {
            Some(server) => server.url(),
            None => folder.join("limit.db").display().to_string(),
        };
        // The node's own tables.
        Db::open(&OpenOptions::new(url.clone())).await?.close().await;
        let certificate = folder.join("certificate");
        let mut sender = Part::start("limit-send", &[&certificate, &author.entries()], &[]).await?;
        let address = sender.line().await?;
        let arguments = [address.as_str(), url.as_str(), &batch.to_string()];
        let mut receiver = Part::start("limit-receive", &[&certificate], &arguments).await?;
        receiver.line().await?;
        let server_before = server.as_ref().map(Server::used).transpose()?.unwrap_or_default();
        usage::settle();
        let wire = usage::wire_bytes()?;
        receiver.go().await?;
        let done: Value = serde_json::from_str(&receiver.line().await?)?;
        let wire = usage::wire_bytes()? - wire;
        let seconds = done.get("seconds").and_then(Value::as_f64).unwrap_or_default();
        if done.get("records").and_then(Value::as_u64) != Some(author.records) {
            return Err(format!("the pipeline lost records: {done}").into());
        }
        let figure = Figure { value: as_f64(author.records) / seconds, unit: "records/s" };
        let (sender, receiver) = (sender.end().await?, receiver.end().await?);
        let server = server.as_ref().map(Server::used).transpose()?.map(|used| used.since(server_before));
        Ok(Self { figure, sender, receiver, server, wire })
    }

    /// Adds it to a report whose figure is there already.
    pub fn report(&self, report: &mut Report, batch: usize) {
        report.limit(self.figure, HOW);
        let mut used = serde_json::json!({
            "batch": batch,
            "sender": self.sender.to_json(),
            "receiver": self.receiver.to_json(),
            "wire_bytes": self.wire,
        });
        if let (Some(server), Some(object)) = (self.server, used.as_object_mut()) {
            object.insert("server".to_owned(), server.to_json());
        }
        report.set("limit_processes", used);
    }
}

/// This program again, as one end of the pipeline. It says lines and hears one.
struct Part {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Part {
    async fn start(what: &str, files: &[&Path], arguments: &[&str]) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(what).args(files).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        Ok(Self { child, lines: BufReader::new(stdout).lines() })
    }

    async fn line(&mut self) -> Outcome<String> {
        let patience = Duration::from_secs(3_600);
        let line = tokio::time::timeout(patience, self.lines.next_line()).await??;
        line.ok_or_else(|| "a part of the bare pipeline has ended".into())
    }

    async fn go(&mut self) -> Outcome<()> {
        let stdin = self.child.stdin.as_mut().ok_or("no input")?;
        Ok(stdin.write_all(b"go\n").await?)
    }

    /// What it used, and its end.
    async fn end(mut self) -> Outcome<Used> {
        let used = Used::of(self.child.id().ok_or("it has ended")?)?;
        drop(self.child.stdin.take());
        self.child.wait().await?;
        Ok(used)
    }
}

/// Seconds that a file takes over plain TLS, durable at the other end.
pub async fn copy_rate(run: &Run, file: &Path) -> Outcome<f64> {
    let (certificate, to) = (run.folder("certificate"), run.folder("copied"));
    let mut sender = Part::start("limit-send", &[&certificate, file], &[]).await?;
    let address = sender.line().await?;
    let mut receiver = Part::start("limit-copy", &[&certificate, &to], &[address.as_str()]).await?;
    receiver.line().await?;
    usage::settle();
    receiver.go().await?;
    let seconds = receiver.line().await?.parse()?;
    receiver.end().await?;
    sender.end().await?;
    Ok(seconds)
}
