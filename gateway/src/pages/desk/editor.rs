//! The editor of a draft: all that a listing says, both languages side by side. Whole without a script: a role is
//! added by a button that sends the form and gets it back. Nothing that was typed is lost when the node refuses it.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use volbridge_proto::wire::node::v1 as node;

use super::{
    fields::{Fields, named},
    form::{Form, Said, anchor, label, sentence},
    id_of, organisations,
    quality::{self, Hint},
    read::Read,
    title,
};
use crate::{
    app::App,
    extract::{Path, Query},
    locale,
    pages::render,
    problem::Problem,
    routes,
    session::{FORM_TOKEN, Signed},
    shell::Shell,
};

/// A field that something is said of.
pub struct Line {
    pub label: String,
    pub text: String,
    pub href: String,
}

/// What the page says above the form.
#[derive(Default)]
struct Above {
    problem: String,
    /// Somebody else has changed the draft since it was read.
    newer: bool,
    saved: bool,
}

#[derive(Template)]
#[template(path = "desk_editor.html")]
struct EditorPage<'a> {
    ui: &'a Shell,
    heading: String,
    /// Where the form goes.
    action: String,
    state: String,
    state_class: String,
    revises: bool,
    form: Form,
    above: Above,
    faults: Vec<Line>,
    faults_title: String,
    hints: Vec<Line>,
    hints_title: String,
    /// A reviewer's remarks on the whole.
    remarks: Vec<String>,
    remarked: bool,
    by: String,
}

/// For which organisation.
#[derive(Default, Deserialize)]
pub struct Wish {
    #[serde(default)]
    organisation: String,
    #[serde(default)]
    saved: String,
}

type Pairs = crate::extract::Form<Vec<(String, String)>>;

/// `GET /desk/listings/new`
pub async fn new(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let offered = organisations(&app, &signed, &ui).await;
    let only = match offered.as_slice() {
        [(id, _)] => id.clone(),
        _ => wish.organisation,
    };
    let own = app.own().await.and_then(|own| own.name).unwrap_or_default();
    let other = ui.languages.iter().find(|language| !language.current);
    let mut fields = Fields(
        [
            ("organisation", only),
            ("language", ui.lang.tag()),
            ("t.language", other.map(|language| language.tag.clone()).unwrap_or_default()),
            ("where", "onsite".to_owned()),
            ("place.country", own.country),
            ("applicants", "all".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
    );
    fields.add_role();
    page(&ui, None, &fields, &Said::default(), &offered, Above::default())
}

/// `POST /desk/listings/new`
pub async fn create(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    crate::extract::Form(pairs): Pairs,
) -> Result<Response, Problem> {
    act(&app, &signed, &ui, None, pairs).await
}

/// `GET /desk/listings/{id}`
pub async fn show(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let draft = signed.client.draft(node::GetDraftRequest { id: id_of(&id)? }).await?;
    if !draft.may_edit || draft.state == "published" {
        return Ok(Redirect::to(&routes::desk_preview(id)).into_response());
    }
    let mut fields = Fields::of(&draft);
    if fields.one("t.language").is_empty() {
        // Most drafts get a translation: its language is chosen already.
        let own = fields.one("language").to_owned();
        let other = ui.languages.iter().find(|language| language.tag != own);
        fields.0.retain(|(name, _)| name != "t.language");
        fields
            .0
            .push(("t.language".to_owned(), other.map(|language| language.tag.clone()).unwrap_or_default()));
    }
    let offered = organisations(&app, &signed, &ui).await;
    let said = said(&draft, &ui);
    let above = Above { saved: !wish.saved.is_empty(), ..Above::default() };
    page(&ui, Some(&draft), &fields, &said, &offered, above)
}

/// `POST /desk/listings/{id}`
pub async fn store(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
    crate::extract::Form(pairs): Pairs,
) -> Result<Response, Problem> {
    let draft = signed.client.draft(node::GetDraftRequest { id: id_of(&id)? }).await?;
    act(&app, &signed, &ui, Some(draft), pairs).await
}

/// Does what the pressed button says.
async fn act(
    app: &App,
    signed: &Signed,
    ui: &Shell,
    draft: Option<node::Draft>,
    pairs: Vec<(String, String)>,
) -> Result<Response, Problem> {
    let mut fields = Fields(pairs.into_iter().filter(|(name, _)| name != FORM_TOKEN).collect());
    let wanted = fields.one("do").to_owned();
    fields.0.retain(|(name, _)| name != "do");
    let offered = organisations(app, signed, ui).await;
    let before = draft.as_ref().map(|draft| said(draft, ui)).unwrap_or_default();
    if let Some(gone) = wanted.strip_prefix("remove_role.").and_then(|at| at.parse().ok()) {
        fields.remove_role(gone);
        // What was said of roles stood at their former places.
        return page(ui, draft.as_ref(), &fields, &Said::default(), &offered, Above::default());
    }
    if wanted == "add_role" {
        fields.add_role();
        return page(ui, draft.as_ref(), &fields, &before, &offered, Above::default());
    }
    let mut read = fields.read();
    if wanted == "save_anyway" {
        read.version = draft.as_ref().map_or(0, |draft| draft.version);
    }
    if !read.faults.is_empty() {
        let said = Said { faults: unreadable(&read, ui), ..before };
        let above = Above { problem: ui.t("desk-unreadable"), ..Above::default() };
        return page(ui, draft.as_ref(), &fields, &said, &offered, above);
    }
    match save(signed, draft.as_ref(), read).await {
        Ok(saved) => {
            let id = hex::encode(&saved.id);
            let next = match wanted.as_str() {
                "preview" => routes::desk_preview(id),
                _ => format!("{}?saved=1", routes::desk_draft(id)),
            };
            Ok(Redirect::to(&next).into_response())
        }
        Err(problem) if problem.status.is_client_error() => {
            let newer = problem.code == "draft.changed";
            let mut said = before;
            if !problem.field.is_empty() {
                said.faults.entry(problem.field.clone()).or_default().push(problem.sentence(ui.lang));
            }
            let above = Above { problem: problem.sentence(ui.lang), newer, saved: false };
            page(ui, draft.as_ref(), &fields, &said, &offered, above)
        }
        Err(problem) => {
            // The node can't store now; the form stays, to be sent again.
            let above = Above { problem: problem.sentence(ui.lang), ..Above::default() };
            page(ui, draft.as_ref(), &fields, &before, &offered, above)
        }
    }
}

async fn save(signed: &Signed, draft: Option<&node::Draft>, read: Read) -> Result<node::Draft, Problem> {
    let request = node::SaveDraftRequest {
        id: draft.map(|draft| draft.id.clone()).unwrap_or_default(),
        version: read.version,
        organisation: read.organisation,
        listing: Some(read.listing),
        translation: read.translation,
        record_of_organisation: None,
    };
    signed.client.save_draft(request).await
}

fn unreadable(read: &Read, ui: &Shell) -> std::collections::BTreeMap<String, Vec<String>> {
    let faults = read.faults.iter();
    faults.map(|(field, code)| (field.clone(), vec![sentence(code.as_str(), ui)])).collect()
}

/// What is said of a stored draft: faults, remarks, hints.
fn said(draft: &node::Draft, ui: &Shell) -> Said {
    let listing = draft.listing.clone().unwrap_or_default();
    let mut said = Said::default();
    for fault in &draft.faults {
        said.faults.entry(named(&fault.field, &listing)).or_default().push(sentence(&fault.code, ui));
    }
    for remark in draft.remarks.iter().filter(|remark| !remark.field.is_empty()) {
        said.remarks.insert(named(&remark.field, &listing), remark.text.clone());
    }
    for hint in hints(draft, ui) {
        // What is a fault needs no hint.
        if !said.faults.contains_key(&hint.field) {
            said.hints.insert(hint.field.clone(), ui.lang.code("quality", hint.code));
        }
    }
    said
}

/// What could be better in a draft, today.
pub fn hints(draft: &node::Draft, ui: &Shell) -> Vec<Hint> {
    let listing = draft.listing.clone().unwrap_or_default();
    quality::hints(&listing, draft.translation.as_ref(), &locale::day(ui.now))
}

/// The faults of a draft, each with where it is mended.
pub fn faults(said: &Said, editor: &str, ui: &Shell) -> Vec<Line> {
    let lines = said.faults.iter().map(|(field, faults)| Line {
        label: label(field, ui),
        text: faults.join(" "),
        href: format!("{editor}#{}", anchor(field)),
    });
    lines.collect()
}

/// The same of a stored draft.
pub fn faults_of(draft: &node::Draft, editor: &str, ui: &Shell) -> Vec<Line> {
    faults(&said(draft, ui), editor, ui)
}

/// Hints as lines, those of one kind together.
pub fn hint_lines(hints: &[Hint], editor: &str, ui: &Shell) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut lacking: Vec<String> = Vec::new();
    for hint in hints {
        if hint.code == "lacking" {
            lacking.push(label(hint.field.strip_prefix("t.").unwrap_or(&hint.field), ui));
            continue;
        }
        lines.push(Line {
            label: label(&hint.field, ui),
            text: ui.lang.code("quality", hint.code),
            href: format!("{editor}#{}", anchor(&hint.field)),
        });
    }
    if let Some(first) = hints.iter().find(|hint| hint.code == "lacking") {
        lines.push(Line {
            label: ui.t("desk-translation"),
            text: ui.with("quality-lacking-all", "fields", lacking.join(&ui.t("list-separator"))),
            href: format!("{editor}#{}", anchor(&first.field)),
        });
    }
    lines
}

fn page(
    ui: &Shell,
    draft: Option<&node::Draft>,
    fields: &Fields,
    said: &Said,
    offered: &[(String, String)],
    above: Above,
) -> Result<Response, Problem> {
    let id = draft.map(|draft| hex::encode(&draft.id)).unwrap_or_default();
    let remarks = draft.map(|draft| draft.remarks.as_slice()).unwrap_or_default();
    let state = draft.map(|draft| draft.state.clone()).unwrap_or_default();
    let faults = faults(said, "", ui);
    let hints = draft.map(|draft| hint_lines(&hints(draft, ui), "", ui)).unwrap_or_default();
    render(&EditorPage {
        heading: draft.map_or_else(|| ui.t("desk-new"), |draft| title(draft, ui)),
        action: if id.is_empty() { routes::desk_new() } else { routes::desk_draft(&id) },
        state: if state.is_empty() { String::new() } else { ui.lang.code("draft-state", &state) },
        state_class: state,
        revises: draft.is_some_and(|draft| draft.revises),
        form: Form::new(fields, said, offered, ui),
        faults_title: ui.count("desk-faults", faults.len() as u64),
        hints_title: ui.count("desk-hints", hints.len() as u64),
        faults,
        hints,
        remarks: remarks.iter().filter(|one| one.field.is_empty()).map(|one| one.text.clone()).collect(),
        remarked: !remarks.is_empty(),
        by: draft.map(|draft| draft.decided_by.clone()).unwrap_or_default(),
        above,
        ui,
    })
}
