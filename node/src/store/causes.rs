//! Why a body isn't here though no Withdrawal in its log names it: it was made from a record that its author
//! withdrew. Seen here, or said by who handed out the log (protocol section 3.3). Not derived from entries: what
//! an erased body was made from stands nowhere else.

use std::ops::Range;

use sqlx::FromRow;
use volbridge_proto::{LogId, PartnerId, RecordId, Timestamp, exchange::SourceClaim};

use super::{Query, StoreError, Tx, args, column, logs::LogNumber};

/// Why an entry's body isn't here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cause {
    /// The entry, its source, and the Withdrawal of that.
    pub claim: SourceClaim,
    /// A holder says so; else it was seen here.
    pub claimed: bool,
    /// Since when it is known here.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct Raw {
    entry_index: i64,
    source: Vec<u8>,
    partner: Vec<u8>,
    epoch: i64,
    withdrawal: i64,
    claimed: bool,
    at: i64,
}

impl Raw {
    fn typed(self) -> Result<Cause, StoreError> {
        let key = self.entry_index;
        let count = |value| column::count("erased_with_source", key, value);
        let partner = column::id("erased_with_source", key, &self.partner)?;
        let claim = SourceClaim {
            index: count(self.entry_index)?,
            source: column::id("erased_with_source", key, &self.source)?,
            log: LogId::new(partner, count(self.epoch)?),
            withdrawal: count(self.withdrawal)?,
        };
        Ok(Cause { claim, claimed: self.claimed, at: Timestamp::from_millis(self.at) })
    }
}

/// Notes why an entry's body isn't here, in place of what was said before.
pub async fn put(tx: &mut Tx, log: LogNumber, cause: &Cause) -> Result<(), StoreError> {
    let claim = &cause.claim;
    remove(tx, log, claim.index).await?;
    tx.execute(
        "INSERT INTO erased_with_source (log, entry_index, source, partner, epoch, withdrawal, claimed, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            log,
            claim.index,
            claim.source,
            claim.log.partner,
            claim.log.epoch,
            claim.withdrawal,
            cause.claimed,
            cause.at
        ],
    )
    .await?;
    Ok(())
}

/// What is known of a range of a log, ascending.
pub async fn in_range(q: &impl Query, log: LogNumber, range: Range<u64>) -> Result<Vec<Cause>, StoreError> {
    let rows: Vec<Raw> = q
        .rows(
            "SELECT entry_index, source, partner, epoch, withdrawal, claimed, at FROM erased_with_source
             WHERE log = $1 AND entry_index >= $2 AND entry_index < $3 ORDER BY entry_index",
            args![log, range.start, range.end],
        )
        .await?;
    rows.into_iter().map(Raw::typed).collect()
}

/// What is known of an entry.
pub async fn of_entry(q: &impl Query, log: LogNumber, index: u64) -> Result<Option<Cause>, StoreError> {
    Ok(in_range(q, log, index..index.saturating_add(1)).await?.pop())
}

/// The entries that holders say were made from a record of this author.
pub async fn claimed_of(
    q: &impl Query,
    author: PartnerId,
    source: RecordId,
) -> Result<Vec<(LogNumber, u64)>, StoreError> {
    let rows: Vec<(i64, i64)> = q
        .rows(
            "SELECT log, entry_index FROM erased_with_source
             WHERE source = $1 AND partner = $2 AND claimed ORDER BY log, entry_index",
            args![source, author],
        )
        .await?;
    rows.into_iter().map(|(log, index)| Ok((log, column::count("erased_with_source", log, index)?))).collect()
}

/// Forgets it: the body is here, or its author withdrew it.
pub async fn remove(tx: &mut Tx, log: LogNumber, index: u64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM erased_with_source WHERE log = $1 AND entry_index = $2", args![log, index])
        .await?;
    Ok(())
}
