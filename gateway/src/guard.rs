//! What every request passes, whatever it asks for: request id, limits of size,
//! time and number, the check of where a form comes from (threats T54), headers that
//! keep strangers' content from running, measurements, and one form of errors.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, MatchedPath, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use tokio::time::Instant;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    trace::TraceLayer,
};
use volbridge_proto::error::Code;

use crate::{
    app::App,
    client::NodeClient,
    config::{GatewayConfig, NetworkPage},
    limit, locale, pages,
    problem::Problem,
    rest::paths_of_programs,
    routes, session,
};

/// Largest request body: a proof and its policy fit, a blob doesn't and needn't.
const BODY_LIMIT: usize = 1 << 20;
/// Until the first byte of an answer; streams go on.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// For a file that is brought: 64 MiB over a slow line.
const UPLOAD_LIMIT: Duration = Duration::from_secs(15 * 60);
/// Only our own files, nothing inline, in nobody's frame.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Puts all of it around a router.
pub fn around(router: Router, app: App) -> Router {
    router
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(app.clone(), session::own_forms))
        .layer(middleware::from_fn_with_state(app.clone(), own_forms_only))
        .layer(middleware::from_fn_with_state(app.clone(), session::recognise))
        .layer(middleware::from_fn_with_state(app.clone(), limit::requests))
        .layer(middleware::from_fn(in_time))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(app.clone(), one_form_of_errors))
        .layer(middleware::from_fn_with_state(app.clone(), remember_language))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(app, headers))
        .layer(middleware::from_fn(measure))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

/// Answers in time, or says that it can't.
async fn in_time(request: Request, next: Next) -> Response {
    let brings = request.method() == Method::POST
        && [routes::DESK_IMPORTS, routes::API_IMPORTS].contains(&request.uri().path());
    let limit = if brings { UPLOAD_LIMIT } else { TIME_LIMIT };
    let answer = tokio::time::timeout(limit, next.run(request)).await;
    answer.unwrap_or_else(|_| StatusCode::GATEWAY_TIMEOUT.into_response())
}

/// What is logged of a request: not what somebody searches for (threats T39).
fn span(request: &Request) -> tracing::Span {
    tracing::debug_span!("request", method = %request.method(), path = %request.uri().path())
}

/// Whether this request may see how exchange goes.
pub fn may_see_network(parts: &Parts, config: &GatewayConfig) -> bool {
    match config.network_page {
        NetworkPage::Never => false,
        NetworkPage::Always => true,
        NetworkPage::LoopbackOnly => {
            config.demo.is_some() || comes_from_this_machine(parts) || watches_over_it(parts)
        }
    }
}

/// Operators and auditors may, wherever they are.
fn watches_over_it(parts: &Parts) -> bool {
    session::of(parts).is_some_and(|signed| signed.has_for_all(&["operator", "auditor"]))
}

/// As whom the node is asked how exchange goes: as who is signed in and may, else as the portal.
pub fn watcher(parts: &Parts, app: &App) -> NodeClient {
    let own = session::of(parts).filter(|_| watches_over_it(parts));
    own.map_or_else(|| app.operator().clone(), |signed| signed.client.clone())
}

/// How exchange goes may be looked at by whoever sent this request.
pub struct MaySeeNetwork(pub NodeClient);

impl FromRequestParts<App> for MaySeeNetwork {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let may = may_see_network(parts, app.config());
        may.then(|| Self(watcher(parts, app))).ok_or_else(Problem::not_found)
    }
}

/// A loopback peer that asked for a loopback name without a proxy in between: a
/// proxy on this machine, or a foreign name that was bound to it, doesn't count.
pub fn comes_from_this_machine(parts: &Parts) -> bool {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let proxied = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    peer.is_some_and(|ConnectInfo(address)| address.ip().to_canonical().is_loopback())
        && !proxied.iter().any(|name| parts.headers.contains_key(*name))
        && host(&parts.headers, &parts.uri).is_some_and(|host| is_loopback_name(&host))
}

fn host(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    named.or_else(|| uri.authority().map(|authority| authority.as_str())).map(str::to_ascii_lowercase)
}

/// `localhost:8080`, `127.0.0.1`, `[::1]:80`.
fn is_loopback_name(authority: &str) -> bool {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    name == "localhost" || name == "[::1]" || name == "127.0.0.1"
}

/// Requests that change something come from our own pages, or from programs that
/// send no Origin and carry no cookies that matter.
async fn own_forms_only(State(app): State<App>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_own(request.headers(), request.uri(), &app.config().public_url) {
        next.run(request).await
    } else {
        Problem::with_status(StatusCode::FORBIDDEN, "request.foreign_origin").into_response()
    }
}

fn is_own(headers: &HeaderMap, uri: &Uri, public_url: &str) -> bool {
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    // A page that sends no referrer sends no origin either; the browser says that it is ours.
    if origin == "null" {
        return headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    }
    if origin.eq_ignore_ascii_case(public_url.trim_end_matches('/')) {
        return true;
    }
    // On this machine any loopback name will do; a foreign name bound to it will not.
    let authority = origin.split_once("://").map(|(_, authority)| authority.to_ascii_lowercase());
    authority.is_some_and(|authority| {
        is_loopback_name(&authority) && host(headers, uri).is_some_and(|host| host == authority)
    })
}

/// Every error as a Problem: as a page for people, as problem+json for programs.
async fn one_form_of_errors(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut asked = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    if let Some(who) = response.extensions().get::<session::Who>() {
        asked.extensions.insert(who.clone());
    }
    let status = response.status();
    let drawn = response.extensions().get::<pages::Drawn>().is_some();
    if drawn || !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.extensions().get::<Problem>().cloned().unwrap_or_else(|| without_name(status));
    let mut kept = response.headers().clone();
    let mut answer = if paths_of_programs(asked.uri.path()) {
        problem.into_response()
    } else {
        pages::error(&asked, &app, &problem).await
    };
    for name in limit::HEADERS.into_iter().chain([header::ALLOW]) {
        if let Some(value) = kept.remove(&name) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn without_name(status: StatusCode) -> Problem {
    let code = match status {
        StatusCode::NOT_FOUND => Code::NotFound.as_str(),
        StatusCode::METHOD_NOT_ALLOWED => "request.method",
        StatusCode::PAYLOAD_TOO_LARGE => Code::InputTooLarge.as_str(),
        StatusCode::GATEWAY_TIMEOUT => Code::DeadlineExceeded.as_str(),
        status if status.is_server_error() => Code::Internal.as_str(),
        _ => Code::RequestInvalid.as_str(),
    };
    Problem::with_status(status, code)
}

/// `?lang=` on any page is remembered.
async fn remember_language(State(app): State<App>, request: Request, next: Next) -> Response {
    let for_people = !paths_of_programs(request.uri().path());
    let offered = locale::offered(&app.config().languages);
    let asked = locale::asked(request.uri().query().unwrap_or_default(), &offered);
    let mut response = next.run(request).await;
    if for_people {
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("accept-language, cookie"));
        if let Some(lang) = asked
            && let Ok(cookie) = HeaderValue::from_str(&format!(
                "{}={lang}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
                locale::COOKIE
            ))
        {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    response
}

async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut unless_set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    unless_set(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY);
    unless_set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    unless_set(header::X_FRAME_OPTIONS, "DENY");
    unless_set(header::REFERRER_POLICY, "same-origin");
    unless_set(header::CACHE_CONTROL, "no-cache");
    unless_set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    unless_set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    if app.config().public_url.starts_with("https://") {
        unless_set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

async fn measure(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("none", |path| path.as_str()).to_owned();
    let method = request.method().as_str().to_owned();
    let start = Instant::now();
    let response = next.run(request).await;
    let labels = [("path", path), ("method", method), ("status", response.status().as_u16().to_string())];
    metrics::counter!("volbridge_gateway_requests_total", &labels).increment(1);
    metrics::histogram!("volbridge_gateway_request_seconds", &labels).record(start.elapsed().as_secs_f64());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn own(pairs: &[(&'static str, &'static str)]) -> bool {
        is_own(&sent(pairs), &Uri::from_static("/demo/publish"), "https://portal.example")
    }

    #[test]
    fn a_form_of_our_own_page_passes() {
        assert!(own(&[("origin", "https://portal.example"), ("sec-fetch-site", "same-origin")]));
        assert!(own(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")]));
        assert!(own(&[]), "programs send no origin");
        assert!(
            own(&[("origin", "null"), ("sec-fetch-site", "same-origin")]),
            "of a page without a referrer"
        );
    }

    #[test]
    fn a_form_of_a_foreign_page_is_refused() {
        assert!(!own(&[("origin", "https://evil.example"), ("host", "portal.example")]));
        assert!(!own(&[("origin", "null"), ("host", "portal.example")]));
        assert!(!own(&[("origin", "null"), ("sec-fetch-site", "none")]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
        assert!(
            !own(&[("origin", "http://evil.example:8080"), ("host", "evil.example:8080")]),
            "rebound name"
        );
    }
}
