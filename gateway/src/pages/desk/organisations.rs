//! Organisations at the desk: checks that end soon or have ended, those without one, and the check of one: what was seen,
//! noted here and never published, and until when it holds.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use serde::Deserialize;
use volbridge_proto::{codes::checks::ORGANISATION_CHECKS, id::SubjectId, wire::node::v1 as node};

use super::list::key;
use crate::{
    extract::{Form, Path, Query},
    locale,
    names::{self, OrganisationLine},
    pages::{invitation::wrong, render, roles},
    problem::Problem,
    routes,
    session::Signed,
    shell::Shell,
};

/// Organisations of each list.
const SHOWN: u32 = 50;

/// Roles that decide for the whole partner.
pub(super) const REVIEWERS: &[&str] = &["operator", "administrator", "reviewer"];

struct Row {
    href: String,
    name: String,
    language: String,
    /// "Checked by … on …, until …", or that it has run out.
    check: String,
    run_out: bool,
}

struct Own {
    id: String,
    name: String,
}

#[derive(Template)]
#[template(path = "desk_organisations.html")]
struct OrganisationsPage<'a> {
    ui: &'a Shell,
    reviews: bool,
    due: Vec<Row>,
    unchecked: Vec<Row>,
    more: bool,
    /// Those whose record the reader may revise.
    own: Vec<Own>,
    /// May apply for one.
    applies: bool,
    wrong: String,
}

/// `GET /desk/organisations`
pub async fn show(signed: Signed, ui: Shell) -> Result<Response, Problem> {
    overview(&signed, &ui, String::new()).await
}

/// The page, with what went wrong before.
pub(super) async fn overview(signed: &Signed, ui: &Shell, wrong: String) -> Result<Response, Problem> {
    let reviews = signed.has_for_all(REVIEWERS);
    let (mut due, mut unchecked) = (node::ListChecksResponse::default(), node::ListChecksResponse::default());
    if reviews {
        let ask = |unchecked| node::ListChecksRequest { unchecked, limit: SHOWN, cursor: String::new() };
        let answers = tokio::join!(signed.client.checks(ask(false)), signed.client.checks(ask(true)));
        (due, unchecked) = (answers.0?, answers.1?);
    }
    let administered = signed.account.roles.iter().filter(|role| role.name == "administrator");
    let own = administered.filter(|role| !role.organisation.is_empty());
    let own: Vec<Own> = own
        .map(|role| Own { id: names::subject(&role.organisation), name: roles::organisation(role, ui.lang) })
        .collect();
    let row = |view: &node::OrganisationView| row(view, ui);
    render(&OrganisationsPage {
        applies: !own.is_empty() || signed.has_for_all(&["operator", "administrator"]),
        more: !due.next_cursor.is_empty() || !unchecked.next_cursor.is_empty(),
        due: due.organisations.iter().filter_map(row).collect(),
        unchecked: unchecked.organisations.iter().filter_map(row).collect(),
        reviews,
        own,
        wrong,
        ui,
    })
}

fn row(view: &node::OrganisationView, ui: &Shell) -> Option<Row> {
    let line = OrganisationLine::new(view, ui.lang)?;
    let until = view.source.as_ref()?.checked.as_ref().map(|checked| checked.valid_until.clone());
    Some(Row {
        href: routes::desk_organisation(names::subject(&view.subject)),
        name: line.name,
        language: line.language,
        check: match until {
            Some(until) if !line.check_run_out => {
                ui.with("checking-ends", "date", locale::date(ui.lang, &until))
            }
            _ => line.check,
        },
        run_out: line.check_run_out,
    })
}

struct NoteRow {
    what: String,
    day: String,
    by: String,
    note: String,
}

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "desk_check.html")]
struct CheckPage<'a> {
    ui: &'a Shell,
    id: String,
    name: String,
    language: String,
    href: String,
    check: String,
    run_out: bool,
    notes: Vec<NoteRow>,
    kinds: Vec<Choice>,
    typed: Typed,
    key: String,
    done: String,
    wrong: String,
}

/// What was done before.
#[derive(Default, Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// What a form of the page says.
#[derive(Clone, Default, Deserialize)]
pub struct Typed {
    #[serde(default)]
    what: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    seen_on: String,
    #[serde(default)]
    valid_until: String,
    #[serde(default)]
    key: String,
}

/// `GET /desk/organisations/{id}`
pub async fn one(
    signed: Signed,
    ui: Shell,
    headers: HeaderMap,
    Path(id): Path<SubjectId>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let known = ["noted", "published"].into_iter().find(|known| *known == done.done);
    let done = known.map(|done| ui.lang.code("checking-done", done)).unwrap_or_default();
    let typed = Typed { seen_on: locale::day(ui.now), ..Typed::default() };
    let page = page(&signed, &ui, id, key(&headers), typed).await?;
    render(&CheckPage { done, ..page })
}

/// `POST /desk/organisations/{id}/note`
pub async fn note(
    signed: Signed,
    ui: Shell,
    headers: HeaderMap,
    Path(id): Path<SubjectId>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let request = node::NoteCheckRequest {
        organisation: id.to_vec(),
        what: typed.what.clone(),
        note: typed.note.clone(),
        seen_on: typed.seen_on.clone(),
    };
    match signed.client.note_check(request).await {
        Ok(_) => Ok(onward(id, "noted")),
        Err(problem) => refuse(&signed, &ui, id, key(&headers), typed, &problem).await,
    }
}

/// `POST /desk/organisations/{id}/check`
pub async fn publish(
    signed: Signed,
    ui: Shell,
    headers: HeaderMap,
    Path(id): Path<SubjectId>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let request = node::PublishCheckRequest {
        organisation: id.to_vec(),
        valid_until: typed.valid_until.clone(),
        idempotency_key: typed.key.clone(),
    };
    match signed.client.publish_check(request).await {
        Ok(_) => Ok(onward(id, "published")),
        Err(problem) => {
            let typed = Typed { seen_on: locale::day(ui.now), ..typed };
            refuse(&signed, &ui, id, key(&headers), typed, &problem).await
        }
    }
}

fn onward(id: SubjectId, done: &str) -> Response {
    Redirect::to(&format!("{}?done={done}", routes::desk_organisation(id))).into_response()
}

async fn refuse(
    signed: &Signed,
    ui: &Shell,
    id: SubjectId,
    key: String,
    typed: Typed,
    problem: &Problem,
) -> Result<Response, Problem> {
    if problem.status.is_server_error() {
        return Err(problem.clone());
    }
    render(&CheckPage { wrong: wrong(problem, ui), ..page(signed, ui, id, key, typed).await? })
}

async fn page<'a>(
    signed: &Signed,
    ui: &'a Shell,
    id: SubjectId,
    key: String,
    typed: Typed,
) -> Result<CheckPage<'a>, Problem> {
    let view = signed.client.check(node::GetCheckRequest { organisation: id.to_vec() }).await?;
    let line = view.organisation.as_ref().and_then(|view| OrganisationLine::new(view, ui.lang));
    let line = line.ok_or_else(Problem::not_found)?;
    let what = |code: &str| ui.lang.code("organisation-check", code);
    Ok(CheckPage {
        id: id.to_string(),
        href: line.href,
        name: line.name,
        language: line.language,
        run_out: line.check_run_out,
        check: if line.check.is_empty() { ui.t("checking-none") } else { line.check },
        notes: view
            .notes
            .iter()
            .map(|note| NoteRow {
                what: what(&note.what),
                day: locale::date(ui.lang, &note.seen_on),
                by: note.by.clone(),
                note: note.note.clone(),
            })
            .collect(),
        kinds: ORGANISATION_CHECKS
            .iter()
            .map(|code| Choice { value: (*code).to_owned(), text: what(code), chosen: *code == typed.what })
            .collect(),
        typed,
        key,
        done: String::new(),
        wrong: String::new(),
        ui,
    })
}

/// `POST /desk/organisations/{id}/revise`: a draft of its next revision.
pub async fn revise(signed: Signed, ui: Shell, Path(id): Path<SubjectId>) -> Result<Response, Problem> {
    let request = node::BeginDraftRequest { organisation: id.to_vec(), ..Default::default() };
    match signed.client.begin_draft(request).await {
        Ok(draft) => {
            Ok(Redirect::to(&routes::desk_organisation_draft(hex::encode(&draft.id))).into_response())
        }
        Err(problem) if problem.status.is_client_error() => {
            overview(&signed, &ui, wrong(&problem, &ui)).await
        }
        Err(problem) => Err(problem),
    }
}
