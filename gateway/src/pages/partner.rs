//! One partner: names, whole fingerprint, its log and keys, what it agreed on
//! with whom, its organisations and listings.

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::{id::PartnerId, wire::node::v1 as node};

use super::{card::Card, render};
use crate::{
    app::App,
    extract::Path,
    locale,
    names::{OrganisationLine, PartnerLine},
    problem::Problem,
    provenance::ProvenanceLine,
    routes,
    shell::Shell,
    texts::{Lang, grouped},
};

const LISTINGS: u32 = 6;
const ORGANISATIONS: u32 = 100;

struct LogFacts {
    origin: String,
    epoch: u64,
    size: String,
    root: String,
    vkeys: Vec<String>,
    fresh: bool,
    frozen: bool,
    checkpoint: String,
    policy: String,
}

struct AgreementRow {
    other: PartnerLine,
    purposes: String,
    dates: String,
    in_force: bool,
}

#[derive(Template)]
#[template(path = "partner.html")]
struct PartnerPage<'a> {
    ui: &'a Shell,
    partner: PartnerLine,
    own: bool,
    kind: String,
    domain: String,
    portal: String,
    provenance: ProvenanceLine,
    log: LogFacts,
    agreements: Vec<AgreementRow>,
    organisations: Vec<OrganisationLine>,
    all_organisations: String,
    cards: Vec<Card>,
    more: String,
    api: String,
}

/// `GET /partners/{id}`
pub async fn show(State(app): State<App>, ui: Shell, Path(id): Path<PartnerId>) -> Result<Response, Problem> {
    let view = app.node().partner(node::GetPartnerRequest { partner: id.to_vec() }).await?;
    let (organisations, listings, agreements) = tokio::join!(
        app.node().organisations(node::ListOrganisationsRequest {
            partner: id.to_vec(),
            limit: ORGANISATIONS,
            language: ui.lang.tag(),
            ..Default::default()
        }),
        app.node().listings(node::ListListingsRequest {
            partner: id.to_vec(),
            limit: LISTINGS,
            ..Default::default()
        }),
        app.node().agreements(node::ListAgreementsRequest {})
    );
    let log = view.log.clone().unwrap_or_default();
    let page = PartnerPage {
        partner: PartnerLine::of(view.name.as_ref(), ui.lang),
        own: view.own,
        kind: ui.lang.code("partner-kind", &view.kind),
        portal: web_address(&view.portal),
        provenance: ProvenanceLine::of(view.provenance.as_ref(), view.name.as_ref(), &ui),
        log: LogFacts {
            checkpoint: routes::tiles(id, log.epoch, "checkpoint"),
            policy: routes::policy(id),
            epoch: log.epoch,
            size: grouped(log.size),
            root: hex::encode(&log.root),
            vkeys: log.vkeys,
            fresh: log.fresh,
            frozen: log.frozen,
            origin: log.origin,
        },
        agreements: agreement_rows(&agreements?.agreements, id, ui.lang),
        organisations: organisations?
            .organisations
            .iter()
            .filter_map(|view| OrganisationLine::new(view, ui.lang))
            .collect(),
        all_organisations: format!("{}?partner={id}", routes::organisations()),
        cards: listings?.listings.iter().filter_map(|view| Card::new(view, &ui)).collect(),
        more: format!("{}?partners={id}", routes::listings()),
        api: routes::api_partner(id),
        domain: view.domain,
        ui: &ui,
    };
    render(&page)
}

/// Each agreement once: of two equal halves the partner's own.
fn agreement_rows(agreements: &[node::AgreementView], partner: PartnerId, reader: Lang) -> Vec<AgreementRow> {
    let published =
        |view: &&node::AgreementView| view.partner.as_ref().is_some_and(|name| name.id == partner.as_bytes());
    agreements
        .iter()
        .filter(published)
        .map(|view| {
            let terms = view.terms.clone().unwrap_or_default();
            let purposes: Vec<String> =
                terms.purposes.iter().map(|purpose| reader.code("purpose", purpose)).collect();
            AgreementRow {
                other: PartnerLine::of(view.other.as_ref(), reader),
                purposes: purposes.join(&reader.t("list-separator")),
                dates: locale::dates(reader, &terms.starts_on, &terms.ends_on),
                in_force: view.in_force,
            }
        })
        .collect()
}

/// An address that a link may lead to; a partner's own word never becomes a script.
pub fn web_address(text: &str) -> String {
    let allowed = text.starts_with("https://") || text.starts_with("http://");
    if allowed { text.to_owned() } else { String::new() }
}
