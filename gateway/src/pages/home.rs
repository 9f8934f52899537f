//! The start: search, a map of open listings, the newest ones, the next conferences
//! and the network in figures.

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::wire::node::v1 as node;

use super::{
    card::Card,
    conferences::{ConferenceRow, is_ahead},
    render,
};
use crate::{app::App, atlas, chart, locale, problem::Problem, routes, shell::Shell, texts::grouped};

const NEWEST: u32 = 6;
const NEXT: usize = 3;
/// Countries in the table beside the map.
const COUNTRIES: usize = 60;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    ui: &'a Shell,
    figures: Vec<Figure>,
    map: String,
    places: Vec<PlaceRow>,
    cards: Vec<Card>,
    conferences: Vec<ConferenceRow>,
    partners: u64,
}

struct Figure {
    number: String,
    text: String,
    href: String,
}

struct PlaceRow {
    place: String,
    listings: String,
    /// Of the country with the most, in hundredths.
    share: u64,
    href: String,
}

/// `GET /`
pub async fn show(State(app): State<App>, ui: Shell) -> Result<Response, Problem> {
    let newest = node::ListListingsRequest { limit: NEWEST, ..Default::default() };
    let (newest, counts, statistics, conferences, partners) = tokio::join!(
        app.node().listings(newest),
        app.counts(),
        app.statistics(),
        app.node().conferences(node::ListConferencesRequest::default()),
        app.node().partners(node::ListPartnersRequest {})
    );
    let partners = partners?.partners;
    let organisations = partners.iter().map(|partner| partner.organisations).sum();
    // The page is whole without them.
    let total = statistics.ok().and_then(|view| view.total);
    let slots = total.map_or(0, |total| total.open_slots);
    let figure = |key: &str, number: u64, href: String| Figure {
        number: grouped(number),
        text: ui.count(key, number),
        href,
    };
    let open = |code: &str| format!("{}?countries={code}&open=true", routes::listings());
    let by_country = counts.countries.iter().map(|(code, count)| (code.as_str(), *count));
    let page = HomePage {
        figures: vec![
            figure("figure-open", counts.open, format!("{}?open=true", routes::listings())),
            figure("figure-slots", slots, routes::statistics()),
            figure("figure-listings", counts.listings, routes::listings()),
            figure("figure-countries", counts.countries.len() as u64, routes::listings()),
            figure("figure-organisations", organisations, routes::partners()),
            figure("figure-partners", partners.len() as u64, routes::partners()),
        ],
        map: chart::map(&ui.t("map-title"), &atlas::by_country(by_country.clone(), open, &ui)),
        places: by_country
            .take(COUNTRIES)
            .map(|(code, count)| PlaceRow {
                place: ui.lang.code("country", code),
                listings: grouped(count),
                share: percent(count, counts.countries.first().map_or(1, |(_, most)| *most)),
                href: open(code),
            })
            .collect(),
        cards: newest?.listings.iter().filter_map(|view| Card::new(view, &ui)).collect(),
        conferences: next(conferences?.conferences, &ui),
        partners: partners.len() as u64,
        ui: &ui,
    };
    render(&page)
}

/// The conferences that are not over, the nearest first.
fn next(mut views: Vec<node::ConferenceView>, ui: &Shell) -> Vec<ConferenceRow> {
    let today = locale::day(ui.now);
    let begins = |view: &node::ConferenceView| view.source.clone().unwrap_or_default().starts_on;
    views.retain(|view| is_ahead(view, &today));
    views.sort_by_key(begins);
    views.iter().filter_map(|view| ConferenceRow::new(view, ui.lang)).take(NEXT).collect()
}

/// At least one, so that a bar is seen.
fn percent(part: u64, whole: u64) -> u64 {
    (part * 100).checked_div(whole).unwrap_or(0).max(1)
}
