//! Each opening of a person's data: who, for which partner, why, when (threats.md D07). No content.

use volbridge_proto::{PartnerId, RecordId, Timestamp};

use super::{Query, StoreError, Tx, args, column};

/// One opening.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// When.
    pub at: Timestamp,
    /// Which record.
    pub record: RecordId,
    /// For which partner: this node's, or another.
    pub partner: PartnerId,
    /// Who, as the node's API knows them.
    pub actor: String,
    /// Why.
    pub purpose: String,
}

type Raw = (i64, i64, Vec<u8>, Vec<u8>, String, String);

fn typed((number, at, record, partner, actor, purpose): Raw) -> Result<(i64, Opened), StoreError> {
    let opened = Opened {
        at: Timestamp::from_millis(at),
        record: column::id("access", number, &record)?,
        partner: column::id("access", number, &partner)?,
        actor,
        purpose,
    };
    Ok((number, opened))
}

/// Notes an opening, before the data is handed out; returns its number.
pub async fn add(tx: &mut Tx, opened: &Opened) -> Result<i64, StoreError> {
    let (number,): (i64,) = tx.row("SELECT coalesce(max(number), 0) + 1 FROM access", args![]).await?;
    tx.execute(
        "INSERT INTO access (number, at, record, partner, actor, purpose) VALUES ($1, $2, $3, $4, $5, $6)",
        args![number, opened.at, opened.record, opened.partner, &opened.actor, &opened.purpose],
    )
    .await?;
    Ok(number)
}

/// Up to `limit` openings of a record, newest first, below the number `before`.
pub async fn of_record(
    q: &impl Query,
    record: RecordId,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<(i64, Opened)>, StoreError> {
    all(q
        .rows(
            "SELECT number, at, record, partner, actor, purpose FROM access
             WHERE record = $1 AND number < $2 ORDER BY number DESC LIMIT $3",
            args![record, before.unwrap_or(i64::MAX), limit],
        )
        .await?)
}

/// Up to `limit` openings, newest first, below the number `before`.
pub async fn newest(
    q: &impl Query,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<(i64, Opened)>, StoreError> {
    all(q
        .rows(
            "SELECT number, at, record, partner, actor, purpose FROM access
             WHERE number < $1 ORDER BY number DESC LIMIT $2",
            args![before.unwrap_or(i64::MAX), limit],
        )
        .await?)
}

fn all(rows: Vec<Raw>) -> Result<Vec<(i64, Opened)>, StoreError> {
    rows.into_iter().map(typed).collect()
}
