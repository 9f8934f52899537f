//! `volbridge.conference.v1`: an event.

use super::{
    ClassRule, KindInfo,
    common::{names, place},
    faults::{Faults, Form},
};
use crate::{
    error::{Code, Refusal},
    record::limits,
    wire::record::v1::Conference,
};

/// The kind's name.
pub const KIND: &str = "volbridge.conference.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Conference", ClassRule::Either);

/// Every fault of the payload.
pub fn validate(conference: &Conference) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.language("language", &conference.language);
    names(&mut faults, "names", &conference.names);
    faults.text("theme", &conference.theme, Form::Line, limits::LINE);
    faults.text("description", &conference.description, Form::Text, limits::PROSE);
    let starts = faults.required_date("starts_on", &conference.starts_on);
    let ends = faults.required_date("ends_on", &conference.ends_on);
    faults.in_order("ends_on", starts, ends);
    let zoned = is_time_zone(&conference.time_zone);
    faults.demand(zoned, "time_zone", Code::FieldInvalid);
    if let Some(at) = &conference.place {
        place(&mut faults, "place", at);
    }
    faults.ids_or_none("organisers", &conference.organisers, 32, limits::SHORT_LIST);
    faults.each("topics", &conference.topics, limits::SHORT_LIST, |faults, topic| {
        faults.required("", topic, Form::Line, limits::LINE);
    });
    faults.url("website", &conference.website);
    faults.into_vec()
}

/// `Asia/Shanghai`, `UTC`: the form of a name; no table of zones is looked at.
fn is_time_zone(zone: &str) -> bool {
    (1..=64).contains(&zone.len())
        && zone.split('/').all(|part| {
            part.starts_with(|first: char| first.is_ascii_alphabetic())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
        })
}

/// What a translation renders, ascending by field.
pub fn prose(conference: &Conference) -> Vec<(String, String)> {
    let name = conference
        .names
        .iter()
        .find(|name| name.language == conference.language)
        .or(conference.names.first())
        .map(|name| name.text.clone())
        .unwrap_or_default();
    let mut prose = vec![
        ("description".to_owned(), conference.description.clone()),
        ("name".to_owned(), name),
        ("theme".to_owned(), conference.theme.clone()),
    ];
    for (place, topic) in conference.topics.iter().enumerate() {
        prose.push((format!("topics.{}", place + 1), topic.clone()));
    }
    super::sorted_prose(prose)
}
