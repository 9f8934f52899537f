//! Sealing a statement to named partners (protocol section 2): HPKE base mode with
//! X-Wing per recipient, one committed data key, Padmé, dummy slots, shuffled.
//! Randomness is an argument. <https://www.rfc-editor.org/rfc/rfc9180>,
//! <https://datatracker.ietf.org/doc/draft-connolly-cfrg-xwing-kem/>,
//! Padmé: <https://lbarman.ch/blog/padme/>

use std::collections::BTreeSet;

use chacha20poly1305::{
    ChaCha20Poly1305, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use hkdf::Hkdf;
use hpke::{Deserializable, OpModeR, OpModeS, Serializable, kem::XWing};
use prost::Message;
use rand::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    error::{Code, Refusal},
    id::{LogId, PartnerId},
    record::{
        Body, Content, EncodedBody, Statement,
        body::{FORMAT, finish},
        canonical, limits,
    },
    tlog::entry::Class,
    wire::record::v1 as wire,
};

/// HPKE base, X-Wing (0x647a), HKDF-SHA256, ChaCha20-Poly1305.
pub const SUITE: u32 = 1;
/// Bytes of a sealing key.
pub const PUBLIC_KEY: usize = 1216;
/// Bytes of a slot's encapsulation.
pub const SLOT_ENC: usize = 1120;
/// Bytes of a slot's box: data key, `nth`, tag.
pub const SLOT_BOX: usize = 32 + 8 + TAG;
const TAG: usize = 16;

type Kem = XWing;
type Kdf = hpke::kdf::HkdfSha256;
type SlotAead = hpke::aead::ChaCha20Poly1305;

/// A partner's secret key for opening what is sealed to it: an X-Wing seed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealingSecret([u8; 32]);

impl SealingSecret {
    /// The key with this seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self(seed)
    }

    /// The seed, to be stored.
    pub fn seed(&self) -> &[u8; 32] {
        &self.0
    }

    /// What others seal to.
    pub fn public(&self) -> Result<SealingPublic, Refusal> {
        let key = <Kem as hpke::Kem>::sk_to_pk(&self.key()?);
        Ok(SealingPublic(key.to_bytes().to_vec()))
    }

    fn key(&self) -> Result<<Kem as hpke::Kem>::PrivateKey, Refusal> {
        Deserializable::from_bytes(&self.0).map_err(|_| Refusal::new(Code::SealKey))
    }
}

/// A partner's public sealing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealingPublic(Vec<u8>);

impl SealingPublic {
    /// Reads a key of 1,216 bytes; its X25519 half must not be of small order.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let parsed = <Kem as hpke::Kem>::PublicKey::from_bytes(bytes);
        parsed.map_err(|_| Refusal::new(Code::SealKey))?;
        let curve = bytes.get(PUBLIC_KEY - 32..).unwrap_or_default();
        if is_small_order(curve) { Err(Refusal::new(Code::KeyWeak)) } else { Ok(Self(bytes.to_vec())) }
    }

    /// The 1,216 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn key(&self) -> Result<<Kem as hpke::Kem>::PublicKey, Refusal> {
        Deserializable::from_bytes(&self.0).map_err(|_| Refusal::new(Code::SealKey))
    }
}

/// The u-coordinates of small order, and those that reduce to them (RFC 7748 section 7).
fn is_small_order(coordinate: &[u8]) -> bool {
    const SMALL: [&str; 7] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let mut masked = coordinate.to_vec();
    if let Some(last) = masked.last_mut() {
        *last &= 0x7f;
    }
    SMALL.contains(&hex::encode(masked).as_str())
}

/// The key of one sealed record. Giving it away opens that record and no other.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// A key that was given away.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, to give them away.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn commitment(&self) -> Result<[u8; 32], Refusal> {
        self.expand(b"volbridge/seal-commit/v1")
    }

    fn cipher(&self) -> Result<ChaCha20Poly1305, Refusal> {
        let key = Zeroizing::new(self.expand(b"volbridge/seal-key/v1")?);
        ChaCha20Poly1305::new_from_slice(key.as_slice()).map_err(|_| Refusal::new(Code::SealKey))
    }

    fn expand(&self, info: &[u8]) -> Result<[u8; 32], Refusal> {
        let refused = |_| Refusal::new(Code::SealKey);
        let mut output = [0; 32];
        let hkdf = Hkdf::<Sha256>::from_prk(&self.0).map_err(|_| Refusal::new(Code::SealKey))?;
        hkdf.expand(info, &mut output).map_err(refused)?;
        Ok(output)
    }
}

/// The sealed part of a body, with what it is bound to.
#[derive(Clone, Debug, PartialEq)]
pub struct SealedBody {
    /// The bytes of the body's fields 1 to 5.
    pub head: Vec<u8>,
    /// Slots and ciphertext.
    pub sealed: wire::Sealed,
}

impl SealedBody {
    /// Checks what can be seen without a key.
    pub(crate) fn new(head: Vec<u8>, sealed: wire::Sealed) -> Result<Self, Refusal> {
        let at = |code, field: &str| Err(Refusal::new(code).at(field).at("sealed"));
        if sealed.suite != SUITE {
            return at(Code::SealSuite, "suite");
        }
        if sealed.commitment.len() != 32 {
            return at(Code::FieldLength, "commitment");
        }
        if sealed.slots.len() > limits::SLOTS || !sealed.slots.len().is_power_of_two() {
            return at(Code::SealSlots, "slots");
        }
        for (place, slot) in sealed.slots.iter().enumerate() {
            if slot.enc.len() != SLOT_ENC || slot.r#box.len() != SLOT_BOX {
                return at(Code::FieldLength, &format!("slots[{place}]"));
            }
        }
        let padded = sealed.ciphertext.len().checked_sub(TAG).filter(|length| *length > 4);
        if padded.is_none_or(|length| padme(length) != length) {
            return at(Code::SealLength, "ciphertext");
        }
        Ok(Self { head, sealed })
    }

    fn has_commitment(&self, key: &DataKey) -> bool {
        let commitment = key.commitment().unwrap_or_default();
        bool::from(commitment.as_slice().ct_eq(&self.sealed.commitment))
    }

    fn decrypt(&self, key: &DataKey) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let payload = Payload { msg: &self.sealed.ciphertext, aad: &self.head };
        let plaintext = key.cipher()?.decrypt(&Nonce::default(), payload);
        plaintext.map(Zeroizing::new).map_err(|_| Refusal::new(Code::SealContent))
    }
}

/// Padmé: the length that hides `length` with at most 12 % on top.
/// With E = ⌊log2 L⌋ and S = ⌊log2 E⌋ + 1, the last E - S bits become zero, rounding up.
pub fn padme(length: usize) -> usize {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let significant = exponent.ilog2() + 1;
    let mask = (1_usize << (exponent - significant)) - 1;
    length.saturating_add(mask) & !mask
}

/// A sealed record, opened.
#[derive(Clone)]
pub struct Opened {
    /// What was sealed.
    pub statement: Statement,
    /// Which of the author's records for this recipient it is, from 1.
    pub nth: u64,
    /// Opens this record for whom it is given to.
    pub data_key: DataKey,
}

/// Seals a statement. `slots` are its recipients and the author, each with its key
/// and the number of this record for it.
pub fn seal(
    salt: [u8; 32],
    partner: PartnerId,
    epoch: u64,
    statement: &wire::Statement,
    slots: &[(PartnerId, SealingPublic, u64)],
    rng: &mut impl CryptoRng,
) -> Result<EncodedBody, Refusal> {
    let log = LogId::new(partner, epoch);
    let bytes = Zeroizing::new(canonical::encode(statement, "Statement")?);
    check_slots(&Statement::parse(&bytes, &log)?, slots)?;
    let mut body = wire::Body {
        salt: salt.to_vec(),
        format: FORMAT,
        partner: partner.to_vec(),
        epoch,
        class: u32::from(Class::Named.number()),
        ..wire::Body::default()
    };
    let head = body.encode_to_vec();
    let mut key = DataKey([0; 32]);
    rng.fill_bytes(&mut key.0);
    let payload = Payload { msg: &padded(&bytes)?, aad: &head };
    let ciphertext = key.cipher()?.encrypt(&Nonce::default(), payload);
    body.sealed = Some(wire::Sealed {
        suite: SUITE,
        commitment: key.commitment()?.to_vec(),
        slots: fill_slots(slots, &key, &head, rng)?,
        ciphertext: ciphertext.map_err(|_| Refusal::new(Code::SealLength))?,
    });
    finish(canonical::encode(&body, "Body")?, Some(partner), epoch)
}

fn check_slots(statement: &Statement, slots: &[(PartnerId, SealingPublic, u64)]) -> Result<(), Refusal> {
    let given: BTreeSet<PartnerId> = slots.iter().map(|(partner, ..)| *partner).collect();
    let mut named: BTreeSet<PartnerId> = statement.recipients.iter().copied().collect();
    named.insert(statement.author);
    let numbered = slots.iter().all(|(.., nth)| *nth > 0);
    if statement.class() == Class::Named && numbered && given.len() == slots.len() && given == named {
        Ok(())
    } else {
        Err(Refusal::new(Code::SealRecipients).at("recipients"))
    }
}

/// u32 length ‖ statement ‖ zeros.
fn padded(statement: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let length = u32::try_from(statement.len()).map_err(|_| Refusal::new(Code::RecordTooLarge))?;
    let total = padme(4_usize.saturating_add(statement.len()));
    let mut plaintext = Zeroizing::new(Vec::with_capacity(total));
    plaintext.extend_from_slice(&length.to_be_bytes());
    plaintext.extend_from_slice(statement);
    plaintext.resize(total, 0);
    Ok(plaintext)
}

fn unpadded(plaintext: &[u8]) -> Result<&[u8], Refusal> {
    let refused = || Refusal::new(Code::SealContent);
    let (length, rest) = plaintext.split_first_chunk::<4>().ok_or_else(refused)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| refused())?;
    let (statement, zeros) = rest.split_at_checked(length).ok_or_else(refused)?;
    let minimal = padme(4_usize.saturating_add(length)) == plaintext.len();
    if minimal && zeros.iter().all(|byte| *byte == 0) { Ok(statement) } else { Err(refused()) }
}

fn fill_slots(
    recipients: &[(PartnerId, SealingPublic, u64)],
    key: &DataKey,
    head: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<wire::Slot>, Refusal> {
    let info = slot_info(head);
    let mut slots = Vec::with_capacity(recipients.len().next_power_of_two());
    for (_, public, nth) in recipients {
        let content = Zeroizing::new([key.0.as_slice(), &nth.to_be_bytes()].concat());
        slots.push(slot(&public.key()?, &info, &content, rng)?);
    }
    while !slots.len().is_power_of_two() {
        // Nobody can open these, and nobody can tell them from the others.
        let discarded = SealingSecret::generate(rng).public()?;
        let mut content = [0; 40];
        rng.fill_bytes(&mut content);
        slots.push(slot(&discarded.key()?, &info, &content, rng)?);
    }
    shuffle(&mut slots, rng);
    Ok(slots)
}

fn slot(
    key: &<Kem as hpke::Kem>::PublicKey,
    info: &[u8],
    content: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<wire::Slot, Refusal> {
    let sealed =
        hpke::single_shot_seal_with_rng::<SlotAead, Kdf, Kem>(&OpModeS::Base, key, info, content, &[], rng);
    let (enc, ciphertext) = sealed.map_err(|_| Refusal::new(Code::SealKey))?;
    Ok(wire::Slot { enc: enc.to_bytes().to_vec(), r#box: ciphertext })
}

fn slot_info(head: &[u8]) -> Vec<u8> {
    [b"volbridge/slot/v1\n", head].concat()
}

/// Fisher and Yates; 64 bits against at most 64 slots leave no bias that could be seen.
fn shuffle(slots: &mut [wire::Slot], rng: &mut impl CryptoRng) {
    for last in (1..slots.len()).rev() {
        let choices = u64::try_from(last + 1).unwrap_or(u64::MAX);
        let chosen = usize::try_from(rng.next_u64() % choices).unwrap_or_default();
        slots.swap(last, chosen);
    }
}

/// Opens a sealed body as partner `me`. Every wrong key gives the same refusal, `seal.cannot_open`.
pub fn open(body: &Body, me: PartnerId, secret: &SealingSecret) -> Result<Opened, Refusal> {
    let sealed = sealed_part(body)?;
    let private = secret.key()?;
    let info = slot_info(&sealed.head);
    let opened = sealed.sealed.slots.iter().find_map(|slot| {
        let (key, nth) = open_slot(slot, &private, &info)?;
        sealed.has_commitment(&key).then_some((key, nth))
    });
    let (data_key, nth) = opened.ok_or_else(|| Refusal::new(Code::SealCannotOpen))?;
    let statement = read(body, sealed, &data_key)?;
    if nth == 0 {
        return Err(Refusal::new(Code::SealContent));
    }
    if me != statement.author && !statement.recipients.contains(&me) {
        return Err(Refusal::new(Code::SealNotNamed).at("recipients"));
    }
    Ok(Opened { statement, nth, data_key })
}

/// Opens a sealed body with a data key that was given away.
pub fn open_with_data_key(body: &Body, key: &DataKey) -> Result<Statement, Refusal> {
    let sealed = sealed_part(body)?;
    if !sealed.has_commitment(key) {
        return Err(Refusal::new(Code::SealCannotOpen));
    }
    read(body, sealed, key)
}

fn sealed_part(body: &Body) -> Result<&SealedBody, Refusal> {
    match &body.content {
        Content::Sealed(sealed) => Ok(sealed),
        Content::Public(_) => Err(Refusal::new(Code::RecordContent)),
    }
}

fn open_slot(
    slot: &wire::Slot,
    private: &<Kem as hpke::Kem>::PrivateKey,
    info: &[u8],
) -> Option<(DataKey, u64)> {
    let enc = <Kem as hpke::Kem>::EncappedKey::from_bytes(&slot.enc).ok()?;
    let opened =
        hpke::single_shot_open::<SlotAead, Kdf, Kem>(&OpModeR::Base, private, &enc, info, &slot.r#box, &[]);
    let content = Zeroizing::new(opened.ok()?);
    let (key, nth) = content.split_first_chunk::<32>()?;
    Some((DataKey(*key), u64::from_be_bytes(nth.try_into().ok()?)))
}

fn read(body: &Body, sealed: &SealedBody, key: &DataKey) -> Result<Statement, Refusal> {
    let plaintext = sealed.decrypt(key)?;
    let partner = body.partner.ok_or_else(|| Refusal::new(Code::RecordPartner).at("partner"))?;
    let statement = Statement::parse(unpadded(&plaintext)?, &LogId::new(partner, body.epoch))
        .map_err(|refusal| refusal.at("statement"))?;
    if statement.class() == Class::Named {
        Ok(statement)
    } else {
        Err(Refusal::new(Code::FieldRequired).at("statement.recipients"))
    }
}
