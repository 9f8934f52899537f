//! Listings for other programs: tables, lines, JSON-LD, feeds, calendar, sitemap. Each takes what `/listings` takes in its
//! address, and gives at most so many listings; the formats themselves are the crate `volbridge-formats`.

mod changes;
mod entry;
mod linked;
mod streamed;
mod walk;
mod whole;

use axum::{
    Router, middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, header};

use crate::{app::App, locale, query::address, rest::conditional, routes};

/// All of them.
pub fn router() -> Router<App> {
    Router::new()
        .route(routes::LISTINGS_CSV, get(streamed::csv))
        .route(routes::LISTINGS_JSONL, get(streamed::jsonl))
        .route(routes::LISTINGS_XLSX, get(whole::xlsx))
        .route(routes::LISTINGS_ATOM, get(whole::atom))
        .route(routes::LISTINGS_ICS, get(whole::calendar))
        .route(routes::SITEMAP, get(whole::sitemap))
        .route(routes::LISTINGS_JSONLD, get(linked::all))
        .route(routes::LISTING_JSONLD, get(linked::one))
        .route(routes::FEED_RPDE, get(changes::page))
        .route_layer(middleware::from_fn(conditional::answers))
}

/// Addresses of the same listings in each format, with its name in texts and its media type.
pub fn offered(query: &str) -> Vec<Format> {
    let known = [
        ("csv", "text/csv", routes::listings_csv()),
        ("xlsx", volbridge_formats::table::xlsx::MEDIA_TYPE, routes::listings_xlsx()),
        ("jsonl", volbridge_formats::jsonl::MEDIA_TYPE, routes::listings_jsonl()),
        ("jsonld", volbridge_formats::schema_org::MEDIA_TYPE, routes::listings_jsonld()),
        ("atom", "application/atom+xml", routes::listings_atom()),
        ("ics", "text/calendar", routes::listings_ics()),
    ];
    let format = |(name, media_type, path): (&'static str, &'static str, String)| Format {
        name,
        media_type,
        href: address(&path, query),
    };
    known.into_iter().map(format).collect()
}

/// One format of a list.
#[derive(Clone, Debug)]
pub struct Format {
    pub name: &'static str,
    pub media_type: &'static str,
    pub href: String,
}

/// A whole answer that is shown or read where it is.
fn inline(media_type: &'static str, body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))], body).into_response()
}

/// What makes a file of an answer: its media type, and a name with the day.
fn as_file(media_type: &'static str, end: &str, now: i64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let name = format!("attachment; filename=\"volbridge-listings-{}.{end}\"", locale::day(now));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    headers
}
