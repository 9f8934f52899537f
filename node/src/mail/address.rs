//! Addresses of people who have no account here: sealed in the database, and told apart by a keyed hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    ChaCha20Poly1305,
    aead::{Aead as _, KeyInit as _},
};
use hkdf::Hkdf;
use sha2::Sha256;
use volbridge_proto::{Code, seal::SealingSecret};
use zeroize::Zeroizing;

use crate::{env::Env, error::Error};

/// Bytes of the nonce before the ciphertext.
const NONCE: usize = 12;

/// Keys for addresses, derived from the node's sealing key: a backup of the database alone opens none.
pub struct AddressKeys {
    sealing: Zeroizing<[u8; 32]>,
    hashing: Zeroizing<[u8; 32]>,
}

impl AddressKeys {
    /// From the node's key.
    #[must_use]
    pub fn derive(secret: &SealingSecret) -> Self {
        let derived = Hkdf::<Sha256>::new(None, secret.seed());
        let key = |purpose: &[u8]| {
            let mut key = Zeroizing::new([0; 32]);
            // 32 bytes are never too many for HKDF.
            let filled = derived.expand(purpose, &mut *key);
            debug_assert!(filled.is_ok());
            key
        };
        Self { sealing: key(b"volbridge mail address"), hashing: key(b"volbridge mail address hash") }
    }

    /// Seals an address.
    ///
    /// # Errors
    /// When the cipher fails.
    pub fn seal(&self, address: &str, env: &Env) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE] = env.bytes();
        let sealed = self.cipher().encrypt(&nonce.into(), address.as_bytes());
        let sealed = sealed.map_err(|_| Error::new(Code::Internal))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens one.
    ///
    /// # Errors
    /// `store.corrupt` when it was sealed with another key, or changed.
    pub fn open(&self, sealed: &[u8]) -> Result<String, Error> {
        let corrupt = || Error::new(Code::StoreCorrupt);
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or_else(corrupt)?;
        let opened = self.cipher().decrypt(nonce.into(), sealed).map_err(|_| corrupt())?;
        String::from_utf8(opened).map_err(|_| corrupt())
    }

    /// The same for the same address, and nothing without the key.
    #[must_use]
    pub fn hash(&self, address: &str) -> [u8; 32] {
        let mut hash = [0; 32];
        let filled = Hkdf::<Sha256>::new(Some(&*self.hashing), address.to_lowercase().as_bytes())
            .expand(b"", &mut hash);
        debug_assert!(filled.is_ok());
        hash
    }

    /// The secret of a saved search's link: made from its id, so that each mail can name it and no table has to.
    #[must_use]
    pub fn link_of(&self, id: &[u8; 16]) -> String {
        let mut secret = [0; 32];
        let filled = Hkdf::<Sha256>::new(Some(&*self.hashing), id).expand(b"link", &mut secret);
        debug_assert!(filled.is_ok());
        format!("vbm_{}", URL_SAFE_NO_PAD.encode(secret))
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new((&*self.sealing).into())
    }
}

#[cfg(test)]
mod tests {
    use volbridge_proto::Timestamp;

    use super::*;

    #[test]
    fn an_address_opens_with_its_nodes_key_alone() {
        let (env, _) = Env::manual(Timestamp::from_millis(0), 7);
        let keys = AddressKeys::derive(&SealingSecret::from_seed([1; 32]));
        let other = AddressKeys::derive(&SealingSecret::from_seed([2; 32]));
        let sealed = keys.seal("lin@example.org", &env).unwrap();
        assert!(!sealed.windows(3).any(|bytes| bytes == b"lin"));
        assert_eq!(keys.open(&sealed).unwrap(), "lin@example.org");
        assert!(other.open(&sealed).is_err());
        for cut in 0..sealed.len() {
            assert!(keys.open(&sealed[..cut]).is_err());
        }
        assert_eq!(keys.hash("Lin@example.org"), keys.hash("lin@example.org"));
        assert_ne!(keys.hash("lin@example.org"), other.hash("lin@example.org"));
    }
}
