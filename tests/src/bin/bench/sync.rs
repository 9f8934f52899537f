//! `sync`: a log of N records into an empty node.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    Database, Outcome,
    authors::{Author, Run},
    far::Delay,
    limit::Limit,
    machine::Fsync,
    nodes::{Running, Site},
    replication,
    report::{Figure, Report, as_f64, progress, rounded},
    usage::{self, Used},
};

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Entries of the author's log
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// Records of one transaction of the bare pipeline
    #[arg(long, default_value_t = 4_096)]
    batch: usize,
    /// Leave the limit out
    #[arg(long)]
    no_limit: bool,
    /// Leave PostgreSQL's logical replication out
    #[arg(long)]
    no_replication: bool,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let author = Author::with(args.records, database).await?;
    let mut report = Report::new("sync", database.name());
    report.set("records", args.records);
    report.set("fsync", Fsync::measure(&run.folder(""), Duration::from_secs(1))?.to_json());
    let synced = follow(&run, &author, database, None).await?;
    report.figure(Figure { value: as_f64(args.records) / synced.seconds, unit: "records/s" });
    if !args.no_limit {
        progress("measuring the limit");
        Limit::measure(&run, &author, database, args.batch).await?.report(&mut report, args.batch);
    }
    if !args.no_replication {
        let replicated = replication::measure(&run, &author, args.batch).await?;
        report.set("logical_replication", replicated);
    }
    report.set("seconds", rounded(synced.seconds));
    report.used(&synced.used);
    report.bytes(args.records, author.own_bytes()?, synced.wire, synced.disk);
    report.set("cpu_us_per_record", json!(rounded(synced.cpu() * 1e6 / as_f64(args.records))));
    Ok(report)
}

/// What following took.
pub struct Synced {
    /// From admitting the author until all its entries were durable.
    pub seconds: f64,
    /// By the nodes and the servers of their databases.
    pub used: Vec<(&'static str, Used)>,
    /// Bytes over the wire.
    pub wire: u64,
    /// Bytes by which the follower's database has grown, after it has stopped.
    pub disk: u64,
}

impl Synced {
    fn cpu(&self) -> f64 {
        self.used.iter().map(|(_, used)| used.cpu_seconds).sum()
    }
}

/// Lets an empty node follow an author, over a line with this delay, if any.
pub async fn follow(
    run: &Run,
    author: &Author,
    database: Database,
    rtt: Option<Duration>,
) -> Outcome<Synced> {
    let serving = author.copy(run)?.serve(&[]).await?;
    let empty = Site::make(&run.folder("follower"), "follower", database).await?;
    let empty_bytes = empty.database_bytes()?;
    let follower = empty.serve(&[]).await?;
    let line = Delay::before(&serving.exchange, rtt).await?;
    serving.admit(&follower, "").await?;
    usage::settle();
    progress(&format!("following: author is process {}, follower is {}", serving.pid, follower.pid));
    let nodes = [("author", &serving), ("follower", &follower)];
    let before = Usage::of(&nodes)?;
    let wire = usage::wire_bytes()?;
    let began = Instant::now();
    follower.admit(&serving, line.address()).await?;
    follower.has(serving.id, author.records).await?;
    let seconds = began.elapsed().as_secs_f64();
    let wire = usage::wire_bytes()? - wire;
    let used = Usage::of(&nodes)?.since(&before);
    serving.stop().await?;
    let disk = follower.stop().await?.database_bytes()?.saturating_sub(empty_bytes);
    Ok(Synced { seconds, used, wire, disk })
}

/// What nodes and the servers of their databases have used.
pub struct Usage(Vec<(&'static str, Used)>);

impl Usage {
    /// So far, by the names of the nodes.
    pub fn of(nodes: &[(&'static str, &Running)]) -> Outcome<Self> {
        let mut used = Vec::new();
        for (name, node) in nodes {
            used.push((*name, node.used()?));
            used.extend(node.server_used()?.map(|used| (server_of(name), used)));
        }
        Ok(Self(used))
    }

    /// All of it.
    pub fn all(self) -> Vec<(&'static str, Used)> {
        self.0
    }

    /// Since an earlier moment.
    pub fn since(self, before: &Self) -> Vec<(&'static str, Used)> {
        self.0.into_iter().zip(&before.0).map(|((name, now), (_, then))| (name, now.since(*then))).collect()
    }
}

fn server_of(node: &str) -> &'static str {
    match node {
        "author" => "author_postgres",
        "follower" => "follower_postgres",
        "hub" => "hub_postgres",
        _ => "postgres",
    }
}
