//! Logs: what is kept of each, own, followed or relayed; the checkpoints that must stay; evidence of forks.
//!
//! `size` only grows, and only by compare-and-set, so that two tasks can't both extend a log. The frontier
//! stands beside the size: with new leaves it gives the root that the next checkpoint must have.

use std::collections::BTreeMap;

use sqlx::FromRow;
use volbridge_proto::{
    LogId, PartnerId, Refusal, Timestamp,
    tlog::{checkpoint::Checkpoint, frontier::Frontier, note::SignedNote},
};

use super::{Query, StoreError, Tx, args, column, signed};

/// A log's number in this database; entries and views are keyed by it.
pub type LogNumber = i64;

/// What is kept of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRow {
    /// Its number here.
    pub number: LogNumber,
    /// Whose, which epoch.
    pub id: LogId,
    /// The first line of its checkpoints.
    pub origin: String,
    /// Does this node write it?
    pub own: bool,
    /// Entries that are verified and durable.
    pub size: u64,
    /// The tree's right edge at `size`.
    pub frontier: Frontier,
    /// The newest signed note, with known cosignatures; empty before the first.
    pub checkpoint: String,
    /// The size in it.
    pub checkpoint_size: u64,
    /// The time of its ML-DSA-44 line.
    pub signed_at: Option<Timestamp>,
    /// The largest size that anyone has shown.
    pub known_size: u64,
    /// Stopped because of a fork, until a person decides.
    pub frozen: bool,
    /// When anything of this last changed.
    pub changed_at: Timestamp,
}

impl LogRow {
    /// What its newest checkpoint states: what is served is proven under that.
    ///
    /// # Errors
    /// When the stored note is damaged.
    pub fn stated(&self) -> Result<Checkpoint, StoreError> {
        stated(&self.checkpoint).map_err(|refusal| StoreError::corrupt("log", self.number, refusal))
    }

    /// Whether the tree's right edge is that of the newest checkpoint; true if they are of different sizes.
    ///
    /// # Errors
    /// When it isn't: the row is damaged, and what is appended to it would be another history (F12, P3).
    pub fn check_frontier(&self) -> Result<(), StoreError> {
        if self.size != self.checkpoint_size || self.size == 0 || self.stated()?.root == self.frontier.root()
        {
            return Ok(());
        }
        Err(StoreError::corrupt("log", self.number, "the frontier isn't that of the checkpoint"))
    }
}

/// The size and root in a stored note.
///
/// # Errors
/// When it can't be read.
pub fn stated(note: &str) -> Result<Checkpoint, Refusal> {
    Checkpoint::parse(SignedNote::parse(note)?.text())
}

#[derive(FromRow)]
struct Raw {
    number: i64,
    partner: Vec<u8>,
    epoch: i64,
    origin: String,
    own: bool,
    size: i64,
    frontier: Vec<u8>,
    checkpoint: String,
    checkpoint_size: i64,
    signed_at: i64,
    known_size: i64,
    frozen: bool,
    changed_at: i64,
}

impl Raw {
    fn typed(self) -> Result<LogRow, StoreError> {
        let number = self.number;
        let count = |value| column::count("log", number, value);
        let size = count(self.size)?;
        let frontier = Frontier::decode(&self.frontier).map_err(|e| StoreError::corrupt("log", number, e))?;
        if frontier.size() != size {
            let why = format!("frontier of size {} beside size {size}", frontier.size());
            return Err(StoreError::corrupt("log", number, why));
        }
        let partner = column::id("log", number, &self.partner)?;
        Ok(LogRow {
            number,
            id: LogId::new(partner, count(self.epoch)?),
            origin: self.origin,
            own: self.own,
            size,
            frontier,
            checkpoint: self.checkpoint,
            checkpoint_size: count(self.checkpoint_size)?,
            signed_at: (self.signed_at != 0).then(|| Timestamp::from_millis(self.signed_at)),
            known_size: count(self.known_size)?,
            frozen: self.frozen,
            changed_at: Timestamp::from_millis(self.changed_at),
        })
    }
}

fn typed(rows: Vec<Raw>) -> Result<Vec<LogRow>, StoreError> {
    rows.into_iter().map(Raw::typed).collect()
}

/// The log with this id.
pub async fn find(q: &impl Query, log: LogId) -> Result<Option<LogRow>, StoreError> {
    let row = q
        .row_opt::<Raw>("SELECT * FROM log WHERE partner = $1 AND epoch = $2", args![log.partner, log.epoch])
        .await?;
    row.map(Raw::typed).transpose()
}

/// The log with this number.
pub async fn load(q: &impl Query, number: LogNumber) -> Result<LogRow, StoreError> {
    let row = q.row_opt::<Raw>("SELECT * FROM log WHERE number = $1", args![number]).await?;
    row.ok_or_else(|| StoreError::corrupt("log", number, "is missing"))?.typed()
}

/// All logs, in the order in which this node learnt of them.
pub async fn all(q: &impl Query) -> Result<Vec<LogRow>, StoreError> {
    typed(q.rows("SELECT * FROM log ORDER BY number", args![]).await?)
}

/// The logs that this node writes, or wrote in earlier epochs, by epoch.
pub async fn own(q: &impl Query) -> Result<Vec<LogRow>, StoreError> {
    typed(q.rows("SELECT * FROM log WHERE own ORDER BY epoch", args![]).await?)
}

/// A partner's logs, by epoch.
pub async fn of_partner(q: &impl Query, partner: PartnerId) -> Result<Vec<LogRow>, StoreError> {
    typed(q.rows("SELECT * FROM log WHERE partner = $1 ORDER BY epoch", args![partner]).await?)
}

/// The newest log of each partner.
pub async fn newest(q: &impl Query) -> Result<BTreeMap<PartnerId, LogRow>, StoreError> {
    let rows = typed(q.rows("SELECT * FROM log ORDER BY epoch", args![]).await?)?;
    Ok(rows.into_iter().map(|row| (row.id.partner, row)).collect())
}

/// Begins to keep a log, empty as yet.
pub async fn insert(
    tx: &mut Tx,
    id: LogId,
    origin: &str,
    own: bool,
    now: Timestamp,
) -> Result<LogRow, StoreError> {
    let (number,): (i64,) = tx.row("SELECT coalesce(max(number), 0) + 1 FROM log", args![]).await?;
    tx.execute(
        "INSERT INTO log (number, partner, epoch, origin, own, size, frontier, checkpoint, checkpoint_size,
                          signed_at, known_size, frozen, changed_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6, '', 0, 0, 0, $7, $8)",
        args![number, id.partner, id.epoch, origin, own, Frontier::new().encode(), false, now],
    )
    .await?;
    load(tx, number).await
}

/// Extends a log from `from` entries to those of `frontier`. False if it doesn't have `from` entries (any more):
/// then nothing was written, and the caller's range is stale.
pub async fn advance(
    tx: &mut Tx,
    log: LogNumber,
    from: u64,
    frontier: &Frontier,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let size = frontier.size();
    let touched = tx
        .execute(
            "UPDATE log SET size = $1, frontier = $2, changed_at = $3,
                            known_size = CASE WHEN known_size < $4 THEN $5 ELSE known_size END
             WHERE number = $6 AND size = $7 AND size <= $8",
            args![size, frontier.encode(), now, size, size, log, from, size],
        )
        .await?;
    Ok(touched == 1)
}

/// Puts a damaged right edge right, to one that gives the root of the checkpoint.
pub async fn set_frontier(tx: &mut Tx, log: LogNumber, frontier: &Frontier) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE log SET frontier = $1 WHERE number = $2 AND size = $3",
        args![frontier.encode(), log, frontier.size()],
    )
    .await?;
    Ok(())
}

/// Keeps a newer signed note, or the same size with more cosignatures. False if the kept one is larger.
///
/// The time is that of the ML-DSA-44 line of the largest size that has one, be it earlier than one before: a signer's
/// clock that was put right must not leave its log ahead of everybody's until that time has come (threats.md F15).
pub async fn set_checkpoint(
    tx: &mut Tx,
    log: LogNumber,
    note: &str,
    size: u64,
    signed_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let touched = tx
        .execute(
            "UPDATE log SET checkpoint = $1, checkpoint_size = $2, changed_at = $3,
                            known_size = CASE WHEN known_size < $4 THEN $5 ELSE known_size END
             WHERE number = $6 AND checkpoint_size <= $7",
            args![note, size, now, size, size, log, size],
        )
        .await?;
    if let Some(at) = signed_at {
        if touched == 1 {
            tx.execute(
                "UPDATE log SET signed_at = $1 WHERE number = $2 AND
                 (signed_at < $3 OR NOT EXISTS (SELECT 1 FROM signed_size WHERE log = $4 AND size >= $5))",
                args![at, log, at, log, size],
            )
            .await?;
        }
        signed::keep(tx, log, size, note, at).await?;
    }
    Ok(touched == 1)
}

/// Someone has shown that the log has (at least) this size.
pub async fn note_known_size(tx: &mut Tx, log: LogNumber, size: u64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE log SET known_size = $1 WHERE number = $2 AND known_size < $3",
        args![size, log, size],
    )
    .await?;
    Ok(())
}

/// Stops a log, or lets it go on after a person's decision.
pub async fn set_frozen(tx: &mut Tx, log: LogNumber, frozen: bool, now: Timestamp) -> Result<(), StoreError> {
    tx.execute("UPDATE log SET frozen = $1, changed_at = $2 WHERE number = $3", args![frozen, now, log])
        .await?;
    Ok(())
}

/// Freezes a log because of two signed histories, and keeps the file that proves it.
pub async fn freeze(tx: &mut Tx, log: LogNumber, evidence: &[u8], now: Timestamp) -> Result<(), StoreError> {
    set_frozen(tx, log, true, now).await?;
    tx.execute(
        "INSERT INTO evidence (log, found_at, file) VALUES ($1, $2, $3) ON CONFLICT (log, found_at) DO NOTHING",
        args![log, now, evidence],
    )
    .await?;
    Ok(())
}

/// Evidence of forks of a log: when found, and the file; oldest first.
pub async fn evidence(q: &impl Query, log: LogNumber) -> Result<Vec<(Timestamp, Vec<u8>)>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> =
        q.rows("SELECT found_at, file FROM evidence WHERE log = $1 ORDER BY found_at", args![log]).await?;
    Ok(rows.into_iter().map(|(at, file)| (Timestamp::from_millis(at), file)).collect())
}

/// Keeps for ever the checkpoint that ends a group of log keys (protocol section 5).
pub async fn add_group_end(tx: &mut Tx, log: LogNumber, size: u64, note: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO group_end (log, size, checkpoint) VALUES ($1, $2, $3) ON CONFLICT (log, size) DO NOTHING",
        args![log, size, note],
    )
    .await?;
    Ok(())
}

/// The checkpoints that end groups of log keys above `from`: size and note, ascending.
pub async fn group_ends(q: &impl Query, log: LogNumber, from: u64) -> Result<Vec<(u64, String)>, StoreError> {
    let rows: Vec<(i64, String)> = q
        .rows(
            "SELECT size, checkpoint FROM group_end WHERE log = $1 AND size > $2 ORDER BY size",
            args![log, from],
        )
        .await?;
    rows.into_iter().map(|(size, note)| Ok((column::count("group_end", log, size)?, note))).collect()
}
