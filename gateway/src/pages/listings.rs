//! Listings: search by words, country, partner and language; newest first.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use volbridge_proto::{id::PartnerId, wire::node::v1 as node};

use super::{card::Card, render};
use crate::{
    app::App, extract::Query, names::PartnerLine, problem::Problem, routes, shell::Shell, texts::grouped,
};

const PAGE: u32 = 20;

/// The form; empty fields are as good as none. `lang` is the reader's language.
#[derive(Debug, Default, Deserialize)]
pub struct Filter {
    #[serde(default)]
    q: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    partner: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    cursor: String,
}

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "listings.html")]
struct ListingsPage<'a> {
    ui: &'a Shell,
    filter: Filter,
    countries: Vec<Choice>,
    partners: Vec<Choice>,
    languages: Vec<Choice>,
    found: String,
    cards: Vec<Card>,
    next: String,
    /// New listings are put on top of a list that nothing narrows.
    live: bool,
    filtered: bool,
}

/// `GET /listings`
pub async fn show(
    State(app): State<App>,
    ui: Shell,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let partner = match filter.partner.as_str() {
        "" => Vec::new(),
        id => id.parse::<PartnerId>().map_err(|_| Problem::invalid("partner"))?.to_vec(),
    };
    let request = node::ListListingsRequest {
        query: filter.q.trim().to_owned(),
        language: filter.language.clone(),
        country: filter.country.clone(),
        partner,
        limit: PAGE,
        cursor: filter.cursor.clone(),
    };
    let (answer, partners, known) =
        tokio::join!(app.node().listings(request), app.partners(), app.countries());
    let answer = answer?;
    let filtered = [&filter.q, &filter.country, &filter.partner, &filter.language]
        .iter()
        .any(|field| !field.trim().is_empty());
    let page = ListingsPage {
        countries: countries(&known, &filter, &ui),
        partners: partners.iter().map(|name| partner_choice(name, &filter, &ui)).collect(),
        languages: ui
            .languages
            .iter()
            .map(|known| Choice {
                value: known.tag.clone(),
                text: ui.lang.code("language", &known.tag),
                chosen: known.tag == filter.language,
            })
            .collect(),
        found: ui.count("listings-found", answer.total.max(answer.listings.len() as u64)),
        cards: answer.listings.iter().filter_map(|view| Card::new(view, &ui)).collect(),
        next: next(&filter, &answer.next_cursor),
        live: !filtered && filter.cursor.is_empty(),
        filtered,
        filter,
        ui: &ui,
    };
    render(&page)
}

fn countries(known: &[(String, u64)], filter: &Filter, ui: &Shell) -> Vec<Choice> {
    let choice =
        |code: &str, text: String| Choice { value: code.to_owned(), text, chosen: filter.country == code };
    let mut choices: Vec<Choice> = known
        .iter()
        .map(|(code, count)| {
            let parts = [("country", ui.lang.code("country", code)), ("count", grouped(*count))];
            choice(code, ui.lang.fill("filter-country-count", &parts))
        })
        .collect();
    if !filter.country.is_empty() && !choices.iter().any(|choice| choice.chosen) {
        choices.push(choice(&filter.country, ui.lang.code("country", &filter.country)));
    }
    choices
}

fn partner_choice(name: &node::PartnerName, filter: &Filter, ui: &Shell) -> Choice {
    let partner = PartnerLine::new(name, ui.lang);
    Choice {
        chosen: filter.partner == partner.id,
        text: format!("{} · {}", partner.name, partner.country_code),
        value: partner.id,
    }
}

fn next(filter: &Filter, cursor: &str) -> String {
    if cursor.is_empty() {
        return String::new();
    }
    let mut address = format!("{}?cursor={}", routes::listings(), encoded(cursor));
    let kept = [
        ("q", &filter.q),
        ("country", &filter.country),
        ("partner", &filter.partner),
        ("language", &filter.language),
    ];
    for (name, value) in kept.iter().filter(|(_, value)| !value.is_empty()) {
        address.push_str(&format!("&{name}={}", encoded(value)));
    }
    address
}

/// A text as a value in a query.
pub fn encoded(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("%{byte:02X}"));
        }
    }
    safe
}
