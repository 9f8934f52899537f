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
pub mod introduce;
pub mod missing;
mod peer;
pub mod quota;
pub mod room;
pub mod server;
mod supervise;
pub mod wanted;
pub mod witness;
mod writing;

use tokio::time::timeout;
use tonic::{Response, Status};
use volbridge_proto::Code;

pub use self::supervise::run;
use crate::{context::Context, error::Error};

/// Bodies in one message, bytes.
pub const BODIES: usize = 1 << 20;

/// The largest message, after decompression: a range's leaves and proof, or bodies and their frame.
pub const MESSAGE: usize = 2 << 20;

/// The largest request: a page of heads, or the evidence against one log. Less than an answer, since whoever is admitted may
/// send many, and a list of empty heads takes fifty times its bytes (threats.md T20).
pub const REQUEST: usize = 768 << 10;

/// Logs that one stream may ask for.
pub const SUBSCRIPTIONS: usize = 1_024;

/// Waits for a peer's answer: no longer than the node is patient, and not while it stops.
async fn call<T>(
    context: &Context,
    answer: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Error> {
    patiently(context, answer).await?.map(Response::into_inner).map_err(peer::refused)
}

/// Waits for a peer: no longer than the node is patient, and not while it stops.
async fn patiently<T>(context: &Context, step: impl Future<Output = T>) -> Result<T, Error> {
    tokio::select! {
        done = timeout(context.config.exchange.patience(), step) => {
            done.map_err(|_| Error::new(Code::PeerSlow))
        }
        () = context.stopping() => Err(Error::new(Code::ShuttingDown)),
    }
}
