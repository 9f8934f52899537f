//! What can go wrong with the store. Strangers cause none of these; the message is for the operator.

use std::path::PathBuf;

use volbridge_proto::Code;

use super::alarm::is_full;

/// Why the store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row that can't be: damage, or a fault of ours. Never served.
    #[error("table {table}, row {key}: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key, readable.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// Another writer held the database for too long; nothing was written.
    #[error("the database is busy: no turn to write within the time limit")]
    Busy,
    /// The disk is full; nothing was written.
    #[error("the disk is full")]
    Full,
    /// A write to disk failed earlier. The kernel may have dropped pages, so nothing more is acknowledged
    /// until a restart reads what is really there.
    #[error("a write to disk failed: the node no longer writes until it is restarted")]
    Failed,
    /// The connection broke during COMMIT: it happened or it didn't; reading back tells.
    #[error("the connection broke while committing: read back to see whether it happened")]
    Unsure(#[source] sqlx::Error),
    /// The database was written by a newer program.
    #[error(
        "the database has schema {found}, this program knows up to {known}: run a newer volbridge (the data was not touched)"
    )]
    NewerSchema {
        /// The database's version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// A migration failed; it was rolled back.
    #[error("migration failed, the database is as before: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// The database is set up so that an acknowledged write could be lost.
    #[error("the database would lose acknowledged writes: {setting} is {found}, must be {must}")]
    NotDurable {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        must: &'static str,
    },
    /// The address or the file isn't a database of ours.
    #[error("{url}: {why}")]
    Unusable {
        /// The database, without password.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// Another process uses the data folder.
    #[error("{} is in use by another volbridge process", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// A file of the data folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
    /// Anything else that the database says.
    #[error("database: {0}")]
    Database(#[source] sqlx::Error),
}

/// SQLite's primary result codes that mean something to us.
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_IOERR: i32 = 10;
const SQLITE_FULL: i32 = 13;

impl StoreError {
    /// Shorthand for [`StoreError::Corrupt`].
    #[expect(clippy::needless_pass_by_value, reason = "callers pass numbers, texts and errors as they are")]
    pub fn corrupt(table: &'static str, key: impl ToString, why: impl ToString) -> Self {
        Self::Corrupt { table, key: key.to_string(), why: why.to_string() }
    }

    /// What a caller of the node's API is told.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Corrupt { .. } => Code::StoreCorrupt,
            Self::Stopping => Code::ShuttingDown,
            Self::Full => Code::StoreFull,
            Self::Failed => Code::StoreFailed,
            Self::Database(error) if Self::is_disk_failure(error) => Code::StoreFailed,
            Self::File { source, .. } if is_full(source) => Code::StoreFull,
            error if error.is_passing() => Code::Unavailable,
            _ => Code::Internal,
        }
    }

    /// May the same be tried again, after a while?
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy | Self::Full | Self::Unsure(_) => true,
            Self::Database(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) => true,
            Self::Database(sqlx::Error::Database(e)) => {
                // Class 57: the server is restarting; 40: serialization failure or deadlock.
                e.code().is_some_and(|c| c.starts_with("57") || c.starts_with("40"))
            }
            _ => false,
        }
    }

    /// Does it break a unique key? Then whoever wrote first stands.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(e)) if e.is_unique_violation())
    }

    /// Did a write to disk fail in a way after which nothing can be believed?
    pub(crate) fn is_disk_failure(error: &sqlx::Error) -> bool {
        sqlite_primary(error) == Some(SQLITE_IOERR)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match (&error, sqlite_primary(&error)) {
            (_, Some(SQLITE_BUSY | SQLITE_LOCKED)) | (sqlx::Error::PoolTimedOut, _) => Self::Busy,
            (_, Some(SQLITE_FULL)) => Self::Full,
            (sqlx::Error::PoolClosed, _) => Self::Stopping,
            (sqlx::Error::Database(e), _) => match e.code().as_deref() {
                Some("53100") => Self::Full,
                Some("55P03") => Self::Busy,
                _ => Self::Database(error),
            },
            (sqlx::Error::ColumnDecode { index, source }, _) => Self::corrupt("(query)", index, source),
            _ => Self::Database(error),
        }
    }
}

fn sqlite_primary(error: &sqlx::Error) -> Option<i32> {
    let sqlx::Error::Database(e) = error else { return None };
    let e = e.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    let code: i32 = sqlx::error::DatabaseError::code(e)?.parse().ok()?;
    Some(code & 0xff)
}
