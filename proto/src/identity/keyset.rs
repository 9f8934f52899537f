//! The keys that a descriptor names (protocol section 5): one role each, and checked
//! when they are read.

use crate::{
    error::{Code, Refusal},
    identity::keys::{Ed25519Public, PublicPair},
    tlog::{
        checkpoint::Origin,
        note::{KeyMaterial, VerifierKey},
    },
    wire::record::v1 as wire,
};

/// Bytes of an X-Wing public key.
const SEALING_KEY: usize = 1216;

/// The keys that a descriptor names, one role each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Signs descriptors.
    pub identity: PublicPair,
    /// Commits to the next identity pair.
    pub next_identity: [u8; 32],
    /// Signs checkpoints of the own log.
    pub log: PublicPair,
    /// Cosigns as a witness.
    pub witness: Ed25519Public,
    /// Cosigns as a mirror.
    pub mirror: Ed25519Public,
    /// X-Wing: what is sealed to this partner.
    pub sealing: Vec<u8>,
    /// SHA-256 of the SubjectPublicKeyInfo of its TLS keys.
    pub tls: Vec<[u8; 32]>,
    /// Signs credentials.
    pub credential: Ed25519Public,
}

impl Keys {
    /// Reads a descriptor's keys; one key can't have two roles.
    pub fn from_wire(keys: &wire::Keys) -> Result<Self, Refusal> {
        let at = |field: &'static str| move |refusal: Refusal| refusal.at(field);
        let refused = |field: &str| Refusal::new(Code::IdentityKeys).at(field);
        let digest = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).ok();
        let keys = Self {
            identity: PublicPair::from_wire(keys.identity.as_ref()).map_err(at("identity"))?,
            next_identity: digest(&keys.next_identity).ok_or_else(|| refused("next_identity"))?,
            log: PublicPair::from_wire(keys.log.as_ref()).map_err(at("log"))?,
            witness: Ed25519Public::parse(&keys.witness).map_err(at("witness"))?,
            mirror: Ed25519Public::parse(&keys.mirror).map_err(at("mirror"))?,
            sealing: keys.sealing.clone(),
            tls: keys
                .tls
                .iter()
                .map(|pin| digest(pin).ok_or_else(|| refused("tls")))
                .collect::<Result<_, _>>()?,
            credential: Ed25519Public::parse(&keys.credential).map_err(at("credential"))?,
        };
        if keys.sealing.len() != SEALING_KEY {
            return Err(refused("sealing"));
        }
        if keys.next_identity == keys.identity.next_digest() {
            return Err(refused("next_identity"));
        }
        keys.check_roles().map(|()| keys)
    }

    fn check_roles(&self) -> Result<(), Refusal> {
        let roles = [
            ("identity", self.identity.ed25519),
            ("log", self.log.ed25519),
            ("witness", self.witness),
            ("mirror", self.mirror),
            ("credential", self.credential),
        ];
        for (place, (role, key)) in roles.iter().enumerate() {
            if roles.iter().take(place).any(|(_, other)| other == key) {
                return Err(Refusal::new(Code::IdentityKeys).at(role).with("reason", "one role a key"));
            }
        }
        if self.identity.mldsa44 == self.log.mldsa44 {
            return Err(Refusal::new(Code::IdentityKeys).at("log").with("reason", "one role a key"));
        }
        Ok(())
    }

    /// As a descriptor holds them.
    pub fn to_wire(&self) -> wire::Keys {
        wire::Keys {
            identity: Some(self.identity.to_wire()),
            next_identity: self.next_identity.to_vec(),
            log: Some(self.log.to_wire()),
            witness: self.witness.as_bytes().to_vec(),
            mirror: self.mirror.as_bytes().to_vec(),
            sealing: self.sealing.clone(),
            tls: self.tls.iter().map(|pin| pin.to_vec()).collect(),
            credential: self.credential.as_bytes().to_vec(),
        }
    }
}

/// The keys of a log's own lines, under its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKeys {
    /// 0x01, the Ed25519 line.
    pub note: VerifierKey,
    /// 0x06, the ML-DSA-44 line with time.
    pub mldsa44: VerifierKey,
}

impl LogKeys {
    pub(crate) fn new(origin: &Origin, pair: &PublicPair) -> Result<Self, Refusal> {
        let origin = origin.to_string();
        Ok(Self {
            note: VerifierKey::new(&origin, KeyMaterial::Note(pair.ed25519))?,
            mldsa44: VerifierKey::new(&origin, KeyMaterial::MlDsa44(pair.mldsa44.clone()))?,
        })
    }
}
