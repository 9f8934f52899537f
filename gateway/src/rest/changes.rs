//! `/api/v1/changes`: what comes, changes and goes in the directory, as server-sent
//! events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>). Whoever
//! comes back with the last id misses nothing.
#![expect(unused_qualifications, reason = "utoipa writes out the types of queries")]

use axum::{
    extract::State,
    response::{Response, sse::Event},
};
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use volbridge_proto::wire::node::v1 as node;

use crate::{
    app::App,
    events::{self, Asker},
    extract::Query,
    names,
    problem::{Problem, ProblemBody},
    query, routes,
};

/// One event, and a beat.
pub const EXAMPLE: &str = "id: 4711\nevent: published\ndata: {\"kind\":\"volbridge.listing.v1\",\
     \"id\":\"01930f6e-7c00-7000-8000-000000000001\",\"partner\":\"3f3f…\",\"record\":\"6f6f…\",\"at\":1795507200000}\n\n:\n\n";
/// Characters of a cursor or a kind.
const LONGEST: usize = 200;
/// Tells nginx to hand on each event as it comes.
const NO_BUFFER: HeaderValue = HeaderValue::from_static("no");

/// Where to go on, and what of it is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct From {
    /// Id of the last event that was seen, for those who can't send the header `Last-Event-ID`; that
    /// one goes first. `0`: from the beginning. Absent: from now on.
    #[serde(default)]
    cursor: String,
    /// Only records of this kind: `volbridge.listing.v1`.
    #[serde(default)]
    kind: String,
}

/// A change. The event's name is what happened: `published`, `withdrawn`, ….
#[derive(Debug, Serialize)]
struct Change {
    kind: String,
    /// UUID of the subject.
    id: String,
    /// Partner id.
    partner: String,
    /// Record id.
    record: String,
    /// Unix milliseconds.
    at: i64,
}

/// Changes of the directory, as they come. A comment is sent every 15 seconds of silence.
#[utoipa::path(
    get, path = routes::API_CHANGES, tag = "changes",
    params(From, ("Last-Event-ID" = Option<String>, Header, description = "Id of the last event that was seen")),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn follow(
    Asker(asker): Asker,
    State(app): State<App>,
    headers: HeaderMap,
    Query(from): Query<From>,
) -> Result<Response, Problem> {
    let at = |name: &'static str| move |problem: Problem| problem.at(name);
    let kind = query::bounded(&from.kind, LONGEST).map_err(at("kind"))?;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let cursor = query::bounded(seen.unwrap_or(&from.cursor), LONGEST).map_err(at("cursor"))?;
    let place = app.allowance().stream(asker)?;
    let changes = app.node().watch_changes(node::WatchChangesRequest { cursor }).await?;
    let events = changes.take_while(|change| std::future::ready(change.is_ok())).filter_map(move |change| {
        let wanted = change.ok().filter(|change| kind.is_empty() || change.kind == kind);
        std::future::ready(wanted.and_then(event))
    });
    let mut response = events::stream(events, place);
    response.headers_mut().insert(header::HeaderName::from_static("x-accel-buffering"), NO_BUFFER);
    Ok(response)
}

fn event(change: node::Change) -> Option<Event> {
    let data = Change {
        kind: change.kind,
        id: names::subject(&change.subject),
        partner: hex::encode(&change.partner),
        record: hex::encode(&change.hash),
        at: change.at,
    };
    let line = |text: &str| text.contains(['\r', '\n', '\0']);
    let name = if line(&change.action) { "changed".to_owned() } else { change.action };
    // A cursor with a line break would end the field; none has one, and a stranger's could.
    let event = if line(&change.cursor) { Event::default() } else { Event::default().id(change.cursor) };
    event.event(name).json_data(data).ok()
}
