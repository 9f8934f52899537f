//! Conferences: those ahead, the nearest first, then those that are over, the last first.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use volbridge_proto::wire::node::v1 as node;

use super::render;
use crate::{
    app::App,
    extract::Query,
    facts, locale,
    names::{self, PartnerLine},
    problem::Problem,
    routes,
    shell::Shell,
    texts::Lang,
};

/// A conference in a list.
pub struct ConferenceRow {
    pub href: String,
    pub name: String,
    pub language: String,
    pub theme: String,
    pub theme_language: String,
    pub dates: String,
    pub place: String,
    pub partner: PartnerLine,
}

impl ConferenceRow {
    /// `None` if the node sent a conference without its source.
    pub fn new(view: &node::ConferenceView, reader: Lang) -> Option<Self> {
        let source = view.source.as_ref()?;
        let named = names::local(&source.names, reader).cloned().unwrap_or_default();
        Some(Self {
            href: routes::conference(names::subject(&view.subject)),
            name: named.text,
            language: named.language,
            theme: source.theme.clone(),
            theme_language: source.language.clone(),
            dates: locale::dates(reader, &source.starts_on, &source.ends_on),
            place: source.place.as_ref().map(|place| facts::place(place, reader)).unwrap_or_default(),
            partner: PartnerLine::of(view.partner.as_ref(), reader),
        })
    }
}

/// Where a list goes on.
#[derive(Deserialize)]
pub struct From {
    #[serde(default)]
    cursor: String,
}

#[derive(Template)]
#[template(path = "conferences.html")]
struct ConferencesPage<'a> {
    ui: &'a Shell,
    ahead: Vec<ConferenceRow>,
    over: Vec<ConferenceRow>,
    next: String,
}

/// Not over yet on this day; one without dates is ahead.
pub fn is_ahead(view: &node::ConferenceView, today: &str) -> bool {
    let Some(source) = &view.source else { return false };
    let last = if source.ends_on.is_empty() { &source.starts_on } else { &source.ends_on };
    last.is_empty() || last.as_str() >= today
}

/// `GET /conferences`
pub async fn show(State(app): State<App>, ui: Shell, Query(from): Query<From>) -> Result<Response, Problem> {
    let request = node::ListConferencesRequest { cursor: from.cursor, ..Default::default() };
    let answer = app.node().conferences(request).await?;
    let today = locale::day(ui.now);
    // The node lists the latest first.
    let (mut ahead, over): (Vec<_>, Vec<_>) =
        answer.conferences.iter().partition(|view| is_ahead(view, &today));
    ahead.reverse();
    let rows = |views: Vec<&node::ConferenceView>| {
        views.into_iter().filter_map(|view| ConferenceRow::new(view, ui.lang)).collect()
    };
    let page = ConferencesPage {
        ahead: rows(ahead),
        over: rows(over),
        next: match answer.next_cursor.as_str() {
            "" => String::new(),
            cursor => format!("{}?cursor={}", routes::conferences(), crate::query::encoded(cursor)),
        },
        ui: &ui,
    };
    render(&page)
}
