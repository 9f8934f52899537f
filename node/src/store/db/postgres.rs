//! PostgreSQL 14 or later. One connection writes, as in SQLite; the others can only read.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};
use sqlx::{
    Executor, PgConnection, PgPool, Row as _,
    pool::{PoolConnectionMetadata, PoolOptions},
    postgres::PgConnectOptions,
};

use super::{OpenOptions, PATIENCE, Pools};
use crate::store::StoreError;

/// A connection that was idle this long is tried before it is used.
const TRIED_AFTER: Duration = Duration::from_millis(500);

pub(super) async fn open(options: &OpenOptions) -> Result<Pools, StoreError> {
    let mut base: PgConnectOptions = options.url.parse().map_err(|e: sqlx::Error| unusable(options, &e))?;
    if let Some(password) = &options.password {
        base = base.password(password);
    }
    let base = base.application_name("volbridge").options([
        ("statement_timeout", "30s"),
        ("lock_timeout", "25s"),
        // A writer that hangs must not keep all other processes out.
        ("idle_in_transaction_session_timeout", "60s"),
        ("synchronous_commit", if options.durable { "on" } else { "off" }),
    ]);

    // Plans that are made while tables are small read them whole, and are kept when they have grown; whatever a writer
    // asks for has an index.
    let write_options = base.clone().options([("enable_seqscan", "off")]);
    let write = pool().max_connections(1).connect_with(write_options).await;
    let write = write.map_err(|e| unusable(options, &e))?;
    let mut connection = write.acquire().await?;
    require(&mut connection, "server_encoding", "UTF8").await?;
    if options.durable {
        require(&mut connection, "fsync", "on").await?;
        require(&mut connection, "full_page_writes", "on").await?;
        require(&mut connection, "synchronous_commit", "on").await?;
    }
    drop(connection);

    let read_options = base.options([("default_transaction_read_only", "on")]);
    let read = pool().max_connections(options.readers.max(1)).connect_with(read_options).await;
    Ok(Pools::Postgres { read: read.map_err(|e| unusable(options, &e))?, write })
}

fn pool() -> PoolOptions<sqlx::Postgres> {
    PoolOptions::new().acquire_timeout(PATIENCE).test_before_acquire(false).before_acquire(is_clean)
}

/// Is the connection alive, and outside of any transaction? One that comes back with an open transaction
/// (a known fault of the driver when a begin is cancelled) is closed.
#[expect(clippy::needless_pass_by_value, reason = "the pool passes it so")]
fn is_clean(
    connection: &mut PgConnection,
    used: PoolConnectionMetadata,
) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
    async move {
        if used.idle_for < TRIED_AFTER && !sqlx::Connection::is_in_transaction(connection) {
            return Ok(true);
        }
        // In one simple query both times are equal, unless a transaction began earlier.
        let row = connection.fetch_one(sqlx::raw_sql("SELECT now() = statement_timestamp()")).await?;
        row.try_get(0)
    }
    .boxed()
}

async fn require(
    connection: &mut PgConnection,
    setting: &'static str,
    must: &'static str,
) -> Result<(), StoreError> {
    let found: String =
        sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(connection).await?;
    if found == must { Ok(()) } else { Err(StoreError::NotDurable { setting, found, must }) }
}

fn unusable(options: &OpenOptions, error: &sqlx::Error) -> StoreError {
    // What stands before the `@` is the user and the password.
    let place = options.url.rsplit_once('@').map_or(options.url.as_str(), |(_, place)| place);
    StoreError::Unusable { url: place.to_owned(), why: error.to_string() }
}

/// VACUUM frees the dead rows' pages and clears what they held; CHECKPOINT lets old journal files go.
/// Copies of the journal (archives, replicas) are the operator's: see the operator's guide.
pub(super) async fn erase_hard(write: &PgPool) -> Result<(), StoreError> {
    let mut connection = write.acquire().await?;
    connection.execute(sqlx::raw_sql("SET statement_timeout = 0")).await?;
    let vacuumed = connection.execute(sqlx::raw_sql("VACUUM entry")).await;
    connection.execute(sqlx::raw_sql("SET statement_timeout = '30s'")).await?;
    vacuumed?;
    match connection.execute(sqlx::raw_sql("CHECKPOINT")).await {
        Ok(_) => Ok(()),
        // Only superusers and members of pg_checkpoint may; the server makes one within minutes.
        Err(sqlx::Error::Database(e)) if e.code().as_deref() == Some("42501") => Ok(()),
        Err(error) => Err(error.into()),
    }
}
