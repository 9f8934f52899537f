//! Leaving for an account that somebody has elsewhere (OpenID Connect), and coming back: to sign in, to link it to one's
//! own account, or to take up an invitation with it. The browser keeps a secret meanwhile: only the one that left comes
//! back.
//!
//! The way out is a page that leads on, not a redirect: a form of ours may be sent to our own addresses alone, and browsers
//! hold redirects to that as well.

use askama::Template;
use axum::{
    extract::{Query as Pairs, State},
    response::Response,
};
use http::{HeaderMap, header};
use serde::Deserialize;
use volbridge_proto::wire::node::v1 as node;

use super::{account, enrol, invitation, render, sign_in};
use crate::{
    app::App,
    events::Asker,
    extract::{Form, Query},
    problem::Problem,
    query::encoded,
    routes,
    session::{self, MaybeSigned, Signed},
    shell::Shell,
};

/// What stands before the address to go on to, in the cookie, for whom links their own account.
const LINKS: &str = "link";

/// Where to go on afterwards.
#[derive(Default, Deserialize)]
pub struct Wish {
    #[serde(default)]
    next: String,
}

/// What the issuer sends back.
#[derive(Default, Deserialize)]
pub struct Back {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    iss: String,
}

#[derive(Template)]
#[template(path = "oidc_leave.html")]
struct LeavePage<'a> {
    ui: &'a Shell,
    address: String,
}

/// `POST /sign-in/oidc`
pub async fn sign_in(State(app): State<App>, ui: Shell, Form(wish): Form<Wish>) -> Result<Response, Problem> {
    match app.node().begin_oidc(node::BeginOidcRequest::default()).await {
        Ok(begun) => leave(&app, &ui, begun, session::local(&wish.next).unwrap_or_default()),
        Err(problem) => sign_in::refuse_oidc(&ui, &wish.next, &problem),
    }
}

/// `POST /account/oidc`
pub async fn link(State(app): State<App>, signed: Signed, ui: Shell) -> Result<Response, Problem> {
    let request = node::BeginOidcRequest { link: true, ..Default::default() };
    match signed.client.begin_oidc(request).await {
        Ok(begun) => leave(&app, &ui, begun, LINKS),
        Err(problem) => account::refuse(&signed, &ui, &problem),
    }
}

/// `POST /invitation/oidc`
pub async fn take_up(
    State(app): State<App>,
    ui: Shell,
    Form(chosen): Form<invitation::Chosen>,
) -> Result<Response, Problem> {
    match app.node().begin_oidc(chosen.link()).await {
        Ok(begun) => leave(&app, &ui, begun, ""),
        Err(problem) => invitation::again(&app, &ui, chosen, problem).await,
    }
}

fn leave(app: &App, ui: &Shell, begun: node::OidcDeparture, next: &str) -> Result<Response, Problem> {
    let cookie = session::left(&format!("{}.{}", begun.secret, encoded(next)), app.config())?;
    let mut response = enrol::secret(render(&LeavePage { ui, address: begun.address })?)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `GET /sign-in/oidc/return`
pub async fn come_back(
    State(app): State<App>,
    ui: Shell,
    MaybeSigned(before): MaybeSigned,
    Asker(asker): Asker,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Problem> {
    let kept = session::kept_meanwhile(&headers, app.config()).unwrap_or_default();
    let (secret, next) = kept.split_once('.').unwrap_or_default();
    let next = decoded(next);
    let request = node::FinishOidcRequest {
        state: back.state,
        code: back.code,
        issuer: back.iss,
        secret: secret.to_owned(),
        address: asker.map(|asker| asker.to_string()).unwrap_or_default(),
    };
    let links = next == LINKS;
    let client = before.as_ref().map_or(app.node(), |signed| &signed.client);
    let answer = client.finish_oidc(request).await;
    let mut response = match (answer, before) {
        (Ok(signed), before) => {
            let next = if links { format!("{}?done=oidc", routes::account()) } else { next };
            sign_in::begin(&app, before, &signed, &next).await?
        }
        (Err(problem), Some(signed)) if links => enrol::secret(account::refuse(&signed, &ui, &problem)?)?,
        (Err(problem), _) => enrol::secret(sign_in::refuse_oidc(&ui, &next, &problem)?)?,
    };
    response.headers_mut().append(header::SET_COOKIE, session::returned(app.config())?);
    Ok(response)
}

/// What [`encoded`] wrote.
fn decoded(text: &str) -> String {
    let address = format!("/?x={text}").parse().unwrap_or_default();
    let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(&address);
    pairs.ok().and_then(|pairs| pairs.0.into_iter().next()).map(|(_, value)| value).unwrap_or_default()
}
