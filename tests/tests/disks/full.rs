//! F04: the disk is full.

use rand::RngExt as _;
use rstest::rstest;
use volbridge_proto::Code;
use volbridge_tests::{Database, Model, Partner, seed};

use super::{NODE, are_all, is_well};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f04_on_a_full_disk_it_refuses_reads_on_and_recovers_by_itself(#[case] database: Database) {
    let mut rng = seed::rng(4);
    let mut node = Partner::start_on_faulty_disk(NODE, "BVF", database, &[]).await;
    let mut model = Model::new(&node).await;
    model.listing(4).material(40_000).settle(&node).await;
    let points = seed::sweep(3);
    for point in 0..points {
        let room = if point == 0 { 0 } else { rng.random_range(0..400_000) };
        let when = format!("with {room} bytes left");
        node.disk().leave_room(room);
        let mut refused = Vec::new();
        while refused.is_empty() {
            model.listing(4).withdrawal().material(rng.random_range(1..200_000));
            refused = model.send(&node).await;
        }
        assert!(!node.disk().hits().is_empty(), "{refused:#?}");
        are_all(&refused, Code::StoreFull, &when);
        // It still reads, and says that it is well: it waits for room, not for a restart.
        model.agrees(&node, &when).await;
        assert_eq!(is_well(&node).await, (true, 200), "{when}");
        if point % 3 == 1 {
            // Again and again, while nothing fits.
            for _ in 0..3 {
                are_all(&model.listing(1).material(500_000).send(&node).await, Code::StoreFull, &when);
            }
        }
        node.disk().heal();
        model.listing(2).settle(&node).await;
        model.agrees(&node, &when).await;
        if point % 3 == 2 {
            assert!(node.start_again(NODE, None).await);
            model.agrees(&node, &when).await;
        }
    }
    model.is_whole(&node, "at the end").await;
}
