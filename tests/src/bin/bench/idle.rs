//! `idle`: what a pair of nodes, portals included, uses while nothing happens.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::{
    Database, Outcome,
    authors::{Author, Run},
    nodes::Site,
    report::{Figure, Report, as_f64, rounded},
    sync::Usage,
};

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Entries of the one log
    #[arg(long, default_value_t = 1_000)]
    records: u64,
    /// Seconds to look on
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let author = Author::with(args.records, database).await?.copy(&run)?.serve_with_portal().await?;
    let follower =
        Site::make(&run.folder("follower"), "follower", database).await?.serve_with_portal().await?;
    author.admit(&follower, "").await?;
    follower.admit(&author, &author.exchange).await?;
    follower.has(author.id, args.records).await?;
    // What follows at once (cosignatures, the first gossip) isn't idling.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (before, began) = (Usage::of(&[("author", &author), ("follower", &follower)])?, Instant::now());
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let seconds = began.elapsed().as_secs_f64();
    let used = Usage::of(&[("author", &author), ("follower", &follower)])?.since(&before);
    let mut report = Report::new("idle", database.name());
    let nodes = used.iter().filter(|(name, _)| matches!(*name, "author" | "follower"));
    let most = nodes.map(|(_, used)| used.now_bytes).max().unwrap_or_default();
    report.figure(Figure { value: as_f64(most) / 1_048_576.0, unit: "MiB a node" });
    let share = |cpu: f64| rounded(cpu / seconds * 100.0);
    let cores: Map<String, Value> =
        used.iter().map(|(name, used)| ((*name).to_owned(), share(used.cpu_seconds))).collect();
    report.set("percent_of_a_core", cores);
    report.set("records", args.records);
    report.set("seconds", rounded(seconds));
    report.used(&used);
    Ok(report)
}
