//! Entries that a signed checkpoint of their log covers. There is no other way to make
//! these values than by checking (`exchange::follow`) or by appending to the own log
//! (`tlog::own`): what stores, indexes or serves entries takes nothing else.

use crate::{
    error::{Code, Refusal},
    id::{LogId, record_id},
    identity::rotation::KeyHistory,
    record::{Body, entry_valid},
    tlog::{
        checkpoint::VerifiedCheckpoint,
        entry::{Class, Hash, Leaf, leaf_hash},
        frontier::Frontier,
    },
};

/// One entry of a log, with its body if that came along.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvenEntry {
    index: u64,
    leaf: Vec<u8>,
    parsed: Option<Leaf>,
    body: Option<Vec<u8>>,
    verdict: Option<Result<Body, Refusal>>,
}

impl ProvenEntry {
    /// Checks a body that was fetched later against the leaf at its index, which was
    /// proven before. `history` must cover the index.
    pub fn fetched(history: &KeyHistory, index: u64, leaf: &[u8], body: Vec<u8>) -> Result<Self, Refusal> {
        let parsed = Leaf::parse(leaf).ok_or_else(|| Refusal::new(Code::FollowBodies))?;
        if record_id(&body) != parsed.id {
            return Err(Refusal::new(Code::RecordId));
        }
        let mut verdict = entry_valid(&body, &parsed, &history.log(), index);
        if let Ok(valid) = &verdict
            && let Err(refusal) = history.judge(index, &body, valid)
        {
            verdict = Err(refusal);
        }
        Ok(Self {
            index,
            leaf: leaf.to_vec(),
            parsed: Some(parsed),
            body: Some(body),
            verdict: Some(verdict),
        })
    }

    /// Where it stands in the log.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The leaf's data, also of unsupported leaves.
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// Class and id; none if the leaf isn't one that this version reads.
    pub fn parsed(&self) -> Option<&Leaf> {
        self.parsed.as_ref()
    }

    /// The body's bytes, if they came along. They hash to the leaf's id.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// Whether the body is entry-valid; none without a body.
    pub fn verdict(&self) -> Option<Result<&Body, &Refusal>> {
        self.verdict.as_ref().map(Result::as_ref)
    }

    /// The parts: index, leaf, parsed leaf, body, verdict.
    #[expect(clippy::type_complexity, reason = "the five fields, to be moved out at once")]
    pub fn into_parts(self) -> (u64, Vec<u8>, Option<Leaf>, Option<Vec<u8>>, Option<Result<Body, Refusal>>) {
        (self.index, self.leaf, self.parsed, self.body, self.verdict)
    }
}

/// Successive entries of one log that follow on what was proven before.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvenRange {
    pub(crate) start: u64,
    pub(crate) entries: Vec<ProvenEntry>,
    pub(crate) frontier: Frontier,
    pub(crate) history: KeyHistory,
    pub(crate) checkpoint: Option<VerifiedCheckpoint>,
}

impl ProvenRange {
    /// Which log.
    pub fn log(&self) -> LogId {
        self.history.log()
    }

    /// Index of the first entry: the size before.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The size after.
    pub fn end(&self) -> u64 {
        self.frontier.size()
    }

    /// The entries, ascending; none if only a newer cosignature came.
    pub fn entries(&self) -> &[ProvenEntry] {
        &self.entries
    }

    /// The right edge of the tree after these entries.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The keys of the log after these entries.
    pub fn history(&self) -> &KeyHistory {
        &self.history
    }

    /// The checkpoint of exactly this size, if it is reached.
    pub fn checkpoint(&self) -> Option<&VerifiedCheckpoint> {
        self.checkpoint.as_ref()
    }

    /// The same range with more lines on its checkpoint; another checkpoint changes nothing.
    #[must_use]
    pub fn with_lines(mut self, checkpoint: VerifiedCheckpoint) -> Self {
        if self.checkpoint.as_ref().is_some_and(|held| held.note().text() == checkpoint.note().text()) {
            self.checkpoint = Some(checkpoint);
        }
        self
    }

    /// The entries alone, to be moved out.
    pub fn into_entries(self) -> Vec<ProvenEntry> {
        self.entries
    }

    /// Moves the entries out; what remains has none.
    pub fn take_entries(&mut self) -> Vec<ProvenEntry> {
        std::mem::take(&mut self.entries)
    }
}

/// Leaves and bodies that hang together, not yet proven.
#[derive(Debug)]
pub(crate) struct Draft {
    pub start: u64,
    pub leaves: Vec<Vec<u8>>,
    pub hashes: Vec<Hash>,
    /// One place for each leaf.
    pub bodies: Vec<Option<Vec<u8>>>,
    last: Option<u64>,
}

impl Draft {
    pub fn new(start: u64, leaves: Vec<Vec<u8>>) -> Self {
        let hashes = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let bodies = vec![None; leaves.len()];
        Self { start, leaves, hashes, bodies, last: None }
    }

    /// Takes a body: ascending, within the leaves, hashing to its leaf's id.
    pub fn body(&mut self, index: u64, body: Vec<u8>) -> Result<(), Refusal> {
        let refused = |code| Refusal::new(code).at("bodies").with("index", index);
        if self.last.is_some_and(|last| index <= last) {
            return Err(refused(Code::FollowBodies));
        }
        let place = index.checked_sub(self.start).and_then(|place| usize::try_from(place).ok());
        let place = place.filter(|place| *place < self.leaves.len());
        let place = place.ok_or_else(|| refused(Code::FollowBodies))?;
        let leaf = self.leaves.get(place).and_then(|leaf| Leaf::parse(leaf));
        if leaf.ok_or_else(|| refused(Code::FollowBodies))?.id != record_id(&body) {
            return Err(refused(Code::RecordId));
        }
        if let Some(slot) = self.bodies.get_mut(place) {
            *slot = Some(body);
        }
        self.last = Some(index);
        Ok(())
    }

    pub fn count(&self) -> usize {
        self.bodies.iter().filter(|body| body.is_some()).count()
    }

    /// Judges every body and takes descriptors into account. Refused if the descriptors
    /// are not those that the history anticipates.
    pub fn judge(self, history: &mut KeyHistory) -> Result<Vec<ProvenEntry>, Refusal> {
        let log = history.log();
        let mut entries = Vec::with_capacity(self.leaves.len());
        for (place, (leaf, body)) in self.leaves.into_iter().zip(self.bodies).enumerate() {
            let index = self.start + place as u64;
            let parsed = Leaf::parse(&leaf);
            let mut verdict = match (&parsed, &body) {
                (Some(parsed), Some(body)) => Some(entry_valid(body, parsed, &log, index)),
                _ => None,
            };
            if let Some(held) = history.descriptor_at_index(index) {
                let same = |leaf: &Leaf| leaf.class == Class::Public && leaf.id == held.id();
                if !parsed.as_ref().is_some_and(same) {
                    return Err(Refusal::new(Code::IdentityOrder).with("index", index));
                }
            } else if let (Some(Ok(valid)), Some(bytes)) = (&verdict, &body) {
                match history.judge(index, bytes, valid) {
                    Ok(None) => {}
                    // Left out of the answer to `Keys`, or new: `apply` tells them apart.
                    Ok(Some(_)) => _ = history.apply(index, bytes, valid)?,
                    Err(refusal) => verdict = Some(Err(refusal)),
                }
            }
            entries.push(ProvenEntry { index, leaf, parsed, body, verdict });
        }
        Ok(entries)
    }
}
