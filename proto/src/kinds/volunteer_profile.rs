//! `volbridge.volunteer-profile.v1`, named: what a host learns of a volunteer.

use super::{
    AuthorityRule, ClassRule, KindInfo,
    common::languages,
    faults::{Faults, Form},
};
use crate::{
    error::{Code, Refusal},
    record::limits,
    wire::record::v1::VolunteerProfile,
};

/// The kind's name.
pub const KIND: &str = "volbridge.volunteer-profile.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo =
    KindInfo::new(KIND, "VolunteerProfile", ClassRule::Named).about_people(AuthorityRule::WithConsent);

/// How an identity was checked.
pub const METHODS: &[&str] = &["national-id", "passport", "in-person"];

/// Every fault of the payload.
pub fn validate(profile: &VolunteerProfile) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.language("language", &profile.language);
    faults.required("name", &profile.name, Form::Name, limits::LINE);
    faults.text("latin_name", &profile.latin_name, Form::Name, limits::LINE);
    if profile.birth_year != 0 {
        faults.number("birth_year", profile.birth_year, 1900, 2100);
    }
    if !profile.nationality.is_empty() {
        faults.country("nationality", &profile.nationality);
    }
    languages(&mut faults, "languages", &profile.languages);
    faults.skills("skills", &profile.skills);
    faults.text("experience", &profile.experience, Form::Text, limits::PROSE);
    let from = faults.date("available_from", &profile.available_from);
    let until = faults.date("available_until", &profile.available_until);
    faults.in_order("available_until", from, until);
    faults.text("contact", &profile.contact, Form::Text, limits::SUMMARY);
    if let Some(check) = &profile.identity {
        faults.within("identity", |faults| {
            faults.required("checked_by", &check.checked_by, Form::Name, limits::LINE);
            faults.required_date("checked_on", &check.checked_on);
            faults.choice("method", &check.method, METHODS);
        });
    }
    faults.into_vec()
}

/// The categories of data that a profile holds, as agreements and consents name them.
pub fn categories(profile: &VolunteerProfile) -> Vec<&'static str> {
    let mut categories = vec![];
    if !profile.contact.is_empty() {
        categories.push("contact");
    }
    if profile.identity.is_some() {
        categories.push("identity");
    }
    categories.push("profile");
    categories
}

/// Refuses a profile whose data the given categories don't cover.
pub fn check_categories(profile: &VolunteerProfile, covered: &[String]) -> Result<(), Refusal> {
    let missing = categories(profile).into_iter().find(|held| !covered.iter().any(|word| word == held));
    match missing {
        Some(category) => Err(Refusal::new(Code::AgreementNone).with("category", category)),
        None => Ok(()),
    }
}
