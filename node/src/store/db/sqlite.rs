//! SQLite: one file in WAL mode. Measured in power-cut trials: only `synchronous=FULL` lost nothing acknowledged.

use futures::FutureExt as _;
use sqlx::{
    Connection, SqliteConnection, SqlitePool,
    pool::PoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{OpenOptions, PATIENCE, Pools};
use crate::store::StoreError;

/// "Volb": marks the file as ours, for `file` and for us.
const APPLICATION_ID: i64 = 0x566f_6c62;

/// In KiB, below zero: the indexes' inner pages and the leaves that are being filled stay in memory.
const WRITER_CACHE: &str = "-32768";

/// The same of each reader; the system caches the file too.
const READER_CACHE: &str = "-4096";

/// Bytes of a page, in files that are made from now on: a listing fills a sixth of one.
const PAGE: u32 = 8_192;

/// Rows that the driver's thread reads ahead of who asked: a range of entries without a pause.
const ROWS: usize = 512;

pub(super) async fn open(options: &OpenOptions) -> Result<Pools, StoreError> {
    let path = options.url.strip_prefix("sqlite:").unwrap_or(&options.url);
    let path = path.strip_prefix("//").unwrap_or(path);
    let unusable = |why: String| StoreError::Unusable { url: path.to_owned(), why };
    let synchronous = if options.durable { SqliteSynchronous::Full } else { SqliteSynchronous::Off };
    let base = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(options.busy)
        .foreign_keys(true)
        .synchronous(synchronous)
        .pragma("secure_delete", "ON")
        .page_size(PAGE)
        .pragma("wal_autocheckpoint", "5000")
        .row_buffer_size(ROWS)
        .statement_cache_capacity(256);

    let write_options = base
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("cache_size", WRITER_CACHE);
    let write = lasting_pool().max_connections(1).min_connections(1).connect_with(write_options).await;
    let write = write.map_err(|e| unusable(e.to_string()))?;
    let mut connection = write.acquire().await?;
    mark(&mut connection, &unusable).await?;
    if options.durable {
        require(&mut connection, "synchronous", "2", "2 (FULL)").await?;
    }
    require(&mut connection, "journal_mode", "wal", "wal").await?;
    require(&mut connection, "secure_delete", "1", "1").await?;
    drop(connection);

    let read_options = base.read_only(true).pragma("cache_size", READER_CACHE);
    let read = lasting_pool().max_connections(options.readers.max(1)).connect_with(read_options).await;
    Ok(Pools::Sqlite { read: read.map_err(|e| unusable(e.to_string()))?, write })
}

/// Connections to a file don't go stale: no renewal, and no test before use but one.
fn lasting_pool() -> PoolOptions<sqlx::Sqlite> {
    PoolOptions::new()
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|connection, _| is_clean(connection).boxed())
        .max_lifetime(None)
        .idle_timeout(None)
}

/// SQLite ends a transaction by itself when the disk is full or fails; the driver, whose ROLLBACK then fails, believes for
/// ever that it is in one. Such a connection is closed, and another takes its place (threats.md F04).
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if Connection::is_in_transaction(connection) {
        // Behind a ROLLBACK that still waits for its turn.
        connection.ping().await?;
    }
    Ok(!Connection::is_in_transaction(connection))
}

/// Refuses a file that belongs to another program, marks a new one.
async fn mark(
    connection: &mut SqliteConnection,
    unusable: &impl Fn(String) -> StoreError,
) -> Result<(), StoreError> {
    let id: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    if id == APPLICATION_ID {
        return Ok(());
    }
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_master").fetch_one(&mut *connection).await?;
    if id != 0 || tables != 0 {
        return Err(unusable("is a database of another program".into()));
    }
    // A pragma takes no arguments; this is APPLICATION_ID.
    sqlx::query("PRAGMA application_id = 0x566f6c62").execute(&mut *connection).await?;
    Ok(())
}

async fn require(
    connection: &mut SqliteConnection,
    setting: &'static str,
    value: &str,
    must: &'static str,
) -> Result<(), StoreError> {
    let sql = match setting {
        "synchronous" => "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous",
        "journal_mode" => "SELECT journal_mode FROM pragma_journal_mode",
        _ => "SELECT CAST(secure_delete AS TEXT) FROM pragma_secure_delete",
    };
    let found: String = sqlx::query_scalar(sql).fetch_one(connection).await?;
    if found == value { Ok(()) } else { Err(StoreError::NotDurable { setting, found, must }) }
}

/// `secure_delete` has zeroed the pages; the journal keeps old ones until it is cut to nothing.
pub(super) async fn erase_hard(write: &SqlitePool) -> Result<(), StoreError> {
    let mut connection = write.acquire().await?;
    let (busy, _, _): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await?;
    if busy == 0 { Ok(()) } else { Err(StoreError::Busy) }
}
