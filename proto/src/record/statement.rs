//! What one partner says about one subject, as typed and checked values
//! (protocol section 1).

use std::collections::BTreeSet;

use super::{canonical, limits};
use crate::{
    error::{Code, Refusal},
    id::{LogId, PartnerId, RecordId, Ref, SubjectId, prefixed_hash},
    time::{LAST_MOMENT, Timestamp},
    tlog::entry::Class,
    wire::record::v1 as wire,
};

/// A statement whose envelope holds to the rules. Its payload is judged by `content_valid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Who says it.
    pub author: PartnerId,
    /// `volbridge.listing.v1`
    pub kind: String,
    /// What it is about, within the author's subjects.
    pub subject: SubjectId,
    /// From 1.
    pub revision: u64,
    /// The revision that this replaces; present from revision 2 on.
    pub previous: Option<RecordId>,
    /// As the author says; 0 if it doesn't.
    pub issued_at: Timestamp,
    /// As the author says.
    pub expires_at: Option<Timestamp>,
    /// Records that this was made from.
    pub sources: Vec<Ref>,
    /// Why a person's data may be passed on.
    pub authority: Option<Authority>,
    /// Partners that it is sealed to, ascending, without the author; empty: public.
    pub recipients: Vec<PartnerId>,
    /// The subject that this goes on from.
    pub continues: Option<Subject>,
    /// The same statement in an older epoch.
    pub republishes: Option<RecordId>,
    /// The kind's message.
    pub payload: Vec<u8>,
    /// Whether it has a field that only a newer node understands.
    pub needs_newer: bool,
}

/// A subject of some partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Absent: the author's own.
    pub partner: Option<PartnerId>,
    /// Which of its subjects.
    pub subject: SubjectId,
}

/// Why a person's data may be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// `placement`
    pub purpose: String,
    /// The author's Agreement.
    pub own_agreement: RecordId,
    /// The other partner's Agreement; its `partner` is present.
    pub other_agreement: Ref,
    /// The person's consent; absent in a Consent.
    pub consent: Option<Ref>,
    /// The other's log when this was decided.
    pub seen: SeenLog,
}

impl Authority {
    /// The partner that the data goes to.
    pub fn other(&self) -> PartnerId {
        self.seen.log.partner
    }
}

/// How much of a log its reader had verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenLog {
    /// Whose log, in which epoch.
    pub log: LogId,
    /// Entries.
    pub size: u64,
}

impl Statement {
    /// Reads the canonical bytes of a statement that stands in `log`.
    pub fn parse(bytes: &[u8], log: &LogId) -> Result<Self, Refusal> {
        let (value, found) = canonical::decode::<wire::Statement>(bytes, "Statement")?;
        Self::from_wire(value, log, found.critical_unknown)
    }

    pub(super) fn from_wire(value: wire::Statement, log: &LogId, needs_newer: bool) -> Result<Self, Refusal> {
        let author = log.partner;
        check_kind(&value.kind)?;
        let recipients = recipients(&value.recipients, author)?;
        let statement = Self {
            author,
            subject: subject(&value.subject, recipients.is_empty())?,
            previous: optional_record(&value.previous, "previous")?,
            issued_at: moment(value.issued_at, "issued_at")?,
            expires_at: Some(moment(value.expires_at, "expires_at")?).filter(|at| at.as_millis() > 0),
            sources: sources(&value.sources, author)?,
            authority: value.authority.map(|value| authority(&value, author)).transpose()?,
            continues: value.continues.map(|value| parse_subject(&value, author)).transpose()?,
            republishes: optional_record(&value.republishes, "republishes")?,
            kind: value.kind,
            revision: value.revision,
            recipients,
            payload: value.payload,
            needs_newer,
        };
        statement.check_revision()?;
        if statement.republishes.is_some() && log.epoch < 2 {
            return Err(Refusal::new(Code::FieldUnexpected).at("republishes"));
        }
        Ok(statement)
    }

    fn check_revision(&self) -> Result<(), Refusal> {
        match (self.revision, self.previous) {
            (0, _) => Err(Refusal::new(Code::FieldRequired).at("revision")),
            (1, Some(_)) => Err(Refusal::new(Code::FieldUnexpected).at("previous")),
            (1, None) | (2.., Some(_)) => Ok(()),
            (2.., None) => Err(Refusal::new(Code::FieldRequired).at("previous")),
        }
    }

    /// Public, or named if it has recipients.
    pub fn class(&self) -> Class {
        if self.recipients.is_empty() { Class::Public } else { Class::Named }
    }

    /// What must stay the same over the revisions of a subject: kind, class and recipients, hashed.
    pub fn audience(&self) -> [u8; 32] {
        let mut text = format!("{}\n{}\n", self.kind, self.class().number());
        for recipient in &self.recipients {
            text.push_str(&format!("{recipient}\n"));
        }
        prefixed_hash(b"volbridge/audience/v1\n", text.as_bytes())
    }
}

/// `volbridge.listing.v1`: at least three labels of a-z, 0-9 and hyphens, the last a version.
fn check_kind(kind: &str) -> Result<(), Refusal> {
    let refused = || Refusal::new(Code::StatementKind).at("kind");
    let labels: Vec<&str> = kind.split('.').collect();
    let (Some(version), 3..) = (labels.last(), labels.len()) else { return Err(refused()) };
    let is_label = |label: &&str| {
        label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let number = version.strip_prefix('v').unwrap_or_default();
    let is_version =
        !number.is_empty() && !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
    if kind.len() <= limits::KIND && labels.iter().all(is_label) && is_version {
        Ok(())
    } else {
        Err(refused())
    }
}

fn subject(bytes: &[u8], public: bool) -> Result<SubjectId, Refusal> {
    let subject = SubjectId::try_from(bytes).map_err(|refusal| refusal.at("subject"))?;
    let fits = if public { subject.is_v7() } else { subject.is_v4() };
    if fits {
        Ok(subject)
    } else {
        let version = if public { "UUIDv7" } else { "UUIDv4" };
        Err(Refusal::new(Code::FieldInvalid).with("expected", version).at("subject"))
    }
}

fn recipients(list: &[Vec<u8>], author: PartnerId) -> Result<Vec<PartnerId>, Refusal> {
    if list.len() > limits::RECIPIENTS {
        return Err(Refusal::new(Code::FieldTooMany).with("limit", limits::RECIPIENTS).at("recipients"));
    }
    let mut recipients: Vec<PartnerId> = Vec::with_capacity(list.len());
    for (place, bytes) in list.iter().enumerate() {
        let at = |refusal: Refusal| refusal.at(format!("recipients[{place}]"));
        let partner = PartnerId::try_from(bytes.as_slice()).map_err(at)?;
        if partner == author {
            return Err(at(Refusal::new(Code::FieldUnexpected)));
        }
        if recipients.last().is_some_and(|before| *before >= partner) {
            return Err(at(Refusal::new(Code::FieldUnsorted)));
        }
        recipients.push(partner);
    }
    Ok(recipients)
}

fn sources(list: &[wire::Ref], author: PartnerId) -> Result<Vec<Ref>, Refusal> {
    if list.len() > limits::SOURCES {
        return Err(Refusal::new(Code::FieldTooMany).with("limit", limits::SOURCES).at("sources"));
    }
    let mut seen = BTreeSet::new();
    let mut sources = Vec::with_capacity(list.len());
    for (place, value) in list.iter().enumerate() {
        let at = |refusal: Refusal| refusal.at(format!("sources[{place}]"));
        let source = parse_ref(value, author).map_err(at)?;
        if !seen.insert(source) {
            return Err(at(Refusal::new(Code::FieldDuplicate)));
        }
        sources.push(source);
    }
    Ok(sources)
}

fn authority(value: &wire::Authority, author: PartnerId) -> Result<Authority, Refusal> {
    let required = |field: &str| Refusal::new(Code::FieldRequired).at(field).at("authority");
    let at = |field: &'static str| move |refusal: Refusal| refusal.at(field).at("authority");
    if !is_token(&value.purpose) {
        return Err(Refusal::new(Code::FieldInvalid).at("purpose").at("authority"));
    }
    let own = value.own_agreement.as_ref().ok_or_else(|| required("own_agreement"))?;
    let own = parse_ref(own, author).map_err(at("own_agreement"))?;
    if own.partner.is_some() {
        return Err(Refusal::new(Code::FieldUnexpected).at("own_agreement.partner").at("authority"));
    }
    let other = value.other_agreement.as_ref().ok_or_else(|| required("other_agreement"))?;
    let other = parse_ref(other, author).map_err(at("other_agreement"))?;
    let seen = value.seen.as_ref().ok_or_else(|| required("seen"))?;
    let partner = PartnerId::try_from(seen.partner.as_slice()).map_err(at("seen.partner"))?;
    if other.partner != Some(partner) {
        return Err(Refusal::new(Code::FieldMismatch).at("seen.partner").at("authority"));
    }
    if seen.epoch == 0 || seen.size == 0 {
        return Err(Refusal::new(Code::FieldRequired).at("seen").at("authority"));
    }
    let consent = value.consent.as_ref().map(|value| parse_ref(value, author)).transpose();
    Ok(Authority {
        purpose: value.purpose.clone(),
        own_agreement: own.id,
        other_agreement: other,
        consent: consent.map_err(at("consent"))?,
        seen: SeenLog { log: LogId::new(partner, seen.epoch), size: seen.size },
    })
}

/// Reads a reference; a partner's own records are named without the partner.
pub(crate) fn parse_ref(value: &wire::Ref, author: PartnerId) -> Result<Ref, Refusal> {
    Ok(Ref {
        partner: other_partner(&value.partner, author)?,
        id: RecordId::try_from(value.id.as_slice()).map_err(|refusal| refusal.at("id"))?,
    })
}

/// Reads a subject; a partner's own subjects are named without the partner.
pub(crate) fn parse_subject(value: &wire::Subject, author: PartnerId) -> Result<Subject, Refusal> {
    let subject = SubjectId::try_from(value.subject.as_slice()).map_err(|refusal| refusal.at("subject"))?;
    Ok(Subject { partner: other_partner(&value.partner, author)?, subject })
}

fn other_partner(bytes: &[u8], author: PartnerId) -> Result<Option<PartnerId>, Refusal> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let partner = PartnerId::try_from(bytes).map_err(|refusal| refusal.at("partner"))?;
    if partner == author { Err(Refusal::new(Code::FieldUnexpected).at("partner")) } else { Ok(Some(partner)) }
}

fn optional_record(bytes: &[u8], field: &str) -> Result<Option<RecordId>, Refusal> {
    if bytes.is_empty() {
        return Ok(None);
    }
    RecordId::try_from(bytes).map(Some).map_err(|refusal| refusal.at(field))
}

fn moment(millis: i64, field: &str) -> Result<Timestamp, Refusal> {
    let moment = Timestamp::from_millis(millis);
    let known = Timestamp::default()..=LAST_MOMENT;
    if known.contains(&moment) { Ok(moment) } else { Err(Refusal::new(Code::TimeMalformed).at(field)) }
}

/// 1 to 64 of a-z, 0-9 and hyphens: purposes, categories.
pub(crate) fn is_token(text: &str) -> bool {
    (1..=limits::TOKEN).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
