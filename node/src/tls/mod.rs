//! Transport between partners: mutual TLS 1.3 between pinned keys. No CA is asked and dates in certificates are ignored:
//! keys end by the log (protocol section 5, threats.md T23 to T25).
//!
//! A connection knows its partner from its key, never from what a message says. When a key is unpinned, its open
//! connections end at once; there are no tickets and no resumption by which it could come back.

pub mod address;
pub mod connect;
mod extension;
pub mod identity;
pub mod introduce;
pub mod listen;
pub mod pins;
pub mod stream;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

pub use address::HostPort;
pub use connect::{ConnectError, Dialer};
pub use identity::{TlsError, TlsIdentity};
pub use introduce::{IntroduceError, Introduced};
pub use listen::{Acceptor, Incoming, Limits};
pub use pins::Pins;
pub use stream::{PeerInfo, PeerStream};

/// HTTP/2, on both sides; nothing else is spoken.
const ALPN: &[u8] = b"h2";

/// Bytes of one answer that may be under way unread. Whoever sends waits for the other side's word when they are: with
/// HTTP/2's own 64 KiB 2,200 messages a second were measured, with megabytes 32,000; and over a line of 300 ms there and
/// back no more than this goes in that time.
const ANSWER_WINDOW: u32 = 16 << 20;

/// Bytes of the answers of all partners that may be under way unread: with many of them each has a smaller window.
const ALL_WINDOWS: u32 = 128 << 20;

/// However many there are, a partner has this window.
const LEAST_WINDOW: u32 = 1 << 20;

/// Bytes of one request that may be under way unread: requests are small.
pub(crate) const REQUEST_WINDOW: u32 = 1 << 20;

/// The same of all requests of a connection.
pub(crate) const REQUESTS_WINDOW: u32 = 4 << 20;

/// Bytes of one HTTP/2 frame.
pub(crate) const FRAME: u32 = 64 << 10;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
