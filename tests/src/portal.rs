//! A partner's portal on a port of this machine.

use std::sync::Arc;

use tokio::{net::TcpListener, sync::oneshot};
use volbridge_gateway::{Clock, DemoConfig, DemoPartner, GatewayConfig, Limits, NodeClient};
use volbridge_node::env::Env;

use crate::Partner;

/// A portal that serves until it is dropped.
pub struct Portal {
    /// `http://127.0.0.1:…`
    pub address: String,
    stop: Option<oneshot::Sender<()>>,
}

impl Portal {
    /// The portal of one partner.
    pub async fn start(partner: &Partner) -> Self {
        let (listener, address) = listen().await;
        Self::serve(partner, listener, address, None).await
    }

    /// The portal of one partner under a name and port that its node knows: passkeys belong to a name.
    pub async fn at_port(partner: &Partner, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port");
        Self::serve(partner, listener, format!("http://localhost:{port}"), None).await
    }

    /// The portals of a demonstration: who publishes, who carries, who may read.
    pub async fn tour(partners: [&Partner; 3]) -> Vec<Self> {
        let mut places = Vec::new();
        for partner in partners {
            let (listener, address) = listen().await;
            places.push((partner, listener, address));
        }
        let stops: Vec<DemoPartner> = places
            .iter()
            .map(|(partner, _, address)| DemoPartner {
                short: partner.name.clone(),
                names: vec![
                    ("en".to_owned(), partner.name.clone()),
                    ("zh-CN".to_owned(), partner.name.clone()),
                ],
                cities: vec![("en".to_owned(), "City".to_owned()), ("zh-CN".to_owned(), "城市".to_owned())],
                portal: address.clone(),
                api: partner.node().api_addr().map(|address| address.to_string()).unwrap_or_default(),
                api_token: partner.token(),
                client: client(partner),
            })
            .collect();
        let mut portals = Vec::new();
        for (partner, listener, address) in places {
            let demo = DemoConfig { partners: stops.clone() };
            portals.push(Self::serve(partner, listener, address, Some(demo)).await);
        }
        portals
    }

    async fn serve(
        partner: &Partner,
        listener: TcpListener,
        address: String,
        demo: Option<DemoConfig>,
    ) -> Self {
        let env = Arc::new(Env::system());
        let config = GatewayConfig {
            demo,
            operator: Some(client(partner)),
            mail: true,
            oidc: partner.setting("oidc.name").map(str::to_owned),
            // A test asks more than a person; the limits have tests of their own.
            limits: Limits { requests_per_second: 0, ..Limits::default() },
            ..GatewayConfig::new(&address, Clock::new(move || env.now().as_millis()))
        };
        let router = volbridge_gateway::router(NodeClient::new(partner.channel()), config).await;
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(volbridge_gateway::serve(listener, router, async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop) }
    }

    /// An address of the portal: `/listings`.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("its address"));
    (listener, address)
}

fn client(partner: &Partner) -> NodeClient {
    NodeClient::new(partner.channel()).with_token(&partner.token()).expect("a token")
}
