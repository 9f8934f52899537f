//! A listing as a picture, for those who share its address.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use volbridge_proto::{id::SubjectId, wire::node::v1 as node};

use super::card::Card;
use crate::{
    app::App,
    chart::{self, Picture},
    extract::Path,
    problem::Problem,
    shell::Shell,
};

/// `GET /listings/{id}/picture.svg`
pub async fn show(State(app): State<App>, ui: Shell, Path(id): Path<SubjectId>) -> Result<Response, Problem> {
    let request = node::GetSubjectRequest { subject: id.to_vec(), partner: Vec::new() };
    let view = app.node().listing(request).await?;
    let card = Card::new(&view, &ui).ok_or_else(Problem::not_found)?;
    let demonstration = view.provenance.as_ref().is_some_and(|from| from.demonstration);
    let picture = chart::picture(&Picture {
        site: &ui.t("site-name"),
        title: &card.title,
        place: &card.place,
        when: &card.dates,
        slots: &card.slots,
        partner: &format!("{} · {} · {}", card.partner.name, card.partner.country_code, card.partner.short),
        mark: &if demonstration { ui.t("demo-record") } else { String::new() },
    });
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], picture).into_response())
}
