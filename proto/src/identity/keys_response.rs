//! The answer to `Keys`: descriptors with proofs, checked before anything of a log is
//! accepted (protocol section 5). Who knows the partner id needs nothing else.

use crate::{
    error::{Code, Refusal},
    id::{LogId, record_id},
    identity::rotation::KeyHistory,
    record::entry_valid,
    tlog::{
        checkpoint::{Checkpoint, VerifiedCheckpoint},
        entry::{Class, Hash, Leaf},
        note::SignedNote,
        proof::{MAX_HASHES, verify_consistency, verify_inclusion},
    },
    wire::exchange::v1::{GroupEnd, KeysResponse, ProvenBody},
};

/// Checks an answer and adds it to what is known: to the history of the same log, to
/// that of the epoch before, or to nothing but the partner id. An answer in pages
/// (`next` > 0) must be joined first.
pub fn verify_keys_response(
    history: Option<&KeyHistory>,
    log: &LogId,
    response: &KeysResponse,
) -> Result<KeyHistory, Refusal> {
    if response.next != 0 {
        return Err(Refusal::new(Code::IdentityIncomplete).at("next"));
    }
    let checkpoint = Checkpoint::parse(SignedNote::parse(&response.checkpoint)?.text())?;
    let mut held = history.filter(|history| history.log() == *log).cloned();
    let earlier =
        history.filter(|history| history.partner() == log.partner && history.log().epoch < log.epoch);
    let mut above = None;
    for (place, proven) in response.descriptors.iter().enumerate() {
        let at = |refusal: Refusal| refusal.at(format!("descriptors[{place}]"));
        if above.is_some_and(|above| proven.index <= above) {
            return Err(at(Refusal::new(Code::IdentityOrder)));
        }
        above = Some(proven.index);
        prove(proven, &checkpoint).map_err(at)?;
        held = Some(add(held, earlier, log, proven).map_err(at)?);
    }
    let mut held = held.ok_or_else(|| Refusal::new(Code::IdentityFirst))?;
    let checkpoint = VerifiedCheckpoint::verify(&response.checkpoint, &held)?;
    check_group_ends(&held, &checkpoint, response)?;
    held.raise_complete_to(checkpoint.size());
    Ok(held)
}

/// The descriptor's leaf stands at its index in the checkpoint's tree.
fn prove(proven: &ProvenBody, checkpoint: &Checkpoint) -> Result<(), Refusal> {
    let leaf = Leaf { class: Class::Public, id: record_id(&proven.body) };
    let proof = hashes(&proven.inclusion)?;
    verify_inclusion(&leaf.hash(), proven.index, checkpoint.size, &proof, &checkpoint.root)
}

fn add(
    held: Option<KeyHistory>,
    earlier: Option<&KeyHistory>,
    log: &LogId,
    proven: &ProvenBody,
) -> Result<KeyHistory, Refusal> {
    let id = record_id(&proven.body);
    let Some(mut held) = held else {
        return begin(earlier, log, proven);
    };
    if let Some(known) = held.descriptor_at_index(proven.index) {
        return if known.id() == id { Ok(held) } else { Err(Refusal::new(Code::LogFork)) };
    }
    let leaf = Leaf { class: Class::Public, id };
    let body = entry_valid(&proven.body, &leaf, log, proven.index)?;
    if held.apply(proven.index, &proven.body, &body)? {
        Ok(held)
    } else {
        Err(Refusal::new(Code::IdentityOrder).with("index", proven.index))
    }
}

fn begin(earlier: Option<&KeyHistory>, log: &LogId, proven: &ProvenBody) -> Result<KeyHistory, Refusal> {
    if proven.index != 0 {
        return Err(Refusal::new(Code::IdentityFirst));
    }
    let begun = match earlier {
        Some(earlier) => KeyHistory::continued(earlier, log.epoch, &proven.body)?,
        None if log.epoch > 1 => return Err(Refusal::new(Code::IdentityFirst).with("epoch", log.epoch)),
        None => KeyHistory::first(&proven.body)?,
    };
    if begun.log() == *log { Ok(begun) } else { Err(Refusal::new(Code::IdentityPartner)) }
}

/// Each change of the log keys that was answered has its checkpoint, signed by the old
/// and the new keys, and the newest checkpoint contains it.
fn check_group_ends(
    history: &KeyHistory,
    newest: &VerifiedCheckpoint,
    response: &KeysResponse,
) -> Result<(), Refusal> {
    let mut ended = Vec::new();
    for (place, end) in response.group_ends.iter().enumerate() {
        let at = |refusal: Refusal| refusal.at(format!("group_ends[{place}]"));
        ended.push(check_group_end(history, newest, end).map_err(at)?);
    }
    for proven in &response.descriptors {
        if history.ends_group(proven.index) && !ended.contains(&proven.index) {
            return Err(Refusal::new(Code::IdentityGroupEnd).with("index", proven.index));
        }
    }
    Ok(())
}

fn check_group_end(
    history: &KeyHistory,
    newest: &VerifiedCheckpoint,
    end: &GroupEnd,
) -> Result<u64, Refusal> {
    let checkpoint = VerifiedCheckpoint::verify(&end.checkpoint, history)?;
    let index = checkpoint.size().saturating_sub(1);
    if !history.ends_group(index) {
        return Err(Refusal::new(Code::IdentityGroupEnd).with("size", checkpoint.size()));
    }
    let proof = hashes(&end.consistency)?;
    verify_consistency(checkpoint.size(), checkpoint.root(), newest.size(), newest.root(), &proof)?;
    Ok(index)
}

/// The hashes of a proof as messages hold them.
pub(crate) fn hashes(list: &[Vec<u8>]) -> Result<Vec<Hash>, Refusal> {
    if list.len() > MAX_HASHES {
        return Err(Refusal::new(Code::ProofLength).with("limit", MAX_HASHES));
    }
    let hash = |bytes: &Vec<u8>| Hash::try_from(bytes.as_slice());
    list.iter().map(|bytes| hash(bytes).map_err(|_| Refusal::new(Code::ProofMalformed))).collect()
}
