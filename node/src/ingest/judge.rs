//! What is kept of each entry of a proven range, and whether it counts: all that can be said without the database, so
//! that it is said before the transaction begins and while another one is being written.

use volbridge_proto::{
    PartnerId, RecordId, Refusal,
    kinds::Payload,
    record::{Body, Content, ContentVerdict, Statement, content_valid},
    tlog::{
        entry::{Class, Hash, leaf_hash},
        proven::{ProvenEntry, ProvenRange},
    },
};

use super::{Beside, Counted, Reader, named};
use crate::store::{
    entries::{EntryRow, State, Verdict},
    logs::{LogNumber, LogRow},
};

/// A proven range, judged.
#[derive(Debug)]
pub struct Judged {
    /// What was proven, without its entries.
    pub range: ProvenRange,
    /// What the peer sent beside it.
    pub beside: Beside,
    pub(super) entries: Vec<Entry>,
    pub(super) hashes: Vec<Hash>,
}

impl Judged {
    /// Judges all entries of a range.
    #[must_use]
    pub fn of(reader: &Reader<'_>, mut range: ProvenRange, beside: Beside) -> Self {
        let for_others = |index| beside.carried.get(&index).map(Vec::as_slice).unwrap_or_default();
        let judge = |entry: ProvenEntry| {
            let for_others = for_others(entry.index());
            Entry::judge(reader, entry, for_others)
        };
        let entries: Vec<_> = range.take_entries().into_iter().map(judge).collect();
        let hashes = entries.iter().map(|entry| leaf_hash(&entry.leaf)).collect();
        Self { range, beside, entries, hashes }
    }

    /// Bytes of its leaves and bodies.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.leaf.len() + entry.body.as_ref().map_or(0, Vec::len)).sum()
    }

    /// Whether no entry came: only a newer cosignature, or a target that is already reached.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.entries.is_empty()
    }
}

/// An entry, judged.
#[derive(Debug)]
pub(super) struct Entry {
    pub index: u64,
    pub leaf: Vec<u8>,
    pub state: State,
    pub verdict: Verdict,
    pub body: Option<Vec<u8>>,
    pub meaning: Meaning,
}

/// What an entry means to the views.
#[derive(Debug)]
pub(super) enum Meaning {
    Counts(Box<Said>),
    Refused(Refusal),
    /// Not here, or sealed to others.
    Silent,
}

/// A statement that counts.
#[derive(Debug)]
pub(super) struct Said {
    pub id: RecordId,
    pub statement: Statement,
    pub payload: Option<Payload>,
    /// The recipient's number of a named record.
    pub nth: Option<u64>,
}

impl Said {
    /// At its place.
    pub fn at(self, log: &LogRow, index: u64) -> Counted<'_> {
        let Self { id, statement, payload, nth } = self;
        Counted { log, index, id, statement, payload, nth }
    }
}

impl Entry {
    pub fn judge(reader: &Reader<'_>, entry: ProvenEntry, for_others: &[PartnerId]) -> Self {
        let (index, leaf, parsed, bytes, body) = entry.into_parts();
        let class = parsed.map(|leaf| leaf.class);
        let mut judged = Self {
            index,
            leaf,
            state: match class {
                None => State::Unsupported,
                Some(Class::Public) => State::Absent,
                Some(Class::Named) => State::NotForUs,
            },
            verdict: Verdict::Counts,
            body: None,
            meaning: Meaning::Silent,
        };
        let (Some(bytes), Some(body)) = (bytes, body) else { return judged };
        let (verdict, meaning) = match body {
            Err(refusal) => (Verdict::NotEntryValid, Meaning::Refused(refusal)),
            Ok(body) => read(reader, body),
        };
        let is_for_us = class == Some(Class::Public) || !matches!(meaning, Meaning::Silent);
        if is_for_us || !for_others.is_empty() {
            (judged.verdict, judged.state, judged.body) = (verdict, State::Held, Some(bytes));
        }
        judged.meaning = meaning;
        judged
    }

    /// Its row in a log, and what it means.
    pub fn into_row(self, log: LogNumber) -> (EntryRow, Meaning) {
        let Self { index, leaf, state, verdict, body, meaning } = self;
        (EntryRow { log, index, leaf, state, verdict, body }, meaning)
    }
}

/// Opens and judges a body that is entry-valid. Sealed to others: silent.
fn read(reader: &Reader<'_>, body: Body) -> (Verdict, Meaning) {
    let id = body.id;
    let (statement, nth) = match body {
        Body { content: Content::Public(statement), .. } => (statement, None),
        sealed => match named::open(reader, &sealed) {
            named::Opening::Ours(statement, nth) => (*statement, Some(nth)),
            named::Opening::Broken(refusal) => return (Verdict::NotContentValid, Meaning::Refused(refusal)),
            named::Opening::Others => return (Verdict::Counts, Meaning::Silent),
        },
    };
    let (verdict, payload) = match content_valid(&statement) {
        ContentVerdict::Valid(payload) => (Verdict::Counts, Some(payload)),
        ContentVerdict::UnknownKind => (Verdict::UnknownKind, None),
        ContentVerdict::NeedsNewer => (Verdict::NeedsNewer, None),
        ContentVerdict::Invalid(refusals) => {
            let refusal = refusals.into_iter().next();
            return (Verdict::NotContentValid, refusal.map_or(Meaning::Silent, Meaning::Refused));
        }
    };
    (verdict, Meaning::Counts(Box::new(Said { id, statement, payload, nth })))
}
