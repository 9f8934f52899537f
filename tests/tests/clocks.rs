//! F15: clocks that jump. Nothing ends by one jump, and nothing that was recorded meanwhile is lost; what really is over
//! ends all the same.
#![expect(clippy::unwrap_used, reason = "tests")]

use rstest::rstest;
use volbridge_node::{
    env::{Env, ManualClock},
    upkeep,
};
use volbridge_proto::wire::node::v1::RecordState;
use volbridge_tests::{Database, Partner, Record, wait::eventually};

const HOUR: i64 = 60 * 60 * 1000;
const YEAR: i64 = 365 * 24 * HOUR;

async fn with_clock(name: &str, database: Database, seed: u64) -> (Partner, ManualClock) {
    let (env, clock) = Env::manual(Env::system().now(), seed);
    (Partner::start_at(name, database, &[], env).await, clock)
}

/// Waits until one has all of another's log, be it fresh or not.
async fn arrives(author: &Partner, at: &Partner) {
    let size = author.size().await;
    eventually("its log never arrives", async || {
        at.log_of(author.id).await.and_then(|log| log.log).is_some_and(|log| log.size >= size)
    })
    .await;
}

/// What comes every few minutes: whatever is over is erased.
async fn upkeep_of(partners: [&Partner; 2]) {
    for partner in partners {
        upkeep::round(partner.node().context(), false).await.unwrap();
    }
}

async fn is_live(partners: [&Partner; 2], profile: &Record, when: &str) {
    for partner in partners {
        assert_eq!(partner.record(&profile.hash).await.state(), RecordState::Live, "{} {when}", partner.name);
        assert_eq!(partner.open(profile).await.unwrap().name, "Amina", "{} {when}", partner.name);
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f15_a_jump_of_the_clock_ends_nothing_and_time_that_passes_does(#[case] database: Database) {
    let (bvf, bvf_clock) = with_clock("BVF", database, 1).await;
    let (unv, unv_clock) = with_clock("UNV", database, 2).await;
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    bvf.agree(&unv).await;
    unv.agree(&bvf).await;
    bvf.follows(&unv).await;
    unv.follows(&bvf).await;
    let organisation = bvf.organisation().await;
    // For a day.
    let (profile, _) = bvf.profile(&unv, "Amina").await;
    unv.follows(&bvf).await;
    let both = [&bvf, &unv];
    for jump in [HOUR, 30 * HOUR, YEAR, -HOUR, -YEAR] {
        let when = format!("{} hours off", jump / HOUR);
        bvf_clock.jump(jump);
        unv_clock.jump(jump);
        upkeep_of(both).await;
        is_live(both, &profile, &when).await;
        // What is recorded meanwhile arrives, and counts.
        bvf.listing(&when, &organisation).await;
        arrives(&bvf, &unv).await;
        bvf_clock.jump(-jump);
        unv_clock.jump(-jump);
        upkeep_of(both).await;
        is_live(both, &profile, &format!("after it was {when}")).await;
        // The log is as fresh as before, as soon as it is signed again.
        bvf.listing(&format!("Not {when}"), &organisation).await;
        unv.listing(&format!("Nor {when}"), &unv.organisation().await).await;
        unv.follows(&bvf).await;
        bvf.follows(&unv).await;
        let (another, _) = bvf.profile(&unv, "Amina").await;
        unv.follows(&bvf).await;
        is_live(both, &another, &format!("new after it was {when}")).await;
    }
    assert_eq!(unv.listings().await.len(), 15);
    assert_eq!(bvf.listings().await.len(), 15);
    // Two days pass.
    bvf_clock.advance(48 * HOUR);
    unv_clock.advance(48 * HOUR);
    upkeep_of(both).await;
    eventually("what is over is erased", async || {
        unv.open(&profile).await.is_err() && bvf.open(&profile).await.is_err()
    })
    .await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f15_clocks_that_jump_during_exchange_keep_nothing_from_arriving(#[case] database: Database) {
    let (bvf, bvf_clock) = with_clock("BVF", database, 3).await;
    let (mut unv, unv_clock) = with_clock("UNV", database, 4).await;
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    let organisation = bvf.organisation().await;
    for (round, jump) in [YEAR, -YEAR, -YEAR, HOUR, YEAR].into_iter().enumerate() {
        bvf.many_listings(30, &organisation).await;
        // Each of the two is wrong by itself.
        if round % 2 == 0 { &bvf_clock } else { &unv_clock }.jump(jump);
        bvf.many_listings(30, &organisation).await;
        if round == 3 {
            unv.restart().await;
        }
        arrives(&bvf, &unv).await;
    }
    assert_eq!(unv.listings().await.len(), 300);
    assert!(unv.verifies(&bvf).await && bvf.verifies(&bvf).await);
}
