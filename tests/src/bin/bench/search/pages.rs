//! `pages`: the list of listings and pages of single ones, read by many at once.

use std::time::Duration;

use reqwest::Url;

use super::{CROWD, collection::Filled, portal, until_indexed};
use crate::{
    Database, Outcome,
    authors::Run,
    report::{Figure, Report, progress},
    sync::Usage,
};

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Listings
    #[arg(long, default_value_t = 10_000)]
    records: u64,
    /// Readers at once
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Seconds for each page
    #[arg(long, default_value_t = 15)]
    seconds: u64,
}

/// Measures. The figure is the slower of the two pages; the limit is the portal's smallest answer.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let mut report = Report::new("pages", database.name());
    let filled = Filled::with(args.records, database).await?;
    let (node, address) = filled.copy(&run)?.serve_with_portal_at(CROWD).await?;
    until_indexed(&node, filled.records).await?;
    let at = |path: &str| Ok(Url::parse(&format!("{address}{path}"))?);
    let listings = filled.subjects.keys().map(|subject| at(&format!("/listings/{subject}")));
    let pages = [
        ("listings", vec![at("/listings")?]),
        ("listing", listings.collect::<Outcome<Vec<_>>>()?),
        ("live", vec![at("/healthz")?]),
    ];
    let (mut slower, mut limit) = (f64::INFINITY, 0.0);
    for (name, addresses) in pages {
        progress(name);
        let read = portal::read(addresses, args.clients, Duration::from_secs(args.seconds)).await?;
        report.set(name, read.to_json());
        match name {
            "live" => limit = read.per_second(),
            _ => slower = read.per_second().min(slower),
        }
    }
    report.figure(Figure { value: slower, unit: "pages/s" });
    report.limit(
        Figure { value: limit, unit: "answers/s" },
        "the portal's smallest answer, to the same readers",
    );
    report.set("records", filled.records);
    report.set("clients", args.clients as u64);
    report.used(&Usage::of(&[("node", &node)])?.all());
    Ok(report)
}
