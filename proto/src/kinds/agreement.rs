//! `volbridge.agreement.v1` and `volbridge.agreement-end.v1`: two partners exchange
//! people's data on the same terms (protocol section 6).

use super::{
    ClassRule, KindInfo, canonical_bytes,
    faults::{Faults, Form},
};
use crate::{
    error::{Code, Refusal},
    id::{PartnerId, RecordId, prefixed_hash},
    record::limits,
    time::{Date, Timestamp},
    wire::record::v1::{Agreement, AgreementEnd, AgreementTerms},
};

/// The kind's name.
pub const KIND: &str = "volbridge.agreement.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Agreement", ClassRule::Public).for_ever();
/// The name of the kind that ends it.
pub const END_KIND: &str = "volbridge.agreement-end.v1";
/// What goes for that kind as a whole.
pub const END_INFO: KindInfo = KindInfo::new(END_KIND, "AgreementEnd", ClassRule::Public).for_ever();

/// Every fault of the payload.
pub fn validate(agreement: &Agreement) -> Vec<Refusal> {
    let mut faults = Faults::new();
    match &agreement.terms {
        Some(given) => faults.within("terms", |faults| terms(faults, given)),
        None => faults.code("terms", Code::FieldRequired),
    }
    faults.into_vec()
}

fn terms(faults: &mut Faults, terms: &AgreementTerms) {
    faults.ids("parties", &terms.parties, 32, 2);
    faults.demand(terms.parties.len() >= 2, "parties", Code::FieldRequired);
    faults.tokens("purposes", &terms.purposes);
    faults.tokens("categories", &terms.categories);
    faults.required("legal_basis", &terms.legal_basis, Form::Text, limits::SUMMARY);
    faults.number("retention_days", terms.retention_days, 1, 36_525);
    let starts = faults.required_date("starts_on", &terms.starts_on);
    let ends = faults.required_date("ends_on", &terms.ends_on);
    faults.in_order("ends_on", starts, ends);
    faults.text("assessment", &terms.assessment, Form::Line, limits::LINE);
    faults.language("language", &terms.language);
    faults.required("text", &terms.text, Form::Text, limits::AGREEMENT_TEXT);
}

/// Every fault of the payload.
pub fn validate_end(end: &AgreementEnd) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.bytes("agreement", &end.agreement, 32);
    faults.text("reason", &end.reason, Form::Text, limits::SUMMARY);
    faults.into_vec()
}

/// H(`"volbridge/agreement-terms/v1\n"` ‖ canonical terms): equal for both partners.
pub fn terms_hash(terms: &AgreementTerms) -> [u8; 32] {
    prefixed_hash(b"volbridge/agreement-terms/v1\n", &canonical_bytes(terms))
}

/// One partner's side of an agreement, as its log shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementHalf {
    /// Whose side.
    pub partner: PartnerId,
    /// Its Agreement record.
    pub id: RecordId,
    /// Where that stands in its log.
    pub index: u64,
    /// Where the first AgreementEnd that names it stands.
    pub ended_at: Option<u64>,
    /// What it agreed to.
    pub terms: AgreementTerms,
}

/// When an agreement is judged: how much of both logs counts, and on which day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Entries of the own log: the record's own index.
    pub own_size: u64,
    /// Entries of the other's log: `Authority.seen`.
    pub other_size: u64,
    /// By the judge's clock.
    pub now: Timestamp,
}

/// Whether the two halves are in force: same terms between these two, both entered,
/// neither ended, first day come, last day not over.
pub fn in_force(own: &AgreementHalf, other: &AgreementHalf, at: &Moment) -> Result<(), Refusal> {
    let parties: Vec<&[u8]> = own.terms.parties.iter().map(Vec::as_slice).collect();
    let mut partners = [own.partner.to_vec(), other.partner.to_vec()];
    partners.sort();
    if parties != partners {
        return Err(Refusal::new(Code::AgreementNone));
    }
    if terms_hash(&own.terms) != terms_hash(&other.terms) {
        return Err(Refusal::new(Code::AgreementTerms));
    }
    if own.index >= at.own_size || other.index >= at.other_size {
        return Err(Refusal::new(Code::AgreementNotYet));
    }
    let ended = |half: &AgreementHalf, size| half.ended_at.is_some_and(|index| index < size);
    if ended(own, at.own_size) || ended(other, at.other_size) {
        return Err(Refusal::new(Code::AgreementEnded));
    }
    let starts: Date = own.terms.starts_on.parse()?;
    let ends: Date = own.terms.ends_on.parse()?;
    if at.now < starts.start_of_day_utc() {
        return Err(Refusal::new(Code::AgreementNotYet).with("starts_on", starts));
    }
    if at.now >= ends.end_of_day_utc() {
        return Err(Refusal::new(Code::AgreementEnded).with("ends_on", ends));
    }
    Ok(())
}

/// Whether the terms cover this purpose and all of these categories of data.
pub fn covers(terms: &AgreementTerms, purpose: &str, categories: &[&str]) -> bool {
    let lists = |list: &[String], word: &str| list.iter().any(|listed| listed == word);
    lists(&terms.purposes, purpose) && categories.iter().all(|category| lists(&terms.categories, category))
}
