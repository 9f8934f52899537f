//! Entries: leaf, state, verdict and body of each, keyed by (log, index) and only ever appended.
//!
//! Looking up a record by its id goes over the first 8 bytes of it: a unique index over all 32 cost a third of
//! the writing speed. Ids that share them are told apart by the leaf.

use std::{collections::BTreeSet, ops::Range};

use sqlx::FromRow;
use volbridge_proto::{RecordId, record_id, tlog::entry::Leaf};

use super::{Query, StoreError, Tx, Value, args, column, logs::LogNumber, select::Select};

macro_rules! stored_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant = $number,)*
        }

        impl $name {
            /// Its number in the table.
            #[must_use]
            pub fn number(self) -> i64 {
                self as i64
            }

            fn from_number(number: i64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

stored_enum! {
    /// What this node has of an entry.
    State {
        /// The body.
        Held = 0,
        /// Nothing, though it is public: wanted, or withheld.
        Absent = 1,
        /// Erased: a Withdrawal in its log names it.
        Erased = 2,
        /// Erased because a record that it was made from was.
        ErasedWithSource = 3,
        /// Named, and not for this node.
        NotForUs = 4,
        /// A leaf of another length, version or class: kept, never asked for.
        Unsupported = 5,
        /// Nothing, and its holder says that it went with its source: asked for like what is absent.
        ErasedAsClaimed = 6,
    }
}

stored_enum! {
    /// Whether views use an entry.
    Verdict {
        /// They do.
        Counts = 0,
        /// Its envelope breaks a rule.
        NotEntryValid = 1,
        /// Its content breaks a rule of its kind.
        NotContentValid = 2,
        /// Of a kind that this program doesn't know.
        UnknownKind = 3,
        /// Has a critical field that this program doesn't know.
        NeedsNewer = 4,
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryRow {
    /// Its log.
    pub log: LogNumber,
    /// Its place there.
    pub index: u64,
    /// The leaf's bytes.
    pub leaf: Vec<u8>,
    /// What this node has of it.
    pub state: State,
    /// Whether views use it.
    pub verdict: Verdict,
    /// The body's bytes, if held.
    pub body: Option<Vec<u8>>,
}

impl EntryRow {
    /// The leaf, if this version knows its form.
    #[must_use]
    pub fn parsed(&self) -> Option<Leaf> {
        Leaf::parse(&self.leaf)
    }

    /// The record's id.
    #[must_use]
    pub fn id(&self) -> Option<RecordId> {
        self.parsed().map(|leaf| leaf.id)
    }

    /// The body, if it is what the leaf says: a damaged one is named in the node's log and given to nobody (F12).
    #[must_use]
    pub fn sound_body(&self) -> Option<&[u8]> {
        sound_body(&self.key(), self.id(), self.body.as_deref())
    }

    /// The entry as it may be shown: one whose body is damaged is as if nobody had sent that yet.
    #[must_use]
    pub fn sound(mut self) -> Self {
        if self.body.is_some() && self.sound_body().is_none() {
            (self.state, self.body) = (State::Absent, None);
        }
        self
    }

    /// For errors: `3/1041`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.log, self.index)
    }

    fn arguments(self) -> Vec<Value> {
        let prefix = self.id().map_or(0, |id| id.prefix());
        args![self.log, self.index, self.leaf, prefix, self.state.number(), self.verdict.number(), self.body]
    }
}

/// A stored body, if it has this id; a damaged one is named in the node's log.
#[must_use]
pub fn sound_body<'a>(key: &str, id: Option<RecordId>, body: Option<&'a [u8]>) -> Option<&'a [u8]> {
    let body = body?;
    if id == Some(record_id(body)) {
        return Some(body);
    }
    tracing::error!(entry = key, "a stored body is damaged: run `volbridge fsck --repair`");
    None
}

#[derive(FromRow)]
struct Raw {
    log: i64,
    entry_index: i64,
    leaf: Vec<u8>,
    state: i64,
    verdict: i64,
    body: Option<Vec<u8>>,
}

impl Raw {
    fn typed(self) -> Result<EntryRow, StoreError> {
        let key = format!("{}/{}", self.log, self.entry_index);
        let corrupt = |why| StoreError::corrupt("entry", &key, why);
        Ok(EntryRow {
            log: self.log,
            index: column::count("entry", &key, self.entry_index)?,
            leaf: self.leaf,
            state: State::from_number(self.state).ok_or_else(|| corrupt("state"))?,
            verdict: Verdict::from_number(self.verdict).ok_or_else(|| corrupt("verdict"))?,
            body: self.body,
        })
    }
}

fn typed(rows: Vec<Raw>) -> Result<Vec<EntryRow>, StoreError> {
    rows.into_iter().map(Raw::typed).collect()
}

/// Appends entries. The caller advances the log by as many in the same transaction.
pub async fn insert(tx: &mut Tx, entries: Vec<EntryRow>) -> Result<(), StoreError> {
    tx.insert_rows(
        "INSERT INTO entry (log, entry_index, leaf, id_prefix, state, verdict, body)",
        "",
        entries.into_iter().map(EntryRow::arguments),
    )
    .await?;
    Ok(())
}

/// The entries of a range, ascending, with bodies.
pub async fn range(q: &impl Query, log: LogNumber, range: Range<u64>) -> Result<Vec<EntryRow>, StoreError> {
    typed(
        q.rows(
            "SELECT log, entry_index, leaf, state, verdict, body FROM entry
             WHERE log = $1 AND entry_index >= $2 AND entry_index < $3 ORDER BY entry_index",
            args![log, range.start, range.end],
        )
        .await?,
    )
}

/// The leaves of a range, ascending: all of them, or the table is damaged.
pub async fn leaves(q: &impl Query, log: LogNumber, range: Range<u64>) -> Result<Vec<Vec<u8>>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = q
        .rows(
            "SELECT leaf FROM entry WHERE log = $1 AND entry_index >= $2 AND entry_index < $3
             ORDER BY entry_index",
            args![log, range.start, range.end],
        )
        .await?;
    if rows.len() as u64 == range.end.saturating_sub(range.start) {
        Ok(rows.into_iter().map(|(leaf,)| leaf).collect())
    } else {
        let key = format!("{log}/{}..{}", range.start, range.end);
        Err(StoreError::corrupt("entry", key, format!("{} leaves", rows.len())))
    }
}

/// The entry at an index.
pub async fn at(q: &impl Query, log: LogNumber, index: u64) -> Result<Option<EntryRow>, StoreError> {
    Ok(range(q, log, index..index.saturating_add(1)).await?.pop())
}

/// Entries by their places, in any logs; those that don't exist are left out.
pub async fn at_places(q: &impl Query, places: &[(LogNumber, u64)]) -> Result<Vec<EntryRow>, StoreError> {
    let mut entries = Vec::with_capacity(places.len());
    // SQLite allows 1,000 nested terms; some hundred a query gain all there is.
    for chunk in places.chunks(200) {
        let mut select =
            Select::new("SELECT log, entry_index, leaf, state, verdict, body FROM entry WHERE ", args![]);
        for (nth, (log, index)) in chunk.iter().enumerate() {
            let term =
                if nth == 0 { "(log = ? AND entry_index = ?)" } else { " OR (log = ? AND entry_index = ?)" };
            select.add(term, args![*log, *index]);
        }
        entries.extend(typed(select.rows(q).await?)?);
    }
    Ok(entries)
}

/// All entries with a record's id, in any log; the first of a log is the one that counts there.
pub async fn find(q: &impl Query, id: RecordId) -> Result<Vec<EntryRow>, StoreError> {
    let rows = typed(
        q.rows(
            "SELECT log, entry_index, leaf, state, verdict, body FROM entry
             WHERE id_prefix = $1 ORDER BY log, entry_index",
            args![id.prefix()],
        )
        .await?,
    )?;
    Ok(rows.into_iter().filter(|entry| entry.id() == Some(id)).collect())
}

/// Those of `ids` that stand in a log below an index.
pub async fn held_before(
    q: &impl Query,
    log: LogNumber,
    before: u64,
    ids: &[RecordId],
) -> Result<Vec<RecordId>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(500) {
        // Ids alone: asked for the log and an index too, a database may read the whole log.
        let mut select = Select::new("SELECT log, entry_index, leaf FROM entry WHERE", args![]);
        select.add_list(" id_prefix IN ", chunk.iter().map(|id| id.prefix().into()).collect());
        for (of, index, leaf) in select.rows::<(i64, i64, Vec<u8>)>(q).await? {
            if of == log && column::count("entry", log, index)? < before {
                found.extend(Leaf::parse(&leaf).map(|leaf| leaf.id));
            }
        }
    }
    Ok(found)
}

/// The first entry of a log with a record's id: the one that counts.
pub async fn find_in(q: &impl Query, log: LogNumber, id: RecordId) -> Result<Option<EntryRow>, StoreError> {
    Ok(find(q, id).await?.into_iter().find(|entry| entry.log == log))
}

/// Stores the body of an entry that had none. False if it isn't absent (any more): what was erased here stays so.
pub async fn fill(
    tx: &mut Tx,
    log: LogNumber,
    index: u64,
    body: Vec<u8>,
    verdict: Verdict,
) -> Result<bool, StoreError> {
    let touched = tx
        .execute(
            "UPDATE entry SET state = 0, verdict = $1, body = $2
             WHERE log = $3 AND entry_index = $4 AND state IN (1, 4, 6) AND body IS NULL",
            args![verdict.number(), body, log, index],
        )
        .await?;
    Ok(touched == 1)
}

/// Takes the body away and says why. [`super::Db::erase_hard`] clears the bytes from the disk.
pub async fn erase(tx: &mut Tx, log: LogNumber, index: u64, state: State) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE entry SET state = $1, body = NULL WHERE log = $2 AND entry_index = $3",
        args![state.number(), log, index],
    )
    .await?;
    Ok(())
}

/// Takes a damaged body away: it is asked for again. False if it isn't held any more.
pub async fn miss(tx: &mut Tx, log: LogNumber, index: u64) -> Result<bool, StoreError> {
    let touched = tx
        .execute(
            "UPDATE entry SET state = 1, body = NULL WHERE log = $1 AND entry_index = $2 AND state = 0",
            args![log, index],
        )
        .await?;
    Ok(touched == 1)
}

/// Puts a damaged leaf right.
pub async fn set_leaf(tx: &mut Tx, log: LogNumber, index: u64, leaf: Leaf) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE entry SET leaf = $1, id_prefix = $2 WHERE log = $3 AND entry_index = $4",
        args![leaf.encode().to_vec(), leaf.id.prefix(), log, index],
    )
    .await?;
    Ok(())
}

/// Says what this node has of an entry; the body stays as it is.
pub async fn set_state(tx: &mut Tx, log: LogNumber, index: u64, state: State) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE entry SET state = $1 WHERE log = $2 AND entry_index = $3",
        args![state.number(), log, index],
    )
    .await?;
    Ok(())
}

/// Says whether views use an entry: after an upgrade that knows more kinds, for one.
pub async fn set_verdict(
    tx: &mut Tx,
    log: LogNumber,
    index: u64,
    verdict: Verdict,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE entry SET verdict = $1 WHERE log = $2 AND entry_index = $3",
        args![verdict.number(), log, index],
    )
    .await?;
    Ok(())
}

/// Up to `limit` entries from `from` on in one of these states, other than held, as ranges: what to ask others for.
pub async fn in_states(
    q: &impl Query,
    log: LogNumber,
    states: &[State],
    from: u64,
    limit: u32,
) -> Result<Vec<Range<u64>>, StoreError> {
    let mut indexes = Vec::new();
    for state in states {
        // `state <> 0` is what the partial index says, and SQLite wants it said again. One state at a time: of several at
        // once it reads the whole log.
        let rows: Vec<(i64,)> = q
            .rows(
                "SELECT entry_index FROM entry WHERE state <> 0 AND log = $1 AND state = $2 AND entry_index >= $3
                 ORDER BY entry_index LIMIT $4",
                args![log, state.number(), from, limit],
            )
            .await?;
        indexes.extend(rows.into_iter().map(|(index,)| index));
    }
    indexes.sort_unstable();
    indexes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for index in indexes {
        let index = column::count("entry", log, index)?;
        match ranges.last_mut() {
            Some(last) if last.end == index => last.end = index + 1,
            _ => ranges.push(index..index + 1),
        }
    }
    Ok(ranges)
}

/// The logs that have entries in one of these states, other than held: most have none, and needn't be asked for them.
pub async fn logs_in_states(q: &impl Query, states: &[State]) -> Result<BTreeSet<LogNumber>, StoreError> {
    let mut logs = BTreeSet::new();
    for state in states {
        let rows: Vec<(i64,)> = q
            .rows(
                "SELECT l.number FROM log l WHERE EXISTS (SELECT 1 FROM entry e
                 WHERE e.state <> 0 AND e.log = l.number AND e.state = $1)",
                args![state.number()],
            )
            .await?;
        logs.extend(rows.into_iter().map(|(log,)| log));
    }
    Ok(logs)
}

/// Up to `limit` entries of a log in a state other than held, the newest first.
pub async fn in_state(
    q: &impl Query,
    log: LogNumber,
    state: State,
    limit: u32,
) -> Result<Vec<EntryRow>, StoreError> {
    typed(
        q.rows(
            "SELECT log, entry_index, leaf, state, verdict, body FROM entry
             WHERE log = $1 AND state = $2 AND state <> 0 ORDER BY entry_index DESC LIMIT $3",
            args![log, state.number(), limit],
        )
        .await?,
    )
}

/// How many entries are erased, of all logs.
pub async fn erased(q: &impl Query) -> Result<i64, StoreError> {
    let mut sum = 0;
    for state in [State::Erased, State::ErasedWithSource] {
        let (count,): (i64,) = q
            .row(
                "SELECT count(*) FROM log l JOIN entry e ON e.log = l.number WHERE e.state <> 0 AND e.state = $1",
                args![state.number()],
            )
            .await?;
        sum += count;
    }
    Ok(sum)
}

/// How many entries of a log are in a state other than held.
pub async fn counts(q: &impl Query, log: LogNumber) -> Result<Vec<(State, u64)>, StoreError> {
    let rows: Vec<(i64, i64)> = q
        .rows(
            "SELECT state, count(*) FROM entry WHERE log = $1 AND state <> 0 GROUP BY state ORDER BY state",
            args![log],
        )
        .await?;
    rows.into_iter()
        .map(|(state, count)| {
            let state =
                State::from_number(state).ok_or_else(|| StoreError::corrupt("entry", log, "state"))?;
            Ok((state, column::count("entry", log, count)?))
        })
        .collect()
}

/// How many entries of a log break a rule, of the envelope or of their kind.
pub async fn refused(q: &impl Query, log: LogNumber) -> Result<u64, StoreError> {
    let (count,): (i64,) =
        q.row("SELECT count(*) FROM entry WHERE log = $1 AND verdict IN (1, 2)", args![log]).await?;
    column::count("entry", log, count)
}

/// Up to `limit` entries from `from` on that views don't use, for the operator.
pub async fn without_effect(
    q: &impl Query,
    log: LogNumber,
    from: u64,
    limit: u32,
) -> Result<Vec<EntryRow>, StoreError> {
    typed(
        q.rows(
            "SELECT log, entry_index, leaf, state, verdict, body FROM entry
             WHERE log = $1 AND entry_index >= $2 AND verdict <> 0 ORDER BY entry_index LIMIT $3",
            args![log, from, limit],
        )
        .await?,
    )
}
