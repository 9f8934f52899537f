//! Withdrawal: bodies go everywhere, the leaves stay (protocol section 6). A record
//! made from a withdrawn one goes with it; own ones are then owed a withdrawal.

use volbridge_proto::{
    PartnerId, RecordId,
    record::withdraw::{self, Target},
    wire::record::v1 as wire,
};

use super::{
    Counted, Effects, Reader,
    apply::{note_change, refold},
};
use crate::{
    store::{
        StoreError, Tx, blobs,
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
    let logs = logs::of_partner(tx, counted.log.id.partner).await?;
    for id in ids {
        for row in entries::find(tx, id).await? {
            let Some(log) = logs.iter().find(|log| log.number == row.log) else { continue };
            let kind = revisions::at(tx, row.log, row.index).await?.map(|revision| revision.kind);
            if !is_withdrawn(tx, log, &row, kind.as_deref()).await? {
                continue;
            }
            entry(tx, reader, log, row.index, State::Erased, effects).await?;
            derived(tx, reader, id, effects).await?;
        }
        if entries::find(tx, id).await?.is_empty() {
            derived(tx, reader, id, effects).await?;
        }
    }
    Ok(())
}

/// Whether an effective Withdrawal names this entry.
pub(super) async fn is_withdrawn(
    tx: &Tx,
    log: &LogRow,
    row: &EntryRow,
    kind: Option<&str>,
) -> Result<bool, StoreError> {
    let (Some(leaf), Some(id)) = (row.parsed(), row.id()) else { return Ok(false) };
    let logs = logs::of_partner(tx, log.id.partner).await?;
    let numbers: Vec<_> = logs.iter().map(|log| log.number).collect();
    let target = Target { log: log.id, index: row.index, class: leaf.class, kind };
    let withdrawals = withdrawals::among(tx, &numbers, &[id]).await?;
    Ok(withdrawals.iter().any(|by| {
        let named = wire::Withdrawal { ids: Vec::new(), reason: by.reason.clone() };
        let in_log = logs.iter().find(|log| log.number == by.log);
        in_log.is_some_and(|log| withdraw::is_effective(&named, &log.id, by.by_index, &target))
    }))
}

/// Whether a partner has withdrawn a record, as far as is known here.
pub(super) async fn is_record_withdrawn(
    tx: &Tx,
    author: PartnerId,
    id: RecordId,
) -> Result<bool, StoreError> {
    let logs = logs::of_partner(tx, author).await?;
    let numbers: Vec<_> = logs.iter().map(|log| log.number).collect();
    if withdrawals::among(tx, &numbers, &[id]).await?.is_empty() {
        return Ok(false);
    }
    for row in entries::find(tx, id).await? {
        let Some(log) = logs.iter().find(|log| log.number == row.log) else { continue };
        let kind = revisions::at(tx, row.log, row.index).await?.map(|revision| revision.kind);
        return is_withdrawn(tx, log, &row, kind.as_deref()).await;
    }
    Ok(true)
}

/// Erases what was made from `source`, and from that, and so on.
async fn derived(
    tx: &mut Tx,
    reader: &Reader<'_>,
    source: RecordId,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let mut sources = vec![source];
    while let Some(source) = sources.pop() {
        for (number, index) in withdrawals::made_from(tx, source).await? {
            let Some(row) = entries::at(tx, number, index).await? else { continue };
            let (State::Held, Some(id)) = (row.state, row.id()) else { continue };
            sources.push(id);
            if number == reader.own_log {
                effects.owed.push(id);
            }
            let log = logs::load(tx, number).await?;
            entry(tx, reader, &log, index, State::ErasedWithSource, effects).await?;
        }
    }
    Ok(())
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
    views::hide(tx, &revision.kind, log.number, revision.subject).await?;
    let place = (log.number, index, revision.subject);
    note_change(tx, reader, "withdrawn", &revision.kind, place, effects).await?;
    Box::pin(refold(tx, reader, log, revision.subject, None, effects)).await
}
