//! Revisions of subjects, as the fold of protocol section 6 reads them, and which of them is current.

use sqlx::FromRow;
use volbridge_proto::{
    PartnerId, RecordId, SubjectId, Timestamp,
    record::{Statement, revision::RevisionEntry},
    tlog::entry::Class,
};

use super::{Query, StoreError, Tx, args, column, logs::LogNumber, select::Select};

/// A revision that counts and isn't withdrawn.
#[derive(Clone, Debug, PartialEq)]
pub struct RevisionRow {
    /// Its log.
    pub log: LogNumber,
    /// Its place there.
    pub index: u64,
    /// What it is about.
    pub subject: SubjectId,
    /// What the fold reads of it.
    pub revision: RevisionEntry,
    /// Its kind.
    pub kind: String,
    /// Public or named.
    pub class: Class,
    /// When its author says that it said it.
    pub issued_at: Timestamp,
    /// When its author no longer means it.
    pub expires_at: Option<Timestamp>,
    /// Is it the one that views show?
    pub current: bool,
}

#[derive(FromRow)]
struct Raw {
    log: i64,
    entry_index: i64,
    subject: Vec<u8>,
    id: Vec<u8>,
    number: i64,
    previous: Option<Vec<u8>>,
    republishes: Option<Vec<u8>>,
    audience: Vec<u8>,
    kind: String,
    class: i64,
    issued_at: i64,
    expires_at: i64,
    current: bool,
}

impl Raw {
    fn typed(self) -> Result<RevisionRow, StoreError> {
        let key = format!("{}/{}", self.log, self.entry_index);
        let revision = RevisionEntry {
            id: column::id("revision", &key, &self.id)?,
            number: column::count("revision", &key, self.number)?,
            previous: column::optional_id("revision", &key, self.previous.as_deref())?,
            republishes: column::optional_id("revision", &key, self.republishes.as_deref())?,
            audience: column::id("revision", &key, &self.audience)?,
        };
        let class = u32::try_from(self.class).ok().and_then(Class::from_number);
        Ok(RevisionRow {
            log: self.log,
            index: column::count("revision", &key, self.entry_index)?,
            subject: column::id("revision", &key, &self.subject)?,
            revision,
            kind: self.kind,
            class: class.ok_or_else(|| StoreError::corrupt("revision", &key, "class"))?,
            issued_at: Timestamp::from_millis(self.issued_at),
            expires_at: (self.expires_at != 0).then(|| Timestamp::from_millis(self.expires_at)),
            current: self.current,
        })
    }
}

/// A revision to be noted.
#[derive(Clone, Copy, Debug)]
pub struct NewRevision<'a> {
    /// Its log.
    pub log: LogNumber,
    /// Its place there.
    pub index: u64,
    /// Its id.
    pub id: RecordId,
    /// What it says.
    pub statement: &'a Statement,
    /// Is it known to be new, and the one that views show? Else `set_current` says so.
    pub current: bool,
}

/// Notes revisions.
pub async fn add(tx: &mut Tx, new: &[NewRevision<'_>]) -> Result<(), StoreError> {
    let all_new = new.iter().all(|new| new.current);
    let rows = new.iter().map(|new| {
        let NewRevision { log, index, id, statement, current } = *new;
        let revision = RevisionEntry::of(id, statement);
        args![
            log,
            index,
            statement.subject,
            id,
            revision.number,
            revision.previous,
            revision.republishes,
            revision.audience,
            &statement.kind,
            i64::from(statement.class().number()),
            statement.issued_at,
            statement.expires_at.map_or(0, Timestamp::as_millis),
            current
        ]
    });
    tx.insert_rows(
        "INSERT INTO revision (log, entry_index, subject, id, number, previous, republishes, audience, kind, class,
                               issued_at, expires_at, current)",
        if all_new { "" } else { "ON CONFLICT (log, entry_index) DO NOTHING" },
        rows,
    )
    .await?;
    Ok(())
}

/// Which of these subjects have revisions in one of these logs.
pub async fn with_revisions(
    q: &impl Query,
    logs: &[LogNumber],
    subjects: &[SubjectId],
) -> Result<Vec<SubjectId>, StoreError> {
    let mut found = Vec::new();
    for chunk in subjects.chunks(500) {
        let mut select = Select::new("SELECT log, subject FROM revision WHERE", args![]);
        select.add_list(" subject IN ", chunk.iter().map(|subject| (*subject).into()).collect());
        for (log, subject) in select.rows::<(i64, Vec<u8>)>(q).await? {
            if logs.contains(&log) {
                found.push(column::id("revision", log, &subject)?);
            }
        }
    }
    Ok(found)
}

/// The remaining revisions of a partner's subject in log order, over all its epochs.
pub async fn of_subject(
    q: &impl Query,
    partner: PartnerId,
    subject: SubjectId,
) -> Result<Vec<RevisionRow>, StoreError> {
    let rows: Vec<Raw> = q
        .rows(
            "SELECT revision.* FROM revision JOIN log ON log.number = revision.log
             WHERE log.partner = $1 AND revision.subject = $2 ORDER BY log.epoch, revision.entry_index",
            args![partner, subject],
        )
        .await?;
    rows.into_iter().map(Raw::typed).collect()
}

/// The revision that stands at an index.
pub async fn at(q: &impl Query, log: LogNumber, index: u64) -> Result<Option<RevisionRow>, StoreError> {
    let row: Option<Raw> =
        q.row_opt("SELECT * FROM revision WHERE log = $1 AND entry_index = $2", args![log, index]).await?;
    row.map(Raw::typed).transpose()
}

/// The subject of a log's newest current revision of a kind: for kinds that a partner has one of.
pub async fn current_of_kind(
    q: &impl Query,
    log: LogNumber,
    kind: &str,
) -> Result<Option<SubjectId>, StoreError> {
    let row: Option<(Vec<u8>,)> = q
        .row_opt(
            "SELECT subject FROM revision WHERE kind = $1 AND log = $2 AND current ORDER BY entry_index DESC LIMIT 1",
            args![kind, log],
        )
        .await?;
    row.map(|(subject,)| column::id("revision", log, &subject)).transpose()
}

/// Says which of a partner's revisions of a subject views show; none if nothing remains.
pub async fn set_current(
    tx: &mut Tx,
    partner: PartnerId,
    subject: SubjectId,
    current: Option<(LogNumber, u64)>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE revision SET current = $1
         WHERE subject = $2 AND current AND log IN (SELECT number FROM log WHERE partner = $3)",
        args![false, subject, partner],
    )
    .await?;
    if let Some((log, index)) = current {
        tx.execute(
            "UPDATE revision SET current = $1 WHERE log = $2 AND subject = $3 AND entry_index = $4",
            args![true, log, subject, index],
        )
        .await?;
    }
    Ok(())
}

/// Forgets a revision that was erased.
pub async fn remove(tx: &mut Tx, log: LogNumber, index: u64) -> Result<Option<RevisionRow>, StoreError> {
    let row = at(tx, log, index).await?;
    tx.execute("DELETE FROM revision WHERE log = $1 AND entry_index = $2", args![log, index]).await?;
    Ok(row)
}

/// Current revisions whose time is over: `named` ones are erased by who received them.
pub async fn expired(q: &impl Query, now: Timestamp, limit: u32) -> Result<Vec<RevisionRow>, StoreError> {
    let rows: Vec<Raw> = q
        .rows(
            "SELECT * FROM revision WHERE class = 2 AND expires_at > 0 AND expires_at <= $1
             ORDER BY expires_at, log, entry_index LIMIT $2",
            args![now, limit],
        )
        .await?;
    rows.into_iter().map(Raw::typed).collect()
}

/// Forgets all: they are derived from the entries.
pub async fn clear(tx: &mut Tx) -> Result<(), StoreError> {
    tx.execute("DELETE FROM revision", args![]).await?;
    Ok(())
}
