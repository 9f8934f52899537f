//! Exchange between partners (protocol section 8): what this node serves to peers
//! (`server`, `feed`), and what it fetches from them (`peer`, `following`).
//!
//! Everything that arrives goes through `proto::exchange::follow` and `ingest`; this
//! module moves messages, keeps time and bounds. Who calls is known from TLS alone.

pub mod claims;
pub(crate) mod delivery;
mod evidence;
pub mod feed;
mod fetch;
pub mod following;
pub mod heads;
mod peer;
pub mod server;
mod supervise;
pub mod wanted;
pub mod witness;

pub use self::supervise::run;

/// Unacknowledged bytes that one log may have under way to a peer.
pub const LOG_WINDOW: usize = 8 << 20;

/// And all logs together.
pub const PEER_WINDOW: usize = 32 << 20;

/// Bodies in one message, bytes.
pub const BODIES: usize = 1 << 20;

/// The largest message, after decompression: a range's leaves and proof, or bodies and their frame.
pub const MESSAGE: usize = 2 << 20;

/// Logs that one stream may ask for.
pub const SUBSCRIPTIONS: usize = 1_024;
