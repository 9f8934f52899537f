//! `/api/v1/saved-searches`: new listings by mail. Nothing is sent before the link in a first mail was followed and its
//! button pressed, and the same link ends it; no account is needed for either.

use axum::{
    Json,
    extract::{FromRequestParts, State, rejection::JsonRejection},
};
use http::{StatusCode, request::Parts};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use volbridge_proto::{error::Code, wire::node::v1 as node};

use crate::{
    app::App,
    events::Asker,
    extract::Path,
    pages::label_of_search,
    problem::{Problem, ProblemBody},
    query::Asked,
    routes,
    shell::Shell,
    texts::Lang,
};

/// Parameters of a list that say nothing about what is looked for.
const OF_LISTS: [&str; 3] = ["sort", "limit", "cursor"];

/// A search that is to be saved.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSearch {
    /// As `GET /api/v1/search` takes it: `{"q": "teaching", "countries": ["CN", "FJ"]}`.
    #[serde(default)]
    #[schema(value_type = Object)]
    search: Map<String, Value>,
    /// Whom to tell.
    mail: String,
    /// Of the mails: `zh-CN` or `en`.
    language: String,
    /// `day` or `week`
    every: String,
}

/// That a mail is on its way; the same for every address.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// `confirm`: the link in the mail has to be followed.
    next: String,
}

/// Saves a search; a mail asks its owner to confirm it.
#[utoipa::path(
    post, path = routes::API_SAVED_SEARCHES, request_body = NewSearch, tag = "search",
    responses(
        (status = 202, body = Accepted),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
        (status = 501, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn save(
    State(app): State<App>,
    Asker(asker): Asker,
    frame: Frame,
    body: Result<Json<NewSearch>, JsonRejection>,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    let Json(new) = body?;
    let asked = read(new.search)?;
    let lang = Lang::of(&new.language).ok_or_else(|| Problem::new(Code::FieldInvalid).at("language"))?;
    let mut frame = frame.0;
    frame.lang = lang;
    let request = node::SaveSearchRequest {
        label: label_of_search(&asked, &frame),
        query: Some(asked.query),
        mail: new.mail,
        language: lang.tag(),
        every: new.every,
        address: asker.map(|asker| asker.to_string()).unwrap_or_default(),
    };
    app.node().save_search(request).await.map_err(in_search)?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { next: "confirm".to_owned() })))
}

/// Ends a saved search and erases the address. The token stands in the link of each mail.
#[utoipa::path(
    delete, path = routes::API_SAVED_SEARCH, params(("token" = String, Path, description = "Of the link")),
    tag = "search",
    responses(
        (status = 204),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn remove(State(app): State<App>, Path(token): Path<String>) -> Result<StatusCode, Problem> {
    app.node().remove_search(node::SavedSearchRequest { token }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What pages are drawn with: the search is written out in words as they do.
pub struct Frame(Shell);

impl FromRequestParts<App> for Frame {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(Shell::new(parts, app).await))
    }
}

fn read(search: Map<String, Value>) -> Result<Asked, Problem> {
    let mut pairs = Vec::new();
    for (name, value) in search {
        let field = format!("search.{name}");
        if OF_LISTS.contains(&name.as_str()) {
            return Err(Problem::new(Code::FieldUnknown).at(&field));
        }
        let values = match value {
            Value::Array(values) => values,
            one => vec![one],
        };
        for value in values {
            let text = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(truth) => truth.to_string(),
                _ => return Err(Problem::new(Code::FieldInvalid).at(&field)),
            };
            pairs.push((name.clone(), text));
        }
    }
    let (asked, rest) = Asked::read(pairs).map_err(in_search)?;
    match rest.first() {
        Some((name, _)) => Err(Problem::new(Code::FieldUnknown).at(&format!("search.{name}"))),
        None => Ok(asked),
    }
}

/// Named as it stands in the body.
fn in_search(problem: Problem) -> Problem {
    if ["", "mail", "language", "every"].contains(&problem.field.as_str()) {
        return problem;
    }
    let problem = crate::query::as_asked(problem);
    let field = format!("search.{}", problem.field);
    problem.at(&field)
}

impl NewSearch {
    pub fn example() -> Self {
        let Value::Object(search) = json!({ "q": "teaching", "countries": ["CN", "FJ"] }) else {
            return Self::default();
        };
        Self {
            search,
            mail: "reader@example.org".to_owned(),
            language: "en".to_owned(),
            every: "week".to_owned(),
        }
    }
}

impl Accepted {
    pub fn example() -> Self {
        Self { next: "confirm".to_owned() }
    }
}
