//! The web portal and the REST API of a partner. It holds no state but pages drawn a moment ago:
//! everything that it shows comes over the node's gRPC API (`volbridge.node.v1`),
//! and every permission is checked there.

mod app;
mod assets;
mod atlas;
mod chart;
mod choices;
mod client;
mod config;
mod directory;
mod events;
mod extract;
mod facts;
mod faults;
mod feeds;
mod figures;
mod guard;
mod limit;
mod locale;
mod names;
mod page_cache;
mod pages;
mod problem;
mod provenance;
mod query;
mod rest;
mod routes;
mod serve;
mod session;
mod shell;
mod texts;
mod tiles;
mod upload;
mod verify;
mod wishes;

use axum::Router;

pub use client::{InvalidToken, NodeClient};
pub use config::{Clock, DemoConfig, DemoPartner, GatewayConfig, Limits, NetworkPage};
pub use limit::TrustedProxies;
pub use serve::serve;

/// The whole gateway: pages, REST, feeds of changes and tiles.
pub async fn router(client: NodeClient, config: GatewayConfig) -> Router {
    let app = app::App::new(client, config);
    let (api, document) = rest::router(&app);
    let open = Router::new().merge(tiles::router()).merge(events::router()).merge(assets::router());
    let pages = pages::router(&app);
    let inner = pages
        .merge(feeds::router())
        .merge(api)
        .merge(rest::document(document))
        .merge(open)
        .with_state(app.clone());
    guard::around(inner, app)
}
