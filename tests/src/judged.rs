//! The judged collection in `tests/data/search`: listings in Chinese and English as organisations write them, questions
//! that people ask of them, and which listings answer each, as somebody judged who read them. By it the quality of a
//! search is measured (nDCG), the same for every engine.

use std::collections::BTreeMap;

use serde::Deserialize;
use volbridge_proto::wire::record::v1 as record;

const ORGANISATIONS: &str = include_str!("../data/search/organisations.jsonl");
const LISTINGS: &str = include_str!("../data/search/listings.jsonl");
const QUERIES: &str = include_str!("../data/search/queries.jsonl");

/// What a listing that isn't about anything else says of applying and of costs, in each language.
const FRAME: [(&str, &str, &str); 2] = [
    ("en", "Apply in the portal of your organisation.", "none"),
    ("zh-CN", "在所在组织的门户提交申请。", "无费用。"),
];

/// All of it, in the order of the files.
pub struct Collection {
    /// Who offers.
    pub organisations: Vec<Organisation>,
    /// What is offered.
    pub listings: Vec<Listing>,
    /// What is asked.
    pub queries: Vec<Query>,
}

/// An organisation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// `greenbj`
    pub id: String,
    /// By language.
    pub names: BTreeMap<String, String>,
    /// As in its record.
    pub level: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// A listing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// `bird-dongting`: stable, and for whoever reads the judgements.
    pub id: String,
    /// Of the source.
    pub language: String,
    /// Id of its organisation.
    pub organisation: String,
    /// ISO 3166-1 alpha-2; none: online only.
    pub country: Option<String>,
    /// ISO 3166-2.
    pub region: Option<String>,
    /// By language; the record has that of the source.
    #[serde(default)]
    pub city: BTreeMap<String, String>,
    /// `online`, `hybrid`; none: on site.
    pub modality: Option<String>,
    /// `YYYY-MM-DD`
    pub starts_on: String,
    /// The same.
    pub ends_on: String,
    /// Of one volunteer.
    pub hours_per_week: u32,
    /// Of its one role.
    pub slots: u32,
    /// 1 to 17.
    pub sdgs: Vec<u32>,
    /// Codes.
    pub skills: Vec<String>,
    /// Names of the fields of `Offer`.
    #[serde(default)]
    pub benefits: Vec<String>,
    /// By language: the source, and where there is one its translation.
    pub texts: BTreeMap<String, Texts>,
}

/// A listing's prose in one language.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// One line.
    pub title: String,
    /// A sentence.
    pub summary: String,
    /// A few.
    pub description: String,
    /// What the volunteer is called.
    pub role: String,
}

/// A question, and what answers it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// `zh-001`
    pub id: String,
    /// Of who asks: `zh-CN`, `en`.
    pub language: String,
    /// What is hard about it: `typo`, `traditional`, `cross` …
    pub kind: String,
    /// As somebody types it.
    pub text: String,
    /// Ids of listings: 3 just what is looked for, 2 good, 1 related. What isn't named doesn't answer it.
    pub relevant: BTreeMap<String, u32>,
}

impl Collection {
    /// Reads the files that were built in.
    #[must_use]
    pub fn load() -> Self {
        Self { organisations: lines(ORGANISATIONS), listings: lines(LISTINGS), queries: lines(QUERIES) }
    }
}

fn lines<T: for<'a> Deserialize<'a>>(text: &str) -> Vec<T> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of tests/data/search")).collect()
}

impl Organisation {
    /// Its record.
    #[must_use]
    pub fn record(&self) -> record::Organisation {
        let name = |(language, text): (&String, &String)| record::LocalText {
            language: language.clone(),
            text: text.clone(),
        };
        record::Organisation {
            language: "en".to_owned(),
            names: self.names.iter().map(name).collect(),
            level: self.level.clone(),
            place: Some(record::Place { country: self.country.clone(), ..Default::default() }),
            ..Default::default()
        }
    }
}

impl Listing {
    /// Its record, of an organisation's subject.
    ///
    /// # Panics
    /// If the file lacks the text of its own language.
    #[must_use]
    pub fn record(&self, organisation: &[u8]) -> record::Listing {
        let texts = self.texts.get(&self.language).expect("the source's text");
        let (apply, costs) = frame(&self.language);
        record::Listing {
            language: self.language.clone(),
            organisation: organisation.to_vec(),
            title: texts.title.clone(),
            summary: texts.summary.clone(),
            description: texts.description.clone(),
            place: self.place(),
            starts_on: self.starts_on.clone(),
            ends_on: self.ends_on.clone(),
            hours_per_week: self.hours_per_week,
            roles: vec![record::Role {
                number: 1,
                title: texts.role.clone(),
                slots: self.slots,
                skills: self.skills.clone(),
                offer: self.offer(),
                ..Default::default()
            }],
            sdgs: self.sdgs.clone(),
            how_to_apply: apply.to_owned(),
            costs: costs.to_owned(),
            applicants: "all".to_owned(),
            remote: self.modality.as_deref() == Some("hybrid"),
            ..Default::default()
        }
    }

    /// None: a message that says nothing is left out.
    fn offer(&self) -> Option<record::Offer> {
        let offers = |benefit: &str| self.benefits.iter().any(|name| name == benefit);
        let offer = record::Offer {
            stipend: if offers("stipend") { "allowance".to_owned() } else { String::new() },
            housing: offers("housing"),
            meals: offers("meals"),
            travel: offers("travel"),
            insurance: offers("insurance"),
            visa: offers("visa"),
            training: offers("training"),
            certificate: offers("certificate"),
        };
        (!self.benefits.is_empty()).then_some(offer)
    }

    fn place(&self) -> Option<record::Place> {
        Some(record::Place {
            country: self.country.clone()?,
            region: self.region.clone().unwrap_or_default(),
            city: self.city.get(&self.language).cloned().unwrap_or_default(),
            coordinates: None,
        })
    }

    /// The language of its translation, if it has one, and the segments.
    #[must_use]
    pub fn translation(&self) -> Option<(&str, Vec<record::Segment>)> {
        let (language, texts) = self.texts.iter().find(|(language, _)| **language != self.language)?;
        let (apply, costs) = frame(language);
        // Ascending, as the kind demands.
        let fields = [
            ("costs", costs),
            ("description", &texts.description),
            ("how_to_apply", apply),
            ("roles.1.title", &texts.role),
            ("summary", &texts.summary),
            ("title", &texts.title),
        ];
        Some((language, fields.map(|(field, text)| segment(field, text)).into()))
    }
}

/// A segment that a person translated.
#[must_use]
pub fn segment(field: &str, text: &str) -> record::Segment {
    record::Segment {
        field: field.to_owned(),
        text: text.to_owned(),
        origin: "human".to_owned(),
        ..Default::default()
    }
}

fn frame(language: &str) -> (&'static str, &'static str) {
    let frame = FRAME.iter().find(|(known, ..)| *known == language).expect("Chinese or English");
    (frame.1, frame.2)
}

/// Normalised discounted cumulative gain of the first `k` places, 0 to 1: gain 2^grade − 1, discounted by the binary
/// logarithm of the place after the first, beside the best order there could be (Järvelin and Kekäläinen, 2002; the gain
/// of Burges and others, 2005).
#[must_use]
pub fn ndcg(relevant: &BTreeMap<String, u32>, ranking: &[String], k: usize) -> f64 {
    let found = ranking.iter().map(|id| relevant.get(id).copied().unwrap_or(0));
    let mut best: Vec<u32> = relevant.values().copied().collect();
    best.sort_unstable_by(|one, other| other.cmp(one));
    let ideal = gain(best.into_iter().take(k));
    if ideal == 0.0 { 0.0 } else { gain(found.take(k)) / ideal }
}

fn gain(grades: impl Iterator<Item = u32>) -> f64 {
    let gains = (2_u32..).zip(grades).map(|(place, grade)| {
        let gain = f64::from((1_u32 << grade.min(16)) - 1);
        gain / f64::from(place).log2()
    });
    gains.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(grades: &[(&str, u32)]) -> BTreeMap<String, u32> {
        grades.iter().map(|(id, grade)| ((*id).to_owned(), *grade)).collect()
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn the_best_order_has_an_ndcg_of_one_and_none_has_more() {
        let grades = of(&[("a", 3), ("b", 2), ("c", 1)]);
        assert!((ndcg(&grades, &ids(&["a", "b", "c", "x"]), 10) - 1.0).abs() < 1e-12);
        assert!(ndcg(&grades, &ids(&["b", "a", "c"]), 10) < 1.0);
        assert!(ndcg(&grades, &ids(&["x", "y"]), 10).abs() < 1e-12);
    }

    #[test]
    fn the_ndcg_is_what_the_formula_gives_by_hand() {
        // (3 + 7 / log2(3)) / (7 + 3 / log2(3))
        let value = ndcg(&of(&[("a", 3), ("b", 2)]), &ids(&["b", "a"]), 10);
        assert!((value - 0.833_99).abs() < 1e-4, "{value}");
    }

    #[test]
    fn places_after_the_last_that_counts_are_worth_nothing() {
        let grades = of(&[("a", 3)]);
        assert!(ndcg(&grades, &ids(&["x", "a"]), 1).abs() < 1e-12);
        assert!(ndcg(&grades, &ids(&["x", "a"]), 2) > 0.6);
    }
}
