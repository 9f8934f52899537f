//! `/api/v1/organisations`
#![expect(unused_qualifications, reason = "utoipa writes out the types of queries")]

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use volbridge_proto::{
    id::{PartnerId, SubjectId},
    wire::node::v1 as node,
};

use super::{
    Moved, Names, PartnerRef, RecordRef, cursor, example_names,
    listings::{Place, limit, local, place},
    moved_to,
};
use crate::{
    app::App,
    extract::{Path, Query},
    names,
    problem::{Problem, ProblemBody},
    routes,
};

/// A volunteer organisation that a partner hosts and vouches for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organisation {
    /// UUID.
    id: String,
    partner: PartnerRef,
    record: RecordRef,
    /// By language tag.
    names: Names,
    /// Language of `description`.
    language: String,
    description: String,
    /// `national`, `province`, `city`, `district`, `community`, `international`.
    level: String,
    place: Option<Place>,
    website: String,
    parent: Option<Parent>,
    /// `null`: its partner says nothing of one.
    check: Option<Check>,
    /// From its partner to another, or to it; `null`: it didn't.
    moved: Option<Moved>,
    /// Its page.
    url: String,
}

/// The organisation above.
#[derive(Debug, Serialize, ToSchema)]
pub struct Parent {
    /// UUID.
    id: String,
    names: Names,
}

/// What its partner looked at before it vouched for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Check {
    /// YYYY-MM-DD
    checked_on: String,
    /// YYYY-MM-DD
    valid_until: String,
    /// `documents`, `references`, `visit`.
    by: Vec<String>,
    /// Whether it holds now.
    valid: bool,
}

/// Organisations.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organisations {
    items: Vec<Organisation>,
    /// Hand it back as `cursor`; `null`: no more.
    next_cursor: Option<String>,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By name, in the language `lang`.
    #[default]
    Name,
    /// The newest first.
    Newest,
}

/// What to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Words of its names, in any language.
    #[serde(default)]
    q: String,
    /// Partner id.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
    /// `national`, `province`, `city`, `district`, `community`, `international`.
    #[serde(default)]
    level: String,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    country: String,
    /// As the record has it: `CN-BJ`.
    #[serde(default)]
    region: String,
    /// UUID: those directly below it.
    #[param(value_type = Option<String>)]
    parent: Option<SubjectId>,
    /// `name` or `newest`.
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// Whose names they are ordered by.
    #[serde(default)]
    lang: String,
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

/// Organisations, by name or the newest first.
#[utoipa::path(
    get, path = routes::API_ORGANISATIONS, params(Filter), tag = "organisations",
    responses(
        (status = 200, body = Organisations),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<Organisations>, Problem> {
    let order = match filter.order {
        Order::Name => node::OrganisationOrder::Name,
        Order::Newest => node::OrganisationOrder::Newest,
    };
    let request = node::ListOrganisationsRequest {
        partner: filter.partner.map(PartnerId::to_vec).unwrap_or_default(),
        limit: limit(filter.limit)?,
        cursor: filter.cursor,
        query: filter.q,
        level: filter.level,
        country: filter.country,
        region: filter.region,
        parent: filter.parent.map(|parent| parent.to_vec()).unwrap_or_default(),
        order: order.into(),
        language: filter.lang,
    };
    let answer = app.node().organisations(request).await?;
    Ok(Json(Organisations {
        items: answer.organisations.iter().filter_map(|view| Organisation::new(view, &app)).collect(),
        next_cursor: cursor(answer.next_cursor),
    }))
}

/// One organisation.
#[utoipa::path(
    get, path = routes::API_ORGANISATION, params(("id" = String, Path, description = "UUID"), Whose),
    tag = "organisations",
    responses(
        (status = 200, body = Organisation),
        (status = 307, description = "It has moved to another partner, and is found there"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn one(
    State(app): State<App>,
    Path(id): Path<SubjectId>,
    Query(whose): Query<Whose>,
) -> Result<Response, Problem> {
    let partner = whose.partner.map(PartnerId::to_vec).unwrap_or_default();
    let view = app.node().organisation(node::GetSubjectRequest { subject: id.to_vec(), partner }).await?;
    if view.subject != id.as_bytes() {
        return Ok(moved_to(&routes::api_organisation(names::subject(&view.subject))));
    }
    let found = Organisation::new(&view, &app).ok_or_else(Problem::not_found)?;
    Ok(Json(found).into_response())
}

impl Organisation {
    fn new(view: &node::OrganisationView, app: &App) -> Option<Self> {
        let source = view.source.as_ref()?;
        let id = names::subject(&view.subject);
        Some(Self {
            url: page(app, &id),
            id,
            partner: PartnerRef::of(view.partner.as_ref()),
            record: RecordRef::of(view.provenance.as_ref()),
            names: local(&source.names),
            language: source.language.clone(),
            description: source.description.clone(),
            level: source.level.clone(),
            place: source.place.as_ref().map(place),
            website: source.website.clone(),
            parent: view
                .parent
                .as_ref()
                .map(|parent| Parent { id: names::subject(&parent.subject), names: local(&parent.names) }),
            moved: view.moved.as_ref().map(Moved::new),
            check: source.checked.as_ref().map(|checked| Check {
                checked_on: checked.checked_on.clone(),
                valid_until: checked.valid_until.clone(),
                by: checked.by.clone(),
                valid: view.check() == node::OrganisationCheckState::Valid,
            }),
        })
    }

    pub fn example() -> Self {
        Self {
            id: "01930f6e-7c00-7000-8000-000000000002".to_owned(),
            partner: PartnerRef::example(),
            record: RecordRef::example(),
            names: example_names("社区青年汇", "Community Youth Club"),
            language: "zh-CN".to_owned(),
            description: "三百五十家社区青年汇的联络机构。".to_owned(),
            level: "city".to_owned(),
            place: Some(Place { country: "CN".to_owned(), region: "CN-BJ".to_owned(), ..Default::default() }),
            website: String::new(),
            parent: None,
            moved: None,
            check: Some(Check {
                checked_on: "2026-09-14".to_owned(),
                valid_until: "2027-09-30".to_owned(),
                by: vec!["documents".to_owned(), "visit".to_owned()],
                valid: true,
            }),
            url: "https://portal.example.org/organisations/01930f6e-7c00-7000-8000-000000000002".to_owned(),
        }
    }
}

impl Organisations {
    pub fn example() -> Self {
        Self { items: vec![Organisation::example()], next_cursor: None }
    }
}

/// The address of its page.
fn page(app: &App, id: &str) -> String {
    format!("{}{}", app.config().public_url.trim_end_matches('/'), routes::organisation(id))
}
