//! F06 and F07: databases that are locked by others, restarted, or cut off while they commit. Whoever asks again with
//! the same key gets everything once.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use rand::RngExt as _;
use rstest::rstest;
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};
use volbridge_proto::{
    Code,
    wire::node::v1::{self as wire, records_client::RecordsClient},
};
use volbridge_tests::{
    Database, Model, Partner, Record,
    model::Refused,
    partner::{BUSY_MS, DURABLE},
    pg::PgCluster,
    pg_proxy::{Cut, PgProxy},
    seed,
    wait::eventually,
};

const NODE: &str = env!("CARGO_BIN_EXE_node-apart");

/// Everybody was told to try again.
fn may_try_again(refused: &[Refused], when: &str) {
    let others: Vec<_> = refused.iter().filter(|refused| refused.code != Some(Code::Unavailable)).collect();
    assert!(others.is_empty(), "{when}: {others:#?}");
}

/// Another process that holds the right to write: this one, since the node has its own.
async fn lock(node: &Partner) -> SqliteConnection {
    let file = SqliteConnectOptions::new().filename(node.folder().join("node.db"));
    let mut connection = file.busy_timeout(Duration::from_secs(30)).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_who_waits_for_another_process_gets_its_turn_or_is_told() {
    let mut node = Partner::start_apart(NODE, "BVF", Database::Sqlite, &[(BUSY_MS, "1500")]).await;
    let mut model = Model::new(&node).await;
    model.listing(2).settle(&node).await;
    // For a while: everybody waits and is served.
    let mut other = lock(&node).await;
    model.listing(20).material(10_000);
    let (refused, ()) = tokio::join!(model.send(&node), async {
        // Not for something: this is how long the other holds it.
        tokio::time::sleep(Duration::from_millis(500)).await;
        sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    });
    assert!(refused.is_empty(), "{refused:#?}");
    model.agrees(&node, "after a short lock").await;
    // For ever: each is told in time, and readers don't notice.
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    model.listing(20).withdrawal();
    let (asked, began) = (model.open(), Instant::now());
    let refused = model.send(&node).await;
    assert_eq!(refused.len(), asked);
    may_try_again(&refused, "locked for ever");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    model.agrees(&node, "while it is locked").await;
    // The other process dies with its lock, and this one too.
    node.kill().await;
    drop(other);
    assert!(node.start_again(NODE, None).await);
    model.agrees(&node, "after the lock").await;
    model.settle(&node).await;
    model.is_whole(&node, "at the end").await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f07_a_withdrawal_whose_answer_was_lost_is_answered_when_it_comes_again(#[case] database: Database) {
    let node = Partner::start("BVF", database).await;
    let organisation = node.organisation().await;
    let listings = [node.listing("One", &organisation).await, node.listing("Two", &organisation).await];
    let withdraw = async |hashes: Vec<Vec<u8>>, subject: Vec<u8>, key: &str| {
        let request = wire::WithdrawRequest {
            hashes,
            subject,
            reason: "withdrawn".to_owned(),
            idempotency_key: key.to_owned(),
        };
        let answer = RecordsClient::new(node.channel()).withdraw(node.staff(request)).await;
        answer.map(|published| Record::from(published.into_inner()))
    };
    let one = || vec![listings[0].hash.clone()];
    let first = withdraw(one(), Vec::new(), "a").await.unwrap();
    assert_eq!(withdraw(one(), Vec::new(), "a").await.unwrap(), first);
    let two = || listings[1].subject.clone();
    let second = withdraw(Vec::new(), two(), "b").await.unwrap();
    assert_eq!(withdraw(Vec::new(), two(), "b").await.unwrap(), second);
    // By another request it was withdrawn already, and one key is one request's.
    let size = node.size().await;
    assert_eq!(withdraw(one(), Vec::new(), "c").await.unwrap_err().message(), Code::RecordErased.text());
    assert_eq!(withdraw(one(), Vec::new(), "b").await.unwrap_err().message(), Code::RecordErased.text());
    assert_eq!(node.size().await, size);
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_each_request_counts_once_when_postgresql_restarts_again_and_again() {
    let mut rng = seed::rng(7);
    let cluster = PgCluster::own();
    let database = cluster.database();
    let settings = [("database.url", database.url()), (DURABLE, "true".to_owned())];
    let settings = settings.each_ref().map(|(key, value)| (*key, value.as_str()));
    let node = Partner::start_with("BVF", Database::Sqlite, &settings).await;
    let mut model = Model::new(&node).await;
    for round in 0..seed::sweep(3) {
        let when = format!("in round {round}");
        let at_once = rng.random_bool(0.5);
        let restarted = tokio::task::spawn_blocking(move || cluster.restart(at_once));
        while !restarted.is_finished() {
            model.listing(8).withdrawal();
            may_try_again(&model.send(&node).await, &when);
        }
        restarted.await.unwrap();
        eventually("it never writes again", async || {
            let refused = model.send(&node).await;
            may_try_again(&refused, &when);
            refused.is_empty()
        })
        .await;
        model.agrees(&node, &when).await;
    }
    model.is_whole(&node, "at the end").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_each_request_counts_once_when_the_answer_to_a_commit_is_lost() {
    let mut rng = seed::rng(70);
    let database = PgCluster::shared().database();
    let proxy = PgProxy::start(&database.url());
    let node = Partner::start_with("BVF", Database::Sqlite, &[("database.url", &proxy.url())]).await;
    let mut model = Model::new(&node).await;
    model.listing(4).settle(&node).await;
    for point in 0..seed::sweep(4) {
        for how in [Cut::Before, Cut::With, Cut::After] {
            let when = format!("at point {point}, {how:?}");
            let before = proxy.cuts();
            proxy.cut(rng.random_range(0..3), how);
            let mut lost = 0;
            while proxy.cuts() == before {
                model.listing(rng.random_range(1..8)).withdrawal().material(rng.random_range(1..40_000));
                let refused = model.send(&node).await;
                may_try_again(&refused, &when);
                lost += refused.len();
            }
            model.agrees(&node, &when).await;
            model.settle(&node).await;
            model.agrees(&node, &when).await;
            println!("{when}: {lost} answers lost");
        }
    }
    model.is_whole(&node, "at the end").await;
}
