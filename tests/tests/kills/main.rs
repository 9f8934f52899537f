//! `kill -9` at every step (threats.md F01): a node in a process of its own dies at each point of `failpoint`, and at
//! moments that a seed chooses. After each death it starts without help, has what it acknowledged, shows nothing that is
//! half done, and its partners come to the same.
#![expect(clippy::unwrap_used, reason = "tests")]

mod erasing;
mod exchanging;
mod indexing;
mod points;
mod publishing;

use std::{collections::BTreeSet, time::Duration};

use futures::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use volbridge_node::failpoint;
use volbridge_proto::wire::node::v1::{self as wire, RecordState, listings_client::ListingsClient};
use volbridge_tests::{Partner, Record, desk};

const NODE: &str = env!("CARGO_BIN_EXE_node-apart");

/// Between two publications while something is to happen.
const AN_INSTANT: Duration = Duration::from_millis(100);

#[test]
fn f01_no_point_is_left_out() {
    let tables = [
        points::PUBLISHING,
        points::FOLLOWING,
        points::SERVING,
        points::ERASING,
        points::CARRYING,
        points::INDEXING,
        points::INDEXING_ANEW,
    ];
    let killed: BTreeSet<_> = tables.into_iter().flatten().map(|(point, _)| *point).collect();
    assert_eq!(killed, failpoint::POINTS.iter().copied().collect());
}

/// Requests of one author, each with its key: sent until they are answered, they count once.
#[derive(Default)]
struct Requests {
    sent: u64,
    open: Vec<wire::PublishListingRequest>,
    acknowledged: Vec<Vec<u8>>,
}

impl Requests {
    /// Eight more.
    fn add(&mut self, organisation: &Record) {
        for _ in 0..8 {
            self.sent += 1;
            let listing = desk::listing(&format!("Listing {:04}", self.sent), organisation);
            let idempotency_key = format!("listing-{}", self.sent);
            let request =
                wire::PublishListingRequest { listing: Some(listing), idempotency_key, ..Default::default() };
            self.open.push(request);
        }
    }

    /// Sends all that are open, at once; what isn't answered stays open. After so many answers the author is killed.
    async fn send(&mut self, author: &Partner, kill_after: Option<usize>) {
        let calls = self.open.drain(..).map(|request| async move {
            let mut client = ListingsClient::new(author.channel());
            let answer = client.publish(author.staff(request.clone())).await;
            (request, answer.ok().and_then(|published| published.into_inner().provenance))
        });
        let mut calls: FuturesUnordered<_> = calls.collect();
        let mut answers = 0;
        while let Some((request, answer)) = calls.next().await {
            match answer {
                Some(provenance) => self.acknowledged.push(provenance.hash),
                None => self.open.push(request),
            }
            answers += 1;
            if Some(answers) == kill_after {
                author.kill_now();
            }
        }
    }
}

impl Requests {
    /// What was acknowledged is live at this node.
    async fn are_held_by(&self, partner: &Partner, after: &str) {
        for record in join_all(self.acknowledged.iter().map(|hash| partner.record(hash))).await {
            assert_eq!(record.state(), RecordState::Live, "after {after}");
        }
    }
}

/// Titles of what a node shows, in its order.
async fn titles(partner: &Partner) -> Vec<String> {
    partner.listings().await.into_iter().map(|view| view.source.unwrap().title).collect()
}

/// How much it shows.
async fn count(partner: &Partner) -> u64 {
    let request = wire::ListListingsRequest { limit: 1, ..Default::default() };
    ListingsClient::new(partner.channel()).list(request).await.unwrap().into_inner().total
}

/// What is shown is what follows from the logs.
async fn shows_what_follows(partner: &Partner) {
    let shown = titles(partner).await;
    partner.rebuild().await;
    assert_eq!(titles(partner).await, shown, "{}", partner.name);
}

/// Nothing is damaged.
async fn is_whole(partner: &Partner, after: &str) {
    assert_eq!(partner.faults().await, Vec::<String>::new(), "{} after {after}", partner.name);
}
