//! Which key is whose, and the one verifier that both sides of a connection use.
//!
//! The key is taken out of the certificate by the same parser that checks the handshake with it; everything
//! else in the certificate (names, dates, issuer, signature) is ignored.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::{
        ParsedCertificate,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use volbridge_proto::PartnerId;

use super::provider;

/// The pinned keys: SHA-256 of the SubjectPublicKeyInfo → whose it is.
#[derive(Debug)]
pub struct Pins {
    keys: ArcSwap<HashMap<[u8; 32], PartnerId>>,
    changed: watch::Sender<()>,
}

impl Default for Pins {
    fn default() -> Self {
        Self { keys: ArcSwap::default(), changed: watch::Sender::new(()) }
    }
}

impl Pins {
    /// No keys: nobody is let in.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Replaces all pins. Open connections of keys that are no longer pinned to the same partner end.
    ///
    /// Of two partners that claim one key the first has it: list them in the order of their admission, so
    /// that a newcomer can't take another's key by naming it.
    pub fn set(&self, pins: impl IntoIterator<Item = ([u8; 32], PartnerId)>) {
        let mut keys = HashMap::new();
        for (key, partner) in pins {
            keys.entry(key).or_insert(partner);
        }
        self.keys.store(Arc::new(keys));
        self.changed.send_replace(());
    }

    /// Whose key it is.
    #[must_use]
    pub fn partner(&self, key: &[u8; 32]) -> Option<PartnerId> {
        self.keys.load().get(key).copied()
    }

    /// Tells when pins are replaced.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

/// SHA-256 of the SubjectPublicKeyInfo in a certificate.
pub(super) fn key_of(certificate: &CertificateDer<'_>) -> Result<[u8; 32], Error> {
    Ok(Sha256::digest(spki(certificate)?).into())
}

/// Does the handshake's signature verify with the certificate's key?
pub(super) fn verify_with_key_of(
    certificate: &CertificateDer<'_>,
    message: &[u8],
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    verify_tls13_signature_with_raw_key(message, &spki(certificate)?, signature, algorithms)
}

fn spki(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    Ok(ParsedCertificate::try_from(certificate)?.subject_public_key_info())
}

/// Accepts pinned keys: anyone's (for those who call us), or one partner's (for whom we call).
#[derive(Debug)]
pub(super) struct PinVerifier {
    pins: Arc<Pins>,
    expected: Option<PartnerId>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinVerifier {
    pub(super) fn new(pins: Arc<Pins>, expected: Option<PartnerId>) -> Arc<Self> {
        Arc::new(Self { pins, expected, algorithms: provider().signature_verification_algorithms })
    }

    fn accept(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        let partner = self.pins.partner(&key_of(certificate)?);
        let accepted = match self.expected {
            Some(expected) => partner == Some(expected),
            None => partner.is_some(),
        };
        if accepted { Ok(()) } else { Err(CertificateError::ApplicationVerificationFailure.into()) }
    }
}

/// TLS 1.2 isn't offered, so nothing of it is ever verified.
pub(super) fn no_tls12() -> Result<HandshakeSignatureValid, Error> {
    Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
}

impl ClientCertVerifier for PinVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.accept(end_entity).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_with_key_of(certificate, message, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.accept(end_entity).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_with_key_of(certificate, message, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
