//! Signing in and out: with a passkey, which needs a script, or with a password and a code, which needs none.
//! Whatever was wrong is told in the same words, so that nobody learns who has an account (threats T57).

use askama::Template;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::header;
use serde::{Deserialize, Serialize};
use volbridge_proto::wire::node::v1 as node;

use super::render;
use crate::{
    app::App,
    events::Asker,
    extract::{Form, Query},
    problem::Problem,
    routes,
    session::{self, MaybeSigned, Signed},
    shell::Shell,
};

/// Where to go on afterwards.
#[derive(Debug, Default, Deserialize)]
pub struct Wish {
    #[serde(default)]
    next: String,
}

/// Login, password and code.
#[derive(Deserialize)]
pub struct Entry {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

/// What the browser's passkey answered.
#[derive(Deserialize)]
pub struct Answer {
    #[serde(default)]
    ceremony: String,
    #[serde(default)]
    credential: String,
    #[serde(default)]
    next: String,
}

/// What a script is told: the options, or why there are none.
#[derive(Default, Serialize)]
pub struct Options {
    ceremony: String,
    options: String,
    problem: String,
}

impl Options {
    /// A ceremony of the node, or a sentence.
    pub fn answer(begun: Result<node::Ceremony, String>) -> Response {
        let told = match begun {
            Ok(begun) => {
                Self { ceremony: hex::encode(begun.id), options: begun.options, problem: String::new() }
            }
            Err(problem) => Self { problem, ..Self::default() },
        };
        ([(header::CACHE_CONTROL, "no-store")], Json(told)).into_response()
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    ui: &'a Shell,
    login: String,
    next: String,
    wrong: String,
}

/// `GET /sign-in`
pub async fn show(
    ui: Shell,
    MaybeSigned(signed): MaybeSigned,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    if let Some(signed) = signed {
        return Ok(Redirect::to(&onward(&wish.next, &signed.account)).into_response());
    }
    let next = session::local(&wish.next).unwrap_or_default().to_owned();
    render(&SignInPage { ui: &ui, login: String::new(), next, wrong: String::new() })
}

/// `POST /sign-in`
pub async fn enter(
    State(app): State<App>,
    ui: Shell,
    MaybeSigned(before): MaybeSigned,
    Asker(asker): Asker,
    Form(entry): Form<Entry>,
) -> Result<Response, Problem> {
    let request = node::SignInRequest {
        login: entry.login.trim().to_owned(),
        password: entry.password,
        code: entry.code.split_whitespace().collect(),
        address: asker.map(|asker| asker.to_string()).unwrap_or_default(),
    };
    match app.node().sign_in(request).await {
        Ok(signed) => begin(&app, before, &signed, &entry.next).await,
        Err(problem) => refuse(&ui, entry.login, &entry.next, &problem),
    }
}

/// `POST /sign-in/options`
pub async fn options(State(app): State<App>, ui: Shell) -> Response {
    let begun = app.node().begin_passkey(node::BeginPasskeyRequest {}).await;
    Options::answer(begun.map_err(|problem| problem.sentence(ui.lang)))
}

/// `POST /sign-in/passkey`
pub async fn passkey(
    State(app): State<App>,
    ui: Shell,
    MaybeSigned(before): MaybeSigned,
    Asker(asker): Asker,
    Form(answer): Form<Answer>,
) -> Result<Response, Problem> {
    let request = node::FinishPasskeyRequest {
        ceremony: hex::decode(&answer.ceremony).unwrap_or_default(),
        credential: answer.credential,
        address: asker.map(|asker| asker.to_string()).unwrap_or_default(),
    };
    match app.node().finish_passkey(request).await {
        Ok(signed) => begin(&app, before, &signed, &answer.next).await,
        Err(problem) => refuse(&ui, String::new(), &answer.next, &problem),
    }
}

/// `POST /sign-out`
pub async fn leave(State(app): State<App>, signed: Signed) -> Result<Response, Problem> {
    signed.client.sign_out(node::SignOutRequest {}).await?;
    let mut response = Redirect::to(&routes::home()).into_response();
    response.headers_mut().append(header::SET_COOKIE, session::ended(app.config())?);
    Ok(response)
}

/// The new session's cookie; a session that the browser had before ends.
pub async fn begin(
    app: &App,
    before: Option<Signed>,
    signed: &node::SignedIn,
    next: &str,
) -> Result<Response, Problem> {
    let cookie = session::begun(signed, app.config())?;
    if let Some(before) = before
        && let Err(problem) = before.client.sign_out(node::SignOutRequest {}).await
    {
        tracing::debug!(code = problem.code, "the session before could not be ended");
    }
    let account = signed.account.clone().unwrap_or_default();
    let mut response = Redirect::to(&onward(next, &account)).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Where somebody came from, else where their work is.
fn onward(next: &str, account: &node::Account) -> String {
    let works = |role: &node::Role| role.name != "auditor";
    match session::local(next) {
        Some(next) => next.to_owned(),
        None if account.roles.iter().any(works) => routes::desk(),
        None => routes::account(),
    }
}

/// An account elsewhere didn't open the door. Why not is told: its owner has been recognised there.
pub fn refuse_oidc(ui: &Shell, next: &str, problem: &Problem) -> Result<Response, Problem> {
    let next = session::local(next).unwrap_or_default().to_owned();
    render(&SignInPage { ui, login: String::new(), next, wrong: problem.sentence(ui.lang) })
}

fn refuse(ui: &Shell, login: String, next: &str, problem: &Problem) -> Result<Response, Problem> {
    let wrong = if problem.status.is_server_error() || problem.status.as_u16() == 429 {
        problem.sentence(ui.lang)
    } else {
        ui.t("sign-in-wrong")
    };
    let next = session::local(next).unwrap_or_default().to_owned();
    render(&SignInPage { ui, login, next, wrong })
}
