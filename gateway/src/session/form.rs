//! Every form that is sent with a session bears the session's form token (threats T54): checked here, before the
//! router's handlers, so that no page can forget it. What was typed isn't lost with a session that has ended: it is
//! shown again, to be sent again.

use axum::{
    body::{Body, Bytes},
    extract::{Form, FromRequest, Multipart, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use sha2::{Digest, Sha256};
use volbridge_proto::error::Code;

use super::Who;
use crate::{app::App, pages, problem::Problem, rest::paths_of_programs, routes};

/// Name of the hidden field.
pub const FORM_TOKEN: &str = "form_token";
/// Largest form: a listing with its translation, each Chinese character being nine bytes on the way.
pub const FORM_LIMIT: usize = 2 << 20;
/// What is never written into a page again.
const SECRET: &[&str] = &["password", "code", "credential", "token"];
/// Pages of who is signed in.
const BEHIND: [&str; 3] = [routes::DESK, routes::ACCOUNT, routes::SIGN_OUT];
/// Pages that begin a session: a form of another site would begin one that isn't its sender's.
const DOORS: [&str; 2] = [routes::SIGN_IN, routes::INVITATION];

/// Lets through what our own pages sent.
pub async fn own_forms(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || paths_of_programs(path) {
        return next.run(request).await;
    }
    if below(path, &DOORS) && !request.headers().contains_key(header::ORIGIN) {
        return Problem::with_status(StatusCode::FORBIDDEN, "request.foreign_origin").into_response();
    }
    let expected = of_request(&request);
    if expected.is_none() && !below(path, &BEHIND) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    if let Some(Who::Unknown(problem)) = parts.extensions.get::<Who>() {
        return problem.clone().into_response();
    }
    if path_of_files(parts.uri.path()) {
        // Too large to be held: its token stands in the address.
        let sent = in_address(parts.uri.query().unwrap_or_default());
        return match (expected, sent) {
            (Some(expected), Some(sent)) if is_same(&expected, &sent) => {
                next.run(Request::from_parts(parts, body)).await
            }
            (expected, _) => again(&app, &parts, Vec::new(), expected.is_some()).await,
        };
    }
    let Ok(bytes) = axum::body::to_bytes(body, FORM_LIMIT).await else {
        return Problem::with_status(StatusCode::PAYLOAD_TOO_LARGE, Code::InputTooLarge.as_str())
            .into_response();
    };
    let fields = fields(&parts, &bytes).await;
    let sent = fields.iter().find(|(name, _)| name == FORM_TOKEN).map(|(_, value)| value.as_str());
    match (expected, sent) {
        (Some(expected), Some(sent)) if is_same(&expected, sent) => {
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
        (expected, _) => again(&app, &parts, fields, expected.is_some()).await,
    }
}

/// Where files are brought.
fn path_of_files(path: &str) -> bool {
    path == routes::DESK_IMPORTS
}

fn in_address(query: &str) -> Option<String> {
    let mut pairs = query.split('&');
    pairs.find_map(|pair| Some(pair.strip_prefix(FORM_TOKEN)?.strip_prefix('=')?.to_owned()))
}

fn of_request(request: &Request) -> Option<String> {
    match request.extensions().get::<Who>() {
        Some(Who::Signed(signed)) => Some(signed.form_token.clone()),
        _ => None,
    }
}

fn below(path: &str, starts: &[&str]) -> bool {
    let below =
        |start: &&str| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    starts.iter().any(below)
}

/// Compared by their hashes: how long it takes tells nothing of the token.
fn is_same(expected: &str, sent: &str) -> bool {
    Sha256::digest(expected) == Sha256::digest(sent)
}

/// The fields of a form of either encoding; files are left out.
async fn fields(parts: &Parts, bytes: &Bytes) -> Vec<(String, String)> {
    let request = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    if !is_multipart(&parts.headers) {
        return Form::<Vec<(String, String)>>::from_request(request, &())
            .await
            .map(|form| form.0)
            .unwrap_or_default();
    }
    let mut fields = Vec::new();
    let Ok(mut form) = Multipart::from_request(request, &()).await else { return fields };
    while let Ok(Some(field)) = form.next_field().await {
        let name = field.name().unwrap_or_default().to_owned();
        if field.file_name().is_none()
            && let Ok(text) = field.text().await
        {
            fields.push((name, text));
        }
    }
    fields
}

fn is_multipart(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"))
}

/// The session ended, or began anew in another tab, after the form was shown. Only what a page of this portal sent is
/// shown again: the browser says so. Secrets are typed anew.
async fn again(app: &App, parts: &Parts, fields: Vec<(String, String)>, signed: bool) -> Response {
    let status = if signed { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
    let own = parts.headers.contains_key(header::ORIGIN) && !is_multipart(&parts.headers);
    let secret = fields.iter().any(|(name, value)| SECRET.contains(&name.as_str()) && !value.is_empty());
    let kept: Vec<_> = fields.into_iter().filter(|(name, _)| name != FORM_TOKEN).collect();
    if !own || secret || kept.is_empty() {
        let code = if signed { "session.form" } else { "session.ended" };
        return Problem::with_status(status, code).into_response();
    }
    pages::again(parts, app, kept, status).await
}
