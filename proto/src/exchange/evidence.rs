//! Evidence of a fork: one file that anyone can check offline (protocol section 7).
//! Two checkpoints by the log's keys, and for each a consistency-shaped proof from one
//! common size, whose first hash is always the seed. Both lead to their checkpoint's
//! root, and they begin with two different trees. The descriptors give the keys.
//!
//! ```text
//! volbridge/fork-evidence/v1
//! descriptor 1 0 <base64 body>
//! prefix 700
//! checkpoint <base64 note>
//! <base64 hash>
//! checkpoint <base64 note>
//! <base64 hash>
//! ```

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    error::{Code, Refusal},
    id::{LogId, record_id},
    identity::{keys_response::hashes, rotation::KeyHistory},
    tlog::{
        checkpoint::VerifiedCheckpoint,
        entry::{Class, Hash, Leaf, node_hash},
        frontier::Frontier,
        proof::{MAX_HASHES, Span, explicit_roots, spans, verify_inclusion},
        tree::{HashSource, split, subtree_hash},
    },
    wire::exchange::v1::KeysResponse,
};

/// The largest file that is read.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

const HEADER: &str = "volbridge/fork-evidence/v1";

/// Two signed histories of one log. Parsed, not yet verified, if it was read from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Epoch, index and body of all descriptors, ascending.
    descriptors: Vec<(u64, u64, Vec<u8>)>,
    /// The size at which the two trees already differ.
    prefix: u64,
    sides: [Side; 2],
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Side {
    note: String,
    proof: Vec<Hash>,
}

/// What verified evidence shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// Whose log, in which epoch.
    pub log: LogId,
    /// Below this size the two histories already differ.
    pub prefix: u64,
    /// The two checkpoints.
    pub checkpoints: [VerifiedCheckpoint; 2],
}

impl Evidence {
    /// Puts evidence together from two checkpoints, each with its proof from `prefix` on;
    /// refused if it proves nothing.
    pub fn new(
        history: &KeyHistory,
        prefix: u64,
        one: (&VerifiedCheckpoint, Vec<Hash>),
        other: (&VerifiedCheckpoint, Vec<Hash>),
    ) -> Result<Self, Refusal> {
        let side = |(checkpoint, proof): (&VerifiedCheckpoint, Vec<Hash>)| Side {
            note: checkpoint.note().encode(),
            proof,
        };
        let evidence = Self { descriptors: descriptors(history), prefix, sides: [side(one), side(other)] };
        evidence.verify_with(history)?;
        Ok(evidence)
    }

    /// Compares a checkpoint that someone shows with the own tree, which reaches at least
    /// as far: none if it agrees.
    pub fn compare(
        history: &KeyHistory,
        held: &VerifiedCheckpoint,
        tree: &(impl HashSource + ?Sized),
        shown: &VerifiedCheckpoint,
    ) -> Result<Option<Self>, Refusal> {
        let missing = || Refusal::new(Code::TileMissing);
        if shown.size() > held.size() || shown.size() == 0 {
            return Err(Refusal::new(Code::ProofRange).at("shown"));
        }
        if subtree_hash(tree, 0, shown.size()).ok_or_else(missing)? == *shown.root() {
            return Ok(None);
        }
        let hash = |span: Span| subtree_hash(tree, span.0, span.1).ok_or_else(missing);
        let proof = spans(0, shown.size(), held.size(), true).into_iter().map(hash);
        let proof = proof.collect::<Result<_, _>>()?;
        Self::new(history, shown.size(), (held, proof), (shown, vec![*shown.root()])).map(Some)
    }

    /// From an answer to `Keys` by a node that shows another history: the proof of entry 0
    /// names the root over the first 2^k leaves, which a consistency proof from there
    /// leaves out. None if it agrees with the held checkpoint, whose size is a power of two.
    pub fn from_keys_response(
        history: &KeyHistory,
        held: &VerifiedCheckpoint,
        response: &KeysResponse,
    ) -> Result<Option<Self>, Refusal> {
        let shown = VerifiedCheckpoint::verify(&response.checkpoint, history)?;
        let first = response.descriptors.first().filter(|first| first.index == 0);
        let first = first.ok_or_else(|| Refusal::new(Code::IdentityFirst))?;
        if !held.size().is_power_of_two() || held.size() > shown.size() {
            return Err(Refusal::new(Code::ProofRange).at("held"));
        }
        let leaf = Leaf { class: Class::Public, id: record_id(&first.body) }.hash();
        let proof = hashes(&first.inclusion)?;
        verify_inclusion(&leaf, 0, shown.size(), &proof, shown.root())?;
        let inside = held.size().trailing_zeros() as usize;
        let (inside, rest) = proof.split_at_checked(inside).ok_or_else(|| Refusal::new(Code::ProofLength))?;
        let seed = inside.iter().fold(leaf, |left, right| node_hash(&left, right));
        if seed == *held.root() {
            return Ok(None);
        }
        let proof = [&[seed], rest].concat();
        Self::new(history, held.size(), (held, vec![*held.root()]), (&shown, proof)).map(Some)
    }

    /// Checks the file by itself: whoever knows the partner id compares it with the
    /// result's. Keys are those that the file's own descriptors give.
    pub fn verify(&self) -> Result<Fork, Refusal> {
        let mut history: Option<KeyHistory> = None;
        for epoch in self.descriptors.chunk_by(|one, next| one.0 == next.0) {
            let Some((number, _, _)) = epoch.first() else { continue };
            let bodies = epoch.iter().map(|(_, index, body)| (*index, body.as_slice()));
            history = Some(KeyHistory::restore(history.as_ref(), *number, bodies)?);
        }
        self.verify_with(&history.ok_or_else(|| Refusal::new(Code::IdentityFirst))?)
    }

    /// Checks the file by keys that are already known.
    pub fn verify_with(&self, history: &KeyHistory) -> Result<Fork, Refusal> {
        let [one, other] = &self.sides;
        let (one, old) = self.check(one, history)?;
        let (other, other_old) = self.check(other, history)?;
        if old == other_old {
            return Err(Refusal::new(Code::EvidenceNoFork));
        }
        Ok(Fork { log: history.log(), prefix: self.prefix, checkpoints: [one, other] })
    }

    fn check(&self, side: &Side, history: &KeyHistory) -> Result<(VerifiedCheckpoint, Hash), Refusal> {
        let checkpoint = VerifiedCheckpoint::verify(&side.note, history)?;
        match explicit_roots(self.prefix, checkpoint.size(), &side.proof) {
            Some((old, new)) if new == *checkpoint.root() => Ok((checkpoint, old)),
            _ => Err(Refusal::new(Code::ProofConsistency)),
        }
    }

    /// The file.
    pub fn encode(&self) -> String {
        let mut file = format!("{HEADER}\n");
        for (epoch, index, body) in &self.descriptors {
            file.push_str(&format!("descriptor {epoch} {index} {}\n", STANDARD.encode(body)));
        }
        file.push_str(&format!("prefix {}\n", self.prefix));
        for side in &self.sides {
            file.push_str(&format!("checkpoint {}\n", STANDARD.encode(&side.note)));
            for hash in &side.proof {
                file.push_str(&format!("{}\n", STANDARD.encode(hash)));
            }
        }
        file
    }

    /// Reads a file; strict: prints back the same.
    pub fn parse(file: &str) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Code::EvidenceMalformed);
        if file.len() > MAX_BYTES {
            return Err(malformed().with("limit", MAX_BYTES));
        }
        let mut lines = file.lines().peekable();
        lines.next_if_eq(&HEADER).ok_or_else(malformed)?;
        let mut descriptors = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("descriptor ")) {
            descriptors.push(parse_descriptor(line).ok_or_else(malformed)?);
        }
        let prefix = lines.next().and_then(|line| line.strip_prefix("prefix "));
        let prefix = prefix.and_then(|prefix| prefix.parse().ok()).ok_or_else(malformed)?;
        let mut side = || {
            let note = lines.next().and_then(|line| line.strip_prefix("checkpoint "))?;
            let note = String::from_utf8(STANDARD.decode(note).ok()?).ok()?;
            let mut proof = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("checkpoint ")) {
                proof.push(Hash::try_from(STANDARD.decode(line).ok()?).ok()?);
            }
            (proof.len() <= MAX_HASHES).then_some(Side { note, proof })
        };
        let sides = [side().ok_or_else(malformed)?, side().ok_or_else(malformed)?];
        let evidence = Self { descriptors, prefix, sides };
        if evidence.encode() == file { Ok(evidence) } else { Err(malformed()) }
    }
}

fn parse_descriptor(line: &str) -> Option<(u64, u64, Vec<u8>)> {
    let mut items = line.split(' ').skip(1);
    let (epoch, index) = (items.next()?.parse().ok()?, items.next()?.parse().ok()?);
    Some((epoch, index, STANDARD.decode(items.next()?).ok()?))
}

/// Those of this log and of the epochs before.
fn descriptors(history: &KeyHistory) -> Vec<(u64, u64, Vec<u8>)> {
    let mut list = history.earlier().map(descriptors).unwrap_or_default();
    let epoch = history.log().epoch;
    let own = history.descriptors().map(|held| (epoch, held.index(), held.bytes().to_vec()));
    list.extend(own);
    list
}

/// What is known of a tree: hashes over spans of leaves, from which others follow.
#[derive(Debug, Default)]
pub(crate) struct Known {
    spans: BTreeMap<Span, Hash>,
}

impl Known {
    /// The perfect subtrees of what is already held.
    pub fn of_frontier(frontier: &Frontier) -> Self {
        let spans = frontier.subtrees().map(|(start, end, hash)| ((start, end), hash));
        Self { spans: spans.collect() }
    }

    /// Single leaves.
    pub fn add_leaves(&mut self, start: u64, hashes: &[Hash]) {
        self.spans.extend((start..).zip(hashes).map(|(index, hash)| ((index, index + 1), *hash)));
    }

    /// What a checked subtree proof says of the rest of the tree.
    pub fn add_proof(&mut self, start: u64, end: u64, size: u64, proof: &[Hash]) {
        self.spans.extend(spans(start, end, size, false).into_iter().zip(proof.iter().copied()));
    }

    /// The hash over a span of the tree, if it follows from what is known.
    pub fn hash(&self, span: Span) -> Option<Hash> {
        if let Some(hash) = self.spans.get(&span) {
            return Some(*hash);
        }
        let (start, end) = span;
        if end - start < 2 {
            return None;
        }
        let middle = start + split(end - start);
        Some(node_hash(&self.hash((start, middle))?, &self.hash((middle, end))?))
    }
}

#[cfg(test)]
mod tests;
