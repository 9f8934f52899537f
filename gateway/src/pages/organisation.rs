//! One organisation that a partner hosts and vouches for.

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::{id::SubjectId, wire::node::v1 as node};

use super::{card::Card, partner::web_address, render};
use crate::{
    app::App,
    extract::Path,
    facts,
    names::{self, PartnerLine},
    problem::Problem,
    provenance::ProvenanceLine,
    shell::Shell,
};

/// Its newest listings that are shown.
const LISTINGS: u32 = 24;

#[derive(Template)]
#[template(path = "organisation.html")]
struct OrganisationPage<'a> {
    ui: &'a Shell,
    name: String,
    language: String,
    other_names: Vec<(String, String)>,
    description: String,
    description_language: String,
    level: String,
    place: String,
    website: String,
    partner: PartnerLine,
    provenance: ProvenanceLine,
    cards: Vec<Card>,
}

/// `GET /organisations/{id}`
pub async fn show(State(app): State<App>, ui: Shell, Path(id): Path<SubjectId>) -> Result<Response, Problem> {
    let request = node::GetSubjectRequest { subject: id.to_vec(), partner: Vec::new() };
    let view = app.node().organisation(request).await?;
    let source = view.source.clone().ok_or_else(Problem::not_found)?;
    let query = node::ListingQuery { organisation: id.to_vec(), ..Default::default() };
    let listings = node::SearchListingsRequest { query: Some(query), limit: LISTINGS, ..Default::default() };
    let listings = app.node().search(listings).await?;
    let named = names::local(&source.names, ui.lang).cloned().unwrap_or_default();
    let page = OrganisationPage {
        other_names: source
            .names
            .iter()
            .filter(|other| other.language != named.language)
            .map(|other| (other.language.clone(), other.text.clone()))
            .collect(),
        name: named.text,
        language: named.language,
        description: source.description.clone(),
        description_language: source.language.clone(),
        level: ui.lang.code("level", &source.level),
        place: source.place.as_ref().map(|place| facts::place(place, ui.lang)).unwrap_or_default(),
        website: web_address(&source.website),
        partner: PartnerLine::of(view.partner.as_ref(), ui.lang),
        provenance: ProvenanceLine::of(view.provenance.as_ref(), view.partner.as_ref(), &ui),
        cards: listings
            .hits
            .iter()
            .filter_map(|hit| hit.listing.as_ref().and_then(|view| Card::new(view, &ui)))
            .collect(),
        ui: &ui,
    };
    render(&page)
}
