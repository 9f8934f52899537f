//! A follower, a server and a carrier that die.

use rstest::rstest;
use volbridge_tests::{Database, Partner, Record};

use super::{AN_INSTANT, NODE, Requests, count, is_whole, points, shows_what_follows, titles};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f01_a_follower_that_dies_at_each_point_comes_to_the_same(#[case] database: Database) {
    let mut unv = Partner::start_apart(NODE, "UNV", database, &[]).await;
    let bvf = Partner::start("BVF", database).await;
    let organisation = bvf.organisation().await;
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    unv.follows(&bvf).await;
    unv.kill().await;
    bvf.many_listings(300, &organisation).await;
    let mut gone: Option<Record> = None;
    for die_at in points::FOLLOWING {
        let after = format!("{die_at:?}");
        let listing = bvf.listing(&format!("Before {after}"), &organisation).await;
        if unv.start_again(NODE, Some(*die_at)).await {
            if let Some(gone) = gone.replace(listing) {
                bvf.withdraw(&[&gone]).await;
            }
            while !unv.is_dead_within(AN_INSTANT).await {
                bvf.listing(&format!("Until {after}"), &organisation).await;
            }
            unv.dies().await;
        }
        assert!(unv.start_again(NODE, None).await);
        unv.follows(&bvf).await;
        assert_eq!(count(&unv).await, count(&bvf).await, "after {after}");
        is_whole(&unv, &after).await;
    }
    assert_eq!(titles(&unv).await, titles(&bvf).await);
    shows_what_follows(&unv).await;
    // The line that the last death cut off comes all the same.
    bvf.until("the witness's line never came", |status| {
        status.logs.iter().any(|log| {
            log.partner.as_ref().is_some_and(|partner| partner.id == bvf.id.to_vec())
                && log
                    .log
                    .as_ref()
                    .is_some_and(|log| log.checkpoint.contains("unv.volbridge.example/witness"))
        })
    })
    .await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f01_an_author_that_dies_while_it_serves_is_followed_to_the_end(#[case] database: Database) {
    let mut bvf = Partner::start_apart(NODE, "BVF", database, &[]).await;
    let mut avi = Partner::start("AVI", database).await;
    let organisation = bvf.organisation().await;
    bvf.admit(&avi, None).await;
    avi.admit(&bvf, None).await;
    bvf.agree(&avi).await;
    avi.agree(&bvf).await;
    bvf.follows(&avi).await;
    avi.follows(&bvf).await;
    avi.stop().await;
    bvf.many_listings(300, &organisation).await;
    let mut profiles = Vec::new();
    for die_at in points::SERVING {
        let after = format!("{die_at:?}");
        if die_at.0 == "deliver.acknowledged" {
            avi.stop().await;
            profiles.push(bvf.profile(&avi, "Amina").await.0);
        }
        assert!(bvf.start_again(NODE, Some(*die_at)).await, "{after}");
        if matches!(die_at.0, "serve.target" | "deliver.acknowledged") {
            avi.restart().await;
        }
        let mut requests = Requests::default();
        while die_at.0 == "serve.tail" && !bvf.is_dead_within(AN_INSTANT).await {
            requests.add(&organisation);
            requests.send(&bvf, None).await;
        }
        bvf.dies().await;
        if matches!(*die_at, ("serve.target", _) | ("serve.range", 1)) {
            // Still far behind.
            continue;
        }
        assert!(bvf.start_again(NODE, None).await);
        avi.follows(&bvf).await;
        requests.are_held_by(&avi, &after).await;
        for profile in &profiles {
            assert_eq!(avi.open(profile).await.unwrap().name, "Amina");
        }
        assert_eq!(count(&avi).await, count(&bvf).await, "after {after}");
        is_whole(&bvf, &after).await;
        is_whole(&avi, &after).await;
    }
    assert_eq!(titles(&avi).await, titles(&bvf).await);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f01_a_carrier_that_dies_delivers_all_the_same(#[case] database: Database) {
    let mut unv = Partner::start_apart(NODE, "UNV", database, &[]).await;
    let carriers = format!("[\"{}\"]", unv.id);
    let bvf = Partner::start_with("BVF", database, &[("exchange.carriers", &carriers)]).await;
    let avi = Partner::start_with("AVI", database, &[("exchange.carriers", &carriers)]).await;
    for one in [&bvf, &avi] {
        one.admit(&unv, None).await;
        unv.admit(one, None).await;
    }
    for (one, other) in [(&bvf, &avi), (&avi, &bvf)] {
        one.admit(other, Some("")).await;
        one.agree(other).await;
    }
    for (number, die_at) in points::CARRYING.iter().enumerate() {
        let after = format!("{die_at:?}");
        bvf.follows(&avi).await;
        avi.follows(&bvf).await;
        if unv.start_again(NODE, Some(*die_at)).await {
            let name = format!("Amina {number}");
            let (profile, _) = bvf.profile(&avi, &name).await;
            unv.dies().await;
            assert!(unv.start_again(NODE, None).await);
            avi.follows(&bvf).await;
            assert_eq!(avi.open(&profile).await.unwrap().name, name, "after {after}");
            assert!(unv.open(&profile).await.is_err());
        } else {
            assert!(unv.start_again(NODE, None).await);
        }
        is_whole(&unv, &after).await;
        is_whole(&avi, &after).await;
    }
}
