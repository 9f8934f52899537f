//! One listing: its facts in the reader's language, and the whole text in two
//! languages side by side, each with where it comes from and how it came about.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use volbridge_proto::{
    id::{PartnerId, SubjectId},
    wire::{node::v1 as node, record::v1 as record},
};

use super::{card::origin, render};
use crate::{
    app::App,
    extract::{Path, Query},
    facts::{self, Fact, RoleFacts},
    names::{self, OrganisationLine, PartnerLine, best},
    problem::Problem,
    provenance::ProvenanceLine,
    routes,
    shell::Shell,
    texts::Lang,
};

/// Fields of the prose, in the order in which they are read; the title stands above.
const PROSE: &[&str] =
    &["summary", "description", "requirements", "safety", "costs", "how_to_apply", "contact"];

/// Which partner's subject, if two use the same id; which other language to show.
#[derive(Deserialize)]
pub struct Wish {
    partner: Option<PartnerId>,
    beside: Option<String>,
}

/// One language's whole text.
struct Column {
    language: String,
    language_name: String,
    is_source: bool,
    is_reader: bool,
    origin: String,
    unchecked: bool,
    translator: Option<PartnerLine>,
    provenance: ProvenanceLine,
    title: String,
    sections: Vec<Section>,
    roles_heading: String,
    roles: Vec<RoleText>,
}

struct Section {
    heading: String,
    text: String,
}

struct RoleText {
    title: String,
    tasks: String,
}

struct OtherLanguage {
    name: String,
    href: String,
}

#[derive(Template)]
#[template(path = "listing.html")]
struct ListingPage<'a> {
    ui: &'a Shell,
    title: String,
    title_language: String,
    partner: PartnerLine,
    organisation: Option<OrganisationLine>,
    state: String,
    facts: Vec<Fact>,
    goals: Vec<String>,
    slots: String,
    roles: Vec<RoleFacts>,
    contact: String,
    how_to_apply: String,
    columns: Vec<Column>,
    others: Vec<OtherLanguage>,
    untranslated: bool,
    api: String,
    demonstration: bool,
}

/// `GET /listings/{id}`
pub async fn show(
    State(app): State<App>,
    ui: Shell,
    Path(id): Path<SubjectId>,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let request = node::GetSubjectRequest {
        subject: id.to_vec(),
        partner: wish.partner.map(PartnerId::to_vec).unwrap_or_default(),
    };
    let view = app.node().listing(request).await?;
    let source = view.source.clone().ok_or_else(Problem::not_found)?;
    let texts = names::texts(&view, &source);
    let shown = pair(&texts, ui.lang, wish.beside.as_deref());
    let reading = best(&shown, |text| &text.language, ui.lang).cloned().unwrap_or_default();
    let read = |field: &str| reading.fields.get(field).cloned().unwrap_or_default();
    let columns: Vec<Column> =
        shown.iter().map(|text| column(text, &view, &source, &reading.language, ui.lang)).collect();
    let page = ListingPage {
        title: read("title"),
        title_language: reading.language.clone(),
        partner: PartnerLine::of(view.partner.as_ref(), ui.lang),
        organisation: view.organisation.as_ref().and_then(|view| OrganisationLine::new(view, ui.lang)),
        state: state(view.state(), ui.lang),
        facts: facts::of_listing(&source, ui.lang),
        goals: facts::goals(&source.sdgs, ui.lang),
        slots: ui.count("open-slots", view.slots),
        roles: source
            .roles
            .iter()
            .map(|role| facts::of_role(role, read(&format!("roles.{}.title", role.number)), ui.lang))
            .collect(),
        contact: read("contact"),
        how_to_apply: read("how_to_apply"),
        others: others(&texts, &shown, id, ui.lang),
        untranslated: texts.len() < 2,
        api: routes::api_listing(id),
        demonstration: view.provenance.as_ref().is_some_and(|from| from.demonstration),
        columns,
        ui: &ui,
    };
    render(&page)
}

/// The source and the one beside it: what was asked for, else the reader's language, else the next.
fn pair(texts: &[node::ListingText], reader: Lang, beside: Option<&str>) -> Vec<node::ListingText> {
    let Some((source, translations)) = texts.split_first() else { return Vec::new() };
    let asked = beside.and_then(|tag| translations.iter().find(|text| text.language == tag));
    let other = asked.or_else(|| best(translations, |text| &text.language, reader));
    [Some(source), other].into_iter().flatten().cloned().collect()
}

fn others(
    texts: &[node::ListingText],
    shown: &[node::ListingText],
    id: SubjectId,
    reader: Lang,
) -> Vec<OtherLanguage> {
    texts
        .iter()
        .filter(|text| !shown.iter().any(|seen| seen.language == text.language))
        .map(|text| OtherLanguage {
            name: reader.code("language", &text.language),
            href: format!("{}?beside={}", routes::listing(id), super::listings::encoded(&text.language)),
        })
        .collect()
}

/// Labels of a column stand in its own language, so that it can be read by itself.
fn column(
    text: &node::ListingText,
    view: &node::ListingView,
    source: &record::Listing,
    reading: &str,
    reader: Lang,
) -> Column {
    let own = Lang::of(&text.language).unwrap_or(reader);
    let read = |field: &str| text.fields.get(field).cloned().unwrap_or_default();
    let is_source = text.origin == "source";
    let provenance = if is_source {
        ProvenanceLine::of(view.provenance.as_ref(), view.partner.as_ref(), reader)
    } else {
        ProvenanceLine::of(text.provenance.as_ref(), text.translator.as_ref(), reader)
    };
    let role = |role: &record::Role| RoleText {
        title: read(&format!("roles.{}.title", role.number)),
        tasks: read(&format!("roles.{}.tasks", role.number)),
    };
    Column {
        language: text.language.clone(),
        language_name: own.code("language", &text.language),
        is_source,
        is_reader: text.language == reading,
        origin: origin(text, reader),
        unchecked: text.origin == "machine" && text.reviewed_by.is_empty(),
        translator: text.translator.as_ref().map(|partner| PartnerLine::new(partner, reader)),
        provenance,
        title: read("title"),
        sections: PROSE
            .iter()
            .map(|field| Section { heading: own.code("field", &field.replace('_', "-")), text: read(field) })
            .filter(|section| !section.text.is_empty())
            .collect(),
        roles_heading: own.t("field-roles"),
        roles: source.roles.iter().map(role).filter(|role| !role.tasks.is_empty()).collect(),
    }
}

/// What must be said of a listing that isn't live.
fn state(state: node::RecordState, reader: Lang) -> String {
    match state {
        node::RecordState::Unspecified | node::RecordState::Live => String::new(),
        other => reader.code("state", names::state(other)),
    }
}
