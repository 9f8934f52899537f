//! The British volunteering data standard (<https://volunteeringdata.io/ontology>) as JSON-LD: a listing is an `Activity`
//! with roles and one session, offered by an organisation.
//!
//! Codes that both lists have are written as that standard's concepts, all others as addresses of ours
//! (`urn:volbridge:skill:teaching`), so that they come back.
//!
//! What it can't carry: translations and which language a text is in, `summary`, `how_to_apply`, `contact`, `safety`,
//! `costs`, `selection`, `sdgs`, `applicants`, `weeks`, `status`, the country and region of a place apart from its address,
//! and of a role its number, slots, wished skills, languages, education and experience. Causes are the organisation's.
//! Requirements, ages and whether something can be done from elsewhere stand with the roles: without a role they are lost,
//! and what reading finds is the first role's.

use serde_json::{Value, json};
use volbridge_proto::{
    SubjectId,
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
const CONTEXT: &str = "https://api.volunteeringdata.io/context/v1";
const VOCABULARY: &str = "https://ns.volunteeringdata.io/";
const OURS: &str = "urn:volbridge:";
const CAUSES: &[(&str, &str)] = &[
    ("animals", "AnimalWelfare"),
    ("arts-culture", "ArtsAndCulture"),
    ("children-youth", "YouthAndChildren"),
    ("community", "Community"),
    ("disability", "Disability"),
    ("disaster-relief", "DevelopmentEmergencyRelief"),
    ("education", "EducationLanguages"),
    ("elderly", "OlderPeople"),
    ("environment", "Environment"),
    ("gender", "GenderSexuality"),
    ("health", "Health"),
    ("heritage", "Heritage"),
    ("human-rights", "CivilRights"),
    ("migrants", "RefugeesAsylumSeekers"),
    ("poverty", "AntiPoverty"),
    ("public-safety", "CrimeSafety"),
    ("sports", "SportOutdoorActivities"),
];
const SKILLS: &[(&str, &str)] = &[
    ("computer-skills", "BasicITSkills"),
    ("data-entry", "DataEntryAndReporting"),
    ("driving", "Driving"),
    ("first-aid", "BasicFirstAid"),
    ("logistics", "Logistics"),
    ("mentoring", "MentoringVolunteers"),
    ("social-media", "SocialMediaHandling"),
    ("team-leadership", "LeadingSmallGroups"),
];
const CHECKS: &[(&str, &str)] = &[("background", "DBSCheck"), ("identity", "IDCheck")];
const REWARDS: &[(&str, &str)] = &[("training", "TrainingProvided"), ("travel", "ExpensesReimbursed")];

/// A listing as an activity, in a language or its own.
pub fn encode(entry: &Entry, language: &str) -> Value {
    let listing = &entry.listing;
    let id = match &entry.subject {
        Some(subject) if entry.link.is_empty() => format!("urn:uuid:{subject}"),
        _ => entry.link.clone(),
    };
    let roles: Vec<Value> = listing.roles.iter().map(|role| encode_role(entry, role, language)).collect();
    Node::default()
        .with("@context", CONTEXT)
        .with("type", "Activity")
        .with("id", id)
        .with("identifier", entry.reference.as_str())
        .with("title", entry.text("title", language))
        .with("description", entry.text("description", language))
        .with("publishStart", entry.published_at.map_or_else(String::new, |moment| moment.to_string()))
        .with("publishEnd", listing.apply_by.as_str())
        .with("organisation", organisation(entry, language))
        .with("role", roles)
        .with("session", session(listing))
        .with("schema:creditText", entry.imported(language))
        .with("schema:isBasedOn", listing.imported_from.as_ref().map_or("", |from| from.url.as_str()))
        .into()
}

/// Many activities as one document.
pub fn encode_all<'a>(entries: impl IntoIterator<Item = &'a Entry>, language: &str) -> Value {
    let graph: Vec<Value> = entries.into_iter().map(|entry| encode(entry, language)).collect();
    json!({ "@context": CONTEXT, "graph": graph })
}

/// The activities of a document, by themselves or within their organisations. The language is the reader's to know.
pub fn read(document: &Value, language: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for organisation in ld::nodes(document, "Organisation") {
        entries.extend(each(&organisation["activity"]).iter().map(|one| parse(one, organisation, language)));
    }
    let alone = ld::nodes(document, "Activity").into_iter();
    entries.extend(alone.map(|activity| parse(activity, &activity["organisation"], language)));
    entries
}

fn parse(activity: &Value, organisation: &Value, language: &str) -> Entry {
    let roles = each(&activity["role"]);
    let first = roles.first().unwrap_or(&Value::Null);
    let session = each(&activity["session"]).first().unwrap_or(&Value::Null);
    let time = each(&session["time"]).iter().find(|time| time.is_object()).unwrap_or(&Value::Null);
    let number = |name: &str| text(&first[name]).parse().unwrap_or(0);
    let place = place(&session["location"]);
    let listing = Listing {
        language: language.to_owned(),
        organisation: urn(&ld::id(organisation)).map_or_else(Vec::new, SubjectId::to_vec),
        title: text(&activity["title"]),
        description: text(&activity["description"]),
        starts_on: day(&time["time:hasBeginning"]),
        ends_on: day(&time["time:hasEnd"]),
        apply_by: day(&activity["publishEnd"]),
        hours_per_week: weekly(&text(&first["commitment"])),
        min_age: number("minimumAge"),
        max_age: number("maximumAge"),
        checks: codes(&first["requirement"], CHECKS, "check"),
        requirements: spoken(&first["requirement"]),
        accessibility: spoken(&first["accessibility"]),
        causes: codes(&organisation["cause"], CAUSES, "cause"),
        remote: place.is_some() && first["allowsRemoteParticipation"] == true,
        roles: (1..).zip(roles).map(|(number, role)| parse_role(number, role)).collect(),
        place,
        ..Listing::default()
    };
    let id = ld::id(activity);
    let name = text(&organisation["name"]);
    Entry {
        subject: urn(&id),
        reference: Some(text(&activity["identifier"]))
            .filter(|own| !own.is_empty())
            .unwrap_or_else(|| id.clone()),
        organisation: if name.is_empty() {
            Vec::new()
        } else {
            vec![LocalText { language: language.to_owned(), text: name }]
        },
        link: Some(id).filter(|id| id.starts_with("http")).unwrap_or_default(),
        published_at: moment::parse(&text(&activity["publishStart"])),
        listing,
        ..Entry::default()
    }
}

fn organisation(entry: &Entry, language: &str) -> Value {
    let id = <[u8; 16]>::try_from(entry.listing.organisation.as_slice()).map(SubjectId::from);
    let causes = entry.listing.causes.iter().map(|code| concept(code, CAUSES, "cause"));
    Node::default()
        .with("type", "Organisation")
        .with("id", id.map_or_else(|_| String::new(), |id| format!("urn:uuid:{id}")))
        .with("name", entry.organisation_in(language))
        .with("cause", causes.collect::<Vec<_>>())
        .into()
}

fn session(listing: &Listing) -> Value {
    let place = listing.place.as_ref().map(|place| {
        // The widest last, as an address is written in the language of the standard.
        let parts = [&place.city, &place.region, &place.country].map(String::as_str);
        let address: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let at = place.coordinates.as_ref();
        let node = Node::default().with("address", address.join(", "));
        let node = node.with("latitude", at.map_or_else(String::new, |at| degrees(at.latitude_e6)));
        Value::from(node.with("longitude", at.map_or_else(String::new, |at| degrees(at.longitude_e6))))
    });
    let time = Node::default()
        .with("time:hasBeginning", listing.starts_on.as_str())
        .with("time:hasEnd", listing.ends_on.as_str());
    Node::default().with("location", place).with("time", time).into()
}

fn place(location: &Value) -> Option<Place> {
    let location = each(location).first()?;
    let latitude = parse_degrees(&text(&location["latitude"]), 90).ok();
    let longitude = parse_degrees(&text(&location["longitude"]), 180).ok();
    let at = latitude.zip(longitude);
    // A country is read where the address ends as we write it; anything else is for a person to divide.
    let address = match text(&location["address"]) {
        empty if empty.is_empty() => text(&location["name"]),
        address => address,
    };
    let (city, country) = match address.rsplit_once(", ") {
        Some((city, end)) if is_country(end) => (city.to_owned(), end.to_owned()),
        _ if is_country(&address) => (String::new(), address.clone()),
        _ => (address.clone(), String::new()),
    };
    let coordinates = at.map(|(latitude_e6, longitude_e6)| Coordinates { latitude_e6, longitude_e6 });
    Some(Place { country, city, coordinates, ..Place::default() })
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn encode_role(entry: &Entry, role: &Role, language: &str) -> Value {
    let listing = &entry.listing;
    let said = |part: &str| entry.text(&format!("roles.{}.{part}", role.number), language).to_owned();
    let mut requirements: Vec<String> =
        listing.checks.iter().map(|code| concept(code, CHECKS, "check")).collect();
    requirements
        .extend(Some(entry.text("requirements", language).to_owned()).filter(|text| !text.is_empty()));
    let hours = listing.hours_per_week;
    let (min, max) = (listing.min_age, listing.max_age);
    let number = |number: u32| if number == 0 { String::new() } else { number.to_string() };
    Node::default()
        .with("type", "Role")
        .with("title", said("title"))
        .with("description", said("tasks"))
        .with("commitment", if hours == 0 { String::new() } else { format!("{hours} hours per week") })
        .with("applyLink", entry.link.as_str())
        .with("allowsRemoteParticipation", listing.remote || listing.place.is_none())
        .with("minimumAge", number(min))
        .with("maximumAge", number(max))
        .with("accessibility", entry.text("accessibility", language))
        .with("requirement", requirements)
        .with("reward", rewards(role.offer.as_ref()))
        .with("skill", role.skills.iter().map(|code| concept(code, SKILLS, "skill")).collect::<Vec<_>>())
        .into()
}

fn parse_role(number: u32, role: &Value) -> Role {
    let given = codes(&role["reward"], REWARDS, "reward");
    let gives = |code: &str| given.iter().any(|known| known == code);
    let offer = Offer {
        stipend: spoken(&role["reward"]),
        housing: gives("housing"),
        meals: gives("meals"),
        travel: gives("travel"),
        insurance: gives("insurance"),
        visa: gives("visa"),
        training: gives("training"),
        certificate: gives("certificate"),
    };
    Role {
        number,
        title: text(&role["title"]),
        tasks: text(&role["description"]),
        skills: codes(&role["skill"], SKILLS, "skill"),
        offer: Some(offer).filter(|offer| *offer != Offer::default()),
        ..Role::default()
    }
}

fn rewards(offer: Option<&Offer>) -> Vec<String> {
    let Some(offer) = offer else { return Vec::new() };
    let given = [
        ("housing", offer.housing),
        ("meals", offer.meals),
        ("travel", offer.travel),
        ("insurance", offer.insurance),
        ("visa", offer.visa),
        ("training", offer.training),
        ("certificate", offer.certificate),
    ];
    let codes =
        given.into_iter().filter(|(_, given)| *given).map(|(code, _)| concept(code, REWARDS, "reward"));
    codes.chain(Some(offer.stipend.clone()).filter(|text| !text.is_empty())).collect()
}

/// A code as a concept of the standard, or as one of ours.
fn concept(code: &str, known: &[(&str, &str)], list: &str) -> String {
    match known.iter().find(|(ours, _)| *ours == code) {
        Some((_, theirs)) => format!("{VOCABULARY}{theirs}"),
        None => format!("{OURS}{list}:{code}"),
    }
}

/// The codes of those concepts that we know; of theirs that we don't, none.
fn codes(value: &Value, known: &[(&str, &str)], list: &str) -> Vec<String> {
    let concepts = each(value).iter().map(ld::id);
    let code = |concept: String| {
        let own = concept.strip_prefix(OURS).and_then(|rest| rest.strip_prefix(list)?.strip_prefix(':'));
        let theirs = concept.strip_prefix(VOCABULARY).or_else(|| concept.strip_prefix("volunteering:"));
        let code = known.iter().find(|(_, name)| Some(*name) == theirs).map(|(code, _)| *code);
        own.or(code).map(str::to_owned)
    };
    concepts.filter_map(code).collect()
}

/// What stands among concepts and is none: a text for people.
fn spoken(value: &Value) -> String {
    let is_concept = |text: &String| {
        text.starts_with(OURS) || text.starts_with(VOCABULARY) || text.starts_with("volunteering:")
    };
    texts(value).into_iter().find(|text| !is_concept(text)).unwrap_or_default()
}

/// `30 hours per week`
fn weekly(text: &str) -> u32 {
    text.strip_suffix(" hours per week").and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn day(value: &Value) -> String {
    let text = text(value);
    moment::day(text.split('T').next().unwrap_or_default()).unwrap_or_default()
}

fn urn(id: &str) -> Option<SubjectId> {
    id.strip_prefix("urn:uuid:")?.parse().ok()
}
