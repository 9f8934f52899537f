//! F05: the disk can't be written any more.

use rstest::rstest;
use volbridge_proto::Code;
use volbridge_tests::{Database, Model, Partner};

use super::{NODE, are_all, is_well};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f05_on_a_disk_that_can_only_be_read_it_serves_and_does_not_start(#[case] database: Database) {
    let mut node = Partner::start_on_faulty_disk(NODE, "BVF", database, &[]).await;
    let mut model = Model::new(&node).await;
    model.listing(4).material(40_000).settle(&node).await;
    node.disk().make_read_only();
    model.listing(4).withdrawal().material(10_000).material(10);
    let asked = model.open();
    let refused = model.send(&node).await;
    if database == Database::Sqlite {
        assert_eq!(refused.len(), asked, "something was acknowledged");
    }
    are_all(&refused, Code::StoreFailed, "while it runs");
    assert_eq!(is_well(&node).await, (false, 503));
    model.agrees(&node, "while it runs").await;
    // A start says what is wrong, and where.
    let (status, said) = node.try_start(NODE, None).await.unwrap_err();
    assert_eq!(status.code(), Some(0), "it ends by itself");
    let folder = node.folder().display().to_string();
    assert!(said.contains("Read-only file system") && said.contains(&folder), "{said}");
    node.disk().heal();
    assert!(node.start_again(NODE, None).await);
    model.agrees(&node, "afterwards").await;
    model.settle(&node).await;
    model.is_whole(&node, "at the end").await;
}
