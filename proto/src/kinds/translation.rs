//! `volbridge.translation.v1`: one revision of a subject in another language.

use super::{
    ClassRule, KindInfo,
    faults::{Faults, Form},
};
use crate::{
    error::{Code, Refusal},
    record::limits,
    wire::record::v1::{Segment, Translation},
};

/// The kind's name.
pub const KIND: &str = "volbridge.translation.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Translation", ClassRule::Either);

/// Where a segment's text comes from.
pub const ORIGINS: &[&str] = &["human", "machine", "memory"];

/// Every fault of the payload.
pub fn validate(translation: &Translation) -> Vec<Refusal> {
    let mut faults = Faults::new();
    match &translation.of {
        Some(subject) => faults.within("of", |faults| {
            faults.optional_bytes("partner", &subject.partner, 32);
            faults.bytes("subject", &subject.subject, 16);
        }),
        None => faults.code("of", Code::FieldRequired),
    }
    faults.language("language", &translation.language);
    faults.demand(!translation.segments.is_empty(), "segments", Code::FieldRequired);
    faults.each("segments", &translation.segments, limits::SEGMENTS, segment);
    let fields: Vec<&str> = translation.segments.iter().map(|segment| segment.field.as_str()).collect();
    faults.ascending("segments", &fields);
    faults.into_vec()
}

fn segment(faults: &mut Faults, segment: &Segment) {
    faults.demand(is_field(&segment.field), "field", Code::FieldInvalid);
    faults.required("text", &segment.text, Form::Text, limits::PROSE);
    faults.choice("origin", &segment.origin, ORIGINS);
    faults.text("engine", &segment.engine, Form::Line, limits::LINE);
    let by_machine = segment.origin == "machine";
    if by_machine && segment.engine.is_empty() {
        faults.code("engine", Code::FieldRequired);
    } else if !by_machine && !segment.engine.is_empty() {
        faults.code("engine", Code::FieldUnexpected);
    }
    faults.text("reviewed_by", &segment.reviewed_by, Form::Name, limits::LINE);
}

/// `title`, `roles.1.tasks`
fn is_field(field: &str) -> bool {
    (1..=128).contains(&field.len())
        && field.split('.').all(|part| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        })
}

/// Every segment whose field the source's prose (`listing::prose` and the like) doesn't have.
/// Fields may be missing: a reader then sees the source.
pub fn validate_against(translation: &Translation, prose: &[(String, String)]) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.each("segments", &translation.segments, limits::SEGMENTS, |faults, segment| {
        let known = prose.iter().any(|(field, _)| *field == segment.field);
        faults.demand(known, "field", Code::FieldUnknown);
    });
    faults.into_vec()
}
