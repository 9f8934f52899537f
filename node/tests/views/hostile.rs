//! Strings that mean something to SQL or to LIKE mean themselves here (T62).

use rstest::rstest;
use volbridge_node::views::{Viewer, listings, listings::Filter};
use volbridge_proto::{kinds::Payload, wire::record::v1 as wire};

use crate::{
    place::{Place, postgres, sqlite},
    world::{BVF, Envelope, World, fill, listing, rows},
};

const HOSTILE: &[&str] = &[
    "'",
    "''",
    "\"",
    "'; DROP TABLE listing; --",
    "' OR '1'='1",
    "\\' OR 1=1 --",
    "$1",
    "?",
    "%",
    "_",
    "\\",
    "%%%",
    "x' UNION SELECT body FROM entry --",
    "\u{0}",
    "q\u{0}z",
    "\u{feff}\u{202e}",
    "志愿'",
    "𠮷%",
    "{{7*7}}",
];

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t62_hostile_strings_match_only_themselves(#[case] place: Place) {
    let db = place.open().await;
    let mut world = World::new();
    let entries = [
        world.enter(BVF, Envelope::at(1), Payload::Listing(listing("Plain", "en", "CN"))),
        world.enter(
            BVF,
            Envelope::at(2),
            Payload::Listing(listing("100% a_b c\\d it's 志愿' 𠮷%", "en", "CN")),
        ),
    ];
    fill(&db, &entries).await;
    let before = rows(&db).await;
    for text in HOSTILE {
        // The API refuses what isn't a language or a country; a query that got one still means just that.
        if text.contains('\0') {
            continue;
        }
        let odd = Some((*text).to_owned());
        for filter in [
            Filter { language: odd.clone(), ..Filter::default() },
            Filter { country: odd, ..Filter::default() },
        ] {
            assert_eq!(listings::count(&db, Viewer::Public, &filter).await.unwrap(), 0, "{text:?}");
        }
    }
    assert_eq!(rows(&db).await, before);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn both_databases_find_the_same_languages(#[case] place: Place) {
    let db = place.open().await;
    let mut world = World::new();
    let place_of =
        wire::Place { country: "CN".to_owned(), city: "北京".to_owned(), ..wire::Place::default() };
    let wall = wire::Listing { place: Some(place_of), ..listing("Ｇreat Wall ÉTÉ Straße", "en-GB", "") };
    let entries = [
        world.enter(BVF, Envelope::at(1), Payload::Listing(wall)),
        world.enter(BVF, Envelope::at(2), Payload::Listing(listing("别的", "zh-CN", ""))),
    ];
    fill(&db, &entries).await;
    for (language, found) in [("en", 1), ("EN-gb", 1), ("zh", 1), ("zh-CN", 1), ("e", 0), ("en-G", 0)] {
        let filter = Filter { language: Some(language.to_owned()), ..Filter::default() };
        assert_eq!(listings::count(&db, Viewer::Public, &filter).await.unwrap(), found, "{language}");
    }
}
