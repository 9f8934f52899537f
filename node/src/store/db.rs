//! The database: one writer, many readers, two drivers.
//!
//! This module and its children are the only ones that name a driver. A write transaction has the whole database for
//! itself on both: SQLite by its one write connection and BEGIN IMMEDIATE, PostgreSQL by one write connection and a lock on
//! the empty table `writer`, which also keeps out other processes on the same database. So what a transaction has
//! read stays true until it commits, and behaviour is the same on both.

mod copy;
mod postgres;
mod sqlite;
mod tx;

use std::{future::Future, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sqlx::{
    AssertSqlSafe, Database, Encode, FromRow, PgPool, Postgres, SqlSafeStr, SqlStr, Sqlite, SqlitePool, Type,
    postgres::PgRow, sqlite::SqliteRow,
};
use tokio_util::task::TaskTracker;

use self::tx::Inner;
pub use self::tx::Tx;
use super::{Alarm, OpenOptions, StoreError, Value, migrate};

/// How long a write waits for its turn, and a statement for its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A row's typed form; `#[derive(sqlx::FromRow)]` and tuples serve both databases.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static
{}

/// The node's database; clones share it.
#[derive(Clone, Debug)]
pub struct Db(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pools: Pools,
    alarm: Alarm,
    tasks: TaskTracker,
}

#[derive(Debug)]
pub(super) enum Pools {
    Sqlite { read: SqlitePool, write: SqlitePool },
    Postgres { read: PgPool, write: PgPool },
}

/// What reads: a [`Db`] (each query for itself) or a [`Tx`] (all of one moment, own writes included).
pub trait Query: Sync {
    /// Runs a query; `rows`, `row`, `row_opt` and `select::Select` lead here.
    fn fetch<T: Row>(
        &self,
        sql: SqlText,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send;

    /// All rows of a query.
    fn rows<T: Row>(
        &self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<T>, StoreError>> + Send {
        self.fetch(SqlText::Fixed(sql), args)
    }

    /// The row of a query that always has one.
    fn row<T: Row>(
        &self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        async move { self.row_opt(sql, args).await?.ok_or(StoreError::Database(sqlx::Error::RowNotFound)) }
    }

    /// The first row of a query, if it has any.
    fn row_opt<T: Row>(
        &self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<Option<T>, StoreError>> + Send {
        async move { Ok(self.rows(sql, args).await?.into_iter().next()) }
    }
}

/// SQL that is a literal or was joined from literals.
#[derive(Clone, Debug)]
pub enum SqlText {
    /// A literal with `$1`, `$2`, …
    Fixed(&'static str),
    /// Joined from literals, with a `?` for each value. SQLite's driver looks numbered ones up by name, each time
    /// through all of them: a statement of many rows would spend most of its time there.
    Joined(Arc<str>),
}

/// What differs between the drivers before a statement runs.
trait Driver: Database {
    /// A statement as its database reads it.
    fn text(sql: SqlText) -> SqlStr;

    /// The arguments of a statement.
    fn bound(args: Vec<Value>) -> Result<Self::Arguments, sqlx::Error>;

    /// How many rows a statement changed.
    fn touched(done: &Self::QueryResult) -> u64;
}

impl Driver for Sqlite {
    fn text(sql: SqlText) -> SqlStr {
        match sql {
            SqlText::Fixed(sql) => sql.into_sql_str(),
            SqlText::Joined(sql) => AssertSqlSafe(sql).into_sql_str(),
        }
    }

    fn bound(args: Vec<Value>) -> Result<Self::Arguments, sqlx::Error> {
        bound::<Self>(args)
    }

    fn touched(done: &Self::QueryResult) -> u64 {
        done.rows_affected()
    }
}

impl Driver for Postgres {
    /// With `$1`, `$2`, … in place of each `?`.
    fn text(sql: SqlText) -> SqlStr {
        let sql = match sql {
            SqlText::Fixed(sql) => return sql.into_sql_str(),
            SqlText::Joined(sql) => sql,
        };
        let mut numbered = String::with_capacity(sql.len() * 2);
        for (nth, part) in sql.split('?').enumerate() {
            if nth > 0 {
                numbered.push('$');
                numbered.push_str(&nth.to_string());
            }
            numbered.push_str(part);
        }
        AssertSqlSafe(numbered).into_sql_str()
    }

    fn bound(args: Vec<Value>) -> Result<Self::Arguments, sqlx::Error> {
        bound::<Self>(args)
    }

    fn touched(done: &Self::QueryResult) -> u64 {
        done.rows_affected()
    }
}

impl Db {
    /// Opens a database, checks that acknowledged writes will survive, and brings its schema up to date.
    pub async fn open(options: &OpenOptions) -> Result<Self, StoreError> {
        let pools = if options.url.starts_with("postgres:") || options.url.starts_with("postgresql:") {
            postgres::open(options).await?
        } else {
            sqlite::open(options).await?
        };
        migrate::run(&pools).await?;
        let tasks = TaskTracker::new();
        Ok(Self(Arc::new(Shared { pools, alarm: Alarm::default(), tasks })))
    }

    /// Runs `work` in a write transaction and commits it if it returns `Ok`.
    ///
    /// It runs in a task of its own: a caller that goes away (threats.md F08) leaves no half-open transaction, and what
    /// was begun is finished. `work` must not wait for a network, nor begin another transaction.
    ///
    /// ```
    /// # use volbridge_node::store::{args, Db, StoreError};
    /// # async fn example(db: &Db) -> Result<(), StoreError> {
    /// db.write(|tx| {
    ///     Box::pin(async move { tx.execute("DELETE FROM change WHERE at < $1", args![0_i64]).await })
    /// })
    /// .await
    /// # .map(|_: u64| ()) }
    /// ```
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let db = self.clone();
        let task = self.0.tasks.spawn(async move {
            let mut tx = db.start().await?;
            match work(&mut tx).await {
                Ok(value) => tx.commit().await.map(|()| value).map_err(E::from),
                Err(error) => {
                    tx.rollback().await;
                    Err(error)
                }
            }
        });
        joined(task.await).unwrap_or_else(|stopping| Err(stopping.into()))
    }

    /// Begins a write transaction that rolls back when dropped. Prefer [`Db::write`]: a caller that is dropped in the
    /// middle of this one's statements loses its work.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let db = self.clone();
        // A begin that is dropped halfway could leave an open transaction in the pool; this one always ends.
        let task = self.0.tasks.spawn(async move { db.start().await });
        joined(task.await)?
    }

    /// Begins a transaction that only reads, all of one moment.
    pub async fn snapshot(&self) -> Result<Tx, StoreError> {
        let db = self.clone();
        let task = self.0.tasks.spawn(async move {
            Ok(match &db.0.pools {
                Pools::Sqlite { read, .. } => Inner::Sqlite(read.begin().await?),
                Pools::Postgres { read, .. } => {
                    Inner::Postgres(read.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
                }
            })
        });
        let inner: Result<Inner, StoreError> = joined(task.await)?;
        Ok(Tx::new(inner?, self.clone()))
    }

    /// Did a write to disk fail? Then nothing is written any more until a restart.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.0.alarm.is_raised()
    }

    /// Raised then; files beside the database raise it too.
    #[must_use]
    pub fn alarm(&self) -> Alarm {
        self.0.alarm.clone()
    }

    /// "SQLite" or "PostgreSQL".
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.0.pools {
            Pools::Sqlite { .. } => "SQLite",
            Pools::Postgres { .. } => "PostgreSQL",
        }
    }

    /// Makes what was deleted or overwritten unreadable on this disk: bytes in the journal, in dead rows, in free pages.
    pub async fn erase_hard(&self) -> Result<(), StoreError> {
        if self.has_failed() {
            return Err(StoreError::Failed);
        }
        let erased = match &self.0.pools {
            Pools::Sqlite { write, .. } => sqlite::erase_hard(write).await,
            Pools::Postgres { write, .. } => postgres::erase_hard(write).await,
        };
        erased.map_err(|error| self.noted(error))
    }

    /// Waits for running transactions, then closes all connections.
    pub async fn close(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
        match &self.0.pools {
            Pools::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres { read, write } => {
                read.close().await;
                write.close().await;
            }
        }
    }

    async fn start(&self) -> Result<Tx, StoreError> {
        if self.has_failed() {
            return Err(StoreError::Failed);
        }
        let inner = match &self.0.pools {
            Pools::Sqlite { write, .. } => write.begin_with("BEGIN IMMEDIATE").await.map(Inner::Sqlite),
            Pools::Postgres { write, .. } => {
                write.begin_with("BEGIN; LOCK TABLE writer IN EXCLUSIVE MODE").await.map(Inner::Postgres)
            }
        };
        Ok(Tx::new(inner.map_err(|error| self.note(error))?, self.clone()))
    }

    /// Takes note of a failed write, so that no later one is acknowledged.
    fn note(&self, error: sqlx::Error) -> StoreError {
        self.noted(error.into())
    }

    fn noted(&self, error: StoreError) -> StoreError {
        if let StoreError::Database(failure) = &error
            && StoreError::is_disk_failure(failure)
        {
            self.0.alarm.raise(failure);
        }
        error
    }
}

fn joined<T>(result: Result<T, tokio::task::JoinError>) -> Result<T, StoreError> {
    result.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => StoreError::Stopping,
    })
}

impl Query for Db {
    async fn fetch<T: Row>(&self, sql: SqlText, args: Vec<Value>) -> Result<Vec<T>, StoreError> {
        Ok(match &self.0.pools {
            Pools::Sqlite { read, .. } => {
                sqlx::query_as_with(Sqlite::text(sql), Sqlite::bound(args)?).fetch_all(read).await?
            }
            Pools::Postgres { read, .. } => {
                sqlx::query_as_with(Postgres::text(sql), Postgres::bound(args)?).fetch_all(read).await?
            }
        })
    }
}

fn bound<DB: Database>(args: Vec<Value>) -> Result<DB::Arguments, sqlx::Error>
where
    Option<String>: for<'e> Encode<'e, DB> + Type<DB>,
    Option<i64>: for<'e> Encode<'e, DB> + Type<DB>,
    Option<Vec<u8>>: for<'e> Encode<'e, DB> + Type<DB>,
    Option<bool>: for<'e> Encode<'e, DB> + Type<DB>,
    Option<f64>: for<'e> Encode<'e, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    for value in args {
        let added = match value {
            Value::Text(v) => sqlx::Arguments::add(&mut arguments, v),
            Value::Int(v) => sqlx::Arguments::add(&mut arguments, v),
            Value::Bytes(v) => sqlx::Arguments::add(&mut arguments, v),
            Value::Bool(v) => sqlx::Arguments::add(&mut arguments, v),
            Value::Real(v) => sqlx::Arguments::add(&mut arguments, v),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
