//! Accepting partners: each handshake in a task of its own, with a time limit; when too many are under way the oldest
//! gives way, so that stalled ones can't keep good partners out (threats.md T21).

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rustls::{ServerConfig, server::NoServerSessionStorage, version::TLS13};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::Stream;

use super::{ALPN, PeerStream, Pins, TlsError, TlsIdentity, pins::PinVerifier, provider, stream::Places};

/// Connections that are accepted and wait for the server to take them.
const WAITING: usize = 16;

/// After an error of `accept` itself: no file handles left, for one.
const PAUSE: Duration = Duration::from_millis(100);

/// Bounds of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Handshakes at the same time.
    pub handshakes: usize,
    /// How long one may take.
    pub handshake_timeout: Duration,
    /// Connections of one partner at the same time. It needs one, and a second while the first dies.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { handshakes: 64, handshake_timeout: Duration::from_secs(10), connections: 8 }
    }
}

/// Turns raw connections into those of known partners.
#[derive(Clone)]
pub struct Acceptor {
    tls: TlsAcceptor,
    pins: Arc<Pins>,
    places: Arc<Places>,
    limits: Limits,
}

impl Acceptor {
    /// With this node's key, for partners with pinned keys.
    pub fn new(identity: &TlsIdentity, pins: &Arc<Pins>, limits: Limits) -> Result<Self, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(PinVerifier::new(pins.clone(), None))
            .with_single_cert(identity.chain(), identity.key())?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // A resumed session would bring back a key that has been unpinned since.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        Ok(Self {
            tls: TlsAcceptor::from(Arc::new(config)),
            pins: pins.clone(),
            places: Arc::default(),
            limits,
        })
    }

    /// One handshake over any transport.
    pub async fn accept<S>(&self, transport: S, address: SocketAddr) -> io::Result<PeerStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = self.tls.accept(transport);
        let stream = tokio::time::timeout(self.limits.handshake_timeout, handshake).await??;
        let stream = PeerStream::new(stream.into(), address, &self.pins)?;
        let place = self.places.take(stream.info().partner, self.limits.connections);
        Ok(stream.at(place.ok_or(io::ErrorKind::QuotaExceeded)?))
    }

    /// Accepts for as long as the returned stream is there; for tonic's `serve_with_incoming`.
    #[must_use]
    pub fn incoming(self, listener: TcpListener) -> Incoming {
        let (sender, accepted) = mpsc::channel(WAITING);
        let mut owner = JoinSet::new();
        owner.spawn(self.accept_all(listener, sender));
        Incoming { accepted, _owner: owner }
    }

    async fn accept_all(self, listener: TcpListener, accepted: mpsc::Sender<PeerStream<TcpStream>>) {
        let mut handshakes = JoinSet::new();
        let mut oldest: VecDeque<AbortHandle> = VecDeque::new();
        loop {
            let (transport, address) = match listener.accept().await {
                Ok(connection) => connection,
                Err(error) => {
                    tracing::warn!(%error, "can't accept a partner's connection");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            while handshakes.try_join_next().is_some() {}
            oldest.retain(|handshake| !handshake.is_finished());
            if oldest.len() >= self.limits.handshakes
                && let Some(handshake) = oldest.pop_front()
            {
                handshake.abort();
            }
            let (acceptor, accepted) = (self.clone(), accepted.clone());
            oldest.push_back(handshakes.spawn(async move {
                let _ = transport.set_nodelay(true);
                match acceptor.accept(transport, address).await {
                    // The server takes it, or has gone.
                    Ok(stream) => drop(accepted.send(stream).await),
                    Err(error) => tracing::debug!(%address, %error, "refused a connection"),
                }
            }));
        }
    }
}

/// Connections of known partners.
#[derive(Debug)]
pub struct Incoming {
    accepted: mpsc::Receiver<PeerStream<TcpStream>>,
    // Dropped with the stream: accepting and all handshakes end.
    _owner: JoinSet<()>,
}

impl Stream for Incoming {
    type Item = io::Result<PeerStream<TcpStream>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.accepted.poll_recv(cx).map(|stream| stream.map(Ok))
    }
}
