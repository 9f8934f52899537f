//! What a draft holds: whether it can be published as it is, and what changed in it.

use std::collections::BTreeMap;

use prost::Message as _;
use serde_json::Value;
use volbridge_proto::{
    Code, Refusal, SubjectId,
    kinds::{self, Payload},
    wire::{
        node::v1::{DraftContent, DraftTranslation},
        record::v1 as record,
    },
};

use crate::error::Error;

/// Reads a stored draft's content.
///
/// # Errors
/// `store.corrupt`
pub fn decode(bytes: &[u8]) -> Result<DraftContent, Error> {
    DraftContent::decode(bytes).map_err(|error| Error::new(Code::StoreCorrupt).because(error))
}

/// Everything that stands in the way of publishing it, each with its field: `title`, `roles[0].slots`,
/// `translation.summary`.
#[must_use]
pub fn faults(content: &DraftContent) -> Vec<Refusal> {
    if let Some(organisation) = &content.organisation {
        let payload = Payload::Organisation(organisation.clone());
        let mut faults = payload.faults();
        faults.extend(kinds::unlisted(&payload));
        return faults;
    }
    let Some(listing) = &content.listing else {
        return vec![Refusal::new(Code::FieldRequired).at("listing")];
    };
    let payload = Payload::Listing(listing.clone());
    let mut faults = payload.faults();
    faults.extend(kinds::unlisted(&payload));
    if let Some(translation) = content.translation.as_ref().filter(|translation| is_given(translation)) {
        faults.extend(faults_of_translation(listing, translation));
    }
    faults
}

/// Whether anything was translated.
#[must_use]
pub fn is_given(translation: &DraftTranslation) -> bool {
    translation.fields.values().any(|text| !text.trim().is_empty())
}

fn faults_of_translation(listing: &record::Listing, translation: &DraftTranslation) -> Vec<Refusal> {
    let mut faults = Vec::new();
    if translation.language.eq_ignore_ascii_case(&listing.language) {
        faults.push(Refusal::new(Code::FieldMismatch).at("translation.language"));
    }
    // The subject isn't known yet, and isn't asked about.
    let record = record_of(translation, SubjectId::v4([1; 16]), listing);
    let payload = Payload::Translation(record.clone());
    let prose = kinds::listing::prose(listing);
    let found = payload.faults().into_iter().chain(kinds::unlisted(&payload));
    let found = found.chain(kinds::translation::validate_against(&record, &prose));
    faults.extend(found.map(|fault| named(fault, &record)));
    faults
}

/// `segments[2].text` by the name of the field that it renders.
fn named(mut fault: Refusal, record: &record::Translation) -> Refusal {
    let number =
        fault.field.strip_prefix("segments[").and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
    fault.field = match number.and_then(|number| record.segments.get(number)) {
        Some(segment) => format!("translation.{}", segment.field),
        None => format!("translation.{}", fault.field),
    };
    fault
}

/// The record of a translation. Fields that the source doesn't have are left out: they can't be seen in the editor.
#[must_use]
pub fn record_of(
    translation: &DraftTranslation,
    of: SubjectId,
    listing: &record::Listing,
) -> record::Translation {
    let known: BTreeMap<String, String> = kinds::listing::prose(listing).into_iter().collect();
    let segment = |(field, text): (&String, &String)| record::Segment {
        field: field.clone(),
        text: text.trim().to_owned(),
        origin: "human".to_owned(),
        ..record::Segment::default()
    };
    let given = translation
        .fields
        .iter()
        .filter(|(field, text)| known.contains_key(*field) && !text.trim().is_empty());
    record::Translation {
        of: Some(record::Subject { partner: Vec::new(), subject: of.to_vec() }),
        language: translation.language.clone(),
        segments: given.map(segment).collect(),
    }
}

/// What a published translation holds, as a draft has it.
#[must_use]
pub fn from_record(translation: &record::Translation) -> DraftTranslation {
    let fields = translation.segments.iter().map(|segment| (segment.field.clone(), segment.text.clone()));
    DraftTranslation { language: translation.language.clone(), fields: fields.collect() }
}

/// The fields in which two contents differ, in their order.
#[must_use]
pub fn changed(before: &DraftContent, after: &DraftContent) -> Vec<String> {
    let (before, after) = (leaves(before), leaves(after));
    let mut fields: Vec<String> = before
        .iter()
        .filter(|(field, value)| after.get(*field) != Some(value))
        .map(|(field, _)| field.clone())
        .chain(after.keys().filter(|field| !before.contains_key(*field)).cloned())
        .collect();
    fields.sort_unstable();
    fields
}

/// Every single value by its path.
fn leaves(content: &DraftContent) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    if let Some(Ok(listing)) = content.listing.as_ref().map(serde_json::to_value) {
        walk(String::new(), &listing, &mut leaves);
    }
    if let Some(Ok(organisation)) = content.organisation.as_ref().map(serde_json::to_value) {
        walk(String::new(), &organisation, &mut leaves);
    }
    for (field, text) in content.translation.iter().flat_map(|translation| &translation.fields) {
        if !text.is_empty() {
            leaves.insert(format!("translation.{field}"), Value::from(text.as_str()));
        }
    }
    leaves
}

fn walk(path: String, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                walk(if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, value, leaves);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (number, value) in items.iter().enumerate() {
                walk(format!("{path}[{number}]"), value, leaves);
            }
        }
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        Value::Array(items) if items.is_empty() => {}
        other => {
            leaves.insert(path, other.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(title: &str, translated: &str) -> DraftContent {
        DraftContent {
            listing: Some(record::Listing {
                language: "zh-CN".to_owned(),
                title: title.to_owned(),
                summary: "教课".to_owned(),
                roles: vec![record::Role {
                    number: 1,
                    title: "教师".to_owned(),
                    slots: 2,
                    ..Default::default()
                }],
                ..Default::default()
            }),
            translation: Some(DraftTranslation {
                language: "en".to_owned(),
                fields: [("title".to_owned(), translated.to_owned())].into(),
            }),
            organisation: None,
        }
    }

    fn fields(content: &DraftContent) -> Vec<String> {
        faults(content).into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn only_what_differs_is_named() {
        let (mut before, after) = (content("长城", "Great Wall"), content("长城导览", "Great Wall"));
        assert_eq!(changed(&before, &after), ["title"]);
        assert!(changed(&after, &after).is_empty());
        if let Some(listing) = before.listing.as_mut() {
            listing.roles[0].slots = 3;
            listing.title = "长城导览".to_owned();
        }
        assert_eq!(changed(&before, &content("长城导览", "")), ["roles[0].slots", "translation.title"]);
    }

    #[test]
    fn faults_of_a_translation_stand_at_the_field_that_it_renders() {
        let found = fields(&content("长城", "Great\u{202e} Wall"));
        assert!(found.contains(&"translation.title".to_owned()), "{found:?}");
        assert!(found.contains(&"description".to_owned()), "{found:?}");
        assert!(!fields(&content("长城", "Great Wall")).iter().any(|field| field.starts_with("translation")));
    }

    #[test]
    fn a_translation_into_the_same_language_is_a_fault_and_an_empty_one_is_none() {
        let mut same = content("长城", "长城");
        if let Some(translation) = same.translation.as_mut() {
            translation.language = "zh-cn".to_owned();
        }
        assert!(fields(&same).contains(&"translation.language".to_owned()));
        assert!(!fields(&content("长城", " ")).iter().any(|field| field.starts_with("translation")));
    }
}
