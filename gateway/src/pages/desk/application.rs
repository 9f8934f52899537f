//! A draft of an organisation: applied for by its own administrators, decided by the partner's reviewers.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use volbridge_proto::{
    codes::levels::LEVELS,
    id::SubjectId,
    wire::{node::v1 as node, record::v1 as record},
};

use super::id_of;
use crate::{
    extract::{Form, Path, Query},
    names,
    pages::{invitation::wrong, render, roles},
    problem::Problem,
    routes,
    session::Signed,
    shell::Shell,
    texts::primary_of,
};

/// Languages of names and of the description.
const LANGUAGES: [&str; 2] = ["zh-CN", "en"];

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "desk_application.html")]
struct ApplicationPage<'a> {
    ui: &'a Shell,
    /// Where the form goes.
    action: String,
    typed: Typed,
    /// For a new one: the organisation above it.
    above: Vec<Choice>,
    levels: Vec<Choice>,
    languages: Vec<Choice>,
    state: String,
    may_edit: bool,
    submits: bool,
    decides: bool,
    publishes: bool,
    discards: bool,
    /// "Level: must be one of these."
    faults: Vec<String>,
    remarks: Vec<String>,
    done: String,
    wrong: String,
}

/// What the form says.
#[derive(Clone, Default, Deserialize)]
pub struct Typed {
    #[serde(default)]
    version: String,
    #[serde(default)]
    organisation: String,
    #[serde(default)]
    name_zh: String,
    #[serde(default)]
    name_en: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    city: String,
    #[serde(default)]
    website: String,
    #[serde(default)]
    remark: String,
    /// `save`, `submit`, `approve`, `ask`, `publish`, `discard`
    #[serde(default, rename = "do")]
    act: String,
}

/// What was done before.
#[derive(Default, Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// `GET /desk/organisations/new`
pub async fn new(signed: Signed, ui: Shell) -> Result<Response, Problem> {
    let typed = Typed { language: ui.lang.tag(), country: "CN".to_owned(), ..Typed::default() };
    render(&blank(&signed, &ui, typed, String::new()))
}

/// `POST /desk/organisations/new`
pub async fn create(signed: Signed, ui: Shell, Form(typed): Form<Typed>) -> Result<Response, Problem> {
    let request = node::SaveDraftRequest {
        organisation: typed.organisation.parse::<SubjectId>().map(SubjectId::to_vec).unwrap_or_default(),
        record_of_organisation: Some(written(&typed, record::Organisation::default())),
        ..Default::default()
    };
    match signed.client.save_draft(request).await {
        Ok(draft) => Ok(onward(&draft.id, "saved")),
        Err(problem) if problem.status.is_client_error() => {
            render(&blank(&signed, &ui, typed, wrong(&problem, &ui)))
        }
        Err(problem) => Err(problem),
    }
}

/// `GET /desk/organisations/drafts/{id}`
pub async fn show(
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let draft = signed.client.draft(node::GetDraftRequest { id: id_of(&id)? }).await?;
    let known = ["saved", "submitted", "approved", "asked", "published"];
    let known = known.into_iter().find(|known| *known == done.done);
    let done = known.map(|done| ui.lang.code("application-done", done)).unwrap_or_default();
    render(&ApplicationPage { done, ..of_draft(&draft, &ui)? })
}

/// `POST /desk/organisations/drafts/{id}`: stores it, or takes its next step.
pub async fn take(
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    match step(&signed, &id, &typed).await {
        Ok(next) => Ok(next),
        Err(problem) if problem.status.is_server_error() => Err(problem),
        Err(problem) => {
            let draft = signed.client.draft(node::GetDraftRequest { id }).await?;
            let page = of_draft(&draft, &ui)?;
            // What was written stays; the version is the stored one's only where nothing was.
            let typed = if page.may_edit { typed } else { page.typed.clone() };
            render(&ApplicationPage { wrong: wrong(&problem, &ui), typed, ..page })
        }
    }
}

async fn step(signed: &Signed, id: &[u8], typed: &Typed) -> Result<Response, Problem> {
    let at = |version| node::DraftStep { id: id.to_vec(), version };
    let version = typed.version.parse().unwrap_or(0);
    match typed.act.as_str() {
        "save" | "submit" => {
            let draft = signed.client.draft(node::GetDraftRequest { id: id.to_vec() }).await?;
            let before = draft.record_of_organisation.ok_or_else(Problem::not_found)?;
            let request = node::SaveDraftRequest {
                id: id.to_vec(),
                version,
                record_of_organisation: Some(written(typed, before)),
                ..Default::default()
            };
            let saved = signed.client.save_draft(request).await?;
            if typed.act == "save" {
                return Ok(onward(id, "saved"));
            }
            signed.client.submit_draft(at(saved.version)).await?;
            Ok(onward(id, "submitted"))
        }
        "approve" | "ask" => {
            let approved = typed.act == "approve";
            let remark = node::Remark { field: String::new(), text: typed.remark.clone() };
            let request = node::DecideDraftRequest {
                id: id.to_vec(),
                version,
                approved,
                remarks: vec![remark],
                publish_at: 0,
            };
            signed.client.decide_draft(request).await?;
            Ok(onward(id, if approved { "approved" } else { "asked" }))
        }
        "publish" => {
            signed.client.publish_draft(at(version)).await?;
            Ok(onward(id, "published"))
        }
        "discard" => {
            signed.client.discard_draft(at(version)).await?;
            Ok(Redirect::to(&format!("{}?done=discarded", routes::desk())).into_response())
        }
        _ => Err(Problem::invalid("do")),
    }
}

fn onward(id: &[u8], done: &str) -> Response {
    let address = routes::desk_organisation_draft(hex::encode(id));
    Redirect::to(&format!("{address}?done={done}")).into_response()
}

/// The record as it is written; names in other languages and coordinates stay.
fn written(typed: &Typed, before: record::Organisation) -> record::Organisation {
    let ours =
        |name: &record::LocalText| LANGUAGES.iter().any(|tag| primary_of(tag) == primary_of(&name.language));
    let mut names: Vec<record::LocalText> = LANGUAGES
        .iter()
        .zip([&typed.name_zh, &typed.name_en])
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(tag, text)| record::LocalText { language: (*tag).to_owned(), text: text.trim().to_owned() })
        .collect();
    names.extend(before.names.into_iter().filter(|name| !ours(name)));
    let text = |text: &str| text.trim().to_owned();
    let place = (!text(&typed.country).is_empty()).then(|| record::Place {
        country: text(&typed.country).to_uppercase(),
        region: text(&typed.region),
        city: text(&typed.city),
        coordinates: before.place.and_then(|place| place.coordinates),
    });
    record::Organisation {
        language: typed.language.clone(),
        names,
        description: typed.description.trim().replace("\r\n", "\n"),
        level: typed.level.clone(),
        place,
        website: text(&typed.website),
        parent: before.parent,
        checked: before.checked,
    }
}

fn blank<'a>(signed: &Signed, ui: &'a Shell, typed: Typed, wrong: String) -> ApplicationPage<'a> {
    let roles = signed.account.roles.iter().filter(|role| role.name == "administrator");
    let mut above: Vec<Choice> = roles
        .filter(|role| !role.organisation.is_empty())
        .map(|role| {
            let value = names::subject(&role.organisation);
            let chosen = value == typed.organisation;
            Choice { value, text: roles::organisation(role, ui.lang), chosen }
        })
        .collect();
    if signed.has_for_all(&["operator", "administrator"]) {
        let none = Choice { value: String::new(), text: ui.t("application-above-none"), chosen: false };
        above.insert(0, none);
    }
    ApplicationPage {
        action: routes::desk_organisation_new(),
        above,
        may_edit: true,
        wrong,
        ..empty(ui, typed)
    }
}

fn empty(ui: &Shell, typed: Typed) -> ApplicationPage<'_> {
    let choice = |value: &str, text: String, chosen: &str| Choice {
        value: value.to_owned(),
        text,
        chosen: value == chosen,
    };
    ApplicationPage {
        ui,
        action: String::new(),
        above: Vec::new(),
        levels: LEVELS
            .iter()
            .map(|level| choice(level, ui.lang.code("level", level), &typed.level))
            .collect(),
        languages: LANGUAGES
            .iter()
            .map(|tag| choice(tag, ui.lang.code("language", tag), &typed.language))
            .collect(),
        state: String::new(),
        may_edit: false,
        submits: false,
        decides: false,
        publishes: false,
        discards: false,
        faults: Vec::new(),
        remarks: Vec::new(),
        done: String::new(),
        wrong: String::new(),
        typed,
    }
}

fn of_draft<'a>(draft: &node::Draft, ui: &'a Shell) -> Result<ApplicationPage<'a>, Problem> {
    let organisation = draft.record_of_organisation.as_ref().ok_or_else(Problem::not_found)?;
    let named = |tag: &str| {
        let name = organisation.names.iter().find(|name| primary_of(&name.language) == primary_of(tag));
        name.map(|name| name.text.clone()).unwrap_or_default()
    };
    let place = organisation.place.clone().unwrap_or_default();
    let typed = Typed {
        version: draft.version.to_string(),
        name_zh: named("zh-CN"),
        name_en: named("en"),
        language: organisation.language.clone(),
        description: organisation.description.clone(),
        level: organisation.level.clone(),
        country: place.country,
        region: place.region,
        city: place.city,
        website: organisation.website.clone(),
        ..Typed::default()
    };
    let state = draft.state.as_str();
    let written = ["draft", "changes_asked"].contains(&state);
    let fault = |fault: &node::DraftFault| {
        wrong(&Problem { field: fault.field.clone(), ..Problem::named(&fault.code) }, ui)
    };
    Ok(ApplicationPage {
        action: routes::desk_organisation_draft(hex::encode(&draft.id)),
        state: ui.lang.code("draft-state", state),
        may_edit: draft.may_edit && written,
        submits: draft.may_edit && written && draft.faults.is_empty(),
        decides: draft.may_review && state == "in_review",
        publishes: draft.may_review && state == "approved",
        discards: draft.may_edit && state != "published",
        faults: draft.faults.iter().map(fault).collect(),
        remarks: draft.remarks.iter().map(|remark| remark.text.clone()).collect(),
        ..empty(ui, typed)
    })
}
