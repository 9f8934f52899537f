//! This node's secret keys: one file of seeds per role in the data folder's `keys/`,
//! readable by its owner alone. Made once, by `init`; losing them means a new identity
//! or a new epoch, so they belong into the backup.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use volbridge_proto::{
    Refusal,
    identity::keys::{Ed25519Secret, SigningPair},
    seal::SealingSecret,
    wire::record::v1 as wire,
};
use zeroize::Zeroizing;

use crate::env::Env;

/// Why the keys can't be had.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct KeysError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// All keys but the TLS one. Has no `Debug`; erased when dropped.
pub struct NodeKeys {
    /// Signs descriptors.
    pub identity: SigningPair,
    /// Signs checkpoints.
    pub log: SigningPair,
    /// Cosigns others' checkpoints as a witness.
    pub witness: Ed25519Secret,
    /// Cosigns others' checkpoints as a mirror.
    pub mirror: Ed25519Secret,
    /// Opens what is sealed to this partner.
    pub sealing: SealingSecret,
    /// Signs credentials.
    pub credential: Ed25519Secret,
}

impl NodeKeys {
    /// The keys of `folder`, made now unless they are all there; also gives the digest that commits to the
    /// next identity. That pair's file isn't read again before the identity changes: it is to be kept elsewhere.
    pub fn create(folder: &Path, env: &Env) -> Result<(Self, [u8; 32]), KeysError> {
        if !folder.join("identity").exists() {
            Self::write_new(folder, env)?;
        }
        Ok((Self::load(folder)?, pair(folder, "next-identity")?.public().next_digest()))
    }

    fn write_new(folder: &Path, env: &Env) -> Result<(), KeysError> {
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        for role in ["witness", "mirror", "sealing", "credential"] {
            write(folder, role, &*Zeroizing::new(env.bytes::<32>()))?;
        }
        // The identity is the last: where it stands, all of them do.
        for role in ["next-identity", "log", "identity"] {
            write(folder, role, &*Zeroizing::new(env.bytes::<64>()))?;
        }
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, error))?;
        Ok(())
    }

    /// Reads the keys of `folder`.
    pub fn load(folder: &Path) -> Result<Self, KeysError> {
        Ok(Self {
            identity: pair(folder, "identity")?,
            log: pair(folder, "log")?,
            witness: Ed25519Secret::from_seed(&*read(folder, "witness")?),
            mirror: Ed25519Secret::from_seed(&*read(folder, "mirror")?),
            sealing: SealingSecret::from_seed(*read(folder, "sealing")?),
            credential: Ed25519Secret::from_seed(&*read(folder, "credential")?),
        })
    }

    /// The public keys, as a descriptor names them beside the next identity's digest and the TLS pins.
    pub fn to_wire(&self, next_identity: [u8; 32], tls: Vec<[u8; 32]>) -> Result<wire::Keys, Refusal> {
        Ok(wire::Keys {
            identity: Some(self.identity.public().to_wire()),
            next_identity: next_identity.to_vec(),
            log: Some(self.log.public().to_wire()),
            witness: self.witness.public().as_bytes().to_vec(),
            mirror: self.mirror.public().as_bytes().to_vec(),
            sealing: self.sealing.public()?.as_bytes().to_vec(),
            tls: tls.into_iter().map(Vec::from).collect(),
            credential: self.credential.public().as_bytes().to_vec(),
        })
    }
}

fn pair(folder: &Path, role: &str) -> Result<SigningPair, KeysError> {
    let seeds = read::<64>(folder, role)?;
    let (mut ed25519, mut mldsa44) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
    ed25519.copy_from_slice(&seeds[..32]);
    mldsa44.copy_from_slice(&seeds[32..]);
    Ok(SigningPair::from_seeds(&ed25519, &mldsa44))
}

fn write(folder: &Path, role: &str, seed: &[u8]) -> Result<(), KeysError> {
    let path = folder.join(role);
    let text = Zeroizing::new(hex::encode(seed));
    // What an interrupted `init` left of a role is replaced: it was never used.
    if let Err(error) = fs::remove_file(&path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(failed(&path, error));
    }
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| failed(&path, error))
}

fn read<const N: usize>(folder: &Path, role: &str) -> Result<Zeroizing<[u8; N]>, KeysError> {
    let path = folder.join(role);
    let text = Zeroizing::new(fs::read_to_string(&path).map_err(|error| failed(&path, error))?);
    let mut seed = Zeroizing::new([0; N]);
    hex::decode_to_slice(text.trim(), &mut *seed).map_err(|_| KeysError {
        path,
        why: format!("is not {N} bytes in hex digits: restore it from a backup"),
    })?;
    Ok(seed)
}

fn failed(path: &Path, error: impl std::fmt::Display) -> KeysError {
    KeysError { path: path.to_owned(), why: error.to_string() }
}
