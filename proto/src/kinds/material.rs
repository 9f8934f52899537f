//! `volbridge.material.v1`: a document of a conference; its bytes are a blob.

use super::{
    ClassRule, KindInfo,
    common::blob,
    faults::{Faults, Form},
};
use crate::{
    error::{Code, Refusal},
    record::limits,
    wire::record::v1::Material,
};

/// The kind's name.
pub const KIND: &str = "volbridge.material.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Material", ClassRule::Either);

/// What a document can be.
pub const KINDS: &[&str] = &["paper", "slides", "poster", "book", "report", "guideline", "video"];

/// Every fault of the payload.
pub fn validate(material: &Material) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.language("language", &material.language);
    faults.optional_bytes("conference", &material.conference, 16);
    faults.required("title", &material.title, Form::Name, limits::LINE);
    faults.choice("kind", &material.kind, KINDS);
    faults.each("authors", &material.authors, limits::SHORT_LIST, |faults, author| {
        faults.required("", author, Form::Name, limits::LINE);
    });
    faults.text("organisation", &material.organisation, Form::Name, limits::LINE);
    faults.date("date", &material.date);
    faults.text("version", &material.version, Form::Line, 64);
    faults.demand(is_licence(&material.licence), "licence", Code::FieldInvalid);
    faults.text("abstract", &material.r#abstract, Form::Text, limits::PROSE);
    faults.sdgs("sdgs", &material.sdgs);
    blob(&mut faults, "blob", material.blob.as_ref());
    faults.into_vec()
}

/// The form of an SPDX expression: `CC-BY-4.0`, `MIT OR Apache-2.0`.
fn is_licence(licence: &str) -> bool {
    (1..=128).contains(&licence.len())
        && licence.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '(')
        && licence.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+() ".contains(&byte))
}

/// What a translation renders, ascending by field.
pub fn prose(material: &Material) -> Vec<(String, String)> {
    super::sorted_prose(vec![
        ("abstract".to_owned(), material.r#abstract.clone()),
        ("title".to_owned(), material.title.clone()),
    ])
}
