//! Find a placement: what somebody brings and looks for, without an account, and the
//! listings that fit it, each with the reasons in words. Nothing of it is kept.

use askama::Template;
use axum::{extract::State, response::Response};
use volbridge_proto::{codes::cefr::LEVELS, wire::node::v1 as node};

use super::{card::Card, render};
use crate::{
    app::App,
    choices::{self, Choice, Facet},
    extract::Query,
    locale, names,
    problem::Problem,
    query::{address, as_asked},
    routes,
    shell::Shell,
    wishes::Wishes,
};

const LISTED: u32 = 20;
/// Languages that can be told at a time.
const LANGUAGES: usize = 4;
/// What is chosen among the index's values; languages have a level each.
const CHOSEN: &[&str] = &["skills", "causes", "sdgs", "countries"];

/// One language and its level.
struct LanguageRow {
    languages: Vec<Choice>,
    levels: Vec<Choice>,
}

/// A listing that fits, and why.
struct Match {
    card: Card,
    score: u32,
    /// Title of the role that fits best; empty if it is the only one.
    role: String,
    met: Vec<String>,
    unmet: Vec<String>,
}

#[derive(Template)]
#[template(path = "match.html")]
struct MatchPage<'a> {
    ui: &'a Shell,
    facets: Vec<Facet>,
    rows: Vec<LanguageRow>,
    from: String,
    until: String,
    age: String,
    /// Nothing was told yet.
    fresh: bool,
    found: String,
    matches: Vec<Match>,
    api: String,
}

/// `GET /match`
pub async fn show(
    State(app): State<App>,
    ui: Shell,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (wishes, _) = Wishes::read(pairs)?;
    let fresh = wishes.is_empty();
    let found = async {
        if fresh {
            return Ok(node::MatchResponse::default());
        }
        app.node().match_listings(node::MatchRequest { limit: LISTED, ..wishes.request() }).await
    };
    let (counted, found) = tokio::join!(app.node().search(counting()), found);
    let (counted, found) = (counted?, found.map_err(as_asked)?);
    let matches: Vec<Match> = found.listings.iter().filter_map(|found| Match::new(found, &ui)).collect();
    let page = MatchPage {
        facets: CHOSEN
            .iter()
            .map(|name| choices::facet(name, &counted.facets, &wishes.chosen, &ui))
            .collect(),
        rows: rows(&counted.facets, &wishes, &ui),
        from: wishes.from.clone(),
        until: wishes.until.clone(),
        age: if wishes.age > 0 { wishes.age.to_string() } else { String::new() },
        fresh,
        found: ui.count("match-found", matches.len() as u64),
        matches,
        api: address(&routes::api_match(), &wishes.whole()),
        ui: &ui,
    };
    render(&page)
}

/// Which values open listings have.
fn counting() -> node::SearchListingsRequest {
    node::SearchListingsRequest {
        query: Some(node::ListingQuery { open: true, ..Default::default() }),
        limit: 1,
        facets: true,
        facet_names: CHOSEN.iter().chain(&["languages"]).map(|name| (*name).to_owned()).collect(),
        ..Default::default()
    }
}

/// The languages that were told, and empty rows for some more.
fn rows(counted: &[node::Facet], wishes: &Wishes, ui: &Shell) -> Vec<LanguageRow> {
    let known = counted.iter().find(|facet| facet.name == "languages");
    let known: Vec<&str> =
        known.iter().flat_map(|facet| &facet.counts).map(|count| count.value.as_str()).collect();
    let choice = |value: &str, text: String, chosen: &str| Choice {
        value: value.to_owned(),
        text,
        count: String::new(),
        chosen: value == chosen,
    };
    let row = |told: node::LanguageLevel| {
        let mut tags = known.clone();
        if !told.language.is_empty() && !tags.contains(&told.language.as_str()) {
            tags.push(&told.language);
        }
        LanguageRow {
            languages: tags
                .iter()
                .map(|tag| choice(tag, ui.lang.code("language", tag), &told.language))
                .collect(),
            levels: LEVELS
                .iter()
                .map(|level| {
                    let parts = [("level", (*level).to_owned()), ("meaning", ui.lang.code("cefr", level))];
                    choice(level, ui.lang.fill("match-level", &parts), &told.level)
                })
                .collect(),
        }
    };
    let empty = LANGUAGES.saturating_sub(wishes.languages.len()).max(1);
    let told = wishes.languages.iter().cloned();
    told.chain(std::iter::repeat_with(node::LanguageLevel::default).take(empty)).map(row).collect()
}

impl Match {
    fn new(found: &node::MatchedListing, ui: &Shell) -> Option<Self> {
        let view = found.listing.as_ref()?;
        let said = |met: bool| {
            let reasons = found.reasons.iter().filter(|reason| reason.met == met);
            reasons.map(|reason| in_words(reason, ui)).collect()
        };
        Some(Self {
            card: Card::new(view, ui)?,
            score: found.score.min(100),
            role: role(view, found.role, ui),
            met: said(true),
            unmet: said(false),
        })
    }
}

/// Title of one of several roles, in the reader's language if there is one.
fn role(view: &node::ListingView, number: u32, ui: &Shell) -> String {
    let Some(source) = &view.source else { return String::new() };
    let Some(role) = source.roles.iter().find(|role| role.number == number && source.roles.len() > 1) else {
        return String::new();
    };
    let text = names::best(&view.texts, |text| &text.language, ui.lang);
    let title = text.and_then(|text| text.fields.get(&format!("roles.{number}.title")));
    title.filter(|title| !title.is_empty()).unwrap_or(&role.title).clone()
}

/// "It asks for teaching, which you bring."
fn in_words(reason: &node::MatchReason, ui: &Shell) -> String {
    let met = if reason.met { "met" } else { "unmet" };
    let values: Vec<String> = match (reason.code.as_str(), reason.values.as_slice()) {
        ("dates", [from, until]) => vec![locale::dates(ui.lang, from, until)],
        (code, values) => values.iter().map(|value| named(code, value, ui)).collect(),
    };
    let key = format!("reason-{}-{met}", reason.code);
    match ui.lang.maybe(&format!("{key}-plain")) {
        Some(plain) if values.is_empty() => plain,
        Some(_) => ui.with(&key, "values", values.join(&ui.t("list-separator"))),
        // A reason of a newer node.
        None => reason.code.clone(),
    }
}

fn named(code: &str, value: &str, ui: &Shell) -> String {
    match code {
        "skill" => choices::named("skills", value, ui),
        "place" => choices::named("countries", value, ui),
        "cause" => choices::named("causes", value, ui),
        "sdg" => choices::named("sdgs", value, ui),
        "language" => ui.lang.code("language", value),
        _ => value.to_owned(),
    }
}
