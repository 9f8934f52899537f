//! A form whose session has ended: what was typed, to be sent again after signing in.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header, request::Parts};

use crate::{app::App, problem::Problem, session, shell::Shell};

/// Values that are long enough to be worth reading stand open to be copied.
const WORTH_READING: usize = 40;

struct Kept {
    name: String,
    value: String,
    long: bool,
}

#[derive(Template)]
#[template(path = "again.html")]
struct AgainPage<'a> {
    ui: &'a Shell,
    action: String,
    fields: Vec<Kept>,
    signed: bool,
    sign_in: String,
}

/// What was sent, in a form of the session as it is now.
pub async fn again(parts: &Parts, app: &App, fields: Vec<(String, String)>, status: StatusCode) -> Response {
    let ui = Shell::new(parts, app).await;
    let action = parts.uri.path_and_query().map(|address| address.as_str().to_owned()).unwrap_or_default();
    let page = AgainPage {
        signed: session::of(parts).is_some(),
        sign_in: crate::routes::sign_in(),
        fields: fields
            .into_iter()
            .map(|(name, value)| Kept { long: value.chars().count() > WORTH_READING, name, value })
            .collect(),
        action,
        ui: &ui,
    };
    match page.render() {
        Ok(text) => {
            let mut response = (status, Html(text)).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response.extensions_mut().insert(Drawn);
            response
        }
        Err(error) => {
            tracing::error!(%error, "the form could not be shown again");
            Problem::with_status(status, "session.form").into_response()
        }
    }
}

/// An answer that says itself what is wrong.
#[derive(Clone)]
pub struct Drawn;
