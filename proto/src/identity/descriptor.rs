//! Building and signing descriptors and continuations (protocol section 5).
//! Each is checked by the rule that others will apply before it is handed out.

use rand::CryptoRng;

use crate::{
    error::{Code, Refusal},
    id::{PartnerId, RecordId, SubjectId, record_id},
    identity::{keys::SigningPair, rotation::KeyHistory},
    kinds,
    record::{
        EncodedBody,
        body::{encode_public, identity_draft},
        canonical, entry_valid,
    },
    time::Timestamp,
    wire::record::v1 as wire,
};

/// The parts of the record around a descriptor.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Fresh randomness.
    pub salt: [u8; 32],
    /// UUIDv7, the same for all descriptors of a log.
    pub subject: SubjectId,
    /// From 1.
    pub revision: u64,
    /// The revision before.
    pub previous: Option<RecordId>,
    /// When it is made.
    pub issued_at: Timestamp,
}

/// Signs a partner's very first record: its hash is the partner's id.
pub fn sign_first(
    envelope: &Envelope,
    descriptor: &wire::PartnerDescriptor,
    identity: &SigningPair,
    rng: &mut impl CryptoRng,
) -> Result<EncodedBody, Refusal> {
    let payload = canonical::encode(descriptor, "PartnerDescriptor")?;
    let statement = statement(envelope, kinds::partner_descriptor::KIND, payload);
    let body = sign(envelope.salt, None, 1, &statement, identity, rng)?;
    KeyHistory::first(&body.bytes)?;
    Ok(body)
}

/// Signs a later descriptor. `signer` is the identity pair in force, or the pair that
/// was committed to if the descriptor changes the identity or its commitment.
pub fn sign_next(
    history: &KeyHistory,
    envelope: &Envelope,
    descriptor: &wire::PartnerDescriptor,
    signer: &SigningPair,
    rng: &mut impl CryptoRng,
) -> Result<EncodedBody, Refusal> {
    let payload = canonical::encode(descriptor, "PartnerDescriptor")?;
    let statement = statement(envelope, kinds::partner_descriptor::KIND, payload);
    let log = history.log();
    let body = sign(envelope.salt, Some(log.partner), log.epoch, &statement, signer, rng)?;
    let index = history.complete_to().max(history.newest().index() + 1);
    let parsed = entry_valid(&body.bytes, &body.leaf(), &log, index)?;
    match history.judge(index, &body.bytes, &parsed)? {
        Some(_) => Ok(body),
        None => Err(Refusal::new(Code::IdentityOrder)),
    }
}

/// Signs entry 0 of a later epoch with the identity pair in force.
pub fn sign_continuation(
    earlier: &KeyHistory,
    epoch: u64,
    envelope: &Envelope,
    continuation: &wire::Continuation,
    identity: &SigningPair,
    rng: &mut impl CryptoRng,
) -> Result<EncodedBody, Refusal> {
    let payload = canonical::encode(continuation, "Continuation")?;
    let statement = statement(envelope, kinds::continuation::KIND, payload);
    let body = sign(envelope.salt, Some(earlier.partner()), epoch, &statement, identity, rng)?;
    KeyHistory::continued(earlier, epoch, &body.bytes)?;
    Ok(body)
}

fn statement(envelope: &Envelope, kind: &str, payload: Vec<u8>) -> wire::Statement {
    wire::Statement {
        kind: kind.to_owned(),
        subject: envelope.subject.to_vec(),
        revision: envelope.revision,
        previous: envelope.previous.map(RecordId::to_vec).unwrap_or_default(),
        issued_at: envelope.issued_at.as_millis(),
        payload,
        ..Default::default()
    }
}

fn sign(
    salt: [u8; 32],
    partner: Option<PartnerId>,
    epoch: u64,
    statement: &wire::Statement,
    signer: &SigningPair,
    rng: &mut impl CryptoRng,
) -> Result<EncodedBody, Refusal> {
    let message = identity_draft(salt, partner, epoch, statement)?;
    let identity = wire::IdentitySignatures {
        ed25519: signer.ed25519.sign(&message).to_vec(),
        mldsa44: signer.mldsa44.sign(&message, rng)?,
    };
    let body = encode_public(salt, partner, epoch, statement, Some(identity))?;
    debug_assert_eq!(body.id, record_id(&body.bytes));
    Ok(body)
}
