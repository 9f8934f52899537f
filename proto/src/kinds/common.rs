//! Parts that several kinds share: names, places, languages, blobs.

use super::faults::{Faults, Form};
use crate::{
    codes::cefr,
    error::Code,
    record::limits,
    wire::record::v1::{Blob, LanguageSkill, LocalText, Place},
};

/// At least one name, one a language.
pub(super) fn names(faults: &mut Faults, field: &str, names: &[LocalText]) {
    faults.demand(!names.is_empty(), field, Code::FieldRequired);
    faults.each(field, names, limits::NAMES, |faults, name| {
        faults.language("language", &name.language);
        faults.required("text", &name.text, Form::Name, limits::LINE);
    });
    let languages: Vec<&str> = names.iter().map(|name| name.language.as_str()).collect();
    faults.distinct(field, languages);
}

pub(super) fn place(faults: &mut Faults, field: &str, place: &Place) {
    faults.within(field, |faults| {
        faults.country("country", &place.country);
        faults.text("region", &place.region, Form::Name, limits::LINE);
        faults.text("city", &place.city, Form::Name, limits::LINE);
        if let Some(at) = &place.coordinates {
            faults.within("coordinates", |faults| {
                let in_range = |number: i32, most: i32| (-most..=most).contains(&number);
                faults.demand(in_range(at.latitude_e6, 90_000_000), "latitude_e6", Code::FieldOutOfRange);
                faults.demand(in_range(at.longitude_e6, 180_000_000), "longitude_e6", Code::FieldOutOfRange);
            });
        }
    });
}

pub(super) fn languages(faults: &mut Faults, field: &str, skills: &[LanguageSkill]) {
    faults.each(field, skills, limits::SHORT_LIST, |faults, skill| {
        faults.language("language", &skill.language);
        faults.choice("level", &skill.level, cefr::LEVELS);
    });
    let languages: Vec<&str> = skills.iter().map(|skill| skill.language.as_str()).collect();
    faults.distinct(field, languages);
}

/// A blob that must be there. Whether it has a key is for the statement's class to say.
pub(super) fn blob(faults: &mut Faults, field: &str, blob: Option<&Blob>) {
    let Some(blob) = blob else { return faults.code(field, Code::FieldRequired) };
    faults.within(field, |faults| {
        faults.bytes("hash", &blob.hash, 32);
        let in_range = (1..=limits::BLOB).contains(&blob.size);
        faults.demand(
            in_range,
            "size",
            if blob.size == 0 { Code::FieldRequired } else { Code::FieldOutOfRange },
        );
        faults.demand(is_media_type(&blob.media_type), "media_type", Code::FieldInvalid);
        faults.text("filename", &blob.filename, Form::Name, limits::LINE);
        let harmless = !blob.filename.contains(['/', '\\']);
        faults.demand(harmless, "filename", Code::FieldInvalid);
        faults.optional_bytes("key", &blob.key, 32);
    });
}

/// `application/pdf`: lower case, without parameters.
fn is_media_type(text: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&-^_.+".contains(&byte)
            })
    };
    text.len() <= 127 && text.split_once('/').is_some_and(|(kind, name)| is_part(kind) && is_part(name))
}

/// Lower-case ASCII labels with at least one dot, or one label such as `localhost`; at most 128.
pub(super) fn is_domain(domain: &str) -> bool {
    domain.len() <= limits::DOMAIN
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        })
}
