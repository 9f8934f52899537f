//! A partner without a node is read from its feed: what it holds is published with the mark that they haven't signed it,
//! changes follow, and what is gone there goes here.
#![expect(clippy::unwrap_used, reason = "tests")]

use rstest::rstest;
use tokio::net::TcpListener;
use volbridge_node::store::feeds;
use volbridge_proto::{
    SubjectId,
    wire::{node::v1 as wire, record::v1 as record},
};
use volbridge_tests::{Database, Partner, desk, partner::PATIENCE, portal::Portal};

/// Titles of a node's listings with whom they are from, ascending.
async fn titles(partner: &Partner) -> Vec<(String, String)> {
    let told = |view: wire::ListingView| {
        let source = view.source.unwrap();
        (source.title, source.imported_from.map(|from| from.publisher).unwrap_or_default())
    };
    let mut titles: Vec<_> = partner.listings().await.into_iter().map(told).collect();
    titles.sort();
    titles
}

fn imported(title: &str) -> (String, String) {
    (title.to_owned(), "Harbour Volunteers".to_owned())
}

async fn until(partner: &Partner, wanted: &[(String, String)]) {
    let mut seen = Vec::new();
    let arrived = tokio::time::timeout(PATIENCE, async {
        while seen != wanted {
            seen = titles(partner).await;
        }
    });
    assert!(arrived.await.is_ok(), "{seen:?}");
}

async fn page(portal: &Portal, path: &str, language: &str) -> String {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let request = reqwest::Client::new().get(portal.at(path)).header("accept-language", language);
    request.send().await.unwrap().text().await.unwrap()
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_followed_page_by_page_and_what_is_gone_there_goes_here(#[case] database: Database) {
    let avi = Partner::start("AVI", database).await;
    let theirs = avi.organisation().await;
    let portal = Portal::start(&avi).await;
    let mut records = Vec::new();
    for title in ["Beach", "Dunes", "Harbour"] {
        records.push(avi.listing(title, &theirs).await);
    }
    let mut bvf = Partner::start("BVF", database).await;
    let organisation = bvf.organisation().await.subject;
    let organisation = SubjectId::try_from(organisation.as_slice()).unwrap();
    let feed = portal.at("/feeds/rpde");
    let source = format!(
        "[{{ url = \"{feed}\", publisher = \"Harbour Volunteers\", about = \"https://harbour.example/\", \
         organisation = \"{organisation}\", language = \"en\" }}]"
    );
    bvf.set("feeds.sources", &source);
    bvf.restart().await;
    until(&bvf, &["Beach", "Dunes", "Harbour"].map(imported)).await;
    assert_eq!(bvf.listings().await.len(), 3);

    // One is gone, one says something else, one is new.
    avi.withdraw(&[&records[0]]).await;
    let changed = wire::PublishListingRequest {
        listing: Some(record::Listing { title: "Dunes and hills".to_owned(), ..desk::listing("", &theirs) }),
        subject: records[1].subject.clone(),
        ..Default::default()
    };
    let mut listings = wire::listings_client::ListingsClient::new(avi.channel());
    listings.publish(avi.staff(changed)).await.unwrap();
    avi.listing("Lighthouse", &theirs).await;
    // The next look is a restart away: it goes on from the page where the last one ended.
    let next = feeds::next(&bvf.node().context().db, &feed).await.unwrap().unwrap();
    assert!(next.contains("afterChangeNumber=") && !next.ends_with("=0"), "{next}");
    bvf.restart().await;
    until(&bvf, &["Dunes and hills", "Harbour", "Lighthouse"].map(imported)).await;

    // Whose word it isn't is said wherever it is shown.
    let ours = Portal::start(&bvf).await;
    let view = bvf.listings().await.remove(0);
    let id = SubjectId::try_from(view.subject.as_slice()).unwrap();
    let said = "Imported from Harbour Volunteers, not signed by them";
    for path in [
        format!("/listings/{id}"),
        "/listings".to_owned(),
        "/".to_owned(),
        format!("/listings/{id}/about.jsonld"),
        "/listings.atom".to_owned(),
        "/feeds/rpde".to_owned(),
    ] {
        assert!(page(&ours, &path, "en").await.contains(said), "{path}");
    }
    let chinese = page(&ours, &format!("/listings/{id}"), "zh-CN").await;
    assert!(chinese.contains("从 Harbour Volunteers 导入，未经其签名"));
    for path in [format!("/api/v1/listings/{id}"), "/listings.jsonl".to_owned()] {
        let text = page(&ours, &path, "en").await;
        assert!(
            text.contains("imported_from") && text.contains("https://harbour.example/"),
            "{path}: {text}"
        );
    }
    assert!(page(&ours, "/listings.csv", "en").await.contains("\"Harbour Volunteers\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_here_by_its_authors_own_log_is_not_imported() {
    let avi = Partner::start("AVI", Database::Sqlite).await;
    let mut bvf = Partner::start("BVF", Database::Sqlite).await;
    avi.admit(&bvf, None).await;
    bvf.admit(&avi, None).await;
    let theirs = avi.organisation().await;
    avi.listing("Harbour", &theirs).await;
    bvf.follows(&avi).await;
    let portal = Portal::start(&avi).await;
    let organisation = SubjectId::try_from(bvf.organisation().await.subject.as_slice()).unwrap();
    let feed = portal.at("/feeds/rpde");
    bvf.set(
        "feeds.sources",
        &format!(
            "[{{ url = \"{feed}\", publisher = \"AVI\", about = \"https://avi.example/\", organisation = \
             \"{organisation}\", language = \"en\" }}]"
        ),
    );
    bvf.restart().await;
    let read = tokio::time::timeout(PATIENCE, async {
        while feeds::next(&bvf.node().context().db, &feed).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    });
    read.await.unwrap();
    assert_eq!(titles(&bvf).await, [("Harbour".to_owned(), String::new())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn t23_a_feed_on_this_machine_is_not_read_unless_that_is_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let organisation = SubjectId::v7(1_800_000_000_000, [1; 10]);
    let source = format!(
        "[{{ url = \"https://{address}/\", publisher = \"A\", about = \"https://a.example/\", organisation = \
         \"{organisation}\", language = \"en\" }}]"
    );
    let settings = [("feeds.sources", source.as_str()), ("exchange.allow_private_addresses", "false")];
    let bvf = Partner::start_with("BVF", Database::Sqlite, &settings).await;
    let asked = bvf.organisation();
    tokio::select! {
        biased;
        called = listener.accept() => assert!(called.is_err(), "the feed was called"),
        _ = asked => {}
    }
}
