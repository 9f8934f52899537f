//! `/api/v1/listings`
#![expect(unused_qualifications, reason = "utoipa writes out the types of queries")]

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use volbridge_proto::{
    error::Code,
    id::{PartnerId, SubjectId},
    wire::node::v1 as node,
};

use super::{RecordRef, bearer::Bearer, cursor, moved_to, paging::Here};
use crate::{
    app::App,
    extract::{Path, Query},
    names,
    problem::{Problem, ProblemBody},
    query::as_asked,
    routes,
};

mod answer;
mod input;

pub use self::{
    answer::{LanguageSkill, Listing, Offer, Place, local, offer, page, place},
    input::{NewListing, PartialListing},
};

const MOST: u32 = 100;
const KEY_LENGTH: usize = 128;

/// Listings, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listings {
    items: Vec<Listing>,
    /// Hand it back as `cursor`; `null`: no more.
    next_cursor: Option<String>,
    /// That match.
    total: u64,
}

/// What was published, durable.
#[derive(Debug, Serialize, ToSchema)]
pub struct Published {
    /// UUID.
    id: String,
    record: RecordRef,
    url: String,
}

/// What to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Words in title, summary and place, in any language.
    #[serde(default)]
    q: String,
    /// Only listings that can be read in this language.
    #[serde(default)]
    lang: String,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    country: String,
    /// Partner id.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
    /// 1 to 100; 20 if absent.
    limit: Option<u32>,
    /// Of the page before.
    #[serde(default)]
    cursor: String,
}

/// Which partner's, if two use the same id.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Whose {
    /// Partner id.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
}

/// Listings, newest first; with words, the best first, as `/api/v1/search` finds them.
#[utoipa::path(
    get, path = routes::API_LISTINGS, params(Filter), tag = "listings",
    responses(
        (status = 200, body = Listings, headers(("Link" = String, description = "The next page, `rel=\"next\"`"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<App>,
    here: Here,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let limit = limit(filter.limit)?;
    let (views, next_cursor, total) = if filter.q.trim().is_empty() {
        listed(filter, limit, &app).await?
    } else {
        found(filter, limit, &app).await?
    };
    let next_cursor = cursor(next_cursor);
    let items = views.iter().filter_map(|view| Listing::new(view, &app)).collect();
    Ok(here.page(Listings { items, next_cursor: next_cursor.clone(), total }, next_cursor.as_deref()))
}

/// Listings, the cursor of the next page, and how many there are.
type Views = (Vec<node::ListingView>, String, u64);

async fn listed(filter: Filter, limit: u32, app: &App) -> Result<Views, Problem> {
    let request = node::ListListingsRequest {
        query: String::new(),
        language: filter.lang,
        country: filter.country,
        partner: filter.partner.map(PartnerId::to_vec).unwrap_or_default(),
        limit,
        cursor: filter.cursor,
    };
    let answer = app.node().listings(request).await?;
    Ok((answer.listings, answer.next_cursor, answer.total))
}

async fn found(filter: Filter, limit: u32, app: &App) -> Result<Views, Problem> {
    let some = |value: String| if value.is_empty() { Vec::new() } else { vec![value] };
    let query = node::ListingQuery {
        text: filter.q,
        readable_in: filter.lang,
        countries: some(filter.country),
        partners: filter.partner.map(PartnerId::to_vec).into_iter().collect(),
        ..Default::default()
    };
    let request = node::SearchListingsRequest {
        query: Some(query),
        limit,
        cursor: filter.cursor,
        ..Default::default()
    };
    let answer = app.node().search(request).await.map_err(as_asked)?;
    let views = answer.hits.into_iter().filter_map(|hit| hit.listing).collect();
    Ok((views, answer.next_cursor, answer.total))
}

/// 0, which means as many as the node thinks right, if nothing was said.
pub fn limit(wish: Option<u32>) -> Result<u32, Problem> {
    match wish {
        None => Ok(0),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::new(Code::FieldOutOfRange).at("limit")),
    }
}

/// One listing.
#[utoipa::path(
    get, path = routes::API_LISTING, params(("id" = String, Path, description = "UUID"), Whose), tag = "listings",
    responses(
        (status = 200, body = Listing),
        (status = 307, description = "It has moved with its organisation to another partner, and is found there"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn one(
    State(app): State<App>,
    Path(id): Path<SubjectId>,
    Query(whose): Query<Whose>,
) -> Result<Response, Problem> {
    let request = node::GetSubjectRequest {
        subject: id.to_vec(),
        partner: whose.partner.map(PartnerId::to_vec).unwrap_or_default(),
    };
    let view = app.node().listing(request).await?;
    if view.subject != id.as_bytes() {
        return Ok(moved_to(&routes::api_listing(names::subject(&view.subject))));
    }
    let found = Listing::new(&view, &app).ok_or_else(Problem::not_found)?;
    Ok(Json(found).into_response())
}

/// Publishes a listing to all partners.
#[utoipa::path(
    post, path = routes::API_LISTINGS, request_body = NewListing, tag = "listings", security(("token" = [])),
    params(("Idempotency-Key" = String, Header, description = "The same key and body publish once")),
    responses(
        (status = 201, body = Published),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn publish(
    State(app): State<App>,
    Bearer(client): Bearer,
    headers: HeaderMap,
    body: Result<Json<NewListing>, JsonRejection>,
) -> Result<(StatusCode, [(header::HeaderName, String); 1], Json<Published>), Problem> {
    let idempotency_key = idempotency_key(&headers)?;
    let Json(listing) = body?;
    let published = client
        .publish_listing(node::PublishListingRequest {
            listing: Some(listing.into_wire()?),
            idempotency_key,
            ..Default::default()
        })
        .await?;
    let id = names::subject(&published.subject);
    let answer = Published {
        record: RecordRef::of(published.provenance.as_ref()),
        url: page(&app, &id),
        id: id.clone(),
    };
    Ok((StatusCode::CREATED, [(header::LOCATION, routes::api_listing(id))], Json(answer)))
}

/// The request's `Idempotency-Key`.
pub fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default().trim();
    if key.is_empty() || key.len() > KEY_LENGTH {
        return Err(Problem::new(Code::IdempotencyKey).at("Idempotency-Key"));
    }
    Ok(key.to_owned())
}

impl Listings {
    pub fn example() -> Self {
        Self { items: vec![Listing::example()], next_cursor: None, total: 1 }
    }
}

impl Published {
    pub fn example() -> Self {
        let listing = Listing::example();
        Self { id: listing.id, record: listing.record, url: listing.url }
    }
}
