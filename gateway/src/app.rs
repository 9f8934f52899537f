//! What every handler shares.

use std::sync::Arc;

use tokio::sync::{RwLock, Semaphore};
use volbridge_proto::wire::node::v1 as node;

use crate::{client::NodeClient, config::GatewayConfig, limit::Allowance};

/// The name of the portal's own partner may be this old, in milliseconds.
const OWN_NAME_AGE: i64 = 60_000;
/// Proofs checked at a time: each costs a core for some milliseconds.
const CHECKS: usize = 2;

/// State of the router; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    client: NodeClient,
    config: GatewayConfig,
    own: RwLock<Option<(i64, node::PartnerView)>>,
    allowance: Allowance,
    checks: Arc<Semaphore>,
}

impl App {
    pub fn new(client: NodeClient, config: GatewayConfig) -> Self {
        Self(Arc::new(Inner {
            client,
            allowance: Allowance::new(&config.limits),
            config,
            own: RwLock::new(None),
            checks: Arc::new(Semaphore::new(CHECKS)),
        }))
    }

    /// The node, as nobody in particular: only what is public is answered.
    pub fn node(&self) -> &NodeClient {
        &self.0.client
    }

    /// The node, as its operator; for `/network` alone.
    pub fn operator(&self) -> &NodeClient {
        self.0.config.operator.as_ref().unwrap_or(&self.0.client)
    }

    pub fn config(&self) -> &GatewayConfig {
        &self.0.config
    }

    pub fn now(&self) -> i64 {
        self.0.config.clock.now()
    }

    /// How much each address may still ask.
    pub fn allowance(&self) -> &Allowance {
        &self.0.allowance
    }

    /// Permits for checking proofs.
    pub fn checks(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.checks)
    }

    /// The partner whose portal this is; `None` while the node doesn't answer.
    pub async fn own(&self) -> Option<node::PartnerView> {
        let now = self.now();
        if let Some((at, own)) = &*self.0.own.read().await
            && (now - at).abs() < OWN_NAME_AGE
        {
            return Some(own.clone());
        }
        let own = self.0.client.own_partner(node::SelfRequest {}).await.ok()?;
        *self.0.own.write().await = Some((now, own.clone()));
        Some(own)
    }
}
