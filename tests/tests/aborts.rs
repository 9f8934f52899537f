//! Callers that go away in the middle of what they asked for (threats.md F08): ten thousand times, at points that a seed
//! chooses, over the pipe within the process, over the API's socket and over the exchange.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::StreamExt as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use rstest::rstest;
use tokio::{
    task::{JoinSet, yield_now},
    time::timeout,
};
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};
use volbridge_node::store::Query as _;
use volbridge_proto::wire::{
    exchange::v1::{self as exchange, exchange_client::ExchangeClient},
    node::v1::{
        self as wire, blobs_client::BlobsClient, listings_client::ListingsClient,
        maintenance_client::MaintenanceClient, network_client::NetworkClient, records_client::RecordsClient,
    },
};
use volbridge_tests::{Database, Partner, Record, caller::Caller, desk, wait::eventually};

/// Requests that are given up.
const REQUESTS: u64 = 10_000;

/// Callers at the same time.
const CALLERS: u64 = 24;

/// Requests on one connection: more resets than twenty that wait are taken for an attack, and end it.
const ON_ONE: usize = 16;

/// Readers of the database, as many as there are by default.
const READERS: usize = 8;

/// What the callers share.
struct Field {
    node: Partner,
    organisation: Record,
    /// Some are withdrawn, the others read.
    listings: Vec<Record>,
    strangers: Vec<Caller>,
    api: Endpoint,
    given_up: AtomicU64,
    /// Writes that were said to be done.
    acknowledged: AtomicU64,
}

impl Field {
    async fn new(database: Database) -> Self {
        let node = Partner::start("BVF", database).await;
        let organisation = node.organisation().await;
        let mut listings = Vec::new();
        for number in 0..40 {
            listings.push(node.listing(&format!("Early {number}"), &organisation).await);
        }
        let mut strangers = Vec::new();
        for _ in 0..CALLERS / 4 {
            strangers.push(Caller::admitted_by(&node, "").await);
        }
        let api = format!("http://{}", node.node().api_addr().unwrap());
        let api = Endpoint::from_shared(api).unwrap();
        let (given_up, acknowledged) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { node, organisation, listings, strangers, api, given_up, acknowledged }
    }

    /// Calls and goes away, again and again, until all have done so often enough.
    async fn leave(&self, number: u64, rng: &mut StdRng) {
        while self.given_up.load(Ordering::Relaxed) < REQUESTS {
            let stranger = self.strangers.get(usize::try_from(number).unwrap()).filter(|_| rng.random());
            let channel = match stranger {
                Some(stranger) => stranger.channel(),
                None if rng.random() => self.api.connect_lazy(),
                None => self.node.node().channel(),
            };
            for _ in 0..ON_ONE {
                let (channel, which) = (channel.clone(), rng.random_range(0..10));
                let point = Point::choose(rng);
                let left = match stranger {
                    Some(_) => point.leave(self.ask(channel, which)).await.map(|_| false),
                    None if which < 2 => {
                        let known = self.listings.choose(rng).unwrap();
                        // Some stay, or on a slow machine nobody would hear that anything was done.
                        let point = if rng.random_range(0..16) == 0 { Point::End } else { point };
                        point.leave(self.write(channel, which, known)).await.map(|done| done.is_ok())
                    }
                    None => point.leave(self.read(channel, which)).await.map(|_| false),
                };
                match left {
                    Some(acknowledged) => {
                        self.acknowledged.fetch_add(u64::from(acknowledged), Ordering::Relaxed)
                    }
                    None => self.given_up.fetch_add(1, Ordering::Relaxed),
                };
            }
        }
    }

    async fn write(&self, channel: Channel, which: u32, known: &Record) -> Result<(), Status> {
        if which == 0 {
            let request = wire::WithdrawRequest {
                hashes: vec![known.hash.clone()],
                reason: "withdrawn".to_owned(),
                ..Default::default()
            };
            return RecordsClient::new(channel).withdraw(self.node.staff(request)).await.map(drop);
        }
        let listing = desk::listing("Late", &self.organisation);
        let request = wire::PublishListingRequest { listing: Some(listing), ..Default::default() };
        ListingsClient::new(channel).publish(self.node.staff(request)).await.map(drop)
    }

    async fn read(&self, channel: Channel, which: u32) -> Result<(), Status> {
        let record = wire::GetRecordRequest { hash: self.listings[0].hash.clone() };
        match which {
            2..=5 => ListingsClient::new(channel)
                .list(wire::ListListingsRequest { limit: 5, ..Default::default() })
                .await
                .map(drop),
            6 => RecordsClient::new(channel).get(record).await.map(drop),
            7 => RecordsClient::new(channel).proof(record).await.map(drop),
            8 => {
                let request = wire::WatchChangesRequest::default();
                let mut changes = NetworkClient::new(channel).watch_changes(request).await?.into_inner();
                while changes.message().await?.is_some() {}
                Ok(())
            }
            _ => {
                let piece = wire::StoreBlobRequest { data: vec![7; 64 << 10] };
                let pieces = futures::stream::iter([piece]).chain(futures::stream::pending());
                BlobsClient::new(channel).store(self.node.staff(pieces)).await.map(drop)
            }
        }
    }

    /// What a partner asks for.
    async fn ask(&self, channel: Channel, which: u32) -> Result<(), Status> {
        let mut exchange = ExchangeClient::new(channel);
        let log = Some(exchange::Log { partner: self.node.id.to_vec(), epoch: 1 });
        match which {
            0 | 1 => exchange.describe(exchange::DescribeRequest {}).await.map(drop),
            2 | 3 => exchange.keys(exchange::KeysRequest { log, from: 0 }).await.map(drop),
            4..=6 => {
                let ranges = vec![exchange::IndexRange { start: 0, end: 40 }];
                let request = exchange::FetchBodiesRequest { log, ranges };
                let mut bodies = exchange.fetch_bodies(request).await?.into_inner();
                while bodies.message().await?.is_some() {}
                Ok(())
            }
            _ => {
                let subscribe = exchange::Subscribe { log, from: 40, ..Default::default() };
                let subscribe = exchange::follow_request::Request::Subscribe(subscribe);
                let requests = [exchange::FollowRequest { request: Some(subscribe) }];
                let requests = futures::stream::iter(requests).chain(futures::stream::pending());
                let mut answers = exchange.follow(requests).await?.into_inner();
                while answers.message().await?.is_some() {}
                Ok(())
            }
        }
    }

    /// Which revisions of which listings everybody sees.
    async fn shown(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let listings = self.node.listings().await.into_iter();
        listings.map(|view| (view.subject, view.provenance.unwrap().hash)).collect()
    }

    /// Is each connection of the node's pools at rest, outside of any transaction? Of SQLite's, the one that writes would
    /// keep the next writer out; those that read can't be asked from outside, so all are taken at once: a second `BEGIN`
    /// on one would fail, and one that never came back would be missing.
    async fn pools_rest(&self, database: Database) -> bool {
        let db = &self.node.node().context().db;
        if database == Database::Postgres {
            let sql = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'";
            let (busy,): (i64,) = db.row(sql, Vec::new()).await.unwrap();
            if busy > 0 {
                return false;
            }
        }
        db.begin().await.unwrap().rollback().await;
        let readers = futures::future::join_all((0..READERS).map(|_| db.snapshot())).await;
        for reader in readers {
            let (one,): (i64,) = reader.unwrap().row("SELECT CAST(1 AS BIGINT)", Vec::new()).await.unwrap();
            assert_eq!(one, 1);
        }
        true
    }
}

/// When a caller goes away.
enum Point {
    /// After so many turns of others.
    Turns(u32),
    Milliseconds(u64),
    /// When it has its answer.
    End,
}

impl Point {
    fn choose(rng: &mut StdRng) -> Self {
        if rng.random() {
            // As many short ones as long ones.
            Self::Turns(1 << rng.random_range(0..5))
        } else {
            Self::Milliseconds(rng.random_range(0..4))
        }
    }

    /// What the call ended with, if it did in time.
    async fn leave<T>(self, call: impl Future<Output = T>) -> Option<T> {
        match self {
            Self::End => Some(call.await),
            Self::Milliseconds(time) => timeout(Duration::from_millis(time), call).await.ok(),
            Self::Turns(turns) => {
                let turns = async {
                    for _ in 0..turns {
                        yield_now().await;
                    }
                };
                tokio::select! { biased; done = call => Some(done), () = turns => None }
            }
        }
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite, 20_261_124)]
#[case::postgres(Database::Postgres, 20_261_125)]
#[tokio::test(flavor = "multi_thread")]
async fn f08_ten_thousand_callers_that_go_away_leave_no_half_write_and_no_open_transaction(
    #[case] database: Database,
    #[case] seed: u64,
) {
    println!("seed {seed}");
    let field = Arc::new(Field::new(database).await);
    let before = field.node.size().await;
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let (field, mut rng) = (Arc::clone(&field), StdRng::seed_from_u64(seed + number));
        callers.spawn(async move { field.leave(number, &mut rng).await });
    }
    callers.join_all().await;

    eventually("a connection of a pool is busy for ever", async || field.pools_rest(database).await).await;
    let node = &field.node;
    let last = node.listing("After all that", &field.organisation).await;
    let (size, acknowledged) = (node.size().await, field.acknowledged.load(Ordering::Relaxed));
    println!("{acknowledged} writes acknowledged, {} made", size - before - 1);
    assert_eq!(last.index + 1, size);
    assert!(acknowledged > 0 && size - before > acknowledged, "{acknowledged} of {}", size - before);
    assert!(node.verifies(node).await);
    // What stands in the views is what follows from the log, no more and no less.
    let shown = field.shown().await;
    let mut maintenance = MaintenanceClient::new(node.channel());
    maintenance.rebuild_views(node.staff(wire::RebuildViewsRequest {})).await.unwrap();
    assert!(shown == field.shown().await, "the views don't follow from the log");
    let found = maintenance.fsck(node.staff(wire::FsckRequest::default())).await.unwrap().into_inner();
    assert!(found.faults.is_empty(), "{:?}", found.faults);
}
