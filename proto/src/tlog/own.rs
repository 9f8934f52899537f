//! The own log: appending, and signing what results. Nothing is signed but checkpoints
//! over entries that others will accept, built from what this type holds itself.
//! The Ed25519 line is made at once and acknowledges a group of appends; the ML-DSA-44
//! line follows (protocol section 4).

use rand::CryptoRng;

use crate::{
    error::{Code, Refusal},
    identity::{
        keys::{Ed25519Secret, SigningPair},
        rotation::{KeyHistory, LogKeys},
    },
    record::EncodedBody,
    time::Timestamp,
    tlog::{
        checkpoint::{Checkpoint, VerifiedCheckpoint},
        cosignature::{cosign_mldsa44, sign_log},
        frontier::Frontier,
        note::{KeyMaterial, Signature, SignedNote},
        proven::{Draft, ProvenRange},
    },
};

/// The own log's edge and keys. One writer holds it. If what an append returned can't
/// be stored, throw this value away and resume from what is stored.
#[derive(Clone, Debug)]
pub struct OwnLog {
    history: KeyHistory,
    frontier: Frontier,
}

impl OwnLog {
    /// Begins epoch 1 with the partner's first descriptor.
    pub fn create(first: EncodedBody, keys: &SigningPair) -> Result<(Self, ProvenRange), Refusal> {
        Self::begin(KeyHistory::first(&first.bytes)?, first, keys)
    }

    /// Begins a later epoch with a Continuation.
    pub fn create_epoch(
        earlier: &KeyHistory,
        epoch: u64,
        first: EncodedBody,
        keys: &SigningPair,
    ) -> Result<(Self, ProvenRange), Refusal> {
        Self::begin(KeyHistory::continued(earlier, epoch, &first.bytes)?, first, keys)
    }

    fn begin(
        history: KeyHistory,
        first: EncodedBody,
        keys: &SigningPair,
    ) -> Result<(Self, ProvenRange), Refusal> {
        let mut own = Self { history, frontier: Frontier::new() };
        let range = own.append(vec![first], &[keys])?;
        Ok((own, range))
    }

    /// Goes on from what was stored.
    pub fn resume(history: KeyHistory, frontier: Frontier) -> Result<Self, Refusal> {
        if frontier.size() == 0 || history.newest().index() >= frontier.size() {
            return Err(Refusal::new(Code::LogBehind).with("size", frontier.size()));
        }
        Ok(Self { history, frontier })
    }

    /// Its keys so far.
    pub fn history(&self) -> &KeyHistory {
        &self.history
    }

    /// Its right edge.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The number of entries.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Appends a group and signs the new size with Ed25519. All or nothing. A descriptor
    /// that changes the log keys must be the last of its group, and then `keys` holds the
    /// old pair and the new one.
    pub fn append(
        &mut self,
        bodies: Vec<EncodedBody>,
        keys: &[&SigningPair],
    ) -> Result<ProvenRange, Refusal> {
        let start = self.size();
        if bodies.is_empty() {
            return Err(Refusal::new(Code::FieldRequired).at("bodies"));
        }
        let mut draft = Draft::new(start, bodies.iter().map(|body| body.leaf().encode().to_vec()).collect());
        for (index, body) in (start..).zip(bodies) {
            draft.body(index, body.bytes)?;
        }
        let mut frontier = self.frontier.clone();
        draft.hashes.iter().for_each(|hash| frontier.push(*hash));
        let mut history = self.history.clone();
        let entries = draft.judge(&mut history)?;
        for entry in &entries {
            // Others would keep it and skip it: it must not get that far.
            if let Some(Err(refusal)) = entry.verdict() {
                return Err(refusal.clone().at(format!("bodies[{}]", entry.index() - start)));
            }
        }
        let last = frontier.size() - 1;
        if let Some(index) = (start..last).find(|index| history.ends_group(*index)) {
            return Err(Refusal::new(Code::IdentityGroupEnd).with("index", index));
        }
        let checkpoint = self.sign(&history, &frontier, keys)?;
        self.history = history.clone();
        self.frontier = frontier.clone();
        Ok(ProvenRange { start, entries, frontier, history, checkpoint: Some(checkpoint) })
    }

    fn sign(
        &self,
        history: &KeyHistory,
        frontier: &Frontier,
        keys: &[&SigningPair],
    ) -> Result<VerifiedCheckpoint, Refusal> {
        let origin = history.origin().to_string();
        let checkpoint = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
        let mut lines = Vec::new();
        for signer in history.signers_at(checkpoint.size) {
            lines.push(sign_log(&pair_of(signer, keys)?.ed25519, &checkpoint)?);
        }
        let note = SignedNote::new(checkpoint.encode(), lines)?;
        VerifiedCheckpoint::verify(&note.encode(), history)
    }
}

/// Adds the log's ML-DSA-44 line with its time to a checkpoint that was acknowledged;
/// replaces an older one. `keys` as for the append that made the checkpoint.
pub fn add_mldsa44(
    history: &KeyHistory,
    checkpoint: &VerifiedCheckpoint,
    keys: &[&SigningPair],
    at: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<VerifiedCheckpoint, Refusal> {
    let signers = history.signers_at(checkpoint.size());
    let note = checkpoint.note();
    let is_log = |line: &Signature| signers.iter().any(|signer| line.is_by(&signer.note));
    let is_old = |line: &Signature| signers.iter().any(|signer| line.is_by(&signer.mldsa44));
    let mut lines: Vec<Signature> = note.signatures().iter().filter(|line| is_log(line)).cloned().collect();
    for signer in &signers {
        let key = &pair_of(signer, keys)?.mldsa44;
        lines.push(cosign_mldsa44(signer.mldsa44.name(), key, checkpoint.checkpoint(), at, rng)?);
    }
    lines.extend(note.signatures().iter().filter(|line| !is_log(line) && !is_old(line)).cloned());
    VerifiedCheckpoint::verify(&note.with_signatures(lines)?.encode(), history)
}

fn pair_of<'a>(signer: &LogKeys, keys: &[&'a SigningPair]) -> Result<&'a SigningPair, Refusal> {
    let fits = |secret: &Ed25519Secret| *signer.note.material() == KeyMaterial::Note(secret.public());
    let pair = keys.iter().find(|pair| fits(&pair.ed25519)).copied();
    pair.ok_or_else(|| Refusal::new(Code::CheckpointUnsigned).with("key", &signer.note))
}

#[cfg(test)]
mod tests;
