//! JSON-LD and RPDE: a round trip loses nothing that the format can carry.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

mod samples;

use proptest::prelude::*;
use serde_json::{Value, json};
use volbridge_formats::{
    Entry, activity,
    rpde::{self, Item, Page},
    schema_org,
};
use volbridge_proto::{
    Code,
    wire::record::v1::{Listing, LocalText, Offer, Place, Role},
};

/// Roles as a posting carries them.
fn posted(roles: &[Role]) -> Vec<Role> {
    let one = roles.len() == 1;
    let carried = (1..).zip(roles).map(|(number, role)| Role {
        number,
        title: role.title.clone(),
        tasks: role.tasks.clone(),
        skills: role.skills.clone(),
        education: role.education.clone(),
        experience_years: role.experience_years,
        slots: if one { role.slots } else { 0 },
        offer: role.offer.clone().filter(|offer| one && *offer != Offer::default()),
        ..Role::default()
    });
    carried.collect()
}

/// What schema.org carries of an entry.
fn as_posting(entry: &Entry) -> Entry {
    let from = &entry.listing;
    let listing = Listing {
        ends_on: String::new(),
        weeks: 0,
        sdgs: Vec::new(),
        min_age: 0,
        max_age: 0,
        safety: String::new(),
        costs: String::new(),
        accessibility: String::new(),
        selection: String::new(),
        status: String::new(),
        roles: posted(&from.roles),
        remote: from.remote && from.place.is_some(),
        ..from.clone()
    };
    Entry { listing, translations: Vec::new(), updated_at: None, ..entry.clone() }
}

/// What the British standard carries of an entry.
fn as_activity(entry: &Entry) -> Entry {
    let from = &entry.listing;
    let place = from.place.as_ref().map(|place| {
        let parts = [place.city.as_str(), place.region.as_str()];
        let city = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        Place { city, region: String::new(), ..place.clone() }
    });
    let role = |(number, role): (u32, &Role)| Role {
        number,
        title: role.title.clone(),
        tasks: role.tasks.clone(),
        skills: role.skills.clone(),
        offer: role.offer.clone().filter(|offer| *offer != Offer::default()),
        ..Role::default()
    };
    let listing = Listing {
        language: from.language.clone(),
        organisation: from.organisation.clone(),
        title: from.title.clone(),
        description: from.description.clone(),
        starts_on: from.starts_on.clone(),
        ends_on: from.ends_on.clone(),
        apply_by: from.apply_by.clone(),
        hours_per_week: from.hours_per_week,
        min_age: from.min_age,
        max_age: from.max_age,
        checks: from.checks.clone(),
        requirements: from.requirements.clone(),
        accessibility: from.accessibility.clone(),
        causes: from.causes.clone(),
        remote: from.remote && place.is_some(),
        roles: (1..).zip(&from.roles).map(role).collect(),
        place,
        ..Listing::default()
    };
    let name =
        entry.organisation.iter().find(|name| name.language == from.language).or(entry.organisation.first());
    let organisation =
        name.map(|name| LocalText { language: from.language.clone(), text: name.text.clone() });
    Entry {
        subject: None,
        reference: entry.reference.clone(),
        listing,
        organisation: organisation.into_iter().collect(),
        link: entry.link.clone(),
        published_at: entry.published_at,
        ..Entry::default()
    }
}

fn through(value: &Value) -> Value {
    serde_json::from_slice(&serde_json::to_vec(value).unwrap()).unwrap()
}

#[test]
fn hostile_texts_come_back_from_both_vocabularies() {
    let texts = samples::HOSTILE.iter().map(|text| (*text).to_owned()).chain([samples::long()]);
    for entry in texts.map(|text| samples::filled_with(&text)) {
        let language = &entry.listing.language;
        let posting = through(&schema_org::encode(&entry, language));
        assert_eq!(schema_org::read(&posting), [as_posting(&entry)]);
        let activity = through(&activity::encode(&entry, language));
        assert_eq!(activity::read(&activity, language), [as_activity(&entry)]);
    }
}

#[test]
fn a_posting_says_volunteer_and_is_in_the_language_that_was_asked_for() {
    let posting = schema_org::encode(&samples::ordinary(), "en");
    assert_eq!(posting["employmentType"], "VOLUNTEER");
    assert_eq!(posting["@context"], json!(["https://schema.org", { "@language": "en" }]));
    assert_eq!(posting["title"], "Teaching in the countryside");
    assert_eq!(posting["hiringOrganization"]["name"], "Beijing Volunteer Federation");
    assert_eq!(posting["relevantOccupation"][1]["name"], "Cook");
    assert_eq!(posting["totalJobOpenings"], 22);
    assert_eq!(posting["jobLocation"]["address"]["addressCountry"], "CN");
}

#[test]
fn postings_of_others_are_understood_as_they_are_and_paid_ones_passed_over() {
    let document = json!({ "@context": ["http://schema.org/", { "@language": "en" }], "@graph": [
        { "@type": ["http://schema.org/JobPosting"], "title": { "@value": "Tutor", "@language": "en" }, "employmentType": ["PART_TIME", "VOLUNTEER"],
          "identifier": "a-1", "datePosted": "2026-05-01", "validThrough": "2026-06-30T23:59:59+01:00",
          "hiringOrganization": "Library", "jobLocation": [{ "@type": "Place", "address": "12 Main Street, Suva" }],
          "applicationContact": { "email": "a@b.example" }, "totalJobOpenings": "3" },
        { "@type": "JobPosting", "title": "Chief executive", "employmentType": "FULL_TIME" },
        { "@type": "Event", "name": "Fair" },
    ] });
    let found = schema_org::read(&document);
    let [entry] = &found[..] else { panic!("{found:?}") };
    let listing = &entry.listing;
    assert_eq!(
        (listing.title.as_str(), listing.language.as_str(), entry.reference.as_str()),
        ("Tutor", "en", "a-1")
    );
    assert_eq!((listing.apply_by.as_str(), listing.contact.as_str()), ("2026-06-30", "a@b.example"));
    assert_eq!(listing.place.as_ref().unwrap().city, "12 Main Street, Suva");
    assert_eq!((listing.roles[0].title.as_str(), listing.roles[0].slots), ("Tutor", 3));
    assert_eq!(entry.organisation[0].text, "Library");
    assert_eq!(entry.published_at.unwrap().to_string(), "2026-05-01T00:00:00.000Z");
}

/// In the form of the standard's own page on publishing: organisations around their activities.
#[test]
fn activities_within_their_organisations_are_understood() {
    let document = json!({ "@context": "https://api.volunteeringdata.io/context/v1", "graph": [{
        "type": "Organisation", "id": "https://id.example/o", "name": "Night Shelter",
        "cause": ["https://ns.volunteeringdata.io/AntiPoverty", "volunteering:Housing"],
        "activity": [{ "id": "https://id.example/a", "title": "Street round",
            "role": { "title": "Helper", "minimumAge": "18", "requirement": "volunteering:DBSCheck",
                "skill": ["https://ns.volunteeringdata.io/BasicFirstAid", "https://ns.volunteeringdata.io/ActiveListening"],
                "reward": ["https://ns.volunteeringdata.io/TrainingProvided"], "allowsRemoteParticipation": false },
            "session": { "location": { "address": "Leeds LS6 3HG, UK", "latitude": "53.8218", "longitude": "-1.5811" },
                "time": ["volunteering:MondayMorning"] } }] }] });
    let found = activity::read(&document, "en");
    let [entry] = &found[..] else { panic!("{found:?}") };
    let listing = &entry.listing;
    assert_eq!(
        (entry.reference.as_str(), entry.link.as_str()),
        ("https://id.example/a", "https://id.example/a")
    );
    assert_eq!(
        (listing.causes.clone(), listing.checks.clone()),
        (vec!["poverty".into()], vec!["background".to_owned()])
    );
    assert_eq!((listing.min_age, listing.roles[0].skills.clone()), (18, vec!["first-aid".to_owned()]));
    assert!(listing.roles[0].offer.as_ref().unwrap().training);
    assert_eq!(listing.place.as_ref().unwrap().coordinates.unwrap().longitude_e6, -1_581_100);
}

#[test]
fn a_page_of_changes_names_what_is_there_and_what_is_gone() {
    let entry = samples::ordinary();
    let items = [Item::updated(entry.clone()), Item::Deleted { id: "gone".into(), modified: 7 }];
    let page =
        rpde::encode(&items, "https://bvf.example/feeds/rpde?cursor=x", "https://licence.example", "zh-CN");
    assert_eq!(page["items"][0]["modified"], 1_795_000_000_123_i64);
    assert_eq!(
        page["items"][1],
        json!({ "state": "deleted", "kind": "VolunteeringActivity", "id": "gone", "modified": 7 })
    );
    let read = rpde::read(&serde_json::to_vec(&page).unwrap(), "zh-CN").unwrap();
    let id = entry.subject.unwrap().to_string();
    let updated = Item::Updated { id, modified: 1_795_000_000_123, entry: Box::new(as_activity(&entry)) };
    assert_eq!(read.items, [updated, items[1].clone()]);
    assert!(!read.is_last());
    let last = rpde::read(br#"{"items":[],"next":"https://x.example/?after=7"}"#, "en").unwrap();
    assert!(last.is_last());
}

#[test]
fn each_bad_item_of_a_page_is_named_and_a_page_without_next_is_refused() {
    let page = json!({ "next": "x", "items": [
        { "state": "updated", "id": 1, "modified": "5", "data": { "type": "Activity", "title": "A" } },
        { "state": "updated", "id": "2", "modified": 5, "data": { "type": "Slot" } },
        { "state": "changed", "id": "3", "modified": 5 },
        { "state": "deleted", "modified": 5 },
        { "state": "deleted", "id": "5" },
    ] });
    let read = rpde::read(&serde_json::to_vec(&page).unwrap(), "en").unwrap();
    let faults: Vec<_> =
        read.faults.iter().map(|fault| (fault.row, fault.column.as_str(), fault.code)).collect();
    assert_eq!(
        faults,
        [
            (2, "data", Code::FieldInvalid),
            (3, "state", Code::FieldInvalid),
            (4, "id", Code::FieldRequired),
            (5, "modified", Code::FieldRequired),
        ]
    );
    let [Item::Updated { id, entry, .. }] = &read.items[..] else { panic!("{read:?}") };
    assert_eq!((id.as_str(), entry.reference.as_str()), ("1", "1"));
    for (page, field) in [("{}", "items"), (r#"{"items":[]}"#, "next"), ("[", "")] {
        assert_eq!(rpde::read(page.as_bytes(), "en").unwrap_err().column, field);
    }
}

proptest! {
    #[test]
    fn any_listing_comes_back_as_far_as_a_posting_carries_it(entry in samples::entry()) {
        let posting = through(&schema_org::encode(&entry, &entry.listing.language));
        prop_assert_eq!(schema_org::read(&posting), [as_posting(&entry)]);
    }

    #[test]
    fn any_listing_comes_back_as_far_as_an_activity_carries_it(entry in samples::entry()) {
        let language = &entry.listing.language;
        let activity = through(&activity::encode(&entry, language));
        prop_assert_eq!(activity::read(&activity, language), [as_activity(&entry)]);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in any::<Vec<u8>>()) {
        let _: Result<Page, _> = rpde::read(&bytes, "en");
    }
}
