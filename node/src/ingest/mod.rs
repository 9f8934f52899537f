//! The one way in: verified entries and their views, in one transaction; own and
//! foreign alike. Nothing gets here that `proto` hasn't proven (`ProvenRange`), and no
//! entry can stop it: a bad one is kept at its index, counted, and shown (T16).
//!
//! What a transaction can't do (files, other nodes, own records that are owed) comes
//! back as `Effects` and is done after the commit, by `Context::after`.

mod apply;
mod batch;
mod claims;
mod erase;
mod named;
mod rebuild;

use std::collections::BTreeMap;

use volbridge_proto::{
    PartnerId, RecordId, Refusal, Timestamp,
    exchange::SourceClaim,
    kinds::Payload,
    record::{Body, Content, ContentVerdict, Statement, content_valid},
    seal::SealingSecret,
    tlog::{
        entry::{Class, leaf_hash},
        proven::{ProvenEntry, ProvenRange},
    },
};

pub use self::{
    erase::{is_withdrawn, withdrawn_by},
    rebuild::rebuild,
};
use crate::{
    metrics,
    store::{
        StoreError, Tx,
        blobs::BlobName,
        causes,
        entries::{self, EntryRow, State, Verdict},
        logs::{self, LogNumber, LogRow},
        recipients::{self, Recipient},
        refusals::{self, Refused},
        tiles,
    },
};

/// How long a carrier keeps what nobody has fetched.
const CARRIED_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Who reads: this node, with the key that opens what is sealed to it.
pub struct Reader<'a> {
    /// This partner.
    pub partner: PartnerId,
    /// The number of its own log.
    pub own_log: LogNumber,
    /// Opens named records.
    pub sealing: &'a SealingSecret,
    /// The moment of this transaction.
    pub now: Timestamp,
}

/// What remains to be done after the commit.
#[derive(Debug, Default)]
pub struct Effects {
    /// The directory changed: number of the newest change.
    pub changed: Option<i64>,
    /// Blobs that no record names any more.
    pub blobs_dropped: Vec<BlobName>,
    /// Own records whose source was withdrawn: this node owes their withdrawal.
    pub owed: Vec<RecordId>,
    /// Bodies were erased: make it final on disk, and write a receipt.
    pub erased: bool,
    /// A partner's keys, address or carriers changed.
    pub partners: bool,
}

impl Effects {
    /// Adds those of a later step of the same transaction.
    pub fn join(&mut self, later: Self) {
        self.changed = later.changed.or(self.changed);
        self.blobs_dropped.extend(later.blobs_dropped);
        self.owed.extend(later.owed);
        self.erased |= later.erased;
        self.partners |= later.partners;
    }
}

/// For whom a carrier keeps named bodies, by index.
pub type CarriedFor = BTreeMap<u64, Vec<PartnerId>>;

/// What a peer sent beside a range. Nothing of it is proven.
#[derive(Debug, Default)]
pub struct Beside {
    /// For whom named bodies are to be kept.
    pub carried: CarriedFor,
    /// Why public bodies are missing.
    pub claims: Vec<SourceClaim>,
}

/// A statement that counts, at its place.
struct Counted<'a> {
    log: &'a LogRow,
    index: u64,
    id: RecordId,
    statement: Statement,
    payload: Option<Payload>,
    /// The recipient's number of a named record.
    nth: Option<u64>,
}

/// Stores a proven range behind what is held of its log, and everything that follows from it.
///
/// # Errors
/// `Corrupt` if the range doesn't begin at the log's size: two followers of one log can't both store.
pub async fn store_range(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    range: &ProvenRange,
    beside: &Beside,
) -> Result<Effects, StoreError> {
    if range.start() != log.size {
        return Err(StoreError::corrupt("log", log.number, "the range doesn't begin where the log ends"));
    }
    let mut effects = Effects::default();
    let mut rows = Vec::with_capacity(range.entries().len());
    let mut counted = Vec::new();
    for entry in range.entries() {
        let for_others = beside.carried.get(&entry.index()).map(Vec::as_slice).unwrap_or_default();
        let (row, placed) = place(reader, log, entry, for_others);
        rows.push(row);
        match placed {
            Placed::Counts(statement) => counted.push(*statement),
            Placed::Refused(refusal) => note_refusal(tx, reader, log, entry.index(), &refusal).await?,
            Placed::Silent => {}
        }
    }
    let known = batch::Known::load(tx, log, &counted).await?;
    entries::insert(tx, rows).await?;
    let hashes: Vec<_> = range.entries().iter().map(|entry| leaf_hash(entry.leaf())).collect();
    tiles::append(tx, log.number, log.size, &hashes).await?;
    carry(tx, reader, log, &beside.carried).await?;
    logs::advance(tx, log.number, range.start(), range.frontier(), reader.now).await?;
    if let Some(checkpoint) = range.checkpoint() {
        let (note, at) = (checkpoint.note().encode(), checkpoint.signed_at());
        logs::set_checkpoint(tx, log.number, &note, checkpoint.size(), at, reader.now).await?;
        // Signed by the old and the new log keys: kept for ever.
        if checkpoint.size().checked_sub(1).is_some_and(|index| range.history().ends_group(index)) {
            logs::add_group_end(tx, log.number, checkpoint.size(), &note).await?;
        }
    }
    batch::apply(tx, reader, &known, &counted, &mut effects).await?;
    take_claims(tx, reader, log, &beside.claims).await?;
    Ok(effects)
}

/// Takes what a peer says of entries that are held without their bodies, up to the first lie.
pub async fn take_claims(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    claims: &[SourceClaim],
) -> Result<(), StoreError> {
    for claim in claims {
        if !claims::take(tx, reader, log, claim).await? {
            break;
        }
    }
    Ok(())
}

/// Stores the body of an entry that was absent, and everything that follows from it.
pub async fn store_late_body(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    entry: &ProvenEntry,
) -> Result<Effects, StoreError> {
    let mut effects = Effects::default();
    let (row, placed) = place(reader, log, entry, &[]);
    let (State::Held, Some(body)) = (row.state, row.body) else { return Ok(effects) };
    if !entries::fill(tx, log.number, row.index, body, row.verdict).await? {
        return Ok(effects);
    }
    causes::remove(tx, log.number, entry.index()).await?;
    match placed {
        Placed::Counts(statement) => apply::apply(tx, reader, &statement, &mut effects).await?,
        Placed::Refused(refusal) => note_refusal(tx, reader, log, row.index, &refusal).await?,
        Placed::Silent => {}
    }
    Ok(effects)
}

/// Erases received records whose time is over.
pub async fn erase_expired(
    tx: &mut Tx,
    reader: &Reader<'_>,
    places: &[(LogNumber, u64)],
) -> Result<Effects, StoreError> {
    let mut effects = Effects::default();
    for (log, index) in places {
        let log = logs::load(tx, *log).await?;
        erase::entry(tx, reader, &log, *index, State::Erased, &mut effects).await?;
    }
    Ok(effects)
}

async fn carry(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    carried: &CarriedFor,
) -> Result<(), StoreError> {
    for (index, partners) in carried {
        for partner in partners {
            let kept_until = Some(reader.now.plus(CARRIED_MS));
            let recipient = Recipient { partner: *partner, nth: None, delivered: false, kept_until };
            recipients::add(tx, log.number, *index, &recipient).await?;
        }
    }
    Ok(())
}

async fn note_refusal(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    index: u64,
    refusal: &Refusal,
) -> Result<(), StoreError> {
    let refused = Refused {
        at: reader.now,
        partner: log.id.partner,
        index: Some(index),
        code: refusal.code.as_str().to_owned(),
        field: refusal.field.clone(),
    };
    tracing::info!(partner.id = %log.id.partner, log.index = index, code = %refusal.code, "an entry doesn't count");
    metrics::refused(&log.id.partner, refusal.code);
    refusals::add(tx, &refused).await.map(drop)
}

enum Placed<'a> {
    Counts(Box<Counted<'a>>),
    Refused(Refusal),
    Silent,
}

/// Decides what is kept of an entry and whether it counts.
fn place<'a>(
    reader: &Reader<'_>,
    log: &'a LogRow,
    entry: &ProvenEntry,
    for_others: &[PartnerId],
) -> (EntryRow, Placed<'a>) {
    let class = entry.parsed().map(|leaf| leaf.class);
    let mut row = EntryRow {
        log: log.number,
        index: entry.index(),
        leaf: entry.leaf().to_vec(),
        state: match class {
            None => State::Unsupported,
            Some(Class::Public) => State::Absent,
            Some(Class::Named) => State::NotForUs,
        },
        verdict: Verdict::Counts,
        body: None,
    };
    let (Some(bytes), Some(verdict)) = (entry.body(), entry.verdict()) else { return (row, Placed::Silent) };
    let (verdict, placed) = match verdict {
        Err(refusal) => (Verdict::NotEntryValid, Placed::Refused(refusal.clone())),
        Ok(body) => read(reader, log, entry.index(), body),
    };
    let is_for_us = class == Some(Class::Public) || !matches!(placed, Placed::Silent);
    if is_for_us || !for_others.is_empty() {
        row.verdict = verdict;
        row.state = State::Held;
        row.body = Some(bytes.to_vec());
    }
    (row, placed)
}

/// Opens and judges a body that is entry-valid. Sealed to others: silent.
fn read<'a>(reader: &Reader<'_>, log: &'a LogRow, index: u64, body: &Body) -> (Verdict, Placed<'a>) {
    let (statement, nth) = match &body.content {
        Content::Public(statement) => (statement.clone(), None),
        Content::Sealed(_) => match named::open(reader, body) {
            named::Opening::Ours(statement, nth) => (*statement, Some(nth)),
            named::Opening::Broken(refusal) => return (Verdict::NotContentValid, Placed::Refused(refusal)),
            named::Opening::Others => return (Verdict::Counts, Placed::Silent),
        },
    };
    let (verdict, payload) = match content_valid(&statement) {
        ContentVerdict::Valid(payload) => (Verdict::Counts, Some(payload)),
        ContentVerdict::UnknownKind => (Verdict::UnknownKind, None),
        ContentVerdict::NeedsNewer => (Verdict::NeedsNewer, None),
        ContentVerdict::Invalid(refusals) => {
            let refusal = refusals.into_iter().next();
            return (Verdict::NotContentValid, refusal.map_or(Placed::Silent, Placed::Refused));
        }
    };
    let counted = Counted { log, index, id: body.id, statement, payload, nth };
    (verdict, Placed::Counts(Box::new(counted)))
}
