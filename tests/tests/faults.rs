//! What goes wrong between and below nodes, and what must hold all the same.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use rstest::rstest;
use volbridge_node::env::Env;
use volbridge_proto::{
    Code,
    wire::node::v1::{PublishListingRequest, RecordState, StatusResponse, listings_client::ListingsClient},
};
use volbridge_tests::{
    Database, Partner, desk, journal,
    proxy::{Line, Proxy},
    wait::eventually,
};

async fn pair(database: Database) -> (Partner, Partner) {
    let (bvf, unv) = (Partner::start("BVF", database).await, Partner::start("UNV", database).await);
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    unv.follows(&bvf).await;
    (bvf, unv)
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test]
async fn f11_a_follower_goes_on_where_it_was_when_the_other_stops_and_starts(#[case] database: Database) {
    let (mut bvf, mut unv) = pair(database).await;
    let organisation = bvf.organisation().await;
    for round in 0..3 {
        for number in 0..40 {
            bvf.listing(&format!("Round {round}, listing {number}"), &organisation).await;
        }
        if round == 1 {
            unv.restart().await;
        } else {
            bvf.restart().await;
        }
    }
    bvf.listing("The last", &organisation).await;
    unv.follows(&bvf).await;
    assert_eq!(unv.listings().await.len(), 121);
    assert!(unv.verifies(&bvf).await && bvf.verifies(&bvf).await);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f20_stopping_under_load_loses_nothing_that_was_acknowledged(#[case] database: Database) {
    let mut bvf = Partner::start("BVF", database).await;
    let organisation = bvf.organisation().await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..200 {
        let mut listings = ListingsClient::new(bvf.channel());
        let listing = desk::listing(&format!("Listing {number}"), &organisation);
        let message = PublishListingRequest { listing: Some(listing), ..Default::default() };
        let request = bvf.staff(message);
        calls.spawn(async move {
            listings.publish(request).await.ok().map(|done| done.into_inner().provenance.unwrap().hash)
        });
    }
    let mut acknowledged = Vec::new();
    acknowledged.extend(calls.join_next().await.unwrap().unwrap());
    tokio::time::timeout(Duration::from_secs(30), bvf.stop()).await.expect("stops within 30 s");
    while let Some(call) = calls.join_next().await {
        acknowledged.extend(call.unwrap());
    }
    bvf.restart().await;
    for hash in &acknowledged {
        assert!(!bvf.record(hash).await.body.is_empty());
    }
    assert!(bvf.verifies(&bvf).await);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test]
async fn f21_a_second_node_on_one_folder_is_refused(#[case] database: Database) {
    let bvf = Partner::start("BVF", database).await;
    let refused = bvf.start_twice().await;
    assert!(
        refused.to_string().contains("in use") || format!("{refused:?}").contains("InUse"),
        "{refused:?}"
    );
    assert_ne!(refused.code, Code::NotFound);
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test]
async fn a_partner_that_cant_be_reached_is_named_with_its_reason_and_slows_nobody(
    #[case] database: Database,
) {
    let (bvf, unv) = pair(database).await;
    let gone = Partner::start("AVI", database).await;
    // Nothing listens on port 1.
    unv.admit(&gone, Some("127.0.0.1:1")).await;
    unv.until("the unreachable partner isn't named", |status| {
        status.peers.iter().any(|peer| {
            peer.endpoint == "127.0.0.1:1"
                && peer.error == "peer.unreachable"
                && peer.retry_at > 0
                && !peer.detail.is_empty()
        })
    })
    .await;
    let organisation = bvf.organisation().await;
    bvf.listing("Still arrives", &organisation).await;
    unv.follows(&bvf).await;
    assert_eq!(unv.listings().await.len(), 1);
}

/// Flips one bit of each body on its way into the table.
async fn break_bodies(partner: &Partner, database: Database) {
    let statements: &[&'static str] = match database {
        Database::Sqlite => &[
            "CREATE TRIGGER broken AFTER INSERT ON entry BEGIN
               UPDATE entry SET body = x'00' || substr(NEW.body, 2) WHERE log = NEW.log AND entry_index = NEW.entry_index;
             END",
        ],
        Database::Postgres => &[
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN NEW.body := set_byte(NEW.body, 0, 0); RETURN NEW; END $$",
            "CREATE TRIGGER broken BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION broken()",
        ],
    };
    for statement in statements {
        let statement = *statement;
        let db = &partner.node().context().db;
        db.write(move |tx| Box::pin(async move { tx.execute(statement, Vec::new()).await })).await.unwrap();
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test]
async fn t09_a_bit_that_flips_before_the_checkpoint_is_signed_stops_it(#[case] database: Database) {
    let bvf = Partner::start("BVF", database).await;
    let organisation = bvf.organisation().await;
    let (size, note) = {
        let head = bvf.node().context().heads.get(&bvf.node().context().own.id).unwrap();
        (head.size, head.checkpoint)
    };
    break_bodies(&bvf, database).await;
    let journal = journal::keep();
    let refused = bvf.try_listing(desk::listing("Never signed", &organisation)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Internal, "{refused:?}");
    let head = bvf.node().context().heads.get(&bvf.node().context().own.id).unwrap();
    assert_eq!(head.size, size);
    assert_eq!(head.checkpoint.lines().take(3).collect::<Vec<_>>(), note.lines().take(3).collect::<Vec<_>>());
    assert!(bvf.verifies(&bvf).await && bvf.listings().await.is_empty());
    // The operator is told which row; the caller isn't.
    let row = format!("{}/{size}", bvf.node().context().own.number);
    let named = |line: &str| line.contains("entry") && line.contains(&row) && line.contains("read back");
    assert!(journal.lines().iter().any(|line| named(line)), "{:#?}", journal.lines());
    assert!(!refused.message().contains(&row), "{refused:?}");
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test]
async fn f09_a_partition_is_noticed_and_heals_by_itself(#[case] database: Database) {
    let (bvf, unv) = (Partner::start("BVF", database).await, Partner::start("UNV", database).await);
    let proxy = Proxy::start(bvf.exchange()).await;
    unv.admit(&bvf, Some(&proxy.address.to_string())).await;
    bvf.admit(&unv, None).await;
    unv.follows(&bvf).await;
    let organisation = bvf.organisation().await;
    for line in [Line::Cut, Line::Stalled] {
        proxy.set(line);
        if line == Line::Cut {
            let gone = |status: &StatusResponse| status.peers.iter().any(|peer| peer.state != "connected");
            unv.until("the partition isn't noticed", gone).await;
        }
        for number in 0..20 {
            bvf.listing(&format!("{line:?} {number}"), &organisation).await;
        }
        proxy.set(Line::Up);
        unv.follows(&bvf).await;
    }
    assert_eq!(unv.listings().await.len(), 40);
    assert!(unv.verifies(&bvf).await);
}

/// Two days, and a little more.
const AFTER_THE_TERM_MS: i64 = 2 * 24 * 60 * 60 * 1000 + 60_000;

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_was_away_is_overdue_until_it_comes_back_and_erases(#[case] database: Database) {
    let (env, clock) = Env::manual(Env::system().now(), 7);
    let bvf = Partner::start_at("BVF", database, &[], env).await;
    let mut unv = Partner::start("UNV", database).await;
    let avi = Partner::start("AVI", database).await;
    for other in [&unv, &avi] {
        bvf.admit(other, None).await;
        other.admit(&bvf, None).await;
    }
    bvf.agree(&unv).await;
    unv.agree(&bvf).await;
    bvf.follows(&unv).await;
    unv.follows(&bvf).await;
    let organisation = bvf.organisation().await;
    let listing = bvf.listing("For a while", &organisation).await;
    let (profile, consent) = bvf.profile(&unv, "Amina").await;
    unv.follows(&bvf).await;
    avi.follows(&bvf).await;
    assert!(unv.open(&profile).await.is_ok());

    unv.stop().await;
    bvf.withdraw(&[&listing, &profile, &consent]).await;
    let erased = async |hash: &[u8], of: &Partner| {
        let erasures = bvf.erasures(hash).await;
        let of_it =
            erasures.into_iter().find(|erasure| erasure.partner.as_ref().unwrap().id == of.id.to_vec());
        of_it.map(|erasure| (erasure.erased, erasure.overdue))
    };
    eventually("who was there gives its receipt", async || {
        erased(&listing.hash, &avi).await == Some((true, false))
    })
    .await;
    for record in [&listing, &profile] {
        assert_eq!(erased(&record.hash, &unv).await, Some((false, false)), "not yet due");
    }
    clock.advance(AFTER_THE_TERM_MS);
    for record in [&listing, &profile] {
        assert_eq!(erased(&record.hash, &unv).await, Some((false, true)), "overdue");
    }
    assert_eq!(erased(&listing.hash, &avi).await, Some((true, false)));

    unv.restart().await;
    for record in [&listing, &profile] {
        eventually("no receipt after the return", async || {
            erased(&record.hash, &unv).await == Some((true, false))
        })
        .await;
        assert_eq!(unv.record(&record.hash).await.state(), RecordState::Erased);
    }
    if database == Database::Sqlite {
        unv.leaves_no_trace(b"For a while").await;
    }
}
