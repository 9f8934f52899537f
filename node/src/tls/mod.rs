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

/// Bytes of one call that may be under way unread, in each direction. A small window makes whoever sends wait for the
/// other side's word: measured, 2,200 messages a second with HTTP/2's own 64 KiB, 32,000 with megabytes; and at 300 ms
/// there and back a call carries a window in that time.
pub const STREAM_WINDOW: u32 = 4 << 20;

/// The same of all calls of a connection.
pub const CONNECTION_WINDOW: u32 = 16 << 20;

/// Bytes of one HTTP/2 frame.
pub const FRAME: u32 = 64 << 10;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
