//! One listing: its facts in the reader's language, and the whole text in two
//! languages side by side, each with where it comes from and how it came about.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use serde::Deserialize;
use volbridge_proto::{
    id::{PartnerId, SubjectId},
    wire::{node::v1 as node, record::v1 as record},
};

use super::{
    card::{Card, is_unchecked, origin},
    moved_to, render,
};
use crate::{
    app::App,
    extract::{Path, Query},
    facts::{self, Fact, RoleFacts},
    locale,
    names::{self, MovedLine, OrganisationLine, PartnerLine, best},
    problem::Problem,
    provenance::ProvenanceLine,
    query, routes,
    shell::Shell,
    texts::{Lang, primary_of},
};

/// Fields of the prose, in the order in which they are read; the title stands above.
pub(super) const PROSE: &[&str] = &[
    "summary",
    "description",
    "requirements",
    "safety",
    "accessibility",
    "costs",
    "how_to_apply",
    "selection",
    "contact",
];

/// Listings of the same kind that are shown beside one.
const SIMILAR: usize = 3;
/// Skills by which they are looked for.
const SKILLS: usize = 16;

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

/// A stretch of text; an address in it can be written to. It may break after `@`.
struct Stretch {
    href: String,
    text: String,
    rest: String,
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
    /// With its organisation, from one partner to another.
    moved: Option<MovedLine>,
    organisation: Option<OrganisationLine>,
    state: String,
    facts: Vec<Fact>,
    goals: Vec<String>,
    slots: String,
    roles: Vec<RoleFacts>,
    /// Whose it is, if the partner only passes it on, and where it was read.
    imported: String,
    imported_url: String,
    /// In which language the reader reads, and how the text came about.
    reading: String,
    unchecked: bool,
    contact: Vec<Stretch>,
    how_to_apply: Vec<Stretch>,
    columns: Vec<Column>,
    others: Vec<OtherLanguage>,
    /// There is nothing in the reader's language: which language there is instead.
    untranslated: String,
    api: String,
    /// The same as JSON-LD.
    linked: String,
    demonstration: bool,
    /// For those who share it.
    summary: String,
    picture: String,
    /// When it was signed, and whether its partner's log is heard of.
    freshness: String,
    /// Others within a day's travel; empty if it has no place.
    nearby: String,
    similar: Vec<Card>,
}

/// `GET /listings/{id}`
pub async fn show(
    State(app): State<App>,
    ui: Shell,
    RawQuery(asked): RawQuery,
    Path(id): Path<SubjectId>,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let request = node::GetSubjectRequest {
        subject: id.to_vec(),
        partner: wish.partner.map(PartnerId::to_vec).unwrap_or_default(),
    };
    let view = app.node().listing(request).await?;
    if view.subject != id.as_bytes() {
        return Ok(moved_to(&routes::listing(names::subject(&view.subject)), asked.as_deref()));
    }
    let source = view.source.clone().ok_or_else(Problem::not_found)?;
    let similar = similar(&app, &view, &source, &ui).await;
    let texts = names::texts(&view, &source);
    let shown = pair(&texts, ui.lang, wish.beside.as_deref());
    let reading = best(&shown, |text| &text.language, ui.lang).cloned().unwrap_or_default();
    // What a translation leaves out is told as it was written.
    let read = |field: &str| {
        let told = [Some(&reading), texts.first()].into_iter().flatten();
        let mut found = told.filter_map(|text| text.fields.get(field)).filter(|text| !text.is_empty());
        found.next().cloned().unwrap_or_default()
    };
    let columns: Vec<Column> =
        shown.iter().map(|text| column(text, &view, &source, &reading.language, &ui)).collect();
    let page = ListingPage {
        title: read("title"),
        title_language: reading.language.clone(),
        partner: PartnerLine::of(names::host(view.partner.as_ref(), view.moved.as_ref()), ui.lang),
        moved: MovedLine::of(view.moved.as_ref(), ui.lang),
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
        imported: facts::imported(&source, ui.lang),
        imported_url: source.imported_from.as_ref().map(|from| from.url.clone()).unwrap_or_default(),
        reading: reading_line(&reading, &ui),
        unchecked: is_unchecked(&reading),
        contact: linked(&read("contact")),
        how_to_apply: linked(&read("how_to_apply")),
        others: others(&texts, &shown, id, ui.lang),
        untranslated: if primary_of(&reading.language) == primary_of(&ui.lang.tag()) {
            String::new()
        } else {
            ui.lang.code("language", &reading.language)
        },
        api: routes::api_listing(id),
        linked: routes::listing_jsonld(id),
        demonstration: view.provenance.as_ref().is_some_and(|from| from.demonstration),
        summary: read("summary"),
        picture: format!("{}{}?lang={}", ui.public_url, routes::listing_picture(id), ui.lang),
        freshness: freshness(view.provenance.as_ref(), &ui),
        nearby: nearby(&source),
        similar,
        columns,
        ui: &ui,
    };
    render(&page)
}

/// Open listings with one of its causes, else goals, else skills, the newest first. The page is
/// whole without them.
async fn similar(app: &App, view: &node::ListingView, source: &record::Listing, ui: &Shell) -> Vec<Card> {
    let mut query = node::ListingQuery { open: true, ..Default::default() };
    if !source.causes.is_empty() {
        query.causes.clone_from(&source.causes);
    } else if !source.sdgs.is_empty() {
        query.sdgs.clone_from(&source.sdgs);
    } else {
        let skills = source.roles.iter().flat_map(|role| role.skills.iter().cloned());
        query.skills = skills.take(SKILLS).collect();
    }
    if query.causes.is_empty() && query.sdgs.is_empty() && query.skills.is_empty() {
        return Vec::new();
    }
    // One more: it may be among them itself.
    let request = node::SearchListingsRequest {
        query: Some(query),
        sort: node::ListingSort::Newest.into(),
        limit: (SIMILAR + 1).try_into().unwrap_or(0),
        ..Default::default()
    };
    let Ok(found) = app.node().search(request).await else { return Vec::new() };
    let others = found.hits.iter().filter_map(|hit| hit.listing.as_ref());
    others
        .filter(|other| other.subject != view.subject)
        .filter_map(|other| Card::new(other, ui))
        .take(SIMILAR)
        .collect()
}

/// Where others in the same place are found.
fn nearby(source: &record::Listing) -> String {
    let Some(at) = source.place.as_ref().and_then(|place| place.coordinates.as_ref()) else {
        return String::new();
    };
    let near = query::coordinates(at.latitude_e6, at.longitude_e6);
    let pairs = [("near", near.as_str()), ("km", "100"), ("sort", "distance")];
    query::address(&routes::listings(), &query::written(pairs.into_iter()))
}

/// "Published on 5 December 2026. The partner’s log was up to date when last looked at."
fn freshness(provenance: Option<&node::Provenance>, ui: &Shell) -> String {
    let Some(from) = provenance else { return String::new() };
    let day = locale::date(ui.lang, &locale::day(from.issued_at));
    let key = match (from.revision > 1, from.fresh) {
        (false, true) => "freshness-published",
        (true, true) => "freshness-revised",
        (false, false) => "freshness-published-stale",
        (true, false) => "freshness-revised-stale",
    };
    ui.with(key, "date", day)
}

fn reading_line(text: &node::ListingText, ui: &Shell) -> String {
    let language = ui.lang.code("language", &text.language);
    if text.origin.is_empty() || text.origin == "source" {
        return ui.with("reading-original", "language", language);
    }
    ui.lang.fill("reading-translation", &[("language", language), ("origin", origin(text, ui))])
}

/// Mail addresses become links; everything else stays what it is.
fn linked(text: &str) -> Vec<Stretch> {
    let inside = |next: char| next.is_ascii_alphanumeric() || "@.-_+".contains(next);
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|next| !inside(next)).unwrap_or(rest.len());
        let after = rest[word..].find(inside).map_or(rest.len(), |gap| word + gap);
        let address = rest[..word].trim_end_matches(['.', '-']);
        match address.split_once('@') {
            Some((name, domain)) if !name.is_empty() && domain.contains('.') && !domain.contains('@') => {
                stretches.push(Stretch {
                    href: format!("mailto:{address}"),
                    text: format!("{name}@"),
                    rest: domain.to_owned(),
                });
                stretches.push(plain(&rest[address.len()..after]));
            }
            _ => stretches.push(plain(&rest[..after])),
        }
        rest = &rest[after..];
    }
    stretches
}

fn plain(text: &str) -> Stretch {
    Stretch { href: String::new(), text: text.to_owned(), rest: String::new() }
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
            href: format!("{}?beside={}", routes::listing(id), query::encoded(&text.language)),
        })
        .collect()
}

/// Labels of a column stand in its own language, so that it can be read by itself.
fn column(
    text: &node::ListingText,
    view: &node::ListingView,
    source: &record::Listing,
    reading: &str,
    ui: &Shell,
) -> Column {
    let reader = ui.lang;
    let own = Lang::of(&text.language).unwrap_or(reader);
    let read = |field: &str| text.fields.get(field).cloned().unwrap_or_default();
    let is_source = text.origin == "source";
    let provenance = if is_source {
        ProvenanceLine::of(view.provenance.as_ref(), view.partner.as_ref(), ui)
    } else {
        ProvenanceLine::of(text.provenance.as_ref(), text.translator.as_ref(), ui)
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
        origin: origin(text, ui),
        unchecked: is_unchecked(text),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_text_can_be_written_to_and_nothing_else_changes() {
        for (text, addresses) in [
            ("", &[][..]),
            ("Write to a.b@c.example.", &["mailto:a.b@c.example"]),
            ("演示办公室，a@b.example，或 c@d.example", &["mailto:a@b.example", "mailto:c@d.example"]),
            ("@ a@ @b a@b <a@b@c.d>", &[]),
        ] {
            let stretches = linked(text);
            let whole: String = stretches.iter().map(|part| format!("{}{}", part.text, part.rest)).collect();
            assert_eq!(whole, text);
            let found: Vec<&str> =
                stretches.iter().map(|part| part.href.as_str()).filter(|href| !href.is_empty()).collect();
            assert_eq!(found, addresses, "{text}");
        }
    }
}
