//! From columns to types that can't be wrong; a value that doesn't fit is damage, and names its row.

use std::fmt::Display;

use super::StoreError;

/// An id or a hash.
pub(super) fn id<T>(table: &'static str, key: impl Display, bytes: &[u8]) -> Result<T, StoreError>
where
    T: for<'a> TryFrom<&'a [u8], Error: Display>,
{
    T::try_from(bytes).map_err(|why| StoreError::corrupt(table, key, why))
}

/// An id or a hash that may be absent.
pub(super) fn optional_id<T>(
    table: &'static str,
    key: impl Display,
    bytes: Option<&[u8]>,
) -> Result<Option<T>, StoreError>
where
    T: for<'a> TryFrom<&'a [u8], Error: Display>,
{
    bytes.map(|bytes| id(table, key, bytes)).transpose()
}

/// A size, an index, a number: never negative.
pub(super) fn count(table: &'static str, key: impl Display, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|why| StoreError::corrupt(table, key, why))
}

/// JSON that this node wrote.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    key: impl Display,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|why| StoreError::corrupt(table, key, why))
}
