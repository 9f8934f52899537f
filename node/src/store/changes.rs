//! What happened in the directory, in the order in which it did here: for those who watch, and for the search index.
//!
//! Numbers are shown to everybody who watches, so those of public changes follow each other in steps, and changes of
//! sealed records get numbers in between: nobody else can count them (threats.md T31).

use volbridge_proto::{SubjectId, Timestamp, tlog::entry::Class};

use super::{Query, StoreError, Tx, args, column, logs::LogNumber};

/// From one public change's number to the next.
pub const STEP: i64 = 1 << 20;

/// How many public ones are kept, and what happened between them.
pub const KEPT: i64 = 100_000;

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When it was seen here.
    pub at: Timestamp,
    /// `published`, `revised`, `withdrawn`, …
    pub action: String,
    /// The record's kind.
    pub kind: String,
    /// Its log.
    pub log: LogNumber,
    /// Its place there.
    pub index: u64,
    /// What it is about.
    pub subject: SubjectId,
}

/// Notes changes of records of this class; returns the last one's number.
pub async fn add(tx: &mut Tx, changes: &[Change], class: Class) -> Result<Option<i64>, StoreError> {
    if changes.is_empty() {
        return Ok(None);
    }
    let mut number = last(tx).await?;
    let rows = changes.iter().map(|change| {
        number = match class {
            Class::Public => (number / STEP + 1) * STEP,
            Class::Named => number + 1,
        };
        args![number, change.at, &change.action, &change.kind, change.log, change.index, change.subject]
    });
    tx.insert_rows("INSERT INTO change (number, at, action, kind, log, entry_index, subject)", "", rows)
        .await?;
    tx.execute("DELETE FROM change WHERE number <= $1", args![number - KEPT * STEP]).await?;
    Ok(Some(number))
}

/// The number of the last change; 0 before the first.
pub async fn last(q: &impl Query) -> Result<i64, StoreError> {
    let (number,): (i64,) = q.row("SELECT coalesce(max(number), 0) FROM change", args![]).await?;
    Ok(number)
}

/// Up to `limit` changes above the number `after`, ascending, with their numbers.
pub async fn since(q: &impl Query, after: i64, limit: u32) -> Result<Vec<(i64, Change)>, StoreError> {
    let rows = q
        .rows(
            "SELECT number, at, action, kind, log, entry_index, subject FROM change
             WHERE number > $1 ORDER BY number LIMIT $2",
            args![after, limit],
        )
        .await?;
    rows.into_iter().map(typed).collect()
}

/// Up to `limit` changes, newest first, with their numbers.
pub async fn newest(q: &impl Query, limit: u32) -> Result<Vec<(i64, Change)>, StoreError> {
    let rows = q
        .rows(
            "SELECT number, at, action, kind, log, entry_index, subject FROM change ORDER BY number DESC LIMIT $1",
            args![limit],
        )
        .await?;
    rows.into_iter().map(typed).collect()
}

type Raw = (i64, i64, String, String, i64, i64, Vec<u8>);

fn typed((number, at, action, kind, log, index, subject): Raw) -> Result<(i64, Change), StoreError> {
    let change = Change {
        at: Timestamp::from_millis(at),
        action,
        kind,
        log,
        index: column::count("change", number, index)?,
        subject: column::id("change", number, &subject)?,
    };
    Ok((number, change))
}
