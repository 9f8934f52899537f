//! Transport between partners: mutual TLS 1.3 between pinned keys. No CA is asked and dates in certificates are ignored:
//! keys end by the log (protocol section 5, threats.md T23 to T25).
//!
//! A connection knows its partner from its key, never from what a message says. When a key is unpinned, its open
//! connections end at once; there are no tickets and no resumption by which it could come back.

pub mod address;
pub mod connect;
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

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
