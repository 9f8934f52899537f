//! What the demonstration publishes is enough, consistent, and holds to the rules.

use volbridge_proto::{kinds, wire::record::v1 as wire};

use super::*;

#[test]
fn every_file_of_the_demonstration_is_readable_and_consistent() {
    let partners = load().unwrap();
    let keys: Vec<&str> = partners.iter().map(|partner| partner.key).collect();
    assert_eq!(keys, ["bvf", "unv", "avi"]);
}

#[test]
fn there_is_enough_to_look_at() {
    let partners = load().unwrap();
    let count = |of: fn(&PartnerContent) -> usize| partners.iter().map(of).sum::<usize>();
    let listings = count(|partner| partner.listings.len());
    assert!(count(|partner| partner.organisations.len()) >= 12);
    assert!(listings >= 40);
    assert!(count(|partner| partner.conferences.len()) >= 2);
    assert!(count(|partner| partner.materials.len()) >= 4);
    assert_eq!(count(|partner| partner.profiles.len()), 5);
    let translated: BTreeSet<&str> = partners
        .iter()
        .flat_map(|partner| &partner.translations)
        .map(|translation| translation.of.as_str())
        .collect();
    assert!(translated.len() * 2 >= listings, "{} of {listings} listings are translated", translated.len());
}

#[test]
fn each_partner_writes_in_its_own_language() {
    for partner in load().unwrap() {
        let chinese = partner.listings.iter().filter(|entry| entry.listing.language == "zh-CN").count();
        match partner.key {
            "bvf" => assert!(chinese * 10 >= partner.listings.len() * 9),
            _ => assert_eq!(chinese, 0),
        }
    }
}

#[test]
fn every_log_and_every_address_is_marked_as_a_demonstration() {
    for partner in load().unwrap() {
        assert!(partner.identity.domain.contains(".demo."));
        for entry in partner.listings.iter().chain(&partner.live) {
            assert!(entry.listing.contact.ends_with(".demo.volbridge.example"), "{}", entry.key);
        }
        for entry in &partner.profiles {
            assert!(entry.profile.latin_name.ends_with("(fictional)"), "{}", entry.key);
        }
    }
}

#[test]
fn a_translation_renders_only_fields_that_its_listing_has() {
    let partners = load().unwrap();
    for translation in partners.iter().flat_map(|partner| &partner.translations) {
        let (owner, key) = translation.listing();
        let owner = partners.iter().find(|partner| partner.key == owner).unwrap();
        let listing = &owner.listings.iter().find(|entry| entry.key == key).unwrap().listing;
        assert_ne!(translation.language, listing.language, "{}", translation.of);
        for field in translation.segments.keys() {
            assert!(!field_text(listing, field).is_empty(), "{}: {field}", translation.of);
        }
    }
}

fn field_text<'a>(listing: &'a wire::Listing, field: &str) -> &'a str {
    match field {
        "title" => &listing.title,
        "summary" => &listing.summary,
        "description" => &listing.description,
        "requirements" => &listing.requirements,
        "how_to_apply" => &listing.how_to_apply,
        "safety" => &listing.safety,
        "accessibility" => &listing.accessibility,
        "selection" => &listing.selection,
        "costs" => &listing.costs,
        _ => {
            let (number, rest) = field.strip_prefix("roles.").unwrap().split_once('.').unwrap();
            let role = listing.roles.iter().find(|role| role.number.to_string() == number).unwrap();
            if rest == "title" { &role.title } else { &role.tasks }
        }
    }
}

// With ids of the right length where the files have keys.
#[test]
fn every_message_holds_to_the_rule_of_its_kind() {
    for partner in load().unwrap() {
        let mut faults = Vec::new();
        let mut judge = |key: &str, found: Vec<volbridge_proto::error::Refusal>| {
            faults.extend(found.into_iter().map(|fault| format!("{}/{key}: {fault}", partner.key)));
        };
        for entry in partner.organisations.clone() {
            let parent = entry.parent.map_or(Vec::new(), |_| vec![1; 16]);
            judge(
                &entry.key,
                kinds::organisation::validate(&wire::Organisation { parent, ..entry.organisation }),
            );
        }
        for entry in partner.listings.iter().chain(&partner.live).cloned() {
            let listing = wire::Listing { organisation: vec![1; 16], ..entry.listing };
            judge(&entry.key, kinds::listing::validate(&listing));
        }
        for entry in &partner.translations {
            let of = Some(wire::Subject { partner: vec![1; 32], subject: vec![1; 16] });
            let segments = entry.wire_segments();
            let translation = wire::Translation { of, language: entry.language.clone(), segments };
            judge(&entry.of, kinds::translation::validate(&translation));
        }
        for entry in partner.conferences.clone() {
            let organisers = (0_u8..).zip(&entry.organisers).map(|(index, _)| vec![index; 32]).collect();
            let conference = wire::Conference { organisers, ..entry.conference };
            judge(&entry.key, kinds::conference::validate(&conference));
        }
        for entry in partner.materials.clone() {
            let blob = wire::Blob {
                hash: vec![1; 32],
                size: u64::try_from(entry.bytes().len()).unwrap(),
                media_type: "application/pdf".into(),
                filename: entry.filename,
                key: Vec::new(),
            };
            let material = wire::Material { conference: vec![1; 16], blob: Some(blob), ..entry.material };
            judge(&entry.key, kinds::material::validate(&material));
        }
        for entry in partner.agreements.clone() {
            let terms = wire::AgreementTerms { parties: vec![vec![1; 32], vec![2; 32]], ..entry.terms };
            judge(&entry.with, kinds::agreement::validate(&wire::Agreement { terms: Some(terms) }));
        }
        for entry in partner.profiles.clone() {
            judge(&entry.key, kinds::volunteer_profile::validate(&entry.profile));
            let consent = wire::Consent {
                profile: vec![1; 16],
                recipients: vec![vec![1; 32]],
                notice_hash: vec![1; 32],
                given_at: 1_700_000_000_000,
                expires_at: 1_900_000_000_000,
                ..entry.consent
            };
            judge(&entry.key, kinds::consent::validate(&consent));
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn every_material_becomes_a_pdf() {
    for entry in load().unwrap().iter().flat_map(|partner| &partner.materials) {
        assert!(entry.bytes().starts_with(b"%PDF-"), "{}", entry.key);
    }
}
