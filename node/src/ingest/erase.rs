//! Withdrawal: bodies go everywhere, the leaves stay (protocol section 6). A record
//! made from a withdrawn one goes with it; own ones are then owed a withdrawal.

use volbridge_proto::{
    LogId, PartnerId, RecordId,
    exchange::SourceClaim,
    record::withdraw::{self, Target},
    wire::record::v1 as wire,
};

use super::{
    Counted, Effects, Reader,
    apply::{note_change, refold},
    claims,
};
use crate::{
    failpoint,
    store::{
        StoreError, Tx, blobs,
        causes::{self, Cause},
        entries::{self, EntryRow, State},
        logs::{self, LogRow},
        recipients, revisions, withdrawals,
    },
    views,
};

/// Carries out a Withdrawal on everything that it names and that was made from that.
pub(super) async fn withdraw(
    tx: &mut Tx,
    reader: &Reader<'_>,
    counted: &Counted<'_>,
    withdrawal: &wire::Withdrawal,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let ids = withdraw::ids(withdrawal);
    withdrawals::add(tx, counted.log.number, counted.index, &withdrawal.reason, &ids).await?;
    let author = counted.log.id.partner;
    let logs = logs::of_partner(tx, author).await?;
    for id in ids {
        let cause = SourceClaim { index: 0, source: id, log: counted.log.id, withdrawal: counted.index };
        for row in entries::find(tx, id).await? {
            let Some(log) = logs.iter().find(|log| log.number == row.log) else { continue };
            let kind = revisions::at(tx, row.log, row.index).await?.map(|revision| revision.kind);
            if !is_withdrawn(tx, log, &row, kind.as_deref()).await? {
                continue;
            }
            entry(tx, reader, log, row.index, State::Erased, effects).await?;
            derived(tx, reader, &cause, effects).await?;
            claims::settle(tx, author, id).await?;
        }
        if entries::find(tx, id).await?.is_empty() {
            derived(tx, reader, &cause, effects).await?;
            claims::settle(tx, author, id).await?;
        }
    }
    Ok(())
}

/// Whether an effective Withdrawal names this entry.
///
/// # Errors
/// When the store fails.
pub async fn is_withdrawn(
    tx: &Tx,
    log: &LogRow,
    row: &EntryRow,
    kind: Option<&str>,
) -> Result<bool, StoreError> {
    Ok(withdrawn_by(tx, log, row, kind).await?.is_some())
}

/// Where the first effective Withdrawal of an entry stands.
///
/// # Errors
/// When the store fails.
pub async fn withdrawn_by(
    tx: &Tx,
    log: &LogRow,
    row: &EntryRow,
    kind: Option<&str>,
) -> Result<Option<(LogId, u64)>, StoreError> {
    let (Some(leaf), Some(id)) = (row.parsed(), row.id()) else { return Ok(None) };
    let logs = logs::of_partner(tx, log.id.partner).await?;
    let numbers: Vec<_> = logs.iter().map(|log| log.number).collect();
    let target = Target { log: log.id, index: row.index, class: leaf.class, kind };
    let withdrawals = withdrawals::among(tx, &numbers, &[id]).await?;
    Ok(withdrawals.iter().find_map(|by| {
        let named = wire::Withdrawal { ids: Vec::new(), reason: by.reason.clone() };
        let in_log = logs.iter().find(|log| log.number == by.log)?;
        let is_effective = withdraw::is_effective(&named, &in_log.id, by.by_index, &target);
        is_effective.then_some((in_log.id, by.by_index))
    }))
}

/// Where a partner has withdrawn a record, as far as is known here.
pub(super) async fn withdrawal_of(
    tx: &Tx,
    author: PartnerId,
    id: RecordId,
) -> Result<Option<(LogId, u64)>, StoreError> {
    let logs = logs::of_partner(tx, author).await?;
    let numbers: Vec<_> = logs.iter().map(|log| log.number).collect();
    let named = withdrawals::find(tx, &numbers, id).await?;
    let Some(named) = named else { return Ok(None) };
    for row in entries::find(tx, id).await? {
        let Some(log) = logs.iter().find(|log| log.number == row.log) else { continue };
        let kind = revisions::at(tx, row.log, row.index).await?.map(|revision| revision.kind);
        return withdrawn_by(tx, log, &row, kind.as_deref()).await;
    }
    Ok(logs.iter().find(|log| log.number == named.log).map(|log| (log.id, named.by_index)))
}

/// The Withdrawal that a source went with: its own, or that of what it was made from itself.
pub(super) async fn source_gone(
    tx: &Tx,
    author: PartnerId,
    source: RecordId,
) -> Result<Option<SourceClaim>, StoreError> {
    if let Some((log, withdrawal)) = withdrawal_of(tx, author, source).await? {
        return Ok(Some(SourceClaim { index: 0, source, log, withdrawal }));
    }
    for row in entries::find(tx, source).await? {
        if row.state == State::ErasedWithSource
            && logs::load(tx, row.log).await?.id.partner == author
            && let Some(cause) = causes::of_entry(tx, row.log, row.index).await?
        {
            return Ok(Some(cause.claim));
        }
    }
    Ok(None)
}

/// Erases what was made from a withdrawn record, and from that, and so on.
async fn derived(
    tx: &mut Tx,
    reader: &Reader<'_>,
    cause: &SourceClaim,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let mut sources = vec![cause.source];
    while let Some(source) = sources.pop() {
        for (number, index) in withdrawals::made_from(tx, source).await? {
            let Some(row) = entries::at(tx, number, index).await? else { continue };
            let (State::Held, Some(id)) = (row.state, row.id()) else { continue };
            sources.push(id);
            if number == reader.own_log {
                effects.owed.push(id);
            }
            let log = logs::load(tx, number).await?;
            with_source(tx, reader, &log, &SourceClaim { index, ..*cause }, effects).await?;
        }
    }
    Ok(())
}

/// Erases an entry that was made from a withdrawn record, and remembers which: who asks for the body is told.
pub(super) async fn with_source(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    cause: &SourceClaim,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    entry(tx, reader, log, cause.index, State::ErasedWithSource, effects).await?;
    causes::put(tx, log.number, &Cause { claim: *cause, claimed: false, at: reader.now }).await
}

/// Erases one entry's body and everything that shows it.
pub(super) async fn entry(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    index: u64,
    state: State,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    entries::erase(tx, log.number, index, state).await?;
    causes::remove(tx, log.number, index).await?;
    failpoint::pass("erase.body");
    effects.erased = true;
    if !log.own {
        // Own ones stay: who was sent a record owes a receipt for its withdrawal.
        recipients::remove_all(tx, log.number, index).await?;
    }
    withdrawals::remove_sources(tx, log.number, index).await?;
    effects.blobs_dropped.extend(blobs::release(tx, log.number, index).await?);
    let Some(revision) = revisions::remove(tx, log.number, index).await? else { return Ok(()) };
    if !revision.current {
        return Ok(());
    }
    let before = views::handovers::listings_before(tx, &[(log.number, revision.subject)].into()).await?;
    views::hide(tx, &revision.kind, log.number, revision.subject).await?;
    note_change(tx, reader, "withdrawn", &revision, effects).await?;
    for (number, subject) in before {
        // What it stood in the place of is seen again.
        let partner = logs::load(tx, number).await?.id.partner;
        let rows = revisions::of_subject(tx, partner, subject).await?;
        if let Some(row) = rows.iter().find(|row| row.current) {
            note_change(tx, reader, "revised", row, effects).await?;
        }
    }
    Box::pin(refold(tx, reader, log, revision.subject, None, effects)).await
}
