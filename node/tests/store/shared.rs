//! What passes between partners: peers, recipients, withdrawals, cosignatures, blobs.

use rstest::rstest;
use volbridge_node::store::{
    StoreError,
    blobs::{self, BlobName},
    cosigned::{self, Role},
    peers::{self, PeerRow},
    received::{self, Gap},
    recipients::{self, Recipient},
    withdrawals::{self, Receipt},
};
use volbridge_proto::{BlobHash, LogId, RecordId, Timestamp};

use crate::{
    log::partner,
    place::{Place, postgres, sqlite},
};

fn record(byte: u8) -> RecordId {
    RecordId::from([byte; 32])
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_peer_is_admitted_once_and_can_be_suspended(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let mut peer = PeerRow {
        partner: partner(1),
        endpoints: vec!["bonn.example:7443".into()],
        descriptor: Some(b"first body".to_vec()),
        admitted_at: Timestamp::from_millis(5),
        suspended: false,
    };
    peers::admit(&mut tx, &peer).await.unwrap();
    let again = PeerRow {
        endpoints: vec![],
        descriptor: None,
        admitted_at: Timestamp::from_millis(9),
        ..peer.clone()
    };
    peers::admit(&mut tx, &again).await.unwrap();
    peer.endpoints.clear();
    assert_eq!(peers::all(&tx).await.unwrap(), [peer.clone()]);
    assert!(peers::set_suspended(&mut tx, partner(1), true).await.unwrap());
    assert!(!peers::set_suspended(&mut tx, partner(2), true).await.unwrap());
    peers::set_endpoints(&mut tx, partner(1), &["[::1]:1".into()]).await.unwrap();
    let peer = peers::find(&tx, partner(1)).await.unwrap().unwrap();
    assert!(peer.suspended && peer.endpoints == ["[::1]:1"]);
    assert!(peers::remove(&mut tx, partner(1)).await.unwrap());
    assert_eq!(peers::find(&tx, partner(1)).await.unwrap(), None);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn each_recipient_has_its_own_numbers_in_each_log(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    for (log, to, nth) in [(1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1), (1, 1, 3)] {
        assert_eq!(recipients::next_nth(&mut tx, log, partner(to)).await.unwrap(), nth);
    }
    drop(tx);
    // An append that fails takes no number.
    let mut tx = db.begin().await.unwrap();
    assert_eq!(recipients::next_nth(&mut tx, 1, partner(1)).await.unwrap(), 1);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn named_entries_wait_until_acknowledged_and_carried_ones_are_dropped(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let own =
        |byte, nth| Recipient { partner: partner(byte), nth: Some(nth), delivered: false, kept_until: None };
    let carried = |byte, until| Recipient {
        partner: partner(byte),
        nth: None,
        delivered: false,
        kept_until: Some(Timestamp::from_millis(until)),
    };
    recipients::add(&mut tx, 1, 4, &own(1, 1)).await.unwrap();
    recipients::add(&mut tx, 1, 9, &own(1, 2)).await.unwrap();
    recipients::add(&mut tx, 1, 9, &own(2, 1)).await.unwrap();
    recipients::add(&mut tx, 7, 0, &carried(1, 50)).await.unwrap();
    recipients::add(&mut tx, 7, 0, &carried(2, 99)).await.unwrap();
    assert_eq!(recipients::of_entry(&tx, 1, 9).await.unwrap(), [own(1, 2), own(2, 1)]);
    for (size, to, nth) in [(4, 1, 0), (5, 1, 1), (9, 1, 1), (10, 1, 2), (9, 2, 0), (10, 2, 1), (10, 3, 0)] {
        assert_eq!(recipients::nth_below(&tx, 1, partner(to), size).await.unwrap(), nth, "{size}");
    }
    assert_eq!(recipients::for_partner(&tx, 1, partner(1), 0..9).await.unwrap(), [4]);
    assert_eq!(recipients::waiting_for(&tx, 1, partner(1), 9).await.unwrap(), [4, 9]);
    recipients::acknowledge(&mut tx, 1, partner(1), 9).await.unwrap();
    assert_eq!(recipients::waiting_for(&tx, 1, partner(1), 9).await.unwrap(), [9]);

    let due = recipients::carried_due(&tx, Timestamp::from_millis(50), 9).await.unwrap();
    assert_eq!(due, [(7, 0, partner(1))]);
    assert!(!recipients::remove(&mut tx, 7, 0, partner(1)).await.unwrap());
    recipients::acknowledge(&mut tx, 7, partner(2), 1).await.unwrap();
    let due = recipients::carried_due(&tx, Timestamp::from_millis(50), 9).await.unwrap();
    assert_eq!(due, [(7, 0, partner(2))]);
    assert!(recipients::remove(&mut tx, 7, 0, partner(2)).await.unwrap());
    recipients::remove_all(&mut tx, 1, 9).await.unwrap();
    assert_eq!(recipients::of_entry(&tx, 1, 9).await.unwrap(), []);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn missing_numbers_show_as_gaps_between_their_neighbours(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    assert_eq!(received::gaps(&tx, 1, 9).await.unwrap(), []);
    for (nth, index) in [(2, 10), (3, 11), (6, 40)] {
        assert!(received::add(&mut tx, 1, nth, index).await.unwrap());
    }
    assert!(received::add(&mut tx, 1, 3, 11).await.unwrap());
    assert!(!received::add(&mut tx, 1, 3, 12).await.unwrap());
    let known = [
        Gap { first: 1, last: 1, after: None, before: 10 },
        Gap { first: 4, last: 5, after: Some(11), before: 40 },
    ];
    assert_eq!(received::gaps(&tx, 1, 9).await.unwrap(), known);
    // What the author says that there are, once so much of the log is here.
    for (told, size, last) in [((50, 6), 50, None), ((60, 8), 59, None), ((60, 8), 60, Some(8))] {
        received::note_told(&mut tx, 1, told.0, told.1).await.unwrap();
        let last = last.map(|last| Gap { first: 7, last, after: Some(40), before: 60 });
        assert_eq!(received::left_out(&tx, 1, size).await.unwrap(), last);
    }
    received::note_told(&mut tx, 1, 70, 7).await.unwrap();
    assert_eq!(received::told(&tx, 1).await.unwrap(), Some((60, 8)));
    received::note_told(&mut tx, 2, 30, 2).await.unwrap();
    let all = Gap { first: 1, last: 2, after: None, before: 30 };
    assert_eq!(received::left_out(&tx, 2, 99).await.unwrap(), Some(all));
    assert_eq!(received::highest(&tx, 1).await.unwrap(), Some((6, 40)));
    assert_eq!(received::highest(&tx, 2).await.unwrap(), None);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn every_withdrawal_of_an_id_is_kept_in_log_order(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    withdrawals::add(&mut tx, 1, 7, "withdrawn", &[record(1), record(2)]).await.unwrap();
    withdrawals::add(&mut tx, 1, 9, "expired", &[record(2)]).await.unwrap();
    withdrawals::add(&mut tx, 2, 3, "", &[record(3)]).await.unwrap();
    let second = withdrawals::find(&tx, &[1, 2], record(2)).await.unwrap().unwrap();
    assert_eq!((second.by_index, second.reason.as_str()), (7, "withdrawn"));
    let all = withdrawals::among(&tx, &[1, 2], &[record(2)]).await.unwrap();
    assert_eq!(all.iter().map(|w| w.by_index).collect::<Vec<_>>(), [7, 9]);
    let among = withdrawals::among(&tx, &[1, 2], &[record(3), record(4), record(1)]).await.unwrap();
    assert_eq!(among.iter().map(|w| w.id).collect::<Vec<_>>(), [record(1), record(3)]);
    assert_eq!(withdrawals::find(&tx, &[2], record(1)).await.unwrap(), None);
    assert_eq!(withdrawals::newest_index(&tx, 1).await.unwrap(), Some(9));
    assert_eq!(withdrawals::newest_index(&tx, 3).await.unwrap(), None);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_was_made_from_a_record_is_found_by_it(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    withdrawals::add_sources(&mut tx, 1, 5, &[record(1), record(2)]).await.unwrap();
    withdrawals::add_sources(&mut tx, 2, 6, &[record(1)]).await.unwrap();
    withdrawals::add_sources(&mut tx, 2, 6, &[]).await.unwrap();
    assert_eq!(withdrawals::made_from(&tx, record(1)).await.unwrap(), [(1, 5), (2, 6)]);
    assert_eq!(withdrawals::sources_of(&tx, 1, 5).await.unwrap(), [record(1), record(2)]);
    withdrawals::remove_sources(&mut tx, 1, 5).await.unwrap();
    assert_eq!(withdrawals::made_from(&tx, record(2)).await.unwrap(), []);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn receipts_are_cumulative_and_never_go_back(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let log = LogId::new(partner(9), 1);
    let receipt = |size| Receipt {
        holder: partner(1),
        log,
        size,
        erased_at: Timestamp::from_millis(10),
        backups_by: Timestamp::from_millis(20),
    };
    for size in [5, 8, 6] {
        withdrawals::add_receipt(&mut tx, &receipt(size)).await.unwrap();
    }
    assert_eq!(withdrawals::receipts(&tx, log).await.unwrap(), [receipt(8)]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test(flavor = "multi_thread")]
async fn t08_racing_cosigners_never_go_back(#[case] place: Place) {
    let db = place.open().await;
    let tasks: Vec<_> = (0..200_u64)
        .map(|n| {
            let db = db.clone();
            let size = 1 + n % 2 * 50 + n / 2 % 50;
            tokio::spawn(async move {
                let last = cosigned::last(&db, Role::Witness, "o").await?;
                let signed = db
                    .write(move |tx| {
                        Box::pin(async move {
                            cosigned::advance(tx, Role::Witness, "o", last, (size, [1; 32])).await
                        })
                    })
                    .await?;
                Ok::<_, StoreError>((signed, last.map_or(0, |l| l.0), size))
            })
        })
        .collect();
    let mut signed = Vec::new();
    for task in tasks {
        let (done, from, to) = task.await.unwrap().unwrap();
        if done {
            signed.push((from, to));
        }
    }
    // Those that passed form one chain that never falls.
    signed.sort_unstable();
    assert!(!signed.is_empty() && signed.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{signed:?}");
    let last = cosigned::last(&db, Role::Witness, "o").await.unwrap();
    assert_eq!(last, Some((signed.last().unwrap().1, [1; 32])));
    assert_eq!(cosigned::last(&db, Role::Mirror, "o").await.unwrap(), None);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn two_roots_of_one_size_are_not_both_cosigned(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let (one, other) = ((5, [1; 32]), (5, [2; 32]));
    assert!(cosigned::advance(&mut tx, Role::Mirror, "o", None, one).await.unwrap());
    assert!(cosigned::advance(&mut tx, Role::Mirror, "o", Some(one), one).await.unwrap());
    assert!(!cosigned::advance(&mut tx, Role::Mirror, "o", Some(one), other).await.unwrap());
    assert!(!cosigned::advance(&mut tx, Role::Mirror, "o", None, (9, [3; 32])).await.unwrap());
    assert!(!cosigned::advance(&mut tx, Role::Mirror, "o", Some(one), (4, [3; 32])).await.unwrap());
    assert_eq!(cosigned::last(&tx, Role::Mirror, "o").await.unwrap(), Some(one));
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_blob_goes_with_the_last_record_that_names_it(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let blob = |byte, size| BlobName { hash: BlobHash::from([byte; 32]), size };
    // A record that lies about the size doesn't hide the blob from one that doesn't.
    blobs::add(&mut tx, 9, 0, blob(1, 1)).await.unwrap();
    blobs::add(&mut tx, 1, 5, blob(1, 100)).await.unwrap();
    blobs::add(&mut tx, 1, 5, blob(2, 10)).await.unwrap();
    blobs::add(&mut tx, 2, 6, blob(1, 100)).await.unwrap();
    assert_eq!(blobs::wanted(&tx, None, 9).await.unwrap(), [blob(1, 1), blob(1, 100), blob(2, 10)]);
    blobs::set_held(&mut tx, blob(1, 100), true).await.unwrap();
    assert_eq!(blobs::held(&tx, blob(1, 0).hash).await.unwrap(), Some(blob(1, 100)));
    assert_eq!(blobs::held(&tx, blob(2, 0).hash).await.unwrap(), None);
    assert_eq!(blobs::uses(&tx, blob(1, 0).hash).await.unwrap(), [(1, 5), (2, 6), (9, 0)]);
    assert_eq!(blobs::sizes(&tx, blob(1, 0).hash).await.unwrap(), [1, 100]);
    assert_eq!(blobs::bytes_of_log(&tx, 1).await.unwrap(), 100);
    assert_eq!(blobs::bytes_of_log(&tx, 3).await.unwrap(), 0);
    assert_eq!(blobs::release(&mut tx, 1, 5).await.unwrap(), [blob(2, 10)]);
    assert_eq!(blobs::release(&mut tx, 9, 0).await.unwrap(), []);
    assert_eq!(blobs::release(&mut tx, 2, 6).await.unwrap(), [blob(1, 100)]);
    assert_eq!(blobs::wanted(&tx, None, 9).await.unwrap(), []);
    // Nor does the lie keep the bytes when the record that doesn't lie goes first.
    blobs::add(&mut tx, 1, 7, blob(3, 100)).await.unwrap();
    blobs::add(&mut tx, 9, 1, blob(3, 1)).await.unwrap();
    assert!(blobs::arrived(&mut tx, blob(3, 100)).await.unwrap());
    assert_eq!(blobs::release(&mut tx, 1, 7).await.unwrap(), [blob(3, 100)]);
    // Bytes that come too late for their record are not held.
    assert!(!blobs::arrived(&mut tx, blob(3, 100)).await.unwrap());
    assert_eq!(blobs::held(&tx, blob(3, 0).hash).await.unwrap(), None);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn an_upload_that_no_record_names_can_be_forgotten(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let (named, unnamed) =
        (BlobName { hash: [1; 32].into(), size: 5 }, BlobName { hash: [2; 32].into(), size: 6 });
    for blob in [named, unnamed] {
        blobs::set_held(&mut tx, blob, true).await.unwrap();
    }
    blobs::add(&mut tx, 1, 5, named).await.unwrap();
    assert_eq!(blobs::unnamed(&tx, 9).await.unwrap(), [unnamed]);
    assert!(!blobs::forget(&mut tx, named).await.unwrap());
    assert!(blobs::forget(&mut tx, unnamed).await.unwrap());
    assert!(blobs::sizes(&tx, unnamed.hash).await.unwrap().is_empty());
    assert_eq!(blobs::held(&tx, named.hash).await.unwrap(), Some(named));
}
