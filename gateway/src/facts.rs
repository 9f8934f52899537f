//! Facts are shown from their structure, in the reader's language, whatever
//! language the prose is in: codes become words, dates are written as the reader
//! writes them.

use volbridge_proto::wire::record::v1 as record;

use crate::{
    locale,
    texts::{Lang, grouped},
};

/// A label and what it says.
#[derive(Clone, Debug)]
pub struct Fact {
    pub label: String,
    pub value: String,
}

/// A role's facts; its prose stands in the texts.
#[derive(Clone, Debug)]
pub struct RoleFacts {
    pub title: String,
    pub slots: String,
    /// How many of them, if any.
    pub taken: String,
    /// Education, experience, what is welcome.
    pub asks: Vec<String>,
    pub languages: Vec<String>,
    pub skills: Vec<String>,
    pub offers: Vec<String>,
    pub stipend: String,
}

/// "Beijing, China", "中国 北京".
pub fn place(place: &record::Place, reader: Lang) -> String {
    let country = reader.code("country", &place.country);
    let city = city_or_region(place, reader);
    if city.is_empty() || city == country {
        country
    } else {
        reader.fill("place", &[("city", city), ("country", country)])
    }
}

/// "Beijing"; empty if the place is a whole country.
pub fn city_or_region(place: &record::Place, reader: Lang) -> String {
    if place.city.is_empty() { reader.code("region", &place.region) } else { city(place, reader) }
}

/// Cities that authors write in Chinese, and the keys of their names.
const CITIES: &[(&str, &str)] = &[
    ("北京", "beijing"),
    ("上海", "shanghai"),
    ("天津", "tianjin"),
    ("广州", "guangzhou"),
    ("哈密", "hami"),
    ("澳门", "macao"),
    ("石家庄", "shijiazhuang"),
    ("墨尔本", "melbourne"),
    ("波恩", "bonn"),
    ("定西", "dingxi"),
    ("固原", "guyuan"),
    ("延庆", "yanqing"),
    ("怒江", "nujiang"),
];

/// A city that the portal knows by its name in either language, else as its author wrote it.
pub fn city(place: &record::Place, reader: Lang) -> String {
    let known = CITIES.iter().find(|(name, _)| place.city.trim_end_matches('市') == *name);
    let key = match known {
        Some((_, key)) => (*key).to_owned(),
        None => place.city.to_lowercase().replace([' ', '\'', '.'], "-"),
    };
    reader.named("city", &key).unwrap_or_else(|| place.city.clone())
}

/// Where: the place, or online.
pub fn location(listing: &record::Listing, reader: Lang) -> String {
    listing.place.as_ref().map_or_else(|| reader.t("place-online"), |at| place(at, reader))
}

/// "SDG 4 · Quality education"
pub fn goals(numbers: &[u32], reader: Lang) -> Vec<String> {
    numbers
        .iter()
        .map(|number| {
            reader.fill(
                "goal",
                &[("number", number.to_string()), ("name", reader.code("sdg", &number.to_string()))],
            )
        })
        .collect()
}

/// "Imported from X, not signed by them": of a listing that its partner only passes on.
pub fn imported(listing: &record::Listing, reader: Lang) -> String {
    let from = listing.imported_from.as_ref();
    from.map_or_else(String::new, |from| reader.with("imported-from", "publisher", &from.publisher))
}

/// What a listing says in numbers and codes, in the order in which people ask.
pub fn of_listing(listing: &record::Listing, reader: Lang) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut say = |label: &str, value: String| {
        if !value.is_empty() {
            facts.push(Fact { label: reader.t(label), value });
        }
    };
    if !listing.status.is_empty() {
        say("fact-status", reader.code("status", &listing.status));
    }
    let place = location(listing, reader);
    say("fact-place", if listing.remote { reader.with("place-or-online", "place", place) } else { place });
    say("fact-dates", locale::dates(reader, &listing.starts_on, &listing.ends_on));
    say("fact-apply-by", locale::date(reader, &listing.apply_by));
    if listing.hours_per_week > 0 {
        say("fact-hours", reader.count("hours-a-week", listing.hours_per_week.into()));
    }
    if !listing.applicants.is_empty() {
        say("fact-applicants", reader.code("applicants", &listing.applicants));
    }
    say("fact-age", age(listing.min_age, listing.max_age, reader));
    if listing.weeks > 0 {
        say("fact-weeks", reader.count("weeks-at-least", listing.weeks.into()));
    }
    say("fact-causes", codes("cause", &listing.causes, reader));
    say("fact-checks", codes("check", &listing.checks, reader));
    say("fact-language", reader.code("language", &listing.language));
    facts
}

fn codes(family: &str, codes: &[String], reader: Lang) -> String {
    let names: Vec<String> = codes.iter().map(|code| reader.code(family, code)).collect();
    names.join(&reader.t("list-separator"))
}

fn age(from: u32, to: u32, reader: Lang) -> String {
    match (from, to) {
        (0, 0) => String::new(),
        (from, 0) => reader.with("age-from", "from", from),
        (0, to) => reader.with("age-until", "until", to),
        (from, to) => reader.fill("age-span", &[("from", from.to_string()), ("until", to.to_string())]),
    }
}

/// A role; `title` comes from the best text for the reader.
pub fn of_role(role: &record::Role, title: String, reader: Lang) -> RoleFacts {
    let offer = role.offer.clone().unwrap_or_default();
    let offers = [
        (offer.housing, "offer-housing"),
        (offer.meals, "offer-meals"),
        (offer.travel, "offer-travel"),
        (offer.insurance, "offer-insurance"),
        (offer.visa, "offer-visa"),
        (offer.training, "offer-training"),
        (offer.certificate, "offer-certificate"),
    ];
    RoleFacts {
        title,
        slots: grouped(role.slots.into()),
        languages: role.languages.iter().map(|skill| language_skill(skill, reader)).collect(),
        taken: if role.filled > 0 { reader.count("role-taken", role.filled.into()) } else { String::new() },
        asks: asks(role, reader),
        skills: role.skills.iter().map(|code| reader.code("skill", code)).collect(),
        offers: offers.iter().filter(|(given, _)| *given).map(|(_, key)| reader.t(key)).collect(),
        stipend: stipend(&offer.stipend, reader),
    }
}

fn asks(role: &record::Role, reader: Lang) -> Vec<String> {
    let mut asks = Vec::new();
    if !role.education.is_empty() {
        asks.push(reader.with("role-education", "education", reader.code("education", &role.education)));
    }
    if role.experience_years > 0 {
        asks.push(reader.count("role-experience", role.experience_years.into()));
    }
    if !role.wished_skills.is_empty() {
        asks.push(reader.with("role-wished", "skills", codes("skill", &role.wished_skills, reader)));
    }
    asks
}

/// `USD 1900 / month` and `EUR 900 in all` in the reader's words; anything else as it was written.
fn stipend(text: &str, reader: Lang) -> String {
    let told = || -> Option<String> {
        let (code, rest) = text.split_once(' ')?;
        let (amount, span) = rest.split_once(' ')?;
        let currency = reader.maybe(&format!("currency-{code}"))?;
        let parts = [("amount", grouped(amount.parse().ok()?)), ("currency", currency)];
        match span {
            "/ month" => Some(reader.fill("stipend-month", &parts)),
            "in all" => Some(reader.fill("stipend-once", &parts)),
            _ => None,
        }
    };
    told().unwrap_or_else(|| text.to_owned())
}

/// "English, B2 (upper intermediate)"
pub fn language_skill(skill: &record::LanguageSkill, reader: Lang) -> String {
    let language = reader.code("language", &skill.language);
    if skill.level.is_empty() {
        return language;
    }
    reader.fill(
        "language-skill",
        &[
            ("language", language),
            ("level", skill.level.clone()),
            ("meaning", reader.code("cefr", &skill.level)),
        ],
    )
}
