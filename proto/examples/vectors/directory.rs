//! content-valid: what listings and organisations hold beside their texts.

use volbridge_proto::{Code, kinds::Payload, wire::record::v1::*};

use crate::{content::Refused, samples};

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Every field filled.
pub fn full_listing() -> Listing {
    let mut listing = samples::listing();
    listing.causes = strings(&["education", "x:bvf.example:garden-expo"]);
    listing.checks = strings(&["background", "health"]);
    listing.accessibility = "Step-free; a sign-language interpreter on request.".into();
    listing.selection = "Letter, then a talk by video.".into();
    listing.remote = true;
    listing.status = "paused".into();
    // 2027-03-01 to 2027-12-17 are 41 weeks and five days.
    listing.weeks = 42;
    if let Some(role) = listing.roles.first_mut() {
        role.wished_skills = strings(&["first-aid", "esco:sing"]);
        role.education = "bachelor".into();
        role.experience_years = 60;
        role.filled = role.slots;
    }
    listing
}

/// Read in somebody's feed.
pub fn imported_listing() -> Listing {
    let from = ImportedFrom {
        publisher: "Open Volunteering 志愿开放平台".into(),
        url: "https://feeds.example.org/opportunities/7?v=2".into(),
    };
    Listing { imported_from: Some(from), ..samples::small_listing() }
}

/// Checked for the longest time that there is.
pub fn checked_organisation() -> Organisation {
    let checked = OrganisationCheck {
        checked_on: "2026-11-02".into(),
        valid_until: "2027-12-07".into(),
        by: strings(&["documents", "references", "visit"]),
    };
    Organisation { checked: Some(checked), ..samples::organisation() }
}

/// Accepted, by name.
pub fn statements() -> Vec<(&'static str, Statement)> {
    let unlisted = Listing {
        place: Some(Place { country: "XX".into(), region: "CN-BJ".into(), ..Place::default() }),
        causes: strings(&["a-cause-of-a-later-list"]),
        ..samples::small_listing()
    };
    let listing = |listing| samples::public(&Payload::Listing(listing));
    let week = Listing {
        starts_on: "2027-03-01".into(),
        ends_on: "2027-03-01".into(),
        weeks: 1,
        ..samples::small_listing()
    };
    vec![
        ("listing with every field", listing(full_listing())),
        ("listing of codes that no list names", listing(unlisted)),
        ("listing of one day, which is a week begun", listing(week)),
        ("listing of ten years", listing(Listing { weeks: 520, ..samples::small_listing() })),
        ("listing of somebody without a node", listing(imported_listing())),
        ("organisation that was checked", samples::public(&Payload::Organisation(checked_organisation()))),
    ]
}

fn listing(
    name: &'static str,
    field: &'static str,
    code: Code,
    change: impl FnOnce(&mut Listing),
) -> Refused {
    let mut listing = full_listing();
    change(&mut listing);
    (name, samples::public(&Payload::Listing(listing)), vec![(field, code)])
}

fn role(name: &'static str, field: &'static str, code: Code, change: impl FnOnce(&mut Role)) -> Refused {
    listing(name, field, code, |listing| change(&mut listing.roles[0]))
}

fn check(
    name: &'static str,
    field: &'static str,
    code: Code,
    change: impl FnOnce(&mut OrganisationCheck),
) -> Refused {
    let mut organisation = checked_organisation();
    change(organisation.checked.as_mut().unwrap());
    (name, samples::public(&Payload::Organisation(organisation)), vec![(field, code)])
}

/// Refused listings.
pub fn listing_cases() -> Vec<Refused> {
    vec![
        listing("a cause in prose", "causes[0]", Code::FieldInvalid, |listing| {
            listing.causes = strings(&["Clean water"]);
        }),
        listing("causes out of order", "causes[1]", Code::FieldUnsorted, |listing| listing.causes.reverse()),
        listing("a cause twice", "causes[1]", Code::FieldDuplicate, |listing| {
            listing.causes = strings(&["education", "education"]);
        }),
        listing("65 causes", "causes", Code::FieldTooMany, |listing| {
            listing.causes = (100..165).map(|number| format!("x:a.example:{number}")).collect();
        }),
        listing("a check that no list names", "checks[0]", Code::FieldInvalid, |listing| {
            listing.checks = strings(&["astrology"]);
        }),
        listing("checks out of order", "checks[1]", Code::FieldUnsorted, |listing| listing.checks.reverse()),
        listing("accessibility without anything to read", "accessibility", Code::TextBlank, |listing| {
            listing.accessibility = " ".into();
        }),
        listing("a selection of 20,001 characters", "selection", Code::FieldTooLong, |listing| {
            listing.selection = "选".repeat(20_001);
        }),
        listing("remote, and without a place", "remote", Code::FieldUnexpected, |listing| {
            listing.place = None;
        }),
        listing("a status of another word", "status", Code::FieldInvalid, |listing| {
            listing.status = "open".into();
        }),
        listing("more weeks than ten years", "weeks", Code::FieldOutOfRange, |listing| listing.weeks = 521),
        listing("more weeks than between the dates", "weeks", Code::FieldMismatch, |listing| {
            listing.weeks = 43;
        }),
        role("a wished skill in prose", "roles[0].wished_skills[0]", Code::FieldInvalid, |role| {
            role.wished_skills = strings(&["first aid"]);
        }),
        role("a wished skill twice", "roles[0].wished_skills[1]", Code::FieldDuplicate, |role| {
            role.wished_skills = strings(&["first-aid", "first-aid"]);
        }),
        role("a skill both required and wished", "roles[0].wished_skills[0]", Code::FieldDuplicate, |role| {
            role.wished_skills = role.skills.clone();
        }),
        role("an education of another word", "roles[0].education", Code::FieldInvalid, |role| {
            role.education = "kindergarten".into();
        }),
        role("61 years of experience", "roles[0].experience_years", Code::FieldOutOfRange, |role| {
            role.experience_years = 61;
        }),
        role("more slots filled than there are", "roles[0].filled", Code::FieldMismatch, |role| {
            role.filled += 1;
        }),
        listing("imported from nobody", "imported_from.publisher", Code::FieldRequired, |listing| {
            let url = "https://feeds.example.org/7".into();
            listing.imported_from = Some(ImportedFrom { url, ..ImportedFrom::default() });
        }),
        listing("imported from nowhere", "imported_from.url", Code::FieldRequired, |listing| {
            let publisher = "Open Volunteering".into();
            listing.imported_from = Some(ImportedFrom { publisher, ..ImportedFrom::default() });
        }),
        listing("imported over http", "imported_from.url", Code::FieldInvalid, |listing| {
            let publisher = "Open Volunteering".into();
            listing.imported_from =
                Some(ImportedFrom { publisher, url: "http://feeds.example.org/7".into() });
        }),
    ]
}

/// Refused organisations.
pub fn organisation_cases() -> Vec<Refused> {
    vec![
        check("a check without its day", "checked.checked_on", Code::FieldRequired, |check| {
            check.checked_on.clear();
        }),
        check("a check without its end", "checked.valid_until", Code::FieldRequired, |check| {
            check.valid_until.clear();
        }),
        check("a check that ends on its day", "checked.valid_until", Code::FieldMismatch, |check| {
            check.valid_until = check.checked_on.clone();
        }),
        check("a check of 401 days", "checked.valid_until", Code::FieldOutOfRange, |check| {
            check.valid_until = "2027-12-08".into();
        }),
        check("a check of nothing", "checked.by", Code::FieldRequired, |check| check.by.clear()),
        check("a check by another word", "checked.by[0]", Code::FieldInvalid, |check| {
            check.by = strings(&["hearsay"]);
        }),
        check("a check's means out of order", "checked.by[1]", Code::FieldUnsorted, |check| {
            check.by = strings(&["visit", "documents"]);
        }),
        {
            let level = "county".into();
            let organisation = Organisation { level, ..samples::organisation() };
            let statement = samples::public(&Payload::Organisation(organisation));
            ("a level of another word", statement, vec![("level", Code::FieldInvalid)])
        },
    ]
}
