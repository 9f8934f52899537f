//! A listing as the API answers it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use volbridge_proto::wire::{node::v1 as node, record::v1 as record};

use super::super::{Moved, Names, PartnerRef, RecordRef, example_names};
use crate::{app::App, names, routes};

/// A listing with its texts in all languages that there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing {
    /// UUID.
    pub id: String,
    partner: PartnerRef,
    organisation: Option<OrganisationRef>,
    pub record: RecordRef,
    /// `live`, `expired`, `superseded`, …
    state: String,
    /// Tag of the language in which it was written.
    source_language: String,
    /// By language tag: the source, and the best translation into each other language.
    texts: BTreeMap<String, Text>,
    place: Option<Place>,
    starts_on: String,
    ends_on: String,
    apply_by: String,
    hours_per_week: u32,
    roles: Vec<Role>,
    /// Of all roles.
    slots: u32,
    /// Those that somebody can apply for: not filled, of a listing that takes applications.
    open_slots: u32,
    sdgs: Vec<u32>,
    min_age: u32,
    max_age: u32,
    applicants: String,
    /// Codes, `education`; a federation's own stand under its domain, `x:bvf.example:garden-expo`.
    causes: Vec<String>,
    /// `background`, `health`, `identity`, `references`.
    checks: Vec<String>,
    /// With a place: some or all of it can be done from elsewhere.
    remote: bool,
    /// Empty: open; `full`, `paused`, `closed`.
    status: String,
    /// How long one volunteer serves at least; 0: as the dates say.
    weeks: u32,
    /// Whose it is, if the partner only passes on what it read in somebody's feed; they have not signed it.
    imported_from: Option<ImportedFrom>,
    /// With its organisation, from one partner to another; `null`: it didn't.
    moved: Option<Moved>,
    /// Its page.
    pub url: String,
}

/// Somebody who has no node, and has not signed the listing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedFrom {
    publisher: String,
    /// Where it was read.
    url: String,
}

/// Prose in one language.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Text {
    /// `source`, `human`, `machine`, `memory`.
    origin: String,
    engine: String,
    reviewed_by: String,
    /// Partner id of who translated it.
    translator: Option<String>,
    /// The translation's own record.
    record: Option<RecordRef>,
    title: String,
    summary: String,
    description: String,
    requirements: String,
    how_to_apply: String,
    contact: String,
    safety: String,
    costs: String,
    accessibility: String,
    /// How people are chosen.
    selection: String,
    /// By the role's number.
    roles: BTreeMap<String, RoleText>,
}

/// A role's prose.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct RoleText {
    title: String,
    tasks: String,
}

/// A role in numbers and codes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Role {
    number: u32,
    slots: u32,
    skills: Vec<String>,
    languages: Vec<LanguageSkill>,
    offer: Offer,
    wished_skills: Vec<String>,
    /// At least: `secondary`, `vocational`, `bachelor`, `master`, `doctorate`; empty: none asked.
    education: String,
    /// At least.
    experience_years: u32,
    /// Slots that are taken.
    filled: u32,
}

/// A language and its CEFR level.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LanguageSkill {
    pub language: String,
    #[serde(default)]
    pub level: String,
}

/// What the host gives.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Offer {
    pub stipend: String,
    pub housing: bool,
    pub meals: bool,
    pub travel: bool,
    pub insurance: bool,
    pub visa: bool,
    pub training: bool,
    pub certificate: bool,
}

/// Where.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub region: String,
    pub city: String,
    /// Degrees.
    pub latitude: Option<f64>,
    /// Degrees.
    pub longitude: Option<f64>,
}

/// The organisation that offers it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganisationRef {
    id: String,
    names: Names,
}

impl Listing {
    pub fn new(view: &node::ListingView, app: &App) -> Option<Self> {
        let source = view.source.as_ref()?;
        let id = names::subject(&view.subject);
        let organisation = view.organisation.as_ref().map(|view| OrganisationRef {
            id: names::subject(&view.subject),
            names: local(view.source.as_ref().map(|source| source.names.as_slice()).unwrap_or_default()),
        });
        Some(Self {
            url: page(app, &id),
            id,
            partner: PartnerRef::of(view.partner.as_ref()),
            organisation,
            record: RecordRef::of(view.provenance.as_ref()),
            state: names::state(view.state()).to_owned(),
            source_language: source.language.clone(),
            texts: texts(view, source),
            place: source.place.as_ref().map(place),
            starts_on: source.starts_on.clone(),
            ends_on: source.ends_on.clone(),
            apply_by: source.apply_by.clone(),
            hours_per_week: source.hours_per_week,
            roles: source.roles.iter().map(role).collect(),
            slots: source.roles.iter().map(|role| role.slots).fold(0, u32::saturating_add),
            open_slots: view.slots,
            sdgs: source.sdgs.clone(),
            min_age: source.min_age,
            max_age: source.max_age,
            applicants: source.applicants.clone(),
            causes: source.causes.clone(),
            checks: source.checks.clone(),
            remote: source.remote,
            status: source.status.clone(),
            weeks: source.weeks,
            imported_from: source
                .imported_from
                .as_ref()
                .map(|from| ImportedFrom { publisher: from.publisher.clone(), url: from.url.clone() }),
            moved: view.moved.as_ref().map(Moved::new),
        })
    }

    pub fn example() -> Self {
        let text = |origin: &str, title: &str, summary: &str, role: &str| Text {
            origin: origin.to_owned(),
            title: title.to_owned(),
            summary: summary.to_owned(),
            roles: BTreeMap::from([(
                "1".to_owned(),
                RoleText { title: role.to_owned(), ..Default::default() },
            )]),
            ..Default::default()
        };
        Self {
            id: "01930f6e-7c00-7000-8000-000000000001".to_owned(),
            partner: PartnerRef::example(),
            organisation: Some(OrganisationRef {
                id: "01930f6e-7c00-7000-8000-000000000002".to_owned(),
                names: example_names("社区青年汇", "Community Youth Club"),
            }),
            record: RecordRef::example(),
            state: "live".to_owned(),
            source_language: "zh-CN".to_owned(),
            texts: BTreeMap::from([
                ("zh-CN".to_owned(), text("source", "英文版翻译志愿者", "把招募信息译成英文。", "译者")),
                (
                    "en".to_owned(),
                    text("human", "Translators for the English edition", "Translate calls.", "Translator"),
                ),
            ]),
            place: None,
            starts_on: "2027-01-15".to_owned(),
            ends_on: "2027-06-30".to_owned(),
            apply_by: "2026-12-20".to_owned(),
            hours_per_week: 6,
            roles: vec![Role {
                number: 1,
                slots: 4,
                skills: Vec::new(),
                languages: vec![LanguageSkill { language: "en".to_owned(), level: "C1".to_owned() }],
                offer: Offer { training: true, certificate: true, ..Default::default() },
                wished_skills: vec!["editing".to_owned()],
                education: String::new(),
                experience_years: 0,
                filled: 1,
            }],
            slots: 4,
            open_slots: 3,
            sdgs: vec![4, 17],
            min_age: 18,
            max_age: 0,
            applicants: "all".to_owned(),
            causes: vec!["international-exchange".to_owned()],
            checks: Vec::new(),
            remote: false,
            status: String::new(),
            weeks: 12,
            imported_from: None,
            moved: None,
            url: "https://portal.example.org/listings/01930f6e-7c00-7000-8000-000000000001".to_owned(),
        }
    }
}

/// The address of its page.
pub fn page(app: &App, id: &str) -> String {
    format!("{}{}", app.config().public_url.trim_end_matches('/'), routes::listing(id))
}

/// Texts by language.
pub fn local(texts: &[record::LocalText]) -> Names {
    texts.iter().map(|text| (text.language.clone(), text.text.clone())).collect()
}

fn texts(view: &node::ListingView, source: &record::Listing) -> BTreeMap<String, Text> {
    names::texts(view, source)
        .into_iter()
        .map(|text| {
            let read = |field: &str| text.fields.get(field).cloned().unwrap_or_default();
            let is_source = text.origin == "source";
            let answer = Text {
                translator: text.translator.as_ref().map(|partner| hex::encode(&partner.id)),
                record: text.provenance.as_ref().filter(|_| !is_source).map(RecordRef::new),
                title: read("title"),
                summary: read("summary"),
                description: read("description"),
                requirements: read("requirements"),
                how_to_apply: read("how_to_apply"),
                contact: read("contact"),
                safety: read("safety"),
                costs: read("costs"),
                accessibility: read("accessibility"),
                selection: read("selection"),
                roles: source
                    .roles
                    .iter()
                    .map(|role| {
                        let title = read(&format!("roles.{}.title", role.number));
                        let tasks = read(&format!("roles.{}.tasks", role.number));
                        (role.number.to_string(), RoleText { title, tasks })
                    })
                    .collect(),
                origin: text.origin,
                engine: text.engine,
                reviewed_by: text.reviewed_by,
            };
            (text.language, answer)
        })
        .collect()
}

fn role(role: &record::Role) -> Role {
    Role {
        number: role.number,
        slots: role.slots,
        skills: role.skills.clone(),
        languages: role
            .languages
            .iter()
            .map(|skill| LanguageSkill { language: skill.language.clone(), level: skill.level.clone() })
            .collect(),
        offer: offer(role.offer.clone().unwrap_or_default()),
        wished_skills: role.wished_skills.clone(),
        education: role.education.clone(),
        experience_years: role.experience_years,
        filled: role.filled,
    }
}

/// What the host gives.
pub fn offer(offer: record::Offer) -> Offer {
    Offer {
        stipend: offer.stipend,
        housing: offer.housing,
        meals: offer.meals,
        travel: offer.travel,
        insurance: offer.insurance,
        visa: offer.visa,
        training: offer.training,
        certificate: offer.certificate,
    }
}

/// A place in degrees.
pub fn place(place: &record::Place) -> Place {
    let degrees = |millionths: i32| f64::from(millionths) / 1e6;
    Place {
        country: place.country.clone(),
        region: place.region.clone(),
        city: place.city.clone(),
        latitude: place.coordinates.as_ref().map(|at| degrees(at.latitude_e6)),
        longitude: place.coordinates.as_ref().map(|at| degrees(at.longitude_e6)),
    }
}
