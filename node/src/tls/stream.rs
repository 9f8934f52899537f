//! A connection with a partner: the same type on both sides. It ends when the partner's key is unpinned.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;
use tokio_stream::{Stream, wrappers::WatchStream};
use tonic::transport::server::Connected;
use volbridge_proto::PartnerId;

use super::{ALPN, Pins, pins};

/// Who is at the other end; handlers find it in a request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerInfo {
    /// Whose pinned key it showed.
    pub partner: PartnerId,
    /// Where it calls from, or was called at.
    pub address: SocketAddr,
}

/// Connections that each partner has.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<BTreeMap<PartnerId, usize>>);

impl Places {
    /// One more for a partner, until it is dropped; none above `limit`.
    pub(super) fn take(self: &Arc<Self>, partner: PartnerId, limit: usize) -> Option<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = places.entry(partner).or_default();
        if *taken >= limit {
            return None;
        }
        *taken += 1;
        Some(Place { places: Arc::clone(self), partner })
    }
}

/// One connection's place among its partner's.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    partner: PartnerId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = places.get_mut(&self.partner) {
            *taken -= 1;
            if *taken == 0 {
                places.remove(&self.partner);
            }
        }
    }
}

/// An established connection.
pub struct PeerStream<S> {
    inner: TlsStream<S>,
    info: PeerInfo,
    key: [u8; 32],
    pins: Arc<Pins>,
    changed: WatchStream<()>,
    _place: Option<Place>,
}

impl<S> PeerStream<S> {
    /// Who is behind a finished handshake; an error if it isn't HTTP/2 or the pin has gone meanwhile.
    pub(super) fn new(inner: TlsStream<S>, address: SocketAddr, pins: &Arc<Pins>) -> io::Result<Self> {
        // Watched from before the look-up: a change between the two is seen.
        let changed = WatchStream::from_changes(pins.watch());
        let (_, connection) = inner.get_ref();
        if connection.alpn_protocol() != Some(ALPN) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the peer doesn't speak HTTP/2"));
        }
        let certificate = connection.peer_certificates().and_then(<[_]>::first);
        let key = certificate.and_then(|certificate| pins::key_of(certificate).ok()).ok_or_else(unpinned)?;
        let partner = pins.partner(&key).ok_or_else(unpinned)?;
        Ok(Self {
            inner,
            info: PeerInfo { partner, address },
            key,
            pins: pins.clone(),
            changed,
            _place: None,
        })
    }

    /// Counted among its partner's connections.
    pub(super) fn at(self, place: Place) -> Self {
        Self { _place: Some(place), ..self }
    }

    /// Who is at the other end.
    pub fn info(&self) -> PeerInfo {
        self.info
    }

    /// Is its key still pinned? Asked again, and the task woken, whenever pins change.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Poll::Ready(Some(())) = Pin::new(&mut self.changed).poll_next(cx) {
            if self.pins.partner(&self.key) != Some(self.info.partner) {
                return Err(unpinned());
            }
        }
        Ok(())
    }
}

fn unpinned() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "the peer's key is not pinned")
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for PeerStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for PeerStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.pins.partner(&self.key) != Some(self.info.partner) {
            return Poll::Ready(Err(unpinned()));
        }
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<S> Connected for PeerStream<S> {
    type ConnectInfo = PeerInfo;

    fn connect_info(&self) -> PeerInfo {
        self.info
    }
}
