//! What `POST /api/v1/listings` takes. Fields that the node owns (partner, record,
//! state, class) don't exist here, and unknown ones are refused (threats T66).

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use volbridge_proto::{error::Code, id::SubjectId, wire::record::v1 as record};

use super::{LanguageSkill, Offer, Place};
use crate::{names, problem::Problem};

/// A listing to publish.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewListing {
    /// Tag of the language of all prose below: `zh-CN`, `en`.
    language: String,
    /// UUID of an organisation of this partner.
    organisation: String,
    title: String,
    summary: String,
    description: String,
    /// Absent: online.
    place: Option<Place>,
    /// YYYY-MM-DD
    #[serde(default)]
    starts_on: String,
    /// YYYY-MM-DD
    #[serde(default)]
    ends_on: String,
    /// YYYY-MM-DD
    #[serde(default)]
    apply_by: String,
    #[serde(default)]
    hours_per_week: u32,
    /// 1 to 64.
    roles: Vec<NewRole>,
    /// 1 to 17.
    #[serde(default)]
    sdgs: Vec<u32>,
    #[serde(default)]
    requirements: String,
    #[serde(default)]
    how_to_apply: String,
    #[serde(default)]
    contact: String,
    #[serde(default)]
    safety: String,
    /// What the volunteer pays; "none" is said, not left out.
    costs: String,
    #[serde(default)]
    min_age: u32,
    /// 0: no limit.
    #[serde(default)]
    max_age: u32,
    /// `all`, `nationals`, `residents`, `international`.
    applicants: String,
    /// Codes; a federation's own stand under its domain, `x:bvf.example:garden-expo`.
    #[serde(default)]
    causes: Vec<String>,
    /// `background`, `health`, `identity`, `references`.
    #[serde(default)]
    checks: Vec<String>,
    #[serde(default)]
    accessibility: String,
    /// How people are chosen.
    #[serde(default)]
    selection: String,
    /// With a place: some or all of it can be done from elsewhere.
    #[serde(default)]
    remote: bool,
    /// Empty: open; `full`, `paused`, `closed`.
    #[serde(default)]
    status: String,
    /// How long one volunteer serves at least, where the dates don't say it.
    #[serde(default)]
    weeks: u32,
}

/// A role; its number is its place, from 1.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    title: String,
    #[serde(default)]
    tasks: String,
    /// At least 1.
    slots: u32,
    #[serde(default)]
    skills: Vec<String>,
    #[serde(default)]
    languages: Vec<LanguageSkill>,
    #[serde(default)]
    offer: Offer,
    /// None of `skills`.
    #[serde(default)]
    wished_skills: Vec<String>,
    /// At least: `secondary`, `vocational`, `bachelor`, `master`, `doctorate`.
    #[serde(default)]
    education: String,
    /// At least.
    #[serde(default)]
    experience_years: u32,
    /// Slots that are taken, at most `slots`.
    #[serde(default)]
    filled: u32,
}

/// A listing that isn't complete yet: what is absent is empty.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(transparent)]
pub struct PartialListing(NewListing);

impl<'de> Deserialize<'de> for PartialListing {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut given = Map::<String, Value>::deserialize(from)?;
        let texts = ["language", "organisation", "title", "summary", "description", "costs", "applicants"];
        for name in texts {
            given.entry(name).or_insert_with(|| json!(""));
        }
        let roles = given.entry("roles").or_insert_with(|| json!([]));
        for role in roles.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            role.entry("title").or_insert_with(|| json!(""));
            role.entry("slots").or_insert_with(|| json!(0));
        }
        NewListing::deserialize(Value::Object(given)).map(Self).map_err(D::Error::custom)
    }
}

impl PartialListing {
    /// The organisation for which it is written, none: the partner itself; and the listing.
    pub fn into_wire(self) -> Result<(Vec<u8>, record::Listing), Problem> {
        let organisation = match self.0.organisation.as_str() {
            "" => Vec::new(),
            text => {
                let id: Result<SubjectId, _> = text.parse();
                id.map_err(|_| Problem::new(Code::IdMalformed).at("organisation"))?.to_vec()
            }
        };
        Ok((organisation.clone(), self.0.written_for(organisation)?))
    }

    /// As it was written.
    pub fn from_wire(listing: &record::Listing) -> Self {
        Self(NewListing::from_wire(listing))
    }

    /// One that lacks nothing.
    pub fn example() -> Self {
        Self(NewListing::example())
    }
}

impl NewListing {
    pub fn into_wire(self) -> Result<record::Listing, Problem> {
        let organisation: SubjectId =
            self.organisation.parse().map_err(|_| Problem::new(Code::IdMalformed).at("organisation"))?;
        self.written_for(organisation.to_vec())
    }

    fn written_for(self, organisation: Vec<u8>) -> Result<record::Listing, Problem> {
        Ok(record::Listing {
            language: self.language,
            organisation,
            title: self.title,
            summary: self.summary,
            description: self.description,
            place: self.place.map(place).transpose()?,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            apply_by: self.apply_by,
            hours_per_week: self.hours_per_week,
            roles: (1..).zip(self.roles).map(|(number, role)| role.into_wire(number)).collect(),
            sdgs: ascending(self.sdgs),
            requirements: self.requirements,
            how_to_apply: self.how_to_apply,
            contact: self.contact,
            safety: self.safety,
            costs: self.costs,
            min_age: self.min_age,
            max_age: self.max_age,
            applicants: self.applicants,
            causes: ascending(self.causes),
            checks: ascending(self.checks),
            accessibility: self.accessibility,
            selection: self.selection,
            remote: self.remote,
            status: self.status,
            weeks: self.weeks,
            imported_from: None,
        })
    }

    fn from_wire(listing: &record::Listing) -> Self {
        let listing = listing.clone();
        Self {
            language: listing.language,
            organisation: names::subject(&listing.organisation),
            title: listing.title,
            summary: listing.summary,
            description: listing.description,
            place: listing.place.as_ref().map(super::place),
            starts_on: listing.starts_on,
            ends_on: listing.ends_on,
            apply_by: listing.apply_by,
            hours_per_week: listing.hours_per_week,
            roles: listing.roles.into_iter().map(NewRole::from_wire).collect(),
            sdgs: listing.sdgs,
            requirements: listing.requirements,
            how_to_apply: listing.how_to_apply,
            contact: listing.contact,
            safety: listing.safety,
            costs: listing.costs,
            min_age: listing.min_age,
            max_age: listing.max_age,
            applicants: listing.applicants,
            causes: listing.causes,
            checks: listing.checks,
            accessibility: listing.accessibility,
            selection: listing.selection,
            remote: listing.remote,
            status: listing.status,
            weeks: listing.weeks,
        }
    }

    /// As JSON without what is empty, for people to read.
    pub fn brief(&self) -> Value {
        let mut value = json!(self);
        without_empty(&mut value);
        value
    }

    /// The smallest sensible one.
    pub fn example() -> Self {
        Self::small("01930f6e-7c00-7000-8000-000000000002".to_owned())
    }

    /// One of an organisation, complete enough to be published.
    pub fn small(organisation: String) -> Self {
        Self {
            language: "en".to_owned(),
            organisation,
            title: "Translators for the English edition".to_owned(),
            summary: "Translate calls for volunteers from Chinese into English.".to_owned(),
            description: "Texts come on Mondays; two volunteers share each.".to_owned(),
            contact: "translation@example.org".to_owned(),
            roles: vec![NewRole {
                title: "Translator".to_owned(),
                tasks: "Two texts a week, checked by a second reader.".to_owned(),
                slots: 4,
                ..Default::default()
            }],
            costs: "None.".to_owned(),
            applicants: "all".to_owned(),
            ..Default::default()
        }
    }
}

impl NewRole {
    fn from_wire(role: record::Role) -> Self {
        let language =
            |skill: record::LanguageSkill| LanguageSkill { language: skill.language, level: skill.level };
        Self {
            title: role.title,
            tasks: role.tasks,
            slots: role.slots,
            skills: role.skills,
            languages: role.languages.into_iter().map(language).collect(),
            offer: super::offer(role.offer.unwrap_or_default()),
            wished_skills: role.wished_skills,
            education: role.education,
            experience_years: role.experience_years,
            filled: role.filled,
        }
    }

    fn into_wire(self, number: u32) -> record::Role {
        record::Role {
            number,
            title: self.title,
            tasks: self.tasks,
            slots: self.slots,
            skills: self.skills,
            languages: self
                .languages
                .into_iter()
                .map(|skill| record::LanguageSkill { language: skill.language, level: skill.level })
                .collect(),
            offer: Some(record::Offer {
                stipend: self.offer.stipend,
                housing: self.offer.housing,
                meals: self.offer.meals,
                travel: self.offer.travel,
                insurance: self.offer.insurance,
                visa: self.offer.visa,
                training: self.offer.training,
                certificate: self.offer.certificate,
            })
            .filter(|offer| *offer != record::Offer::default()),
            wished_skills: self.wished_skills,
            education: self.education,
            experience_years: self.experience_years,
            filled: self.filled,
        }
    }
}

/// Records hold codes in order and once; people needn't.
fn ascending<T: Ord>(mut codes: Vec<T>) -> Vec<T> {
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn without_empty(value: &mut Value) {
    let empty = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_u64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    };
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(without_empty);
            fields.retain(|_, value| !empty(value));
        }
        Value::Array(items) => items.iter_mut().for_each(without_empty),
        _ => {}
    }
}

fn place(place: Place) -> Result<record::Place, Problem> {
    let coordinates = match (place.latitude, place.longitude) {
        (None, None) => None,
        (Some(latitude), Some(longitude)) => Some(record::Coordinates {
            latitude_e6: millionths(latitude, 90.0, "place.latitude")?,
            longitude_e6: millionths(longitude, 180.0, "place.longitude")?,
        }),
        (None, Some(_)) => return Err(Problem::new(Code::FieldRequired).at("place.latitude")),
        (Some(_), None) => return Err(Problem::new(Code::FieldRequired).at("place.longitude")),
    };
    Ok(record::Place { country: place.country, region: place.region, city: place.city, coordinates })
}

fn millionths(degrees: f64, most: f64, field: &str) -> Result<i32, Problem> {
    if !degrees.is_finite() || degrees.abs() > most {
        return Err(Problem::new(Code::FieldOutOfRange).at(field));
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 180,000,000 by the check above")]
    let whole = (degrees * 1e6).round() as i32;
    Ok(whole)
}
