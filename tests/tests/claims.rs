//! Bodies that aren't there: what their holders say of it, and how they come after all.

use rstest::rstest;
use volbridge_proto::wire::node::v1::{RecordState, StatusResponse};
use volbridge_tests::{Database, Partner, partner::PATIENCE};

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test]
async fn a_holder_explains_what_went_with_its_source_while_its_author_is_away(#[case] database: Database) {
    let (bvf, unv) = (Partner::start("BVF", database).await, Partner::start("UNV", database).await);
    let (mut avi, new) = (Partner::start("AVI", database).await, Partner::start("NEW", database).await);
    for (one, other) in [(&bvf, &unv), (&unv, &bvf), (&avi, &unv), (&unv, &avi)] {
        one.admit(other, None).await;
    }
    for (one, other) in [(&avi, &bvf), (&bvf, &avi), (&new, &avi)] {
        one.admit(other, Some("")).await;
    }
    avi.follows(&bvf).await;
    let listing = bvf.listing("A listing", &bvf.organisation().await).await;
    avi.follows(&bvf).await;
    let translation = avi.translation(&listing, "zh-CN", "CANARY").await;
    unv.follows(&avi).await;
    let (address, avi_id) = (avi.exchange(), avi.id.to_vec());
    avi.stop().await;
    bvf.withdraw(&[&listing]).await;
    unv.follows(&bvf).await;
    let seen = unv.record(&translation.hash).await;
    assert_eq!(seen.state(), RecordState::ErasedWithSource);
    assert!(!seen.source_gone.unwrap().claimed);

    // Somebody new learns of both logs from UNV alone; of the source's only later.
    unv.admit(&new, None).await;
    new.admit(&unv, None).await;
    let shows = |status: &StatusResponse, shown: (u64, u64, u64)| {
        status.logs.iter().any(|log| {
            log.partner.as_ref().is_some_and(|partner| partner.id == avi_id)
                && (log.erased, log.withheld, log.wanted) == shown
        })
    };
    new.until("the body isn't missing", |status| shows(status, (0, 1, 1))).await;
    assert_eq!(new.record(&translation.hash).await.state(), RecordState::Withheld);
    new.admit(&bvf, Some("")).await;
    new.until("the gap isn't explained", |status| shows(status, (1, 0, 1))).await;
    let told = new.record(&translation.hash).await;
    assert_eq!(told.state(), RecordState::ErasedWithSource);
    let gone = told.source_gone.unwrap();
    assert_eq!((gone.source, gone.partner.unwrap().id), (listing.hash, bvf.id.to_vec()));
    assert!(gone.claimed && gone.owed_by > 0);

    // Its author comes back, and says so itself.
    avi.set("exchange.listen", &address);
    avi.restart().await;
    let arrives = async {
        let mut heads = new.node().context().heads.changed();
        while new.record(&translation.hash).await.state() != RecordState::Erased {
            heads.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, arrives).await.expect("the author's own Withdrawal never came");
    assert_eq!(new.record(&translation.hash).await.source_gone, None);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test]
async fn what_was_sealed_to_a_node_that_followed_through_a_relay_comes_from_its_author(
    #[case] database: Database,
) {
    let (bvf, unv) = (Partner::start("BVF", database).await, Partner::start("UNV", database).await);
    let avi = Partner::start("AVI", database).await;
    for (one, other) in [(&bvf, &unv), (&unv, &bvf), (&avi, &unv), (&unv, &avi)] {
        one.admit(other, None).await;
    }
    for (one, other) in [(&avi, &bvf), (&bvf, &avi)] {
        one.admit(other, Some("")).await;
    }
    avi.follows(&bvf).await;
    bvf.follows(&avi).await;
    bvf.agree(&avi).await;
    avi.agree(&bvf).await;
    bvf.follows(&avi).await;
    avi.follows(&bvf).await;
    let (profile, _) = bvf.profile(&avi, "CANARY").await;
    avi.follows(&bvf).await;
    // Nobody carries for AVI: it has the leaves, and doesn't know that they are for it.
    let log = avi.log_of(bvf.id).await.unwrap();
    assert_eq!((log.not_for_us, log.missing, log.addressed), (2, 0, 0));

    // Its author says so as soon as they meet, and is asked.
    avi.admit(&bvf, None).await;
    avi.until("what is missing doesn't come", |status| {
        status.logs.iter().any(|log| {
            log.partner.as_ref().is_some_and(|partner| partner.id == bvf.id.to_vec())
                && (log.not_for_us, log.missing, log.addressed) == (0, 0, 2)
        })
    })
    .await;
    assert_eq!(avi.open(&profile).await.unwrap().name, "CANARY");
}
