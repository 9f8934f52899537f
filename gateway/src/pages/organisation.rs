//! One organisation that a partner hosts and vouches for.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use volbridge_proto::{
    id::SubjectId,
    wire::{node::v1 as node, record::v1 as record},
};

use super::{card::Card, moved_to, partner::web_address, render};
use crate::{
    app::App,
    extract::Path,
    facts,
    names::{self, MovedLine, OrganisationLine, PartnerLine},
    problem::Problem,
    provenance::ProvenanceLine,
    routes,
    shell::Shell,
    texts::Lang,
};

/// Its newest listings that are shown.
const LISTINGS: u32 = 24;

/// Organisations below it that are shown.
const CHILDREN: u32 = 100;

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
    /// "Checked by … on …", or that it has run out.
    check: String,
    check_run_out: bool,
    /// By what it was checked.
    checked_by: String,
    parent: Option<ParentLine>,
    children: Vec<OrganisationLine>,
    more_children: bool,
    all_children: String,
    api: String,
    partner: PartnerLine,
    /// From one partner to another.
    moved: Option<MovedLine>,
    provenance: ProvenanceLine,
    cards: Vec<Card>,
}

/// The organisation above.
struct ParentLine {
    name: String,
    language: String,
    href: String,
}

/// `GET /organisations/{id}`
pub async fn show(
    State(app): State<App>,
    ui: Shell,
    RawQuery(query): RawQuery,
    Path(id): Path<SubjectId>,
) -> Result<Response, Problem> {
    let request = node::GetSubjectRequest { subject: id.to_vec(), partner: Vec::new() };
    let view = app.node().organisation(request).await?;
    if view.subject != id.as_bytes() {
        return Ok(moved_to(&routes::organisation(names::subject(&view.subject)), query.as_deref()));
    }
    let source = view.source.clone().ok_or_else(Problem::not_found)?;
    let below = node::ListOrganisationsRequest {
        partner: view.partner.as_ref().map(|partner| partner.id.clone()).unwrap_or_default(),
        parent: id.to_vec(),
        limit: CHILDREN,
        language: ui.lang.tag(),
        ..Default::default()
    };
    let query = node::ListingQuery { organisation: id.to_vec(), ..Default::default() };
    let own = node::SearchListingsRequest { query: Some(query), limit: LISTINGS, ..Default::default() };
    let (listings, children) = tokio::join!(app.node().search(own), app.node().organisations(below));
    let (listings, children) = (listings?, children?);
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
        check: names::check(&view, ui.lang),
        check_run_out: view.check() == node::OrganisationCheckState::RunOut,
        checked_by: checked_by(&source, ui.lang),
        parent: view.parent.as_ref().and_then(|parent| parent_line(parent, ui.lang)),
        all_children: format!("{}?parent={id}", routes::organisations()),
        more_children: !children.next_cursor.is_empty(),
        children: children
            .organisations
            .iter()
            .filter_map(|child| OrganisationLine::new(child, ui.lang))
            .collect(),
        api: routes::api_organisation(id),
        partner: PartnerLine::of(names::host(view.partner.as_ref(), view.moved.as_ref()), ui.lang),
        moved: MovedLine::of(view.moved.as_ref(), ui.lang),
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

fn parent_line(parent: &node::OrganisationName, reader: Lang) -> Option<ParentLine> {
    let named = names::local(&parent.names, reader)?;
    Some(ParentLine {
        name: named.text.clone(),
        language: named.language.clone(),
        href: routes::organisation(names::subject(&parent.subject)),
    })
}

fn checked_by(source: &record::Organisation, reader: Lang) -> String {
    let by = source.checked.as_ref().map(|checked| checked.by.as_slice()).unwrap_or_default();
    let by: Vec<String> = by.iter().map(|code| reader.code("organisation-check", code)).collect();
    by.join(&reader.t("list-separator"))
}
