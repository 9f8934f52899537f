//! An author that dies.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rstest::rstest;
use volbridge_tests::{Database, Partner};

use super::{AN_INSTANT, NODE, Requests, count, is_whole, points, shows_what_follows, titles};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f01_what_an_author_acknowledged_survives_its_death_at_each_point(#[case] database: Database) {
    let mut bvf = Partner::start_apart(NODE, "BVF", database, &[]).await;
    let organisation = bvf.organisation().await;
    let mut requests = Requests::default();
    for die_at in points::PUBLISHING {
        let after = format!("{die_at:?}");
        requests.add(&organisation);
        if bvf.start_again(NODE, Some(*die_at)).await {
            while !bvf.is_dead_within(AN_INSTANT).await {
                requests.add(&organisation);
                requests.send(&bvf, None).await;
            }
            bvf.dies().await;
        }
        assert!(bvf.start_again(NODE, None).await);
        requests.are_held_by(&bvf, &after).await;
        requests.send(&bvf, None).await;
        assert!(requests.open.is_empty(), "after {after}");
        is_whole(&bvf, &after).await;
    }
    shows_what_follows(&bvf).await;
    // Each once, whether its answer came or not.
    let mut shown = titles(&bvf).await;
    shown.sort();
    let sent: Vec<_> = (1..=requests.sent).map(|number| format!("Listing {number:04}")).collect();
    assert_eq!(shown, sent);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f01_f21_killed_at_any_moment_two_nodes_come_to_the_same(#[case] database: Database) {
    let seed = 20_261_125;
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut nodes = Vec::new();
    for name in ["BVF", "UNV"] {
        nodes.push(Partner::start_apart(NODE, name, database, &[]).await);
    }
    for (one, other) in [(0, 1), (1, 0)] {
        nodes[one].admit(&nodes[other], None).await;
    }
    let organisation = nodes[0].organisation().await;
    let mut requests = Requests::default();
    for round in 0..8 {
        let victim = rng.random_range(0..2);
        for _ in 0..rng.random_range(1..4) {
            requests.add(&organisation);
        }
        if round == 0 {
            // Even now a second process is refused, and after the death the folder is free.
            let refused = nodes[victim].start_twice().await;
            assert!(format!("{refused:?}").contains("InUse"), "{refused:?}");
        }
        if victim == 0 {
            requests.send(&nodes[0], Some(rng.random_range(1..8))).await;
            nodes[0].dies().await;
        } else {
            // In the middle of what it is sent.
            let half = requests.open.len() / 2;
            let mut second = Requests { open: requests.open.split_off(half), ..Requests::default() };
            requests.send(&nodes[0], None).await;
            nodes[1].kill_now();
            second.send(&nodes[0], None).await;
            requests.acknowledged.append(&mut second.acknowledged);
            nodes[1].dies().await;
        }
        assert!(nodes[victim].start_again(NODE, None).await);
        nodes[1].follows(&nodes[0]).await;
        let after = format!("round {round}");
        requests.are_held_by(&nodes[1], &after).await;
        assert_eq!(count(&nodes[1]).await, count(&nodes[0]).await, "after {after}");
        is_whole(&nodes[victim], &after).await;
    }
    assert_eq!(titles(&nodes[1]).await, titles(&nodes[0]).await);
    shows_what_follows(&nodes[0]).await;
    shows_what_follows(&nodes[1]).await;
}
