//! Facets as people choose from them: codes as words, the chosen first, and how many
//! listings each further choice would leave.

use volbridge_proto::wire::node::v1 as node;

use crate::{
    facts,
    query::{Asked, CHOICES, DURATIONS},
    shell::Shell,
    texts::grouped,
};

/// Choices of one facet that are seen at once, and all that are there to unfold.
const SEEN: usize = 6;
const UNFOLDED: usize = 30;
/// Facets that most people choose by.
const OPEN: &[&str] = &["countries", "modalities"];

/// One facet.
#[derive(Clone, Debug)]
pub struct Facet {
    /// The parameter.
    pub name: &'static str,
    pub title: String,
    /// How many are chosen.
    pub chosen: usize,
    /// Unfolded at once.
    pub open: bool,
    pub seen: Vec<Choice>,
    pub folded: Vec<Choice>,
    /// "12 more"
    pub more: String,
}

/// One value that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    pub value: String,
    pub text: String,
    /// Listings; empty if it isn't known.
    pub count: String,
    pub chosen: bool,
}

/// What narrows a list now, and the address without it.
#[derive(Clone, Debug)]
pub struct Chip {
    pub text: String,
    pub href: String,
}

/// The facets of an answer in the order in which people choose; those without a value are left out.
pub fn facets(counted: &[node::Facet], asked: &Asked, ui: &Shell) -> Vec<Facet> {
    let all = CHOICES.iter().map(|name| facet(name, counted, asked, ui));
    all.filter(|facet| !facet.seen.is_empty()).collect()
}

/// One facet, with what was chosen of it even if nothing has it.
pub fn facet(name: &'static str, counted: &[node::Facet], asked: &Asked, ui: &Shell) -> Facet {
    let counts = counted.iter().find(|facet| facet.name == name).map(|facet| facet.counts.as_slice());
    let mut values: Vec<(&str, String)> =
        counts.unwrap_or_default().iter().map(|count| (count.value.as_str(), grouped(count.count))).collect();
    for chosen in asked.values(name) {
        if !values.iter().any(|(value, _)| *value == chosen) {
            values.push((chosen, grouped(0)));
        }
    }
    match name {
        "months" => values.sort(),
        "durations" => {
            values.sort_by_key(|(value, _)| DURATIONS.iter().position(|known| known == value));
        }
        // The chosen are seen, and stay in their order.
        _ => values.sort_by_key(|(value, _)| !asked.holds(name, value)),
    }
    let mut choices: Vec<Choice> = values
        .into_iter()
        .map(|(value, count)| Choice {
            text: named(name, value, ui),
            chosen: asked.holds(name, value),
            value: value.to_owned(),
            count,
        })
        .collect();
    let chosen = choices.iter().filter(|choice| choice.chosen).count();
    let mut folded = choices.split_off(choices.len().min(SEEN.max(chosen)));
    folded.truncate(UNFOLDED);
    let more = ui.count("facet-more", folded.len() as u64);
    let open = chosen > 0 || OPEN.contains(&name);
    Facet { name, title: ui.lang.code("facet", name), chosen, open, seen: choices, folded, more }
}

/// What narrows the list, each with the way to drop it.
pub fn chips(asked: &Asked, path: &str, near: Option<&str>, ui: &Shell) -> Vec<Chip> {
    asked
        .narrowing()
        .map(|(name, value)| Chip {
            text: chip(name, value, asked, near, ui),
            href: crate::query::address(path, &asked.without(name, value)),
        })
        .collect()
}

fn chip(name: &str, value: &str, asked: &Asked, near: Option<&str>, ui: &Shell) -> String {
    match name {
        "q" => ui.with("chip-words", "words", value),
        "open" => ui.t("filter-open"),
        "readable_in" => ui.with("chip-readable", "language", ui.lang.code("language", value)),
        "near" => {
            let km = asked.query.near.map_or(0, |near| near.km);
            let parts = [("place", near.unwrap_or(value).to_owned()), ("km", grouped(km.into()))];
            ui.lang.fill("chip-near", &parts)
        }
        "organisation" => ui.t("chip-organisation"),
        _ => {
            let parts = [("facet", ui.lang.code("facet", name)), ("value", named(name, value, ui))];
            ui.lang.fill("chip", &parts)
        }
    }
}

/// A value of a facet in words.
pub fn named(facet: &str, value: &str, ui: &Shell) -> String {
    let lang = ui.lang;
    match facet {
        "countries" if value == "online" => lang.t("place-online"),
        "countries" => lang.code("country", value),
        "regions" => lang.code("region", value.split_once('/').map_or(value, |(_, region)| region)),
        "sdgs" => {
            let goal = value.parse().map(|number| facts::goals(&[number], lang)).unwrap_or_default();
            goal.into_iter().next().unwrap_or_else(|| value.to_owned())
        }
        "skills" => lang.code("skill", value),
        "languages" => lang.code("language", value),
        "modalities" => lang.code("modality", value),
        "durations" => lang.code("duration", value),
        "benefits" => lang.code("benefit", value),
        "causes" => lang.code("cause", value),
        "months" => month(value, ui),
        "partners" => ui
            .partner_with_id(value)
            .map_or_else(|| value.to_owned(), |known| format!("{} · {}", known.name, known.country_code)),
        _ => value.to_owned(),
    }
}

/// `2027-03` → "March 2027", "2027年3月".
fn month(value: &str, ui: &Shell) -> String {
    let parts = value.split_once('-').and_then(|(year, month)| Some((year, month.parse::<u8>().ok()?)));
    let named = parts.and_then(|(year, month)| Some((year, ui.lang.maybe(&format!("month-{month}"))?)));
    named.map_or_else(
        || value.to_owned(),
        |(year, month)| ui.lang.fill("month-year", &[("year", year.to_owned()), ("month", month)]),
    )
}
