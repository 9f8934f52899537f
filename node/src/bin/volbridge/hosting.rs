//! The one place that touches the node's library: making a node, and running it in
//! this process. Everything else speaks gRPC.

use std::net::SocketAddr;

use tonic::transport::Channel;
use volbridge_node::{config::Config, env::Env};
use volbridge_proto::{Code, PartnerId, wire::record::v1::LocalText};

use crate::output::problem::{Outcome, Problem};

/// Who a new node is.
#[derive(Clone, Debug)]
pub struct Identity {
    pub names: Vec<LocalText>,
    pub kind: String,
    pub country: String,
    pub domain: String,
    /// Partners that keep sealed records for this one.
    pub carriers: Vec<PartnerId>,
}

/// A node that runs in this process.
pub struct Hosted {}

impl Hosted {
    /// Opens the database, recovers, and listens.
    pub async fn start(_config: Config, _env: Env) -> Outcome<Self> {
        Err(Problem::new(Code::Unimplemented))
    }

    /// A connection in memory: the same API as over a network.
    pub fn channel(&self) -> Channel {
        tonic::transport::Endpoint::from_static("http://in.memory").connect_lazy()
    }

    pub fn api(&self) -> Option<SocketAddr> {
        None
    }

    pub fn exchange(&self) -> Option<SocketAddr> {
        None
    }

    /// Finishes what was begun.
    pub async fn stop(self) {}
}

/// Whether the data folder holds a node.
pub fn is_made(config: &Config) -> bool {
    config.keys_dir().join("identity").exists()
}

/// Makes keys, first descriptor, node info and token.
pub async fn make(_config: &Config, _identity: Identity, _env: &Env) -> Outcome<PartnerId> {
    Err(Problem::new(Code::Unimplemented))
}
