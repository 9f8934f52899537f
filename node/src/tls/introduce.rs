//! Asking an endpoint whose node it is, before anybody there is known: one handshake in which this node shows no key
//! and says nothing. The server's certificate carries its descriptors (proto/README.md, section 9). Nothing that comes back is
//! believed here; `exchange::introduce` compares it with the fingerprint that the operator was told.

use std::sync::Arc;

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::WebPkiSupportedAlgorithms,
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::TLS13,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use volbridge_proto::Code;

use super::{
    ALPN, ConnectError, Dialer, HostPort, TlsError,
    connect::connect,
    extension::introduction,
    identity::NAME,
    pins::{key_of, no_tls12, verify_with_key_of},
    provider,
};

/// What a server showed.
#[derive(Clone, Debug)]
pub struct Introduced {
    /// What it says that its descriptors are.
    pub descriptors: Vec<u8>,
    /// SHA-256 of the SubjectPublicKeyInfo of the key that it holds.
    pub key: [u8; 32],
}

/// Why nobody was introduced.
#[derive(Debug, thiserror::Error)]
pub enum IntroduceError {
    /// Nobody answers.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Somebody answers, but too slowly.
    #[error("{place}: the handshake takes too long")]
    Slow {
        /// Who was called.
        place: HostPort,
    },
    /// Somebody answers, but not as the exchange of a node.
    #[error("{place}: is not the exchange of a node: {why}")]
    Other {
        /// Who was called.
        place: HostPort,
        /// What is not as it should be.
        why: String,
    },
}

impl IntroduceError {
    /// Its stable name.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Connect(error) => error.code(),
            Self::Slow { .. } => Code::PeerSlow,
            Self::Other { .. } => Code::PeerProtocol,
        }
    }
}

impl Dialer {
    /// Asks who answers at a place. The caller keeps the time.
    pub async fn introduction(&self, place: &HostPort) -> Result<Introduced, IntroduceError> {
        let mut last = None;
        for address in self.addresses(place).await? {
            match connect(address).await {
                Ok(transport) => return ask(transport, place).await,
                Err(why) => last = Some((address, why)),
            }
        }
        let place = place.clone();
        Err(IntroduceError::Connect(match last {
            Some((address, why)) => ConnectError::Unreachable { place, address, why },
            None => ConnectError::Resolve { place, why: "no address".to_owned() },
        }))
    }
}

async fn ask(transport: TcpStream, place: &HostPort) -> Result<Introduced, IntroduceError> {
    let other = |why: String| IntroduceError::Other { place: place.clone(), why };
    let connector = TlsConnector::from(Arc::new(config().map_err(ConnectError::Tls)?));
    let name = ServerName::try_from(NAME).map_err(|error| other(error.to_string()))?;
    // What the server thinks of a caller without a key comes after its certificate, and isn't waited for.
    let stream = connector.connect(name, transport).await.map_err(|error| other(error.to_string()))?;
    let (_, connection) = stream.get_ref();
    let certificate = connection.peer_certificates().and_then(<[_]>::first);
    let certificate = certificate.ok_or_else(|| other("it shows no certificate".to_owned()))?;
    let descriptors = introduction(certificate).ok_or_else(|| other("it shows no descriptor".to_owned()))?;
    let key = key_of(certificate).map_err(|error| other(error.to_string()))?;
    Ok(Introduced { descriptors, key })
}

fn config() -> Result<ClientConfig, TlsError> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Whoever(provider().signature_verification_algorithms)))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_sni = false;
    Ok(config)
}

/// Takes any key, if the server holds it.
#[derive(Debug)]
struct Whoever(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
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
        verify_with_key_of(certificate, message, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
