//! `delta`: what a follower that was away fetches when it comes back, of a log that grew by some percent meanwhile.

use std::{sync::Arc, time::Instant};

use crate::{
    Database, Outcome,
    authors::{Author, Run},
    load,
    nodes::Site,
    report::{Figure, Report, as_f64, progress, rounded},
    sync::{Usage, follow},
    usage,
};

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Entries of the log that the follower has already
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// By how much it grew
    #[arg(long, default_value_t = 1)]
    percent: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let mut report = Report::new("delta", database.name());
    let run = Run::new()?;
    let author = Author::with(args.records, database).await?;
    let delta = (args.records * args.percent / 100).max(1);
    let serving = Arc::new(author.copy(&run)?.serve(&[]).await?);
    let follower = Site::make(&run.folder("follower"), "follower", database).await?.serve(&[]).await?;
    serving.admit(&follower, "").await?;
    follower.admit(&serving, &serving.exchange).await?;
    progress("the follower catches up first");
    follower.has(serving.id, args.records).await?;
    let away = follower.stop().await?;
    progress(&format!("the log grows by {delta} meanwhile"));
    let subject = load::organise(&serving).await?;
    load::records(&serving, &subject, 64, delta - 1).await?;
    let size = serving.size_of(serving.id).await?;
    usage::settle();
    let follower = away.serve(&[]).await?;
    let wire = usage::wire_bytes()?;
    let before = Usage::of(&[("author", &serving), ("follower", &follower)])?;
    let began = Instant::now();
    follower.has(serving.id, size).await?;
    let seconds = began.elapsed().as_secs_f64();
    let used = Usage::of(&[("author", &serving), ("follower", &follower)])?.since(&before);
    let wire = usage::wire_bytes()? - wire;
    report.set("records", args.records);
    report.set("delta", delta);
    report.set("seconds", rounded(seconds));
    report.figure(Figure { value: as_f64(delta) / seconds, unit: "records/s" });
    report.used(&used);
    report.set("wire_bytes_per_record", rounded(as_f64(wire) / as_f64(delta)));
    follower.stop().await?;
    drop(serving);
    drop(run);
    // As many records into an empty node: a delta of a large log must cost no more.
    let run = Run::new()?;
    let small = Author::with(delta.max(16), database).await?;
    let whole = follow(&run, &small, database, None).await?;
    let limit = Figure { value: as_f64(small.records) / whole.seconds, unit: "records/s" };
    report.limit(limit, "the same node on a log that is as large as the delta");
    Ok(report)
}
