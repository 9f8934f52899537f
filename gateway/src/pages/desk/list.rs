//! The desk's first page: drafts by what is to be done with them, and what is published, to be revised, copied,
//! paused or closed, many at once.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;
use serde::Deserialize;
use volbridge_proto::{id::SubjectId, wire::node::v1 as node};

use super::{
    organisations,
    templates::{self, TemplateRow},
    title,
};
use crate::{
    app::App,
    extract::{Form, Query},
    locale,
    names::{self, OrganisationLine, best},
    pages::render,
    problem::Problem,
    query::encoded,
    routes,
    session::Signed,
    shell::Shell,
};

/// Published listings on a page, and drafts of a state.
const PAGE: u32 = 50;
const DRAFTS: u32 = 100;
/// In the order in which they wait for somebody.
const STATES: &[&str] = &["changes_asked", "in_review", "approved", "draft"];
/// What published listings may be set to.
const STATUS: &[&str] = &["open", "full", "paused", "closed"];

struct DraftRow {
    href: String,
    title: String,
    organisation: String,
    changed: String,
    revises: bool,
    faults: String,
}

struct Group {
    title: String,
    rows: Vec<DraftRow>,
}

struct PublishedRow {
    id: String,
    href: String,
    title: String,
    language: String,
    organisation: String,
    dates: String,
    status: String,
    slots: String,
}

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage<'a> {
    ui: &'a Shell,
    groups: Vec<Group>,
    templates: Vec<TemplateRow>,
    published: Vec<PublishedRow>,
    organisations: Vec<Choice>,
    statuses: Vec<Choice>,
    found: String,
    q: String,
    organisation: String,
    next: String,
    key: String,
    /// A listing that was just published.
    fresh: String,
    done: String,
    wrong: Vec<String>,
}

/// What is looked for among published ones, and what was done before.
#[derive(Clone, Default, Deserialize)]
pub struct Wish {
    #[serde(default)]
    q: String,
    #[serde(default)]
    organisation: String,
    #[serde(default)]
    cursor: String,
    #[serde(default)]
    done: String,
    #[serde(default)]
    published: String,
}

/// `GET /desk`
pub async fn show(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    headers: HeaderMap,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    page(&app, &signed, &ui, key(&headers), wish, Vec::new()).await
}

/// `POST /desk/begin`: a draft of what is published, or a copy of it or of another draft.
pub async fn begin(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let subject = |text: &str| text.parse::<SubjectId>().map(SubjectId::to_vec).unwrap_or_default();
    let request = match (value("revise"), value("copy"), value("copy_draft")) {
        (Some(id), _, _) => node::BeginDraftRequest { listing: subject(id), ..Default::default() },
        (_, Some(id), _) => {
            node::BeginDraftRequest { listing: subject(id), copy: true, ..Default::default() }
        }
        (_, _, Some(id)) => {
            node::BeginDraftRequest { draft: super::id_of(id)?, copy: true, ..Default::default() }
        }
        _ => return Err(Problem::invalid("listing")),
    };
    match signed.client.begin_draft(request).await {
        Ok(draft) => Ok(Redirect::to(&routes::desk_draft(hex::encode(&draft.id))).into_response()),
        Err(problem) if problem.status.is_client_error() => {
            let wrong = vec![problem.sentence(ui.lang)];
            page(&app, &signed, &ui, key(&headers), Wish::default(), wrong).await
        }
        Err(problem) => Err(problem),
    }
}

/// `POST /desk/status`
pub async fn set_status(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let chosen = pairs.iter().filter(|(name, _)| name == "listing");
    let listings: Vec<Vec<u8>> =
        chosen.filter_map(|(_, id)| id.parse::<SubjectId>().ok()).map(SubjectId::to_vec).collect();
    let wish = Wish {
        q: value("q").unwrap_or_default().to_owned(),
        organisation: value("organisation").unwrap_or_default().to_owned(),
        ..Wish::default()
    };
    if listings.is_empty() {
        return page(&app, &signed, &ui, key(&headers), wish, vec![ui.t("desk-status-none")]).await;
    }
    let request = node::SetStatusRequest {
        listings,
        status: value("status").unwrap_or_default().to_owned(),
        idempotency_key: value("key").unwrap_or_default().to_owned(),
    };
    let answer = match signed.client.set_status(request).await {
        Ok(answer) => answer,
        Err(problem) if problem.status.is_client_error() => {
            return page(&app, &signed, &ui, key(&headers), wish, vec![problem.sentence(ui.lang)]).await;
        }
        Err(problem) => return Err(problem),
    };
    let refused: Vec<&node::StatusChange> =
        answer.changes.iter().filter(|change| change.published.is_none()).collect();
    if refused.is_empty() {
        let mut address = format!("{}?done=status", routes::desk());
        for (name, value) in [("q", &wish.q), ("organisation", &wish.organisation)] {
            if !value.is_empty() {
                address.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        return Ok(Redirect::to(&format!("{address}#published")).into_response());
    }
    let mut wrong = Vec::new();
    for change in refused {
        wrong.push(refusal(&app, change, &ui).await);
    }
    page(&app, &signed, &ui, key(&headers), wish, wrong).await
}

/// "Green days: This isn't allowed."
async fn refusal(app: &App, change: &node::StatusChange, ui: &Shell) -> String {
    let request = node::GetSubjectRequest { subject: change.listing.clone(), partner: Vec::new() };
    let view = app.node().listing(request).await.ok();
    let named = view.as_ref().and_then(|view| row(view, ui)).map(|row| row.title);
    let code = change.fault.as_ref().map(|fault| fault.code.clone()).unwrap_or_default();
    let parts = [
        ("field", named.unwrap_or_else(|| names::subject(&change.listing))),
        ("why", Problem::named(&code).sentence(ui.lang)),
    ];
    ui.lang.fill("wrong-field", &parts)
}

/// Each rendering has a key of its own: a second click is the same click.
pub(super) fn key(headers: &HeaderMap) -> String {
    headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned()
}

async fn page(
    app: &App,
    signed: &Signed,
    ui: &Shell,
    key: String,
    wish: Wish,
    wrong: Vec<String>,
) -> Result<Response, Problem> {
    let offered = organisations(app, signed, ui).await;
    let (drafts, published, templates) =
        tokio::join!(drafts(signed), published(app, signed, &offered, &wish), templates::all(signed, ui));
    let (drafts, published) = (drafts?, published?);
    let known =
        ["status", "discarded", "template", "template-removed"].into_iter().find(|known| *known == wish.done);
    let choice = |value: &str, text: String, chosen: &str| Choice {
        value: value.to_owned(),
        text,
        chosen: value == chosen,
    };
    render(&DeskPage {
        groups: groups(&drafts, ui),
        templates: templates?,
        found: ui.count("desk-found", published.total),
        next: next(&wish, &published.next_cursor),
        published: published
            .hits
            .iter()
            .filter_map(|hit| hit.listing.as_ref())
            .filter_map(|view| row(view, ui))
            .collect(),
        organisations: offered.into_iter().map(|(id, name)| choice(&id, name, &wish.organisation)).collect(),
        statuses: STATUS
            .iter()
            .map(|status| choice(status, ui.lang.code("set-status", status), ""))
            .collect(),
        fresh: wish.published.parse::<SubjectId>().map(routes::listing).unwrap_or_default(),
        done: known.map(|done| ui.lang.code("desk-done", done)).unwrap_or_default(),
        q: wish.q,
        organisation: wish.organisation,
        key,
        wrong,
        ui,
    })
}

async fn drafts(signed: &Signed) -> Result<Vec<node::Draft>, Problem> {
    let request = node::ListDraftsRequest { limit: DRAFTS, ..Default::default() };
    Ok(signed.client.drafts(request).await?.drafts)
}

/// Those of the organisations that somebody works for; of the whole partner's for who works for it.
async fn published(
    app: &App,
    signed: &Signed,
    offered: &[(String, String)],
    wish: &Wish,
) -> Result<node::SearchListingsResponse, Problem> {
    let for_all = signed.has_for_all(&["operator", "administrator", "reviewer", "editor"]);
    let first = offered.first().map(|(id, _)| id.as_str()).unwrap_or_default();
    let organisation = if wish.organisation.is_empty() && !for_all { first } else { &wish.organisation };
    let organisation = organisation.parse::<SubjectId>().map(SubjectId::to_vec).unwrap_or_default();
    if organisation.is_empty() && !for_all {
        return Ok(node::SearchListingsResponse::default());
    }
    let own = app.own().await.and_then(|own| own.name).map(|name| name.id);
    let request = node::SearchListingsRequest {
        query: Some(node::ListingQuery {
            text: wish.q.trim().to_owned(),
            partners: own.into_iter().collect(),
            organisation,
            ..Default::default()
        }),
        sort: node::ListingSort::Newest.into(),
        limit: PAGE,
        cursor: wish.cursor.clone(),
        ..Default::default()
    };
    app.node().search(request).await
}

fn groups(drafts: &[node::Draft], ui: &Shell) -> Vec<Group> {
    let group = |state: &&str| {
        let rows =
            drafts.iter().filter(|draft| draft.state == **state).map(|draft| draft_row(draft, ui)).collect();
        Group { title: ui.lang.code("draft-state", state), rows }
    };
    STATES.iter().map(group).filter(|group: &Group| !group.rows.is_empty()).collect()
}

fn draft_row(draft: &node::Draft, ui: &Shell) -> DraftRow {
    let id = hex::encode(&draft.id);
    let edited = draft.may_edit && ["draft", "changes_asked"].contains(&draft.state.as_str());
    let when = locale::recent(ui.lang, draft.changed_at, ui.now);
    DraftRow {
        href: if draft.record_of_organisation.is_some() {
            routes::desk_organisation_draft(id)
        } else if edited {
            routes::desk_draft(id)
        } else {
            routes::desk_preview(id)
        },
        title: title(draft, ui),
        organisation: names::local(&draft.organisation_names, ui.lang)
            .map(|name| name.text.clone())
            .unwrap_or_default(),
        changed: if draft.changed_by.is_empty() {
            when
        } else {
            format!("{}{}{when}", draft.changed_by, ui.t("clause-separator"))
        },
        revises: draft.revises,
        faults: match draft.faults.len() as u64 {
            0 => String::new(),
            count => ui.count("desk-faults", count),
        },
    }
}

fn row(view: &node::ListingView, ui: &Shell) -> Option<PublishedRow> {
    let source = view.source.as_ref()?;
    let text = best(&view.texts, |text| &text.language, ui.lang);
    let told = text.and_then(|text| Some((text.fields.get("title")?, &text.language)));
    let (title, language) = told.unwrap_or((&source.title, &source.language));
    let organisation = view.organisation.as_ref().and_then(|view| OrganisationLine::new(view, ui.lang));
    let id = names::subject(&view.subject);
    Some(PublishedRow {
        href: routes::listing(&id),
        title: title.clone(),
        language: language.clone(),
        organisation: organisation.map(|line| line.name).unwrap_or_default(),
        dates: locale::dates(ui.lang, &source.starts_on, &source.ends_on),
        status: if source.status.is_empty() { String::new() } else { ui.lang.code("status", &source.status) },
        slots: ui.count("open-slots", view.slots),
        id,
    })
}

fn next(wish: &Wish, cursor: &str) -> String {
    if cursor.is_empty() {
        return String::new();
    }
    let mut address = format!("{}?cursor={}", routes::desk(), encoded(cursor));
    for (name, value) in [("q", &wish.q), ("organisation", &wish.organisation)] {
        if !value.is_empty() {
            address.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    format!("{address}#published")
}
