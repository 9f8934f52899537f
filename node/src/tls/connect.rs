//! Calling partners: resolve, dial the address that was checked, handshake with the expected partner's key alone.

use std::{
    error::Error,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, client::Resumption, pki_types::ServerName, version::TLS13};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use volbridge_proto::{Code, PartnerId};

use super::{
    ALL_WINDOWS, ALPN, ANSWER_WINDOW, FRAME, LEAST_WINDOW, PeerStream, Pins, TlsError, TlsIdentity,
    address::{HostPort, is_public},
    identity::NAME,
    pins::PinVerifier,
    provider,
};

/// For resolving, connecting, and the handshake, each.
const STEP: Duration = Duration::from_secs(10);

/// An idle or dead peer is noticed within the two together (threats.md F09).
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// At which hop a call failed, and why.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name has no address.
    #[error("{place}: the name can't be resolved: {why}")]
    Resolve {
        /// Who was called.
        place: HostPort,
        /// What the resolver says.
        why: String,
    },
    /// All its addresses are inside of networks that this node doesn't call.
    #[error("{place}: {address} isn't a public address (exchange.allow_private_addresses)")]
    Private {
        /// Who was called.
        place: HostPort,
        /// One of its addresses.
        address: SocketAddr,
    },
    /// Nobody answers.
    #[error("{place}: no connection to {address}: {why}")]
    Unreachable {
        /// Who was called.
        place: HostPort,
        /// The last address that was tried.
        address: SocketAddr,
        /// What the system says.
        why: String,
    },
    /// Somebody answers, but the handshake fails: another's key, or ours isn't pinned there.
    #[error("{place}: the TLS handshake failed: {why}")]
    Handshake {
        /// Who was called.
        place: HostPort,
        /// What TLS says.
        why: String,
    },
    /// It shows a key that isn't pinned to the partner that was called.
    #[error("{place}: shows a key that isn't {}'s", expected.fingerprint())]
    WrongKey {
        /// Who was called.
        place: HostPort,
        /// Whose key was expected.
        expected: PartnerId,
    },
    /// This node's own TLS set-up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl ConnectError {
    /// The error of this kind that lies behind another, such as tonic's.
    pub fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// Its stable name.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Resolve { .. } | Self::Unreachable { .. } | Self::Private { .. } => Code::PeerUnreachable,
            Self::Handshake { .. } => Code::PeerRefused,
            Self::WrongKey { .. } => Code::PeerUnknown,
            Self::Tls(_) => Code::Internal,
        }
    }
}

/// Calls partners.
#[derive(Clone, Debug)]
pub struct Dialer {
    identity: Arc<TlsIdentity>,
    pins: Arc<Pins>,
    allow_private: bool,
    window: Arc<AtomicU32>,
}

impl Dialer {
    /// With this node's key, to partners with pinned keys.
    #[must_use]
    pub fn new(identity: Arc<TlsIdentity>, pins: Arc<Pins>, allow_private: bool) -> Self {
        Self { identity, pins, allow_private, window: Arc::new(ANSWER_WINDOW.into()) }
    }

    /// Shares the memory for answers among so many partners; connections that are open keep what they have.
    pub fn share_among(&self, partners: usize) {
        let partners = u32::try_from(partners.max(1)).unwrap_or(u32::MAX);
        self.window.store((ALL_WINDOWS / partners).clamp(LEAST_WINDOW, ANSWER_WINDOW), Ordering::Relaxed);
    }

    /// A channel that connects when it is first used, and again when it has broken.
    pub fn channel(&self, place: HostPort, partner: PartnerId) -> Result<Channel, tonic::transport::Error> {
        let window = self.window.load(Ordering::Relaxed);
        // The connector below speaks TLS; tonic must not.
        let endpoint = Endpoint::from_shared(format!("http://{place}"))?
            .user_agent("volbridge")?
            .connect_timeout(STEP * 3)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .max_frame_size(FRAME)
            .initial_stream_window_size(window)
            .initial_connection_window_size(window * 2);
        let dialer = self.clone();
        Ok(endpoint.connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
            let (dialer, place) = (dialer.clone(), place.clone());
            async move { dialer.dial(&place, partner).await.map(TokioIo::new) }
        })))
    }

    /// One connection.
    pub async fn dial(
        &self,
        place: &HostPort,
        partner: PartnerId,
    ) -> Result<PeerStream<TcpStream>, ConnectError> {
        let mut last = None;
        for address in self.addresses(place).await? {
            match connect(address).await {
                Ok(transport) => return self.handshake(transport, address, place, partner).await,
                Err(why) => last = Some((address, why)),
            }
        }
        let place = place.clone();
        Err(match last {
            Some((address, why)) => ConnectError::Unreachable { place, address, why },
            None => ConnectError::Resolve { place, why: "no address".to_owned() },
        })
    }

    /// The handshake over any transport.
    pub async fn handshake<S>(
        &self,
        transport: S,
        address: SocketAddr,
        place: &HostPort,
        partner: PartnerId,
    ) -> Result<PeerStream<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = TlsConnector::from(Arc::new(self.config(partner)?));
        let failed = |why: String| ConnectError::Handshake { place: place.clone(), why };
        let name = ServerName::try_from(NAME).map_err(|e| failed(e.to_string()))?;
        let stream = timeout(STEP, connector.connect(name, transport))
            .await
            .map_err(|_| failed("it takes too long".to_owned()))?
            .map_err(|error| {
                if is_wrong_key(&error) {
                    ConnectError::WrongKey { place: place.clone(), expected: partner }
                } else {
                    failed(error.to_string())
                }
            })?;
        PeerStream::new(stream.into(), address, &self.pins).map_err(|error| failed(error.to_string()))
    }

    fn config(&self, partner: PartnerId) -> Result<ClientConfig, TlsError> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(PinVerifier::new(self.pins.clone(), Some(partner)))
            .with_client_auth_cert(self.identity.chain(), self.identity.key())?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        Ok(config)
    }

    /// The addresses of a place that may be called. They, and not the name, are dialled: a second look-up
    /// could give others.
    pub(super) async fn addresses(&self, place: &HostPort) -> Result<Vec<SocketAddr>, ConnectError> {
        let failed = |why: String| ConnectError::Resolve { place: place.clone(), why };
        let found = timeout(STEP, tokio::net::lookup_host((place.host(), place.port())))
            .await
            .map_err(|_| failed("it takes too long".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        let (may, may_not): (Vec<_>, Vec<_>) =
            found.partition(|address| self.allow_private || is_public(address.ip()));
        match may_not.first() {
            Some(address) if may.is_empty() => {
                Err(ConnectError::Private { place: place.clone(), address: *address })
            }
            _ => Ok(may),
        }
    }
}

pub(super) async fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    let transport = timeout(STEP, TcpStream::connect(address))
        .await
        .map_err(|_| "it takes too long".to_owned())?
        .map_err(|error| error.to_string())?;
    let _ = transport.set_nodelay(true);
    Ok(transport)
}

fn is_wrong_key(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(
        inner,
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure))
    )
}
