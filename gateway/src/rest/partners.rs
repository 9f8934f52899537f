//! `/api/v1/partners`

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use volbridge_proto::{id::PartnerId, wire::node::v1 as node};

use super::{Names, PartnerRef};
use crate::{
    app::App,
    extract::Path,
    problem::{Problem, ProblemBody},
    routes,
};

/// A partner and its log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Partner {
    /// 64 hex digits.
    id: String,
    /// By language tag.
    names: Names,
    country: String,
    fingerprint: String,
    kind: String,
    domain: String,
    portal: String,
    log: Log,
    /// Whether this is the partner whose portal answers.
    own: bool,
    organisations: u64,
    listings: u64,
}

/// The newest epoch of a partner's log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Log {
    origin: String,
    epoch: u64,
    size: u64,
    /// Hex.
    root: String,
    /// C2SP verifier keys: Ed25519, ML-DSA-44.
    vkeys: Vec<String>,
    fresh: bool,
    frozen: bool,
}

/// All partners that this node knows.
#[derive(Debug, Serialize, ToSchema)]
pub struct Partners {
    items: Vec<Partner>,
    next_cursor: Option<String>,
}

/// All partners that this node knows.
#[utoipa::path(get, path = routes::API_PARTNERS, tag = "partners", responses((status = 200, body = Partners)))]
pub async fn list(State(app): State<App>) -> Result<Json<Partners>, Problem> {
    let answer = app.node().partners(node::ListPartnersRequest {}).await?;
    let items = answer.partners.into_iter().map(Partner::new).collect();
    Ok(Json(Partners { items, next_cursor: None }))
}

/// One partner.
#[utoipa::path(
    get, path = routes::API_PARTNER, params(("id" = String, Path, description = "Partner id, 64 hex digits")),
    tag = "partners",
    responses(
        (status = 200, body = Partner),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn one(State(app): State<App>, Path(id): Path<PartnerId>) -> Result<Json<Partner>, Problem> {
    let view = app.node().partner(node::GetPartnerRequest { partner: id.to_vec() }).await?;
    Ok(Json(Partner::new(view)))
}

impl Partner {
    fn new(view: node::PartnerView) -> Self {
        let named = PartnerRef::of(view.name.as_ref());
        let log = view.log.unwrap_or_default();
        Self {
            id: named.id,
            names: named.names,
            country: named.country,
            fingerprint: named.fingerprint,
            kind: view.kind,
            domain: view.domain,
            portal: view.portal,
            log: Log {
                origin: log.origin,
                epoch: log.epoch,
                size: log.size,
                root: hex::encode(&log.root),
                vkeys: log.vkeys,
                fresh: log.fresh,
                frozen: log.frozen,
            },
            own: view.own,
            organisations: view.organisations,
            listings: view.listings,
        }
    }

    pub fn example() -> Self {
        let named = PartnerRef::example();
        let origin = format!("bvf.example.org/log/{}/1", named.id);
        Self {
            log: Log {
                vkeys: vec![format!("{origin}+0a1b2c3d+AT9kZXNjcmlwdGlvbiBvZiBhIGtleSBvZiAzMiBieXRlcw==")],
                origin,
                epoch: 1,
                size: 182,
                root: "a7".repeat(32),
                fresh: true,
                frozen: false,
            },
            id: named.id,
            names: named.names,
            country: named.country,
            fingerprint: named.fingerprint,
            kind: "federation".to_owned(),
            domain: "bvf.example.org".to_owned(),
            portal: "https://portal.example.org".to_owned(),
            own: true,
            organisations: 6,
            listings: 18,
        }
    }
}

impl Partners {
    pub fn example() -> Self {
        Self { items: vec![Partner::example()], next_cursor: None }
    }
}
