//! Organisations: found by the words of their names, by level, country, partner and what they are part of.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use volbridge_proto::{
    codes::levels::LEVELS,
    id::{PartnerId, SubjectId},
    wire::node::v1 as node,
};

use super::render;
use crate::{
    app::App,
    extract::Query,
    facts,
    names::{OrganisationLine, PartnerLine, host},
    problem::Problem,
    query::encoded,
    routes,
    shell::Shell,
};

const PAGE: u32 = 50;

/// The form; empty fields are as good as none.
#[derive(Debug, Default, Deserialize)]
pub struct Filter {
    #[serde(default)]
    q: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    partner: String,
    #[serde(default)]
    parent: String,
    /// `newest`; anything else: by name.
    #[serde(default)]
    order: String,
    #[serde(default)]
    cursor: String,
}

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

struct Row {
    organisation: OrganisationLine,
    partner: PartnerLine,
    place: String,
}

#[derive(Template)]
#[template(path = "organisations.html")]
struct OrganisationsPage<'a> {
    ui: &'a Shell,
    q: String,
    levels: Vec<Choice>,
    partners: Vec<Choice>,
    orders: Vec<Choice>,
    /// What was chosen elsewhere and has no field of its own: name and value.
    kept: Vec<(&'static str, String)>,
    rows: Vec<Row>,
    next: String,
}

/// `GET /organisations`
pub async fn show(
    State(app): State<App>,
    ui: Shell,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let request = request(&filter, ui.lang.tag())?;
    let (answer, partners) = tokio::join!(app.node().organisations(request), app.partners());
    let answer = answer?;
    let choice = |value: &str, text: String, chosen: &str| Choice {
        value: value.to_owned(),
        text,
        chosen: value == chosen,
    };
    let page = OrganisationsPage {
        levels: LEVELS
            .iter()
            .map(|level| choice(level, ui.lang.code("level", level), &filter.level))
            .collect(),
        partners: partners
            .iter()
            .map(|name| PartnerLine::new(name, ui.lang))
            .map(|partner| choice(&partner.id, partner.name, &filter.partner))
            .collect(),
        orders: [("", "organisations-by-name"), ("newest", "organisations-newest")]
            .map(|(value, key)| choice(value, ui.t(key), &filter.order))
            .into(),
        kept: kept(&filter),
        rows: answer.organisations.iter().filter_map(|view| row(view, &ui)).collect(),
        next: next(&filter, &answer.next_cursor),
        q: filter.q,
        ui: &ui,
    };
    render(&page)
}

fn request(filter: &Filter, language: String) -> Result<node::ListOrganisationsRequest, Problem> {
    let partner = match filter.partner.as_str() {
        "" => Vec::new(),
        id => id.parse::<PartnerId>().map_err(|_| Problem::invalid("partner"))?.to_vec(),
    };
    let parent = match filter.parent.as_str() {
        "" => Vec::new(),
        id => id.parse::<SubjectId>().map_err(|_| Problem::invalid("parent"))?.to_vec(),
    };
    let order = match filter.order.as_str() {
        "newest" => node::OrganisationOrder::Newest,
        _ => node::OrganisationOrder::Name,
    };
    Ok(node::ListOrganisationsRequest {
        partner,
        limit: PAGE,
        cursor: filter.cursor.clone(),
        query: filter.q.trim().to_owned(),
        level: filter.level.clone(),
        country: filter.country.clone(),
        region: filter.region.clone(),
        parent,
        order: order.into(),
        language,
    })
}

fn kept(filter: &Filter) -> Vec<(&'static str, String)> {
    [("country", &filter.country), ("region", &filter.region), ("parent", &filter.parent)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.clone()))
        .collect()
}

fn row(view: &node::OrganisationView, ui: &Shell) -> Option<Row> {
    let place = view.source.as_ref().and_then(|source| source.place.as_ref());
    Some(Row {
        organisation: OrganisationLine::new(view, ui.lang)?,
        partner: PartnerLine::of(host(view.partner.as_ref(), view.moved.as_ref()), ui.lang),
        place: place.map(|place| facts::place(place, ui.lang)).unwrap_or_default(),
    })
}

fn next(filter: &Filter, cursor: &str) -> String {
    if cursor.is_empty() {
        return String::new();
    }
    let mut address = format!("{}?cursor={}", routes::organisations(), encoded(cursor));
    let own =
        [("q", &filter.q), ("level", &filter.level), ("partner", &filter.partner), ("order", &filter.order)];
    let own = own.into_iter().map(|(name, value)| (name, value.clone()));
    for (name, value) in own.chain(kept(filter)).filter(|(_, value)| !value.is_empty()) {
        address.push_str(&format!("&{name}={}", encoded(&value)));
    }
    address
}
