//! Signing keys in one role each: Ed25519 beside ML-DSA-44, from 32-byte seeds.
//! Ed25519 is accepted strictly everywhere: A, R, S canonical, A and R not of small
//! order, cofactorless equation (RFC 8032; corner cases: C2SP/CCTV). ML-DSA-44 is
//! FIPS 204 with an empty context. Secrets have no `Debug` and are erased when dropped.

use std::fmt;

use ed25519_dalek::{Signer, VerifyingKey};
use ml_dsa::{Keypair, MlDsa44};
use rand::CryptoRng;
use sha2::{Digest, Sha256};

use crate::{
    error::{Code, Refusal},
    wire::record::v1 as wire,
};

/// Bytes of an Ed25519 public key.
pub const ED25519_KEY: usize = 32;
/// Bytes of an Ed25519 signature.
pub const ED25519_SIGNATURE: usize = 64;
/// Bytes of an ML-DSA-44 public key.
pub const MLDSA44_KEY: usize = 1312;
/// Bytes of an ML-DSA-44 signature.
pub const MLDSA44_SIGNATURE: usize = 2420;

const NEXT_PREFIX: &[u8] = b"volbridge/next-identity/v1\n";

/// An Ed25519 public key: canonical and not of small order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ed25519Public([u8; ED25519_KEY]);

impl Ed25519Public {
    /// Reads 32 bytes; refuses what no honest key has.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let bytes: [u8; ED25519_KEY] = bytes.try_into().map_err(|_| Refusal::new(Code::KeyMalformed))?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| Refusal::new(Code::KeyMalformed))?;
        if key.is_weak() || key.to_edwards().compress().to_bytes() != bytes {
            return Err(Refusal::new(Code::KeyWeak));
        }
        Ok(Self(bytes))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; ED25519_KEY] {
        &self.0
    }

    /// Checks a signature strictly.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        let signature = ed25519_dalek::Signature::from_slice(signature)
            .map_err(|_| Refusal::new(Code::SignatureMalformed))?;
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| Refusal::new(Code::KeyMalformed))?;
        key.verify_strict(message, &signature).map_err(|_| Refusal::new(Code::SignatureInvalid))
    }
}

impl fmt::Debug for Ed25519Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519Public({})", hex::encode(self.0))
    }
}

/// An ML-DSA-44 public key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MlDsaPublic(Box<[u8; MLDSA44_KEY]>);

impl MlDsaPublic {
    /// Reads 1,312 bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let bytes: [u8; MLDSA44_KEY] = bytes.try_into().map_err(|_| Refusal::new(Code::KeyMalformed))?;
        Ok(Self(Box::new(bytes)))
    }

    /// The 1,312 bytes.
    pub fn as_bytes(&self) -> &[u8; MLDSA44_KEY] {
        &self.0
    }

    /// Checks a signature with the empty context.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        let signature = ml_dsa::Signature::<MlDsa44>::try_from(signature)
            .map_err(|_| Refusal::new(Code::SignatureMalformed))?;
        let key = ml_dsa::VerifyingKey::<MlDsa44>::decode(&(*self.0).into());
        if key.verify_with_context(message, &[], &signature) {
            Ok(())
        } else {
            Err(Refusal::new(Code::SignatureInvalid))
        }
    }
}

impl fmt::Debug for MlDsaPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlDsaPublic({}…)", hex::encode(&self.0[..8]))
    }
}

/// Both public keys of one role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicPair {
    /// The classical key.
    pub ed25519: Ed25519Public,
    /// The one that holds against quantum computers.
    pub mldsa44: MlDsaPublic,
}

impl PublicPair {
    /// Reads a descriptor's keys.
    pub fn from_wire(keys: Option<&wire::SigningKeys>) -> Result<Self, Refusal> {
        let keys = keys.ok_or_else(|| Refusal::new(Code::FieldRequired))?;
        Ok(Self {
            ed25519: Ed25519Public::parse(&keys.ed25519).map_err(|refusal| refusal.at("ed25519"))?,
            mldsa44: MlDsaPublic::parse(&keys.mldsa44).map_err(|refusal| refusal.at("mldsa44"))?,
        })
    }

    /// As a descriptor holds them.
    pub fn to_wire(&self) -> wire::SigningKeys {
        wire::SigningKeys {
            ed25519: self.ed25519.as_bytes().to_vec(),
            mldsa44: self.mldsa44.as_bytes().to_vec(),
        }
    }

    /// What commits to this pair as the next identity:
    /// H("volbridge/next-identity/v1\n" ‖ ed25519 ‖ mldsa44).
    pub fn next_digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(NEXT_PREFIX);
        hash.update(self.ed25519.as_bytes());
        hash.update(self.mldsa44.as_bytes());
        hash.finalize().into()
    }

    /// Checks both signatures over one message; both must hold.
    pub fn verify(&self, message: &[u8], ed25519: &[u8], mldsa44: &[u8]) -> Result<(), Refusal> {
        self.ed25519.verify(message, ed25519).map_err(|refusal| refusal.at("ed25519"))?;
        self.mldsa44.verify(message, mldsa44).map_err(|refusal| refusal.at("mldsa44"))
    }
}

/// An Ed25519 key that signs.
#[derive(Clone)]
pub struct Ed25519Secret(ed25519_dalek::SigningKey);

impl Ed25519Secret {
    /// The key that a seed gives.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Its public key.
    pub fn public(&self) -> Ed25519Public {
        Ed25519Public(self.0.verifying_key().to_bytes())
    }

    /// Signs; deterministic by RFC 8032.
    pub fn sign(&self, message: &[u8]) -> [u8; ED25519_SIGNATURE] {
        self.0.sign(message).to_bytes()
    }
}

/// An ML-DSA-44 key that signs.
#[derive(Clone)]
pub struct MlDsaSecret(Box<ml_dsa::SigningKey<MlDsa44>>);

impl MlDsaSecret {
    /// The key that a seed gives.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Box::new(ml_dsa::SigningKey::from_seed(&(*seed).into())))
    }

    /// Its public key.
    pub fn public(&self) -> MlDsaPublic {
        MlDsaPublic(Box::new(self.0.verifying_key().encode().into()))
    }

    /// Signs with fresh randomness (hedged): the usual way.
    pub fn sign(&self, message: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, Refusal> {
        let signature = self.0.expanded_key().sign_randomized(message, &[], rng);
        signature.map(|signature| signature.encode().to_vec()).map_err(|_| Refusal::new(Code::Internal))
    }

    /// Signs the same bytes each time: for vectors.
    pub fn sign_deterministic(&self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let signature = self.0.expanded_key().sign_deterministic(message, &[]);
        signature.map(|signature| signature.encode().to_vec()).map_err(|_| Refusal::new(Code::Internal))
    }
}

/// Both keys of one role.
#[derive(Clone)]
pub struct SigningPair {
    /// The classical key.
    pub ed25519: Ed25519Secret,
    /// The one that holds against quantum computers.
    pub mldsa44: MlDsaSecret,
}

impl SigningPair {
    /// The keys that two seeds give.
    pub fn from_seeds(ed25519: &[u8; 32], mldsa44: &[u8; 32]) -> Self {
        Self { ed25519: Ed25519Secret::from_seed(ed25519), mldsa44: MlDsaSecret::from_seed(mldsa44) }
    }

    /// Both public keys.
    pub fn public(&self) -> PublicPair {
        PublicPair { ed25519: self.ed25519.public(), mldsa44: self.mldsa44.public() }
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn pair(seed: u8) -> SigningPair {
        SigningPair::from_seeds(&[seed; 32], &[seed ^ 0xff; 32])
    }

    #[test]
    fn both_signatures_must_hold() {
        let pair = pair(1);
        let mut rng = StdRng::seed_from_u64(1);
        let (one, two) = (pair.ed25519.sign(b"text"), pair.mldsa44.sign(b"text", &mut rng).unwrap());
        let public = pair.public();
        assert_eq!(public.verify(b"text", &one, &two), Ok(()));
        assert_eq!(public.verify(b"texT", &one, &two).unwrap_err().field, "ed25519");
        let other = pair.mldsa44.sign(b"other", &mut rng).unwrap();
        assert_eq!(public.verify(b"text", &one, &other).unwrap_err().field, "mldsa44");
        assert_eq!((one.len(), two.len()), (ED25519_SIGNATURE, MLDSA44_SIGNATURE));
    }

    #[test]
    fn hedged_and_deterministic_signatures_both_verify() {
        let secret = pair(2).mldsa44;
        let mut rng = StdRng::seed_from_u64(2);
        let (first, second) = (secret.sign(b"x", &mut rng).unwrap(), secret.sign(b"x", &mut rng).unwrap());
        assert_ne!(first, second);
        let fixed = secret.sign_deterministic(b"x").unwrap();
        assert_eq!(fixed, secret.sign_deterministic(b"x").unwrap());
        for signature in [first, second, fixed] {
            assert_eq!(secret.public().verify(b"x", &signature), Ok(()));
        }
    }

    #[test]
    fn t01_no_byte_of_a_signature_may_change() {
        let pair = pair(3);
        let (one, two) = (pair.ed25519.sign(b"x"), pair.mldsa44.sign_deterministic(b"x").unwrap());
        for place in 0..one.len() {
            let mut bad = one;
            bad[place] ^= 1;
            assert!(pair.ed25519.public().verify(b"x", &bad).is_err(), "{place}");
        }
        for place in (0..two.len()).step_by(97).chain(two.len() - 90..two.len()) {
            let mut bad = two.clone();
            bad[place] ^= 1;
            assert!(pair.mldsa44.public().verify(b"x", &bad).is_err(), "{place}");
        }
        assert_eq!(
            pair.ed25519.public().verify(b"x", &one[..63]).unwrap_err().code,
            Code::SignatureMalformed
        );
        assert_eq!(pair.mldsa44.public().verify(b"x", &two[1..]).unwrap_err().code, Code::SignatureMalformed);
    }

    #[test]
    fn keys_of_small_order_or_with_a_second_spelling_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(Ed25519Public::parse(&identity).unwrap_err().code, Code::KeyWeak);
        assert_eq!(Ed25519Public::parse(&[0; 32]).unwrap_err().code, Code::KeyWeak);
        // y = p + 3: the same point as y = 3, which is on the curve and of large order.
        let mut second = [0xff; 32];
        (second[0], second[31]) = (0xf0, 0x7f);
        assert_eq!(Ed25519Public::parse(&second).unwrap_err().code, Code::KeyWeak);
        let mut first = [0; 32];
        first[0] = 3;
        assert!(Ed25519Public::parse(&first).is_ok());
        assert_eq!(Ed25519Public::parse(&[9; 31]).unwrap_err().code, Code::KeyMalformed);
    }

    #[test]
    fn a_commitment_names_both_keys_in_order() {
        let (one, two) = (pair(1).public(), pair(2).public());
        let mixed = PublicPair { ed25519: one.ed25519, mldsa44: two.mldsa44.clone() };
        assert_ne!(one.next_digest(), mixed.next_digest());
        assert_ne!(two.next_digest(), mixed.next_digest());
        assert_eq!(PublicPair::from_wire(Some(&one.to_wire())), Ok(one));
    }
}
