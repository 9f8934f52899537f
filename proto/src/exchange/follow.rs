//! The follower's state machine: package in, proven range or fault out (protocol
//! section 8; ranges as in [C2SP tlog-mirror](https://c2sp.org/tlog-mirror) `add-entries`).
//! No I/O. A package is taken whole or not at all: after a fault the state is unchanged.
//! Whoever answers, and whatever it sends: what comes out is covered by a checkpoint that
//! the log's keys in force signed and that contains everything taken before.

use crate::{
    error::{Code, Refusal},
    exchange::{
        claim,
        evidence::{Evidence, Known},
    },
    id::LogId,
    identity::{keys_response::hashes, rotation::KeyHistory},
    tlog::{
        checkpoint::{Checkpoint, VerifiedCheckpoint},
        entry::Hash,
        frontier::Frontier,
        note::SignedNote,
        proof::{self, verify_consistency, verify_subtree},
        proven::{Draft, ProvenRange},
        tile::{WIDTH, ranges},
        tree::root,
    },
    wire::exchange::v1 as wire,
};

mod pending;
#[cfg(test)]
mod tests;

pub use self::pending::PendingRange;

/// The longest leaf that is kept: what an entry bundle can hold.
pub const MAX_LEAF: usize = u16::MAX as usize;

/// Why a package wasn't taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowFault {
    /// It breaks the rules of the protocol: the sender's fault.
    #[error("malformed: {0}")]
    Malformed(Refusal),
    /// Nothing that the log signed proves it: the sender's fault, perhaps the author's.
    #[error("unproven: {0}")]
    Unproven(Refusal),
    /// The author signed two histories; the file proves it to anyone.
    #[error("the log has two signed histories")]
    Fork(Box<Evidence>),
    /// Signed by no key that is known so far: fetch `Keys`, then try again.
    #[error("the log's keys must be fetched first")]
    NeedsKeys,
    /// It doesn't follow on what was taken before.
    #[error("out of order: {0}")]
    OutOfOrder(Refusal),
    /// The checkpoint is smaller than what is held. An alarm if it comes from the log's
    /// own node; relays may lag.
    #[error("the checkpoint's size is {0}, less than what is held")]
    Behind(u64),
}

impl FollowFault {
    /// The code for health pages and the audit log.
    pub fn code(&self) -> Code {
        match self {
            Self::Malformed(refusal) | Self::Unproven(refusal) | Self::OutOfOrder(refusal) => refusal.code,
            Self::Fork(_) => Code::LogFork,
            Self::NeedsKeys => Code::FollowNeedsKeys,
            Self::Behind(_) => Code::LogSmaller,
        }
    }
}

/// Follows one log through one peer.
#[derive(Clone, Debug, PartialEq)]
pub struct LogFollower {
    history: KeyHistory,
    frontier: Frontier,
    /// Leaf hashes since the last multiple of 256.
    partial: Vec<Hash>,
    held: Option<VerifiedCheckpoint>,
    target: Option<VerifiedCheckpoint>,
}

impl LogFollower {
    /// Goes on from what is stored: the keys, the edge of the tree, and the leaf hashes
    /// since the last multiple of 256.
    pub fn new(
        log: LogId,
        history: KeyHistory,
        frontier: Frontier,
        partial: Vec<Hash>,
    ) -> Result<Self, Refusal> {
        if history.log() != log {
            return Err(Refusal::new(Code::CheckpointOrigin));
        }
        let fits = frontier.size() % WIDTH == partial.len() as u64;
        let group = frontier.size() - frontier.size() % WIDTH;
        let edge: Vec<Hash> =
            frontier.subtrees().filter(|(start, _, _)| *start >= group).map(|(_, _, hash)| hash).collect();
        let same = crate::tlog::tree::fold_right(&edge).is_none_or(|hash| hash == root(&partial));
        if !fits || !same {
            return Err(Refusal::new(Code::ProofMalformed).at("partial"));
        }
        Ok(Self { history, frontier, partial, held: None, target: None })
    }

    /// Names the largest checkpoint of this log that was ever accepted, from whomever.
    /// With it a second history is not only refused but proven.
    #[must_use]
    pub fn holding(mut self, checkpoint: VerifiedCheckpoint) -> Self {
        let larger = self.held.as_ref().is_none_or(|held| held.size() <= checkpoint.size());
        if checkpoint.log() == self.log() && larger {
            self.held = Some(checkpoint);
        }
        self
    }

    /// Which log.
    pub fn log(&self) -> LogId {
        self.history.log()
    }

    /// The number of entries taken.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The right edge of what was taken.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The keys known so far.
    pub fn history(&self) -> &KeyHistory {
        &self.history
    }

    /// Takes in newer keys, as `verify_keys_response` gave them. They must go on from
    /// the present ones.
    pub fn update_keys(&mut self, history: KeyHistory) -> Result<(), Refusal> {
        let newest = self.history.newest();
        let known = history.descriptor_at_index(newest.index()).map(|held| held.id());
        if history.log() != self.log() || known != Some(newest.id()) {
            return Err(Refusal::new(Code::IdentityOrder));
        }
        self.history = history;
        Ok(())
    }

    /// Whether a target was accepted that isn't reached yet.
    #[must_use]
    pub fn is_catching_up(&self) -> bool {
        self.target.is_some()
    }

    /// Where the ranges that follow lead, with the proof that everything taken so far is
    /// the beginning of it.
    pub fn target(&mut self, target: &wire::Target) -> Result<(), FollowFault> {
        let checkpoint = self.verify(&target.checkpoint, &self.history)?;
        if checkpoint.size() < self.size() {
            return Err(FollowFault::Behind(checkpoint.size()));
        }
        let proof = hashes(&target.consistency).map_err(FollowFault::Malformed)?;
        let (size, edge) = (self.size(), self.frontier.root());
        if let Err(refusal) = verify_consistency(size, &edge, checkpoint.size(), checkpoint.root(), &proof) {
            return Err(self.fork(&checkpoint, &proof).unwrap_or(FollowFault::Unproven(refusal)));
        }
        if let Some(fork) = self.fork_at_one_size(&checkpoint) {
            return Err(fork);
        }
        if checkpoint.size() > self.size() {
            self.target = Some(checkpoint);
        } else {
            self.target = None;
            self.hold(checkpoint);
        }
        Ok(())
    }

    /// Leaves with the proof that they stand in the target. Nothing is taken yet.
    pub fn range(&self, range: &wire::Range) -> Result<PendingRange, FollowFault> {
        let Some(target) = &self.target else { return Err(out_of_order("target")) };
        if range.start != self.size() {
            return Err(out_of_order("start"));
        }
        let expected = ranges(range.start, target.size()).next().map(|range| range.end);
        let end = range.start.checked_add(range.leaves.len() as u64);
        if end != expected {
            return Err(FollowFault::Malformed(Refusal::new(Code::FollowAlignment).at("leaves")));
        }
        let draft = draft(range.start, &range.leaves)?;
        let claims =
            claim::claims(&range.erased, range.start, &range.leaves).map_err(FollowFault::Malformed)?;
        let proof = hashes(&range.proof).map_err(FollowFault::Malformed)?;
        let group: Vec<Hash> = self.partial.iter().chain(&draft.hashes).copied().collect();
        let start = range.start - self.partial.len() as u64;
        let end = end.unwrap_or(start);
        verify_subtree(start, end, &root(&group), target.size(), target.root(), &proof)
            .map_err(FollowFault::Unproven)?;
        let expected = range.bodies as usize;
        if expected > range.leaves.len() {
            return Err(FollowFault::Malformed(Refusal::new(Code::FollowBodies).at("bodies")));
        }
        Ok(PendingRange { draft, expected, claims, proof, target: target.checkpoint().clone() })
    }

    /// Takes a range when its bodies are there.
    pub fn finish(&mut self, pending: PendingRange) -> Result<ProvenRange, FollowFault> {
        if !pending.is_complete() {
            return Err(FollowFault::Malformed(Refusal::new(Code::FollowBodies).with("missing", "bodies")));
        }
        let target = self.target.clone().filter(|target| *target.checkpoint() == pending.target);
        let Some(target) = target else { return Err(out_of_order("target")) };
        if pending.draft.start != self.size() {
            return Err(out_of_order("start"));
        }
        let mut next = Next::of(self, pending.draft)?;
        let start = next.range.start - self.partial.len() as u64;
        let group: Vec<Hash> = self.partial.iter().chain(&next.hashes).copied().collect();
        // A descriptor in this range may have ended the key that signed the target.
        let target = if next.range.history.newest().index() == self.history.newest().index() {
            target
        } else {
            VerifiedCheckpoint::verify(&target.note().encode(), &next.range.history)
                .map_err(FollowFault::Unproven)?
        };
        let reached = next.range.end() == target.size();
        if reached && next.range.frontier.root() != *target.root() {
            return Err(FollowFault::Unproven(Refusal::new(Code::CheckpointRoot)));
        }
        let mut known = Known::of_frontier(&self.frontier);
        known.add_leaves(start, &group);
        known.add_proof(start, next.range.end(), target.size(), &pending.proof);
        self.check_passed(&next, &target, &known)?;
        next.range.checkpoint = reached.then(|| target.clone());
        if reached {
            self.target = None;
            self.hold(target);
        }
        Ok(self.advance(next))
    }

    /// New entries at the end, with the checkpoint that they must give; or, without
    /// entries, a newer cosignature.
    pub fn tail(&mut self, tail: &wire::Tail) -> Result<ProvenRange, FollowFault> {
        if self.target.is_some() {
            return Err(out_of_order("target"));
        }
        if tail.start != self.size() {
            return Err(out_of_order("start"));
        }
        let mut draft = draft(tail.start, &tail.leaves)?;
        let claims = claim::claims(&tail.erased, tail.start, &tail.leaves).map_err(FollowFault::Malformed)?;
        for body in &tail.bodies {
            claim::check_unclaimed(&claims, body.index).map_err(FollowFault::Malformed)?;
            draft.body(body.index, body.body.clone()).map_err(FollowFault::Malformed)?;
        }
        let mut next = Next::of(self, draft)?;
        let checkpoint = self.verify(&tail.checkpoint, &next.range.history)?;
        if checkpoint.size() != next.range.end() {
            let refusal = Refusal::new(Code::CheckpointSize).with("expected", next.range.end());
            return Err(FollowFault::Malformed(refusal));
        }
        if *checkpoint.root() != next.range.frontier.root() {
            // Entries may be the sender's invention; without any the author signed both.
            let fork = self.fork_at_one_size(&checkpoint).filter(|_| next.hashes.is_empty());
            let unproven = || FollowFault::Unproven(Refusal::new(Code::CheckpointRoot));
            return Err(fork.unwrap_or_else(unproven));
        }
        let mut known = Known::of_frontier(&self.frontier);
        known.add_leaves(tail.start, &next.hashes);
        self.check_passed(&next, &checkpoint, &known)?;
        next.range.checkpoint = Some(checkpoint.clone());
        self.hold(checkpoint);
        Ok(self.advance(next))
    }

    fn advance(&mut self, next: Next) -> ProvenRange {
        self.partial.extend(next.hashes);
        let spare = self.partial.len() - self.partial.len() % 256;
        self.partial.drain(..spare);
        self.frontier = next.range.frontier.clone();
        self.history = next.range.history.clone();
        next.range
    }

    fn hold(&mut self, checkpoint: VerifiedCheckpoint) {
        if self.held.as_ref().is_none_or(|held| held.size() <= checkpoint.size()) {
            self.held = Some(checkpoint);
        }
    }

    /// Checks who signed a note, by the keys in force at its size.
    fn verify(&self, note: &str, history: &KeyHistory) -> Result<VerifiedCheckpoint, FollowFault> {
        VerifiedCheckpoint::verify(note, history).map_err(|refusal| match refusal.code {
            Code::CheckpointUnsigned if size_of(note) > history.complete_to() => FollowFault::NeedsKeys,
            Code::CheckpointUnsigned | Code::CheckpointSignature | Code::CosignatureInvalid => {
                FollowFault::Unproven(refusal)
            }
            _ => FollowFault::Malformed(refusal),
        })
    }

    /// The held checkpoint and this one have one size and two roots.
    fn fork_at_one_size(&self, shown: &VerifiedCheckpoint) -> Option<FollowFault> {
        let held = self.held.as_ref().filter(|held| held.size() == shown.size())?;
        let (one, other) = ((held, vec![*held.root()]), (shown, vec![*shown.root()]));
        Evidence::new(&self.history, shown.size(), one, other).ok().map(fault)
    }

    /// The proof leads from another old root than that of the held checkpoint.
    fn fork(&self, shown: &VerifiedCheckpoint, proof: &[Hash]) -> Option<FollowFault> {
        let held = self.held.as_ref().filter(|held| held.size() == self.size())?;
        if shown.size() == held.size() {
            return self.fork_at_one_size(shown);
        }
        // For powers of two RFC 6962 leaves out the very hash that would prove it.
        let (one, other) = ((held, vec![*held.root()]), (shown, proof.to_vec()));
        Evidence::new(&self.history, held.size(), one, other).ok().map(fault)
    }

    /// Growing past a held checkpoint must give its root.
    fn check_passed(
        &self,
        next: &Next,
        shown: &VerifiedCheckpoint,
        known: &Known,
    ) -> Result<(), FollowFault> {
        let Some(held) = &self.held else { return Ok(()) };
        if held.size() <= self.size() || held.size() > next.range.end() {
            return Ok(());
        }
        let mut frontier = self.frontier.clone();
        for hash in &next.hashes {
            if frontier.size() < held.size() {
                frontier.push(*hash);
            }
        }
        if frontier.root() == *held.root() {
            return Ok(());
        }
        let proof = proof::spans(0, held.size(), shown.size(), true).into_iter().map(|span| known.hash(span));
        let evidence = proof.collect::<Option<Vec<Hash>>>().and_then(|proof| {
            let one = (held, vec![*held.root()]);
            Evidence::new(&next.range.history, held.size(), one, (shown, proof)).ok()
        });
        Err(evidence.map_or_else(|| FollowFault::Unproven(Refusal::new(Code::LogFork)), fault))
    }
}

/// The state after a package.
struct Next {
    range: ProvenRange,
    hashes: Vec<Hash>,
}

impl Next {
    fn of(follower: &LogFollower, draft: Draft) -> Result<Self, FollowFault> {
        let (start, hashes) = (draft.start, draft.hashes.clone());
        let mut frontier = follower.frontier.clone();
        hashes.iter().for_each(|hash| frontier.push(*hash));
        let mut history = follower.history.clone();
        let entries = draft.judge(&mut history).map_err(FollowFault::Unproven)?;
        Ok(Self { range: ProvenRange { start, entries, frontier, history, checkpoint: None }, hashes })
    }
}

fn draft(start: u64, leaves: &[Vec<u8>]) -> Result<Draft, FollowFault> {
    let end = start.checked_add(leaves.len() as u64);
    let full = end.is_none_or(|end| end > crate::tlog::checkpoint::MAX_SIZE);
    if full || leaves.iter().any(|leaf| leaf.len() > MAX_LEAF) {
        return Err(FollowFault::Malformed(Refusal::new(Code::LogFull).at("leaves")));
    }
    Ok(Draft::new(start, leaves.to_vec()))
}

fn size_of(note: &str) -> u64 {
    SignedNote::parse(note)
        .and_then(|note| Checkpoint::parse(note.text()))
        .map_or(0, |checkpoint| checkpoint.size)
}

fn out_of_order(field: &str) -> FollowFault {
    FollowFault::OutOfOrder(Refusal::new(Code::FollowOrder).at(field))
}

fn fault(evidence: Evidence) -> FollowFault {
    FollowFault::Fork(Box::new(evidence))
}
