//! The pages: each loads from the node, builds a typed context and renders its
//! template. All are whole without JavaScript.

mod account;
mod again;
mod alerts;
mod card;
mod conference;
mod conferences;
mod deeds;
mod demo;
mod desk;
mod enrol;
mod home;
mod invitation;
mod listing;
mod listings;
mod matching;
mod material;
mod network;
mod oidc;
mod organisation;
mod organisations;
mod partner;
mod partners;
mod people;
mod picture;
mod record;
mod roles;
mod sign_in;
mod statistics;
mod verify;

pub use self::{
    again::{Drawn, again},
    alerts::label as label_of_search,
    record::proof_file,
};

use askama::Template;
use axum::{
    Router, middleware,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http::{HeaderValue, header, request::Parts};
use volbridge_proto::error::Code;

use crate::{app::App, page_cache, problem::Problem, routes, shell::Shell};

/// All pages.
pub fn router(app: &App) -> Router<App> {
    let router = kept(app)
        .route(routes::HOME, get(home::show))
        .route(routes::LISTING_PICTURE, get(picture::show))
        .route(routes::LISTING_CARD, get(card::show))
        .route(routes::MATCH, get(matching::show))
        .route(routes::ALERTS, get(alerts::new).post(alerts::save))
        .route(routes::ALERT, get(alerts::show))
        .route(routes::ALERT_CONFIRM, post(alerts::confirm))
        .route(routes::ALERT_REMOVE, post(alerts::remove))
        .route(routes::STATISTICS, get(statistics::show))
        .route(routes::STATISTICS_CSV, get(statistics::csv))
        .route(routes::MATERIAL_FILE, get(material::file))
        .route(routes::VERIFY, get(verify::show).post(verify::check))
        .route(routes::RECORD, get(record::show))
        .route(routes::NETWORK, get(network::show))
        .route(routes::NETWORK_PART, get(network::part))
        .merge(accounts())
        .merge(desk::router());
    if app.config().demo.is_none() {
        return router;
    }
    router
        .route(routes::DEMO, get(demo::show))
        .route(routes::DEMO_PART, get(demo::part))
        .route(routes::DEMO_JOIN, post(demo::join))
        .route(routes::DEMO_PUBLISH, post(demo::publish))
        .route(routes::DEMO_SEAL, post(demo::seal))
        .route(routes::DEMO_OPEN, post(demo::open))
        .route(routes::DEMO_WITHDRAW, post(demo::withdraw))
}

/// What everybody reads, and what changes with the directory alone.
fn kept(app: &App) -> Router<App> {
    Router::new()
        .route(routes::LISTINGS, get(listings::show))
        .route(routes::LISTING, get(listing::show))
        .route(routes::PARTNERS, get(partners::show))
        .route(routes::PARTNER, get(partner::show))
        .route(routes::ORGANISATIONS, get(organisations::show))
        .route(routes::ORGANISATION, get(organisation::show))
        .route(routes::CONFERENCES, get(conferences::show))
        .route(routes::CONFERENCE, get(conference::show))
        .route_layer(middleware::from_fn_with_state(app.clone(), page_cache::answers))
}

/// Signing in, one's own account, and who else has one.
fn accounts() -> Router<App> {
    Router::new()
        .route(routes::SIGN_IN, get(sign_in::show).post(sign_in::enter))
        .route(routes::SIGN_IN_OPTIONS, post(sign_in::options))
        .route(routes::SIGN_IN_PASSKEY, post(sign_in::passkey))
        .route(routes::SIGN_IN_OIDC, post(oidc::sign_in))
        .route(routes::SIGN_IN_OIDC_RETURN, get(oidc::come_back))
        .route(routes::INVITATION_OIDC, post(oidc::take_up))
        .route(routes::ACCOUNT_OIDC, post(oidc::link))
        .route(routes::ACCOUNT_OIDC_REMOVE, post(account::remove_identity))
        .route(routes::SIGN_OUT, post(sign_in::leave))
        .route(routes::INVITATION, get(invitation::show).post(invitation::open))
        .route(routes::INVITATION_PASSWORD, post(invitation::password))
        .route(routes::INVITATION_OPTIONS, post(invitation::options))
        .route(routes::INVITATION_FINISH, post(invitation::finish))
        .route(routes::ACCOUNT, get(account::show))
        .route(routes::ACCOUNT_PASSWORD, post(account::password))
        .route(routes::ACCOUNT_OPTIONS, post(account::options))
        .route(routes::ACCOUNT_FINISH, post(account::finish))
        .route(routes::ACCOUNT_PASSKEY_REMOVE, post(account::remove_passkey))
        .route(routes::ACCOUNT_SESSIONS_END, post(account::end_sessions))
        .route(routes::ACCOUNT_TOKEN_CREATE, post(account::create_token))
        .route(routes::ACCOUNT_TOKEN_REVOKE, post(account::revoke_token))
        .route(routes::PEOPLE, get(people::show))
        .route(routes::PEOPLE_INVITE, post(people::invite))
        .route(routes::PEOPLE_REVOKE, post(people::revoke))
        .route(routes::PEOPLE_ROLES, post(people::set_roles))
        .route(routes::PEOPLE_LOCK, post(people::lock))
        .route(routes::PEOPLE_LOG, get(deeds::show))
}

/// What has moved with its organisation is found where it is now; what was asked beside it is asked there.
fn moved_to(address: &str, query: Option<&str>) -> Response {
    let query = query.filter(|query| !query.is_empty());
    let address = query.map_or_else(|| address.to_owned(), |query| format!("{address}?{query}"));
    Redirect::temporary(&address).into_response()
}

/// A template as an answer.
fn render(page: &impl Template) -> Result<Response, Problem> {
    match page.render() {
        Ok(text) => Ok(Html(text).into_response()),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            Err(Problem::new(Code::Internal))
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    ui: &'a Shell,
    title: String,
    sentence: String,
    advice: String,
    request_id: String,
    code: &'a str,
}

/// What happened, that nothing was lost, and what to do; in the reader's language.
pub async fn error(asked: &Parts, app: &App, problem: &Problem) -> Response {
    let ui = Shell::new(asked, app).await;
    let kind = match problem.status.as_u16() {
        404 | 410 => "missing",
        403 => "forbidden",
        429 => "busy",
        503 | 504 => "unavailable",
        500..=599 => "internal",
        _ => "request",
    };
    let request_id = asked.headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let page = ErrorPage {
        title: ui.lang.code("error-title", kind),
        sentence: problem.sentence(ui.lang),
        advice: match problem.retry_after {
            0 => ui.lang.code("error-advice", kind),
            seconds => ui.count("error-advice-again", seconds),
        },
        request_id: if problem.status.is_server_error() { request_id.to_owned() } else { String::new() },
        // An address that leads nowhere is nothing to report.
        code: if kind == "missing" { "" } else { &problem.code },
        ui: &ui,
    };
    match page.render() {
        Ok(text) => {
            let mut response = (problem.status, Html(text)).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if problem.retry_after > 0 {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(problem.retry_after));
            }
            response
        }
        Err(error) => {
            tracing::error!(%error, "the error page could not be rendered");
            problem.clone().into_response()
        }
    }
}
