//! `/api/v1/match`: listings for somebody, with the reasons.
#![expect(unused_qualifications, reason = "utoipa writes out the types of queries")]

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use volbridge_proto::{error::Code, wire::node::v1 as node};

use super::listings::Listing;
use crate::{
    app::App,
    extract::Query,
    problem::{Problem, ProblemBody},
    query::as_asked,
    routes,
    wishes::Wishes,
};

/// What somebody brings and looks for. Nothing of it is kept.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes what `wishes::Wishes` reads")]
pub struct Filter {
    /// Codes of what somebody can do.
    #[param(style = Form, explode = false)]
    skills: Option<Vec<String>>,
    /// Languages with their CEFR level: `en:B2,zh`.
    #[param(style = Form, explode = false)]
    languages: Option<Vec<String>>,
    /// First day, YYYY-MM-DD.
    from: Option<String>,
    /// Last day, YYYY-MM-DD.
    until: Option<String>,
    /// ISO 3166-1 alpha-2; `online` too.
    #[param(style = Form, explode = false)]
    countries: Option<Vec<String>>,
    /// Codes.
    #[param(style = Form, explode = false)]
    causes: Option<Vec<String>>,
    /// Sustainable Development Goals, 1 to 17.
    #[param(style = Form, explode = false)]
    sdgs: Option<Vec<u32>>,
    /// In years.
    age: Option<u32>,
    /// 1 to 100; 20 if absent.
    limit: Option<u32>,
}

/// Listings that fit, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Matches {
    items: Vec<Match>,
}

/// One of them, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct Match {
    listing: Listing,
    /// Number of the role that fits best.
    role: u32,
    /// 0 to 100.
    score: u32,
    reasons: Vec<Reason>,
}

/// Why it fits, or doesn't.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reason {
    /// `skill`, `language`, `dates`, `place`, `cause`, `sdg`, `age`.
    code: String,
    met: bool,
    /// Codes that it is about.
    values: Vec<String>,
}

/// Open listings that fit these wishes, the best first, with the reasons.
#[utoipa::path(
    get, path = routes::API_MATCH, params(Filter), tag = "search",
    responses(
        (status = 200, body = Matches),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn find(
    State(app): State<App>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Matches>, Problem> {
    let (wishes, rest) = Wishes::read(pairs)?;
    if let Some((name, _)) = rest.first() {
        return Err(Problem::new(Code::FieldUnknown).at(name));
    }
    let answer = app.node().match_listings(wishes.request()).await.map_err(as_asked)?;
    let items = answer.listings.into_iter().filter_map(|found| Match::new(found, &app)).collect();
    Ok(Json(Matches { items }))
}

impl Match {
    fn new(found: node::MatchedListing, app: &App) -> Option<Self> {
        let reason =
            |reason: node::MatchReason| Reason { code: reason.code, met: reason.met, values: reason.values };
        Some(Self {
            listing: Listing::new(found.listing.as_ref()?, app)?,
            role: found.role,
            score: found.score,
            reasons: found.reasons.into_iter().map(reason).collect(),
        })
    }
}

impl Matches {
    pub fn example() -> Self {
        let reason = |code: &str, met, value: &str| Reason {
            code: code.to_owned(),
            met,
            values: vec![value.to_owned()],
        };
        let example = Match {
            listing: Listing::example(),
            role: 1,
            score: 75,
            reasons: vec![reason("language", true, "en"), reason("skill", false, "translation")],
        };
        Self { items: vec![example] }
    }
}
