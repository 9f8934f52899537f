//! `/api/v1/drafts`: listings before they travel, for programs with a token. Whoever changes one names the version that was
//! read (`If-Match`), so that nobody writes over what somebody else wrote meanwhile.
#![expect(unused_qualifications, reason = "utoipa writes out the types of queries")]

mod view;

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use volbridge_proto::{error::Code, id::SubjectId, wire::node::v1 as node};

pub use self::view::{Draft, DraftInput, Drafts, Published};
use super::{
    bearer::Bearer,
    cursor,
    listings::{idempotency_key, limit},
    paging::Here,
};
use crate::{
    app::App,
    extract::{Path, Query},
    problem::{Problem, ProblemBody},
    routes,
};

/// Which drafts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// `draft`, `in_review`, `changes_asked`, `approved`, `published`; absent: all but published ones.
    #[serde(default)]
    state: String,
    /// UUID of an organisation of this partner.
    #[param(value_type = Option<String>)]
    organisation: Option<SubjectId>,
    /// 1 to 100; 20 if absent.
    limit: Option<u32>,
    /// Of the page before.
    #[serde(default)]
    cursor: String,
}

/// A reviewer's word.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// False: changes are asked for, and a remark says which.
    approved: bool,
    #[serde(default)]
    remarks: Vec<Remark>,
    /// When it is to be published, RFC 3339; absent: when somebody says so.
    #[schema(value_type = Option<String>)]
    publish_at: Option<jiff::Timestamp>,
}

/// What a reviewer says of a field.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// Empty: of the whole.
    #[serde(default)]
    pub field: String,
    pub text: String,
}

/// Whether a published listing takes applications.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// `open`, `full`, `paused`, `closed`
    status: String,
}

/// Drafts that the token's owner may see, the newest change first.
#[utoipa::path(
    get, path = routes::API_DRAFTS, params(Filter), tag = "drafts", security(("token" = [])),
    responses(
        (status = 200, body = Drafts, headers(("Link" = String, description = "The next page, `rel=\"next\"`"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    Bearer(client): Bearer,
    here: Here,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let request = node::ListDraftsRequest {
        state: filter.state,
        organisation: filter.organisation.map(|id| id.to_vec()).unwrap_or_default(),
        limit: limit(filter.limit)?,
        cursor: filter.cursor,
    };
    let answer = client.drafts(request).await?;
    let next_cursor = cursor(answer.next_cursor);
    let items = answer.drafts.iter().map(Draft::new).collect();
    Ok(here.page(Drafts { items, next_cursor: next_cursor.clone() }, next_cursor.as_deref()))
}

/// Begins a draft; it needn't be complete. Its faults say what is lacking.
#[utoipa::path(
    post, path = routes::API_DRAFTS, request_body = DraftInput, tag = "drafts", security(("token" = [])),
    responses(
        (status = 201, body = Draft, headers(("ETag" = String, description = "Its version, for `If-Match`"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn create(
    Bearer(client): Bearer,
    body: Result<Json<DraftInput>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(input) = body?;
    let draft = client.save_draft(input.into_wire()?).await.map_err(in_listing)?;
    let mut response = (StatusCode::CREATED, answer(&draft)).into_response();
    if let Ok(place) = HeaderValue::from_str(&routes::api_draft(hex::encode(&draft.id))) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// One draft.
#[utoipa::path(
    get, path = routes::API_DRAFT, params(("id" = String, Path, description = "32 hex digits")), tag = "drafts",
    security(("token" = [])),
    responses(
        (status = 200, body = Draft, headers(("ETag" = String, description = "Its version, for `If-Match`"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn one(Bearer(client): Bearer, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(answer(&client.draft(node::GetDraftRequest { id: id_of(&id)? }).await?))
}

/// Stores a draft anew. What was approved needs approval again.
#[utoipa::path(
    put, path = routes::API_DRAFT, request_body = DraftInput, tag = "drafts", security(("token" = [])),
    params(
        ("id" = String, Path, description = "32 hex digits"),
        ("If-Match" = String, Header, description = "The `ETag` of what was read"),
    ),
    responses(
        (status = 200, body = Draft, headers(("ETag" = String, description = "Its version, for `If-Match`"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn change(
    Bearer(client): Bearer,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Json<DraftInput>, JsonRejection>,
) -> Result<Response, Problem> {
    let step = step(&id, &headers)?;
    let Json(input) = body?;
    let request = node::SaveDraftRequest { id: step.id, version: step.version, ..input.into_wire()? };
    Ok(answer(&client.save_draft(request).await.map_err(in_listing)?))
}

/// Throws a draft away.
#[utoipa::path(
    delete, path = routes::API_DRAFT, tag = "drafts", security(("token" = [])),
    params(
        ("id" = String, Path, description = "32 hex digits"),
        ("If-Match" = String, Header, description = "The `ETag` of what was read"),
    ),
    responses(
        (status = 204),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn discard(
    Bearer(client): Bearer,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    client.discard_draft(step(&id, &headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hands a draft to the reviewers; where none are needed it is approved at once.
#[utoipa::path(
    post, path = routes::API_DRAFT_SUBMIT, tag = "drafts", security(("token" = [])),
    params(
        ("id" = String, Path, description = "32 hex digits"),
        ("If-Match" = String, Header, description = "The `ETag` of what was read"),
    ),
    responses(
        (status = 200, body = Draft, headers(("ETag" = String, description = "Its version, for `If-Match`"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn submit(
    Bearer(client): Bearer,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Ok(answer(&client.submit_draft(step(&id, &headers)?).await.map_err(in_listing)?))
}

/// A reviewer's word. Nobody approves what they handed in themselves.
#[utoipa::path(
    post, path = routes::API_DRAFT_DECISION, request_body = Decision, tag = "drafts", security(("token" = [])),
    params(
        ("id" = String, Path, description = "32 hex digits"),
        ("If-Match" = String, Header, description = "The `ETag` of what was read"),
    ),
    responses(
        (status = 200, body = Draft, headers(("ETag" = String, description = "Its version, for `If-Match`"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn decide(
    Bearer(client): Bearer,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Json<Decision>, JsonRejection>,
) -> Result<Response, Problem> {
    let step = step(&id, &headers)?;
    let Json(decision) = body?;
    let remark = |remark: Remark| node::Remark { field: remark.field, text: remark.text };
    let request = node::DecideDraftRequest {
        id: step.id,
        version: step.version,
        approved: decision.approved,
        remarks: decision.remarks.into_iter().map(remark).collect(),
        publish_at: decision.publish_at.map_or(0, jiff::Timestamp::as_millisecond),
    };
    Ok(answer(&client.decide_draft(request).await?))
}

/// Publishes what is approved, with its translation.
#[utoipa::path(
    post, path = routes::API_DRAFT_PUBLISH, tag = "drafts", security(("token" = [])),
    params(
        ("id" = String, Path, description = "32 hex digits"),
        ("If-Match" = String, Header, description = "The `ETag` of what was read"),
    ),
    responses(
        (status = 200, body = Published),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn publish(
    State(app): State<App>,
    Bearer(client): Bearer,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Published>, Problem> {
    let done = client.publish_draft(step(&id, &headers)?).await.map_err(in_listing)?;
    Ok(Json(Published::new(&done, &app)))
}

/// Opens, pauses or closes a published listing: a new revision of it.
#[utoipa::path(
    put, path = routes::API_LISTING_STATUS, request_body = Status, tag = "listings", security(("token" = [])),
    params(
        ("id" = String, Path, description = "UUID"),
        ("Idempotency-Key" = String, Header, description = "The same key and body publish once"),
    ),
    responses(
        (status = 204),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn set_status(
    Bearer(client): Bearer,
    Path(id): Path<SubjectId>,
    headers: HeaderMap,
    body: Result<Json<Status>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let idempotency_key = idempotency_key(&headers)?;
    let Json(Status { status }) = body?;
    let request = node::SetStatusRequest { listings: vec![id.to_vec()], status, idempotency_key };
    let answer = client.set_status(request).await?;
    match answer.changes.into_iter().next().and_then(|change| change.fault) {
        Some(fault) => Err(view::problem(fault)),
        None => Ok(StatusCode::NO_CONTENT),
    }
}

/// A draft with its version.
fn answer(draft: &node::Draft) -> Response {
    let mut response = Json(Draft::new(draft)).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", draft.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

fn id_of(text: &str) -> Result<Vec<u8>, Problem> {
    let id = hex::decode(text).ok().filter(|id| id.len() == 16);
    id.ok_or_else(Problem::not_found)
}

/// Which draft, of which version.
fn step(id: &str, headers: &HeaderMap) -> Result<node::DraftStep, Problem> {
    let id = id_of(id)?;
    let Some(tag) = headers.get(header::IF_MATCH) else {
        return Err(
            Problem::with_status(StatusCode::PRECONDITION_REQUIRED, "request.if_match").at("If-Match")
        );
    };
    // A weak tag, or one of something else, is of no version that is here.
    let version =
        tag.to_str().ok().and_then(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    let version = version.ok_or_else(|| Problem::new(Code::DraftChanged).at("If-Match"))?;
    Ok(node::DraftStep { id, version })
}

/// A fault of the draft's content is one of the body's `listing`.
fn in_listing(problem: Problem) -> Problem {
    let own = ["id", "version", "organisation", "listing", "translation", ""];
    let first = problem.field.split(['.', '[']).next().unwrap_or_default();
    if own.contains(&first) {
        return problem;
    }
    let field = format!("listing.{}", problem.field);
    problem.at(&field)
}

impl Decision {
    pub fn example() -> Self {
        Self {
            approved: false,
            remarks: vec![Remark {
                field: "summary".to_owned(),
                text: "Say how many hours a week.".to_owned(),
            }],
            publish_at: None,
        }
    }
}

impl Status {
    pub fn example() -> Self {
        Self { status: "closed".to_owned() }
    }
}
