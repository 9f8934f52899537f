//! `/api/v1/conferences`
#![expect(unused_qualifications, reason = "utoipa writes out the types of queries")]

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use volbridge_proto::{
    id::{PartnerId, SubjectId},
    wire::node::v1 as node,
};

use super::{
    Names, PartnerRef, RecordRef, cursor, example_names,
    listings::{Place, limit, local, place},
    paging::Here,
};
use crate::{
    app::App,
    extract::{Path, Query},
    names,
    problem::{Problem, ProblemBody},
    routes,
};

/// A conference.
#[derive(Debug, Serialize, ToSchema)]
pub struct Conference {
    /// UUID.
    id: String,
    partner: PartnerRef,
    record: RecordRef,
    /// By language tag.
    names: Names,
    /// Language of theme and description.
    language: String,
    theme: String,
    description: String,
    starts_on: String,
    ends_on: String,
    /// IANA.
    time_zone: String,
    place: Option<Place>,
    organisers: Vec<PartnerRef>,
    topics: Vec<String>,
    website: String,
    /// Empty in lists.
    materials: Vec<Material>,
}

/// A document of a conference.
#[derive(Debug, Serialize, ToSchema)]
pub struct Material {
    /// UUID.
    id: String,
    record: RecordRef,
    title: String,
    language: String,
    kind: String,
    authors: Vec<String>,
    date: String,
    /// SPDX.
    licence: String,
    media_type: String,
    size: u64,
    /// BLAKE3, hex.
    blob: String,
    /// Whether this node has the bytes.
    held: bool,
    /// Where they are.
    file: String,
}

/// Conferences.
#[derive(Debug, Serialize, ToSchema)]
pub struct Conferences {
    items: Vec<Conference>,
    next_cursor: Option<String>,
}

/// What to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Partner id.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
    /// 1 to 100; 20 if absent.
    limit: Option<u32>,
    /// Of the page before.
    #[serde(default)]
    cursor: String,
}

/// Conferences.
#[utoipa::path(
    get, path = routes::API_CONFERENCES, params(Filter), tag = "conferences",
    responses(
        (status = 200, body = Conferences, headers(("Link" = String, description = "The next page, `rel=\"next\"`"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<App>,
    here: Here,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let request = node::ListConferencesRequest {
        partner: filter.partner.map(PartnerId::to_vec).unwrap_or_default(),
        limit: limit(filter.limit)?,
        cursor: filter.cursor,
    };
    let answer = app.node().conferences(request).await?;
    let items = answer.conferences.into_iter().filter_map(Conference::new).collect();
    let next_cursor = cursor(answer.next_cursor);
    Ok(here.page(Conferences { items, next_cursor: next_cursor.clone() }, next_cursor.as_deref()))
}

/// One conference with its materials.
#[utoipa::path(
    get, path = routes::API_CONFERENCE, params(("id" = String, Path, description = "UUID")), tag = "conferences",
    responses(
        (status = 200, body = Conference),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn one(State(app): State<App>, Path(id): Path<SubjectId>) -> Result<Json<Conference>, Problem> {
    let request = node::GetSubjectRequest { subject: id.to_vec(), partner: Vec::new() };
    let view = app.node().conference(request).await?;
    Conference::new(view).map(Json).ok_or_else(Problem::not_found)
}

impl Conference {
    fn new(view: node::ConferenceView) -> Option<Self> {
        let source = view.source?;
        Some(Self {
            id: names::subject(&view.subject),
            partner: PartnerRef::of(view.partner.as_ref()),
            record: RecordRef::of(view.provenance.as_ref()),
            names: local(&source.names),
            language: source.language,
            theme: source.theme,
            description: source.description,
            starts_on: source.starts_on,
            ends_on: source.ends_on,
            time_zone: source.time_zone,
            place: source.place.as_ref().map(place),
            organisers: view.organisers.iter().map(|partner| PartnerRef::of(Some(partner))).collect(),
            topics: source.topics,
            website: source.website,
            materials: view.materials.into_iter().filter_map(Material::new).collect(),
        })
    }

    pub fn example() -> Self {
        Self {
            id: "01930f6e-7c00-7000-8000-000000000003".to_owned(),
            partner: PartnerRef::example(),
            record: RecordRef::example(),
            names: example_names(
                "国际志愿服务交流会",
                "International Volunteering Service Exchange Conference",
            ),
            language: "en".to_owned(),
            theme: "Sixty years of international volunteering".to_owned(),
            description: String::new(),
            starts_on: "2027-10-12".to_owned(),
            ends_on: "2027-10-13".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            place: Some(Place { country: "CN".to_owned(), city: "Beijing".to_owned(), ..Default::default() }),
            organisers: vec![PartnerRef::example()],
            topics: Vec::new(),
            website: String::new(),
            materials: Vec::new(),
        }
    }
}

impl Conferences {
    pub fn example() -> Self {
        Self { items: vec![Conference::example()], next_cursor: None }
    }
}

impl Material {
    fn new(view: node::MaterialView) -> Option<Self> {
        let source = view.source?;
        let blob = source.blob.unwrap_or_default();
        let id = names::subject(&view.subject);
        Some(Self {
            file: routes::material_file(&id),
            id,
            record: RecordRef::of(view.provenance.as_ref()),
            title: source.title,
            language: source.language,
            kind: source.kind,
            authors: source.authors,
            date: source.date,
            licence: source.licence,
            media_type: blob.media_type,
            size: blob.size,
            blob: hex::encode(blob.hash),
            held: view.held,
        })
    }
}
