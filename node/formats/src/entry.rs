//! A listing with what stands around it: its translations, the names of who offers it, where it is found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use volbridge_proto::{
    Refusal, SubjectId, Timestamp,
    kinds::{Payload, listing, listing::prose, unlisted},
    wire::record::v1::{Listing, LocalText, Role},
};

/// A listing as it goes in and out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Entry {
    /// Its subject, where it was published already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectId>,
    /// The giver's own id: who reads the same file again makes nothing twice.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// As its author wrote it.
    pub listing: Listing,
    /// One a language, ascending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub translations: Vec<Translation>,
    /// Names of the organisation that offers it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub organisation: Vec<LocalText>,
    /// The name of the partner that published it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub partner: String,
    /// Its page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// When its first revision was published.
    #[serde(skip_serializing_if = "Option::is_none", with = "moment")]
    pub published_at: Option<Timestamp>,
    /// When this revision was published.
    #[serde(skip_serializing_if = "Option::is_none", with = "moment")]
    pub updated_at: Option<Timestamp>,
}

/// The prose of a listing in another language than its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Translation {
    /// BCP 47.
    pub language: String,
    /// How it came about, where that is known: "human", "machine", "memory".
    #[serde(skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// The engine of a machine.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub engine: String,
    /// `title`, `roles.1.tasks`, …: as `kinds::listing::prose` names them.
    pub fields: BTreeMap<String, String>,
}

impl Entry {
    /// What distinguishes it in a file: the giver's id, or its subject.
    pub fn key(&self) -> String {
        match &self.subject {
            Some(subject) if self.reference.is_empty() => subject.to_string(),
            _ => self.reference.clone(),
        }
    }

    /// A text in a language, or as it was written if there is none in it.
    /// `zh` finds `zh-CN` and the other way.
    pub fn text(&self, field: &str, language: &str) -> &str {
        self.said(field, language).map_or_else(|| self.source(field), |(_, text)| text)
    }

    /// A text with the language it is in.
    pub fn said<'a>(&'a self, field: &str, language: &str) -> Option<(&'a str, &'a str)> {
        if is_near(&self.listing.language, language) {
            return None;
        }
        let found = self.translations.iter().find(|translation| is_near(&translation.language, language));
        let text = found.and_then(|translation| translation.fields.get(field));
        found.zip(text).map(|(translation, text)| (translation.language.as_str(), text.as_str()))
    }

    /// A text as it was written.
    pub fn source(&self, field: &str) -> &str {
        prose_of(&self.listing, field).map_or("", String::as_str)
    }

    /// Whose it is, if the partner only passes on what it read in somebody's feed; empty: its own.
    pub fn imported(&self, language: &str) -> String {
        let Some(from) = &self.listing.imported_from else { return String::new() };
        let publisher = &from.publisher;
        if is_near(language, "zh") {
            format!("从 {publisher} 导入，未经其签名。")
        } else {
            format!("Imported from {publisher}, not signed by them.")
        }
    }

    /// Languages in which it can be read, its own first.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        let translated = self.translations.iter().map(|translation| translation.language.as_str());
        std::iter::once(self.listing.language.as_str()).chain(translated)
    }

    /// The organisation's name in a language, or the first there is.
    pub fn organisation_in(&self, language: &str) -> &str {
        let near = self.organisation.iter().find(|name| is_near(&name.language, language));
        near.or(self.organisation.first()).map_or("", |name| &name.text)
    }

    /// Puts right what people don't see and records don't allow: blanks at the ends of texts, line ends of other systems,
    /// codes out of order or said twice.
    pub fn tidy(&mut self) {
        let fields: Vec<String> = prose(&self.listing).into_iter().map(|(field, _)| field).collect();
        for field in &fields {
            if let Some(text) = prose_mut(&mut self.listing, field) {
                tidied(text);
            }
        }
        let listing = &mut self.listing;
        tidied(&mut listing.contact);
        if let Some(place) = &mut listing.place {
            tidied(&mut place.region);
            tidied(&mut place.city);
        }
        for role in &mut listing.roles {
            if let Some(offer) = &mut role.offer {
                tidied(&mut offer.stipend);
            }
        }
        for list in [&mut listing.causes, &mut listing.checks] {
            list.sort();
            list.dedup();
        }
        listing.sdgs.sort_unstable();
        listing.sdgs.dedup();
        for translation in &mut self.translations {
            for text in translation.fields.values_mut() {
                tidied(text);
            }
            translation.fields.retain(|_, text| !text.is_empty());
        }
        self.translations.retain(|translation| !translation.fields.is_empty());
    }

    /// All that an author would be refused, each with its field.
    pub fn refusals(&self) -> Vec<Refusal> {
        let mut refusals = listing::validate(&self.listing);
        refusals.extend(unlisted(&Payload::Listing(self.listing.clone())));
        refusals
    }
}

fn tidied(text: &mut String) {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    *text = lines.trim_matches([' ', '\n', '\t', '\u{3000}', '\u{a0}']).to_owned();
}

/// Whether two tags are of the same language as far as both say.
pub(crate) fn is_near(one: &str, other: &str) -> bool {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    one == other || ((!one.contains('-') || !other.contains('-')) && primary(one) == primary(other))
}

/// Prose of a listing itself, by the name that translations use; roles apart.
pub(crate) const PROSE: [&str; 9] = [
    "title",
    "summary",
    "description",
    "requirements",
    "how_to_apply",
    "safety",
    "costs",
    "accessibility",
    "selection",
];

pub(crate) fn prose_of<'a>(listing: &'a Listing, field: &str) -> Option<&'a String> {
    Some(match field {
        "title" => &listing.title,
        "summary" => &listing.summary,
        "description" => &listing.description,
        "requirements" => &listing.requirements,
        "how_to_apply" => &listing.how_to_apply,
        "safety" => &listing.safety,
        "costs" => &listing.costs,
        "accessibility" => &listing.accessibility,
        "selection" => &listing.selection,
        _ => {
            let (role, part) = role_field(field)?;
            let role = listing.roles.iter().find(|known| known.number == role)?;
            if part == "title" { &role.title } else { &role.tasks }
        }
    })
}

pub(crate) fn prose_mut<'a>(listing: &'a mut Listing, field: &str) -> Option<&'a mut String> {
    Some(match field {
        "title" => &mut listing.title,
        "summary" => &mut listing.summary,
        "description" => &mut listing.description,
        "requirements" => &mut listing.requirements,
        "how_to_apply" => &mut listing.how_to_apply,
        "safety" => &mut listing.safety,
        "costs" => &mut listing.costs,
        "accessibility" => &mut listing.accessibility,
        "selection" => &mut listing.selection,
        _ => {
            let (number, part) = role_field(field)?;
            let role: &mut Role = listing.roles.iter_mut().find(|known| known.number == number)?;
            if part == "title" { &mut role.title } else { &mut role.tasks }
        }
    })
}

/// `roles.3.tasks`
fn role_field(field: &str) -> Option<(u32, &str)> {
    let (number, part) = field.strip_prefix("roles.")?.split_once('.')?;
    let known = ["title", "tasks"].contains(&part);
    number.parse().ok().filter(|_| known).map(|number| (number, part))
}

/// Moments as RFC 3339 in UTC.
mod moment {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use volbridge_proto::Timestamp;

    use crate::moment::parse;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub fn serialize<S: Serializer>(moment: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match moment {
            Some(moment) => serializer.collect_str(moment),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        parse(&text).map(Some).ok_or_else(|| D::Error::custom("expected a moment as RFC 3339 writes it"))
    }
}
