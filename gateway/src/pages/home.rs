//! The start: search, a map of open slots, the newest listings, the next
//! conferences and the network in figures.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::wire::node::v1 as node;

use super::{card::Card, conferences::ConferenceRow, render};
use crate::{
    app::App,
    chart::{self, Spot},
    facts,
    problem::Problem,
    routes,
    shell::Shell,
    texts::{Lang, grouped},
};

/// Pages of a hundred listings that the map looks at.
const MAP_PAGES: usize = 5;
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
    href: String,
}

/// `GET /`
pub async fn show(State(app): State<App>, ui: Shell) -> Result<Response, Problem> {
    let (listings, conferences, partners) = tokio::join!(
        all_listings(&app),
        app.node().conferences(node::ListConferencesRequest::default()),
        app.node().partners(node::ListPartnersRequest {})
    );
    let (listings, total) = listings?;
    let partners = partners?.partners;
    let spots = spots(&listings, ui.lang);
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
        map: chart::map(&ui.t("map-title"), &spots),
        places: spots
            .iter()
            .map(|spot| PlaceRow {
                place: spot.label.clone(),
                slots: grouped(spot.slots),
                href: spot.href.clone(),
            })
            .collect(),
        cards: listings.iter().filter_map(|view| Card::new(view, ui.lang)).take(NEWEST).collect(),
        conferences: conferences?
            .conferences
            .iter()
            .filter_map(|view| ConferenceRow::new(view, ui.lang))
            .take(NEXT)
            .collect(),
        partners: partners.len() as u64,
        ui: &ui,
    };
    render(&page)
}

async fn all_listings(app: &App) -> Result<(Vec<node::ListingView>, u64), Problem> {
    let mut found = Vec::new();
    let mut request = node::ListListingsRequest { limit: 100, ..Default::default() };
    let mut total = 0;
    for _ in 0..MAP_PAGES {
        let page = app.node().listings(request.clone()).await?;
        total = page.total;
        found.extend(page.listings);
        if page.next_cursor.is_empty() {
            break;
        }
        request.cursor = page.next_cursor;
    }
    let total = total.max(found.len() as u64);
    Ok((found, total))
}

/// One spot a place, the largest first; what is online has none.
fn spots(listings: &[node::ListingView], reader: Lang) -> Vec<Spot> {
    let mut places: BTreeMap<String, Spot> = BTreeMap::new();
    for view in listings {
        let Some(place) = view.source.as_ref().and_then(|source| source.place.as_ref()) else { continue };
        let Some(at) = &place.coordinates else { continue };
        let name = facts::place(place, reader);
        let spot = places.entry(name.clone()).or_insert_with(|| Spot {
            latitude_e6: at.latitude_e6,
            longitude_e6: at.longitude_e6,
            slots: 0,
            label: name,
            href: format!("{}?country={}", routes::listings(), super::listings::encoded(&place.country)),
        });
        spot.slots += u64::from(view.slots);
    }
    let mut spots: Vec<Spot> = places.into_values().collect();
    spots.sort_by_key(|spot| std::cmp::Reverse(spot.slots));
    spots
}
