//! Server-sent events: what changes in the directory and in the network. Pages
//! are whole without them; with them a listing appears where it is looked at.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    extract::{FromRequestParts, State},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use futures::{Stream, StreamExt};
use http::{HeaderMap, request::Parts};
use serde::Serialize;
use volbridge_proto::wire::node::v1 as node;

use crate::{
    app::App,
    guard,
    limit::{self, Address, Place},
    names,
    problem::Problem,
    routes,
};

const LISTING: &str = "volbridge.listing.v1";
/// Proxies close what is silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub fn router() -> Router<App> {
    Router::new().route(routes::EVENTS_CHANGES, get(changes)).route(routes::EVENTS_NETWORK, get(network))
}

/// A listing that came, changed or went.
#[derive(Serialize)]
struct ListingChange {
    action: String,
    subject: String,
    card: String,
}

async fn changes(
    Asker(asker): Asker,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = app.allowance().stream(asker)?;
    let cursor = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let request = node::WatchChangesRequest { cursor: cursor.to_owned() };
    let changes = app.node().watch_changes(request).await?;
    let events = changes.take_while(|change| std::future::ready(change.is_ok())).filter_map(|change| {
        std::future::ready(change.ok().filter(|change| change.kind == LISTING).and_then(listing_event))
    });
    Ok(stream(events, place))
}

fn listing_event(change: node::Change) -> Option<Event> {
    let subject = names::subject(&change.subject);
    let data = ListingChange { card: routes::listing_card(&subject), action: change.action, subject };
    // A cursor with a line break would end the field; none has one, and a stranger's could.
    let event = if change.cursor.contains(['\r', '\n', '\0']) {
        Event::default()
    } else {
        Event::default().id(change.cursor)
    };
    event.event("listing").json_data(data).ok()
}

async fn network(
    guard::MaySeeNetwork(node): guard::MaySeeNetwork,
    Asker(asker): Asker,
    State(app): State<App>,
) -> Result<Response, Problem> {
    let place = app.allowance().stream(asker)?;
    let states = node.watch_status(node::StatusRequest {}).await?;
    let events = states
        .take_while(|state| std::future::ready(state.is_ok()))
        .map(|_| Event::default().event("network").data("changed"));
    Ok(stream(events, place))
}

/// Whom a stream counts for.
pub struct Asker(pub Option<Address>);

impl FromRequestParts<App> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(limit::asker(parts, app.config())))
    }
}

/// Events as an answer, with a beat when nothing happens.
pub fn stream(events: impl Stream<Item = Event> + Send + 'static, place: Place) -> Response {
    let events = events.map(move |event| {
        // The place is taken as long as the stream lives.
        let _held = &place;
        Ok::<_, Infallible>(event)
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}
