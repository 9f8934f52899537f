//! `volbridge.organisation.v1`: a volunteer organisation that a partner hosts and vouches for.

use super::{
    ClassRule, KindInfo,
    common::{names, place},
    faults::{Faults, Form},
};
use crate::{
    codes::{checks::ORGANISATION_CHECKS, levels},
    error::{Code, Refusal},
    record::limits,
    wire::record::v1::{Organisation, OrganisationCheck},
};

/// The kind's name.
pub const KIND: &str = "volbridge.organisation.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Organisation", ClassRule::Public);

/// Days for which a check of an organisation holds at most: it is renewed yearly, with some days to spare.
const CHECK_DAYS: i64 = 400;

/// Every fault of the payload.
pub fn validate(organisation: &Organisation) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.language("language", &organisation.language);
    names(&mut faults, "names", &organisation.names);
    faults.text("description", &organisation.description, Form::Text, limits::PROSE);
    faults.choice("level", &organisation.level, levels::LEVELS);
    if let Some(at) = &organisation.place {
        place(&mut faults, "place", at);
    }
    faults.url("website", &organisation.website);
    faults.optional_bytes("parent", &organisation.parent, 16);
    if let Some(checked) = &organisation.checked {
        faults.within("checked", |faults| check(faults, checked));
    }
    faults.into_vec()
}

fn check(faults: &mut Faults, checked: &OrganisationCheck) {
    let from = faults.required_date("checked_on", &checked.checked_on);
    let until = faults.required_date("valid_until", &checked.valid_until);
    if let Some((from, until)) = from.zip(until) {
        match from.days_until(until) {
            ..1 => faults.code("valid_until", Code::FieldMismatch),
            days if days > CHECK_DAYS => {
                faults.push("valid_until", Refusal::new(Code::FieldOutOfRange).with("most", CHECK_DAYS));
            }
            _ => {}
        }
    }
    faults.demand(!checked.by.is_empty(), "by", Code::FieldRequired);
    faults.choices("by", &checked.by, ORGANISATION_CHECKS);
}
