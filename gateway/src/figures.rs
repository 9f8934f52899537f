//! The directory in figures, as the page, the files and the API show them: one table for each property, its groups named.

use volbridge_proto::{
    statistics::told,
    wire::{node::v1 as node, record::v1 as record},
};

use crate::{choices, names::PartnerLine, shell::Shell};

/// By what figures are told, in the order of the page.
pub const DIMENSIONS: [&str; 4] = ["country", "sdg", "partner", "month"];

/// One group of a table.
#[derive(Clone, Debug)]
pub struct Group {
    /// As the node has it.
    pub code: String,
    /// In the reader's language.
    pub name: String,
    pub counts: Counts,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub listings: u64,
    pub open: u64,
    /// `None`: too few to be told.
    pub filled: Option<u64>,
}

impl Counts {
    pub fn new(counts: Option<&record::StatisticsCounts>) -> Self {
        let counts = counts.copied().unwrap_or_default();
        Self { listings: counts.listings, open: counts.open_slots, filled: told(&counts) }
    }
}

/// The groups of a dimension: goals and months in their order, others with the most open places first.
pub fn groups(view: &node::StatisticsView, dimension: &str, ui: &Shell) -> Vec<Group> {
    let of = view.groups.iter().filter(|group| group.dimension == dimension);
    let mut groups: Vec<Group> = of
        .map(|group| Group {
            name: named(view, dimension, &group.group, ui),
            code: group.group.clone(),
            counts: Counts::new(group.counts.as_ref()),
        })
        .collect();
    match dimension {
        // What began long ago comes first, what has no day last.
        "month" => groups.sort_by_key(|group| match group.code.as_str() {
            "earlier" => (0, String::new()),
            "later" => (2, String::new()),
            "" => (3, String::new()),
            month => (1, month.to_owned()),
        }),
        "sdg" => {}
        _ => groups.sort_by_key(|group| std::cmp::Reverse((group.counts.open, group.counts.listings))),
    }
    groups
}

fn named(view: &node::StatisticsView, dimension: &str, code: &str, ui: &Shell) -> String {
    match (dimension, code) {
        ("country", "") => ui.t("place-online"),
        ("country", code) => choices::named("countries", code, ui),
        ("sdg", code) => choices::named("sdgs", code, ui),
        ("month", "") => ui.t("statistics-no-month"),
        ("month", "earlier") => ui.t("statistics-earlier"),
        ("month", "later") => ui.t("statistics-later"),
        ("month", code) => choices::named("months", code, ui),
        (_, code) => {
            let known = view.partners.iter().find(|partner| hex::encode(&partner.id) == code);
            known.map_or_else(
                || code.to_owned(),
                |partner| {
                    let line = PartnerLine::new(partner, ui.lang);
                    format!("{} · {}", line.name, line.country_code)
                },
            )
        }
    }
}
