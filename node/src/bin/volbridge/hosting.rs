//! The one place that touches the node's library: making a node, and running it in
//! this process. Everything else speaks gRPC.

use std::net::SocketAddr;

use tonic::transport::Channel;
use volbridge_node::{
    Node,
    config::Config,
    env::Env,
    init::{self, InitOptions},
};
use volbridge_proto::{PartnerId, Refusal};

use crate::output::problem::{Outcome, Problem};

pub use volbridge_node::init::{is_made, partner};

/// A node that runs in this process.
pub struct Hosted(Node);

impl Hosted {
    /// Opens the database, recovers, and listens.
    pub async fn start(config: Config, env: Env) -> Outcome<Self> {
        Node::start(config, env).await.map(Self).map_err(problem)
    }

    /// A connection in memory: the same API as over a network.
    pub fn channel(&self) -> Channel {
        self.0.channel()
    }

    pub fn api(&self) -> Option<SocketAddr> {
        self.0.api_addr()
    }

    pub fn exchange(&self) -> Option<SocketAddr> {
        self.0.exchange_addr()
    }

    /// Finishes what was begun.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

/// Makes keys, first descriptor and token.
pub async fn make(config: &Config, identity: InitOptions, env: &Env) -> Outcome<PartnerId> {
    init::init(config, identity, env).await.map_err(problem)
}

/// The secret part of the link with which the first operator comes in.
pub async fn invite_first(config: &Config, env: &Env) -> Outcome<String> {
    init::invite_first(config, env).await.map_err(problem)
}

/// The node's error as the operator at this machine is told it: the cause included.
fn problem(error: volbridge_node::Error) -> Problem {
    let cause = error.source.as_ref().map(|source| ("cause".to_owned(), source.to_string()));
    let params = error.params.into_iter().chain(cause).collect();
    Problem::from(Refusal { code: error.code, field: error.field, params })
}
