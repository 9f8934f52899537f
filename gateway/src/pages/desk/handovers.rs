//! Organisations that move between partners: what is offered, in either direction, and the two steps. For whoever leads
//! the whole partner; the node says so.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::HeaderMap;
use serde::Deserialize;
use volbridge_proto::{
    id::{PartnerId, SubjectId},
    wire::node::v1 as node,
};

use super::{list::key, organisations};
use crate::{
    app::App,
    extract::{Form, Query},
    locale,
    names::{self, PartnerLine},
    pages::{invitation::wrong, render},
    problem::Problem,
    routes,
    session::Signed,
    shell::Shell,
};

/// Calls of one click: each takes some hundred listings over. What is left is said, with the button.
const TIMES: usize = 20;

struct Row {
    /// The record's page.
    href: String,
    first: String,
    partner_id: String,
    organisation: String,
    organisation_href: String,
    /// Who stands on the other side.
    other: PartnerLine,
    own: bool,
    /// "may be taken over until …", "moved on …", "run out".
    state: String,
    /// There is something to be done for it here.
    open: bool,
    /// Listings that didn't come along yet.
    left: String,
}

#[derive(Template)]
#[template(path = "desk_handovers.html")]
struct HandoversPage<'a> {
    ui: &'a Shell,
    rows: Vec<Row>,
    organisations: Vec<(String, String, bool)>,
    partners: Vec<(String, String, bool)>,
    until: String,
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

/// What is offered, to whom.
#[derive(Clone, Default, Deserialize)]
pub struct Offer {
    #[serde(default)]
    organisation: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    key: String,
}

/// What is taken over.
#[derive(Deserialize)]
pub struct Accept {
    #[serde(default)]
    partner: String,
    #[serde(default)]
    first: String,
}

/// `GET /desk/handovers`
pub async fn show(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    headers: HeaderMap,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let known = ["offered", "taken"].into_iter().find(|known| *known == done.done);
    let done = known.map(|done| ui.lang.code("handover-done", done)).unwrap_or_default();
    let page = page(&app, &signed, &ui, key(&headers), &Offer::default()).await?;
    render(&HandoversPage { done, ..page })
}

/// `POST /desk/handovers`: the first half.
pub async fn offer(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    headers: HeaderMap,
    Form(offer): Form<Offer>,
) -> Result<Response, Problem> {
    let request = node::OfferHandoverRequest {
        organisation: offer.organisation.parse::<SubjectId>().map(SubjectId::to_vec).unwrap_or_default(),
        to: offer.to.parse::<PartnerId>().map(PartnerId::to_vec).unwrap_or_default(),
        until: offer.until.clone(),
        idempotency_key: offer.key.clone(),
    };
    match signed.client.offer_handover(request).await {
        Ok(_) => Ok(onward("offered")),
        Err(problem) => refuse(&app, &signed, &ui, key(&headers), &offer, &problem).await,
    }
}

/// `POST /desk/handovers/accept`: the second half, with the organisation and its listings.
pub async fn accept(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    headers: HeaderMap,
    Form(accept): Form<Accept>,
) -> Result<Response, Problem> {
    let request = node::AcceptHandoverRequest {
        partner: accept.partner.parse::<PartnerId>().map(PartnerId::to_vec).unwrap_or_default(),
        first: hex::decode(&accept.first).unwrap_or_default(),
    };
    for _ in 0..TIMES {
        match signed.client.accept_handover(request.clone()).await {
            Ok(taken) if taken.listings == 0 => break,
            Ok(_) => {}
            Err(problem) => {
                return refuse(&app, &signed, &ui, key(&headers), &Offer::default(), &problem).await;
            }
        }
    }
    Ok(onward("taken"))
}

fn onward(done: &str) -> Response {
    Redirect::to(&format!("{}?done={done}", routes::desk_handovers())).into_response()
}

async fn refuse(
    app: &App,
    signed: &Signed,
    ui: &Shell,
    key: String,
    offer: &Offer,
    problem: &Problem,
) -> Result<Response, Problem> {
    if problem.status.is_server_error() {
        return Err(problem.clone());
    }
    render(&HandoversPage { wrong: wrong(problem, ui), ..page(app, signed, ui, key, offer).await? })
}

async fn page<'a>(
    app: &App,
    signed: &Signed,
    ui: &'a Shell,
    key: String,
    chosen: &Offer,
) -> Result<HandoversPage<'a>, Problem> {
    let asked = signed.client.handovers(node::ListHandoversRequest {});
    let (answer, offered, partners) = tokio::join!(asked, organisations(app, signed, ui), app.partners());
    let own = ui.own.as_ref().map(|own| own.id.clone()).unwrap_or_default();
    let others = partners.iter().map(|name| PartnerLine::new(name, ui.lang)).filter(|line| line.id != own);
    Ok(HandoversPage {
        rows: answer?.handovers.iter().map(|view| row(view, ui)).collect(),
        organisations: offered
            .into_iter()
            .map(|(id, name)| {
                let picked = id == chosen.organisation;
                (id, name, picked)
            })
            .collect(),
        partners: others
            .map(|line| {
                let picked = line.id == chosen.to;
                (line.id, format!("{} · {} · {} …", line.name, line.country_code, line.short), picked)
            })
            .collect(),
        until: chosen.until.clone(),
        key,
        done: String::new(),
        wrong: String::new(),
        ui,
    })
}

fn row(view: &node::HandoverView, ui: &Shell) -> Row {
    let other = if view.own { &view.to } else { &view.from };
    let state = match view.state() {
        node::HandoverState::Open => ui.with("handover-open", "date", locale::date(ui.lang, &view.until)),
        node::HandoverState::Moved => {
            ui.with("handover-moved", "date", locale::date(ui.lang, &view.moved_on))
        }
        node::HandoverState::RunOut => ui.t("handover-run-out"),
    };
    let id = names::subject(&view.organisation);
    let named = names::local(&view.names, ui.lang).map(|name| name.text.clone());
    Row {
        href: routes::record(hex::encode(&view.first)),
        first: hex::encode(&view.first),
        partner_id: view.from.as_ref().map(|from| hex::encode(&from.id)).unwrap_or_default(),
        organisation: named.unwrap_or_else(|| id.clone()),
        organisation_href: routes::organisation(id),
        other: PartnerLine::of(other.as_ref(), ui.lang),
        own: view.own,
        state,
        open: !view.own && (view.state() == node::HandoverState::Open || view.left > 0),
        left: match (view.state(), view.left) {
            (node::HandoverState::Moved, left) if left > 0 => ui.count("handover-left", left),
            _ => String::new(),
        },
    }
}
