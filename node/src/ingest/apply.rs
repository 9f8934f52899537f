//! What a statement that counts changes: revisions and the view of its subject,
//! sources, blobs; or, for statements about other records, those records.
//! The same set of statements gives the same rows in any order (P8).

use volbridge_proto::{
    BlobHash, Code, PartnerId, RecordId, Refusal, SubjectId,
    exchange::SourceClaim,
    kinds::Payload,
    record::{Body, Content, Statement, content_valid, revision},
    wire::record::v1 as wire,
};

use super::{Counted, Effects, Reader, erase, named, note_refusal};
use crate::{
    store::{
        StoreError, Tx,
        blobs::{self, BlobName},
        changes::{self, Change},
        entries::{self, EntryRow, State, Verdict},
        logs::{self, LogRow},
        received,
        revisions::{self, NewRevision, RevisionRow},
        withdrawals::{self, Receipt},
    },
    views::{self, Shown},
};

pub(super) async fn apply(
    tx: &mut Tx,
    reader: &Reader<'_>,
    counted: &Counted<'_>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let (log, index) = (counted.log, counted.index);
    let Some(entry) = entries::find_in(tx, log.number, counted.id).await? else { return Ok(()) };
    if entry.index != index {
        // Of two entries with one id the first counts (T04).
        return note_refusal(tx, reader, log, index, &Refusal::new(Code::FieldDuplicate)).await;
    }
    if let Some(nth) = counted.nth
        && !log.own
        && !received::add(tx, log.number, nth, index).await?
    {
        note_refusal(tx, reader, log, index, &Refusal::new(Code::FieldDuplicate).at("nth")).await?;
    }
    if erase::is_withdrawn(tx, log, &entry, Some(&counted.statement.kind)).await? {
        return erase::entry(tx, reader, log, index, State::Erased, effects).await;
    }
    if let Err(refusal) = named::covered(tx, reader, counted).await? {
        // What isn't covered is neither kept nor shown, and is receipted as erased.
        note_refusal(tx, reader, log, index, &refusal).await?;
        return erase::entry(tx, reader, log, index, State::Erased, effects).await;
    }
    if let Some(cause) = note_sources(tx, reader, counted, effects).await? {
        return erase::with_source(tx, reader, log, &cause, effects).await;
    }
    let Some(payload) = &counted.payload else { return Ok(()) };
    note_blobs(tx, counted, payload).await?;
    match payload {
        Payload::Withdrawal(withdrawal) => erase::withdraw(tx, reader, counted, withdrawal, effects).await,
        Payload::ErasureReceipt(receipt) => store_receipt(tx, counted, receipt).await,
        _ => {
            views::event(tx, &shown(counted, payload, counted.statement.issued_at)).await?;
            if matches!(payload, Payload::PartnerDescriptor(_) | Payload::Continuation(_)) {
                effects.partners.insert(log.id.partner);
            }
            let statement = &counted.statement;
            let row = NewRevision { log: log.number, index, id: counted.id, statement, current: false };
            revisions::add(tx, &[row]).await?;
            refold(tx, reader, log, counted.statement.subject, Some(counted), effects).await
        }
    }
}

/// Which revision of a subject is current, and what the views show of it.
pub(super) async fn refold(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    subject: SubjectId,
    newest: Option<&Counted<'_>>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let partner = log.id.partner;
    let rows = revisions::of_subject(tx, partner, subject).await?;
    let entries: Vec<_> = rows.iter().map(|row| row.revision.clone()).collect();
    let previous: Vec<RecordId> = entries.iter().filter_map(|entry| entry.previous).collect();
    let withdrawn: Vec<RecordId> = match entries.len() {
        0 | 1 => Vec::new(),
        _ => named_by_withdrawals(tx, partner, &previous).await?,
    };
    let place = revision::current(&entries, |id| withdrawn.contains(id));
    let current = place.and_then(|place| rows.get(place));
    let before = rows.iter().find(|row| row.current);
    let unchanged = before.map(|row| (row.log, row.index)) == current.map(|row| (row.log, row.index));
    // Lists are ordered by the first revision: if that came late, the view is written again.
    let first_is_new = newest.is_some_and(|newest| rows.first().is_some_and(|row| row.index == newest.index));
    if unchanged && !first_is_new {
        return Ok(());
    }
    revisions::set_current(tx, partner, subject, current.map(|row| (row.log, row.index))).await?;
    let Some(row) = current else { return Ok(()) };
    let (stored_log, stored);
    let counted = match newest {
        Some(newest) if (newest.log.number, newest.index) == (row.log, row.index) => newest,
        _ => {
            stored_log = logs::load(tx, row.log).await?;
            match load(tx, reader, &stored_log, row.index).await? {
                Some(counted) => {
                    stored = counted;
                    &stored
                }
                None => return Ok(()),
            }
        }
    };
    let Some(payload) = &counted.payload else { return Ok(()) };
    let first_issued_at = rows.first().map_or(counted.statement.issued_at, |row| row.issued_at);
    views::show(tx, &[shown(counted, payload, first_issued_at)], false).await?;
    if matches!(payload, Payload::NodeInfo(_)) {
        effects.partners.insert(partner);
    }
    if unchanged {
        return Ok(());
    }
    note_change(tx, reader, action(&counted.statement), row, effects).await
}

/// What a current revision's coming is called.
pub(super) fn action(statement: &Statement) -> &'static str {
    if statement.revision == 1 { "published" } else { "revised" }
}

pub(super) fn shown<'a>(
    counted: &'a Counted<'_>,
    payload: &'a Payload,
    first_issued_at: volbridge_proto::Timestamp,
) -> Shown<'a> {
    Shown {
        log: counted.log.number,
        log_id: counted.log.id,
        index: counted.index,
        id: counted.id,
        statement: &counted.statement,
        payload,
        first_issued_at,
        own: counted.log.own,
    }
}

pub(super) async fn note_change(
    tx: &mut Tx,
    reader: &Reader<'_>,
    action: &str,
    row: &RevisionRow,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let change = Change {
        at: reader.now,
        action: action.to_owned(),
        kind: row.kind.clone(),
        log: row.log,
        index: row.index,
        subject: row.subject,
    };
    effects.changed = changes::add(tx, &[change], row.class).await?.or(effects.changed);
    Ok(())
}

/// Reads a stored statement back, opening it if it is sealed to this node.
pub(super) async fn load<'a>(
    tx: &Tx,
    reader: &Reader<'_>,
    log: &'a LogRow,
    index: u64,
) -> Result<Option<Counted<'a>>, StoreError> {
    match entries::at(tx, log.number, index).await? {
        Some(row) => read_row(reader, log, &row),
        None => Ok(None),
    }
}

/// A stored entry as a statement; none if it isn't held, doesn't count, or is sealed to others.
pub(super) fn read_row<'a>(
    reader: &Reader<'_>,
    log: &'a LogRow,
    row: &EntryRow,
) -> Result<Option<Counted<'a>>, StoreError> {
    let (State::Held, Some(bytes)) = (row.state, row.sound_body()) else { return Ok(None) };
    if matches!(row.verdict, Verdict::NotEntryValid | Verdict::NotContentValid) {
        return Ok(None);
    }
    let body =
        Body::parse(bytes, &log.id).map_err(|refusal| StoreError::corrupt("entry", row.key(), refusal))?;
    let (statement, nth) = match &body.content {
        Content::Public(statement) => (statement.clone(), None),
        Content::Sealed(_) => match named::open(reader, &body) {
            named::Opening::Ours(statement, nth) => (*statement, Some(nth)),
            named::Opening::Broken(_) | named::Opening::Others => return Ok(None),
        },
    };
    let payload = content_valid(&statement).payload();
    Ok(Some(Counted { log, index: row.index, id: body.id, statement, payload, nth }))
}

/// Remembers what this was made from; the Withdrawal that it goes with, if one of the sources is gone already.
async fn note_sources(
    tx: &mut Tx,
    reader: &Reader<'_>,
    counted: &Counted<'_>,
    effects: &mut Effects,
) -> Result<Option<SourceClaim>, StoreError> {
    let sources: Vec<RecordId> = counted.statement.sources.iter().map(|source| source.id).collect();
    if sources.is_empty() {
        return Ok(None);
    }
    withdrawals::add_sources(tx, counted.log.number, counted.index, &sources).await?;
    for source in &counted.statement.sources {
        let author = source.partner.unwrap_or(counted.log.id.partner);
        if let Some(cause) = erase::source_gone(tx, author, source.id).await? {
            if counted.log.number == reader.own_log {
                effects.owed.push(counted.id);
            }
            return Ok(Some(SourceClaim { index: counted.index, ..cause }));
        }
    }
    Ok(None)
}

async fn note_blobs(tx: &mut Tx, counted: &Counted<'_>, payload: &Payload) -> Result<(), StoreError> {
    let Payload::Material(wire::Material { blob: Some(blob), .. }) = payload else { return Ok(()) };
    let Ok(hash) = BlobHash::try_from(blob.hash.as_slice()) else { return Ok(()) };
    blobs::add(tx, counted.log.number, counted.index, BlobName { hash, size: blob.size }).await?;
    Ok(())
}

async fn store_receipt(
    tx: &mut Tx,
    counted: &Counted<'_>,
    receipt: &wire::ErasureReceipt,
) -> Result<(), StoreError> {
    for erased in &receipt.logs {
        let Ok(partner) = PartnerId::try_from(erased.partner.as_slice()) else { continue };
        let receipt = Receipt {
            holder: counted.log.id.partner,
            log: volbridge_proto::LogId::new(partner, erased.epoch),
            size: erased.size,
            erased_at: volbridge_proto::Timestamp::from_millis(receipt.erased_at),
            backups_by: volbridge_proto::Timestamp::from_millis(receipt.backups_by),
        };
        withdrawals::add_receipt(tx, &receipt).await?;
    }
    Ok(())
}

/// Of these ids, those that a Withdrawal of the partner names.
async fn named_by_withdrawals(
    tx: &Tx,
    partner: PartnerId,
    ids: &[RecordId],
) -> Result<Vec<RecordId>, StoreError> {
    let numbers: Vec<_> = logs::of_partner(tx, partner).await?.iter().map(|log| log.number).collect();
    let rows = withdrawals::among(tx, &numbers, ids).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
