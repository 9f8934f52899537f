//! The desk: drafts and what is published, the editor, both languages side by side, and the steps in between. New,
//! fill in, look at both languages, publish: four steps.

mod application;
mod editor;
mod fields;
mod form;
mod handovers;
mod imports;
mod list;
mod organisations;
mod preview;
mod quality;
mod read;
mod step;
mod templates;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use volbridge_proto::wire::node::v1 as node;

use crate::{
    app::App,
    names::{self, OrganisationLine, best},
    problem::Problem,
    routes,
    session::{FORM_LIMIT, Signed},
    shell::Shell,
};

/// Organisations that are asked for at a time, and how often: those of a partner that somebody chooses from.
const AT_A_TIME: u32 = 100;
const TIMES: usize = 4;

/// A file of listings as a form sends it; how large it may be is the node's to say.
const FILE_LIMIT: usize = 65 << 20;

/// The desk's pages.
pub fn router() -> Router<App> {
    Router::new()
        .route(routes::DESK, get(list::show))
        .route(routes::DESK_STATUS, post(list::set_status))
        .route(routes::DESK_BEGIN, post(list::begin))
        .route(routes::DESK_NEW, get(editor::new).post(editor::create))
        .route(routes::DESK_DRAFT, get(editor::show).post(editor::store))
        .route(routes::DESK_PREVIEW, get(preview::show))
        .route(routes::DESK_STEP, post(step::take))
        .route(routes::DESK_IMPORT, get(imports::show))
        .route(routes::DESK_IMPORT_PART, get(imports::part))
        .route(routes::DESK_IMPORT_COLUMNS, post(imports::columns))
        .route(routes::DESK_IMPORT_START, post(imports::start))
        .route(routes::DESK_IMPORT_CANCEL, post(imports::cancel))
        .route(routes::DESK_IMPORT_FAULTS, get(imports::faults_file))
        .route(routes::DESK_ORGANISATIONS, get(organisations::show))
        .route(routes::DESK_ORGANISATION_NEW, get(application::new).post(application::create))
        .route(routes::DESK_ORGANISATION_DRAFT, get(application::show).post(application::take))
        .route(routes::DESK_ORGANISATION, get(organisations::one))
        .route(routes::DESK_ORGANISATION_NOTE, post(organisations::note))
        .route(routes::DESK_ORGANISATION_CHECK, post(organisations::publish))
        .route(routes::DESK_ORGANISATION_REVISE, post(organisations::revise))
        .route(routes::DESK_TEMPLATE_BEGIN, post(templates::begin))
        .route(routes::DESK_TEMPLATE_SAVE, post(templates::save))
        .route(routes::DESK_TEMPLATE_REMOVE, post(templates::remove))
        .route(routes::DESK_HANDOVERS, get(handovers::show).post(handovers::offer))
        .route(routes::DESK_HANDOVERS_ACCEPT, post(handovers::accept))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .route(
            routes::DESK_IMPORTS,
            get(imports::list).post(imports::bring).layer(DefaultBodyLimit::max(FILE_LIMIT)),
        )
}

/// A draft's id in an address.
fn id_of(text: &str) -> Result<Vec<u8>, Problem> {
    let id = hex::decode(text).ok().filter(|id| id.len() == 16);
    id.ok_or_else(Problem::not_found)
}

/// Organisations that somebody writes for, by id and name; of the whole partner's the first some hundred by name.
async fn organisations(app: &App, signed: &Signed, ui: &Shell) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for role in signed.account.roles.iter().filter(|role| !role.organisation.is_empty()) {
        let id = names::subject(&role.organisation);
        if !found.iter().any(|(known, _)| *known == id) {
            found.push((id, super::roles::organisation(role, ui.lang)));
        }
    }
    let for_all = signed.has_for_all(&["operator", "administrator", "reviewer", "editor"]);
    let Some(partner) = app.own().await.and_then(|own| own.name).filter(|_| for_all) else { return found };
    let mut cursor = String::new();
    for _ in 0..TIMES {
        let request = node::ListOrganisationsRequest {
            partner: partner.id.clone(),
            limit: AT_A_TIME,
            language: ui.lang.tag(),
            cursor,
            ..Default::default()
        };
        let Ok(page) = app.node().organisations(request).await else { break };
        for view in &page.organisations {
            let id = names::subject(&view.subject);
            if let Some(line) = OrganisationLine::new(view, ui.lang)
                && !found.iter().any(|(known, _)| *known == id)
            {
                found.push((id, line.name));
            }
        }
        cursor = page.next_cursor;
        if cursor.is_empty() {
            break;
        }
    }
    found
}

/// The name of a draft: its title in the reader's language, else in whatever language it has one.
fn title(draft: &node::Draft, ui: &Shell) -> String {
    if let Some(organisation) = &draft.record_of_organisation {
        let named = names::local(&organisation.names, ui.lang).filter(|name| !name.text.is_empty());
        return named.map_or_else(|| ui.t("desk-untitled"), |name| name.text.clone());
    }
    let own = draft.listing.as_ref().map(|listing| (&listing.language, &listing.title));
    let other = draft.translation.as_ref().and_then(|text| Some((&text.language, text.fields.get("title")?)));
    let titles: Vec<_> = [own, other].into_iter().flatten().filter(|(_, title)| !title.is_empty()).collect();
    best(&titles, |(language, _)| language, ui.lang)
        .map_or_else(|| ui.t("desk-untitled"), |(_, title)| (*title).clone())
}
