//! Rows of what is derived from entries, so that they can be compared with what the entries give (threats.md F12).

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use sqlx::{Decode, FromRow, Row as _, Type, postgres::PgRow, sqlite::SqliteRow};

use super::{Query, StoreError};

/// Tables that [`crate::ingest::rebuild`] writes anew, each with all its rows.
const TABLES: &[(&str, &str)] = &[
    ("partner", "SELECT * FROM partner"),
    ("descriptor", "SELECT * FROM descriptor"),
    ("organisation", "SELECT * FROM organisation"),
    ("listing", "SELECT * FROM listing"),
    ("translation", "SELECT * FROM translation"),
    ("conference", "SELECT * FROM conference"),
    ("material", "SELECT * FROM material"),
    ("agreement", "SELECT * FROM agreement"),
    ("agreement_end", "SELECT * FROM agreement_end"),
    ("handover", "SELECT * FROM handover"),
    ("moved", "SELECT * FROM moved"),
    ("continued", "SELECT * FROM continued"),
    ("profile", "SELECT * FROM profile"),
    ("consent", "SELECT * FROM consent"),
    ("statistics", "SELECT * FROM statistics"),
    ("revision", "SELECT * FROM revision"),
    ("withdrawn", "SELECT * FROM withdrawn"),
    ("erasure_receipt", "SELECT * FROM erasure_receipt"),
    ("blob_use", "SELECT * FROM blob_use"),
];

/// The hashes of the rows of each table.
pub type Rows = BTreeMap<&'static str, BTreeSet<[u8; 32]>>;

/// All rows as they are.
pub async fn rows(on: &impl Query) -> Result<Rows, StoreError> {
    let mut found = Rows::new();
    for (table, select) in TABLES {
        let rows: Vec<Hashed> = on.rows(select, Vec::new()).await?;
        found.insert(table, rows.into_iter().map(|row| row.0).collect());
    }
    Ok(found)
}

/// A row of any columns, hashed.
struct Hashed([u8; 32]);

macro_rules! hashed {
    ($row:ty) => {
        impl<'r> FromRow<'r, $row> for Hashed {
            fn from_row(row: &'r $row) -> Result<Self, sqlx::Error> {
                let mut hash = Sha256::new();
                for place in 0..row.len() {
                    hash.update(cell::<$row>(row, place)?);
                    hash.update([0]);
                }
                Ok(Self(hash.finalize().into()))
            }
        }
    };
}
hashed!(SqliteRow);
hashed!(PgRow);

/// A value of one of the four types that tables have, as text.
fn cell<'r, R: sqlx::Row>(row: &'r R, place: usize) -> Result<String, sqlx::Error>
where
    usize: sqlx::ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    if let Ok(value) = row.try_get::<Option<i64>, _>(place) {
        return Ok(format!("{value:?}"));
    }
    if let Ok(value) = row.try_get::<Option<bool>, _>(place) {
        return Ok(format!("{value:?}"));
    }
    if let Ok(value) = row.try_get::<Option<String>, _>(place) {
        return Ok(format!("{value:?}"));
    }
    row.try_get::<Option<Vec<u8>>, _>(place).map(|value| format!("{value:?}"))
}
