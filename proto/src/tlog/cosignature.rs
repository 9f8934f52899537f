//! Signature lines on checkpoints, by type:
//! 0x01 the log's Ed25519 signature over the text ([C2SP signed-note](https://c2sp.org/signed-note));
//! 0x04 a cosigner's Ed25519 signature and 0x06 an ML-DSA-44 one, both with a time in
//! seconds ([C2SP tlog-cosignature](https://c2sp.org/tlog-cosignature)).

use rand::CryptoRng;

use crate::{
    error::{Code, Refusal},
    identity::keys::{Ed25519Secret, MlDsaSecret},
    time::Timestamp,
    tlog::{
        checkpoint::Checkpoint,
        note::{KeyMaterial, Signature, SignedNote, VerifierKey},
    },
};

/// The most lines that are served with a checkpoint.
pub const MAX_SERVED: usize = 16;

const SUBTREE_LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// Signs a checkpoint as its log: the line that acknowledges appends.
pub fn sign_log(key: &Ed25519Secret, checkpoint: &Checkpoint) -> Result<Signature, Refusal> {
    let name = VerifierKey::new(&checkpoint.origin, KeyMaterial::Note(key.public()))?;
    Ok(Signature::by(&name, key.sign(checkpoint.encode().as_bytes()).to_vec()))
}

/// Cosigns a checkpoint with Ed25519: as a witness or mirror.
pub fn cosign_ed25519(
    name: &str,
    key: &Ed25519Secret,
    checkpoint: &Checkpoint,
    at: Timestamp,
) -> Result<Signature, Refusal> {
    let seconds = seconds(at)?;
    let signature = key.sign(&ed25519_message(seconds, &checkpoint.encode()));
    let name = VerifierKey::new(name, KeyMaterial::Cosigner(key.public()))?;
    Ok(timestamped(&name, seconds, &signature))
}

/// Cosigns a checkpoint with ML-DSA-44, hedged: the log's own line under its origin.
pub fn cosign_mldsa44(
    name: &str,
    key: &MlDsaSecret,
    checkpoint: &Checkpoint,
    at: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Signature, Refusal> {
    cosign_mldsa44_with(name, key, checkpoint, at, |message| key.sign(message, rng))
}

/// The same without randomness: for vectors.
pub fn cosign_mldsa44_deterministic(
    name: &str,
    key: &MlDsaSecret,
    checkpoint: &Checkpoint,
    at: Timestamp,
) -> Result<Signature, Refusal> {
    cosign_mldsa44_with(name, key, checkpoint, at, |message| key.sign_deterministic(message))
}

fn cosign_mldsa44_with(
    name: &str,
    key: &MlDsaSecret,
    checkpoint: &Checkpoint,
    at: Timestamp,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, Refusal>,
) -> Result<Signature, Refusal> {
    let seconds = seconds(at)?;
    let signature = sign(&mldsa44_message(name, seconds, checkpoint)?)?;
    let name = VerifierKey::new(name, KeyMaterial::MlDsa44(key.public()))?;
    Ok(timestamped(&name, seconds, &signature))
}

/// A line that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLine {
    /// The line.
    pub signature: Signature,
    /// When the signer says that this was the largest tree it knew; none for 0x01 and for time 0 in 0x06.
    pub at: Option<Timestamp>,
}

/// Checks one line by this key over a checkpoint's text.
pub fn verify(key: &VerifierKey, text: &str, line: &Signature) -> Result<Option<Timestamp>, Refusal> {
    if !line.is_by(key) {
        return Err(Refusal::new(Code::CosignatureRole));
    }
    let invalid = |_| Refusal::new(Code::CosignatureInvalid).with("key", key.name());
    match key.material() {
        KeyMaterial::Note(public) => {
            let invalid = |_| Refusal::new(Code::CheckpointSignature).with("key", key.name());
            public.verify(text.as_bytes(), &line.bytes).map_err(invalid)?;
            Ok(None)
        }
        KeyMaterial::Cosigner(public) => {
            let (seconds, signature) = split_time(&line.bytes)?;
            public.verify(&ed25519_message(seconds, text), signature).map_err(invalid)?;
            Ok(Some(time(seconds)))
        }
        KeyMaterial::MlDsa44(public) => {
            let (seconds, signature) = split_time(&line.bytes)?;
            let message = mldsa44_message(key.name(), seconds, &Checkpoint::parse(text)?)?;
            public.verify(&message, signature).map_err(invalid)?;
            Ok((seconds > 0).then(|| time(seconds)))
        }
    }
}

/// The line by this key: none if there is none, refused if one by it doesn't verify;
/// the newest if there are several.
pub fn find(note: &SignedNote, key: &VerifierKey) -> Result<Option<VerifiedLine>, Refusal> {
    let mut newest: Option<VerifiedLine> = None;
    for line in note.lines_by(key) {
        let at = verify(key, note.text(), line)?;
        if newest.as_ref().is_none_or(|held| held.at < at) {
            newest = Some(VerifiedLine { signature: line.clone(), at });
        }
    }
    Ok(newest)
}

/// Joins the lines of two notes over one checkpoint: of each key, in this order, the
/// newest line that verifies; at most 16. Lines that don't verify are left out.
pub fn merge_cosignatures(
    one: &SignedNote,
    other: &SignedNote,
    keys: &[VerifierKey],
) -> Result<SignedNote, Refusal> {
    if one.text() != other.text() {
        return Err(Refusal::new(Code::CheckpointRoot).at("text"));
    }
    let newest = |key: &VerifierKey| {
        let lines = one.lines_by(key).chain(other.lines_by(key));
        let verified = lines.filter_map(|line| Some((verify(key, one.text(), line).ok()?, line)));
        // The first of equals stays: merging again changes nothing.
        verified.reduce(|held, next| if next.0 > held.0 { next } else { held }).map(|(_, line)| line.clone())
    };
    one.with_signatures(keys.iter().filter_map(newest).take(MAX_SERVED).collect())
}

fn timestamped(name: &VerifierKey, seconds: u64, signature: &[u8]) -> Signature {
    Signature::by(name, [seconds.to_be_bytes().as_slice(), signature].concat())
}

fn split_time(bytes: &[u8]) -> Result<(u64, &[u8]), Refusal> {
    let malformed = || Refusal::new(Code::CosignatureMalformed);
    let (seconds, signature) = bytes.split_first_chunk::<8>().ok_or_else(malformed)?;
    let seconds = u64::from_be_bytes(*seconds);
    if seconds > i64::MAX as u64 { Err(malformed()) } else { Ok((seconds, signature)) }
}

fn seconds(at: Timestamp) -> Result<u64, Refusal> {
    u64::try_from(at.as_millis() / 1000).map_err(|_| Refusal::new(Code::TimeMalformed))
}

fn time(seconds: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000))
}

/// `cosignature/v1`, the time, then the checkpoint's text.
fn ed25519_message(seconds: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

/// The structure `cosigned_message` over the whole tree.
fn mldsa44_message(name: &str, seconds: u64, checkpoint: &Checkpoint) -> Result<Vec<u8>, Refusal> {
    let mut message = SUBTREE_LABEL.to_vec();
    opaque(&mut message, name)?;
    message.extend(seconds.to_be_bytes());
    opaque(&mut message, &checkpoint.origin)?;
    message.extend(0_u64.to_be_bytes());
    message.extend(checkpoint.size.to_be_bytes());
    message.extend(checkpoint.root);
    Ok(message)
}

/// `opaque<1..2^8-1>`: behind its length in one byte.
fn opaque(message: &mut Vec<u8>, text: &str) -> Result<(), Refusal> {
    let length = u8::try_from(text.len()).ok().filter(|length| *length > 0);
    message.push(length.ok_or_else(|| Refusal::new(Code::CosignatureMalformed).at("name"))?);
    message.extend(text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests;
