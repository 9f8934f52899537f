//! `volbridge.listing.v1`: a volunteering project that an organisation offers.

use super::{
    ClassRule, KindInfo,
    common::{languages, place},
    faults::{Faults, Form},
};
use crate::{
    codes::{applicants::APPLICANTS, checks::VOLUNTEER_CHECKS, education::EDUCATION, status::STATUS},
    error::{Code, Refusal},
    record::limits,
    time::Date,
    wire::record::v1::{Listing, Role},
};

/// The kind's name.
pub const KIND: &str = "volbridge.listing.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Listing", ClassRule::Either);

/// Weeks that one volunteer serves at most: ten years.
const WEEKS: u32 = 520;
/// Years of experience that can be asked for.
const EXPERIENCE: u32 = 60;

/// Every fault of the payload.
pub fn validate(listing: &Listing) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.language("language", &listing.language);
    faults.bytes("organisation", &listing.organisation, 16);
    faults.required("title", &listing.title, Form::Name, limits::LINE);
    faults.required("summary", &listing.summary, Form::Text, limits::SUMMARY);
    faults.required("description", &listing.description, Form::Text, limits::PROSE);
    if let Some(at) = &listing.place {
        place(&mut faults, "place", at);
    }
    let starts = faults.date("starts_on", &listing.starts_on);
    let ends = faults.date("ends_on", &listing.ends_on);
    faults.in_order("ends_on", starts, ends);
    let apply_by = faults.date("apply_by", &listing.apply_by);
    faults.in_order("apply_by", apply_by, ends);
    faults.number("hours_per_week", listing.hours_per_week, 0, 168);
    roles(&mut faults, &listing.roles);
    faults.sdgs("sdgs", &listing.sdgs);
    faults.text("requirements", &listing.requirements, Form::Text, limits::PROSE);
    faults.text("how_to_apply", &listing.how_to_apply, Form::Text, limits::PROSE);
    faults.text("contact", &listing.contact, Form::Text, limits::SUMMARY);
    let reachable = !listing.how_to_apply.is_empty() || !listing.contact.is_empty();
    faults.demand(reachable, "contact", Code::FieldRequired);
    faults.text("safety", &listing.safety, Form::Text, limits::PROSE);
    faults.required("costs", &listing.costs, Form::Text, limits::SUMMARY);
    faults.number("min_age", listing.min_age, 0, 120);
    faults.number("max_age", listing.max_age, 0, 120);
    let aged = listing.max_age == 0 || listing.min_age <= listing.max_age;
    faults.demand(aged, "max_age", Code::FieldMismatch);
    faults.choice("applicants", &listing.applicants, APPLICANTS);
    faults.open_codes("causes", &listing.causes);
    faults.ascending("causes", &listing.causes);
    faults.choices("checks", &listing.checks, VOLUNTEER_CHECKS);
    faults.text("accessibility", &listing.accessibility, Form::Text, limits::PROSE);
    faults.text("selection", &listing.selection, Form::Text, limits::PROSE);
    // Without a place everything is remote: said twice, it could be said two ways.
    faults.demand(!listing.remote || listing.place.is_some(), "remote", Code::FieldUnexpected);
    faults.choice_or_none("status", &listing.status, STATUS);
    weeks(&mut faults, listing.weeks, starts, ends);
    if let Some(from) = &listing.imported_from {
        faults.required("imported_from.publisher", &from.publisher, Form::Name, limits::LINE);
        faults.demand(!from.url.is_empty(), "imported_from.url", Code::FieldRequired);
        faults.url("imported_from.url", &from.url);
    }
    faults.into_vec()
}

/// Slots that somebody could apply for on a day: not filled, of a listing that is open and still takes applications.
pub fn open_slots(listing: &Listing, today: Date) -> u32 {
    let over = |day: &str| day.parse::<Date>().is_ok_and(|day| day < today);
    if !listing.status.is_empty() || over(&listing.apply_by) || over(&listing.ends_on) {
        return 0;
    }
    let open = listing.roles.iter().map(|role| role.slots.saturating_sub(role.filled));
    open.fold(0, u32::saturating_add)
}

/// No longer than the days between the dates, where both are known.
fn weeks(faults: &mut Faults, weeks: u32, starts: Option<Date>, ends: Option<Date>) {
    faults.number("weeks", weeks, 0, WEEKS);
    let span = starts.zip(ends).map(|(first, last)| first.days_until(last) + 1);
    // The last week may be begun.
    let fits = span.is_none_or(|days| days <= 0 || i64::from(weeks) <= (days + 6) / 7);
    faults.demand(weeks > WEEKS || fits, "weeks", Code::FieldMismatch);
}

fn roles(faults: &mut Faults, list: &[Role]) {
    faults.demand(!list.is_empty(), "roles", Code::FieldRequired);
    faults.each("roles", list, limits::ROLES, role);
    let numbers: Vec<u32> = list.iter().map(|role| role.number).collect();
    faults.distinct("roles", numbers);
}

fn role(faults: &mut Faults, role: &Role) {
    faults.number("number", role.number, 1, 9_999);
    faults.required("title", &role.title, Form::Name, limits::LINE);
    faults.text("tasks", &role.tasks, Form::Text, limits::PROSE);
    faults.number("slots", role.slots, 1, limits::ROLE_SLOTS);
    faults.skills("skills", &role.skills);
    languages(faults, "languages", &role.languages);
    faults.skills("wished_skills", &role.wished_skills);
    for (place, skill) in role.wished_skills.iter().enumerate().take(limits::SHORT_LIST) {
        let required = role.skills.iter().take(limits::SHORT_LIST).any(|other| other == skill);
        faults.demand(!required, &format!("wished_skills[{place}]"), Code::FieldDuplicate);
    }
    faults.choice_or_none("education", &role.education, EDUCATION);
    faults.number("experience_years", role.experience_years, 0, EXPERIENCE);
    faults.demand(role.filled <= role.slots, "filled", Code::FieldMismatch);
    if let Some(offer) = &role.offer {
        faults.text("offer.stipend", &offer.stipend, Form::Line, limits::LINE);
    }
}

/// What a translation renders: field name and text, ascending by field, without empty ones.
/// Roles are named by their number: `roles.1.title`.
pub fn prose(listing: &Listing) -> Vec<(String, String)> {
    let fields = [
        ("accessibility", &listing.accessibility),
        ("costs", &listing.costs),
        ("description", &listing.description),
        ("how_to_apply", &listing.how_to_apply),
        ("requirements", &listing.requirements),
        ("safety", &listing.safety),
        ("selection", &listing.selection),
        ("summary", &listing.summary),
        ("title", &listing.title),
    ];
    let mut prose: Vec<_> = fields.map(|(field, text)| (field.to_owned(), text.clone())).into();
    for role in &listing.roles {
        prose.push((format!("roles.{}.title", role.number), role.title.clone()));
        prose.push((format!("roles.{}.tasks", role.number), role.tasks.clone()));
    }
    super::sorted_prose(prose)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Listing {
        let role = |slots, filled| Role { slots, filled, ..Role::default() };
        Listing {
            ends_on: "2027-12-17".into(),
            apply_by: "2027-01-15".into(),
            roles: vec![role(20, 7), role(3, 3), role(u32::MAX, 0)],
            ..Listing::default()
        }
    }

    fn open(listing: &Listing, today: &str) -> u32 {
        open_slots(listing, today.parse().unwrap())
    }

    #[test]
    fn filled_slots_are_not_open() {
        let mut listing = listing();
        assert_eq!(open(&listing, "2027-01-15"), u32::MAX);
        listing.roles.truncate(2);
        assert_eq!(open(&listing, "2027-01-15"), 13);
    }

    #[test]
    fn nothing_is_open_after_the_last_day_to_apply_or_the_end() {
        assert_eq!(open(&listing(), "2027-01-16"), 0);
        let without = Listing { apply_by: String::new(), ..listing() };
        assert_eq!(open(&without, "2027-12-18"), 0);
    }

    #[test]
    fn nothing_is_open_of_a_listing_that_is_full_paused_or_closed() {
        for status in STATUS {
            let listing = Listing { status: (*status).to_owned(), ..listing() };
            assert_eq!(open(&listing, "2027-01-01"), 0, "{status}");
        }
    }
}
