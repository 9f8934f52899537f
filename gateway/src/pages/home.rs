//! The start: search, a map of open slots, the newest listings, the next
//! conferences and the network in figures.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::wire::node::v1 as node;

use super::{
    card::Card,
    conferences::{ConferenceRow, is_ahead},
    render,
};
use crate::{
    app::App,
    chart::{self, Spot},
    directory, facts, locale,
    problem::Problem,
    routes,
    shell::Shell,
    texts::grouped,
};

const NEWEST: usize = 6;
const NEXT: usize = 3;

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
    slots: String,
    /// Of the place with the most slots, in hundredths.
    share: u64,
    href: String,
}

/// `GET /`
pub async fn show(State(app): State<App>, ui: Shell) -> Result<Response, Problem> {
    let (listings, conferences, partners) = tokio::join!(
        directory::listings(app.node()),
        app.node().conferences(node::ListConferencesRequest::default()),
        app.node().partners(node::ListPartnersRequest {})
    );
    let (listings, total) = listings?;
    let partners = partners?.partners;
    let spots = spots(&listings, &ui);
    let most = spots.first().map_or(1, |(_, spot)| spot.slots);
    let slots: u64 = listings.iter().map(|listing| u64::from(listing.slots)).sum();
    let organisations = partners.iter().map(|partner| partner.organisations).sum();
    let figure = |key: &str, number: u64, href: String| Figure {
        number: grouped(number),
        text: ui.count(key, number),
        href,
    };
    let page = HomePage {
        figures: vec![
            figure("figure-slots", slots, routes::listings()),
            figure("figure-listings", total, routes::listings()),
            figure("figure-organisations", organisations, routes::partners()),
            figure("figure-partners", partners.len() as u64, routes::partners()),
        ],
        map: chart::map(&ui.t("map-title"), &spots.iter().map(|(_, spot)| spot.clone()).collect::<Vec<_>>()),
        places: spots
            .iter()
            .map(|(place, spot)| PlaceRow {
                place: place.clone(),
                slots: grouped(spot.slots),
                share: percent(spot.slots, most),
                href: spot.href.clone(),
            })
            .collect(),
        cards: listings.iter().filter_map(|view| Card::new(view, &ui)).take(NEWEST).collect(),
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

/// One spot a place with the place's whole name, the largest first; what is online has none.
fn spots(listings: &[node::ListingView], ui: &Shell) -> Vec<(String, Spot)> {
    let mut places: BTreeMap<String, Spot> = BTreeMap::new();
    for view in listings {
        let Some(place) = view.source.as_ref().and_then(|source| source.place.as_ref()) else { continue };
        let Some(at) = &place.coordinates else { continue };
        let spot = places.entry(facts::place(place, ui.lang)).or_insert_with(|| Spot {
            latitude_e6: at.latitude_e6,
            longitude_e6: at.longitude_e6,
            slots: 0,
            label: String::new(),
            name: facts::city_or_region(place, ui.lang),
            href: format!("{}?country={}", routes::listings(), super::listings::encoded(&place.country)),
        });
        spot.slots += u64::from(view.slots);
    }
    let mut spots: Vec<(String, Spot)> = places.into_iter().collect();
    spots.sort_by_key(|(_, spot)| std::cmp::Reverse(spot.slots));
    for (place, spot) in &mut spots {
        let parts = [("place", place.clone()), ("slots", ui.count("open-slots", spot.slots))];
        spot.label = ui.lang.fill("map-spot", &parts);
    }
    spots
}
