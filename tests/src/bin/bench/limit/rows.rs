//! The rows of table `entry`, written the fastest way that the driver knows: many rows a prepared statement on SQLite,
//! binary COPY on PostgreSQL. One transaction a batch, durable when it returns.

use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqlSafeStr as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::receive::Record;
use crate::Outcome;

const INSERT: &str = "INSERT INTO entry (log, entry_index, leaf, id_prefix, state, verdict, body) VALUES ";
const COPY: &str =
    "COPY entry (log, entry_index, leaf, id_prefix, state, verdict, body) FROM STDIN (FORMAT binary)";

/// Rows of one statement on SQLite.
const ROWS: usize = 64;

/// The number of the log that they are stored for.
const LOG: i64 = 1;

/// A connection that writes entries.
pub enum Rows {
    /// To a file, set up as the node's own, with twice its cache.
    Sqlite(Box<SqliteConnection>),
    /// To a server.
    Postgres(Box<PgConnection>),
}

impl Rows {
    /// Opens a database that has the node's tables.
    pub async fn open(url: &str) -> Outcome<Self> {
        if url.starts_with("postgres:") {
            return Ok(Self::Postgres(Box::new(PgConnection::connect(url).await?)));
        }
        let options = SqliteConnectOptions::new()
            .filename(url)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON")
            .pragma("cache_size", "-65536")
            .page_size(8_192)
            .pragma("wal_autocheckpoint", "5000");
        Ok(Self::Sqlite(Box::new(SqliteConnection::connect_with(&options).await?)))
    }

    /// Stores a batch from an index on.
    pub async fn store(&mut self, first: usize, batch: Vec<Record>) -> Outcome<()> {
        let first = i64::try_from(first)?;
        match self {
            Self::Sqlite(connection) => insert(connection, first, batch).await,
            Self::Postgres(connection) => copy(connection, first, batch).await,
        }
    }
}

async fn insert(connection: &mut SqliteConnection, first: i64, batch: Vec<Record>) -> Outcome<()> {
    connection.execute("BEGIN IMMEDIATE").await?;
    let mut index = first;
    let mut records = batch.into_iter();
    loop {
        let rows: Vec<Record> = records.by_ref().take(ROWS).collect();
        if rows.is_empty() {
            break;
        }
        let places = vec!["(?, ?, ?, ?, 0, 0, ?)"; rows.len()].join(", ");
        let sql = AssertSqlSafe(format!("{INSERT}{places}")).into_sql_str();
        let mut statement = sqlx::query(sql);
        for record in rows {
            statement =
                statement.bind(LOG).bind(index).bind(record.leaf).bind(record.prefix).bind(record.body);
            index += 1;
        }
        statement.execute(&mut *connection).await?;
    }
    connection.execute("COMMIT").await?;
    Ok(())
}

async fn copy(connection: &mut PgConnection, first: i64, batch: Vec<Record>) -> Outcome<()> {
    let bytes: usize = batch.iter().map(|record| record.body.len() + 128).sum();
    let mut data = Vec::with_capacity(bytes + 32);
    data.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    let field = |data: &mut Vec<u8>, bytes: &[u8]| -> Outcome<()> {
        data.extend_from_slice(&i32::try_from(bytes.len())?.to_be_bytes());
        data.extend_from_slice(bytes);
        Ok(())
    };
    for (index, record) in (first..).zip(batch) {
        data.extend_from_slice(&7_i16.to_be_bytes());
        field(&mut data, &LOG.to_be_bytes())?;
        field(&mut data, &index.to_be_bytes())?;
        field(&mut data, &record.leaf)?;
        field(&mut data, &record.prefix.to_be_bytes())?;
        field(&mut data, &0_i64.to_be_bytes())?;
        field(&mut data, &0_i64.to_be_bytes())?;
        field(&mut data, &record.body)?;
    }
    data.extend_from_slice(&(-1_i16).to_be_bytes());
    // A statement outside of a transaction is one: committed, and so durable, when it has finished.
    let mut copying = connection.copy_in_raw(COPY).await?;
    copying.send(data).await?;
    copying.finish().await?;
    Ok(())
}
