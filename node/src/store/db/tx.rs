//! A transaction over either driver.

use futures::{FutureExt, future::BoxFuture, future::join};
use sqlx::{Executor, IntoArguments, Postgres, Sqlite, Transaction};
use tokio::sync::Mutex;

use super::{Db, Driver, Query, Row, SqlText, copy};
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
    /// Many rows a statement; plain ones go to PostgreSQL by COPY, which parses nothing. The next rows are made while
    /// the database writes. Returns how many rows were inserted (or updated by ON CONFLICT).
    // Boxed: with the iterator's type in it, a future that awaits this one can't be shown to be `Send`.
    pub fn insert_rows<'t>(
        &'t mut self,
        insert: &'static str,
        suffix: &'static str,
        rows: impl IntoIterator<Item = Vec<Value>, IntoIter: Send + 't>,
    ) -> BoxFuture<'t, Result<u64, StoreError>> {
        let mut rows = rows.into_iter().peekable();
        async move {
            let Some(columns) = rows.peek().map(Vec::len) else { return Ok(0) };
            let done = match self.inner.get_mut() {
                Inner::Sqlite(tx) => {
                    let statements = Statements::new(insert, suffix, columns, CHUNK_ROWS, rows);
                    run_all::<Sqlite>(tx, statements).await
                }
                Inner::Postgres(tx) if suffix.is_empty() => copy::rows(tx, insert, rows).await,
                Inner::Postgres(tx) => {
                    let per_statement = (CHUNK_ARGUMENTS / columns.max(1)).max(1);
                    let statements = Statements::new(insert, suffix, columns, per_statement, rows);
                    run_all::<Postgres>(tx, statements).await
                }
            };
            done.map_err(|error| self.db.note(error))
        }
        .boxed()
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
        let statement = std::iter::once((sql, args));
        let result = match self.inner.get_mut() {
            Inner::Sqlite(tx) => run_all::<Sqlite>(tx, statement).await,
            Inner::Postgres(tx) => run_all::<Postgres>(tx, statement).await,
        };
        result.map_err(|error| self.db.note(error))
    }
}

impl Query for Tx {
    async fn fetch<T: Row>(&self, sql: SqlText, args: Vec<Value>) -> Result<Vec<T>, StoreError> {
        let result = match &mut *self.inner.lock().await {
            Inner::Sqlite(tx) => {
                sqlx::query_as_with(Sqlite::text(sql), Sqlite::bound(args)?).fetch_all(&mut **tx).await
            }
            Inner::Postgres(tx) => {
                sqlx::query_as_with(Postgres::text(sql), Postgres::bound(args)?).fetch_all(&mut **tx).await
            }
        };
        result.map_err(|error| self.db.note(error))
    }
}

/// Runs statements one after the other, and makes each ready while the one before it runs.
async fn run_all<DB: Driver>(
    connection: &mut DB::Connection,
    mut statements: impl Iterator<Item = (SqlText, Vec<Value>)>,
) -> Result<u64, sqlx::Error>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
{
    let mut make_ready =
        || statements.next().map(|(sql, args)| Ok((DB::text(sql), DB::bound(args)?))).transpose();
    let (mut next, mut touched) = (make_ready()?, 0);
    while let Some((sql, args)) = next {
        let (done, ready): (_, Result<_, sqlx::Error>) =
            join(sqlx::query_with(sql, args).execute(&mut *connection), async { make_ready() }).await;
        touched += DB::touched(&done?);
        next = ready?;
    }
    Ok(touched)
}

/// Rows as statements of many each.
struct Statements<I> {
    insert: &'static str,
    suffix: &'static str,
    columns: usize,
    per_statement: usize,
    /// Of full ones.
    sql: Option<SqlText>,
    rows: I,
}

impl<I: Iterator<Item = Vec<Value>>> Statements<I> {
    fn new(
        insert: &'static str,
        suffix: &'static str,
        columns: usize,
        per_statement: usize,
        rows: I,
    ) -> Self {
        Self { insert, suffix, columns, per_statement, sql: None, rows }
    }

    /// `INSERT … VALUES (?, ?), (?, ?) …`
    fn sql(&self, rows: usize) -> SqlText {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        let values = vec![row.as_str(); rows].join(", ");
        SqlText::Joined(format!("{} VALUES {values} {}", self.insert, self.suffix).into())
    }
}

impl<I: Iterator<Item = Vec<Value>>> Iterator for Statements<I> {
    type Item = (SqlText, Vec<Value>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut args = Vec::with_capacity(self.per_statement * self.columns);
        args.extend(self.rows.by_ref().take(self.per_statement).flatten());
        let rows = args.len() / self.columns.max(1);
        if rows == 0 {
            return None;
        }
        if rows < self.per_statement {
            return Some((self.sql(rows), args));
        }
        let sql = self.sql.clone().unwrap_or_else(|| self.sql(rows));
        self.sql = Some(sql.clone());
        Some((sql, args))
    }
}
