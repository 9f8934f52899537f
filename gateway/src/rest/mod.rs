//! The REST API: `/api/v1`, described by OpenAPI 3.1 that is generated from these
//! handlers. Errors are `application/problem+json`; lists are `{items, next_cursor}`.

pub mod bearer;
mod changes;
pub mod conditional;
mod conferences;
mod document;
mod drafts;
mod health;
mod imports;
pub mod listings;
mod matching;
mod organisations;
mod paging;
mod partners;
mod records;
mod saved_searches;
mod search;
mod statistics;

use axum::{
    Router, middleware,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema, openapi::OpenApi as Document};
use utoipa_axum::{router::OpenApiRouter, routes};
use volbridge_proto::wire::node::v1 as node;

use self::document::BearerToken;
use crate::{app::App, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Volbridge",
        description = "Listings, partners, conferences and their proofs, as this partner's node has verified them."
    ),
    components(schemas(crate::problem::ProblemBody)),
    modifiers(&BearerToken)
)]
struct Api;

/// All resources and their description.
pub fn router(app: &App) -> (Router<App>, Document) {
    let (router, mut document) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(listings::list, listings::publish))
        .routes(routes!(listings::one))
        .routes(routes!(drafts::list, drafts::create))
        .routes(routes!(drafts::one, drafts::change, drafts::discard))
        .routes(routes!(drafts::submit))
        .routes(routes!(drafts::decide))
        .routes(routes!(drafts::publish))
        .routes(routes!(drafts::set_status))
        .routes(routes!(saved_searches::save))
        .routes(routes!(saved_searches::remove))
        .routes(routes!(search::search))
        .routes(routes!(search::facets))
        .routes(routes!(search::suggest))
        .routes(routes!(matching::find))
        .routes(routes!(changes::follow))
        .routes(routes!(organisations::list))
        .routes(routes!(organisations::one))
        .routes(routes!(partners::list))
        .routes(routes!(partners::one))
        .routes(routes!(conferences::list))
        .routes(routes!(conferences::one))
        .routes(routes!(imports::list, imports::bring))
        .routes(routes!(imports::one, imports::configure, imports::end))
        .routes(routes!(imports::start))
        .routes(routes!(imports::faults))
        .routes(routes!(imports::faults_csv))
        .routes(routes!(imports::listings))
        .routes(routes!(statistics::figures))
        .routes(routes!(records::one))
        .routes(routes!(records::proof))
        .routes(routes!(records::policy))
        .split_for_parts();
    document.servers =
        Some(vec![utoipa::openapi::server::Server::new(app.config().public_url.trim_end_matches('/'))]);
    (router.route_layer(middleware::from_fn(conditional::answers)).merge(health::router()), document)
}

/// The description as a resource.
pub fn document(document: Document) -> Router<App> {
    let text = document::with_examples(document);
    Router::new().route(
        routes::API_DOCUMENT,
        get(move || std::future::ready(([("content-type", "application/json")], text.clone())))
            .layer(middleware::from_fn(conditional::answers)),
    )
}

/// Whether what stands at a path is for programs: their errors are problem+json.
pub fn paths_of_programs(path: &str) -> bool {
    ["/api/", "/log/", "/policy/", "/events/", "/feeds/", "/assets/"]
        .iter()
        .any(|start| path.starts_with(start))
        || [routes::HEALTHZ, routes::READYZ, routes::METRICS].contains(&path)
}

/// Where a record stands: the log is a partner's in an epoch, the index its entry.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecordRef {
    /// Record id, 64 hex digits.
    pub hash: String,
    /// Whose log: partner id, 64 hex digits.
    pub log: String,
    pub epoch: u64,
    pub index: u64,
}

impl RecordRef {
    fn new(from: &node::Provenance) -> Self {
        Self {
            hash: hex::encode(&from.hash),
            log: hex::encode(&from.partner),
            epoch: from.epoch,
            index: from.index,
        }
    }

    fn of(from: Option<&node::Provenance>) -> Self {
        Self::new(&from.cloned().unwrap_or_default())
    }

    fn example() -> Self {
        Self { hash: "6f".repeat(32), log: "3f".repeat(32), epoch: 1, index: 17 }
    }
}

/// A partner where it is named: never by its name alone.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartnerRef {
    /// Partner id, 64 hex digits.
    pub id: String,
    /// By language tag.
    pub names: Names,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// First 16 bytes of the id, in groups.
    pub fingerprint: String,
}

/// How an organisation moved, with its listings, from one partner to another: both have said so.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Moved {
    pub from: PartnerRef,
    /// Who has it now.
    pub to: PartnerRef,
    /// YYYY-MM-DD
    pub on: String,
    /// Record ids of the two halves, 64 hex digits each.
    pub records: [String; 2],
}

impl Moved {
    fn new(moved: &node::Moved) -> Self {
        Self {
            from: PartnerRef::of(moved.from.as_ref()),
            to: PartnerRef::of(moved.to.as_ref()),
            on: moved.moved_on.clone(),
            records: [hex::encode(&moved.first), hex::encode(&moved.second)],
        }
    }
}

/// What has moved with its organisation is found where it is now.
fn moved_to(address: &str) -> Response {
    Redirect::temporary(address).into_response()
}

/// Texts by language tag.
pub type Names = std::collections::BTreeMap<String, String>;

impl PartnerRef {
    fn of(name: Option<&node::PartnerName>) -> Self {
        let name = name.cloned().unwrap_or_default();
        Self {
            id: hex::encode(&name.id),
            names: name.names.into_iter().map(|text| (text.language, text.text)).collect(),
            country: name.country,
            fingerprint: name.fingerprint,
        }
    }

    fn example() -> Self {
        Self {
            id: "3f".repeat(32),
            names: example_names("北京市志愿服务联合会", "Beijing Volunteer Service Federation"),
            country: "CN".to_owned(),
            fingerprint: ["3f3f"; 8].join(" "),
        }
    }
}

fn example_names(chinese: &str, english: &str) -> Names {
    Names::from([("zh-CN".to_owned(), chinese.to_owned()), ("en".to_owned(), english.to_owned())])
}

/// `null` instead of an empty cursor.
fn cursor(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
