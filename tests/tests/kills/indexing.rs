//! A node that dies while its search index is written (threats.md F14).

use std::fs;

use rstest::rstest;
use volbridge_proto::wire::node::v1::{self as wire, search_client::SearchClient};
use volbridge_tests::{Database, Partner, wait::eventually};

use super::{AN_INSTANT, NODE, Requests, points};

/// What a search finds: how many there are, and which, in order.
async fn found(partner: &Partner, text: &str) -> (u64, bool, Vec<Vec<u8>>) {
    let query = wire::ListingQuery { text: text.to_owned(), ..Default::default() };
    let request = wire::SearchListingsRequest { query: Some(query), limit: 100, ..Default::default() };
    let answer = SearchClient::new(partner.channel()).listings(request).await.unwrap().into_inner();
    let subjects = answer.hits.into_iter().map(|hit| hit.listing.unwrap().subject).collect();
    (answer.total, answer.incomplete, subjects)
}

/// Waits until everything that was published is found, and nothing twice.
async fn all_are_found(partner: &Partner, count: u64, after: &str) {
    let what = format!("the index never holds {count} listings after {after}");
    eventually(&what, async || {
        let (total, incomplete, _) = found(partner, "").await;
        total == count && !incomplete
    })
    .await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f14_killed_at_each_point_of_a_commit_the_index_comes_to_the_same(#[case] database: Database) {
    let mut bvf = Partner::start_apart(NODE, "BVF", database, &[]).await;
    let organisation = bvf.organisation().await;
    let mut requests = Requests::default();
    let anew = points::INDEXING_ANEW.iter().map(|die_at| (true, die_at));
    for (lost, die_at) in points::INDEXING.iter().map(|die_at| (false, die_at)).chain(anew) {
        let after = format!("{die_at:?}, lost: {lost}");
        bvf.stop().await;
        if lost {
            fs::remove_dir_all(bvf.folder().join("search")).unwrap();
        }
        if bvf.start_again(NODE, Some(*die_at)).await {
            while !bvf.is_dead_within(AN_INSTANT).await {
                requests.add(&organisation);
                requests.send(&bvf, None).await;
            }
            bvf.dies().await;
        }
        assert!(bvf.start_again(NODE, None).await);
        requests.send(&bvf, None).await;
        assert!(requests.open.is_empty(), "after {after}");
        all_are_found(&bvf, requests.sent, &after).await;
    }
    // An index that was never interrupted answers alike.
    let texts = ["", "listing", "0003", "visitors"];
    let mut before = Vec::new();
    for text in texts {
        before.push(found(&bvf, text).await);
    }
    bvf.stop().await;
    fs::remove_dir_all(bvf.folder().join("search")).unwrap();
    assert!(bvf.start_again(NODE, None).await);
    all_are_found(&bvf, requests.sent, "all").await;
    for (text, before) in texts.into_iter().zip(before) {
        assert_eq!(found(&bvf, text).await, before, "{text}");
    }
}
