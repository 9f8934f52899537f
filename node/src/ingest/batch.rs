//! Many statements at once. What stands alone (public, the only revision of its subject, made from nothing, named by no
//! Withdrawal) is written by kind, many rows a statement; everything else one by one, in its place between. Both give
//! the same rows.

use std::collections::HashSet;

use volbridge_proto::{
    RecordId, SubjectId,
    kinds::{AuthorityRule, Payload},
    tlog::entry::Class,
};

use super::{Counted, Effects, Reader, apply};
use crate::{
    store::{
        StoreError, Tx,
        changes::{self, Change},
        entries,
        logs::{self, LogRow},
        revisions::{self, NewRevision},
        withdrawals,
    },
    views,
};

/// What the database knows of some statements before they are applied.
pub(super) struct Known {
    /// Ids that stand earlier in the log, or twice among these.
    ids: HashSet<RecordId>,
    /// Subjects with revisions, or with several among these.
    subjects: HashSet<SubjectId>,
    /// Ids that a Withdrawal names.
    withdrawn: HashSet<RecordId>,
}

impl Known {
    /// Looks statements up, which stand in a log in ascending order.
    pub(super) async fn load(tx: &Tx, log: &LogRow, statements: &[Counted<'_>]) -> Result<Self, StoreError> {
        let (mut ids, mut subjects) = (HashSet::new(), HashSet::new());
        let (mut seen_ids, mut seen_subjects) = (HashSet::new(), HashSet::new());
        for counted in statements {
            if !seen_ids.insert(counted.id) {
                ids.insert(counted.id);
            }
            if !seen_subjects.insert(counted.statement.subject) {
                subjects.insert(counted.statement.subject);
            }
        }
        let first = statements.first().map_or(0, |counted| counted.index);
        let asked: Vec<RecordId> = seen_ids.into_iter().collect();
        ids.extend(entries::held_before(tx, log.number, first, &asked).await?);
        let logs = logs::of_partner(tx, log.id.partner).await?;
        let logs: Vec<_> = logs.iter().map(|log| log.number).collect();
        let asked_subjects: Vec<SubjectId> = seen_subjects.into_iter().collect();
        subjects.extend(revisions::with_revisions(tx, &logs, &asked_subjects).await?);
        let withdrawn = withdrawals::among(tx, &logs, &asked).await?;
        Ok(Self { ids, subjects, withdrawn: withdrawn.into_iter().map(|row| row.id).collect() })
    }

    /// Whether nothing else decides what a statement changes.
    fn stands_alone(&self, counted: &Counted<'_>) -> bool {
        let statement = &counted.statement;
        let Some(payload) = &counted.payload else { return false };
        matches!(payload, Payload::Listing(_) | Payload::Organisation(_) | Payload::Conference(_))
            && payload.info().authority == AuthorityRule::Absent
            && statement.class() == Class::Public
            && statement.sources.is_empty()
            && !self.ids.contains(&counted.id)
            && !self.subjects.contains(&statement.subject)
            && !self.withdrawn.contains(&counted.id)
    }
}

/// Applies statements of one log, whose entries are stored, in their order.
pub(super) async fn apply(
    tx: &mut Tx,
    reader: &Reader<'_>,
    known: &Known,
    statements: &[Counted<'_>],
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let mut alone = Vec::new();
    for counted in statements {
        if known.stands_alone(counted) {
            alone.push(counted);
            continue;
        }
        write(tx, reader, &std::mem::take(&mut alone), effects).await?;
        apply::apply(tx, reader, counted, effects).await?;
    }
    write(tx, reader, &alone, effects).await
}

/// Writes statements that stand alone: each is the current revision of its subject.
async fn write(
    tx: &mut Tx,
    reader: &Reader<'_>,
    statements: &[&Counted<'_>],
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if statements.is_empty() {
        return Ok(());
    }
    let (mut rows, mut shown, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for counted in statements {
        let (log, index, statement) = (counted.log.number, counted.index, &counted.statement);
        rows.push(NewRevision { log, index, id: counted.id, statement, current: true });
        if let Some(payload) = &counted.payload {
            shown.push(apply::shown(counted, payload, statement.issued_at));
        }
        changed.push(Change {
            at: reader.now,
            action: apply::action(statement).to_owned(),
            kind: statement.kind.clone(),
            log,
            index,
            subject: statement.subject,
        });
    }
    revisions::add(tx, &rows).await?;
    views::show(tx, &shown, true).await?;
    effects.changed = changes::add(tx, &changed, Class::Public).await?.or(effects.changed);
    Ok(())
}
