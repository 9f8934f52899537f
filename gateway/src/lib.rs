//! The web portal and the REST API of a partner. It holds no state of its own:
//! everything that it shows comes over the node's gRPC API (`volbridge.node.v1`),
//! and every permission is checked there.

mod app;
mod assets;
mod chart;
mod client;
mod config;
mod events;
mod extract;
mod facts;
mod guard;
mod locale;
mod names;
mod pages;
mod problem;
mod provenance;
mod rest;
mod routes;
mod shell;
mod texts;
mod tiles;
mod verify;

use std::{future::Future, io, net::SocketAddr, time::Duration};

use axum::Router;
use tokio::net::TcpListener;

pub use client::{InvalidToken, NodeClient};
pub use config::{Clock, DemoConfig, DemoPartner, GatewayConfig, NetworkPage};

/// How long open connections may go on after the wish to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// The whole gateway: pages, REST, feeds of changes and tiles.
pub async fn router(client: NodeClient, config: GatewayConfig) -> Router {
    let app = app::App::new(client, config);
    let (api, document) = rest::router(&app);
    let open = Router::new().merge(tiles::router()).merge(events::router()).merge(assets::router());
    let pages = pages::router(&app);
    let inner = pages.merge(api).merge(rest::document(document)).merge(open).with_state(app.clone());
    guard::around(inner, app)
}

/// Serves until `shutdown`, then lets open requests end; streams are cut after some seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        shutdown.await;
        // The receiver lives until this function returns.
        let _ = stopping.send(true);
    });
    tokio::select! {
        ended = async { server.await } => ended,
        () = async {
            // An error means that the server is gone: then the other arm ends.
            let _ = stopped.wait_for(|stop| *stop).await;
            tokio::time::sleep(DRAIN).await;
        } => Ok(()),
    }
}
