//! The index itself: lost, damaged, built anew, killed; and what it must not tell of sealed records.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use rstest::rstest;
use tonic::transport::Channel;
use volbridge_node::{Node, publish::Draft};
use volbridge_proto::{
    kinds::{self, Payload},
    wire::node::v1::{self as wire, ListingQuery, ListingSort, search_client::SearchClient},
};

use crate::{
    node::{TestNode, listing},
    place::{Place, postgres, sqlite},
    search::terms,
};

fn text(text: &str) -> wire::SearchListingsRequest {
    wire::SearchListingsRequest {
        query: Some(ListingQuery { text: text.to_owned(), ..Default::default() }),
        limit: 100,
        facets: true,
        ..Default::default()
    }
}

/// Waits until a node finds what it holds.
async fn indexed(node: &Node) {
    let newest = *node.context().changes.borrow();
    node.context().search.reaches(newest).await;
}

/// What a search answers, without what else a node says of each listing.
async fn answer(channel: &Channel, request: wire::SearchListingsRequest) -> String {
    let found = SearchClient::new(channel.clone()).listings(request).await.unwrap().into_inner();
    let subjects: Vec<String> =
        found.hits.iter().map(|hit| hex::encode(&hit.listing.as_ref().unwrap().subject)).collect();
    format!("{} {} {:?} {:?} {}", found.total, found.incomplete, subjects, found.facets, found.next_cursor)
}

/// What the public is told.
async fn answers(channel: &Channel) -> Vec<String> {
    let mut said = Vec::new();
    for typed in ["", "wall", "great wall", "canary", "canari", "志愿者", "harbour", "zebra"] {
        said.push(answer(channel, text(typed)).await);
        said.push(answer(channel, wire::SearchListingsRequest { limit: 1, ..text(typed) }).await);
        let newest = wire::SearchListingsRequest { sort: ListingSort::Newest.into(), ..text(typed) };
        said.push(answer(channel, newest).await);
    }
    for typed in ["", "c", "can", "w", "志"] {
        let request = wire::SuggestRequest { text: typed.to_owned(), limit: 20 };
        let words = SearchClient::new(channel.clone()).suggest(request).await.unwrap().into_inner().words;
        said.push(format!("{words:?}"));
    }
    let request = wire::MatchRequest { countries: vec!["CN".to_owned()], ..Default::default() };
    let matched = SearchClient::new(channel.clone()).r#match(request).await.unwrap().into_inner();
    let matched =
        matched.listings.iter().map(|one| (one.score, one.role, &one.listing.as_ref().unwrap().subject));
    said.push(format!("{:?}", matched.collect::<Vec<_>>()));
    said
}

async fn fill(node: &TestNode) {
    let organisation = node.organisation().await;
    for title in ["Great Wall guides", "Wall painting", "Reef restoration", "长城志愿者"] {
        node.publish(listing(title, &organisation)).await;
        node.clock.advance(1_000);
    }
}

#[rstest]
#[case::sqlite(sqlite(), sqlite())]
#[case::postgres(postgres(), postgres())]
#[tokio::test]
async fn t31_a_sealed_listing_changes_no_public_answer_and_t30_staff_find_it(
    #[case] one: Place,
    #[case] other: Place,
) {
    let author = TestNode::start(one, "BVF").await;
    let reader = TestNode::start(other, "AVI").await;
    reader.add(&author).await;
    author.add(&reader).await;
    author.follows(&reader).await;
    fill(&author).await;
    reader.follows(&author).await;
    indexed(&reader.node).await;
    let before = answers(&reader.channel).await;
    assert!(before[0].starts_with("4 false"), "{}", before[0]);

    let organisation = author.organisation().await;
    let payload = Payload::Listing(listing("CANARY wall 志愿者", &organisation)).encode().unwrap();
    let draft = Draft { recipients: vec![reader.partner], ..Draft::public(kinds::listing::KIND, payload) };
    let published = author.node.context().publish(vec![draft], None).await.unwrap();
    reader.follows(&author).await;
    let newest = *reader.node.context().changes.borrow();
    reader.node.context().search.reaches(newest).await;
    assert_eq!(answers(&reader.channel).await, before);

    let staff = |typed: &str| reader.staff(text(typed));
    let mut search = SearchClient::new(reader.channel.clone());
    for (typed, total) in [("canary", 1), ("wall", 3), ("志愿者", 2), ("", 5)] {
        assert_eq!(search.listings(staff(typed)).await.unwrap().into_inner().total, total, "{typed}");
    }
    let folder = reader.node.context().config.node.data_dir.join("search");
    let on_disk = terms(&folder);
    assert!(!on_disk.contains("canary") && on_disk.contains("wall"), "{on_disk}");

    author.withdraw(&published[0].id.to_vec()).await;
    reader.follows(&author).await;
    indexed(&reader.node).await;
    assert_eq!(search.listings(staff("canary")).await.unwrap().into_inner().total, 0);
    assert_eq!(answers(&reader.channel).await, before);
    author.node.stop().await;
    reader.node.stop().await;
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// A segment's files differ by their ends, the others by their names.
fn kind(path: &Path) -> String {
    let part = path.extension().or(path.file_name()).unwrap();
    part.to_string_lossy().into_owned()
}

/// What happens to a file.
type Harm = fn(&Path);

fn lose(path: &Path) {
    fs::remove_file(path).unwrap();
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    if let Some(byte) = bytes.get_mut(0) {
        *byte ^= 0x55;
    }
    fs::write(path, bytes).unwrap();
}

fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn f14_an_index_that_was_lost_or_damaged_at_rest_gives_equal_answers_again(#[case] place: Place) {
    let test = TestNode::start(place, "BVF").await;
    fill(&test).await;
    indexed(&test.node).await;
    let (config, env) = (test.node.context().config.clone(), test.node.context().env.clone());
    let folder = config.node.data_dir.join("search");
    let (mut node, rest) = test.split();
    let before = answers(&node.channel()).await;
    let kinds: BTreeSet<String> = files(&folder).iter().map(|path| kind(path)).collect();
    assert!(kinds.len() > 7, "{kinds:?}");
    // Each kind of file in turn, by one of three harms.
    for (nth, wanted) in kinds.iter().enumerate() {
        node.stop().await;
        if let Some(path) = files(&folder).iter().find(|path| kind(path) == *wanted) {
            [lose as Harm, flip, cut][nth % 3](path);
        }
        node = Node::start(config.clone(), env.clone()).await.unwrap();
        indexed(&node).await;
        assert_eq!(answers(&node.channel()).await, before, "{wanted}");
    }
    node.stop().await;
    fs::remove_dir_all(&folder).unwrap();
    let node = Node::start(config, env).await.unwrap();
    indexed(&node).await;
    assert_eq!(answers(&node.channel()).await, before);
    node.stop().await;
    drop(rest);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn f14_an_index_that_is_lost_while_it_answers_is_built_anew(#[case] place: Place) {
    let test = TestNode::start(place, "BVF").await;
    fill(&test).await;
    indexed(&test.node).await;
    let before = answers(&test.channel).await;
    let folder = test.node.context().config.node.data_dir.join("search");
    for path in files(&folder) {
        fs::remove_file(path).unwrap();
    }
    // What is open is still read; what is written next notices.
    assert_eq!(answers(&test.channel).await, before);
    let organisation = test.organisation().await;
    let published = test.publish(listing("Quay", &organisation)).await;
    let found = loop {
        indexed(&test.node).await;
        let found =
            SearchClient::new(test.channel.clone()).listings(text("quay")).await.unwrap().into_inner();
        if !found.incomplete && found.total == 1 {
            break found;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(found.hits[0].listing.as_ref().unwrap().subject, published.subject);
    test.withdraw(&published.provenance.unwrap().hash).await;
    indexed(&test.node).await;
    assert_eq!(answers(&test.channel).await[0].split(' ').next(), before[0].split(' ').next());
    test.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn a_rebuild_gives_equal_answers_and_searches_go_on_meanwhile(#[case] place: Place) {
    let test = TestNode::start(place, "BVF").await;
    fill(&test).await;
    indexed(&test.node).await;
    let before = answers(&test.channel).await;
    let folder = test.node.context().config.node.data_dir.join("search");
    let current = || fs::read_to_string(folder.join("current")).unwrap();
    let old = current();
    test.node.context().search.rebuild().await;
    while current() == old {
        assert!(answer(&test.channel, text("wall")).await.starts_with("2 false"));
    }
    assert_eq!(answers(&test.channel).await, before);
    test.node.stop().await;
}
