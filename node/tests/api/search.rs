//! The full-text index through the API: what is found in both languages, counted, completed, and gone again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use rstest::rstest;
use tonic::{Request, transport::Channel};
use volbridge_proto::wire::{
    node::v1::{
        self as wire, ListingQuery, ListingSort, search_client::SearchClient,
        translations_client::TranslationsClient,
    },
    record::v1 as record,
};

use crate::{
    node::{NOW, TestNode, listing, problem},
    place::{Place, postgres, sqlite},
};

fn search(node: &TestNode) -> SearchClient<Channel> {
    SearchClient::new(node.channel.clone())
}

/// Waits until what the node holds can be found.
async fn indexed(node: &TestNode) {
    let newest = *node.node.context().changes.borrow();
    node.node.context().search.reaches(newest).await;
}

async fn ask(node: &TestNode, request: wire::SearchListingsRequest) -> wire::SearchListingsResponse {
    indexed(node).await;
    search(node).listings(request).await.unwrap().into_inner()
}

fn text(text: &str) -> wire::SearchListingsRequest {
    asking(ListingQuery { text: text.to_owned(), ..Default::default() })
}

fn asking(query: ListingQuery) -> wire::SearchListingsRequest {
    wire::SearchListingsRequest { query: Some(query), limit: 100, ..Default::default() }
}

fn titles(found: &wire::SearchListingsResponse) -> Vec<String> {
    found
        .hits
        .iter()
        .map(|hit| hit.listing.as_ref().unwrap().source.as_ref().unwrap().title.clone())
        .collect()
}

async fn titles_of(node: &TestNode, typed: &str) -> Vec<String> {
    let mut titles = titles(&ask(node, text(typed)).await);
    titles.sort();
    titles
}

fn chinese(title: &str, organisation: &[u8]) -> record::Listing {
    record::Listing {
        language: "zh-CN".to_owned(),
        summary: "每周两小时".to_owned(),
        description: "给游客带路。".to_owned(),
        ..listing(title, organisation)
    }
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn words_of_both_languages_are_found_however_they_are_written(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    for title in ["Teaching at the Great Wall", "Reef restoration", "Wall painting, a great day"] {
        node.publish(listing(title, &organisation)).await;
    }
    for title in ["长城志愿者服务", "養老院陪護"] {
        node.publish(chinese(title, &organisation)).await;
    }
    for (typed, found) in [
        ("great wall", vec!["Teaching at the Great Wall", "Wall painting, a great day"]),
        ("\"great wall\"", vec!["Teaching at the Great Wall"]),
        ("“great wall”", vec!["Teaching at the Great Wall"]),
        ("GREAT ｗａｌｌｓ teach", vec!["Teaching at the Great Wall"]),
        ("restorations", vec!["Reef restoration"]),
        ("restoratoin", vec!["Reef restoration"]),
        ("长城", vec!["长城志愿者服务"]),
        ("長城志願者", vec!["长城志愿者服务"]),
        ("志愿", vec!["长城志愿者服务"]),
        ("「志愿者服务」", vec!["长城志愿者服务"]),
        ("养老院", vec!["養老院陪護"]),
        ("zebra", vec![]),
        ("title:reef", vec!["Reef restoration"]),
    ] {
        assert_eq!(titles_of(&node, typed).await, found, "{typed}");
    }
    // In the title counts more than elsewhere, and side by side more than apart.
    let found = ask(&node, text("great wall")).await;
    assert_eq!(titles(&found)[0], "Teaching at the Great Wall");
    assert_eq!((found.total, found.incomplete, found.next_cursor.as_str()), (2, false, ""));
    // The organisation, the place, the description.
    for typed in ["harbour volunteers", "Beijing", "带路"] {
        assert!(ask(&node, text(typed)).await.total >= 2, "{typed}");
    }
    node.node.stop().await;
}

fn translated(source: &wire::Published, title: &str) -> wire::PublishTranslationRequest {
    let segment = |field: &str, text: &str| record::Segment {
        field: field.to_owned(),
        text: text.to_owned(),
        origin: "human".to_owned(),
        ..Default::default()
    };
    wire::PublishTranslationRequest {
        translation: Some(record::Translation {
            language: "en".to_owned(),
            segments: vec![segment("title", title)],
            ..Default::default()
        }),
        source: source.provenance.as_ref().unwrap().hash.clone(),
        ..Default::default()
    }
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_listing_is_found_by_its_translation_until_that_is_withdrawn(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let published = node.publish(chinese("长城志愿者", &organisation)).await;
    assert_eq!(ask(&node, text("ramparts")).await.total, 0);
    let mut translations = TranslationsClient::new(node.channel.clone());
    let translation = translations
        .publish(node.staff(translated(&published, "Ramparts in spring")))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(titles_of(&node, "rampart").await, ["长城志愿者"]);
    let english = ListingQuery { readable_in: "en".to_owned(), ..Default::default() };
    assert_eq!(ask(&node, asking(english.clone())).await.total, 1);
    node.withdraw(&translation.provenance.unwrap().hash).await;
    assert_eq!(ask(&node, text("rampart")).await.total, 0);
    assert_eq!(ask(&node, asking(english)).await.total, 0);
    assert_eq!(titles_of(&node, "长城").await, ["长城志愿者"]);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn what_is_revised_withdrawn_or_over_is_found_no_more(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let published = node.publish(listing("Great Wall", &organisation)).await;
    assert_eq!(titles_of(&node, "wall").await, ["Great Wall"]);
    let message = wire::PublishListingRequest {
        listing: Some(listing("Old Town", &organisation)),
        subject: published.subject.clone(),
        expires_at: NOW + 60_000,
        ..Default::default()
    };
    node.listings().publish(node.staff(message)).await.unwrap();
    assert_eq!(ask(&node, text("wall")).await.total, 0);
    assert_eq!(titles_of(&node, "town").await, ["Old Town"]);
    let suggest = |typed: &str| wire::SuggestRequest { text: typed.to_owned(), limit: 0 };
    let words = search(&node).suggest(suggest("to")).await.unwrap().into_inner().words;
    assert_eq!(words, ["Town"]);
    node.clock.advance(60_000);
    assert_eq!(ask(&node, text("town")).await.total, 0);
    let words = search(&node).suggest(suggest("to")).await.unwrap().into_inner().words;
    assert_eq!(words, Vec::<String>::new());

    let other = node.publish(listing("Canal CANARY", &organisation)).await;
    assert_eq!(ask(&node, text("canal")).await.total, 1);
    node.withdraw(&other.provenance.unwrap().hash).await;
    assert_eq!(ask(&node, text("canal")).await.total, 0);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn t37_what_was_erased_is_in_no_file_of_the_index(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    node.publish(listing("Harbour", &organisation)).await;
    let published = node.publish(listing("Quokkaquest", &organisation)).await;
    indexed(&node).await;
    assert!(terms(&folder(&node)).contains("quokkaquest"));
    node.withdraw(&published.provenance.unwrap().hash).await;
    indexed(&node).await;
    node.node.context().search.purge().await.unwrap();
    let left = terms(&folder(&node));
    assert!(!left.contains("quokkaquest") && left.contains("harbour"), "{left}");
    assert_eq!(titles_of(&node, "harbour").await, ["Harbour"]);
    node.node.stop().await;
}

fn folder(node: &TestNode) -> PathBuf {
    node.node.context().config.node.data_dir.join("search")
}

/// Every term in the files of the index, deleted documents' included, in lower case.
pub fn terms(folder: &Path) -> String {
    let current = std::fs::read_to_string(folder.join("current")).unwrap();
    let index = tantivy::Index::open_in_dir(folder.join(current)).unwrap();
    let mut terms = String::new();
    for segment in index.searchable_segments().unwrap() {
        let segment = tantivy::SegmentReader::open(&segment).unwrap();
        for name in ["title", "summary", "text", "word", "spelled"] {
            let field = index.schema().get_field(name).unwrap();
            let inverted = segment.inverted_index(field).unwrap();
            let mut stream = inverted.terms().stream().unwrap();
            while stream.advance() {
                terms += &String::from_utf8_lossy(stream.key()).to_lowercase();
                terms.push('\n');
            }
        }
    }
    terms
}

/// Three listings that differ in everything that is counted.
async fn varied(node: &TestNode) -> Vec<wire::Published> {
    let organisation = node.organisation().await;
    let place = |country: &str, region: &str, latitude_e6: i32, longitude_e6: i32| {
        Some(record::Place {
            country: country.to_owned(),
            region: region.to_owned(),
            coordinates: Some(record::Coordinates { latitude_e6, longitude_e6 }),
            ..Default::default()
        })
    };
    let mut beijing = listing("Teaching in Beijing", &organisation);
    beijing.place = place("CN", "CN-BJ", 39_904_200, 116_407_400);
    beijing.sdgs = vec![4];
    (beijing.starts_on, beijing.ends_on) = ("2027-03-01".into(), "2027-03-20".into());
    beijing.roles[0].skills = vec!["teaching".into()];
    beijing.roles[0].languages = vec![record::LanguageSkill { language: "zh-CN".into(), level: "B2".into() }];
    beijing.roles[0].offer = Some(record::Offer { housing: true, meals: true, ..Default::default() });
    let mut bonn = listing("Teaching in Bonn", &organisation);
    bonn.place = place("DE", "DE-NW", 50_737_400, 7_098_200);
    bonn.sdgs = vec![4, 13];
    (bonn.starts_on, bonn.apply_by, bonn.ends_on) =
        ("2027-04-01".into(), "2026-12-01".into(), "2027-12-20".into());
    let mut online = listing("Teaching online", &organisation);
    online.place = None;
    let mut published = Vec::new();
    for listing in [beijing, bonn, online] {
        published.push(node.publish(listing).await);
        node.clock.advance(1_000);
    }
    published
}

fn counts(found: &wire::SearchListingsResponse) -> BTreeMap<String, Vec<(String, u64)>> {
    let counts =
        |facet: &wire::Facet| facet.counts.iter().map(|count| (count.value.clone(), count.count)).collect();
    found.facets.iter().map(|facet| (facet.name.clone(), counts(facet))).collect()
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_fields_own_choice_does_not_restrict_its_own_counts(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    varied(&node).await;
    for typed in ["", "teaching"] {
        let query = ListingQuery { text: typed.into(), countries: vec!["CN".into()], ..Default::default() };
        let request = wire::SearchListingsRequest { facets: true, ..asking(query) };
        let found = ask(&node, request).await;
        assert_eq!(titles(&found), ["Teaching in Beijing"], "{typed:?}");
        let counts = counts(&found);
        let count = |value: &str, count: u64| (value.to_owned(), count);
        assert_eq!(counts["countries"], [count("CN", 1), count("DE", 1), count("online", 1)]);
        assert_eq!(counts["sdgs"], [count("4", 1)]);
        assert_eq!(counts["regions"], [count("CN/CN-BJ", 1)]);
        assert_eq!(counts["benefits"], [count("housing", 1), count("meals", 1)]);
        assert_eq!(counts["durations"], [count("month", 1)]);
        assert_eq!(counts["months"], [count("2027-03", 1)]);
        assert_eq!(counts["languages"], [count("zh", 1)]);
        assert_eq!(counts["modalities"], [count("onsite", 1)]);
        assert_eq!(counts["open"], [count("true", 1)]);
        assert_eq!(counts.len(), 13);
    }
    let some = wire::SearchListingsRequest {
        facets: true,
        facet_names: vec!["sdgs".into()],
        ..asking(ListingQuery { sdgs: vec![13, 17], ..Default::default() })
    };
    let found = ask(&node, some).await;
    assert_eq!(titles(&found), ["Teaching in Bonn"]);
    assert_eq!(counts(&found), [("sdgs".to_owned(), vec![("4".to_owned(), 2), ("13".to_owned(), 1)])].into());
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn listings_are_filtered_ordered_and_measured(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    varied(&node).await;
    let (beijing, bonn, online) = ("Teaching in Beijing", "Teaching in Bonn", "Teaching online");
    let one = |text: &str| vec![text.to_owned()];
    for (query, found) in [
        (ListingQuery { countries: one("online"), ..Default::default() }, vec![online]),
        (ListingQuery { modalities: one("onsite"), ..Default::default() }, vec![bonn, beijing]),
        (ListingQuery { skills: one("teaching"), ..Default::default() }, vec![beijing]),
        (ListingQuery { durations: one("year"), months: one("2027-04"), ..Default::default() }, vec![bonn]),
        (
            ListingQuery { partners: vec![node.partner.to_vec()], ..Default::default() },
            vec![online, bonn, beijing],
        ),
        (ListingQuery { partners: vec![vec![7; 32]], ..Default::default() }, vec![]),
        (ListingQuery { open: true, ..Default::default() }, vec![online, bonn, beijing]),
        (ListingQuery { organisation: vec![1; 16], ..Default::default() }, vec![]),
    ] {
        assert_eq!(titles(&ask(&node, asking(query.clone())).await), found, "{query:?}");
        let counted = wire::SearchListingsRequest { facets: true, ..asking(query.clone()) };
        assert_eq!(titles(&ask(&node, counted).await), found, "{query:?}");
    }
    let berlin = |km| Some(wire::Near { latitude_e6: 52_520_000, longitude_e6: 13_405_000, km });
    let near = berlin(600);
    let around = ask(&node, asking(ListingQuery { near, ..Default::default() })).await;
    assert_eq!((titles(&around), around.hits[0].km), (vec![bonn.to_owned()], 479));
    let far = berlin(20_000);
    for (sort, near, order) in [
        (ListingSort::Newest, None, vec![online, bonn, beijing]),
        (ListingSort::Starts, None, vec![beijing, bonn, online]),
        (ListingSort::ApplyBy, None, vec![bonn, online, beijing]),
        (ListingSort::Distance, far, vec![bonn, beijing]),
    ] {
        let request = wire::SearchListingsRequest {
            sort: sort.into(),
            ..asking(ListingQuery { near, ..Default::default() })
        };
        assert_eq!(titles(&ask(&node, request).await), order, "{sort:?}");
    }
    // The last day to apply is over.
    node.clock.advance(10 * 86_400_000);
    let open = ListingQuery { open: true, ..Default::default() };
    assert_eq!(titles(&ask(&node, asking(open)).await), [online, beijing]);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn a_list_goes_on_where_it_was_left_whatever_is_published_meanwhile(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    for number in 0..12 {
        node.publish(listing(&format!("Harbour {} {number}", "quay ".repeat(number % 4)), &organisation))
            .await;
        node.clock.advance(1_000);
    }
    for sort in [ListingSort::Relevance, ListingSort::Newest] {
        let page = |cursor: String| wire::SearchListingsRequest {
            limit: 5,
            cursor,
            sort: sort.into(),
            ..text("harbour quay")
        };
        let whole =
            titles(&ask(&node, wire::SearchListingsRequest { limit: 100, ..page(String::new()) }).await);
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let found = ask(&node, page(cursor)).await;
            seen.extend(titles(&found));
            cursor = found.next_cursor;
            if cursor.is_empty() {
                break;
            }
            // Common words become rarer, and new listings are at the top.
            for number in 0..3 {
                node.publish(listing(&format!("Quay harbour, new {number}"), &organisation)).await;
            }
            node.publish(listing("Something else", &organisation)).await;
        }
        seen.retain(|title| !title.contains("new"));
        assert_eq!(seen, whole.into_iter().filter(|title| !title.contains("new")).collect::<Vec<_>>());
    }
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn t61_costly_and_odd_queries_are_answered_or_refused_at_once(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    varied(&node).await;
    indexed(&node).await;
    for (query, code, field) in [
        (ListingQuery { text: "x".repeat(10_000), ..Default::default() }, "field.too_long", "query.text"),
        (
            ListingQuery { text: "a b c d e f g h i".into(), ..Default::default() },
            "field.too_many",
            "query.text",
        ),
        (
            ListingQuery { skills: vec!["x".into(); 65], ..Default::default() },
            "field.too_many",
            "query.skills",
        ),
        (
            ListingQuery { causes: vec!["x".repeat(999)], ..Default::default() },
            "field.too_long",
            "query.causes",
        ),
        (ListingQuery { partners: vec![vec![1]], ..Default::default() }, "field.length", "query.partners"),
        (
            ListingQuery { readable_in: "%".into(), ..Default::default() },
            "text.language",
            "query.readable_in",
        ),
        (
            ListingQuery { near: Some(wire::Near::default()), ..Default::default() },
            "field.out_of_range",
            "query.near.km",
        ),
    ] {
        let status = search(&node).listings(asking(query)).await.unwrap_err();
        assert_eq!(problem(&status), (tonic::Code::InvalidArgument, code.to_owned(), field.to_owned()));
    }
    let cursor = wire::SearchListingsRequest { cursor: "' OR 1=1".into(), ..text("wall") };
    assert_eq!(problem(&search(&node).listings(cursor).await.unwrap_err()).1, "cursor.invalid");
    for typed in [
        "((((((((((",
        "*",
        "?*",
        "a*",
        "[a TO z]",
        "wall~9",
        "\"",
        "\"\"\"",
        "-wall",
        "\u{0}\u{7}",
        "𠮷",
        "AND OR NOT",
        "abcdefghij abcdefghik abcdefghil abcdefghim abcdefghin abcdefghio abcdefghip abcdefghiq",
        "' OR 1=1 --",
        "%",
        "{{7*7}}",
        "\u{202e}wall",
    ] {
        search(&node).listings(text(typed)).await.unwrap();
        search(&node).suggest(wire::SuggestRequest { text: typed.into(), limit: 20 }).await.unwrap();
    }
    let long: String = "志愿者服务长城北京".chars().cycle().take(200).collect();
    search(&node).listings(text(&long)).await.unwrap();
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn somebody_without_an_account_is_told_what_suits_and_why(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    varied(&node).await;
    indexed(&node).await;
    let request = wire::MatchRequest {
        skills: vec!["teaching".into()],
        languages: vec![wire::LanguageLevel { language: "zh-CN".into(), level: "C1".into() }],
        countries: vec!["CN".into()],
        from: "2027-02-01".into(),
        until: "2027-04-01".into(),
        ..Default::default()
    };
    let found = search(&node).r#match(request.clone()).await.unwrap().into_inner().listings;
    assert_eq!(found.len(), 3);
    assert_eq!(
        (found[0].listing.as_ref().unwrap().source.as_ref().unwrap().title.as_str(), found[0].score),
        ("Teaching in Beijing", 100)
    );
    let reasons: Vec<(&str, bool)> =
        found[0].reasons.iter().map(|reason| (reason.code.as_str(), reason.met)).collect();
    assert_eq!(reasons, [("skill", true), ("language", true), ("dates", true), ("place", true)]);
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    let again = search(&node).r#match(request).await.unwrap().into_inner().listings;
    assert_eq!(found, again);
    let odd = wire::MatchRequest { from: "tomorrow".into(), ..Default::default() };
    assert_eq!(problem(&search(&node).r#match(odd).await.unwrap_err()).2, "from");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite(), sqlite())]
#[case::postgres(postgres(), postgres())]
#[tokio::test]
async fn what_a_partner_publishes_is_found_here(#[case] one: Place, #[case] other: Place) {
    let author = TestNode::start(one, "BVF").await;
    let reader = TestNode::start(other, "AVI").await;
    reader.add(&author).await;
    author.add(&reader).await;
    let organisation = author.organisation().await;
    author.publish(listing("Great Wall", &organisation)).await;
    reader.follows(&author).await;
    assert_eq!(titles_of(&reader, "wall").await, ["Great Wall"]);
    let staff: Request<wire::SearchListingsRequest> = reader.staff(text("wall"));
    assert_eq!(search(&reader).listings(staff).await.unwrap().into_inner().total, 1);
    author.node.stop().await;
    reader.node.stop().await;
}
