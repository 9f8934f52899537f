//! Holders and authors that die while something is erased.

use futures::future::join_all;
use rstest::rstest;
use volbridge_proto::wire::node::v1::RecordState;
use volbridge_tests::{Database, Partner, Record, wait::eventually};

use super::{NODE, is_whole, points, shows_what_follows, titles};

/// What the author of one round publishes, its person's name, and what is to be gone from the disk.
struct Round {
    records: Vec<Record>,
    translation: Record,
    blob: Vec<u8>,
    canary: String,
}

async fn publish_round(bvf: &Partner, unv: &Partner, organisation: &Record, number: usize) -> Round {
    let canary = format!("CANARY{number:02}");
    let listing = bvf.listing(&format!("{canary}-LISTING"), organisation).await;
    let conference = bvf.conference().await;
    let bytes = format!("%PDF-1.4 {canary}-BLOB");
    let (material, blob) = bvf.material(&conference, bytes.as_bytes()).await;
    let (profile, consent) = bvf.profile(unv, &format!("{canary}-PERSON")).await;
    unv.follows(bvf).await;
    let translation = unv.translation(&listing, "zh-CN", &format!("{canary}-TRANSLATION")).await;
    bvf.follows(unv).await;
    assert!(unv.open(&profile).await.is_ok());
    unv.blob_arrives(&blob).await;
    Round { records: vec![listing, material, profile, consent], translation, blob, canary }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f01_what_is_withdrawn_is_gone_although_its_holder_died_meanwhile(#[case] database: Database) {
    let mut unv = Partner::start_apart(NODE, "UNV", database, &[]).await;
    let bvf = Partner::start("BVF", database).await;
    for (one, other) in [(&bvf, &unv), (&unv, &bvf)] {
        one.admit(other, None).await;
        one.agree(other).await;
    }
    let organisation = bvf.organisation().await;
    unv.follows(&bvf).await;
    bvf.follows(&unv).await;
    for (number, die_at) in points::ERASING.iter().enumerate() {
        let after = format!("{die_at:?}");
        let round = publish_round(&bvf, &unv, &organisation, number).await;
        let alive = unv.start_again(NODE, Some(*die_at)).await;
        bvf.withdraw(&round.records.iter().collect::<Vec<_>>()).await;
        if alive {
            unv.dies().await;
        }
        assert!(unv.start_again(NODE, None).await);
        unv.follows(&bvf).await;
        is_erased(&bvf, &unv, &round, &after).await;
        if database == Database::Sqlite {
            unv.leaves_no_trace(round.canary.as_bytes()).await;
        }
        is_whole(&unv, &after).await;
    }
    shows_what_follows(&unv).await;
}

/// Everything of a round is gone at its holder, which says so; what it had made of it too.
async fn is_erased(bvf: &Partner, unv: &Partner, round: &Round, after: &str) {
    for record in &round.records {
        assert_eq!(unv.record(&record.hash).await.state(), RecordState::Erased, "after {after}");
    }
    assert_eq!(unv.blob(&round.blob).await, None, "after {after}");
    eventually(&format!("after {after}: no receipt"), async || {
        let receipts = join_all(round.records.iter().map(|record| bvf.erasures(&record.hash))).await;
        receipts.iter().all(|owed| !owed.is_empty() && owed.iter().all(|erasure| erasure.erased))
    })
    .await;
    // What was made of it went with it; its author owes the withdrawal and gives it.
    eventually(&format!("after {after}: the translation is owed"), async || {
        bvf.record(&round.translation.hash).await.state() == RecordState::Erased
    })
    .await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f01_an_author_that_dies_while_it_withdraws_has_withdrawn_or_not(#[case] database: Database) {
    let mut bvf = Partner::start_apart(NODE, "BVF", database, &[]).await;
    let unv = Partner::start("UNV", database).await;
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    let organisation = bvf.organisation().await;
    for (number, die_at) in
        points::ERASING.iter().filter(|(point, _)| point.starts_with("erase.")).enumerate()
    {
        let after = format!("{die_at:?}");
        if die_at.0 == "erase.owed" {
            continue;
        }
        let canary = format!("CANARY{number:02}");
        let mut records = Vec::new();
        for part in 0..3 {
            records.push(bvf.listing(&format!("{canary}-{part}"), &organisation).await);
        }
        let conference = bvf.conference().await;
        let (material, blob) = bvf.material(&conference, format!("%PDF-1.4 {canary}").as_bytes()).await;
        records.push(material);
        unv.follows(&bvf).await;
        assert!(bvf.start_again(NODE, Some(*die_at)).await, "{after}");
        let acknowledged = bvf.try_withdraw(&records.iter().collect::<Vec<_>>()).await.is_ok();
        bvf.dies().await;
        assert!(bvf.start_again(NODE, None).await);
        let states = join_all(records.iter().map(|record| bvf.record(&record.hash))).await;
        let erased = states.iter().filter(|record| record.state() == RecordState::Erased).count();
        assert!(erased == records.len() || erased == 0 && !acknowledged, "after {after}: {erased}");
        if erased == 0 {
            bvf.withdraw(&records.iter().collect::<Vec<_>>()).await;
        }
        unv.follows(&bvf).await;
        for one in [&bvf, &unv] {
            assert_eq!(one.blob(&blob).await, None, "after {after}");
            assert!(titles(one).await.is_empty(), "after {after}");
        }
        if database == Database::Sqlite {
            bvf.leaves_no_trace(canary.as_bytes()).await;
            unv.leaves_no_trace(canary.as_bytes()).await;
        }
        is_whole(&bvf, &after).await;
    }
}
