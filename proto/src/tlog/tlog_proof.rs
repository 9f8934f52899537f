//! A record with the proof that its author's log holds it: one file that anyone can
//! check offline. [C2SP tlog-proof](https://c2sp.org/tlog-proof); `extra` is the body.
//! Strict: what is read prints back the same, and at most 512 KiB are read.

use base64::{Engine, engine::general_purpose::STANDARD};
use prost::Message;

use crate::{
    error::{Code, Refusal},
    id::{LogId, record_id},
    record::{Body, entry_valid},
    time::Timestamp,
    tlog::{
        checkpoint::{Checkpoint, Origin},
        cosignature::VerifiedLine,
        entry::{Class, Hash, Leaf},
        note::{Signature, SignedNote},
        policy::Policy,
        proof::{MAX_HASHES, verify_inclusion},
    },
    wire::record::v1 as wire,
};

/// The largest proof file.
pub const MAX_BYTES: usize = 512 * 1024;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The parts of a proof file. Nothing is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// The body.
    pub extra: Vec<u8>,
    /// Where the record stands in the log.
    pub index: u64,
    /// From the leaf's sibling to the root's child.
    pub hashes: Vec<Hash>,
    /// The checkpoint with its lines.
    pub note: SignedNote,
}

/// A record that a policy vouches for. Only made by checking.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedRecord {
    log: LogId,
    index: u64,
    body: Body,
    checkpoint: Checkpoint,
    log_lines: Vec<VerifiedLine>,
    witness_lines: Vec<VerifiedLine>,
}

impl TlogProof {
    /// Reads a proof file.
    pub fn parse(file: &str) -> Result<Self, Refusal> {
        if file.len() > MAX_BYTES {
            return Err(Refusal::new(Code::ProofTooLarge).with("limit", MAX_BYTES));
        }
        let malformed = |field| Refusal::new(Code::ProofMalformed).at(field);
        let rest = file.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n'));
        let (head, note) =
            rest.and_then(|rest| rest.split_once("\n\n")).ok_or_else(|| malformed("header"))?;
        let mut lines = head.split('\n').peekable();
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.and_then(|line| line.strip_prefix("extra ")).unwrap_or_default();
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let hash = |line: &str| Hash::try_from(STANDARD.decode(line).ok()?).ok();
        let hashes: Vec<Hash> =
            lines.map(|line| hash(line).ok_or_else(|| malformed("hashes"))).collect::<Result<_, _>>()?;
        if hashes.len() > MAX_HASHES {
            return Err(Refusal::new(Code::ProofLength).with("limit", MAX_HASHES));
        }
        let proof = Self {
            extra: STANDARD.decode(extra).map_err(|_| malformed("extra"))?,
            index: index.and_then(|index| index.parse().ok()).ok_or_else(|| malformed("index"))?,
            hashes,
            note: SignedNote::parse(note)?,
        };
        if proof.encode() == file { Ok(proof) } else { Err(malformed("")) }
    }

    /// The file.
    pub fn encode(&self) -> String {
        let mut file = format!("{HEADER}\n");
        if !self.extra.is_empty() {
            file.push_str(&format!("extra {}\n", STANDARD.encode(&self.extra)));
        }
        file.push_str(&format!("index {}\n", self.index));
        for hash in &self.hashes {
            file.push_str(&format!("{}\n", STANDARD.encode(hash)));
        }
        file.push('\n');
        file.push_str(&self.note.encode());
        file
    }

    /// Puts a file together and leaves out every line that the policy's verdict doesn't
    /// need. The result is checked: what is handed out verifies.
    pub fn build(
        body: Vec<u8>,
        index: u64,
        hashes: Vec<Hash>,
        note: &SignedNote,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        let approved = policy.evaluate(note)?;
        let lines = approved.log_lines.into_iter().chain(approved.witness_lines);
        let mut lines: Vec<Signature> = lines.map(|line| line.signature).collect();
        // From the end: the log's own lines stand first and matter most.
        for place in (0..lines.len()).rev() {
            let mut fewer = lines.clone();
            fewer.remove(place);
            let sufficient = |lines| policy.evaluate(&note.with_signatures(lines)?);
            if !fewer.is_empty() && sufficient(fewer.clone()).is_ok() {
                lines = fewer;
            }
        }
        let proof = Self { extra: body, index, hashes, note: note.with_signatures(lines)? };
        proof.verify(policy)?;
        Ok(proof)
    }

    /// Checks everything: body, leaf, inclusion, the log's signatures, the quorum.
    pub fn verify(&self, policy: &Policy) -> Result<VerifiedRecord, Refusal> {
        if self.encode().len() > MAX_BYTES {
            return Err(Refusal::new(Code::ProofTooLarge).with("limit", MAX_BYTES));
        }
        let approved = policy.evaluate(&self.note)?;
        let checkpoint = approved.checkpoint;
        let log = checkpoint.origin.parse::<Origin>()?.log;
        let leaf = Leaf { class: class(&self.extra)?, id: record_id(&self.extra) };
        verify_inclusion(&leaf.hash(), self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        let body = entry_valid(&self.extra, &leaf, &log, self.index).map_err(|refusal| {
            Refusal::new(Code::ProofRecord).at(&refusal.field).with("reason", refusal.code)
        })?;
        Ok(VerifiedRecord {
            log,
            index: self.index,
            body,
            checkpoint,
            log_lines: approved.log_lines,
            witness_lines: approved.witness_lines,
        })
    }
}

impl VerifiedRecord {
    /// Whose log, in which epoch.
    pub fn log(&self) -> LogId {
        self.log
    }

    /// Where it stands in the log.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The record; sealed ones are proven unopened.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The checkpoint that covers it.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// When the log signed that checkpoint, as its ML-DSA-44 line says.
    pub fn signed_at(&self) -> Option<Timestamp> {
        self.log_lines.iter().filter_map(|line| line.at).max()
    }

    /// Who else signed it, and when: key names and times.
    pub fn witnesses(&self) -> impl Iterator<Item = (&str, Option<Timestamp>)> {
        self.witness_lines.iter().map(|line| (line.signature.name.as_str(), line.at))
    }
}

/// The class that a body says it has; everything else is checked later.
fn class(body: &[u8]) -> Result<Class, Refusal> {
    let refused = || Refusal::new(Code::ProofRecord);
    let body = wire::Body::decode(body).map_err(|_| refused())?;
    Class::from_number(body.class).ok_or_else(|| refused().at("class"))
}

#[cfg(test)]
mod tests;
