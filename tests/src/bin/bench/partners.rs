//! `partners`: one node that follows so many logs at once; all together have as many records each time.

use std::time::Instant;

use serde_json::json;

use crate::{
    Database, Outcome,
    authors::{Author, Run},
    nodes::Site,
    report::{Figure, Report, as_f64, progress, rounded},
    sync::Usage,
    usage,
};

/// How it is measured.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How many logs, one measure after the other
    #[arg(long, value_delimiter = ',', default_value = "1,10,100")]
    count: Vec<usize>,
    /// Records of all logs together
    #[arg(long, default_value_t = 50_000)]
    records: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let mut report = Report::new("partners", database.name());
    let (mut lines, mut rates) = (Vec::new(), Vec::new());
    for count in args.count {
        let each = (args.records / count.max(1) as u64).max(16);
        progress(&format!("{count} logs of {each} records"));
        let run = Run::new()?;
        let follower = Site::make(&run.folder("follower"), "follower", database).await?.serve(&[]).await?;
        let mut authors = Vec::new();
        for number in 0..count {
            // A server for each author would measure this machine's memory.
            authors.push(Author::nth(number, each, Database::Sqlite).await?.copy(&run)?.serve(&[]).await?);
        }
        // The authors don't let it in as yet, and it comes back when they do: all begin at once.
        let (descriptor, began) = (follower.descriptor().await?, Instant::now());
        for author in &authors {
            follower.admit(author, &author.exchange).await?;
        }
        let admitted = began.elapsed().as_secs_f64();
        let site = follower.stop().await?;
        for author in &authors {
            author.admit_descriptor(descriptor.clone(), "").await?;
        }
        usage::settle();
        let follower = site.serve(&[]).await?;
        let (before, began) = (follower.used()?, Instant::now());
        for author in &authors {
            follower.has(author.id, each).await?;
        }
        let seconds = began.elapsed().as_secs_f64();
        let rate = as_f64(each * count as u64) / seconds;
        rates.push(rate);
        lines.push(json!({
            "count": count,
            "records": each * count as u64,
            "per_second": rounded(rate),
            "seconds": rounded(seconds),
            "admission_s": rounded(admitted),
            "follower": follower.used()?.since(before).to_json(),
        }));
        report.used(&Usage::of(&[("follower", &follower)])?.all());
    }
    let (one, many) = (rates.first().copied().unwrap_or_default(), rates.last().copied().unwrap_or_default());
    report.figure(Figure { value: many, unit: "records/s" });
    report.limit(Figure { value: one, unit: "records/s" }, "as many records in the fewest logs");
    report.set("counts", lines);
    Ok(report)
}
