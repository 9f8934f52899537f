//! What the binary tells the gateway. Nothing is read from files or the
//! environment here.

use std::{fmt, sync::Arc};

use crate::{client::NodeClient, limit::TrustedProxies};

/// The time, in Unix milliseconds: the gateway reads no clock itself.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// A clock that asks `now` each time.
    pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Unix milliseconds.
    pub fn now(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Clock")
    }
}

/// Settings of one portal.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Address under which people reach the portal: `https://portal.example.org`.
    pub public_url: String,
    /// Set on the demonstration network only.
    pub demo: Option<DemoConfig>,
    /// Who may open `/network`.
    pub network_page: NetworkPage,
    /// Languages of the portal, the preferred one first: `zh-CN`, `en`.
    pub languages: Vec<String>,
    /// Client with the operator's token: for `/network`, and for who comes in to a demonstration.
    pub operator: Option<NodeClient>,
    /// The node sends mail: searches can be saved.
    pub mail: bool,
    /// What staff call the account elsewhere that they sign in with, if there is such a one.
    pub oidc: Option<String>,
    /// How much one address may ask.
    pub limits: Limits,
    /// The time.
    pub clock: Clock,
}

impl GatewayConfig {
    /// A portal in both languages, with nothing that needs an operator.
    #[must_use]
    pub fn new(public_url: &str, clock: Clock) -> Self {
        Self {
            public_url: public_url.to_owned(),
            demo: None,
            network_page: NetworkPage::default(),
            languages: vec!["zh-CN".to_owned(), "en".to_owned()],
            operator: None,
            mail: false,
            oidc: None,
            limits: Limits::default(),
            clock,
        }
    }
}

/// How much one address may ask: an IPv4 address, or the /64 of an IPv6 one.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Requests a second in the long run; 0: as many as it likes.
    pub requests_per_second: u32,
    /// Requests at once, after a pause.
    pub burst: u32,
    /// Pages that are told of changes, at a time.
    pub streams_per_address: u32,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 20,
            burst: 200,
            streams_per_address: 32,
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

/// Who may open `/network`. On the demonstration network everybody may, unless it is `Never`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NetworkPage {
    /// A browser on the same machine, not through a proxy.
    #[default]
    LoopbackOnly,
    /// Everybody who can reach the portal.
    Always,
    /// Nobody.
    Never,
}

/// The demonstration network, for the tour at `/demo`.
#[derive(Clone, Debug)]
pub struct DemoConfig {
    /// Who publishes in the tour (Beijing), who carries and can't read (Bonn), who may read (Melbourne).
    pub partners: Vec<DemoPartner>,
}

/// One partner of the demonstration network.
#[derive(Clone, Debug)]
pub struct DemoPartner {
    /// `BVF`.
    pub short: String,
    /// Names by language tag.
    pub names: Vec<(String, String)>,
    /// City by language tag.
    pub cities: Vec<(String, String)>,
    /// Address of its portal.
    pub portal: String,
    /// `host:port` of its node's gRPC API.
    pub api: String,
    /// The token that `client` bears; shown in the tour's last step.
    pub api_token: String,
    /// Its node, as its operator.
    pub client: NodeClient,
}
