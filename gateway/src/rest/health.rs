//! For those who run it: is the process there, does the node answer, how is it doing.

use std::sync::OnceLock;

use axum::{Router, extract::State, routing::get};
use http::{StatusCode, header};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use volbridge_proto::wire::node::v1 as node;

use crate::{app::App, guard::MaySeeNetwork, routes};

pub fn router() -> Router<App> {
    // Installed before the first request is measured.
    let _ = handle();
    Router::new()
        .route(routes::HEALTHZ, get(|| std::future::ready("ok\n")))
        .route(routes::READYZ, get(ready))
        .route(routes::METRICS, get(measured))
}

async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.node().own_partner(node::SelfRequest {}).await {
        Ok(_) if !app.node().is_well().await => {
            (StatusCode::SERVICE_UNAVAILABLE, "the node stores nothing: a write to its disk has failed\n")
        }
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the node doesn't answer\n"),
    }
}

/// One recorder a process, however many portals it serves; another's stays.
fn handle() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::info!("measurements go to the recorder that was there before");
        }
        handle
    })
}

/// Bytes and refusals of each partner tell who was sent what: for those who may see how exchange goes (threats.md T31).
async fn measured(_: MaySeeNetwork) -> ([(header::HeaderName, &'static str); 1], String) {
    let handle = handle();
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
}
