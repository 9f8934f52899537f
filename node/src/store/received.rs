//! Named records that were addressed to this node, by the number that their author gave them (protocol section 2).

use super::{Query, StoreError, Tx, args, column, logs::LogNumber};

/// Numbers that are missing between two that are here, or behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first missing number.
    pub first: u64,
    /// The last missing number.
    pub last: u64,
    /// The index of the record before; `None` at the beginning.
    pub after: Option<u64>,
    /// The index of the record behind; at the end, the size of the log when its author said how many there are.
    pub before: u64,
}

/// Notes a record. False if another has its number already: then its author has numbered wrongly.
pub async fn add(tx: &mut Tx, log: LogNumber, nth: u64, index: u64) -> Result<bool, StoreError> {
    tx.execute(
        "INSERT INTO received (log, nth, entry_index) VALUES ($1, $2, $3) ON CONFLICT (log, nth) DO NOTHING",
        args![log, nth, index],
    )
    .await?;
    let (kept,): (i64,) =
        tx.row("SELECT entry_index FROM received WHERE log = $1 AND nth = $2", args![log, nth]).await?;
    Ok(column::count("received", log, kept)? == index)
}

/// Whether an entry was addressed to this node.
pub async fn holds(q: &impl Query, log: LogNumber, index: u64) -> Result<bool, StoreError> {
    let row: Option<(i64,)> =
        q.row_opt("SELECT nth FROM received WHERE log = $1 AND entry_index = $2", args![log, index]).await?;
    Ok(row.is_some())
}

/// The highest number that is here, and its index.
pub async fn highest(q: &impl Query, log: LogNumber) -> Result<Option<(u64, u64)>, StoreError> {
    let row: Option<(i64, i64)> = q
        .row_opt("SELECT nth, entry_index FROM received WHERE log = $1 ORDER BY nth DESC LIMIT 1", args![log])
        .await?;
    row.map(|(nth, index)| Ok((column::count("received", log, nth)?, column::count("received", log, index)?)))
        .transpose()
}

/// Up to `limit` gaps, ascending. Whether withdrawn leaves account for them is the caller's to find out.
pub async fn gaps(q: &impl Query, log: LogNumber, limit: u32) -> Result<Vec<Gap>, StoreError> {
    let rows: Vec<(i64, i64, i64, i64)> = q
        .rows(
            "SELECT previous, nth, previous_index, entry_index FROM (
                 SELECT nth, entry_index,
                        lag(nth, 1, CAST(0 AS BIGINT)) OVER (ORDER BY nth) AS previous,
                        lag(entry_index, 1, CAST(-1 AS BIGINT)) OVER (ORDER BY nth) AS previous_index
                 FROM received WHERE log = $1) AS pair
             WHERE nth <> previous + 1 ORDER BY nth LIMIT $2",
            args![log, limit],
        )
        .await?;
    rows.into_iter()
        .map(|(previous, nth, previous_index, index)| {
            Ok(Gap {
                first: column::count("received", log, previous + 1)?,
                last: column::count("received", log, nth - 1)?,
                after: u64::try_from(previous_index).ok(),
                before: column::count("received", log, index)?,
            })
        })
        .collect()
}

/// The author says that of its log's entries below `size` so many are for this node. Kept if it is more than before.
pub async fn note_told(tx: &mut Tx, log: LogNumber, size: u64, nth: u64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO told (log, size, nth) VALUES ($1, $2, $3)
         ON CONFLICT (log) DO UPDATE SET size = excluded.size, nth = excluded.nth WHERE excluded.nth > told.nth",
        args![log, size, nth],
    )
    .await?;
    Ok(())
}

/// How many records are for this node, as their author says: the size of its log then, and the number.
pub async fn told(q: &impl Query, log: LogNumber) -> Result<Option<(u64, u64)>, StoreError> {
    let row: Option<(i64, i64)> = q.row_opt("SELECT size, nth FROM told WHERE log = $1", args![log]).await?;
    row.map(|(size, nth)| Ok((column::count("told", log, size)?, column::count("told", log, nth)?)))
        .transpose()
}

/// The numbers behind the last one here that the author says there are; none while less of its log is here than
/// it had then.
pub async fn left_out(q: &impl Query, log: LogNumber, size: u64) -> Result<Option<Gap>, StoreError> {
    let Some((before, last)) = told(q, log).await? else { return Ok(None) };
    let highest = highest(q, log).await?;
    let first = highest.map_or(0, |(nth, _)| nth).saturating_add(1);
    let is_missing = last >= first && size >= before;
    Ok(is_missing.then_some(Gap { first, last, after: highest.map(|(_, index)| index), before }))
}
