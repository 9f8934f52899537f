//! A draft as its form holds it: names and texts, as they were typed. A draft is written into fields to be shown, and
//! read from fields to be stored; what can't be read is a fault at its field, and nothing is lost.
//!
//! Fields go by the paths that the node names them by, roles by their place: `title`, `roles.0.slots`; the other
//! language's stand below `t.`: `t.title`, `t.roles.0.tasks`.

use volbridge_proto::{
    id::SubjectId,
    wire::{node::v1 as node, record::v1 as record},
};

/// Prose of the whole listing that both languages have.
pub const PROSE: &[&str] = &[
    "title",
    "summary",
    "description",
    "requirements",
    "costs",
    "how_to_apply",
    "selection",
    "safety",
    "accessibility",
];
/// Prose of a role that both languages have.
pub const ROLE_PROSE: &[&str] = &["title", "tasks"];
/// What the host gives, apart from an allowance.
pub const OFFERS: &[&str] = &["housing", "meals", "travel", "insurance", "visa", "training", "certificate"];
/// Roles and languages of a role that a form may hold.
const MOST: usize = 64;

/// Names and what stands in them; lists have a name more than once.
#[derive(Clone, Debug, Default)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The first of a name.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// All of a name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a list has it.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.0.iter().any(|(key, one)| key == name && one == value)
    }

    /// How many there are of what is numbered from 0: `roles.0.number`.
    pub fn how_many(&self, start: &str, end: &str) -> usize {
        (0..MOST).take_while(|at| self.0.iter().any(|(key, _)| *key == format!("{start}.{at}.{end}"))).count()
    }

    fn put(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    fn put_number(&mut self, name: &str, value: u32) {
        self.put(name, if value > 0 { value.to_string() } else { String::new() });
    }

    /// One role more, with a number that none has or had.
    pub fn add_role(&mut self) {
        let count = self.how_many("roles", "number");
        let used = (0..count).filter_map(|at| self.one(&format!("roles.{at}.number")).parse::<u32>().ok());
        let next = used.max().unwrap_or(0).saturating_add(1);
        if count < MOST {
            self.put(&format!("roles.{count}.number"), next.to_string());
            self.put(&format!("roles.{count}.slots"), "1");
        }
    }

    /// One role less; those after it move up.
    pub fn remove_role(&mut self, gone: usize) {
        let kept = std::mem::take(&mut self.0).into_iter();
        self.0 = kept.filter_map(|(name, value)| Some((without_role(&name, gone)?, value))).collect();
    }

    /// A draft as it is shown.
    pub fn of(draft: &node::Draft) -> Self {
        let mut fields = Self::default();
        let listing = draft.listing.clone().unwrap_or_default();
        fields.put("version", draft.version.to_string());
        if let Ok(id) = SubjectId::try_from(draft.organisation.as_slice()) {
            fields.put("organisation", id.to_string());
        }
        fields.listing(&listing);
        let translation = draft.translation.clone().unwrap_or_default();
        fields.put("t.language", &translation.language);
        let text = |field: &str| translation.fields.get(field).cloned().unwrap_or_default();
        for field in PROSE {
            fields.put(&format!("t.{field}"), text(field));
        }
        for (at, role) in listing.roles.iter().enumerate() {
            for field in ROLE_PROSE {
                fields.put(&format!("t.roles.{at}.{field}"), text(&format!("roles.{}.{field}", role.number)));
            }
        }
        fields
    }

    fn listing(&mut self, listing: &record::Listing) {
        self.put("language", &listing.language);
        for field in PROSE {
            self.put(field, prose(listing, field));
        }
        self.put("contact", &listing.contact);
        self.put("where", place_word(listing));
        let place = listing.place.clone().unwrap_or_default();
        self.put("place.country", &place.country);
        self.put("place.region", &place.region);
        self.put("place.city", &place.city);
        if let Some(at) = place.coordinates {
            self.put("place.latitude", degrees(at.latitude_e6));
            self.put("place.longitude", degrees(at.longitude_e6));
        }
        self.put("starts_on", &listing.starts_on);
        self.put("ends_on", &listing.ends_on);
        self.put("apply_by", &listing.apply_by);
        self.put_number("hours_per_week", listing.hours_per_week);
        self.put_number("weeks", listing.weeks);
        self.put_number("min_age", listing.min_age);
        self.put_number("max_age", listing.max_age);
        self.put("applicants", &listing.applicants);
        self.put("status", &listing.status);
        listing.causes.iter().for_each(|code| self.put("causes", code));
        listing.checks.iter().for_each(|code| self.put("checks", code));
        listing.sdgs.iter().for_each(|goal| self.put("sdgs", goal.to_string()));
        for (at, role) in listing.roles.iter().enumerate() {
            self.role(&format!("roles.{at}"), role);
        }
    }

    fn role(&mut self, start: &str, role: &record::Role) {
        let mut put = |field: &str, value: String| self.put(&format!("{start}.{field}"), value);
        put("number", role.number.to_string());
        put("title", role.title.clone());
        put("tasks", role.tasks.clone());
        put("slots", role.slots.to_string());
        put("filled", if role.filled > 0 { role.filled.to_string() } else { String::new() });
        put("education", role.education.clone());
        let years = role.experience_years;
        put("experience_years", if years > 0 { years.to_string() } else { String::new() });
        role.skills.iter().for_each(|code| put("skills", code.clone()));
        role.wished_skills.iter().for_each(|code| put("wished_skills", code.clone()));
        for (at, skill) in role.languages.iter().enumerate() {
            put(&format!("languages.{at}.language"), skill.language.clone());
            put(&format!("languages.{at}.level"), skill.level.clone());
        }
        let offer = role.offer.clone().unwrap_or_default();
        put("offer.stipend", offer.stipend.clone());
        OFFERS.iter().filter(|name| offers(&offer, name)).for_each(|name| put("offer", (*name).to_owned()));
    }
}

/// The name after a role was taken away; `None`: it was that role's.
fn without_role(name: &str, gone: usize) -> Option<String> {
    let (start, rest) = match name.strip_prefix("t.roles.") {
        Some(rest) => ("t.roles.", rest),
        None => match name.strip_prefix("roles.") {
            Some(rest) => ("roles.", rest),
            None => return Some(name.to_owned()),
        },
    };
    let (at, field) = rest.split_once('.')?;
    match at.parse::<usize>().ok()? {
        at if at == gone => None,
        at if at > gone => Some(format!("{start}{}.{field}", at - 1)),
        at => Some(format!("{start}{at}.{field}")),
    }
}

/// The prose of a field.
pub fn prose<'a>(listing: &'a record::Listing, field: &str) -> &'a str {
    match field {
        "title" => &listing.title,
        "summary" => &listing.summary,
        "description" => &listing.description,
        "requirements" => &listing.requirements,
        "costs" => &listing.costs,
        "how_to_apply" => &listing.how_to_apply,
        "selection" => &listing.selection,
        "safety" => &listing.safety,
        "accessibility" => &listing.accessibility,
        "contact" => &listing.contact,
        _ => "",
    }
}

fn place_word(listing: &record::Listing) -> &'static str {
    match (&listing.place, listing.remote) {
        (None, _) => "online",
        (Some(_), true) => "hybrid",
        (Some(_), false) => "onsite",
    }
}

fn offers(offer: &record::Offer, name: &str) -> bool {
    match name {
        "housing" => offer.housing,
        "meals" => offer.meals,
        "travel" => offer.travel,
        "insurance" => offer.insurance,
        "visa" => offer.visa,
        "training" => offer.training,
        "certificate" => offer.certificate,
        _ => false,
    }
}

/// 39904200 → "39.9042"
fn degrees(millionths: i32) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let (whole, rest) = (millionths.unsigned_abs() / 1_000_000, millionths.unsigned_abs() % 1_000_000);
    let text = format!("{sign}{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The form's name of a field that the node found fault with: `roles[0].title` → `roles.0.title`; a role in the
/// translation goes by its number there: `translation.roles.7.title` → `t.roles.0.title`.
pub fn named(field: &str, listing: &record::Listing) -> String {
    let plain = field.replace('[', ".").replace(']', "");
    let Some(rest) = plain.strip_prefix("translation.") else { return plain };
    let rest = rest.strip_prefix("fields.").unwrap_or(rest);
    let role = rest.strip_prefix("roles.").and_then(|role| role.split_once('.'));
    let placed = role.and_then(|(number, field)| {
        let at = listing.roles.iter().position(|role| role.number.to_string() == number)?;
        Some(format!("t.roles.{at}.{field}"))
    });
    placed.unwrap_or_else(|| format!("t.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> node::Draft {
        let role = |number, title: &str| record::Role {
            number,
            title: title.to_owned(),
            tasks: "Two\nlines.".to_owned(),
            slots: 4,
            filled: 1,
            skills: vec!["art".to_owned(), "cooking".to_owned()],
            wished_skills: vec!["coaching".to_owned()],
            languages: vec![record::LanguageSkill { language: "en".to_owned(), level: "B2".to_owned() }],
            offer: Some(record::Offer {
                stipend: "CNY 300 / month".to_owned(),
                visa: true,
                ..Default::default()
            }),
            education: "bachelor".to_owned(),
            experience_years: 2,
        };
        let organisation = vec![7; 16];
        node::Draft {
            version: 3,
            organisation: organisation.clone(),
            listing: Some(record::Listing {
                language: "zh-CN".to_owned(),
                organisation,
                title: "社区图书馆志愿者".to_owned(),
                place: Some(record::Place {
                    country: "CN".to_owned(),
                    region: "CN-BJ".to_owned(),
                    city: "北京".to_owned(),
                    coordinates: Some(record::Coordinates {
                        latitude_e6: 39_904_200,
                        longitude_e6: -116_400_000,
                    }),
                }),
                remote: true,
                starts_on: "2027-03-01".to_owned(),
                hours_per_week: 12,
                roles: vec![role(1, "一"), role(5, "二")],
                sdgs: vec![4, 17],
                causes: vec!["education".to_owned(), "x:bvf.example:expo".to_owned()],
                applicants: "all".to_owned(),
                ..Default::default()
            }),
            translation: Some(node::DraftTranslation {
                language: "en".to_owned(),
                fields: [("title", "Library helpers"), ("roles.5.title", "Two")]
                    .map(|(field, text)| (field.to_owned(), text.to_owned()))
                    .into(),
            }),
            ..Default::default()
        }
    }

    #[test]
    fn a_draft_comes_back_from_its_form_as_it_was() {
        let draft = draft();
        let read = Fields::of(&draft).read();
        assert_eq!(read.faults, []);
        assert_eq!(Some(read.listing), draft.listing);
        assert_eq!(read.translation, draft.translation);
        assert_eq!((read.organisation, read.version), (draft.organisation, 3));
    }

    #[test]
    fn a_role_goes_with_its_translation_and_the_others_keep_their_numbers() {
        let mut fields = Fields::of(&draft());
        fields.remove_role(0);
        fields.add_role();
        let read = fields.read();
        let numbers: Vec<u32> = read.listing.roles.iter().map(|role| role.number).collect();
        assert_eq!(numbers, [5, 6]);
        assert_eq!(read.translation.unwrap().fields["roles.5.title"], "Two");
    }

    #[test]
    fn what_cannot_be_read_is_a_fault_at_its_field() {
        let mut fields = Fields::of(&draft());
        for (name, text) in [
            ("min_age", "young"),
            ("place.latitude", "north"),
            ("organisation", "Green Beijing"),
            ("roles.1.slots", "-1"),
        ] {
            fields.0.retain(|(key, _)| key != name);
            fields.put(name, text);
        }
        let mut faults: Vec<String> = fields.read().faults.into_iter().map(|(field, _)| field).collect();
        faults.sort_unstable();
        assert_eq!(faults, ["min_age", "organisation", "place.latitude", "roles.1.slots"]);
    }

    #[test]
    fn the_nodes_names_lead_to_the_forms_fields() {
        let listing = draft().listing.unwrap();
        for (theirs, ours) in [
            ("title", "title"),
            ("roles[1].languages[0].level", "roles.1.languages.0.level"),
            ("translation.title", "t.title"),
            ("translation.roles.5.tasks", "t.roles.1.tasks"),
            ("translation.fields.roles.1.tasks", "t.roles.0.tasks"),
        ] {
            assert_eq!(named(theirs, &listing), ours);
        }
    }
}
