//! The judged collection of searches is well formed: what is measured by it means something.

use std::collections::BTreeSet;

use volbridge_proto::{
    kinds::{self, Payload},
    wire::record::v1::{Subject, Translation},
};
use volbridge_tests::judged::{Collection, Listing};

fn ids(collection: &Collection) -> BTreeSet<&str> {
    collection.listings.iter().map(|listing| listing.id.as_str()).collect()
}

#[test]
fn ids_are_given_once() {
    let collection = Collection::load();
    assert_eq!(ids(&collection).len(), collection.listings.len());
    let texts: BTreeSet<&str> = collection.queries.iter().map(|query| query.text.as_str()).collect();
    assert_eq!(texts.len(), collection.queries.len());
    let queries: BTreeSet<&str> = collection.queries.iter().map(|query| query.id.as_str()).collect();
    assert_eq!(queries.len(), collection.queries.len());
    let organisations: BTreeSet<&str> = collection.organisations.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(organisations.len(), collection.organisations.len());
    for listing in &collection.listings {
        assert!(organisations.contains(listing.organisation.as_str()), "{}", listing.id);
    }
}

#[test]
fn every_judgement_names_a_listing_and_a_grade_from_one_to_three() {
    let collection = Collection::load();
    let known = ids(&collection);
    for query in &collection.queries {
        for (id, grade) in &query.relevant {
            assert!(known.contains(id.as_str()), "{}: {id}", query.id);
            assert!((1..=3).contains(grade), "{}: {id} {grade}", query.id);
        }
        assert!(query.relevant.values().any(|grade| *grade == 3), "{}: nothing answers it", query.id);
    }
}

#[test]
fn there_are_enough_questions_of_every_sort_in_both_languages() {
    let queries = Collection::load().queries;
    let count = |language: &str| queries.iter().filter(|query| query.language == language).count();
    assert!(count("zh-CN") >= 60 && count("en") >= 60, "{} and {}", count("zh-CN"), count("en"));
    assert_eq!(count("zh-CN") + count("en"), queries.len());
    for kind in [
        "intent",
        "word",
        "phrase",
        "typo",
        "traditional",
        "fullwidth",
        "mixed",
        "synonym",
        "cross",
        "place",
        "organisation",
    ] {
        let of_kind = queries.iter().filter(|query| query.kind == kind).count();
        assert!(of_kind >= 4, "{of_kind} of kind {kind}");
    }
    assert!(queries.iter().any(|query| query.text.chars().count() == 1));
}

#[test]
fn there_are_enough_listings_of_both_languages_and_some_of_one_alone() {
    let listings = Collection::load().listings;
    let count = |what: &dyn Fn(&Listing) -> bool| listings.iter().filter(|listing| what(listing)).count();
    assert!(listings.len() >= 250);
    assert!(count(&|listing| listing.language == "zh-CN") >= 100);
    assert!(count(&|listing| listing.language == "en") >= 100);
    assert!(count(&|listing| listing.texts.len() == 2) >= 150);
    for language in ["zh-CN", "en"] {
        assert!(count(&|listing| listing.texts.len() == 1 && listing.texts.contains_key(language)) >= 10);
    }
}

#[test]
fn what_the_asker_cant_read_is_related_at_most() {
    let collection = Collection::load();
    for query in &collection.queries {
        for listing in &collection.listings {
            let readable = listing.texts.contains_key(&query.language);
            let grade = query.relevant.get(&listing.id).copied().unwrap_or(0);
            assert!(readable || grade <= 1, "{} {}: {}", query.id, query.text, listing.id);
        }
    }
}

#[test]
fn every_judged_listing_could_be_published_as_it_is() {
    let collection = Collection::load();
    for organisation in &collection.organisations {
        let record = organisation.record();
        assert_eq!(kinds::organisation::validate(&record), [], "{}", organisation.id);
        assert!(Payload::Organisation(record).encode().is_ok(), "{}", organisation.id);
    }
    for listing in &collection.listings {
        let record = listing.record(&[7; 16]);
        assert_eq!(kinds::listing::validate(&record), [], "{}", listing.id);
        assert!(Payload::Listing(record.clone()).encode().is_ok(), "{}", listing.id);
        let Some((language, segments)) = listing.translation() else { continue };
        let translation = Translation {
            of: Some(Subject { partner: Vec::new(), subject: vec![7; 16] }),
            language: language.to_owned(),
            segments,
        };
        assert_eq!(kinds::translation::validate(&translation), [], "{}", listing.id);
        let prose = kinds::listing::prose(&record);
        assert_eq!(kinds::translation::validate_against(&translation, &prose), [], "{}", listing.id);
    }
}
