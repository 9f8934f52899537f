//! `open`: from the start of a process until the node says that it is ready.

use crate::{
    Database, Outcome,
    authors::{Author, Run},
    nodes::Site,
    report::{Figure, Report, percentile, rounded},
    sync::Usage,
};

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Entries of its log
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// How often it is started
    #[arg(long, default_value_t = 5)]
    starts: usize,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let mut report = Report::new("open", database.name());
    let mut site = Site::make(&run.folder("empty"), "empty", database).await?;
    let mut empty = Vec::new();
    for _ in 0..args.starts {
        let node = site.serve(&[]).await?;
        empty.push(node.ready_after.as_secs_f64());
        site = node.stop().await?;
    }
    let mut site = Author::with(args.records, database).await?.copy(&run)?;
    let (mut full, mut killed) = (Vec::new(), Vec::new());
    for _ in 0..args.starts {
        let node = site.serve(&[]).await?;
        full.push(node.ready_after.as_secs_f64());
        report.used(&Usage::of(&[("node", &node)])?.all());
        let node = node.kill().await?.serve(&[]).await?;
        killed.push(node.ready_after.as_secs_f64());
        site = node.stop().await?;
    }
    for times in [&mut empty, &mut full, &mut killed] {
        times.sort_by(f64::total_cmp);
    }
    report.set("records", args.records);
    report.figure(Figure { value: percentile(&full, 0.5), unit: "s" });
    let limit = Figure { value: percentile(&empty, 0.5), unit: "s" };
    report.limit(limit, "an empty node's start");
    report.set("slowest_s", rounded(percentile(&full, 1.0)));
    report.set("after_kill_s", rounded(percentile(&killed, 0.5)));
    Ok(report)
}
