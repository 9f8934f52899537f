//! A partner that publishes without end (threats.md T15): its log and its files are taken up to what may be, it is said
//! so, and others come through as ever.

use futures::StreamExt as _;
use rstest::rstest;
use volbridge_proto::wire::{node::v1 as wire, record::v1 as record};
use volbridge_tests::{Database, Partner, desk, partner::PATIENCE, wait::eventually};

/// What a day allows here.
const DAY: u64 = 1_000;

/// A message's entries: what may come beyond that.
const MESSAGE: u64 = 256;

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t15_a_flood_is_taken_up_to_the_days_allowance_and_others_come_through(#[case] database: Database) {
    let settings = [("exchange.day_entries", "1000")];
    let mut follower = Partner::start_with("AVI", database, &settings).await;
    let flood = Partner::start("BVF", Database::Sqlite).await;
    let other = Partner::start("UNV", Database::Sqlite).await;
    let organisation = flood.organisation().await;
    flood.many_listings(3 * 1_000, &organisation).await;
    for author in [&flood, &other] {
        author.admit(&follower, None).await;
        follower.admit(author, Some(&author.exchange())).await;
    }
    follower
        .until("the flood isn't stopped", |status| {
            status.refusals.iter().any(|refusal| refusal.code == "peer.quota")
        })
        .await;
    let held = follower.log_of(flood.id).await.map_or(0, |log| log.log.unwrap_or_default().size);
    assert!((DAY / 2..DAY + MESSAGE).contains(&held), "{held} entries");

    let listing = other.organisation().await;
    follower.follows(&other).await;
    assert_eq!(follower.record(&listing.hash).await.state, 1, "the other's record is there");
    let held = follower.log_of(flood.id).await.map_or(0, |log| log.log.unwrap_or_default().size);
    assert!(held < DAY + MESSAGE, "{held} entries");

    // Nothing is lost: with room for it the rest comes.
    follower.set("exchange.day_entries", "100000");
    follower.stop().await;
    follower.restart().await;
    tokio::time::timeout(PATIENCE, follower.follows(&flood)).await.expect("the rest comes");
}

/// Of each listing below.
const PROSE: usize = 4_000;

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t15_who_sends_on_unacknowledged_is_read_no_faster_than_is_written(#[case] database: Database) {
    let (wide, narrow) = ((1_u32 << 30).to_string(), (1_u32 << 20).to_string());
    let windows = |bytes| [("exchange.log_window_bytes", bytes), ("exchange.peer_window_bytes", bytes)];
    let author = Partner::start_with("BVF", Database::Sqlite, &windows(wide.as_str())).await;
    let follower = Partner::start_with("AVI", database, &windows(narrow.as_str())).await;
    let organisation = author.organisation().await;
    let listings = (0..2_500).map(|number| {
        let description = "Show visitors the way. ".repeat(PROSE / 23);
        let listing = desk::listing(&format!("Listing {number}"), &organisation);
        author.try_listing(record::Listing { description, ..listing })
    });
    futures::stream::iter(listings)
        .buffer_unordered(64)
        .for_each(|published| async { published.map(drop).unwrap() })
        .await;

    author.admit(&follower, None).await;
    follower.admit(&author, Some(&author.exchange())).await;
    let others_write = follower.node().context().db.begin().await.unwrap();
    let bytes = |status: &wire::StatusResponse| status.peers.iter().map(|peer| peer.bytes).sum::<u64>();
    follower.until("nothing comes", |status| bytes(status) > 1 << 20).await;
    // Time enough for all of it, if it were read.
    author.many_listings(300, &organisation).await;
    let mut taken = 0;
    follower
        .until("no status", |status| {
            taken = bytes(status);
            true
        })
        .await;
    assert!(taken < 6 << 20, "{taken} bytes of ten million");
    drop(others_write);
    follower.follows(&author).await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t15_files_are_taken_up_to_a_partners_share_and_others_come_through(#[case] database: Database) {
    let settings = [("blobs.largest_bytes", "1048576"), ("blobs.partner_bytes", "1048576")];
    let follower = Partner::start_with("AVI", database, &settings).await;
    let (flood, other) =
        (Partner::start("BVF", Database::Sqlite).await, Partner::start("UNV", Database::Sqlite).await);
    for author in [&flood, &other] {
        author.admit(&follower, None).await;
        follower.admit(author, Some(&author.exchange())).await;
    }
    let arrives = async |hash: &[u8]| {
        eventually("a file doesn't arrive", async || follower.blob(hash).await.is_some()).await;
    };
    let conference = flood.conference().await;
    let (_, first) = flood.material(&conference, &vec![1; 600_000]).await;
    arrives(&first).await;
    let (_, second) = flood.material(&conference, &vec![2; 600_000]).await;
    let (_, third) = flood.material(&conference, &vec![3; 300_000]).await;
    arrives(&third).await;
    let (_, others) = other.material(&other.conference().await, &vec![4; 600_000]).await;
    arrives(&others).await;
    assert!(follower.blob(&second).await.is_none(), "more than the partner's share");
}
