//! A transaction over either driver.

use sqlx::{Postgres, Sqlite, Transaction};
use tokio::sync::Mutex;

use super::{Db, Query, Row, SqlText, bound, copy};
use crate::{
    failpoint,
    store::{StoreError, Value},
};

/// PostgreSQL takes 65,535 arguments a statement; some thousand gain nothing more.
const CHUNK_ARGUMENTS: usize = 8_192;

/// Rows of one statement on SQLite: what a statement costs, the way to the driver's thread and back, is then less than
/// what its rows cost.
const CHUNK_ROWS: usize = 64;

/// A transaction. Dropped without [`Tx::commit`], it never happened.
#[derive(Debug)]
pub struct Tx {
    // The lock is never contended: writing takes `&mut self`. It lets reads share `&self` with `Db`'s.
    inner: Mutex<Inner>,
    db: Db,
}

#[derive(Debug)]
pub(super) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) fn new(inner: Inner, db: Db) -> Self {
        Self { inner: Mutex::new(inner), db }
    }

    /// Runs a statement; returns how many rows it touched.
    pub async fn execute(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64, StoreError> {
        self.run(SqlText::Fixed(sql), args).await
    }

    /// Runs one statement for each set of arguments.
    pub async fn execute_many(
        &mut self,
        sql: &'static str,
        sets: impl IntoIterator<Item = Vec<Value>, IntoIter: Send> + Send,
    ) -> Result<u64, StoreError> {
        let mut touched = 0;
        for args in sets {
            touched += self.execute(sql, args).await?;
        }
        Ok(touched)
    }

    /// Inserts rows: `INSERT INTO t (a, b)`, the rows, and what follows VALUES (`ON CONFLICT …` or nothing).
    ///
    /// Many rows a statement; plain ones go to PostgreSQL by COPY, which parses nothing.
    /// Returns how many rows were inserted (or updated by ON CONFLICT).
    pub async fn insert_rows(
        &mut self,
        insert: &'static str,
        suffix: &'static str,
        rows: Vec<Vec<Value>>,
    ) -> Result<u64, StoreError> {
        let Some(columns) = rows.first().map(Vec::len) else { return Ok(0) };
        let per_statement = match self.inner.get_mut() {
            Inner::Sqlite(_) => CHUNK_ROWS,
            Inner::Postgres(tx) if suffix.is_empty() && rows.len() > 1 => {
                return copy::rows(tx, insert, rows).await.map_err(|error| self.db.note(error));
            }
            Inner::Postgres(_) => (CHUNK_ARGUMENTS / columns.max(1)).max(1),
        };
        let mut touched = 0;
        let mut statement = None;
        let mut rows = rows.into_iter();
        loop {
            let chunk: Vec<_> = rows.by_ref().take(per_statement).collect();
            if chunk.is_empty() {
                return Ok(touched);
            }
            let sql = match &statement {
                Some((length, sql)) if *length == chunk.len() => SqlText::clone(sql),
                _ => SqlText::Joined(values(insert, suffix, columns, chunk.len()).into()),
            };
            statement = Some((chunk.len(), sql.clone()));
            touched += self.run(sql, chunk.into_iter().flatten().collect()).await?;
        }
    }

    /// Makes it last. When this returns `Ok`, it is on disk.
    pub async fn commit(self) -> Result<(), StoreError> {
        let Self { inner, db } = self;
        failpoint::pass("commit.before");
        let result = match inner.into_inner() {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Postgres(tx) => tx.commit().await,
        };
        failpoint::pass("commit.after");
        result.map_err(|error| match error {
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => StoreError::Unsure(error),
            error => db.note(error),
        })
    }

    /// Gives up at once instead of when the connection is next used.
    pub async fn rollback(self) {
        let result = match self.inner.into_inner() {
            Inner::Sqlite(tx) => tx.rollback().await,
            Inner::Postgres(tx) => tx.rollback().await,
        };
        if let Err(error) = result {
            tracing::warn!(%error, "a transaction could not be rolled back, its connection is dropped");
        }
    }

    async fn run(&mut self, sql: SqlText, args: Vec<Value>) -> Result<u64, StoreError> {
        let result = match self.inner.get_mut() {
            Inner::Sqlite(tx) => {
                let done =
                    sqlx::query_with(sql.for_sqlite(), bound::<Sqlite>(args)?).execute(&mut **tx).await;
                done.map(|d| d.rows_affected())
            }
            Inner::Postgres(tx) => {
                let done =
                    sqlx::query_with(sql.for_postgres(), bound::<Postgres>(args)?).execute(&mut **tx).await;
                done.map(|d| d.rows_affected())
            }
        };
        result.map_err(|error| self.db.note(error))
    }
}

impl Query for Tx {
    async fn fetch<T: Row>(&self, sql: SqlText, args: Vec<Value>) -> Result<Vec<T>, StoreError> {
        let result = match &mut *self.inner.lock().await {
            Inner::Sqlite(tx) => {
                sqlx::query_as_with(sql.for_sqlite(), bound::<Sqlite>(args)?).fetch_all(&mut **tx).await
            }
            Inner::Postgres(tx) => {
                sqlx::query_as_with(sql.for_postgres(), bound::<Postgres>(args)?).fetch_all(&mut **tx).await
            }
        };
        result.map_err(|error| self.db.note(error))
    }
}

/// `INSERT … VALUES ($1, $2), ($3, $4) …`
fn values(insert: &'static str, suffix: &'static str, columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    format!("{insert} VALUES {} {suffix}", vec![row.as_str(); rows].join(", "))
}
