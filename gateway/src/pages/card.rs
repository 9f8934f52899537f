//! A listing in brief: on the start page, in lists, and as the fragment that an
//! open page fetches when a listing has just arrived.

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::{id::SubjectId, wire::node::v1 as node};

use super::render;
use crate::{
    app::App,
    extract::Path,
    facts, locale,
    names::{self, OrganisationLine, PartnerLine, best, host},
    problem::Problem,
    routes,
    shell::Shell,
    texts::primary_of,
};

/// What a card shows.
#[derive(Clone, Debug)]
pub struct Card {
    pub subject: String,
    pub href: String,
    pub title: String,
    pub title_language: String,
    pub summary: String,
    pub language: String,
    pub partner: PartnerLine,
    pub organisation: Option<OrganisationLine>,
    pub place: String,
    pub dates: String,
    pub apply_by: String,
    pub slots: String,
    /// From the place that was asked for; empty if none was.
    pub distance: String,
    /// How the text came about; empty if it is the original in the reader's language.
    pub origin: String,
    /// Translated by a machine, and nobody has looked.
    pub unchecked: bool,
    /// Whose it is, if the partner only passes it on.
    pub imported: String,
    pub arrived: bool,
}

impl Card {
    /// `None` if the node sent a listing without its source.
    pub fn new(view: &node::ListingView, ui: &Shell) -> Option<Self> {
        let reader = ui.lang;
        let source = view.source.as_ref()?;
        let text = best(&view.texts, |text| &text.language, reader);
        let field = |name: &str| text.and_then(|text| text.fields.get(name)).filter(|text| !text.is_empty());
        let language = |found: bool| match text {
            Some(text) if found => text.language.clone(),
            _ => source.language.clone(),
        };
        let subject = names::subject(&view.subject);
        Some(Self {
            href: routes::listing(&subject),
            title: field("title").unwrap_or(&source.title).clone(),
            title_language: language(field("title").is_some()),
            summary: field("summary").unwrap_or(&source.summary).clone(),
            language: language(field("summary").is_some()),
            partner: PartnerLine::of(host(view.partner.as_ref(), view.moved.as_ref()), reader),
            organisation: view.organisation.as_ref().and_then(|view| OrganisationLine::new(view, reader)),
            place: facts::location(source, reader),
            dates: locale::dates(reader, &source.starts_on, &source.ends_on),
            apply_by: if source.apply_by.is_empty() {
                String::new()
            } else {
                reader.with("card-apply-by", "date", locale::date(reader, &source.apply_by))
            },
            slots: reader.count("open-slots", view.slots.into()),
            unchecked: text.is_some_and(is_unchecked),
            origin: text.map(|text| worth_saying(text, ui)).unwrap_or_default(),
            distance: String::new(),
            imported: facts::imported(source, reader),
            arrived: false,
            subject,
        })
    }
}

fn worth_saying(text: &node::ListingText, ui: &Shell) -> String {
    let source = text.origin.is_empty() || text.origin == "source";
    match (source, primary_of(&text.language) == primary_of(&ui.lang.tag())) {
        (true, true) => String::new(),
        (true, false) => ui.with("card-original-only", "language", ui.lang.code("language", &text.language)),
        (false, _) => origin(text, ui),
    }
}

/// Translated by a machine, and nobody has looked.
pub fn is_unchecked(text: &node::ListingText) -> bool {
    text.origin == "machine" && text.reviewed_by.is_empty()
}

/// How a text came about: "translated by a person, reviewed by UNV".
pub fn origin(text: &node::ListingText, ui: &Shell) -> String {
    let key = match (text.origin.as_str(), text.reviewed_by.is_empty()) {
        ("human", true) => "origin-human",
        ("human", false) => "origin-human-reviewed",
        ("machine", true) => "origin-machine",
        ("machine", false) => "origin-machine-reviewed",
        ("memory", true) => "origin-memory",
        ("memory", false) => "origin-memory-reviewed",
        _ => "origin-source",
    };
    let by = ui.partner_called(&text.reviewed_by);
    ui.lang.fill(key, &[("engine", text.engine.clone()), ("by", by)])
}

#[derive(Template)]
#[template(path = "card.html")]
struct Fragment<'a> {
    ui: &'a Shell,
    card: Card,
}

/// One card, marked as just arrived.
pub async fn show(State(app): State<App>, ui: Shell, Path(id): Path<SubjectId>) -> Result<Response, Problem> {
    let request = node::GetSubjectRequest { subject: id.to_vec(), partner: Vec::new() };
    let view = app.node().listing(request).await?;
    let card = Card::new(&view, &ui).ok_or_else(Problem::not_found)?;
    render(&Fragment { ui: &ui, card: Card { arrived: true, ..card } })
}
