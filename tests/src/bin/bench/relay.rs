//! `relay`: a log through a hub, for a follower that knows its author's keys and not its address.

use std::time::Instant;

use crate::{
    Database, Outcome,
    authors::{Author, Run},
    nodes::Site,
    report::{Figure, Report, as_f64, progress, rounded},
    sync::{Usage, follow},
    usage,
};

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Entries of the author's log
    #[arg(long, default_value_t = 100_000)]
    records: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let author = Author::with(args.records, database).await?;
    let mut report = Report::new("relay", database.name());
    {
        let run = Run::new()?;
        let serving = author.copy(&run)?.serve(&[]).await?;
        let hub = Site::make(&run.folder("hub"), "hub", database).await?.serve(&[]).await?;
        let follower = Site::make(&run.folder("follower"), "follower", database).await?.serve(&[]).await?;
        serving.admit(&hub, "").await?;
        hub.admit(&serving, &serving.exchange).await?;
        hub.admit(&follower, "").await?;
        progress("the hub catches up first");
        hub.has(serving.id, args.records).await?;
        follower.admit(&hub, &hub.exchange).await?;
        follower.has(hub.id, 1).await?;
        usage::settle();
        let (before, wire, began) =
            (Usage::of(&[("hub", &hub), ("follower", &follower)])?, usage::wire_bytes()?, Instant::now());
        follower.admit(&serving, "").await?;
        follower.has(serving.id, args.records).await?;
        let seconds = began.elapsed().as_secs_f64();
        let used = Usage::of(&[("hub", &hub), ("follower", &follower)])?.since(&before);
        report.figure(Figure { value: as_f64(args.records) / seconds, unit: "records/s" });
        report.set("seconds", rounded(seconds));
        report.used(&used);
        let wire = usage::wire_bytes()? - wire;
        serving.stop().await?;
        hub.stop().await?;
        let disk = follower.stop().await?.database_bytes()?;
        report.bytes(args.records, author.own_bytes()?, wire, disk);
    }
    let direct = follow(&Run::new()?, &author, database, None).await?;
    let limit = Figure { value: as_f64(args.records) / direct.seconds, unit: "records/s" };
    report.limit(limit, "the same log from its author");
    report.set("records", args.records);
    Ok(report)
}
