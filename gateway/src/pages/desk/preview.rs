//! A draft in both languages side by side, as readers will see it, and its next step: handing it in, a reviewer's
//! word, publishing.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use volbridge_proto::wire::{node::v1 as node, record::v1 as record};

use super::{
    editor::{self, Line},
    fields::named,
    form::label,
    id_of, title,
};
use crate::{
    app::App,
    extract::{Path, Query},
    facts::{self, Fact, RoleFacts},
    locale,
    names::{self, PartnerLine},
    pages::{listing::PROSE, render},
    problem::Problem,
    routes,
    session::Signed,
    shell::Shell,
    texts::Lang,
};

struct Section {
    heading: String,
    text: String,
    /// It is told as the source has it: the translation lacks it.
    borrowed: bool,
}

struct RoleText {
    facts: RoleFacts,
    tasks: String,
    /// Told as the source has them.
    borrowed: bool,
}

/// The listing in one language, labels and all.
struct Column {
    language: String,
    language_name: String,
    is_source: bool,
    lang: Lang,
    title: String,
    organisation: String,
    facts: Vec<Fact>,
    goals: Vec<String>,
    sections: Vec<Section>,
    roles: Vec<RoleText>,
}

/// A field that a reviewer may say something of.
struct Remark {
    name: String,
    label: String,
    text: String,
    changed: bool,
}

#[derive(Template)]
#[template(path = "desk_preview.html")]
struct PreviewPage<'a> {
    ui: &'a Shell,
    id: String,
    version: u64,
    heading: String,
    state: String,
    state_class: String,
    revises: bool,
    columns: Vec<Column>,
    faults: Vec<Line>,
    faults_title: String,
    hints: Vec<Line>,
    hints_title: String,
    changed: Vec<String>,
    said: Vec<(String, String)>,
    remarks: Vec<Remark>,
    history: String,
    publish_at: String,
    done: String,
    problem: String,
    listing: String,
    /// The steps that can be taken.
    edit: bool,
    submit: bool,
    publish: bool,
    review: bool,
    copy: bool,
    discard: bool,
}

/// What was done before the page is shown.
#[derive(Default, Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// `GET /desk/listings/{id}/preview`
pub async fn show(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let draft = signed.client.draft(node::GetDraftRequest { id: id_of(&id)? }).await?;
    let known = ["submitted", "approved", "asked"].into_iter().find(|known| *known == done.done);
    let done = known.map(|done| ui.lang.code("desk-done", done)).unwrap_or_default();
    render(&PreviewPage { done, ..context(&app, &ui, &draft, &[]).await })
}

/// The same after a step that was refused.
pub async fn page(
    app: &App,
    ui: &Shell,
    draft: &node::Draft,
    typed: &[(String, String)],
    problem: String,
) -> Result<Response, Problem> {
    render(&PreviewPage { problem, ..context(app, ui, draft, typed).await })
}

async fn context<'a>(
    app: &App,
    ui: &'a Shell,
    draft: &node::Draft,
    typed: &[(String, String)],
) -> PreviewPage<'a> {
    let listing = draft.listing.clone().unwrap_or_default();
    let id = hex::encode(&draft.id);
    let editor = if draft.may_edit { routes::desk_draft(&id) } else { String::new() };
    let partner = app.own().await.and_then(|own| own.name);
    let state = draft.state.as_str();
    let open = ["draft", "changes_asked"].contains(&state);
    let whole = draft.faults.is_empty();
    let faults = editor::faults_of(draft, &editor, ui);
    let hints = editor::hint_lines(&editor::hints(draft, ui), &editor, ui);
    PreviewPage {
        version: draft.version,
        heading: title(draft, ui),
        state: ui.lang.code("draft-state", state),
        state_class: state.to_owned(),
        revises: draft.revises,
        columns: columns(draft, &listing, partner.as_ref(), ui),
        faults_title: ui.count("desk-faults", faults.len() as u64),
        hints_title: ui.count("desk-hints", hints.len() as u64),
        faults,
        hints,
        changed: changed(draft, &listing, ui),
        said: said(draft, &listing, ui),
        remarks: remarks(draft, &listing, typed, ui),
        history: history(draft, ui),
        publish_at: if draft.publish_at > 0 {
            ui.with("desk-publishes", "moment", locale::moment(ui.lang, draft.publish_at))
        } else {
            String::new()
        },
        listing: if draft.revises || state == "published" {
            routes::listing(names::subject(&draft.subject))
        } else {
            String::new()
        },
        edit: draft.may_edit && state != "published",
        submit: draft.may_edit && open && draft.review_needed && whole,
        publish: whole
            && (draft.may_edit || draft.may_review)
            && (state == "approved" || open && !draft.review_needed),
        review: draft.may_review && state == "in_review",
        copy: draft.may_edit,
        discard: draft.may_edit && state != "published",
        done: String::new(),
        problem: String::new(),
        id,
        ui,
    }
}

/// The source, and the translation if there is one.
fn columns(
    draft: &node::Draft,
    listing: &record::Listing,
    partner: Option<&node::PartnerName>,
    ui: &Shell,
) -> Vec<Column> {
    let source = |field: &str| source_text(listing, field);
    let mut columns =
        vec![column(&listing.language, true, &|field| (source(field), false), draft, listing, partner, ui)];
    if let Some(translation) = &draft.translation {
        let read = |field: &str| match translation.fields.get(field).filter(|text| !text.is_empty()) {
            Some(text) => (text.clone(), false),
            None => (source(field), true),
        };
        columns.push(column(&translation.language, false, &read, draft, listing, partner, ui));
    }
    columns
}

/// The text of a field as translations name it.
fn source_text(listing: &record::Listing, field: &str) -> String {
    let role = field.strip_prefix("roles.").and_then(|rest| rest.split_once('.'));
    let Some((number, field)) = role else { return super::fields::prose(listing, field).to_owned() };
    let role = listing.roles.iter().find(|role| role.number.to_string() == number);
    role.map(|role| if field == "title" { role.title.clone() } else { role.tasks.clone() })
        .unwrap_or_default()
}

fn column(
    language: &str,
    is_source: bool,
    read: &dyn Fn(&str) -> (String, bool),
    draft: &node::Draft,
    listing: &record::Listing,
    partner: Option<&node::PartnerName>,
    ui: &Shell,
) -> Column {
    let lang = Lang::of(language).unwrap_or(ui.lang);
    let organisation = names::local(&draft.organisation_names, lang).map(|name| name.text.clone());
    let partner = PartnerLine::of(partner, lang).name;
    let sections = PROSE.iter().map(|field| {
        let (text, borrowed) = read(field);
        // What can't be translated isn't lacking.
        let borrowed = borrowed && *field != "contact";
        Section { heading: lang.code("field", &field.replace('_', "-")), text, borrowed }
    });
    let roles = listing.roles.iter().map(|role| {
        let (title, title_borrowed) = read(&format!("roles.{}.title", role.number));
        let (tasks, tasks_borrowed) = read(&format!("roles.{}.tasks", role.number));
        let borrowed = title_borrowed || tasks_borrowed && !tasks.is_empty();
        RoleText { facts: facts::of_role(role, title, lang), tasks, borrowed }
    });
    Column {
        language: language.to_owned(),
        language_name: lang.code("language", language),
        is_source,
        title: read("title").0,
        organisation: [organisation.unwrap_or_default(), partner]
            .into_iter()
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        facts: facts::of_listing(listing, lang),
        goals: facts::goals(&listing.sdgs, lang),
        sections: sections.filter(|section| !section.text.is_empty()).collect(),
        roles: roles.collect(),
        lang,
    }
}

/// Labels of what was changed since it was submitted before, or since it is published.
fn changed(draft: &node::Draft, listing: &record::Listing, ui: &Shell) -> Vec<String> {
    let mut labels: Vec<String> =
        draft.changed.iter().map(|field| label(&named(field, listing), ui)).collect();
    labels.sort();
    labels.dedup();
    labels
}

fn said(draft: &node::Draft, listing: &record::Listing, ui: &Shell) -> Vec<(String, String)> {
    let whole = |field: &str| field.is_empty();
    let remarks = draft.remarks.iter();
    remarks
        .map(|remark| {
            let place = if whole(&remark.field) {
                ui.t("desk-whole")
            } else {
                label(&named(&remark.field, listing), ui)
            };
            (place, remark.text.clone())
        })
        .collect()
}

/// The whole, each text that is there, and the facts.
fn remarks(
    draft: &node::Draft,
    listing: &record::Listing,
    typed: &[(String, String)],
    ui: &Shell,
) -> Vec<Remark> {
    let mut names = vec![String::new()];
    let prose = super::fields::PROSE.iter().chain(&["contact"]);
    for field in prose.filter(|field| !super::fields::prose(listing, field).is_empty()) {
        names.push((*field).to_owned());
        names.push(format!("t.{field}"));
    }
    names.retain(|name| name != "t.contact" && (draft.translation.is_some() || !name.starts_with("t.")));
    names.extend((0..listing.roles.len()).map(|at| format!("roles.{at}")));
    names.extend(["place.country", "starts_on", "apply_by", "applicants", "causes"].map(str::to_owned));
    let changed: Vec<String> = draft.changed.iter().map(|field| named(field, listing)).collect();
    let typed_at = |name: &str| {
        let key = format!("remark.{name}");
        typed.iter().find(|(typed, _)| *typed == key).map(|(_, text)| text.clone()).unwrap_or_default()
    };
    names
        .into_iter()
        .map(|name| Remark {
            label: match name.strip_prefix("roles.") {
                _ if name.is_empty() => ui.t("desk-whole"),
                Some(at) => ui.with("desk-role", "n", at.parse::<usize>().unwrap_or(0) + 1),
                None => label(&name, ui),
            },
            text: typed_at(&name),
            changed: !name.is_empty()
                && changed.iter().any(|field| *field == name || field.starts_with(&format!("{name}."))),
            name,
        })
        .collect()
}

/// "Written by …, changed by … on …, decided by …"
fn history(draft: &node::Draft, ui: &Shell) -> String {
    let mut told = Vec::new();
    let mut say = |key: &str, name: &str| {
        if !name.is_empty() {
            told.push(ui.with(key, "name", name));
        }
    };
    say("desk-author", &draft.author);
    if draft.changed_by != draft.author {
        say("desk-changed-by", &draft.changed_by);
    }
    say("desk-decided-by", &draft.decided_by);
    told.push(locale::recent(ui.lang, draft.changed_at, ui.now));
    told.join(&ui.t("clause-separator"))
}
