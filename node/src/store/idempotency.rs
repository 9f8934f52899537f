//! Answers to requests that may come twice: after a lost answer, the same key gets the same entries (threats.md F07).

use std::collections::BTreeMap;

use volbridge_proto::Timestamp;

use super::{Query, StoreError, Tx, args, column, logs::LogNumber, select::Select};

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

/// What was done for these keys, by key.
pub async fn find(q: &impl Query, keys: &[&str]) -> Result<BTreeMap<String, Done>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in keys.chunks(500) {
        let mut select = Select::new(
            "SELECT idempotency_key, request, log, entry_indexes, at FROM idempotency WHERE",
            args![],
        );
        select.add_list(" idempotency_key IN ", chunk.iter().map(|key| (*key).into()).collect());
        for (key, request, log, indexes, at) in select.rows::<(String, Vec<u8>, i64, String, i64)>(q).await? {
            let done = Done {
                request: column::id("idempotency", &key, &request)?,
                log,
                indexes: column::json("idempotency", &key, &indexes)?,
                at: Timestamp::from_millis(at),
            };
            found.insert(key, done);
        }
    }
    Ok(found)
}

/// Remembers it, in the transaction that does it. A key that another request has taken is a duplicate
/// ([`StoreError::is_duplicate`]), and undoes the transaction.
pub async fn remember(tx: &mut Tx, done: &[(String, Done)]) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO idempotency (idempotency_key, request, log, entry_indexes, at)",
        "",
        done.iter().map(|(key, done)| {
            let indexes = serde_json::json!(done.indexes).to_string();
            args![key, done.request, done.log, indexes, done.at]
        }),
    )
    .await?;
    Ok(())
}

/// Forgets keys older than `before`; returns how many.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM idempotency WHERE at < $1", args![before]).await
}
