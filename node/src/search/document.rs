//! A listing as a document: its texts in every language, what it can be chosen by, and what it is ordered by.

use std::collections::BTreeSet;

use tantivy::TantivyDocument;
use volbridge_proto::{PartnerId, SubjectId, codes::names, kinds, wire::record::v1::Listing};

use super::{
    choices::{self, day},
    schema::{Fields, column, halves, key_bytes},
    words::{Cut, says_nothing, words},
};
use crate::views::indexed::Indexed;

/// The mark of documents that name an organisation.
#[must_use]
pub fn of_organisation(partner: PartnerId, subject: &[u8]) -> String {
    format!("organisation {} {}", hex::encode(partner.as_bytes()), hex::encode(subject))
}

/// The mark of documents that name an organisation, whoever's.
#[must_use]
pub fn offered_by(subject: &[u8]) -> String {
    format!("offered by {}", hex::encode(subject))
}

/// The mark of documents that hold a translation.
#[must_use]
pub fn of_translation(log: i64, subject: SubjectId) -> String {
    format!("translation {log} {}", hex::encode(subject.as_bytes()))
}

/// The document.
#[must_use]
pub fn document(fields: &Fields, source: &Indexed) -> TantivyDocument {
    let mut document = TantivyDocument::default();
    let listing = &source.listing.content;
    document.add_bytes(fields.key, &key_bytes(&source.key()));
    document.add_text(fields.part, of_organisation(source.listing.partner(), &listing.organisation));
    document.add_text(fields.part, offered_by(&listing.organisation));
    for translation in &source.translations {
        document.add_text(fields.part, of_translation(translation.place.log, translation.subject()));
    }
    texts(fields, source, &mut document);
    let languages: Vec<&str> =
        source.translations.iter().map(|translation| translation.content.language.as_str()).collect();
    for choice in choices::of(listing, source.host, &languages) {
        document.add_text(fields.choice, choice);
    }
    numbers(fields, source, &mut document);
    document
}

fn texts(fields: &Fields, source: &Indexed, document: &mut TantivyDocument) {
    let listing = &source.listing.content;
    let (mut suggested, mut spelled) = (Vec::new(), BTreeSet::new());
    let prose = kinds::listing::prose(listing);
    let translated = source.translations.iter().flat_map(|translation| &translation.content.segments);
    let all = prose
        .iter()
        .map(|(field, text)| (field.as_str(), text.as_str()))
        .chain(translated.map(|segment| (segment.field.as_str(), segment.text.as_str())));
    for (field, text) in all {
        match field {
            "title" => {
                document.add_text(fields.title, text);
                suggested.extend(suggestions(text));
                spelled.extend(spelling(text));
            }
            "summary" => {
                document.add_text(fields.summary, text);
                spelled.extend(spelling(text));
            }
            _ if field.ends_with(".title") || field.starts_with("place.") => {
                document.add_text(fields.summary, text);
            }
            _ => document.add_text(fields.text, text),
        }
    }
    if let Some(place) = &listing.place {
        for text in [&place.country, &place.region, &place.city].into_iter().filter(|text| !text.is_empty()) {
            document.add_text(fields.summary, text);
        }
    }
    for (list, code) in codes(listing) {
        for name in names::in_each_language(list, &code).into_iter().flatten() {
            document.add_text(fields.summary, name);
        }
    }
    for name in source.organisation.iter().flat_map(|organisation| &organisation.names) {
        document.add_text(fields.summary, &name.text);
    }
    for word in spelled {
        document.add_text(fields.spelled, word);
    }
    suggested.sort_unstable();
    suggested.dedup();
    for word in suggested {
        document.add_text(fields.word, word);
    }
}

/// The codes whose names find it: the list of each, and the code.
fn codes(listing: &Listing) -> BTreeSet<(&'static str, String)> {
    let mut codes = BTreeSet::new();
    if let Some(place) = &listing.place {
        codes.insert(("country", place.country.clone()));
        codes.insert(("region", place.region.clone()));
        codes.insert(("city", place.city.to_lowercase().replace([' ', '_'], "-")));
    }
    let skills = listing.roles.iter().flat_map(|role| role.skills.iter().chain(&role.wished_skills));
    codes.extend(skills.map(|skill| ("skill", skill.clone())));
    codes.extend(listing.causes.iter().map(|cause| ("cause", cause.clone())));
    codes.extend(listing.sdgs.iter().map(|sdg| ("sdg", sdg.to_string())));
    codes
}

/// Words that may be typed wrong.
fn spelling(text: &str) -> impl Iterator<Item = String> {
    words(text, Cut::Once).into_iter().filter(|word| !word.han).map(|word| word.text)
}

/// What is completed for somebody who types: words of two characters and more, folded and as written.
fn suggestions(title: &str) -> impl Iterator<Item = String> {
    words(title, Cut::Once)
        .into_iter()
        .filter(|word| word.text.chars().count() > 1 && !says_nothing(&word.text))
        .map(|word| format!("{}\0{}", word.text, word.written))
}

fn numbers(fields: &Fields, source: &Indexed, document: &mut TantivyDocument) {
    let (log, subject) = source.key();
    let listing = &source.listing.content;
    let coordinates = listing.place.as_ref().and_then(|place| place.coordinates.as_ref());
    let expires = source.listing.statement.expires_at.map(|at| at.as_millis());
    for (name, value) in [
        (column::PUBLISHED, Some(source.published_at)),
        (column::EXPIRES, expires),
        (column::STARTS, day(&listing.starts_on)),
        (column::APPLY_BY, day(&listing.apply_by)),
        (column::LATITUDE, coordinates.map(|at| i64::from(at.latitude_e6))),
        (column::LONGITUDE, coordinates.map(|at| i64::from(at.longitude_e6))),
        (column::LOG, Some(log)),
    ] {
        if let (Some(field), Some(value)) = (fields.column(name), value) {
            document.add_i64(field, value);
        }
    }
    let (high, low) = halves(subject);
    for (name, value) in [(column::SUBJECT_HIGH, high), (column::SUBJECT_LOW, low)] {
        if let Some(field) = fields.column(name) {
            document.add_u64(field, value);
        }
    }
}
