//! `volbridge.listing.v1`: a volunteering project that an organisation offers.

use super::{
    ClassRule, KindInfo,
    common::{languages, place},
    faults::{Faults, Form},
};
use crate::{
    error::{Code, Refusal},
    record::limits,
    wire::record::v1::{Listing, Role},
};

/// The kind's name.
pub const KIND: &str = "volbridge.listing.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Listing", ClassRule::Either);

/// Who may apply.
pub const APPLICANTS: &[&str] = &["all", "nationals", "residents", "international"];

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
    faults.into_vec()
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
    if let Some(offer) = &role.offer {
        faults.text("offer.stipend", &offer.stipend, Form::Line, limits::LINE);
    }
}

/// What a translation renders: field name and text, ascending by field, without empty ones.
/// Roles are named by their number: `roles.1.title`.
pub fn prose(listing: &Listing) -> Vec<(String, String)> {
    let fields = [
        ("costs", &listing.costs),
        ("description", &listing.description),
        ("how_to_apply", &listing.how_to_apply),
        ("requirements", &listing.requirements),
        ("safety", &listing.safety),
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
