//! Why bodies aren't here: kept, replaced, forgotten.

use rstest::rstest;
use volbridge_node::store::causes::{self, Cause};
use volbridge_proto::{LogId, PartnerId, RecordId, Timestamp, exchange::SourceClaim};

use crate::place::{Place, postgres, sqlite};

fn cause(index: u64, source: u8, claimed: bool) -> Cause {
    let log = LogId::new(PartnerId::from([source; 32]), 2);
    let claim = SourceClaim { index, source: RecordId::from([source; 32]), log, withdrawal: 9 };
    Cause { claim, claimed, at: Timestamp::from_millis(7) }
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn the_last_word_on_a_missing_body_is_kept(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    for cause in [cause(4, 1, true), cause(5, 1, false), cause(4, 2, true), cause(8, 1, true)] {
        causes::put(&mut tx, 3, &cause).await.unwrap();
    }
    causes::put(&mut tx, 2, &cause(4, 1, true)).await.unwrap();
    assert_eq!(causes::of_entry(&tx, 3, 4).await.unwrap(), Some(cause(4, 2, true)));
    assert_eq!(causes::in_range(&tx, 3, 4..8).await.unwrap(), [cause(4, 2, true), cause(5, 1, false)]);
    let (author, source) = (PartnerId::from([1; 32]), RecordId::from([1; 32]));
    assert_eq!(causes::claimed_of(&tx, author, source).await.unwrap(), [(2, 4), (3, 8)]);
    assert_eq!(causes::claimed_of(&tx, PartnerId::from([2; 32]), source).await.unwrap(), []);
    causes::remove(&mut tx, 3, 4).await.unwrap();
    assert_eq!(causes::of_entry(&tx, 3, 4).await.unwrap(), None);
}
