//! Db and Tx themselves.

use futures::future::BoxFuture;
use rstest::rstest;
use volbridge_node::store::{Db, OpenOptions, Query, StoreError, Tx, Value, args, migrate, select::Select};

use crate::place::{Place, postgres, sqlite};

const INSERT: &str = "INSERT INTO refusal (number, at, partner, entry_index, code, field)";

fn refusal(number: i64) -> Vec<Value> {
    args![number, 5_i64, [7_u8; 32], -1_i64, "id.malformed", "subject"]
}

async fn count(on: &impl Query) -> i64 {
    on.row::<(i64,)>("SELECT count(*) FROM refusal", args![]).await.unwrap().0
}

/// Writes these refusals in one transaction.
async fn write(db: &Db, numbers: Vec<i64>) -> Result<u64, StoreError> {
    db.write(|tx| insert(tx, numbers)).await
}

fn insert(tx: &mut Tx, numbers: Vec<i64>) -> BoxFuture<'_, Result<u64, StoreError>> {
    Box::pin(async move {
        let mut inserted = 0;
        for number in numbers {
            inserted += tx.insert_rows(INSERT, "", vec![refusal(number)]).await?;
        }
        Ok(inserted)
    })
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_is_committed_is_there_and_what_is_dropped_is_not(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    tx.insert_rows(INSERT, "", vec![refusal(1), refusal(2)]).await.unwrap();
    assert_eq!(count(&tx).await, 2);
    assert_eq!(count(&db).await, 0);
    drop(tx);

    let mut tx = db.begin().await.unwrap();
    assert_eq!(count(&tx).await, 0);
    tx.insert_rows(INSERT, "", vec![refusal(3)]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, 1);
    db.close().await;
    assert_eq!(count(&place.open().await).await, 1);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn an_error_in_a_write_rolls_it_back(#[case] place: Place) {
    let db = place.open().await;
    assert!(write(&db, vec![1, 1]).await.unwrap_err().is_duplicate());
    assert_eq!(count(&db).await, 0);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn many_rows_go_in_whole_and_come_out_in_order(#[case] place: Place) {
    let db = place.open().await;
    let rows: Vec<_> = (0..5_000).map(refusal).collect();
    let inserted: Result<u64, StoreError> =
        db.write(|tx| Box::pin(async move { tx.insert_rows(INSERT, "", rows).await })).await;
    assert_eq!(inserted.unwrap(), 5_000);
    let numbers: Vec<(i64, Vec<u8>, String)> = db
        .rows(
            "SELECT number, partner, code FROM refusal WHERE number >= $1 ORDER BY number",
            args![4_998_i64],
        )
        .await
        .unwrap();
    let expected = |number| (number, vec![7; 32], "id.malformed".to_owned());
    assert_eq!(numbers, [expected(4_998), expected(4_999)]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn nulls_of_every_type_go_in_and_out(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let insert = "INSERT INTO peer (partner, endpoints, descriptor, admitted_at, suspended)";
    let rows = vec![
        args![[1_u8; 32], "[]", None::<Vec<u8>>, 5_i64, true],
        args![[2_u8; 32], "[]", [9_u8], 6_i64, false],
    ];
    tx.insert_rows(insert, "ON CONFLICT (partner) DO UPDATE SET descriptor = excluded.descriptor", rows)
        .await
        .unwrap();
    let rows: Vec<(Option<Vec<u8>>, i64, bool)> = tx
        .rows("SELECT descriptor, admitted_at, suspended FROM peer ORDER BY partner", args![])
        .await
        .unwrap();
    assert_eq!(rows, [(None, 5, true), (Some(vec![9]), 6, false)]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn optional_filters_and_lists_select_what_they_say(#[case] place: Place) {
    let db = place.open().await;
    write(&db, (1..=9).collect()).await.unwrap();
    let mut select = Select::new("SELECT number FROM refusal WHERE at = ?", args![5_i64]);
    select.add_list(" AND number IN ", args![2_i64, 3_i64, 99_i64]);
    select.add_some(" AND number > ?", Some(2_i64)).add_some(" AND number < ?", None::<i64>);
    assert_eq!(select.rows::<(i64,)>(&db).await.unwrap(), [(3,)]);
    let mut select = Select::new("SELECT number FROM refusal WHERE", args![]);
    select.add_list(" number IN ", args![]);
    assert_eq!(select.rows::<(i64,)>(&db).await.unwrap(), []);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test(flavor = "multi_thread")]
async fn a_write_sees_all_earlier_writes_so_that_numbers_never_clash(#[case] place: Place) {
    let db = place.open().await;
    let other = place.open().await;
    let writers: Vec<_> = (0..40)
        .map(|n| {
            let db = if n % 2 == 0 { db.clone() } else { other.clone() };
            tokio::spawn(async move { db.write(insert_next).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(count(&db).await, 40);
}

fn insert_next(tx: &mut Tx) -> BoxFuture<'_, Result<u64, StoreError>> {
    Box::pin(async move {
        let (next,) = tx.row("SELECT coalesce(max(number), 0) + 1 FROM refusal", args![]).await?;
        tx.insert_rows(INSERT, "", vec![refusal(next)]).await
    })
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test(flavor = "multi_thread")]
async fn f08_a_caller_that_goes_away_leaves_no_open_transaction(#[case] place: Place) {
    let db = place.open().await;
    for number in 1..=200_i64 {
        let db = db.clone();
        let caller = tokio::spawn(async move {
            if number % 2 == 0 {
                write(&db, vec![number * 2, number * 2 + 1]).await.unwrap();
            } else {
                let mut tx = db.begin().await.unwrap();
                insert(&mut tx, vec![-number]).await.unwrap();
                std::future::pending::<()>().await;
            }
        });
        for _ in 0..number % 23 {
            tokio::task::yield_now().await;
        }
        caller.abort();
        let _ = caller.await;
    }
    // The next writer gets its turn, finds a clean connection, and every write before it is whole or absent.
    let mut tx = db.begin().await.unwrap();
    let rows: Vec<(i64,)> = tx.rows("SELECT number FROM refusal ORDER BY number", args![]).await.unwrap();
    assert!(rows.iter().all(|(n,)| *n >= 0), "{rows:?}");
    assert!(rows.chunks(2).all(|pair| pair[1].0 == pair[0].0 + 1), "{rows:?}");
    insert(&mut tx, vec![100_000]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, i64::try_from(rows.len()).unwrap() + 1);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_snapshot_stays_at_its_moment_and_readers_cannot_write(#[case] place: Place) {
    let db = place.open().await;
    let mut snapshot = db.snapshot().await.unwrap();
    assert_eq!(count(&snapshot).await, 0);
    write(&db, vec![1]).await.unwrap();
    assert_eq!(count(&snapshot).await, 0);
    assert_eq!(count(&db).await, 1);
    assert!(insert(&mut snapshot, vec![2]).await.is_err());
    drop(snapshot);
    let written = db.rows::<(i64,)>("DELETE FROM refusal RETURNING number", args![]).await;
    assert!(written.is_err());
    assert_eq!(count(&db).await, 1);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn f16_a_database_of_a_newer_program_is_refused_untouched(#[case] place: Place) {
    let db = place.open().await;
    let mut tx = db.begin().await.unwrap();
    let insert = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)";
    tx.insert_rows(insert, "", vec![args![9_999_i64, "future", true, [0_u8; 48], 1_i64]]).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
    let refused = Db::open(&OpenOptions::new(place.url()).fast()).await.unwrap_err();
    let StoreError::NewerSchema { found, known } = refused else { panic!("{refused}") };
    assert_eq!((found, known), (9_999, migrate::known_version()));
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn f02_a_database_that_would_lose_writes_is_refused(#[case] place: Place) {
    let opened = Db::open(&OpenOptions::new(place.url())).await;
    match place {
        Place::Sqlite(_) => drop(opened.unwrap()),
        // The test server runs with fsync = off.
        Place::Postgres(_) => {
            let refused = opened.unwrap_err();
            assert!(matches!(refused, StoreError::NotDurable { setting: "fsync", .. }), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_of_ours_is_refused() {
    let place = sqlite();
    std::fs::write(place.url(), b"SQLite format 3\0 but not really").unwrap();
    assert!(matches!(Db::open(&OpenOptions::new(place.url())).await, Err(StoreError::Unusable { .. })));
}
