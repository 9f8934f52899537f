//! Everything refused, for the operator: which peer or partner, which index, which rule (threats.md P12).
//! Bounded, because strangers cause these: the newest are kept.

use volbridge_proto::{Code, PartnerId, Timestamp};

use super::{Db, Query, StoreError, Tx, args, column};

/// How many are kept.
pub const KEPT: i64 = 10_000;

/// Something refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// By whose peer, or in whose log.
    pub partner: PartnerId,
    /// Which entry, if it was one.
    pub index: Option<u64>,
    /// The rule's stable name.
    pub code: String,
    /// The field that broke it, or empty.
    pub field: String,
}

/// Notes a refusal; returns its number.
pub async fn add(tx: &mut Tx, refused: &Refused) -> Result<i64, StoreError> {
    let (number,): (i64,) = tx.row("SELECT coalesce(max(number), 0) + 1 FROM refusal", args![]).await?;
    let index = refused.index.map_or(-1, |index| i64::try_from(index).unwrap_or(i64::MAX));
    tx.execute(
        "INSERT INTO refusal (number, at, partner, entry_index, code, field) VALUES ($1, $2, $3, $4, $5, $6)",
        args![number, refused.at, refused.partner, index, &refused.code, &refused.field],
    )
    .await?;
    tx.execute("DELETE FROM refusal WHERE number <= $1", args![number - KEPT]).await?;
    Ok(number)
}

/// Notes a refusal of what a peer did, outside of a transaction.
pub async fn note(db: &Db, at: Timestamp, partner: PartnerId, code: Code) -> Result<(), StoreError> {
    let refused = Refused { at, partner, index: None, code: code.as_str().to_owned(), field: String::new() };
    db.write(move |tx| Box::pin(async move { add(tx, &refused).await.map(drop) })).await
}

/// Up to `limit`, newest first, with their numbers; below the number `before`.
pub async fn newest(
    q: &impl Query,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<(i64, Refused)>, StoreError> {
    let rows: Vec<(i64, i64, Vec<u8>, i64, String, String)> = q
        .rows(
            "SELECT number, at, partner, entry_index, code, field FROM refusal
             WHERE number < $1 ORDER BY number DESC LIMIT $2",
            args![before.unwrap_or(i64::MAX), limit],
        )
        .await?;
    rows.into_iter()
        .map(|(number, at, partner, index, code, field)| {
            let refused = Refused {
                at: Timestamp::from_millis(at),
                partner: column::id("refusal", number, &partner)?,
                index: u64::try_from(index).ok(),
                code,
                field,
            };
            Ok((number, refused))
        })
        .collect()
}
