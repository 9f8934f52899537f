//! Who is signed in. The cookie carries the node's session, which is the bearer token of every call that is made
//! for its owner; the gateway keeps nothing of it and never logs it.
//!
//! A request that bears the cookie is recognised once, before its page; pages ask for `Signed` or `MaybeSigned`.

mod form;

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts};
use sha2::{Digest, Sha256};
use volbridge_proto::{error::Code, wire::node::v1 as node};

pub use self::form::{FORM_LIMIT, FORM_TOKEN, own_forms};
use crate::{
    app::App, client::NodeClient, config::GatewayConfig, problem::Problem, query::encoded,
    rest::paths_of_programs, routes,
};

/// The browser gives a cookie of this name only to who set it, and only over TLS.
const SECURE_COOKIE: &str = "__Host-volbridge-session";
/// The same on a portal without TLS: the demonstration on one's own machine. Cookies don't tell ports apart, and the
/// portals of the demonstration differ in nothing else: the port stands in the name.
const PLAIN_COOKIE: &str = "volbridge-session";
/// The same two of a cookie that outlives the way to an account elsewhere and back.
const SECURE_AWAY: &str = "__Host-volbridge-away";
const PLAIN_AWAY: &str = "volbridge-away";
/// Seconds of that way.
const AWAY: u32 = 600;
/// Seconds that the browser keeps the cookie: 14 days.
const KEPT: u32 = 1_209_600;
/// Longest cookie and longest address that are looked at.
const LONGEST: usize = 2048;

/// A session that the node knows.
#[derive(Clone)]
pub struct Signed {
    /// The node, called as the session's owner.
    pub client: NodeClient,
    /// Whose session it is.
    pub account: Arc<node::Account>,
    /// What every form of this session bears.
    pub form_token: String,
}

/// The session of a request, if it has one.
pub struct MaybeSigned(pub Option<Signed>);

/// What is known of a request's session.
#[derive(Clone)]
pub enum Who {
    /// The cookie's session has ended.
    Nobody,
    Signed(Signed),
    /// The node could not say.
    Unknown(Problem),
}

impl Signed {
    /// Whether the account has one of these roles, for the whole partner or an organisation.
    pub fn has(&self, names: &[&str]) -> bool {
        self.account.roles.iter().any(|role| names.contains(&role.name.as_str()))
    }

    /// Whether the account has one of these roles for the whole partner.
    pub fn has_for_all(&self, names: &[&str]) -> bool {
        let mut roles = self.account.roles.iter();
        roles.any(|role| role.organisation.is_empty() && names.contains(&role.name.as_str()))
    }

    /// Whether the account works on listings.
    pub fn has_desk(&self) -> bool {
        self.has(&["editor", "reviewer", "administrator", "operator"])
    }

    /// Whether the account sees what others did.
    pub fn has_log(&self) -> bool {
        self.has_for_all(&["operator", "auditor"])
    }

    /// Whether the account sees who else has one.
    pub fn has_people(&self) -> bool {
        self.has(&["operator", "administrator"])
    }
}

/// The session of a request.
pub fn of(parts: &Parts) -> Option<&Signed> {
    match parts.extensions.get::<Who>() {
        Some(Who::Signed(signed)) => Some(signed),
        _ => None,
    }
}

/// Whether a request bears a session, or one that has ended.
pub fn may_be_signed(parts: &Parts) -> bool {
    parts.extensions.get::<Who>().is_some()
}

impl FromRequestParts<App> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Response> {
        match parts.extensions.get::<Who>() {
            Some(Who::Signed(signed)) => Ok(signed.clone()),
            Some(Who::Unknown(problem)) => Err(problem.clone().into_response()),
            _ if matches!(parts.method, Method::GET | Method::HEAD) => {
                Err(Redirect::to(&sign_in_and_return(&parts.uri)).into_response())
            }
            _ => Err(Problem::new(Code::Unauthenticated).into_response()),
        }
    }
}

impl FromRequestParts<App> for MaybeSigned {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(of(parts).cloned()))
    }
}

/// Where to sign in, and come back to the same page.
pub fn sign_in_and_return(to: &Uri) -> String {
    let own = [routes::SIGN_IN, routes::SIGN_OUT, routes::INVITATION];
    let address = to.path_and_query().map_or("/", |address| address.as_str());
    if to.path() == routes::HOME || own.iter().any(|start| to.path().starts_with(start)) {
        return routes::sign_in();
    }
    format!("{}?next={}", routes::sign_in(), encoded(address))
}

/// An address of this portal, as it may be gone on to; anything else is no address. `//evil.example` and
/// `/\evil.example` would lead elsewhere.
pub fn local(address: &str) -> Option<&str> {
    let elsewhere = address.starts_with("//") || address.contains('\\');
    let plain = address.len() <= LONGEST && address.bytes().all(|byte| byte.is_ascii_graphic());
    let path = address.starts_with('/') && !elsewhere && plain;
    let parsed = address.parse::<Uri>().is_ok_and(|uri| uri.authority().is_none() && uri.scheme().is_none());
    (path && parsed).then_some(address)
}

/// Finds out whose session the cookie is, once for a request; a cookie of a session that has ended is removed.
pub async fn recognise(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let concerned = !paths_of_programs(path) || path == routes::EVENTS_NETWORK;
    let Some(session) = cookie(SESSION, request.headers(), app.config()).filter(|_| concerned) else {
        return next.run(request).await;
    };
    let who = who(&app, &session).await;
    request.extensions_mut().insert(who.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if matches!(who, Who::Nobody)
        && !sets_cookie(headers, app.config())
        && let Ok(cookie) = ended(app.config())
    {
        headers.append(header::SET_COOKIE, cookie);
    }
    // What somebody sees who is signed in is theirs alone.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    // The page about an error is drawn further out.
    response.extensions_mut().insert(who);
    response
}

async fn who(app: &App, session: &str) -> Who {
    let Ok(client) = app.node().with_token(session) else { return Who::Nobody };
    match client.account(node::OwnAccountRequest {}).await {
        Ok(account) => {
            Who::Signed(Signed { client, account: Arc::new(account), form_token: form_token(session) })
        }
        Err(problem) if problem.code == Code::Unauthenticated.as_str() => Who::Nobody,
        Err(problem) => Who::Unknown(problem),
    }
}

/// What a page of another site can't know: it follows from the session and doesn't reveal it.
fn form_token(session: &str) -> String {
    let mut hash = Sha256::new();
    hash.update("volbridge form");
    hash.update(session);
    hex::encode(hash.finalize())
}

/// A cookie's name with TLS and without.
type Name = (&'static str, &'static str);
const SESSION: Name = (SECURE_COOKIE, PLAIN_COOKIE);
const ON_THE_WAY: Name = (SECURE_AWAY, PLAIN_AWAY);

fn cookie_name((secure, plain): Name, config: &GatewayConfig) -> String {
    let address = config.public_url.trim_end_matches('/');
    if is_secure(config) {
        return secure.to_owned();
    }
    let port = address.rsplit_once(':').map(|(_, port)| port);
    match port.filter(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(port) => format!("{plain}-{port}"),
        None => plain.to_owned(),
    }
}

fn is_secure(config: &GatewayConfig) -> bool {
    config.public_url.starts_with("https://")
}

fn cookie(name: Name, headers: &HeaderMap, config: &GatewayConfig) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let own = cookie_name(name, config);
    let (_, value) = pairs.find(|(name, _)| *name == own)?;
    (!value.is_empty() && value.len() <= LONGEST).then(|| value.to_owned())
}

fn sets_cookie(headers: &HeaderMap, config: &GatewayConfig) -> bool {
    let start = format!("{}=", cookie_name(SESSION, config));
    let mut set = headers.get_all(header::SET_COOKIE).iter();
    set.any(|value| value.as_bytes().starts_with(start.as_bytes()))
}

fn written(name: Name, value: &str, seconds: u32, config: &GatewayConfig) -> Result<HeaderValue, Problem> {
    let secure = if is_secure(config) { "; Secure" } else { "" };
    let name = cookie_name(name, config);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut cookie = HeaderValue::from_str(&text).map_err(|_| Problem::new(Code::Internal))?;
    // Never in a log.
    cookie.set_sensitive(true);
    Ok(cookie)
}

/// The cookie of a new session. The node says when the session ends, later with each use; the cookie outlives it.
pub fn begun(signed: &node::SignedIn, config: &GatewayConfig) -> Result<HeaderValue, Problem> {
    written(SESSION, &signed.session, KEPT, config)
}

/// Takes the cookie away.
pub fn ended(config: &GatewayConfig) -> Result<HeaderValue, Problem> {
    written(SESSION, "", 0, config)
}

/// What the browser keeps while its reader signs in elsewhere. Sent along when a link or a redirect leads back, and with
/// nothing else that another site does.
pub fn left(kept: &str, config: &GatewayConfig) -> Result<HeaderValue, Problem> {
    written(ON_THE_WAY, kept, AWAY, config)
}

/// What it kept.
pub fn kept_meanwhile(headers: &HeaderMap, config: &GatewayConfig) -> Option<String> {
    cookie(ON_THE_WAY, headers, config)
}

/// It isn't needed any more.
pub fn returned(config: &GatewayConfig) -> Result<HeaderValue, Problem> {
    written(ON_THE_WAY, "", 0, config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_this_portal_is_gone_on_to() {
        for address in ["/", "/desk", "/desk/listings/new?organisation=1&x=%E5%BF%97", "/listings#top"] {
            assert_eq!(local(address), Some(address));
        }
        for address in [
            "",
            "desk",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x=y",
            "/志",
            " /desk",
        ] {
            assert_eq!(local(address), None, "{address}");
        }
    }

    #[test]
    fn the_form_token_is_the_sessions_own() {
        assert_ne!(form_token("one"), form_token("other"));
        assert_eq!(form_token("one").len(), 64);
    }

    #[test]
    fn signing_in_comes_back_to_the_page_but_not_to_itself() {
        let back = |address: &'static str| sign_in_and_return(&Uri::from_static(address));
        assert_eq!(back("/desk?state=draft"), "/sign-in?next=%2Fdesk%3Fstate%3Ddraft");
        assert_eq!(back("/sign-in?next=%2Fdesk"), "/sign-in");
        assert_eq!(back("/"), "/sign-in");
    }
}
