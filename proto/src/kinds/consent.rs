//! `volbridge.consent.v1`, named: a volunteer lets a partner pass the profile on.

use super::{
    AuthorityRule, ClassRule, KindInfo,
    faults::{Faults, Form},
};
use crate::{
    error::{Code, Refusal},
    id::PartnerId,
    record::limits,
    time::Timestamp,
    wire::record::v1::Consent,
};

/// The kind's name.
pub const KIND: &str = "volbridge.consent.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo =
    KindInfo::new(KIND, "Consent", ClassRule::Named).about_people(AuthorityRule::WithoutConsent);

/// How a consent is given.
pub const GIVEN_BY: &[&str] = &["attested", "passkey"];

/// Every fault of the payload.
pub fn validate(consent: &Consent) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.bytes("profile", &consent.profile, 16);
    faults.tokens("purposes", &consent.purposes);
    faults.ids("recipients", &consent.recipients, 32, limits::RECIPIENTS);
    faults.tokens("categories", &consent.categories);
    faults.language("notice_language", &consent.notice_language);
    faults.bytes("notice_hash", &consent.notice_hash, 32);
    faults.choice("given_by", &consent.given_by, GIVEN_BY);
    faults.demand(consent.given_at != 0, "given_at", Code::FieldRequired);
    faults.moment("given_at", consent.given_at);
    faults.demand(consent.expires_at != 0, "expires_at", Code::FieldRequired);
    faults.moment("expires_at", consent.expires_at);
    faults.demand(consent.given_at <= consent.expires_at, "expires_at", Code::FieldMismatch);
    faults.required("how_to_withdraw", &consent.how_to_withdraw, Form::Text, limits::SUMMARY);
    faults.into_vec()
}

/// Whether the consent lets data of these categories go to `recipient` for `purpose` now.
pub fn check_covers(
    consent: &Consent,
    recipient: PartnerId,
    purpose: &str,
    categories: &[&str],
    now: Timestamp,
) -> Result<(), Refusal> {
    let lists = |list: &[String], word: &str| list.iter().any(|listed| listed == word);
    let named = consent.recipients.iter().any(|partner| partner.as_slice() == recipient.as_bytes());
    if !named || !lists(&consent.purposes, purpose) {
        return Err(Refusal::new(Code::ConsentNone));
    }
    if let Some(missing) = categories.iter().find(|category| !lists(&consent.categories, category)) {
        return Err(Refusal::new(Code::ConsentNone).with("category", missing));
    }
    if now.as_millis() >= consent.expires_at {
        return Err(Refusal::new(Code::ConsentExpired));
    }
    Ok(())
}
