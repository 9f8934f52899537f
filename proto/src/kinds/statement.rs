//! What ties a payload to the statement that holds it: class, authority, sources,
//! recipients (protocol sections 1 and 6).

use super::{AuthorityRule, Payload, faults::Faults};
use crate::{
    error::{Code, Refusal},
    id::PartnerId,
    record::{
        Statement,
        statement::{Authority, parse_subject},
    },
    statistics::{self, Month},
    tlog::entry::Class,
    wire::record::v1 as wire,
};

/// Every fault between a payload that is valid by itself and its statement. Paths
/// of the statement's fields begin with `statement.`.
pub fn statement_faults(statement: &Statement, payload: &Payload) -> Vec<Refusal> {
    let mut faults = Faults::new();
    let info = payload.info();
    if !info.class.allows(statement.class()) {
        faults.code("statement.kind", Code::StatementClass);
    }
    authority(&mut faults, statement, info.authority);
    match payload {
        Payload::Agreement(agreement) => parties(&mut faults, statement.author, agreement),
        Payload::Consent(consent) => consented(&mut faults, statement, consent),
        Payload::Endorsement(endorsement) => {
            let own = endorsement.partner.as_slice() == statement.author.as_bytes();
            faults.demand(!own, "partner", Code::FieldInvalid);
        }
        Payload::Handover(handover) => between_two(&mut faults, statement.author, handover),
        Payload::Material(material) => blob_key(&mut faults, statement.class(), material.blob.as_ref()),
        Payload::Statistics(figures) => one_a_month(&mut faults, statement, figures),
        Payload::Translation(translation) => translated(&mut faults, statement, translation),
        _ => {}
    }
    faults.into_vec()
}

/// A person's data goes to one partner, under the agreement with that partner.
fn authority(faults: &mut Faults, statement: &Statement, rule: AuthorityRule) {
    let consent = match (rule, &statement.authority) {
        (AuthorityRule::Absent, None) => return,
        (AuthorityRule::Absent, Some(_)) | (_, None) => {
            return faults.code("statement.authority", Code::StatementAuthority);
        }
        (_, Some(authority)) => authority.consent.is_some(),
    };
    if consent != (rule == AuthorityRule::WithConsent) {
        faults.code("statement.authority.consent", Code::StatementAuthority);
    }
    let other = statement.authority.as_ref().map(Authority::other);
    if statement.recipients.as_slice() != other.as_slice() {
        faults.code("statement.recipients", Code::FieldMismatch);
    }
}

/// Nobody hands over to itself, or takes over what is its own.
fn between_two(faults: &mut Faults, author: PartnerId, handover: &wire::Handover) {
    let organisation = handover.organisation.as_ref().map(|subject| subject.partner.as_slice());
    faults.demand(handover.to != author.as_bytes(), "to", Code::FieldInvalid);
    let own = organisation == Some(author.as_bytes());
    faults.demand(!own, "organisation.partner", Code::FieldUnexpected);
}

fn parties(faults: &mut Faults, author: PartnerId, agreement: &wire::Agreement) {
    let parties = agreement.terms.as_ref().map(|terms| terms.parties.as_slice()).unwrap_or_default();
    let named = parties.iter().any(|party| party.as_slice() == author.as_bytes());
    faults.demand(named, "terms.parties", Code::FieldMismatch);
}

/// Who is shown a consent must be among those whom it names.
fn consented(faults: &mut Faults, statement: &Statement, consent: &wire::Consent) {
    let named = |partner: &PartnerId| consent.recipients.iter().any(|id| id.as_slice() == partner.as_bytes());
    faults.demand(statement.recipients.iter().all(named), "recipients", Code::FieldMismatch);
}

/// The bytes of a named record's blob are encrypted, those of a public one are not.
fn blob_key(faults: &mut Faults, class: Class, blob: Option<&wire::Blob>) {
    let has_key = blob.is_some_and(|blob| !blob.key.is_empty());
    match class {
        Class::Public if has_key => faults.code("blob.key", Code::FieldUnexpected),
        Class::Named if !has_key => faults.code("blob.key", Code::FieldRequired),
        _ => {}
    }
}

/// Figures of one month and part have one subject, so that nobody is counted twice when they are added up.
fn one_a_month(faults: &mut Faults, statement: &Statement, figures: &wire::Statistics) {
    let Ok(month) = Month::parse(&figures.month) else { return };
    let subject = statistics::subject(statement.author, month, &figures.country, &figures.region);
    faults.demand(statement.subject == subject, "statement.subject", Code::FieldMismatch);
}

/// The translated revision is the only source, and of the same partner as the subject.
fn translated(faults: &mut Faults, statement: &Statement, translation: &wire::Translation) {
    let [source] = statement.sources.as_slice() else {
        return faults.code("statement.sources", Code::StatementSources);
    };
    let Some(of) = &translation.of else { return };
    match parse_subject(of, statement.author) {
        Ok(subject) => faults.demand(subject.partner == source.partner, "of.partner", Code::FieldMismatch),
        Err(refusal) => faults.push("of", refusal),
    }
}
