//! Callers that publish through a node's API, as fast as it acknowledges.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;
use volbridge_proto::wire::{
    node::v1::{self as wire, listings_client::ListingsClient, organisations_client::OrganisationsClient},
    record::v1 as record,
};

use crate::{
    Outcome,
    listings::{Listings, organisation},
    nodes::Running,
};

/// Callers that share one connection.
const CALLERS_A_CONNECTION: usize = 32;

/// What callers got.
pub struct Load {
    /// Acknowledgements.
    pub published: u64,
    /// How long they called.
    pub time: Duration,
    /// Milliseconds until each acknowledgement, sorted.
    pub waited_ms: Vec<f64>,
}

/// Publishes the organisation of what follows; gives its subject.
pub async fn organise(node: &Running) -> Outcome<Vec<u8>> {
    let message =
        wire::PublishOrganisationRequest { organisation: Some(organisation()), ..Default::default() };
    let mut client = OrganisationsClient::new(node.channel());
    Ok(client.publish(node.staff(message)).await?.into_inner().subject)
}

/// So many callers, each with one publish at a time, for so long.
pub async fn for_time(node: &Arc<Running>, subject: &[u8], callers: usize, time: Duration) -> Outcome<Load> {
    let stop = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&stop);
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        until.store(true, Ordering::Relaxed);
    });
    run(node, subject, callers, move || stop.load(Ordering::Relaxed)).await
}

/// So many records, by as many callers.
pub async fn records(node: &Arc<Running>, subject: &[u8], callers: usize, count: u64) -> Outcome<Load> {
    let begun = AtomicU64::new(0);
    run(node, subject, callers, move || begun.fetch_add(1, Ordering::Relaxed) >= count).await
}

async fn run(
    node: &Arc<Running>,
    subject: &[u8],
    callers: usize,
    enough: impl Fn() -> bool + Send + Sync + 'static,
) -> Outcome<Load> {
    let enough = Arc::new(enough);
    let mut calls = JoinSet::new();
    let mut channel = node.connect().await?;
    let began = Instant::now();
    for caller in 0..callers {
        if caller > 0 && caller % CALLERS_A_CONNECTION == 0 {
            channel = node.connect().await?;
        }
        let mut client = ListingsClient::new(channel.clone());
        let mut listings = Listings::new(subject, caller as u64);
        let (node, enough) = (Arc::clone(node), Arc::clone(&enough));
        calls.spawn(async move {
            let mut waited = Vec::new();
            while !enough() {
                let Some(listing) = listings.next() else { break };
                let called = Instant::now();
                client.publish(node.staff(request(listing))).await?;
                waited.push(called.elapsed().as_secs_f64() * 1_000.0);
            }
            Outcome::Ok(waited)
        });
    }
    let mut waited_ms = Vec::new();
    while let Some(caller) = calls.join_next().await {
        waited_ms.extend(caller??);
    }
    let time = began.elapsed();
    waited_ms.sort_by(f64::total_cmp);
    Ok(Load { published: waited_ms.len() as u64, time, waited_ms })
}

/// To publish a listing.
pub fn request(listing: record::Listing) -> wire::PublishListingRequest {
    wire::PublishListingRequest { listing: Some(listing), ..Default::default() }
}
