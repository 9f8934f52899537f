//! `publish`: acknowledged publishes a second, by how many call at once. Each acknowledgement follows an fsync.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    Database, Outcome,
    authors::Run,
    load::{self, Load},
    machine::Fsync,
    nodes::Site,
    report::{Figure, Report, as_f64, percentile, progress, rounded},
    sync::Usage,
};

/// How it is measured.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How many call at once, one after the other
    #[arg(long, value_delimiter = ',', default_value = "1,16,256")]
    callers: Vec<usize>,
    /// Seconds for each
    #[arg(long, default_value_t = 8)]
    seconds: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let mut report = Report::new("publish", database.name());
    let fsync = Fsync::measure(&run.folder(""), Duration::from_secs(2))?;
    let node = Site::make(&run.folder("author"), "author", database).await?.serve(&[]).await?;
    let node = Arc::new(node);
    let subject = load::organise(&node).await?;
    let (mut lines, mut rates) = (Vec::new(), Vec::new());
    for callers in args.callers {
        progress(&format!("{callers} callers"));
        let load = load::for_time(&node, &subject, callers, Duration::from_secs(args.seconds)).await?;
        rates.push(as_f64(load.published) / load.time.as_secs_f64());
        lines.push(line(callers, &load));
    }
    let (one, many) = (rates.first().copied().unwrap_or_default(), rates.last().copied().unwrap_or_default());
    report.figure(Figure { value: many, unit: "acknowledged publishes/s" });
    let limit = Figure { value: fsync.per_second, unit: "fsyncs/s" };
    report.limit(limit, "one publish an fsync: what sharing them must beat");
    report.set("times_first", rounded(many / one));
    report.set("callers", lines);
    report.set("fsync", fsync.to_json());
    report.used(&Usage::of(&[("author", &node)])?.all());
    Ok(report)
}

fn line(callers: usize, load: &Load) -> Value {
    json!({
        "callers": callers,
        "per_second": rounded(as_f64(load.published) / load.time.as_secs_f64()),
        "p50_ms": rounded(percentile(&load.waited_ms, 0.5)),
        "p99_ms": rounded(percentile(&load.waited_ms, 0.99)),
    })
}
