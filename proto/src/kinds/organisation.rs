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
    time::Date,
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

/// How a partner's check of an organisation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// It says nothing of one.
    None,
    /// It holds.
    Valid,
    /// Its last day is over.
    RunOut,
}

/// Whether an organisation's check holds on a day: from the day of the check through its last day.
pub fn check_state(organisation: &Organisation, today: Date) -> CheckState {
    let Some(checked) = &organisation.checked else { return CheckState::None };
    match (checked.checked_on.parse::<Date>(), checked.valid_until.parse::<Date>()) {
        // A check of tomorrow is none yet.
        (Ok(from), Ok(_)) if today < from => CheckState::None,
        (Ok(_), Ok(until)) if today <= until => CheckState::Valid,
        (Ok(_), Ok(_)) => CheckState::RunOut,
        _ => CheckState::None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_holds_from_its_day_through_its_last() {
        let checked = OrganisationCheck {
            checked_on: "2026-11-02".into(),
            valid_until: "2027-11-30".into(),
            by: vec!["documents".into()],
        };
        let organisation = Organisation { checked: Some(checked), ..Organisation::default() };
        for (day, state) in [
            ("2026-11-01", CheckState::None),
            ("2026-11-02", CheckState::Valid),
            ("2027-11-30", CheckState::Valid),
            ("2027-12-01", CheckState::RunOut),
        ] {
            assert_eq!(check_state(&organisation, day.parse().unwrap()), state, "{day}");
        }
        let today = "2026-11-02".parse().unwrap();
        assert_eq!(check_state(&Organisation::default(), today), CheckState::None);
    }
}
