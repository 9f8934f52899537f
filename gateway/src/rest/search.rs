//! `/api/v1/search`, `/api/v1/facets` and `/api/v1/suggest`: the index of listings.
#![expect(unused_qualifications, reason = "utoipa writes out the types of queries")]

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use volbridge_proto::{error::Code, wire::node::v1 as node};

use super::{cursor, listings::Listing, paging::Here};
use crate::{
    app::App,
    extract::Query,
    problem::{Problem, ProblemBody},
    query::{Asked, CHOICES, as_asked, number},
    routes,
};

/// Characters of what was typed so far.
const TYPED: usize = 200;
const MOST_WORDS: u32 = 20;

/// What is looked for. Fields restrict together; several values of one field, repeated or with
/// commas, are alternatives.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `query::Asked` reads")]
pub struct Filter {
    /// Words, "phrases", in any language; at most 200 characters.
    q: Option<String>,
    /// Only listings whose original or translation is in this language (BCP 47).
    readable_in: Option<String>,
    /// ISO 3166-1 alpha-2; `online`: without a place.
    #[param(style = Form, explode = false)]
    countries: Option<Vec<String>>,
    /// As the listing has it, after its country: `CN/CN-BJ`.
    #[param(style = Form, explode = false)]
    regions: Option<Vec<String>>,
    /// Sustainable Development Goals, 1 to 17.
    #[param(style = Form, explode = false)]
    sdgs: Option<Vec<u32>>,
    /// Codes, required or wished.
    #[param(style = Form, explode = false)]
    skills: Option<Vec<String>>,
    /// That a role asks for; primary subtag: `en`.
    #[param(style = Form, explode = false)]
    languages: Option<Vec<String>>,
    /// `onsite`, `online`, `hybrid`.
    #[param(style = Form, explode = false)]
    modalities: Option<Vec<String>>,
    /// `week`, `month`, `season`, `halfyear`, `year`, `longer`: up to so long.
    #[param(style = Form, explode = false)]
    durations: Option<Vec<String>>,
    /// Of its start: `2027-03`.
    #[param(style = Form, explode = false)]
    months: Option<Vec<String>>,
    /// Partner ids.
    #[param(style = Form, explode = false)]
    partners: Option<Vec<String>>,
    /// `stipend`, `housing`, `meals`, `travel`, `insurance`, `visa`, `training`, `certificate`.
    #[param(style = Form, explode = false)]
    benefits: Option<Vec<String>>,
    /// Codes.
    #[param(style = Form, explode = false)]
    causes: Option<Vec<String>>,
    /// UUID.
    organisation: Option<String>,
    /// Degrees north and east: `39.9042,116.4074`.
    near: Option<String>,
    /// How far from `near`, 1 to 20,000; 100 if absent.
    km: Option<u32>,
    /// Only with slots, neither full, paused, closed nor past its last day to apply.
    open: Option<bool>,
}

/// In which order, how many, and what is counted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `query::Asked` reads")]
pub struct Listed {
    /// `relevance`, `newest`, `starts`, `apply_by`, `distance` (needs `near`).
    sort: Option<String>,
    /// 1 to 100; 20 if absent.
    limit: Option<u32>,
    /// Of the page before.
    cursor: Option<String>,
    /// Whether facets are counted.
    facets: Option<bool>,
    /// Only these facets, named as the parameters.
    #[param(style = Form, explode = false)]
    facet_names: Option<Vec<String>>,
}

/// Listings that were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Found {
    items: Vec<Hit>,
    /// Hand it back as `cursor`; `null`: no more.
    next_cursor: Option<String>,
    /// That match.
    total: u64,
    /// Empty unless they were asked for.
    facets: Vec<Facet>,
    /// The index is being built: what is found is right, some may be lacking.
    incomplete: bool,
}

/// One of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hit {
    listing: Listing,
    /// From `near`, rounded up; `null` if none was given.
    km: Option<u32>,
}

/// How many listings each further choice would leave; a field's own choice doesn't restrict its counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Facet {
    /// The parameter.
    name: String,
    /// The most first.
    counts: Vec<Count>,
}

/// One value of a facet.
#[derive(Debug, Serialize, ToSchema)]
pub struct Count {
    value: String,
    count: u64,
}

/// The facets alone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Facets {
    /// Listings that match.
    total: u64,
    facets: Vec<Facet>,
    incomplete: bool,
}

/// Completions.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestions {
    /// The most frequent first.
    items: Vec<String>,
}

/// Listings by words and facets, the best first.
#[utoipa::path(
    get, path = routes::API_SEARCH, params(Filter, Listed), tag = "search",
    responses(
        (status = 200, body = Found, headers(("Link" = String, description = "The next page, `rel=\"next\"`"))),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn search(
    State(app): State<App>,
    here: Here,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (asked, rest) = Asked::read(pairs)?;
    let (facets, facet_names) = counted(rest)?;
    let near = asked.query.near.is_some();
    let request = node::SearchListingsRequest { facets, facet_names, ..asked.request() };
    let answer = app.node().search(request).await.map_err(as_asked)?;
    let found = Found::new(answer, near, &app);
    Ok(here.page(&found, found.next_cursor.as_deref()))
}

/// How many listings each choice would leave.
#[utoipa::path(
    get, path = routes::API_FACETS, params(Filter), tag = "search",
    params(("facet_names" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only these")),
    responses(
        (status = 200, body = Facets),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn facets(
    State(app): State<App>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Facets>, Problem> {
    let listed =
        pairs.iter().find(|(name, _)| ["sort", "limit", "cursor", "facets"].contains(&name.as_str()));
    if let Some((name, _)) = listed {
        return Err(Problem::new(Code::FieldUnknown).at(name));
    }
    let (asked, rest) = Asked::read(pairs)?;
    let (_, facet_names) = counted(rest)?;
    let request = node::SearchListingsRequest { limit: 1, facets: true, facet_names, ..asked.request() };
    let answer = app.node().search(request).await.map_err(as_asked)?;
    Ok(Json(Facets {
        total: answer.total,
        facets: answer.facets.into_iter().map(Facet::new).collect(),
        incomplete: answer.incomplete,
    }))
}

/// What was typed so far.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Typed {
    /// At most 200 characters.
    #[serde(default)]
    q: String,
    /// 1 to 20; 8 if absent.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// Words that begin as what was typed, from public listings alone.
#[utoipa::path(
    get, path = routes::API_SUGGEST, params(Typed), tag = "search",
    responses(
        (status = 200, body = Suggestions),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn suggest(
    State(app): State<App>,
    Query(typed): Query<Typed>,
) -> Result<Json<Suggestions>, Problem> {
    let text = crate::query::bounded(typed.q.trim(), TYPED).map_err(|problem| problem.at("q"))?;
    let limit = typed.limit.map_or(Ok(0), |limit| number(&limit, 1..=MOST_WORDS));
    let limit = limit.map_err(|problem| problem.at("limit"))?;
    if text.is_empty() {
        return Ok(Json(Suggestions { items: Vec::new() }));
    }
    let answer = app.node().suggest(node::SuggestRequest { text, limit }).await.map_err(as_asked)?;
    Ok(Json(Suggestions { items: answer.words }))
}

/// What is counted; any other parameter is unknown.
fn counted(pairs: Vec<(String, String)>) -> Result<(bool, Vec<String>), Problem> {
    let (mut counted, mut names) = (false, Vec::new());
    for (name, value) in pairs {
        match name.as_str() {
            "facets" => {
                counted = value.parse().map_err(|_| Problem::new(Code::FieldInvalid).at("facets"))?;
            }
            "facet_names" => {
                for facet in value.split(',').map(str::trim).filter(|facet| !facet.is_empty()) {
                    if !CHOICES.contains(&facet) {
                        return Err(Problem::new(Code::FieldInvalid).at("facet_names"));
                    }
                    if !names.iter().any(|known| known == facet) {
                        names.push(facet.to_owned());
                    }
                }
            }
            _ => return Err(Problem::new(Code::FieldUnknown).at(&name)),
        }
    }
    Ok((counted, names))
}

impl Found {
    fn new(answer: node::SearchListingsResponse, near: bool, app: &App) -> Self {
        let hit = |hit: &node::ListingHit| {
            let listing = Listing::new(hit.listing.as_ref()?, app)?;
            Some(Hit { listing, km: near.then_some(hit.km) })
        };
        Self {
            items: answer.hits.iter().filter_map(hit).collect(),
            next_cursor: cursor(answer.next_cursor),
            total: answer.total,
            facets: answer.facets.into_iter().map(Facet::new).collect(),
            incomplete: answer.incomplete,
        }
    }

    pub fn example() -> Self {
        Self {
            items: vec![Hit { listing: Listing::example(), km: None }],
            next_cursor: None,
            total: 1,
            facets: vec![Facet::example()],
            incomplete: false,
        }
    }
}

impl Facet {
    fn new(facet: node::Facet) -> Self {
        let counts = facet.counts.into_iter().map(|count| Count { value: count.value, count: count.count });
        Self { name: facet.name, counts: counts.collect() }
    }

    fn example() -> Self {
        let of = |value: &str, count| Count { value: value.to_owned(), count };
        Self { name: "countries".to_owned(), counts: vec![of("CN", 42), of("online", 7)] }
    }
}

impl Facets {
    pub fn example() -> Self {
        Self { total: 49, facets: vec![Facet::example()], incomplete: false }
    }
}

impl Suggestions {
    pub fn example() -> Self {
        Self { items: vec!["teacher".to_owned(), "teaching".to_owned()] }
    }
}
