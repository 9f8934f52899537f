//! F03: a write or an `fsync` fails.

use rand::RngExt as _;
use rstest::rstest;
use volbridge_proto::Code;
use volbridge_tests::{
    Database, Model, Partner,
    disk::calls::{SYNC, WRITE},
    seed,
};

use super::{NODE, are_all, is_well};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f03_after_a_failed_write_nothing_is_acknowledged_until_a_restart(#[case] database: Database) {
    let mut rng = seed::rng(3);
    let mut node = Partner::start_on_faulty_disk(NODE, "BVF", database, &[]).await;
    let mut model = Model::new(&node).await;
    model.listing(4).material(40_000).settle(&node).await;
    let points = seed::sweep(2);
    for point in 0..2 * points {
        let calls = if point % 2 == 0 { SYNC } else { WRITE };
        // A sweep takes each in turn; a quick look only the first and some that the seed chooses.
        let nth = if points > 10 || point < 2 { point / 2 + 1 } else { rng.random_range(2..12) };
        let when = format!("after failure {nth} of {calls}");
        node.disk().break_at(calls, nth, rng.random_bool(0.5));
        let mut rounds = 0;
        let mut refused = Vec::new();
        while node.disk().hits().is_empty() && rounds < 20 {
            model.listing(2).withdrawal().material(rng.random_range(1..200_000));
            refused.extend(model.send(&node).await);
            rounds += 1;
        }
        assert!(!node.disk().hits().is_empty(), "nothing failed: {when}");
        are_all(&refused, Code::StoreFailed, &when);
        // The disk says that all is well again; the kernel has dropped what it could not write.
        node.disk().heal();
        assert_eq!(is_well(&node).await, (false, 503), "{when}");
        model.listing(2).withdrawal().material(10_000);
        let asked = model.open();
        let refused = model.send(&node).await;
        assert_eq!(refused.len(), asked, "{when}, something was acknowledged");
        are_all(&refused, Code::StoreFailed, &when);
        model.agrees(&node, &when).await;
        if rng.random_bool(0.5) {
            node.kill().await;
        }
        assert!(node.start_again(NODE, None).await);
        assert_eq!(is_well(&node).await, (true, 200), "{when}");
        model.agrees(&node, &when).await;
        model.settle(&node).await;
        model.agrees(&node, &when).await;
    }
    model.is_whole(&node, "at the end").await;
}
