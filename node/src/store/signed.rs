//! Checkpoints with the log's ML-DSA-44 line, by size: when records were logged, and the notes on which
//! cosignatures gather. A busy log has grown when they arrive, so the newest few are kept.

use volbridge_proto::Timestamp;

use super::{Query, StoreError, Tx, args, column, logs::LogNumber};

/// Notes kept of one log. One comes a second at most: cosigners have that many seconds.
const KEPT: u32 = 16;

/// Keeps a signed note, or the same size with more cosignatures. The time of the first stays.
pub async fn keep(
    tx: &mut Tx,
    log: LogNumber,
    size: u64,
    note: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO signed_size (log, size, at, note) VALUES ($1, $2, $3, $4)
         ON CONFLICT (log, size) DO UPDATE SET note = excluded.note",
        args![log, size, at, note],
    )
    .await?;
    tx.execute(
        "UPDATE signed_size SET note = '' WHERE log = $1 AND note <> '' AND size <=
             (SELECT size FROM signed_size WHERE log = $2 ORDER BY size DESC LIMIT 1 OFFSET $3)",
        args![log, log, KEPT],
    )
    .await?;
    Ok(())
}

/// When an entry was logged: the time of the first ML-DSA-44 line seen here that covers it.
pub async fn at(q: &impl Query, log: LogNumber, index: u64) -> Result<Option<Timestamp>, StoreError> {
    let row: Option<(i64,)> = q
        .row_opt(
            "SELECT at FROM signed_size WHERE log = $1 AND size > $2 ORDER BY size LIMIT 1",
            args![log, index],
        )
        .await?;
    Ok(row.map(|(at,)| Timestamp::from_millis(at)))
}

/// The kept notes of sizes above `index`, with their sizes, the newest first.
pub async fn notes(q: &impl Query, log: LogNumber, index: u64) -> Result<Vec<(u64, String)>, StoreError> {
    let rows: Vec<(i64, String)> = q
        .rows(
            "SELECT size, note FROM signed_size WHERE log = $1 AND size > $2 AND note <> '' ORDER BY size DESC",
            args![log, index],
        )
        .await?;
    rows.into_iter().map(|(size, note)| Ok((column::count("signed_size", log, size)?, note))).collect()
}

/// The kept note of one size.
pub async fn note(q: &impl Query, log: LogNumber, size: u64) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = q
        .row_opt("SELECT note FROM signed_size WHERE log = $1 AND size = $2 AND note <> ''", args![log, size])
        .await?;
    Ok(row.map(|(note,)| note))
}

/// The newest kept note.
pub async fn newest(q: &impl Query, log: LogNumber) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = q
        .row_opt(
            "SELECT note FROM signed_size WHERE log = $1 AND note <> '' ORDER BY size DESC LIMIT 1",
            args![log],
        )
        .await?;
    Ok(row.map(|(note,)| note))
}
