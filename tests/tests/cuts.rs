//! Connections that are cut after every k-th message, and lines that lose one direction: only whole, proven batches
//! count, the next connection goes on from there, and nothing is there twice (threats.md F09, F11).
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use futures::future::join_all;
use rstest::rstest;
use volbridge_proto::wire::node::v1::StatusResponse;
use volbridge_tests::{
    Database, Partner,
    cutter::Cutter,
    proxy::{Line, Proxy, Sweep, Way},
};

async fn titles(partner: &Partner) -> Vec<String> {
    partner.listings().await.into_iter().map(|view| view.source.unwrap().title).collect()
}

/// The follower has what the author has, each once, and it verifies.
async fn has_the_same(follower: &Partner, author: &Partner, what: &str) {
    follower.follows(author).await;
    assert_eq!(titles(follower).await, titles(author).await, "{what}");
    assert!(follower.verifies(author).await, "{what}");
    assert!(follower.faults().await.is_empty(), "{what}");
    let log = follower.log_of(author.id).await.unwrap();
    assert_eq!((log.withheld, log.missing), (0, 0), "{what}");
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f11_a_stream_that_is_cut_after_each_message_is_taken_up_there(#[case] database: Database) {
    let bvf = Partner::start("BVF", database).await;
    let organisation = bvf.organisation().await;
    bvf.many_listings(300, &organisation).await;
    // A target, two ranges with their bodies, newer cosignatures.
    let cut_after = (0..7).map(|messages| {
        let bvf = &bvf;
        async move {
            let follower = Partner::start(&format!("F{messages}"), database).await;
            bvf.admit(&follower, Some("")).await;
            let cutter = Cutter::start(bvf, messages).await;
            follower.admit(bvf, Some(&cutter.address.to_string())).await;
            has_the_same(&follower, bvf, &format!("cut after {messages} messages")).await;
        }
    });
    join_all(cut_after).await;
}

/// A follower sends at most this many TLS records until the stream is open; a cut before
/// that is tried again only after a growing while.
const OPENING: u64 = 18;

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f11_connections_that_are_cut_after_each_record_lose_nothing(#[case] database: Database) {
    let (bvf, unv) = (Partner::start("BVF", database).await, Partner::start("UNV", database).await);
    let organisation = bvf.organisation().await;
    bvf.admit(&unv, Some("")).await;
    let sweep = Sweep { way: Way::Calls, first: OPENING, last: OPENING + 5 };
    let proxy = Proxy::sweeping(bvf.exchange(), sweep).await;
    bvf.many_listings(60, &organisation).await;
    unv.admit(&bvf, Some(&proxy.address.to_string())).await;
    let mut number = 0;
    while proxy.cuts() < sweep.last + 1 - sweep.first {
        number += 1;
        bvf.listing(&format!("Meanwhile {number}"), &organisation).await;
        tokio::time::timeout(Duration::from_millis(100), unv.follows(&bvf)).await.ok();
    }
    has_the_same(&unv, &bvf, &format!("{sweep:?}")).await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f09_a_line_that_loses_one_direction_is_as_good_as_none_and_heals(#[case] database: Database) {
    let (bvf, unv) = (Partner::start("BVF", database).await, Partner::start("UNV", database).await);
    let proxy = Proxy::start(bvf.exchange()).await;
    unv.admit(&bvf, Some(&proxy.address.to_string())).await;
    bvf.admit(&unv, None).await;
    let organisation = bvf.organisation().await;
    unv.follows(&bvf).await;
    for (round, line) in
        [Line::CallerUnheard, Line::AnswersLost, Line::Stalled, Line::Cut].into_iter().enumerate()
    {
        proxy.set(line);
        for number in 0..20 {
            bvf.listing(&format!("{line:?} {number}"), &organisation).await;
        }
        // The other direction has a line of its own, and is as it was.
        let news = unv.organisation().await;
        bvf.follows(&unv).await;
        assert!(!news.hash.is_empty());
        if line != Line::CallerUnheard {
            assert!(titles(&unv).await.len() < 20 * (round + 1), "{line:?}: something came through");
        }
        proxy.set(Line::Up);
        has_the_same(&unv, &bvf, &format!("{line:?}")).await;
        assert_eq!(titles(&unv).await.len(), 20 * (round + 1));
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f09_a_half_open_line_is_noticed_and_named_within_a_minute(#[case] database: Database) {
    let bvf = Partner::start("BVF", database).await;
    let lines = [Line::CallerUnheard, Line::AnswersLost].map(|line| {
        let bvf = &bvf;
        async move {
            let unv = Partner::start("UNV", database).await;
            let proxy = Proxy::start(bvf.exchange()).await;
            unv.admit(bvf, Some(&proxy.address.to_string())).await;
            bvf.admit(&unv, Some("")).await;
            unv.follows(bvf).await;
            proxy.set(line);
            let noticed = |status: &StatusResponse| {
                status.peers.iter().any(|peer| peer.state != "connected" && !peer.error.is_empty())
            };
            // `until` itself gives up after a minute.
            unv.until(&format!("{line:?} isn't noticed"), noticed).await;
            proxy.set(Line::Up);
            has_the_same(&unv, bvf, &format!("{line:?}")).await;
        }
    });
    join_all(lines).await;
}
