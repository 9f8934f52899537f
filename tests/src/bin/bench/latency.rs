//! `latency`: from a publish at one node until its partner's API answers with the record, on an idle pair.

use std::time::{Duration, Instant};

use volbridge_proto::wire::node::v1::{
    self as wire, listings_client::ListingsClient, records_client::RecordsClient,
};

use crate::{
    Database, Outcome,
    authors::Run,
    listings::Listings,
    load,
    machine::Fsync,
    nodes::{Running, Site},
    report::{Figure, Report, percentile, rounded},
    sync::Usage,
};

/// How often the partner is asked.
const TICK: Duration = Duration::from_micros(500);

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Publishes, one at a time
    #[arg(long, default_value_t = 200)]
    samples: u64,
    /// Milliseconds of quiet before each
    #[arg(long, default_value_t = 50)]
    pause: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let mut report = Report::new("latency", database.name());
    let fsync = Fsync::measure(&run.folder(""), Duration::from_secs(2))?;
    let author = Site::make(&run.folder("author"), "author", database).await?.serve(&[]).await?;
    let follower = Site::make(&run.folder("follower"), "follower", database).await?.serve(&[]).await?;
    author.admit(&follower, "").await?;
    follower.admit(&author, &author.exchange).await?;
    let subject = load::organise(&author).await?;
    follower.has(author.id, 3).await?;
    let (mut acknowledged, mut readable) = (Vec::new(), Vec::new());
    for listing in Listings::new(&subject, 1).take(usize::try_from(args.samples)?) {
        tokio::time::sleep(Duration::from_millis(args.pause)).await;
        let began = Instant::now();
        let mut client = ListingsClient::new(author.channel());
        let published = client.publish(author.staff(load::request(listing))).await?.into_inner();
        acknowledged.push(began.elapsed().as_secs_f64() * 1_000.0);
        until_readable(&follower, published.provenance.unwrap_or_default().hash).await?;
        readable.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    for times in [&mut acknowledged, &mut readable] {
        times.sort_by(f64::total_cmp);
    }
    let p50 = percentile(&readable, 0.5);
    report.figure(Figure { value: p50, unit: "ms, p50" });
    // One at the author before it acknowledges, one at the follower before it serves.
    let two = Figure { value: 2.0 * fsync.p50_ms, unit: "ms" };
    report.limit(two, "two fsyncs of 4 KiB, one after the other");
    report.set("p99_ms", rounded(percentile(&readable, 0.99)));
    report.set("beyond_fsync_p50_ms", rounded(p50 - 2.0 * fsync.p50_ms));
    report.set("acknowledged_p50_ms", rounded(percentile(&acknowledged, 0.5)));
    report.set("acknowledged_p99_ms", rounded(percentile(&acknowledged, 0.99)));
    report.set("records", args.samples);
    report.set("fsync", fsync.to_json());
    report.used(&Usage::of(&[("author", &author), ("follower", &follower)])?.all());
    Ok(report)
}

async fn until_readable(node: &Running, hash: Vec<u8>) -> Outcome<()> {
    let mut client = RecordsClient::new(node.channel());
    let began = Instant::now();
    loop {
        match client.get(node.staff(wire::GetRecordRequest { hash: hash.clone() })).await {
            Ok(_) => return Ok(()),
            Err(status) if status.code() == tonic::Code::NotFound && began.elapsed().as_secs() < 60 => {
                tokio::time::sleep(TICK).await;
            }
            Err(status) => return Err(status.into()),
        }
    }
}
