//! F02: the power fails.

use rand::RngExt as _;
use rstest::rstest;
use volbridge_tests::{
    Database, Model, Partner,
    disk::calls::{SYNC, WRITE},
    seed,
};

use super::NODE;

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f02_what_was_acknowledged_survives_a_power_cut_at_any_moment(#[case] database: Database) {
    let mut rng = seed::rng(2);
    let mut node = Partner::start_on_faulty_disk(NODE, "BVF", database, &[]).await;
    let mut model = Model::new(&node).await;
    for point in 0..seed::sweep(5) {
        let calls = if rng.random_bool(0.7) { SYNC } else { WRITE };
        let (nth, after) = (rng.random_range(1..20), rng.random_bool(0.5));
        // Of what wasn't synced nothing has come to the disk, or everything, or some of it.
        let chance = [0.0, 0.0, 0.5, 1.0][rng.random_range(0..4)];
        let when = format!("at point {point}: {calls} {nth}, after it: {after}, with {chance} of the rest");
        node.disk().cut_at(calls, nth, after);
        for _ in 0..40 {
            if !node.disk().hits().is_empty() {
                break;
            }
            model.listing(3).withdrawal().material(rng.random_range(1..100_000));
            model.send(&node).await;
        }
        node.dies().await;
        node.disk().cut_power(&mut rng, chance);
        assert!(node.start_again(NODE, None).await);
        model.agrees(&node, &when).await;
        model.settle(&node).await;
        model.agrees(&node, &when).await;
    }
    model.is_whole(&node, "at the end").await;
}
