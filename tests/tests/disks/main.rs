//! Disks that fail, fill up, lose power, can't be written any more, or are slow (threats.md F02 to F05, F19): a node in
//! a process of its own, below which calls to the system fail as `faulty-disk` is told. Its acknowledgements are
//! held against a model. On PostgreSQL only what stands beside the database is on this disk: files of materials.
//!
//! `VOLBRIDGE_TEST_SEED` replays a run, `VOLBRIDGE_TEST_SWEEP=50` tries more points.
#![expect(clippy::unwrap_used, reason = "tests")]

mod broken;
mod full;
mod power;
mod read_only;
mod slow;

use std::time::Duration;

use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use volbridge_proto::Code;
use volbridge_tests::{Partner, model::Refused, portal::Portal};

const NODE: &str = env!("CARGO_BIN_EXE_node-apart");

/// All were refused for this reason, or by a connection that is gone.
fn are_all(refused: &[Refused], code: Code, when: &str) {
    let others: Vec<_> = refused.iter().filter(|refused| refused.code != Some(code)).collect();
    assert!(others.is_empty(), "{when}: {others:#?}");
}

/// Whether the node says that it is well: over gRPC, and at the portal.
async fn is_well(node: &Partner) -> (bool, u16) {
    let whole = HealthCheckRequest { service: String::new() };
    let answer = HealthClient::new(node.channel()).check(whole).await.unwrap().into_inner();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let portal = Portal::start(node).await;
    let ready = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    let ready = ready.get(portal.at("/readyz")).send().await.unwrap().status().as_u16();
    (answer.status() == ServingStatus::Serving, ready)
}
