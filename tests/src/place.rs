//! Where a test's nodes keep their databases; gone with them.

use crate::pg::{PgCluster, PgDatabase};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file in the node's folder.
    Sqlite,
    /// A database of the run's own PostgreSQL server.
    Postgres,
}

/// The database of one node.
#[derive(Debug)]
pub(crate) enum Place {
    Sqlite,
    Postgres(PgDatabase),
}

impl Place {
    pub(crate) fn new(database: Database) -> Self {
        match database {
            Database::Sqlite => Self::Sqlite,
            Database::Postgres => Self::Postgres(PgCluster::shared().database()),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite => "node.db".to_owned(),
            Self::Postgres(database) => database.url(),
        }
    }
}
