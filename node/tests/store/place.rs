//! A database of one test.

use volbridge_node::store::{Db, OpenOptions};

use crate::pg::{PgCluster, PgDatabase};

/// Where a test keeps its database; gone with it.
pub enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(PgDatabase),
}

pub fn sqlite() -> Place {
    Place::Sqlite(tempfile::tempdir().unwrap())
}

pub fn postgres() -> Place {
    Place::Postgres(PgCluster::shared().database())
}

impl Place {
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => folder.path().join("node.db").display().to_string(),
            Self::Postgres(database) => database.url(),
        }
    }

    pub async fn open(&self) -> Db {
        Db::open(&OpenOptions::new(self.url()).fast()).await.unwrap()
    }
}
