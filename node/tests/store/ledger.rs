//! What the node notes for its operator and its callers: refusals, openings, changes, answers.

use rstest::rstest;
use volbridge_node::store::{
    access::{self, Opened},
    changes::{self, Change},
    idempotency::{self, Done},
    refusals::{self, Refused},
};
use volbridge_proto::{RecordId, SubjectId, Timestamp, tlog::entry::Class};

use crate::{
    log::partner,
    place::{Place, postgres, sqlite},
};

const NOW: Timestamp = Timestamp::from_millis(1_000);

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn refusals_are_listed_newest_first_and_the_oldest_go(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let refused = |index| Refused {
        at: NOW,
        partner: partner(1),
        index,
        code: "log.fork".into(),
        field: "leaf".into(),
    };
    refusals::add(&mut tx, &refused(None)).await.unwrap();
    tx.execute("UPDATE refusal SET number = $1", vec![refusals::KEPT.into()]).await.unwrap();
    refusals::add(&mut tx, &refused(Some(7))).await.unwrap();
    let numbers = |rows: Vec<(i64, Refused)>| rows.into_iter().map(|row| row.0).collect::<Vec<_>>();
    let all = refusals::newest(&tx, None, 9).await.unwrap();
    assert_eq!(all, [(10_001, refused(Some(7))), (10_000, refused(None))]);
    assert_eq!(numbers(refusals::newest(&tx, Some(10_001), 9).await.unwrap()), [10_000]);
    tx.execute("UPDATE refusal SET number = $1 WHERE number = 10000", vec![2_i64.into()]).await.unwrap();
    refusals::add(&mut tx, &refused(None)).await.unwrap();
    assert_eq!(numbers(refusals::newest(&tx, None, 9).await.unwrap()), [10_002, 10_001]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn openings_are_listed_for_the_record_that_was_opened(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let opened = |byte| Opened {
        at: NOW,
        record: RecordId::from([byte; 32]),
        partner: partner(1),
        actor: "clerk".into(),
        purpose: "placement".into(),
    };
    for byte in [1, 2, 1] {
        access::add(&mut tx, &opened(byte)).await.unwrap();
    }
    let record = RecordId::from([1; 32]);
    assert_eq!(access::of_record(&tx, record, None, 9).await.unwrap(), [(3, opened(1)), (1, opened(1))]);
    assert_eq!(access::of_record(&tx, record, Some(3), 9).await.unwrap(), [(1, opened(1))]);
    assert_eq!(access::newest(&tx, None, 1).await.unwrap(), [(3, opened(1))]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn changes_are_followed_by_their_number(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let change = |index| Change {
        at: NOW,
        action: "published".into(),
        kind: "volbridge.listing.v1".into(),
        log: 1,
        index,
        subject: SubjectId::v4([7; 16]),
    };
    assert_eq!(changes::last(&tx).await.unwrap(), 0);
    for index in 0..3 {
        changes::add(&mut tx, &[change(index)], Class::Public).await.unwrap();
    }
    let (second, third) = (2 * changes::STEP, 3 * changes::STEP);
    let found = changes::since(&tx, changes::STEP, 9).await.unwrap();
    assert_eq!(found, [(second, change(1)), (third, change(2))]);
    assert_eq!(changes::newest(&tx, 1).await.unwrap(), [(third, change(2))]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t31_numbers_of_public_changes_tell_nothing_of_sealed_ones(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let change = Change {
        at: NOW,
        action: "published".into(),
        kind: "volbridge.listing.v1".into(),
        log: 1,
        index: 0,
        subject: SubjectId::v4([7; 16]),
    };
    let mut numbers = Vec::new();
    for class in [Class::Public, Class::Named, Class::Named, Class::Public, Class::Named, Class::Public] {
        let number = changes::add(&mut tx, std::slice::from_ref(&change), class).await.unwrap().unwrap();
        if class == Class::Public {
            numbers.push(number / changes::STEP);
        }
    }
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(changes::since(&tx, 0, 9).await.unwrap().len(), 6);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn f07_a_key_gives_its_first_answer_again(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let done = Done { request: [3; 32], log: 1, indexes: vec![4, 5], at: NOW };
    idempotency::remember(&mut tx, &[("clerk/7".to_owned(), done.clone())]).await.unwrap();
    let found = idempotency::find(&tx, &["clerk/7", "clerk/8"]).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [("clerk/7".to_owned(), done.clone())]);
    assert_eq!(idempotency::forget(&mut tx, NOW).await.unwrap(), 0);
    assert_eq!(idempotency::forget(&mut tx, NOW.plus(1)).await.unwrap(), 1);
    idempotency::remember(&mut tx, &[("clerk/7".to_owned(), done.clone())]).await.unwrap();
    let taken = idempotency::remember(&mut tx, &[("clerk/7".to_owned(), done)]).await.unwrap_err();
    assert!(taken.is_duplicate());
}
