//! Listings for other programs, over a node in memory: what is written is read again by the crate of the formats.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod fake;

use axum::{Router, body::Body};
use fake::{Fake, config};
use http::{HeaderMap, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;
use volbridge_formats::{
    Entry, jsonl, rpde, schema_org,
    table::{Mapping, Names, Reader, csv, xlsx},
};
use volbridge_proto::SubjectId;

async fn portal(fake: &Fake) -> Router {
    volbridge_gateway::router(fake.client().await, config()).await
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 26).await.unwrap();
    (parts.status, parts.headers, bytes.to_vec())
}

async fn get(router: &Router, path: &str) -> (HeaderMap, Vec<u8>) {
    let (status, headers, bytes) = ask(router, Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&bytes));
    (headers, bytes)
}

/// A node with so many listings.
fn with_listings(count: u16) -> Fake {
    let fake = Fake::new();
    let mut shared = fake.shared.lock().unwrap();
    let mut pattern = shared.listings[0].clone();
    pattern.texts.truncate(1);
    shared.listings = (0..count)
        .map(|number| {
            let mut view = pattern.clone();
            view.subject[14..].copy_from_slice(&number.to_be_bytes());
            view
        })
        .collect();
    drop(shared);
    fake
}

fn lines(bytes: &[u8]) -> Vec<Entry> {
    jsonl::read(bytes).collect::<Result<_, _>>().unwrap()
}

fn rows(bytes: &[u8]) -> Vec<Entry> {
    let source = csv::open(bytes).unwrap();
    let mapping = Mapping::guess(&source.headers);
    assert_eq!(mapping.unknown(), [""; 0]);
    Reader::new(source, mapping).map(|found| found.entry).collect()
}

fn titles(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.listing.title.clone()).collect()
}

#[tokio::test]
async fn all_files_of_a_list_hold_the_same_listings_with_their_translations() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let (headers, bytes) = get(&router, "/listings.jsonl").await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/jsonl");
    assert_eq!(
        headers[header::CONTENT_DISPOSITION],
        "attachment; filename=\"volbridge-listings-2026-11-24.jsonl\""
    );
    let entries = lines(&bytes);
    let views = fake.shared.lock().unwrap().listings.clone();
    assert_eq!(entries.len(), views.len());
    for (entry, view) in entries.iter().zip(&views) {
        assert_eq!(entry.listing, *view.source.as_ref().unwrap());
        assert_eq!(entry.subject.unwrap().to_vec(), view.subject);
        assert_eq!(entry.translations.len() + 1, view.texts.len());
        assert!(entry.link.starts_with("https://portal.example/listings/"));
        assert!(!entry.partner.is_empty() && !entry.organisation.is_empty());
    }
    let (headers, bytes) = get(&router, "/listings.csv").await;
    assert_eq!(headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert_eq!(titles(&rows(&bytes)), titles(&entries));
    let (headers, bytes) = get(&router, "/listings.xlsx").await;
    assert_eq!(headers[header::CONTENT_TYPE], xlsx::MEDIA_TYPE);
    let source = xlsx::open(bytes).unwrap();
    let mapping = Mapping::guess(&source.headers);
    let found: Vec<Entry> = Reader::new(source, mapping).map(|found| found.entry).collect();
    assert_eq!(titles(&found), titles(&entries));
    let (headers, bytes) = get(&router, "/listings.jsonld?lang=en").await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/ld+json");
    let postings = schema_org::read(&serde_json::from_slice(&bytes).unwrap());
    assert_eq!(postings.len(), entries.len());
}

#[tokio::test]
async fn a_file_holds_what_was_searched_for_and_says_what_is_wrong_with_a_question() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    get(&router, "/listings.csv?q=teach&countries=CN,AU&sort=starts&lang=en").await;
    let asked = fake.shared.lock().unwrap().searched.pop().unwrap();
    let query = asked.query.unwrap();
    assert_eq!((query.text.as_str(), query.countries), ("teach", vec!["CN".to_owned(), "AU".to_owned()]));
    let (_, bytes) = get(&router, "/listings.jsonl?limit=1").await;
    assert_eq!(lines(&bytes).len(), 1);
    for path in ["csv", "xlsx", "jsonl", "jsonld", "atom", "ics"] {
        let request = Request::get(format!("/listings.{path}?countries=China")).body(Body::empty()).unwrap();
        let (status, _, _) = ask(&router, request).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn a_long_list_is_written_page_by_page_under_one_header_and_ends_at_ten_thousand() {
    let router = portal(&with_listings(250)).await;
    let (_, bytes) = get(&router, "/listings.csv").await;
    let entries = rows(&bytes);
    assert_eq!(entries.len(), 250);
    let mut subjects: Vec<SubjectId> = entries.iter().filter_map(|entry| entry.subject).collect();
    subjects.dedup();
    assert_eq!(subjects.len(), 250);
    let (_, bytes) = get(&portal(&with_listings(10_100)).await, "/listings.jsonl").await;
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 10_000);
}

#[tokio::test]
async fn t63_no_cell_of_a_file_begins_as_a_formula() {
    for payload in ["=cmd|'/c calc'!A1 ", "@SUM(1) ", "+1 ", "-1 ", "\t=1", "＝1"] {
        let router = portal(&Fake::hostile(payload)).await;
        let (_, bytes) = get(&router, "/listings.csv").await;
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(&format!("\"'{payload}")), "{payload}");
        assert!(!text.contains(&format!("\"{payload}")), "{payload}");
        assert!(rows(&bytes)[0].listing.title.starts_with(payload));
    }
}

#[tokio::test]
async fn headers_are_in_the_readers_language() {
    let router = portal(&Fake::new()).await;
    for (language, header) in [("zh-CN", "标题（en）"), ("en", "title_en")] {
        let (_, bytes) = get(&router, &format!("/listings.csv?lang={language}")).await;
        let source = csv::open(&bytes[..]).unwrap();
        assert!(source.headers.iter().any(|known| known == header), "{:?}", source.headers);
        let mapping = Mapping::guess(&source.headers);
        assert!(
            mapping
                .columns(Names::English)
                .any(|(known, column)| known == header && column.as_deref() == Some("title_en"))
        );
    }
}

#[tokio::test]
async fn whoever_holds_a_feed_already_is_told_so() {
    let router = portal(&Fake::new()).await;
    for path in [
        "/listings.csv",
        "/listings.xlsx",
        "/listings.atom",
        "/listings.ics",
        "/listings.jsonld",
        "/sitemap.xml",
    ] {
        let (headers, _) = get(&router, path).await;
        let tag = headers.get(header::ETAG).unwrap_or_else(|| panic!("{path} has no tag"));
        let again = Request::get(path).header(header::IF_NONE_MATCH, tag).body(Body::empty()).unwrap();
        let (status, _, bytes) = ask(&router, again).await;
        assert_eq!((status, bytes.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
    }
}

#[tokio::test]
async fn the_feed_and_the_calendar_are_in_the_language_that_was_asked_for() {
    let router = portal(&Fake::new()).await;
    for (language, title) in [("en", "Volunteering with Volbridge"), ("zh-CN", "志桥志愿项目")] {
        let (headers, bytes) = get(&router, &format!("/listings.atom?lang={language}")).await;
        assert_eq!(headers[header::CONTENT_TYPE], "application/atom+xml; charset=utf-8");
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(&format!("xml:lang=\"{language}\"><title>{title}</title>")), "{text}");
        let (headers, bytes) = get(&router, &format!("/listings.ics?lang={language}")).await;
        assert_eq!(headers[header::CONTENT_TYPE], "text/calendar; charset=utf-8");
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            text.contains(&format!("X-WR-CALNAME:{title}")) && text.contains("DTSTART;VALUE=DATE:"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_sitemap_names_each_listing_in_each_language() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let text = String::from_utf8(get(&router, "/sitemap.xml").await.1).unwrap();
    let subject = SubjectId::try_from(&fake.shared.lock().unwrap().listings[0].subject[..]).unwrap();
    let address = format!("https://portal.example/listings/{subject}");
    assert!(text.contains(&format!("<loc>{address}</loc>")), "{text}");
    for language in ["zh-CN", "en"] {
        assert!(
            text.contains(&format!("hreflang=\"{language}\" href=\"{address}?lang={language}\"")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_listings_page_leads_to_its_json_ld_and_the_list_to_all_files() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let subject = SubjectId::try_from(&fake.shared.lock().unwrap().listings[0].subject[..]).unwrap();
    let page = String::from_utf8(get(&router, &format!("/listings/{subject}")).await.1).unwrap();
    let address = format!("/listings/{subject}/about.jsonld");
    assert!(
        page.contains(&format!("<link rel=\"alternate\" type=\"application/ld+json\" href=\"{address}\">"))
    );
    let posting: Value = serde_json::from_slice(&get(&router, &address).await.1).unwrap();
    assert_eq!(
        (posting["@type"].as_str(), posting["employmentType"].as_str()),
        (Some("JobPosting"), Some("VOLUNTEER"))
    );
    let british = get(&router, &format!("{address}?vocabulary=uk")).await.1;
    assert_eq!(serde_json::from_slice::<Value>(&british).unwrap()["type"], "Activity");
    let page = String::from_utf8(get(&router, "/listings?countries=CN&lang=en").await.1).unwrap();
    for end in ["csv", "xlsx", "jsonl", "jsonld", "atom", "ics"] {
        assert!(page.contains(&format!("<a href=\"/listings.{end}?countries=CN\"")), "{end}");
        assert!(page.contains("<link rel=\"alternate\" type=\"application/atom+xml\""));
    }
    let odd = Request::get(format!("{address}?vocabulary=fr")).body(Body::empty()).unwrap();
    assert_eq!(ask(&router, odd).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn who_follows_the_changes_hears_of_each_listing_and_of_what_is_gone() {
    let fake = Fake::new();
    let first = fake.shared.lock().unwrap().listings[0].subject.clone();
    let gone = [9; 16].to_vec();
    for (kind, subject, action) in [
        ("volbridge.listing.v1", &first, "published"),
        ("volbridge.listing.v1", &gone, "published"),
        ("volbridge.organisation.v1", &first, "published"),
        ("volbridge.listing.v1", &first, "revised"),
        ("volbridge.listing.v1", &gone, "withdrawn"),
        ("volbridge.organisation.v1", &first, "revised"),
    ] {
        fake.remember(kind, subject, action);
    }
    let router = portal(&fake).await;
    let (headers, bytes) = get(&router, "/feeds/rpde").await;
    assert_eq!(headers[header::CONTENT_TYPE], rpde::MEDIA_TYPE);
    let page: Value = serde_json::from_slice(&bytes).unwrap();
    let items: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (item["modified"].as_i64().unwrap(), item["state"].as_str().unwrap(), item["data"].is_object())
        })
        .collect();
    assert_eq!(items, [(4, "updated", true), (5, "deleted", false)]);
    assert_eq!(page["next"], "https://portal.example/feeds/rpde?afterChangeNumber=6");
    assert_eq!(rpde::read(&bytes, "zh-CN").unwrap().items.len(), 2);
    let (_, last) = get(&router, "/feeds/rpde?afterChangeNumber=6").await;
    let last = rpde::read(&last, "zh-CN").unwrap();
    assert!(last.is_last());
    assert_eq!(last.next, "https://portal.example/feeds/rpde?afterChangeNumber=6");
    let odd = Request::get("/feeds/rpde?afterChangeNumber=x").body(Body::empty()).unwrap();
    let (status, headers, _) = ask(&router, odd).await;
    assert_eq!(
        (status, headers[header::CONTENT_TYPE].to_str().unwrap()),
        (StatusCode::BAD_REQUEST, "application/problem+json")
    );
}
