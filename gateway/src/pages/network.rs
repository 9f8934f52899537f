//! Who is connected, how far each log has come, what went wrong last. Open on the
//! demonstration network, on a loopback address, and to operators and auditors (see `guard`).

use askama::Template;
use axum::{extract::FromRequestParts, response::Response};
use http::request::Parts;
use volbridge_proto::wire::node::v1 as node;

use super::render;
use crate::{
    app::App,
    chart,
    client::NodeClient,
    guard, locale,
    names::PartnerLine,
    problem::Problem,
    routes,
    shell::Shell,
    texts::{Lang, grouped},
};

/// Refusals shown.
const REFUSALS: usize = 20;

/// Whoever may see the page; others are told that there is none.
pub struct Allowed(Shell, NodeClient);

impl FromRequestParts<App> for Allowed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if !guard::may_see_network(parts, app.config()) {
            return Err(Problem::not_found());
        }
        let node = guard::watcher(parts, app);
        Ok(Self(Shell::new(parts, app).await, node))
    }
}

struct PeerRow {
    partner: PartnerLine,
    endpoint: String,
    state: String,
    class: &'static str,
    since: String,
    entries: String,
    error: String,
    detail: String,
}

struct LogRow {
    partner: PartnerLine,
    size: String,
    lag: String,
    behind: bool,
    fresh: bool,
    frozen: bool,
    changed: String,
    held: String,
    not_for_us: String,
    erased: String,
    wanted: String,
    refused: String,
    withheld: String,
    missing: String,
    href: String,
}

struct RefusalRow {
    at: String,
    partner: PartnerLine,
    entry: String,
    sentence: String,
    code: String,
    field: String,
}

/// What changes while one looks.
struct NetworkState {
    graph: String,
    peers: Vec<PeerRow>,
    logs: Vec<LogRow>,
    refusals: Vec<RefusalRow>,
    as_of: String,
}

#[derive(Template)]
#[template(path = "network.html")]
struct NetworkPage<'a> {
    ui: &'a Shell,
    state: NetworkState,
}

#[derive(Template)]
#[template(path = "network_part.html")]
struct NetworkPart<'a> {
    ui: &'a Shell,
    state: NetworkState,
}

/// `GET /network`
pub async fn show(Allowed(ui, node): Allowed) -> Result<Response, Problem> {
    let state = load(&node, &ui).await?;
    render(&NetworkPage { ui: &ui, state })
}

/// `GET /network/part`
pub async fn part(Allowed(ui, node): Allowed) -> Result<Response, Problem> {
    let state = load(&node, &ui).await?;
    render(&NetworkPart { ui: &ui, state })
}

async fn load(node: &NodeClient, ui: &Shell) -> Result<NetworkState, Problem> {
    let status = node.status(node::StatusRequest {}).await?;
    let own = ui.own.clone().unwrap_or_default();
    Ok(NetworkState {
        graph: graph(&status, &own, ui),
        peers: status.peers.iter().map(|peer| peer_row(peer, ui.lang, status.now)).collect(),
        logs: status.logs.iter().map(|log| log_row(log, ui.lang, status.now)).collect(),
        refusals: status
            .refusals
            .iter()
            .take(REFUSALS)
            .map(|refusal| refusal_row(refusal, ui.lang))
            .collect(),
        as_of: locale::moment(ui.lang, status.now),
    })
}

/// Connected directly, through another, or not: from the peers and the logs together.
fn graph(status: &node::StatusResponse, own: &PartnerLine, ui: &Shell) -> String {
    let partners: Vec<(chart::Node, chart::Link)> = status
        .logs
        .iter()
        .filter_map(|log| {
            let name = log.partner.as_ref()?;
            let partner = PartnerLine::new(name, ui.lang);
            if partner.id == own.id {
                return None;
            }
            let peer = status
                .peers
                .iter()
                .find(|peer| peer.partner.as_ref().is_some_and(|other| other.id == name.id));
            let link = match peer {
                Some(peer) => chart::Link {
                    state: class(&peer.state),
                    label: format!("{}: {}", partner.name, ui.lang.code("peer", &peer.state)),
                },
                None => chart::Link {
                    state: "through",
                    label: format!("{}: {}", partner.name, ui.t("peer-through")),
                },
            };
            let node = chart::Node { label: partner.name, href: partner.href, state: log_class(log) };
            Some((node, link))
        })
        .collect();
    let own = chart::Node { label: own.name.clone(), href: own.href.clone(), state: "own" };
    chart::graph(&ui.t("network-graph"), &own, &partners)
}

fn class(state: &str) -> &'static str {
    match state {
        "connected" => "connected",
        "connecting" | "waiting" => "waiting",
        _ => "broken",
    }
}

fn log_class(log: &node::LogStatus) -> &'static str {
    match &log.log {
        Some(log) if log.frozen => "frozen",
        Some(log) if log.fresh => "fresh",
        _ => "stale",
    }
}

fn peer_row(peer: &node::PeerStatus, reader: Lang, now: i64) -> PeerRow {
    let error = if peer.error.is_empty() { String::new() } else { sentence(&peer.error, reader) };
    PeerRow {
        partner: PartnerLine::of(peer.partner.as_ref(), reader),
        endpoint: peer.endpoint.clone(),
        state: reader.code("peer", &peer.state),
        class: class(&peer.state),
        since: if peer.since > 0 { locale::recent(reader, peer.since, now) } else { String::new() },
        entries: grouped(peer.entries),
        error,
        detail: peer.detail.clone(),
    }
}

fn log_row(status: &node::LogStatus, reader: Lang, now: i64) -> LogRow {
    let log = status.log.clone().unwrap_or_default();
    let lag = status.known_size.saturating_sub(log.size);
    let partner = PartnerLine::of(status.partner.as_ref(), reader);
    LogRow {
        href: routes::tiles(&partner.id, log.epoch, "checkpoint"),
        partner,
        size: grouped(log.size),
        lag: grouped(lag),
        behind: lag > 0,
        fresh: log.fresh,
        frozen: log.frozen,
        changed: if status.changed_at > 0 {
            locale::recent(reader, status.changed_at, now)
        } else {
            String::new()
        },
        held: grouped(status.held),
        not_for_us: grouped(status.not_for_us),
        erased: grouped(status.erased),
        wanted: grouped(status.wanted),
        refused: grouped(status.refused),
        withheld: grouped(status.withheld),
        missing: match status.addressed {
            0 => grouped(status.missing),
            addressed => format!("{} / {}", grouped(status.missing), grouped(addressed)),
        },
    }
}

fn refusal_row(refusal: &node::Refusal, reader: Lang) -> RefusalRow {
    RefusalRow {
        at: locale::moment(reader, refusal.at),
        partner: PartnerLine::of(refusal.partner.as_ref(), reader),
        // What concerns a whole partner is at no entry.
        entry: if refusal.code.starts_with("peer.") {
            String::new()
        } else {
            reader.with("network-entry", "index", grouped(refusal.index))
        },
        sentence: sentence(&refusal.code, reader),
        code: refusal.code.clone(),
        field: refusal.field.clone(),
    }
}

/// The sentence of a code that came without a request.
fn sentence(code: &str, reader: Lang) -> String {
    Problem::named(code).sentence(reader)
}
