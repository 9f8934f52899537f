//! A log that rests is signed anew every ten minutes, for as long as it rests: that may not fill anybody's disk.
#![expect(clippy::unwrap_used, reason = "tests")]

use rstest::rstest;
use sqlx::{Connection as _, Executor as _, PgConnection};
use volbridge_node::{
    env::{Env, ManualClock},
    publish::cosign,
    store::{Db, Query as _, args},
};
use volbridge_tests::{Database, Partner, wait::eventually};

const TEN_MINUTES: i64 = 10 * 60 * 1000;

/// Checkpoints of a day.
const CHECKPOINTS: i64 = 144;

/// Of thirty days.
const MONTH: i64 = 30 * 144;

/// What a month may take of a log.
const MOST: i64 = 1_000_000;

/// The bytes of a node's database; on PostgreSQL of its own tables: the catalogue grows and shrinks by itself.
async fn bytes(partner: &Partner) -> i64 {
    pack(partner).await;
    let db: &Db = &partner.node().context().db;
    let size = match db.kind() {
        "SQLite" => {
            "SELECT (c.page_count - f.freelist_count) * s.page_size \
                     FROM pragma_page_count() c, pragma_freelist_count() f, pragma_page_size() s"
        }
        _ => {
            "SELECT CAST(sum(pg_total_relation_size(oid)) AS BIGINT) FROM pg_class \
                 WHERE relkind = 'r' AND relnamespace = CAST('public' AS regnamespace)"
        }
    };
    let (bytes,): (i64,) = db.row(size, args![]).await.unwrap();
    bytes
}

/// Leaves PostgreSQL's tables with what they hold: when it clears replaced rows away, and how many pages that takes
/// meanwhile, depends on what else the machine does.
async fn pack(partner: &Partner) {
    if partner.database_url().starts_with("postgres:") {
        let mut connection = PgConnection::connect(&partner.database_url()).await.unwrap();
        connection.execute("VACUUM FULL").await.unwrap();
        connection.close().await.unwrap();
    }
}

async fn signs(author: &Partner, clock: &ManualClock, follower: &Partner, checkpoints: i64) {
    for _ in 0..checkpoints {
        clock.advance(TEN_MINUTES);
        cosign::sign(author.node().context()).await.unwrap();
    }
    let newest = || author.node().context().heads.get(&author.node().context().own.id).unwrap().checkpoint;
    eventually("the last checkpoint never arrives", async || {
        let heads = follower.node().context().heads.all();
        heads.iter().any(|head| head.log.partner == author.id && head.checkpoint == newest())
    })
    .await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_month_of_checkpoints_takes_less_than_a_megabyte(#[case] database: Database) {
    let (env, clock) = Env::manual(Env::system().now(), 1);
    let author = Partner::start_at("BVF", database, &[], env).await;
    let follower = Partner::start("UNV", database).await;
    author.admit(&follower, None).await;
    follower.admit(&author, None).await;
    follower.follows(&author).await;
    // What grows once, tables' first pages and the space of rows that were replaced, has grown.
    signs(&author, &clock, &follower, CHECKPOINTS).await;
    let before = [bytes(&author).await, bytes(&follower).await];
    signs(&author, &clock, &follower, CHECKPOINTS).await;
    let after = [bytes(&author).await, bytes(&follower).await];
    for (before, after) in before.into_iter().zip(after) {
        let month = (after - before) * MONTH / CHECKPOINTS;
        assert!(month < MOST, "{before} bytes, {after} after {CHECKPOINTS} checkpoints");
    }
}
