//! F19: each `fsync` takes long.

use std::time::{Duration, Instant};

use futures::future::join_all;
use volbridge_tests::{Database, Model, Partner, disk::calls::SYNC};

use super::NODE;

/// 500 ms show the same, more slowly.
const DELAY_MS: u64 = 50;

/// Listings of one publisher who asks for many at once.
const FLOOD: usize = 600;

#[tokio::test(flavor = "multi_thread")]
async fn f19_on_a_slow_disk_a_flood_waits_its_turn_and_starves_nobody() {
    let node = Partner::start_on_faulty_disk(NODE, "BVF", Database::Sqlite, &[]).await;
    let (mut flood, mut calm) = (Model::new(&node).await, Model::named("Calm", &node).await);
    flood.at_once(256).listing(1).settle(&node).await;
    let before = node.memory();
    node.disk().slow_down(SYNC, DELAY_MS);
    flood.listing(FLOOD);
    let began = Instant::now();
    // Everybody is answered, in time, and what is answered with an error didn't happen or is settled later.
    let flooding = async {
        let refused = flood.send(&node).await;
        assert!(refused.is_empty(), "{refused:#?}");
        began.elapsed()
    };
    let working = async {
        let mut longest = Duration::ZERO;
        for _ in 0..8 {
            let asked = Instant::now();
            calm.listing(1).settle(&node).await;
            longest = longest.max(asked.elapsed());
        }
        longest
    };
    let (flooded, longest) = tokio::join!(flooding, working);
    // One sync serves a whole group: one each would have taken longer than that.
    assert!(flooded < Duration::from_millis(FLOOD as u64 * DELAY_MS), "{flooded:?}");
    assert!(longest < Duration::from_secs(5), "one who asks for little waited {longest:?}");
    let grown = node.memory().saturating_sub(before);
    assert!(grown < 128 << 20, "grew by {grown} bytes");
    // Readers don't wait for writers.
    node.disk().slow_down(SYNC, 2_000);
    let writing = async { calm.listing(1).settle(&node).await };
    let reading = async {
        let asked = Instant::now();
        join_all((0..8).map(|_| node.size())).await;
        asked.elapsed()
    };
    let ((), read) = tokio::join!(writing, reading);
    assert!(read < Duration::from_secs(2), "readers waited {read:?}");
    node.disk().heal();
}
