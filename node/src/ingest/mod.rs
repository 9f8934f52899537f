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
mod judge;
mod named;
mod rebuild;

use std::collections::{BTreeMap, BTreeSet};

use volbridge_proto::{
    PartnerId, RecordId, Refusal, Timestamp,
    exchange::SourceClaim,
    kinds::Payload,
    record::Statement,
    seal::SealingSecret,
    tlog::{
        checkpoint::VerifiedCheckpoint,
        proven::{ProvenEntry, ProvenRange},
    },
};

use self::judge::Meaning;
pub use self::{
    erase::{is_withdrawn, withdrawn_by},
    judge::Judged,
    rebuild::rebuild,
};
use crate::{
    metrics,
    store::{
        StoreError, Tx,
        blobs::BlobName,
        causes,
        entries::{self, State},
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
    /// Whose keys, address or carriers changed.
    pub partners: BTreeSet<PartnerId>,
}

impl Effects {
    /// Adds those of a later step of the same transaction.
    pub fn join(&mut self, later: Self) {
        self.changed = later.changed.or(self.changed);
        self.blobs_dropped.extend(later.blobs_dropped);
        self.owed.extend(later.owed);
        self.erased |= later.erased;
        self.partners.extend(later.partners);
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

/// Stores judged ranges, each behind the one before it and the first behind what is held of their log, and everything
/// that follows from them.
///
/// # Errors
/// `Corrupt` if they don't begin at the log's size: two followers of one log can't both store.
pub async fn store(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    ranges: Vec<Judged>,
) -> Result<Effects, StoreError> {
    let mut effects = Effects::default();
    let (mut rows, mut hashes, mut counted) = (Vec::new(), Vec::new(), Vec::new());
    let mut proven = Vec::with_capacity(ranges.len());
    let mut end = log.size;
    for judged in ranges {
        if judged.range.start() != end {
            return Err(StoreError::corrupt("log", log.number, "the range doesn't begin where the log ends"));
        }
        end = judged.range.end();
        hashes.extend(judged.hashes);
        for entry in judged.entries {
            let (row, meaning) = entry.into_row(log.number);
            match meaning {
                Meaning::Counts(said) => counted.push(said.at(log, row.index)),
                Meaning::Refused(refusal) => note_refusal(tx, reader, log, row.index, &refusal).await?,
                Meaning::Silent => {}
            }
            rows.push(row);
        }
        proven.push((judged.range, judged.beside));
    }
    let Some((last, _)) = proven.last() else { return Ok(effects) };
    let known = batch::Known::load(tx, log, &counted).await?;
    entries::insert(tx, rows).await?;
    tiles::append(tx, log.number, log.size, &hashes).await?;
    logs::advance(tx, log.number, log.size, last.frontier(), reader.now).await?;
    for (range, beside) in &proven {
        carry(tx, reader, log, &beside.carried).await?;
        if let Some(checkpoint) = range.checkpoint() {
            keep_checkpoint(tx, reader, log, range, checkpoint).await?;
        }
    }
    batch::apply(tx, reader, &known, &counted, &mut effects).await?;
    for (_, beside) in &proven {
        take_claims(tx, reader, log, &beside.claims).await?;
    }
    Ok(effects)
}

async fn keep_checkpoint(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    range: &ProvenRange,
    checkpoint: &VerifiedCheckpoint,
) -> Result<(), StoreError> {
    let (note, at) = (checkpoint.note().encode(), checkpoint.signed_at());
    logs::set_checkpoint(tx, log.number, &note, checkpoint.size(), at, reader.now).await?;
    // Signed by the old and the new log keys: kept for ever.
    if checkpoint.size().checked_sub(1).is_some_and(|index| range.history().ends_group(index)) {
        logs::add_group_end(tx, log.number, checkpoint.size(), &note).await?;
    }
    Ok(())
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
    entry: ProvenEntry,
) -> Result<Effects, StoreError> {
    let mut effects = Effects::default();
    let judge::Entry { index, state, verdict, body, meaning, .. } = judge::Entry::judge(reader, entry, &[]);
    let (State::Held, Some(body)) = (state, body) else { return Ok(effects) };
    if !entries::fill(tx, log.number, index, body, verdict).await? {
        return Ok(effects);
    }
    causes::remove(tx, log.number, index).await?;
    match meaning {
        Meaning::Counts(said) => apply::apply(tx, reader, &said.at(log, index), &mut effects).await?,
        Meaning::Refused(refusal) => note_refusal(tx, reader, log, index, &refusal).await?,
        Meaning::Silent => {}
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
