//! Who gets which named record: recipients of own ones, and of those that are carried for others.
//!
//! Own records are numbered for each recipient within the log's epoch, inside the append (protocol section 2): a
//! recipient that misses a number knows that something is missing.

use std::ops::Range;

use volbridge_proto::{PartnerId, Timestamp};

use super::{Query, StoreError, Tx, args, column, logs::LogNumber};

/// A recipient of an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipient {
    /// Who.
    pub partner: PartnerId,
    /// The entry's number for it; `None` of a carried one.
    pub nth: Option<u64>,
    /// Has it acknowledged?
    pub delivered: bool,
    /// Carried until then; `None`: an own record.
    pub kept_until: Option<Timestamp>,
}

/// Takes the next number of a recipient, from 1. Only within the append that uses it.
pub async fn next_nth(tx: &mut Tx, log: LogNumber, partner: PartnerId) -> Result<u64, StoreError> {
    let (nth,): (i64,) = tx
        .row(
            "INSERT INTO recipient_count (log, partner, nth) VALUES ($1, $2, 1)
             ON CONFLICT (log, partner) DO UPDATE SET nth = recipient_count.nth + 1 RETURNING nth",
            args![log, partner],
        )
        .await?;
    column::count("recipient_count", log, nth)
}

/// How many records of an own log below a size are for a recipient: the `nth` that `Heads` tells it.
pub async fn nth_below(
    q: &impl Query,
    log: LogNumber,
    partner: PartnerId,
    size: u64,
) -> Result<u64, StoreError> {
    let row: Option<(i64,)> = q
        .row_opt(
            "SELECT nth FROM recipient WHERE log = $1 AND partner = $2 AND entry_index < $3
             ORDER BY entry_index DESC LIMIT 1",
            args![log, partner, size],
        )
        .await?;
    column::count("recipient", log, row.map_or(0, |(nth,)| nth))
}

/// Notes a recipient of an entry.
pub async fn add(tx: &mut Tx, log: LogNumber, index: u64, recipient: &Recipient) -> Result<(), StoreError> {
    let kept_until = recipient.kept_until.map_or(0, Timestamp::as_millis);
    tx.execute(
        "INSERT INTO recipient (log, entry_index, partner, nth, delivered, kept_until)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (log, entry_index, partner) DO NOTHING",
        args![log, index, recipient.partner, recipient.nth.unwrap_or(0), recipient.delivered, kept_until],
    )
    .await?;
    Ok(())
}

/// The recipients of an entry.
pub async fn of_entry(q: &impl Query, log: LogNumber, index: u64) -> Result<Vec<Recipient>, StoreError> {
    let rows: Vec<(Vec<u8>, i64, bool, i64)> = q
        .rows(
            "SELECT partner, nth, delivered, kept_until FROM recipient
             WHERE log = $1 AND entry_index = $2 ORDER BY partner",
            args![log, index],
        )
        .await?;
    let key = format!("{log}/{index}");
    rows.into_iter()
        .map(|(partner, nth, delivered, kept_until)| {
            Ok(Recipient {
                partner: column::id("recipient", &key, &partner)?,
                nth: Some(column::count("recipient", &key, nth)?).filter(|nth| *nth > 0),
                delivered,
                kept_until: (kept_until > 0).then(|| Timestamp::from_millis(kept_until)),
            })
        })
        .collect()
}

/// Of a range, the entries for a partner, ascending.
pub async fn for_partner(
    q: &impl Query,
    log: LogNumber,
    partner: PartnerId,
    range: Range<u64>,
) -> Result<Vec<u64>, StoreError> {
    let rows: Vec<(i64,)> = q
        .rows(
            "SELECT entry_index FROM recipient
             WHERE log = $1 AND entry_index >= $2 AND entry_index < $3 AND partner = $4 ORDER BY entry_index",
            args![log, range.start, range.end, partner],
        )
        .await?;
    rows.into_iter().map(|(index,)| column::count("recipient", log, index)).collect()
}

/// Up to `limit` entries that wait for a partner to acknowledge them, ascending.
pub async fn waiting_for(
    q: &impl Query,
    log: LogNumber,
    partner: PartnerId,
    limit: u32,
) -> Result<Vec<u64>, StoreError> {
    let rows: Vec<(i64,)> = q
        .rows(
            "SELECT entry_index FROM recipient WHERE partner = $1 AND log = $2 AND NOT delivered
             ORDER BY entry_index LIMIT $3",
            args![partner, log, limit],
        )
        .await?;
    rows.into_iter().map(|(index,)| column::count("recipient", log, index)).collect()
}

/// A partner has everything of a log below `size`.
pub async fn acknowledge(
    tx: &mut Tx,
    log: LogNumber,
    partner: PartnerId,
    size: u64,
) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE recipient SET delivered = $1
         WHERE partner = $2 AND log = $3 AND entry_index < $4 AND NOT delivered",
        args![true, partner, log, size],
    )
    .await
}

/// Up to `limit` carried entries that are due to be dropped: delivered, or kept long enough.
pub async fn carried_due(
    q: &impl Query,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(LogNumber, u64, PartnerId)>, StoreError> {
    let rows: Vec<(i64, i64, Vec<u8>)> = q
        .rows(
            "SELECT log, entry_index, partner FROM recipient
             WHERE kept_until > 0 AND (kept_until <= $1 OR delivered)
             ORDER BY log, entry_index, partner LIMIT $2",
            args![now, limit],
        )
        .await?;
    rows.into_iter()
        .map(|(log, index, partner)| {
            let key = format!("{log}/{index}");
            Ok((log, column::count("recipient", &key, index)?, column::id("recipient", &key, &partner)?))
        })
        .collect()
}

/// Forgets one recipient of an entry. True if it was the last: then the carrier drops the body.
pub async fn remove(tx: &mut Tx, log: LogNumber, index: u64, partner: PartnerId) -> Result<bool, StoreError> {
    tx.execute(
        "DELETE FROM recipient WHERE log = $1 AND entry_index = $2 AND partner = $3",
        args![log, index, partner],
    )
    .await?;
    Ok(of_entry(tx, log, index).await?.is_empty())
}

/// Forgets all recipients of a withdrawn entry.
pub async fn remove_all(tx: &mut Tx, log: LogNumber, index: u64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM recipient WHERE log = $1 AND entry_index = $2", args![log, index]).await?;
    Ok(())
}
