//! Transport between partners: who gets in, and who no longer does.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    date_time_ymd,
};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_stream::StreamExt;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use volbridge_node::tls::{
    Acceptor, ConnectError, Dialer, Incoming, Limits, PeerInfo, Pins, TlsIdentity, address::HostPort,
};
use volbridge_proto::PartnerId;

const SOON: Duration = Duration::from_secs(10);

fn partner(byte: u8) -> PartnerId {
    PartnerId::from([byte; 32])
}

/// A listener of partner 0, and how to reach it.
struct Server {
    identity: TlsIdentity,
    pins: Arc<Pins>,
    address: SocketAddr,
    incoming: Incoming,
}

async fn server(limits: Limits) -> Server {
    let identity = TlsIdentity::generate().unwrap();
    let pins = Pins::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = Acceptor::new(&identity, &pins, limits).unwrap().incoming(listener);
    Server { identity, pins, address, incoming }
}

impl Server {
    fn place(&self) -> HostPort {
        self.address.to_string().parse().unwrap()
    }

    /// A caller that knows this server as partner 0.
    fn dialer(&self, identity: TlsIdentity) -> Dialer {
        let pins = Pins::new();
        pins.set([(self.identity.hash(), partner(0))]);
        Dialer::new(Arc::new(identity), pins, true)
    }

    async fn next(&mut self) -> PeerInfo {
        timeout(SOON, self.incoming.next()).await.unwrap().unwrap().unwrap().info()
    }
}

/// What a caller shows.
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

/// Shows it without the library's check that the key belongs to the certificate: an attacker makes none.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl Shown {
    fn certified(self) -> Always {
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        let key = default_provider().key_provider.load_private_key(key).unwrap();
        Always(Arc::new(CertifiedKey::new(self.chain, key)))
    }
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

fn hash(key: &KeyPair) -> [u8; 32] {
    Sha256::digest(key.subject_public_key_info()).into()
}

/// Its certificate was valid for one day of 1999.
fn out_of_date(key: KeyPair) -> Shown {
    let mut params = CertificateParams::new(["bonn.example".to_owned()]).unwrap();
    params.not_before = date_time_ymd(1999, 1, 1);
    params.not_after = date_time_ymd(1999, 1, 2);
    let certificate = params.self_signed(&key).unwrap();
    Shown { chain: vec![certificate.der().clone()], key }
}

/// Its certificate carries a partner's name and is signed by a CA.
fn signed_by_a_ca(key: KeyPair) -> Shown {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer_key = self::key();
    let ca = params.self_signed(&issuer_key).unwrap();
    let issuer = Issuer::new(params, issuer_key);
    let certificate =
        CertificateParams::new(["bonn.example".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    Shown { chain: vec![certificate.der().clone(), ca.der().clone()], key }
}

/// Accepts any server: these callers aren't ours.
#[derive(Debug)]
struct Careless;

impl ServerCertVerifier for Careless {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Calls with what is shown; true if it was let in.
async fn call(
    address: SocketAddr,
    shown: Option<Shown>,
    version: &'static rustls::SupportedProtocolVersion,
) -> bool {
    let builder = ClientConfig::builder_with_provider(default_provider().into())
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Careless));
    let mut config = match shown {
        Some(shown) => builder.with_client_cert_resolver(Arc::new(shown.certified())),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let transport = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("x.example").unwrap();
    match TlsConnector::from(Arc::new(config)).connect(name, transport).await {
        Ok(stream) => is_open(stream).await,
        Err(_) => false,
    }
}

/// With TLS 1.3 a refused caller learns it when it first reads; one that was let in waits there.
async fn is_open(mut stream: TlsStream<TcpStream>) -> bool {
    let _ = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    let mut byte = [0];
    let read = timeout(Duration::from_secs(2), stream.read(&mut byte)).await;
    matches!(read, Err(_) | Ok(Ok(1)))
}

#[tokio::test]
async fn t24_only_pinned_keys_get_in_whatever_their_certificates_say() {
    let mut server = server(Limits::default()).await;
    let (pinned, late) = (key(), key());
    server.pins.set([(hash(&pinned), partner(1)), (hash(&late), partner(2))]);
    let address = server.address;

    assert!(!call(address, None, &TLS13).await, "no certificate");
    assert!(!call(address, Some(out_of_date(key())), &TLS13).await, "unknown key");
    assert!(!call(address, Some(signed_by_a_ca(key())), &TLS13).await, "signed by a CA, unknown key");
    assert!(!call(address, Some(out_of_date(pinned)), &TLS12).await, "TLS 1.2");
    let stolen = Shown { chain: out_of_date(late).chain, key: key() };
    assert!(!call(address, Some(stolen), &TLS13).await, "a pinned certificate without its key");
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    // At most a TLS alert.
    assert!(answer.len() <= 7, "plaintext: {answer:?}");

    let (old, from_ca) = (key(), key());
    server.pins.set([(hash(&old), partner(1)), (hash(&from_ca), partner(2))]);
    tokio::spawn(call(address, Some(out_of_date(old)), &TLS13));
    // The first that comes through is the first that was allowed to.
    assert_eq!(server.next().await.partner, partner(1));
    tokio::spawn(call(address, Some(signed_by_a_ca(from_ca)), &TLS13));
    assert_eq!(server.next().await.partner, partner(2));
}

#[tokio::test]
async fn t24_a_server_with_another_partners_key_is_not_spoken_to() {
    let server = server(Limits::default()).await;
    let caller = TlsIdentity::generate().unwrap();
    server.pins.set([(caller.hash(), partner(1))]);
    let dialer = server.dialer(caller);
    dialer.dial(&server.place(), partner(0)).await.unwrap();
    let wrong = dialer.dial(&server.place(), partner(3)).await.err().unwrap();
    assert!(matches!(wrong, ConnectError::WrongKey { expected, .. } if expected == partner(3)), "{wrong}");
}

#[tokio::test]
async fn t26_of_two_partners_that_claim_a_key_the_first_has_it() {
    let mut server = server(Limits::default()).await;
    let caller = TlsIdentity::generate().unwrap();
    server.pins.set([(caller.hash(), partner(1)), (caller.hash(), partner(2))]);
    let _stream = server.dialer(caller).dial(&server.place(), partner(0)).await.unwrap();
    assert_eq!(server.next().await.partner, partner(1));
}

#[tokio::test]
async fn t25_an_unpinned_partner_is_cut_off_at_once_and_stays_out() {
    let mut server = server(Limits::default()).await;
    let caller = TlsIdentity::generate().unwrap();
    server.pins.set([(caller.hash(), partner(1))]);
    let dialer = server.dialer(caller);
    let mut ours = dialer.dial(&server.place(), partner(0)).await.unwrap();
    let mut theirs = timeout(SOON, server.incoming.next()).await.unwrap().unwrap().unwrap();
    ours.write_all(b"x").await.unwrap();
    assert_eq!(theirs.read_u8().await.unwrap(), b'x');

    let waiting = tokio::spawn(async move {
        let failed = theirs.read_u8().await.unwrap_err();
        assert_eq!(failed.kind(), std::io::ErrorKind::PermissionDenied);
        assert!(theirs.write_all(b"y").await.is_err());
    });
    tokio::task::yield_now().await;
    server.pins.set([]);
    timeout(SOON, waiting).await.unwrap().unwrap();
    assert!(ours.read_u8().await.is_err());

    let again = dialer.dial(&server.place(), partner(0)).await;
    // TLS 1.3: the refusal may come with the first read.
    if let Ok(mut stream) = again {
        assert!(stream.read_u8().await.is_err());
    }
}

#[tokio::test]
async fn t21_stalled_handshakes_keep_nobody_out() {
    let limits = Limits { handshakes: 8, handshake_timeout: Duration::from_secs(3_600), ..Limits::default() };
    let mut server = server(limits).await;
    let caller = TlsIdentity::generate().unwrap();
    server.pins.set([(caller.hash(), partner(1))]);
    let mut stalled = Vec::new();
    for _ in 0..100 {
        stalled.push(TcpStream::connect(server.address).await.unwrap());
    }
    let _stream = server.dialer(caller).dial(&server.place(), partner(0)).await.unwrap();
    assert_eq!(server.next().await.partner, partner(1));
}

#[tokio::test]
async fn a_service_is_called_through_a_channel_and_again_after_a_break() {
    let Server { identity, pins, address, incoming } = server(Limits::default()).await;
    let caller = TlsIdentity::generate().unwrap();
    let caller_pins = Pins::new();
    caller_pins.set([(identity.hash(), partner(0))]);
    pins.set([(caller.hash(), partner(1))]);
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let server = tonic::transport::Server::builder().add_service(health).serve_with_incoming(incoming);
    let server = tokio::spawn(server);

    let key = caller.hash();
    let dialer = Dialer::new(Arc::new(caller), caller_pins, true);
    let channel = dialer.channel(address.to_string().parse().unwrap(), partner(0)).unwrap();
    let mut client = HealthClient::new(channel);
    client.check(HealthCheckRequest::default()).await.unwrap();
    pins.set([]);
    client.check(HealthCheckRequest::default()).await.unwrap_err();
    pins.set([(key, partner(1))]);
    client.check(HealthCheckRequest::default()).await.unwrap();
    server.abort();
}

#[tokio::test]
async fn a_failed_call_says_at_which_hop() {
    let caller = Arc::new(TlsIdentity::generate().unwrap());
    let careful = Dialer::new(caller.clone(), Pins::new(), false);
    for place in ["127.0.0.1:9", "2130706433:9", "localhost:9"] {
        let private = careful.dial(&place.parse().unwrap(), partner(0)).await.err().unwrap();
        assert!(matches!(private, ConnectError::Private { .. }), "t23: {place}: {private}");
    }
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let dialer = Dialer::new(caller, Pins::new(), true);
    let place: HostPort = free.to_string().parse().unwrap();
    let nobody = dialer.dial(&place, partner(0)).await.err().unwrap();
    assert!(matches!(nobody, ConnectError::Unreachable { .. }), "{nobody}");

    let channel = dialer.channel(place, partner(0)).unwrap();
    let status = HealthClient::new(channel).check(HealthCheckRequest::default()).await.unwrap_err();
    assert!(matches!(ConnectError::behind(&status), Some(ConnectError::Unreachable { .. })), "{status:?}");
}
