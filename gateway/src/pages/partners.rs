//! Partners: who they are, by name, country and fingerprint, never the name alone.

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::wire::node::v1 as node;

use super::render;
use crate::{
    app::App,
    names::PartnerLine,
    problem::Problem,
    shell::Shell,
    texts::{Lang, grouped},
};

/// A partner in a list.
pub struct PartnerRow {
    pub partner: PartnerLine,
    pub kind: String,
    pub own: bool,
    pub organisations: String,
    pub listings: String,
    pub size: String,
    pub fresh: bool,
    pub frozen: bool,
}

impl PartnerRow {
    pub fn new(view: &node::PartnerView, reader: Lang) -> Self {
        let log = view.log.clone().unwrap_or_default();
        Self {
            partner: PartnerLine::of(view.name.as_ref(), reader),
            kind: reader.code("partner-kind", &view.kind),
            own: view.own,
            organisations: reader.count("organisations-count", view.organisations),
            listings: reader.count("listings-count", view.listings),
            size: grouped(log.size),
            fresh: log.fresh,
            frozen: log.frozen,
        }
    }
}

#[derive(Template)]
#[template(path = "partners.html")]
struct PartnersPage<'a> {
    ui: &'a Shell,
    partners: Vec<PartnerRow>,
}

/// `GET /partners`
pub async fn show(State(app): State<App>, ui: Shell) -> Result<Response, Problem> {
    let answer = app.node().partners(node::ListPartnersRequest {}).await?;
    let partners = answer.partners.iter().map(|view| PartnerRow::new(view, ui.lang)).collect();
    render(&PartnersPage { ui: &ui, partners })
}
