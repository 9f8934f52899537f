//! Which keys hold at which size of a log (protocol section 5).
//! Keys at size n are those of the last descriptor below n that is signed as the table
//! demands: by the identity pair in force, or, if it changes that pair or the digest of
//! the next, by the pair that was committed to. Others are kept in the log and change nothing.

use std::sync::Arc;

use crate::{
    error::{Code, Refusal},
    id::{LogId, PartnerId, RecordId, partner_id, record_id},
    identity::keys::PublicPair,
    kinds,
    record::{Body, Statement, body::identity_message, canonical, entry_valid},
    tlog::{
        checkpoint::Origin,
        entry::{Class, Leaf},
        note::{KeyMaterial, VerifierKey},
    },
    wire::record::v1 as wire,
};

pub use crate::identity::keyset::{Keys, LogKeys};

/// A descriptor at its place in the log, signed as it must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptor {
    index: u64,
    id: RecordId,
    bytes: Vec<u8>,
    value: wire::PartnerDescriptor,
    keys: Keys,
    log_keys: LogKeys,
}

impl Descriptor {
    /// Where it stands in the log.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The record's id.
    pub fn id(&self) -> RecordId {
        self.id
    }

    /// The whole body.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Names, country, domain label.
    pub fn value(&self) -> &wire::PartnerDescriptor {
        &self.value
    }

    /// Its keys, checked.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The verifier keys of the log's own lines.
    pub fn log_keys(&self) -> &LogKeys {
        &self.log_keys
    }
}

/// All keys of a log, by size. Only made by checking signatures.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyHistory {
    origin: Origin,
    /// Ascending by index, never empty.
    descriptors: Vec<Arc<Descriptor>>,
    /// Below this size the log holds no other descriptors, by what its checkpoints say.
    complete_to: u64,
    earlier: Option<Arc<KeyHistory>>,
}

impl KeyHistory {
    /// From entry 0 of epoch 1: signed by its own identity pair; its hash is the partner.
    pub fn first(body: &[u8]) -> Result<Self, Refusal> {
        let log = LogId::new(partner_id(body), 1);
        let (statement, identity) = public_entry(body, &log, 0)?;
        if statement.kind != kinds::partner_descriptor::KIND {
            return Err(Refusal::new(Code::IdentityFirst));
        }
        let (value, keys) = read_descriptor(&statement)?;
        verify_identity(&keys.identity, body, &identity)?;
        let origin = Origin::new(&value.domain, log)?;
        Self::begin(origin, body, value, keys, None)
    }

    /// From entry 0 of a later epoch: signed by the identity pair in force, which it keeps.
    pub fn continued(earlier: &KeyHistory, epoch: u64, body: &[u8]) -> Result<Self, Refusal> {
        if epoch <= earlier.log().epoch {
            return Err(Refusal::new(Code::RecordEpoch).with("epoch", epoch));
        }
        let log = LogId::new(earlier.partner(), epoch);
        let (statement, identity) = public_entry(body, &log, 0)?;
        if statement.kind != kinds::continuation::KIND {
            return Err(Refusal::new(Code::IdentityFirst));
        }
        let (value, keys) = read_continuation(&statement)?;
        let in_force = earlier.newest().keys();
        if (&keys.identity, keys.next_identity) != (&in_force.identity, in_force.next_identity) {
            return Err(Refusal::new(Code::IdentityNext));
        }
        verify_identity(&in_force.identity, body, &identity)?;
        let origin = Origin::new(&earlier.origin.domain, log)?;
        Self::begin(origin, body, value, keys, Some(Arc::new(earlier.clone())))
    }

    fn begin(
        origin: Origin,
        body: &[u8],
        value: wire::PartnerDescriptor,
        keys: Keys,
        earlier: Option<Arc<KeyHistory>>,
    ) -> Result<Self, Refusal> {
        let log_keys = LogKeys::new(&origin, &keys.log)?;
        let first = Descriptor { index: 0, id: record_id(body), bytes: body.to_vec(), value, keys, log_keys };
        Ok(Self { origin, descriptors: vec![Arc::new(first)], complete_to: 1, earlier })
    }

    /// From what was stored: the descriptors of one log, ascending by index.
    pub fn restore<'a>(
        earlier: Option<&KeyHistory>,
        epoch: u64,
        descriptors: impl IntoIterator<Item = (u64, &'a [u8])>,
    ) -> Result<Self, Refusal> {
        let mut descriptors = descriptors.into_iter();
        let Some((0, first)) = descriptors.next() else {
            return Err(Refusal::new(Code::IdentityFirst));
        };
        let mut history = match earlier {
            Some(earlier) => Self::continued(earlier, epoch, first)?,
            None => Self::first(first)?,
        };
        for (index, bytes) in descriptors {
            let leaf = Leaf { class: Class::Public, id: record_id(bytes) };
            let body = entry_valid(bytes, &leaf, &history.log(), index)?;
            if !history.apply(index, bytes, &body)? {
                return Err(Refusal::new(Code::IdentityOrder).with("index", index));
            }
        }
        Ok(history)
    }

    /// Takes the entry at `index` into account: true if it is a descriptor that changes
    /// what holds, false if it is another record or a repetition. Refused, and nothing
    /// changed, if it is a descriptor that isn't signed as it must be.
    pub fn apply(&mut self, index: u64, bytes: &[u8], body: &Body) -> Result<bool, Refusal> {
        let Some(descriptor) = self.judge(index, bytes, body)? else { return Ok(false) };
        if self.descriptor_at_index(index).is_some() {
            return Ok(false);
        }
        if index < self.complete_to {
            return Err(Refusal::new(Code::IdentityIncomplete).with("index", index));
        }
        self.complete_to = index.saturating_add(1);
        self.descriptors.push(Arc::new(descriptor));
        Ok(true)
    }

    /// The descriptor that the entry at `index` is, by the keys in force below it;
    /// none if it is another kind, or the repetition of an earlier one.
    pub(crate) fn judge(&self, index: u64, bytes: &[u8], body: &Body) -> Result<Option<Descriptor>, Refusal> {
        let (Some(statement), Some(identity)) = (body.statement(), body.identity.as_ref()) else {
            return Ok(None);
        };
        let below = || self.descriptors.iter().filter(|held| held.index < index);
        if statement.kind != kinds::partner_descriptor::KIND || below().any(|held| held.id == body.id) {
            return Ok(None);
        }
        let Some(in_force) = below().next_back() else { return Ok(None) };
        let (value, keys) = read_descriptor(statement)?;
        let keeps =
            keys.identity == in_force.keys.identity && keys.next_identity == in_force.keys.next_identity;
        if !keeps && keys.identity.next_digest() != in_force.keys.next_identity {
            return Err(Refusal::new(Code::IdentityNext).with("index", index));
        }
        // Either way the signer is the pair that the new descriptor names.
        verify_identity(&keys.identity, bytes, identity)?;
        let log_keys = LogKeys::new(&self.origin, &keys.log)?;
        Ok(Some(Descriptor { index, id: body.id, bytes: bytes.to_vec(), value, keys, log_keys }))
    }

    /// Which log.
    pub fn log(&self) -> LogId {
        self.origin.log
    }

    /// Whose log.
    pub fn partner(&self) -> PartnerId {
        self.origin.log.partner
    }

    /// The first line of its checkpoints, for ever.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The keys in force at a size of at least 1.
    pub fn keys_at(&self, size: u64) -> Option<&Keys> {
        self.descriptor_at(size).map(Descriptor::keys)
    }

    /// The descriptor in force at a size of at least 1: the last below it.
    pub fn descriptor_at(&self, size: u64) -> Option<&Descriptor> {
        let below = self.descriptors.partition_point(|held| held.index < size);
        self.descriptors.get(below.checked_sub(1)?).map(AsRef::as_ref)
    }

    /// The descriptor that stands at this index.
    pub fn descriptor_at_index(&self, index: u64) -> Option<&Descriptor> {
        let place = self.descriptors.binary_search_by_key(&index, |held| held.index).ok()?;
        self.descriptors.get(place).map(AsRef::as_ref)
    }

    /// The newest descriptor.
    pub fn newest(&self) -> &Descriptor {
        // `begin` puts the first one in; none is ever taken out.
        &self.descriptors[self.descriptors.len() - 1]
    }

    /// All descriptors, ascending by index.
    pub fn descriptors(&self) -> impl Iterator<Item = &Descriptor> {
        self.descriptors.iter().map(AsRef::as_ref)
    }

    /// The history of the epoch before, if this isn't the first.
    pub fn earlier(&self) -> Option<&KeyHistory> {
        self.earlier.as_deref()
    }

    /// Below this size the log is said to hold no other descriptors.
    pub fn complete_to(&self) -> u64 {
        self.complete_to
    }

    pub(crate) fn raise_complete_to(&mut self, size: u64) {
        self.complete_to = self.complete_to.max(size);
    }

    /// Whether the descriptor at `index` changes the log keys, and so ends a group.
    pub fn ends_group(&self, index: u64) -> bool {
        match (self.keys_at(index), self.descriptor_at_index(index)) {
            (Some(before), Some(descriptor)) => before.log != descriptor.keys.log,
            _ => false,
        }
    }

    /// Who must sign the checkpoint of this size: the keys in force; just after a change
    /// of the log keys the old ones too.
    pub fn signers_at(&self, size: u64) -> Vec<&LogKeys> {
        let mut signers = Vec::new();
        if size.checked_sub(1).is_some_and(|index| self.ends_group(index)) {
            signers.extend(self.descriptor_at(size - 1).map(Descriptor::log_keys));
        }
        signers.extend(self.descriptor_at(size).map(Descriptor::log_keys));
        signers
    }

    /// Verifier keys of the partner as a cosigner, by its newest descriptor: witness, mirror.
    pub fn cosigners(&self) -> Result<[VerifierKey; 2], Refusal> {
        let keys = self.newest().keys();
        Ok([
            VerifierKey::new(self.origin.witness(), KeyMaterial::Cosigner(keys.witness))?,
            VerifierKey::new(self.origin.mirror(), KeyMaterial::Cosigner(keys.mirror))?,
        ])
    }
}

fn public_entry(
    bytes: &[u8],
    log: &LogId,
    index: u64,
) -> Result<(Statement, wire::IdentitySignatures), Refusal> {
    let leaf = Leaf { class: Class::Public, id: record_id(bytes) };
    let body = entry_valid(bytes, &leaf, log, index)?;
    match (body.statement().cloned(), body.identity) {
        (Some(statement), Some(identity)) => Ok((statement, identity)),
        _ => Err(Refusal::new(Code::IdentityFirst)),
    }
}

fn read_descriptor(statement: &Statement) -> Result<(wire::PartnerDescriptor, Keys), Refusal> {
    let (value, found) =
        canonical::decode::<wire::PartnerDescriptor>(&statement.payload, "PartnerDescriptor")?;
    if statement.needs_newer || found.critical_unknown {
        return Err(Refusal::new(Code::RecordNeedsNewer));
    }
    with_keys(value)
}

fn read_continuation(statement: &Statement) -> Result<(wire::PartnerDescriptor, Keys), Refusal> {
    let (value, found) = canonical::decode::<wire::Continuation>(&statement.payload, "Continuation")?;
    if statement.needs_newer || found.critical_unknown {
        return Err(Refusal::new(Code::RecordNeedsNewer));
    }
    with_keys(value.descriptor.ok_or_else(|| Refusal::new(Code::FieldRequired).at("descriptor"))?)
}

fn with_keys(value: wire::PartnerDescriptor) -> Result<(wire::PartnerDescriptor, Keys), Refusal> {
    let keys = value.keys.as_ref().ok_or_else(|| Refusal::new(Code::FieldRequired).at("keys"))?;
    let keys = Keys::from_wire(keys).map_err(|refusal| refusal.at("keys"))?;
    Ok((value, keys))
}

/// Checks field 8 of a body: both signatures by this pair.
fn verify_identity(
    pair: &PublicPair,
    body: &[u8],
    signatures: &wire::IdentitySignatures,
) -> Result<(), Refusal> {
    pair.verify(&identity_message(body)?, &signatures.ed25519, &signatures.mldsa44)
        .map_err(|refusal| Refusal::new(Code::IdentitySignature).at(refusal.field).at("identity"))
}

#[cfg(test)]
mod tests;
