//! One conference: when and where, who organises it, and its materials.

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::{id::SubjectId, wire::node::v1 as node};

use super::{partner::web_address, render};
use crate::{
    app::App,
    extract::Path,
    facts::{self, Fact},
    locale,
    names::{self, PartnerLine},
    problem::Problem,
    provenance::ProvenanceLine,
    routes,
    shell::Shell,
};

struct MaterialRow {
    title: String,
    language: String,
    /// "Slides, Chinese, PDF, 1.2 MB"
    facts: String,
    by: String,
    summary: String,
    href: String,
    held: bool,
    licence: String,
    provenance: ProvenanceLine,
}

#[derive(Template)]
#[template(path = "conference.html")]
struct ConferencePage<'a> {
    ui: &'a Shell,
    name: String,
    language: String,
    other_names: Vec<(String, String)>,
    theme: String,
    description: String,
    prose_language: String,
    /// In which language the prose is; empty if there is none.
    reading: String,
    facts: Vec<Fact>,
    topics: Vec<String>,
    website: String,
    organisers: Vec<PartnerLine>,
    materials: Vec<MaterialRow>,
    provenance: ProvenanceLine,
    api: String,
}

/// `GET /conferences/{id}`
pub async fn show(State(app): State<App>, ui: Shell, Path(id): Path<SubjectId>) -> Result<Response, Problem> {
    let request = node::GetSubjectRequest { subject: id.to_vec(), partner: Vec::new() };
    let view = app.node().conference(request).await?;
    let source = view.source.clone().ok_or_else(Problem::not_found)?;
    let named = names::local(&source.names, ui.lang).cloned().unwrap_or_default();
    let mut facts = Vec::new();
    let mut say = |label: &str, value: String| {
        if !value.is_empty() {
            facts.push(Fact { label: ui.t(label), value });
        }
    };
    say("conference-dates", locale::dates(ui.lang, &source.starts_on, &source.ends_on));
    say("fact-place", source.place.as_ref().map(|place| facts::place(place, ui.lang)).unwrap_or_default());
    say("fact-time-zone", locale::time_zone(ui.lang, &source.time_zone, &source.starts_on));
    let page = ConferencePage {
        other_names: source
            .names
            .iter()
            .filter(|other| other.language != named.language)
            .map(|other| (other.language.clone(), other.text.clone()))
            .collect(),
        name: named.text,
        language: named.language,
        theme: source.theme.clone(),
        description: source.description.clone(),
        prose_language: source.language.clone(),
        reading: if source.description.is_empty() {
            String::new()
        } else {
            ui.with("reading-original", "language", ui.lang.code("language", &source.language))
        },
        topics: source.topics.clone(),
        website: web_address(&source.website),
        organisers: view.organisers.iter().map(|partner| PartnerLine::new(partner, ui.lang)).collect(),
        materials: view.materials.iter().filter_map(|view| material(view, &ui)).collect(),
        provenance: ProvenanceLine::of(view.provenance.as_ref(), view.partner.as_ref(), &ui),
        api: routes::api_conference(id),
        facts,
        ui: &ui,
    };
    render(&page)
}

fn material(view: &node::MaterialView, ui: &Shell) -> Option<MaterialRow> {
    let reader = ui.lang;
    let source = view.source.as_ref()?;
    let blob = source.blob.clone().unwrap_or_default();
    let parts = [
        reader.code("material", &source.kind),
        reader.code("language", &source.language),
        locale::date(reader, &source.date),
        reader.code("media", &blob.media_type.replace('/', "-")),
        size(blob.size),
    ];
    let by = [source.authors.join(&reader.t("list-separator")), source.organisation.clone()];
    let joined = |parts: &[String]| -> String {
        let told: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        told.join(" · ")
    };
    Some(MaterialRow {
        title: source.title.clone(),
        language: source.language.clone(),
        facts: joined(&parts),
        by: joined(&by),
        summary: source.r#abstract.clone(),
        href: routes::material_file(names::subject(&view.subject)),
        held: view.held,
        licence: source.licence.clone(),
        provenance: ProvenanceLine::of(view.provenance.as_ref(), view.partner.as_ref(), ui),
    })
}

/// "1.2 MB": decimal units, one place.
fn size(bytes: u64) -> String {
    match bytes {
        0 => String::new(),
        1..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
