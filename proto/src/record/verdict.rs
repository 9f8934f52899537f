//! The two verdicts (protocol section 3). Entry-valid looks at the bytes and
//! decides whether an entry counts; content-valid looks at the payload and decides
//! what views show. Neither reads a clock, and neither can stop a log.

use super::{Body, Statement, body::Content};
use crate::{
    error::{Code, Refusal},
    id::{LogId, record_id},
    kinds::{self, Payload},
    tlog::entry::Leaf,
};

/// Whether a body counts as the entry `index` of `log` that has this leaf.
/// Signatures in field 8 are checked by `identity`, which knows the keys.
pub fn entry_valid(bytes: &[u8], leaf: &Leaf, log: &LogId, index: u64) -> Result<Body, Refusal> {
    if record_id(bytes) != leaf.id {
        return Err(Refusal::new(Code::RecordId));
    }
    let body = Body::parse(bytes, log)?;
    if body.class != leaf.class {
        return Err(Refusal::new(Code::RecordClass).at("class"));
    }
    let kind = body.statement().map_or("", |statement| statement.kind.as_str());
    let demanded = match (log.epoch, index) {
        (1, 0) => Some(kinds::partner_descriptor::KIND),
        (_, 0) => Some(kinds::continuation::KIND),
        _ => None,
    };
    let fits = demanded.map_or(kind != kinds::continuation::KIND, |demanded| kind == demanded);
    if !fits {
        return Err(Refusal::new(Code::RecordFirst).with("index", index).at("statement.kind"));
    }
    // The very first record names no partner: it is the partner. All others name it.
    if body.partner.is_none() == ((log.epoch, index) == (1, 0)) {
        Ok(body)
    } else {
        Err(Refusal::new(Code::RecordPartner).at("partner"))
    }
}

/// What a statement's content is worth to a view.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are valid")]
pub enum ContentVerdict {
    /// By the rule of its kind's version.
    Valid(Payload),
    /// Stored, verified and passed on, not read.
    UnknownKind,
    /// Shown as such; neither indexed, translated nor acted upon.
    NeedsNewer,
    /// Every fault with its field.
    Invalid(Vec<Refusal>),
}

impl ContentVerdict {
    /// The payload, if it is valid.
    pub fn payload(self) -> Option<Payload> {
        match self {
            Self::Valid(payload) => Some(payload),
            _ => None,
        }
    }
}

/// Judges a statement by the rule of its kind. Faults of the payload have its field
/// paths, those of the statement begin with the statement's fields.
pub fn content_valid(statement: &Statement) -> ContentVerdict {
    if statement.needs_newer {
        return ContentVerdict::NeedsNewer;
    }
    match kinds::validate(&statement.kind, &statement.payload) {
        ContentVerdict::Valid(payload) => {
            let faults = kinds::statement_faults(statement, &payload);
            if faults.is_empty() { ContentVerdict::Valid(payload) } else { ContentVerdict::Invalid(faults) }
        }
        other => other,
    }
}

/// The verdict on a public body; `None` if it is sealed.
pub fn public_content(body: &Body) -> Option<ContentVerdict> {
    match &body.content {
        Content::Public(statement) => Some(content_valid(statement)),
        Content::Sealed(_) => None,
    }
}
