//! The schema: numbered files in `/migrations`, embedded, one set for both databases, only forward.
//!
//! A database that a newer program wrote is refused before anything is touched (threats.md F16).

use sqlx::migrate::{MigrateError, Migrator};

use super::{StoreError, db::Pools};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// The newest schema that this program knows.
#[must_use]
pub fn known_version() -> i64 {
    MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0)
}

/// Brings the schema up to [`known_version`].
pub(super) async fn run(pools: &Pools) -> Result<(), StoreError> {
    let result = match pools {
        Pools::Sqlite { write, .. } => MIGRATIONS.run(write).await,
        Pools::Postgres { write, .. } => MIGRATIONS.run(write).await,
    };
    result.map_err(|error| match error {
        MigrateError::VersionMissing(found) => StoreError::NewerSchema { found, known: known_version() },
        error => StoreError::Migration(error),
    })
}
