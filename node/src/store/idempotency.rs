//! Answers to requests that may come twice: after a lost answer, the same key gets the same entries (threats.md F07).

use volbridge_proto::Timestamp;

use super::{Query, StoreError, Tx, args, column, logs::LogNumber};

/// What was done for a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// SHA-256 of the request: the same key with another request is a conflict.
    pub request: [u8; 32],
    /// Where its entries stand.
    pub log: LogNumber,
    /// The entries that it made, in order.
    pub indexes: Vec<u64>,
    /// When.
    pub at: Timestamp,
}

/// What was done for this key, if anything.
pub async fn find(q: &impl Query, key: &str) -> Result<Option<Done>, StoreError> {
    let row: Option<(Vec<u8>, i64, String, i64)> = q
        .row_opt(
            "SELECT request, log, entry_indexes, at FROM idempotency WHERE idempotency_key = $1",
            args![key],
        )
        .await?;
    row.map(|(request, log, indexes, at)| {
        Ok(Done {
            request: column::id("idempotency", key, &request)?,
            log,
            indexes: column::json("idempotency", key, &indexes)?,
            at: Timestamp::from_millis(at),
        })
    })
    .transpose()
}

/// Remembers it, in the transaction that does it. A key that another request has taken is a duplicate
/// ([`StoreError::is_duplicate`]), and undoes the transaction.
pub async fn remember(tx: &mut Tx, key: &str, done: &Done) -> Result<(), StoreError> {
    let indexes = serde_json::json!(done.indexes).to_string();
    tx.execute(
        "INSERT INTO idempotency (idempotency_key, request, log, entry_indexes, at) VALUES ($1, $2, $3, $4, $5)",
        args![key, done.request, done.log, indexes, done.at],
    )
    .await?;
    Ok(())
}

/// Forgets keys older than `before`; returns how many.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM idempotency WHERE at < $1", args![before]).await
}
