//! How much one address may ask of the portal (threats T21, T68): requests a
//! second, and event streams at a time. Too much is answered with 429 and with
//! when to come again. A browser on this machine is never kept waiting, and health
//! has an allowance of its own, so that a flood of pages doesn't hide it.
//!
//! Not `tower_governor`: its store grows with the addresses that come.

mod address;
mod places;
mod rate;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use volbridge_proto::error::Code;

use self::rate::{Left, Rate};
pub use self::{
    address::{Address, TrustedProxies, asker},
    places::{Place, Places},
};
use crate::{app::App, config::Limits, problem::Problem, routes};

/// Event streams open at a time, whoever has them.
const STREAMS: usize = 512;
/// Whose answers tell what is left.
const API: &str = "/api/";
/// Headers that tell it.
pub const HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("ratelimit-policy"), HeaderName::from_static("ratelimit")];
/// When to ask for an event stream again, in seconds.
const STREAM_AGAIN: u64 = 60;
/// Counters of a table; a power of two. Half a MiB for pages, and little for health.
const PAGE_COUNTERS: usize = 1 << 15;
const HEALTH_COUNTERS: usize = 1 << 8;

/// What is counted, for one portal.
pub struct Allowance {
    requests: Rate,
    health: Rate,
    streams: Arc<Places>,
    started: Instant,
}

impl Allowance {
    pub fn new(limits: &Limits) -> Self {
        let rate = |counters| Rate::new(counters, limits.requests_per_second, limits.burst);
        Self {
            requests: rate(PAGE_COUNTERS),
            health: rate(HEALTH_COUNTERS),
            streams: Arc::new(Places::new(STREAMS, limits.streams_per_address as usize)),
            started: Instant::now(),
        }
    }

    /// A place for one more event stream; it is free again when the value is dropped.
    pub fn stream(&self, asker: Option<Address>) -> Result<Place, Problem> {
        self.streams.take(asker).ok_or_else(|| too_many(STREAM_AGAIN))
    }

    fn admit(&self, asker: Address, path: &str) -> Result<Left, Duration> {
        let health = [routes::HEALTHZ, routes::READYZ, routes::METRICS].contains(&path);
        let rate = if health { &self.health } else { &self.requests };
        rate.admit(&asker, self.started.elapsed())
    }
}

/// Answers who asks too often; all others go on.
pub async fn requests(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Some(asker) = asker(&parts, app.config()) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let told = parts.uri.path().starts_with(API);
    let (mut response, left) = match app.allowance().admit(asker, parts.uri.path()) {
        Ok(left) => (next.run(Request::from_parts(parts, body)).await, left),
        Err(wait) => {
            let again = wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1);
            (too_many(again).into_response(), Left { requests: 0, full_in: again })
        }
    };
    if told && let Some(policy) = app.allowance().requests.policy() {
        tell(response.headers_mut(), policy, left);
    }
    response
}

/// Headers of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy: "address";q=200;w=10` and
/// `RateLimit: "address";r=199;t=1`.
fn tell(headers: &mut HeaderMap, (burst, window): (u64, u64), left: Left) {
    let told = [
        format!("\"address\";q={burst};w={window}"),
        format!("\"address\";r={};t={}", left.requests, left.full_in),
    ];
    for (name, value) in HEADERS.into_iter().zip(told) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

fn too_many(seconds: u64) -> Problem {
    Problem::new(Code::RateLimited).after(seconds.max(1))
}
