//! The node's own TLS key, made once; the certificate around it is made anew at each start and means nothing by itself.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::{OctetString, ToDer as _};

use super::extension::INTRODUCTION;

/// What stands in the certificates instead of a host name; nobody reads it.
pub(super) const NAME: &str = "node.volbridge.invalid";

/// Why the node's TLS key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The key's file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read the key.
    #[error("{}: others may read this key; chmod 600", path.display())]
    Open {
        /// Which.
        path: PathBuf,
    },
    /// Not a key that this program can use.
    #[error("the TLS key can't be used: {0}")]
    Key(#[from] rcgen::Error),
    /// What a certificate should say doesn't fit into it.
    #[error("the TLS certificate can't be made: {0}")]
    Content(String),
    /// Refused by the TLS library.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// The node's TLS key, and a certificate that carries it.
pub struct TlsIdentity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    hash: [u8; 32],
}

impl TlsIdentity {
    /// Reads `<keys>/tls.pem`, or makes it.
    pub fn load_or_generate(keys: &Path) -> Result<Self, TlsError> {
        let path = keys.join("tls.pem");
        match fs::metadata(&path) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => Err(TlsError::Open { path }),
            Ok(_) => {
                let pem = fs::read_to_string(&path).map_err(|source| TlsError::File { path, source })?;
                Self::from_key(&KeyPair::from_pem(&pem)?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
                write_private(&path, key.serialize_pem().as_bytes())
                    .map_err(|source| TlsError::File { path, source })?;
                Self::from_key(&key)
            }
            Err(source) => Err(TlsError::File { path, source }),
        }
    }

    /// A new key that is kept nowhere.
    pub fn generate() -> Result<Self, TlsError> {
        Self::from_key(&KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)
    }

    /// The same key in a certificate that says whose node this is, to whoever calls.
    pub fn introducing(&self, descriptors: &[u8]) -> Result<Self, TlsError> {
        let content = OctetString::new(descriptors)
            .to_der_vec()
            .map_err(|error| TlsError::Content(error.to_string()))?;
        let extension = CustomExtension::from_oid_content(INTRODUCTION, content);
        Self::certify(&KeyPair::try_from(&self.key)?, vec![extension])
    }

    fn from_key(key: &KeyPair) -> Result<Self, TlsError> {
        Self::certify(key, Vec::new())
    }

    fn certify(key: &KeyPair, extensions: Vec<CustomExtension>) -> Result<Self, TlsError> {
        let mut params = CertificateParams::new([NAME.to_owned()])?;
        params.custom_extensions = extensions;
        let certificate = params.self_signed(key)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            hash: Sha256::digest(key.subject_public_key_info()).into(),
        })
    }

    /// SHA-256 of the SubjectPublicKeyInfo: what the descriptor names and partners pin.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    pub(super) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.clone()]
    }

    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TlsIdentity({})", hex::encode(self.hash))
    }
}

/// Writes a file that only the owner may read: whole and durable, or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let unfinished = path.with_extension("new");
    let _ = fs::remove_file(&unfinished);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_for_the_owner() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let made = TlsIdentity::load_or_generate(&keys).unwrap();
        let read = TlsIdentity::load_or_generate(&keys).unwrap();
        assert_eq!(made.hash(), read.hash());
        let path = keys.join("tls.pem");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(TlsIdentity::load_or_generate(&keys), Err(TlsError::Open { .. })));
    }

    #[test]
    fn t39_the_key_is_not_printed() {
        let identity = TlsIdentity::generate().unwrap();
        assert_eq!(format!("{identity:?}"), format!("TlsIdentity({})", hex::encode(identity.hash())));
    }
}
