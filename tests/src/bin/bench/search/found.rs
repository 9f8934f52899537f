//! `found`: from a publish at one node until a partner's search finds it, on an idle pair.

use std::time::{Duration, Instant};

use volbridge_proto::wire::node::v1::{
    self as wire, listings_client::ListingsClient, search_client::SearchClient,
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
const TICK: Duration = Duration::from_millis(1);

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Publishes, one at a time
    #[arg(long, default_value_t = 200)]
    samples: u64,
    /// Milliseconds of quiet before each
    #[arg(long, default_value_t = 200)]
    pause: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let mut report = Report::new("found", database.name());
    let fsync = Fsync::measure(&run.folder(""), Duration::from_secs(2))?;
    let author = Site::make(&run.folder("author"), "author", database).await?.serve(&[]).await?;
    let follower = Site::make(&run.folder("follower"), "follower", database).await?.serve(&[]).await?;
    author.admit(&follower, "").await?;
    follower.admit(&author, &author.exchange).await?;
    let subject = load::organise(&author).await?;
    follower.has(author.id, 3).await?;
    let mut found = Vec::new();
    for (number, listing) in (0..args.samples).zip(Listings::new(&subject, 1)) {
        tokio::time::sleep(Duration::from_millis(args.pause)).await;
        let word = word(number);
        let listing = volbridge_proto::wire::record::v1::Listing {
            title: format!("{} {word}", listing.title),
            ..listing
        };
        let began = Instant::now();
        let mut client = ListingsClient::new(author.channel());
        client.publish(author.staff(load::request(listing))).await?;
        until_found(&follower, &word).await?;
        found.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    found.sort_by(f64::total_cmp);
    report.figure(Figure { value: percentile(&found, 0.5), unit: "ms, p50" });
    // One at the author before it acknowledges, one at the follower before it serves.
    let two = Figure { value: 2.0 * fsync.p50_ms, unit: "ms" };
    report.limit(two, "two fsyncs of 4 KiB, one after the other");
    report.set("p99_ms", rounded(percentile(&found, 0.99)));
    report.set("slowest_ms", rounded(percentile(&found, 1.0)));
    report.set("records", args.samples);
    report.set("fsync", fsync.to_json());
    report.used(&Usage::of(&[("author", &author), ("follower", &follower)])?.all());
    Ok(report)
}

/// A word that no other listing has: `qxabcde`, far enough from all others that no typing error leads there.
fn word(number: u64) -> String {
    let letters = (0..8_u32).map(|place| {
        let digit = (number / 5_u64.pow(place % 4) + u64::from(place)) % 5;
        char::from(b'a' + u8::try_from(digit).unwrap_or(0) * 5)
    });
    format!("qx{}{number}", letters.collect::<String>())
}

async fn until_found(node: &Running, word: &str) -> Outcome<()> {
    let mut client = SearchClient::new(node.channel());
    let began = Instant::now();
    loop {
        let query = wire::ListingQuery { text: word.to_owned(), ..Default::default() };
        let request = wire::SearchListingsRequest { query: Some(query), limit: 1, ..Default::default() };
        let answer = client.listings(node.staff(request)).await?.into_inner();
        let titles = answer.hits.iter().filter_map(|hit| Some(&hit.listing.as_ref()?.source.as_ref()?.title));
        if titles.into_iter().any(|title| title.ends_with(word)) {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("{word} isn't found after {} s", PATIENCE.as_secs()).into());
        }
        tokio::time::sleep(TICK).await;
    }
}
