//! schema.org (<https://schema.org/JobPosting>) as JSON-LD, for search engines and job sites: a listing is one
//! `JobPosting` with `employmentType` `VOLUNTEER`, its roles are `relevantOccupation`.
//!
//! What it can't carry: translations (a posting is of one language, which the context names), `ends_on`, `weeks`, `sdgs`,
//! ages, `safety`, `costs`, `accessibility`, `selection`, `status`, when a listing was changed, a role's number, wished
//! skills, languages and filled slots. Slots, benefits and a stipend are the posting's: with more than one role
//! nothing tells whose they are, and reading leaves them out. Roles are numbered anew.
//!
//! Read is what others write, too: any graph or list, texts with and without a language, times where days are meant.

use serde_json::{Value, json};
use volbridge_proto::{
    SubjectId, Timestamp,
    wire::record::v1::{Coordinates, Listing, LocalText, Offer, Place, Role},
};

use crate::{
    Entry, ld,
    ld::{Node, each, text, texts},
    moment,
    table::{degrees, parse_degrees},
};

/// The media type.
pub const MEDIA_TYPE: &str = "application/ld+json";
/// Who gave a listing its subject.
const OURS: &str = "volbridge";
/// What `Offer` gives, in the words of `codes::benefits`.
type Given = (&'static str, fn(&mut Offer) -> &mut bool);
const BENEFITS: [Given; 7] = [
    ("housing", |offer| &mut offer.housing),
    ("meals", |offer| &mut offer.meals),
    ("travel", |offer| &mut offer.travel),
    ("insurance", |offer| &mut offer.insurance),
    ("visa", |offer| &mut offer.visa),
    ("training", |offer| &mut offer.training),
    ("certificate", |offer| &mut offer.certificate),
];

/// A listing as a posting in a language, or in its own where it isn't translated.
pub fn encode(entry: &Entry, language: &str) -> Value {
    let listing = &entry.listing;
    let spoken = entry.said("title", language).map_or(listing.language.as_str(), |(language, _)| language);
    let apart = listing.place.is_none() || listing.remote;
    let contact = Node::of("ContactPoint")
        .with("name", listing.contact.as_str())
        .with("description", entry.text("how_to_apply", language));
    Node::default()
        .with("@context", json!(["https://schema.org", { "@language": spoken }]))
        .with("@type", "JobPosting")
        .with("@id", entry.link.as_str())
        .with("url", entry.link.as_str())
        .with("identifier", identifiers(entry))
        .with("title", entry.text("title", language))
        .with("disambiguatingDescription", entry.text("summary", language))
        .with("description", entry.text("description", language))
        .with("employmentType", "VOLUNTEER")
        .with("datePosted", entry.published_at.map_or_else(String::new, |moment| moment.to_string()))
        .with("validThrough", listing.apply_by.as_str())
        .with("jobStartDate", listing.starts_on.as_str())
        .with("hiringOrganization", organisation(entry, language))
        .with("jobLocation", listing.place.as_ref().map_or(Value::Null, location))
        .with("jobLocationType", if apart { "TELECOMMUTE" } else { "" })
        .with("workHours", hours(listing.hours_per_week))
        .with("qualifications", entry.text("requirements", language))
        .with("securityClearanceRequirement", listing.checks.clone())
        .with("eligibilityToWorkRequirement", listing.applicants.as_str())
        .with("industry", listing.causes.clone())
        .with("applicationContact", contact)
        .counted("totalJobOpenings", listing.roles.iter().map(|role| role.slots).fold(0, u32::saturating_add))
        .with("jobBenefits", benefits(&listing.roles))
        .with("incentiveCompensation", stipend(&listing.roles))
        .with("relevantOccupation", occupations(entry, language))
        .with("creditText", entry.imported(language))
        .with("isBasedOn", listing.imported_from.as_ref().map_or("", |from| from.url.as_str()))
        .into()
}

/// Many postings as one document.
pub fn encode_all<'a>(entries: impl IntoIterator<Item = &'a Entry>, language: &str) -> Value {
    let graph: Vec<Value> = entries.into_iter().map(|entry| encode(entry, language)).collect();
    json!({ "@context": "https://schema.org", "@graph": graph })
}

/// The postings of a document; of another `employmentType` than `VOLUNTEER` they are passed over.
pub fn read(document: &Value) -> Vec<Entry> {
    let volunteers = |posting: &&Value| {
        let kinds = texts(&posting["employmentType"]);
        kinds.is_empty() || kinds.iter().any(|kind| kind.eq_ignore_ascii_case("VOLUNTEER"))
    };
    let around = ld::language(document);
    ld::nodes(document, "JobPosting")
        .into_iter()
        .filter(volunteers)
        .map(|posting| parse(posting, &around))
        .collect()
}

fn parse(posting: &Value, around: &str) -> Entry {
    let language = match ld::language(posting) {
        own if own.is_empty() => text(&posting["inLanguage"]),
        own => own,
    };
    let language = if language.is_empty() { around.to_owned() } else { language };
    let contact = &posting["applicationContact"];
    let reachable = ["name", "email", "telephone", "url"].map(|name| text(&contact[name]));
    let employer = &posting["hiringOrganization"];
    let listing = Listing {
        organisation: urn(&ld::id(employer)).map_or_else(Vec::new, SubjectId::to_vec),
        title: text(&posting["title"]),
        summary: text(&posting["disambiguatingDescription"]),
        description: text(&posting["description"]),
        place: place(&posting["jobLocation"]),
        starts_on: day(&posting["jobStartDate"]),
        apply_by: day(&posting["validThrough"]),
        hours_per_week: weekly(&text(&posting["workHours"])),
        requirements: text(&posting["qualifications"]),
        how_to_apply: text(&contact["description"]),
        contact: reachable.into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
        checks: texts(&posting["securityClearanceRequirement"]),
        applicants: text(&posting["eligibilityToWorkRequirement"]),
        causes: texts(&posting["industry"]),
        remote: !posting["jobLocation"].is_null() && text(&posting["jobLocationType"]) == "TELECOMMUTE",
        roles: roles(posting),
        language,
        ..Listing::default()
    };
    let (reference, subject, partner) = identified(posting);
    Entry {
        subject,
        reference,
        organisation: names(employer, &listing.language),
        partner,
        link: Some(text(&posting["url"])).filter(|url| !url.is_empty()).unwrap_or_else(|| ld::id(posting)),
        published_at: moment::parse(&text(&posting["datePosted"]))
            .or_else(|| midnight(&posting["datePosted"])),
        listing,
        ..Entry::default()
    }
}

fn identifiers(entry: &Entry) -> Vec<Value> {
    let known = |property: &str, value: String| {
        let named =
            Node::of("PropertyValue").with("propertyID", property).with("name", entry.partner.as_str());
        (!value.is_empty()).then(|| Value::from(named.with("value", value)))
    };
    let subject = entry.subject.as_ref().map_or_else(String::new, ToString::to_string);
    [known("reference", entry.reference.clone()), known(OURS, subject)].into_iter().flatten().collect()
}

/// Reference, subject and partner.
fn identified(posting: &Value) -> (String, Option<SubjectId>, String) {
    let (mut reference, mut subject, mut partner) = (String::new(), None, String::new());
    for identifier in each(&posting["identifier"]) {
        let value = if identifier.is_object() { text(&identifier["value"]) } else { text(identifier) };
        if text(&identifier["propertyID"]) == OURS {
            subject = value.parse().ok();
        } else {
            reference = value;
        }
        partner = text(&identifier["name"]);
    }
    (reference, subject, partner)
}

fn organisation(entry: &Entry, language: &str) -> Node {
    let id = <[u8; 16]>::try_from(entry.listing.organisation.as_slice()).map(SubjectId::from);
    let names: Vec<Value> = entry.organisation.iter().map(ld::tagged).collect();
    Node::of("Organization")
        .with("@id", id.map_or_else(|_| String::new(), |id| format!("urn:uuid:{id}")))
        .with("name", entry.organisation_in(language))
        .with("alternateName", names)
}

fn names(employer: &Value, language: &str) -> Vec<LocalText> {
    let said = ld::local(&employer["alternateName"]);
    let name = text(employer);
    if !said.is_empty() || name.is_empty() {
        return said;
    }
    vec![LocalText { language: language.to_owned(), text: name }]
}

fn location(place: &Place) -> Value {
    let address = Node::of("PostalAddress")
        .with("addressCountry", place.country.as_str())
        .with("addressRegion", place.region.as_str())
        .with("addressLocality", place.city.as_str());
    let geo = place.coordinates.as_ref().map(|at| {
        let geo = Node::of("GeoCoordinates").with("latitude", degrees(at.latitude_e6));
        Value::from(geo.with("longitude", degrees(at.longitude_e6)))
    });
    Node::of("Place").with("address", address).with("geo", geo).into()
}

fn place(location: &Value) -> Option<Place> {
    let location = each(location).first()?;
    let (address, geo) = (&location["address"], &location["geo"]);
    let latitude = parse_degrees(&text(&geo["latitude"]), 90).ok();
    let longitude = parse_degrees(&text(&geo["longitude"]), 180).ok();
    let at = latitude.zip(longitude);
    // An address as one text is a place that a person reads.
    let city = if address.is_string() { text(address) } else { text(&address["addressLocality"]) };
    Some(Place {
        country: text(&address["addressCountry"]),
        region: text(&address["addressRegion"]),
        city,
        coordinates: at.map(|(latitude_e6, longitude_e6)| Coordinates { latitude_e6, longitude_e6 }),
    })
}

fn occupations(entry: &Entry, language: &str) -> Vec<Value> {
    let roles = entry.listing.roles.iter().map(|role| {
        let said = |part: &str| entry.text(&format!("roles.{}.{part}", role.number), language).to_owned();
        let asked = Node::of("EducationalOccupationalCredential");
        let years = Node::of("OccupationalExperienceRequirements");
        Node::of("Occupation")
            .with("name", said("title"))
            .with("responsibilities", said("tasks"))
            .with("skills", role.skills.clone())
            .with("educationRequirements", asked.with("credentialCategory", role.education.as_str()))
            .with("experienceRequirements", years.counted("monthsOfExperience", role.experience_years * 12))
            .into()
    });
    roles.collect()
}

fn roles(posting: &Value) -> Vec<Role> {
    let occupations = each(&posting["relevantOccupation"]);
    let mut roles: Vec<Role> = (1..).zip(occupations).map(|(number, one)| occupation(number, one)).collect();
    if roles.is_empty() {
        // Who names no occupation says it in the posting.
        let mut role = occupation(1, posting);
        role.title = text(&posting["title"]);
        roles.push(role);
    }
    if let [role] = &mut roles[..] {
        role.slots = text(&posting["totalJobOpenings"]).parse().unwrap_or(0);
        let given = texts(&posting["jobBenefits"]);
        let mut offer = Offer { stipend: text(&posting["incentiveCompensation"]), ..Offer::default() };
        for (name, place) in BENEFITS {
            *place(&mut offer) = given.iter().any(|word| word == name);
        }
        role.offer = Some(offer).filter(|offer| *offer != Offer::default());
    }
    roles
}

fn occupation(number: u32, one: &Value) -> Role {
    let months = text(&one["experienceRequirements"]["monthsOfExperience"]).parse().unwrap_or(0_u32);
    Role {
        number,
        title: text(&one["name"]),
        tasks: text(&one["responsibilities"]),
        skills: texts(&one["skills"]),
        education: text(&one["educationRequirements"]["credentialCategory"]),
        experience_years: months / 12,
        ..Role::default()
    }
}

/// What any role gives.
fn benefits(roles: &[Role]) -> Vec<&'static str> {
    let gives = |place: fn(&mut Offer) -> &mut bool| {
        roles.iter().filter_map(|role| role.offer.clone()).any(|mut offer| *place(&mut offer))
    };
    BENEFITS.into_iter().filter(|(_, place)| gives(*place)).map(|(name, _)| name).collect()
}

fn stipend(roles: &[Role]) -> Vec<&str> {
    let said = roles.iter().filter_map(|role| role.offer.as_ref()).map(|offer| offer.stipend.as_str());
    said.filter(|stipend| !stipend.is_empty()).collect()
}

fn hours(number: u32) -> String {
    if number == 0 { String::new() } else { format!("{number} hours per week") }
}

/// `30 hours per week`; of anything else nothing, rather than a number that means something else.
fn weekly(text: &str) -> u32 {
    let number = text.trim().strip_suffix(" hours per week");
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A day, also where a moment stands.
fn day(value: &Value) -> String {
    let text = text(value);
    moment::day(text.split(['T', ' ']).next().unwrap_or_default()).unwrap_or_default()
}

fn midnight(value: &Value) -> Option<Timestamp> {
    day(value).parse::<volbridge_proto::Date>().ok().map(volbridge_proto::Date::start_of_day_utc)
}

fn urn(id: &str) -> Option<SubjectId> {
    id.strip_prefix("urn:uuid:")?.parse().ok()
}
