//! What every handler shares.

use std::sync::Arc;

use tokio::sync::Semaphore;
use volbridge_proto::wire::node::v1 as node;

use crate::{
    client::NodeClient,
    config::GatewayConfig,
    directory::{self, Counts, Kept},
    limit::Allowance,
    page_cache::PageCache,
    problem::Problem,
};

/// Proofs checked at a time: each costs a core for some milliseconds.
const CHECKS: usize = 2;
/// Files of listings written at a time: each asks the node a hundred times.
const EXPORTS: usize = 8;

/// State of the router; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    client: NodeClient,
    config: GatewayConfig,
    own: Kept<node::PartnerView>,
    partners: Kept<Arc<[node::PartnerName]>>,
    counts: Kept<Arc<Counts>>,
    statistics: Kept<Arc<node::StatisticsView>>,
    allowance: Allowance,
    page_cache: PageCache,
    checks: Arc<Semaphore>,
    exports: Arc<Semaphore>,
}

impl App {
    pub fn new(client: NodeClient, config: GatewayConfig) -> Self {
        Self(Arc::new(Inner {
            client,
            allowance: Allowance::new(&config.limits),
            config,
            own: Kept::default(),
            partners: Kept::default(),
            counts: Kept::default(),
            statistics: Kept::default(),
            page_cache: PageCache::default(),
            checks: Arc::new(Semaphore::new(CHECKS)),
            exports: Arc::new(Semaphore::new(EXPORTS)),
        }))
    }

    /// The node, as nobody in particular: only what is public is answered.
    pub fn node(&self) -> &NodeClient {
        &self.0.client
    }

    /// The node, as its operator: for `/network`, and for who comes in to a demonstration.
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

    /// Public pages that were drawn already.
    pub fn page_cache(&self) -> &PageCache {
        &self.0.page_cache
    }

    /// Permits for checking proofs.
    pub fn checks(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.checks)
    }

    /// Permits for writing files of listings.
    pub fn exports(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.exports)
    }

    /// The partner whose portal this is; `None` while the node doesn't answer.
    pub async fn own(&self) -> Option<node::PartnerView> {
        self.0.own.or(self.now(), async { self.node().own_partner(node::SelfRequest {}).await }).await
    }

    /// The names of all partners; none while the node doesn't answer.
    pub async fn partners(&self) -> Arc<[node::PartnerName]> {
        let ask = async {
            let answer = self.node().partners(node::ListPartnersRequest {}).await?;
            Ok(answer.partners.into_iter().filter_map(|view| view.name).collect())
        };
        self.0.partners.or(self.now(), ask).await.unwrap_or_default()
    }

    /// The directory in figures; empty while the node doesn't answer.
    pub async fn counts(&self) -> Arc<Counts> {
        let ask = async { directory::counts(self.node()).await.map(Arc::new) };
        self.0.counts.or_within(directory::COUNTED, self.now(), ask).await.unwrap_or_default()
    }

    /// Figures of what is public, some seconds old.
    pub async fn statistics(&self) -> Result<Arc<node::StatisticsView>, Problem> {
        let ask = async { self.node().statistics(node::GetStatisticsRequest {}).await.map(Arc::new) };
        match self.0.statistics.or_within(directory::COUNTED, self.now(), ask).await {
            Some(view) => Ok(view),
            // Why not is what the second answer says.
            None => self.node().statistics(node::GetStatisticsRequest {}).await.map(Arc::new),
        }
    }
}
