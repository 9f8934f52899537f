//! Listings: found by words, narrowed by facets, near a place, on a map and as a list.
//! The form is complete without JavaScript; every choice stands in the address.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::wire::node::v1 as node;

use super::{card::Card, render};
use crate::{
    app::App,
    atlas, chart,
    choices::{self, Chip, Choice, Facet},
    extract::Query,
    facts,
    feeds::{self, Format},
    problem::Problem,
    query::{self, Asked, CHOICES, SORTS, address, as_asked},
    routes,
    shell::Shell,
    texts::grouped,
};

const PAGE: u32 = 20;
/// Distances to choose from, in kilometres.
const DISTANCES: &[u32] = &[10, 50, 100, 500, 2000];
/// Listings among which a place is looked for by its name.
const PLACES: u32 = 50;
/// Parameters of earlier addresses of this page, and what they are called now.
const EARLIER: &[(&str, &str)] =
    &[("country", "countries"), ("partner", "partners"), ("language", "readable_in")];

#[derive(Template)]
#[template(path = "listings.html")]
struct ListingsPage<'a> {
    ui: &'a Shell,
    words: String,
    sorts: Vec<Choice>,
    open: bool,
    readable: Vec<Choice>,
    near: String,
    distances: Vec<Choice>,
    /// Places of the listings below: coordinates and name.
    places: Vec<(String, String)>,
    facets: Vec<Facet>,
    chips: Vec<Chip>,
    found: String,
    incomplete: bool,
    /// A place that no listing names.
    missed: String,
    /// Empty on further pages.
    map: String,
    /// It shows places, not countries.
    by_place: bool,
    cards: Vec<Card>,
    next: String,
    /// New listings are put on top of a list that nothing narrows.
    live: bool,
    /// The same as JSON.
    api: String,
    /// The same for other programs.
    formats: Vec<Format>,
    /// The same by mail; empty: none is sent.
    alerts: String,
}

/// `GET /listings`
pub async fn show(
    State(app): State<App>,
    ui: Shell,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (pairs, place) = located(renamed(pairs), &app, &ui).await;
    let (asked, _) = Asked::read(pairs)?;
    let answer = app.node().search(request(&asked)).await.map_err(as_asked)?;
    let places = places(&answer.hits, &ui);
    let near_name = match &place {
        Place::Found(name) => Some(name.clone()),
        _ => places.get(asked.value("near")).cloned(),
    };
    let first = asked.cursor.is_empty();
    let page = ListingsPage {
        words: asked.query.text.clone(),
        sorts: sorts(&asked, &ui),
        open: asked.query.open,
        readable: readable(&asked, &ui),
        distances: distances(&asked),
        facets: choices::facets(&answer.facets, &asked, &ui),
        chips: choices::chips(&asked, &routes::listings(), near_name.as_deref(), &ui),
        found: ui.count("listings-found", answer.total.max(answer.hits.len() as u64)),
        incomplete: answer.incomplete,
        near: match &place {
            Place::None => asked.value("near").to_owned(),
            Place::Found(name) | Place::Missed(name) => name.clone(),
        },
        missed: if let Place::Missed(name) = place { name } else { String::new() },
        map: if first && !answer.hits.is_empty() { map(&answer, &asked, &ui) } else { String::new() },
        by_place: by_place(&asked),
        cards: answer.hits.iter().filter_map(|hit| card(hit, &ui)).collect(),
        next: match answer.next_cursor.as_str() {
            "" => String::new(),
            cursor => address(&routes::listings(), &asked.onward(cursor)),
        },
        live: first && asked.narrowing().next().is_none() && newest_first(&asked),
        api: address(&routes::api_search(), &asked.whole()),
        formats: feeds::offered(&asked.whole()),
        alerts: if app.config().mail { address(&routes::alerts(), &asked.whole()) } else { String::new() },
        places: places.into_iter().collect(),
        ui: &ui,
    };
    render(&page)
}

/// Facets are counted on every page; regions when there is one country to divide.
fn request(asked: &Asked) -> node::SearchListingsRequest {
    let divided = !asked.query.countries.is_empty() || !asked.query.regions.is_empty();
    let counted = CHOICES.iter().filter(|name| divided || **name != "regions");
    node::SearchListingsRequest {
        limit: PAGE,
        facets: true,
        facet_names: counted.map(|name| (*name).to_owned()).collect(),
        ..asked.request()
    }
}

fn newest_first(asked: &Asked) -> bool {
    matches!(asked.sort, node::ListingSort::Relevance | node::ListingSort::Newest)
}

/// Addresses that were handed on before the facets came still lead where they led.
fn renamed(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    for (name, _) in &mut pairs {
        if let Some((_, now)) = EARLIER.iter().find(|(earlier, _)| earlier == name) {
            (*now).clone_into(name);
        }
    }
    pairs
}

/// What was made of a place's name.
enum Place {
    /// Coordinates, or nothing, were given.
    None,
    Found(String),
    Missed(String),
}

/// A place that was told by its name becomes coordinates: those of a listing that is there. One
/// that no listing names is dropped with what depends on it, and said.
async fn located(mut pairs: Vec<(String, String)>, app: &App, ui: &Shell) -> (Vec<(String, String)>, Place) {
    let told = pairs.iter().find(|(name, _)| name == "near").map(|(_, value)| value.trim().to_owned());
    let Some(told) = told.filter(|told| !told.is_empty()) else {
        // Without a place its distance means nothing: a form sends it all the same.
        drop_distance(&mut pairs);
        return (pairs, Place::None);
    };
    if told.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return (pairs, Place::None);
    }
    match find(&told, app, ui).await {
        Some(found) => {
            for (_, value) in pairs.iter_mut().filter(|(name, _)| name == "near") {
                found.clone_into(value);
            }
            (pairs, Place::Found(told))
        }
        None => {
            pairs.retain(|(name, _)| name != "near");
            drop_distance(&mut pairs);
            (pairs, Place::Missed(told))
        }
    }
}

fn drop_distance(pairs: &mut Vec<(String, String)>) {
    pairs.retain(|(name, value)| name != "km" && !(name == "sort" && value == "distance"));
}

async fn find(name: &str, app: &App, ui: &Shell) -> Option<String> {
    let query = node::ListingQuery { text: query::bounded(name, 80).ok()?, ..Default::default() };
    let request = node::SearchListingsRequest { query: Some(query), limit: PLACES, ..Default::default() };
    let answer = app.node().search(request).await.ok()?;
    let wanted = name.to_lowercase();
    let places = answer.hits.into_iter().filter_map(|hit| hit.listing?.source?.place);
    let named = places.filter(|place| {
        let names = [place.city.clone(), facts::city(place, ui.lang), place.city.replace('市', "")];
        names.iter().any(|known| known.to_lowercase() == wanted)
    });
    let at = named.filter_map(|place| place.coordinates).next()?;
    Some(query::coordinates(at.latitude_e6, at.longitude_e6))
}

/// Places of these listings: coordinates as they stand in an address, and the name.
fn places(hits: &[node::ListingHit], ui: &Shell) -> BTreeMap<String, String> {
    let places = hits.iter().filter_map(|hit| hit.listing.as_ref()?.source.as_ref()?.place.as_ref());
    places
        .filter_map(|place| {
            let at = place.coordinates.as_ref()?;
            Some((query::coordinates(at.latitude_e6, at.longitude_e6), facts::place(place, ui.lang)))
        })
        .collect()
}

fn card(hit: &node::ListingHit, ui: &Shell) -> Option<Card> {
    let card = Card::new(hit.listing.as_ref()?, ui)?;
    let distance =
        if hit.km > 0 { ui.with("card-distance", "km", grouped(hit.km.into())) } else { String::new() };
    Some(Card { distance, ..card })
}

fn by_place(asked: &Asked) -> bool {
    asked.query.near.is_some() || !asked.query.countries.is_empty()
}

/// By country over all that was found; by place where one country or neighbourhood is looked at.
fn map(answer: &node::SearchListingsResponse, asked: &Asked, ui: &Shell) -> String {
    let spots = if by_place(asked) {
        let listings = answer.hits.iter().filter_map(|hit| hit.listing.as_ref());
        let there = |view: &node::ListingView| {
            let source = view.source.as_ref();
            let at = source.and_then(|source| source.place.as_ref()?.coordinates);
            let near = at.map(|at| query::coordinates(at.latitude_e6, at.longitude_e6)).unwrap_or_default();
            address(&routes::listings(), &query::written([("near", near.as_str()), ("km", "10")].into_iter()))
        };
        atlas::by_place(listings, there, ui)
    } else {
        let counted = answer.facets.iter().find(|facet| facet.name == "countries");
        let counts = counted.map(|facet| facet.counts.as_slice()).unwrap_or_default();
        let there = |code: &str| address(&routes::listings(), &asked.and("countries", code));
        atlas::by_country(counts.iter().map(|count| (count.value.as_str(), count.count)), there, ui)
    };
    if spots.is_empty() { String::new() } else { chart::map(&ui.t("map-hits"), &spots) }
}

fn choice(value: &str, text: String, chosen: bool) -> Choice {
    Choice { value: value.to_owned(), text, count: String::new(), chosen }
}

fn sorts(asked: &Asked, ui: &Shell) -> Vec<Choice> {
    let distance = asked.query.near.is_some();
    SORTS
        .iter()
        .filter(|(name, _)| distance || *name != "distance")
        .map(|(name, sort)| choice(name, ui.lang.code("sort", &name.replace('_', "-")), *sort == asked.sort))
        .collect()
}

fn readable(asked: &Asked, ui: &Shell) -> Vec<Choice> {
    let mut tags: Vec<&str> = ui.languages.iter().map(|known| known.tag.as_str()).collect();
    let chosen = asked.query.readable_in.as_str();
    if !chosen.is_empty() && !tags.contains(&chosen) {
        tags.push(chosen);
    }
    tags.into_iter().map(|tag| choice(tag, ui.lang.code("language", tag), tag == chosen)).collect()
}

fn distances(asked: &Asked) -> Vec<Choice> {
    let chosen = asked.query.near.map_or(query::NEARBY_KM, |near| near.km);
    let mut known = DISTANCES.to_vec();
    if !known.contains(&chosen) {
        known.push(chosen);
        known.sort_unstable();
    }
    known.iter().map(|km| choice(&km.to_string(), grouped(u64::from(*km)), *km == chosen)).collect()
}
