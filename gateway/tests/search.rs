//! Search, facets and matching over a node in memory: pages and REST.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod fake;

use std::net::SocketAddr;

use axum::{Router, body::Body, extract::ConnectInfo};
use fake::{Fake, config};
use futures::StreamExt as _;
use http::{HeaderMap, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;
use volbridge_gateway::{GatewayConfig, Limits};
use volbridge_proto::wire::node::v1 as node;

const LANGUAGES: [&str; 2] = ["en", "zh-CN"];

async fn portal(fake: &Fake) -> Router {
    volbridge_gateway::router(fake.client().await, config()).await
}

async fn ask(router: &Router, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
    (parts.status, parts.headers, bytes.to_vec())
}

async fn page(router: &Router, path: &str, language: &str) -> String {
    let (status, _, bytes) = ask(router, path, &[("accept-language", language)]).await;
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    text
}

async fn json(router: &Router, path: &str) -> (u16, Value) {
    let (status, _, bytes) = ask(router, path, &[]).await;
    (status.as_u16(), serde_json::from_slice(&bytes).unwrap())
}

/// What one reads of the page's main part, a line each.
fn read(page: &str) -> String {
    let main = page.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    let (mut text, mut inside) = (String::new(), true);
    for letter in main.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            letter if !inside => text.push(letter),
            _ => {}
        }
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn last(fake: &Fake) -> node::SearchListingsRequest {
    fake.shared.lock().unwrap().searched.last().unwrap().clone()
}

#[tokio::test]
async fn every_filter_reaches_the_index() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let partner = hex::encode(&fake.shared.lock().unwrap().partners[0].name.as_ref().unwrap().id);
    let path = format!(
        "/api/v1/search?q=green+days&readable_in=en&countries=CN,online&regions=CN/CN-BJ&sdgs=11&sdgs=13\
         &skills=teaching&languages=zh&modalities=onsite,hybrid&durations=month&months=2027-03&partners={partner}\
         &benefits=visa&causes=environment&organisation=01930f6e-7c00-7000-8000-000000000002\
         &near=39.9,116.4&km=50&open=true&sort=distance&limit=5&facets=true&facet_names=countries,sdgs"
    );
    let (status, found) = json(&router, &path).await;
    assert_eq!(status, 200, "{found}");
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        last(&fake),
        node::SearchListingsRequest {
            query: Some(node::ListingQuery {
                text: "green days".to_owned(),
                readable_in: "en".to_owned(),
                countries: text(&["CN", "online"]),
                regions: text(&["CN/CN-BJ"]),
                sdgs: vec![11, 13],
                skills: text(&["teaching"]),
                languages: text(&["zh"]),
                modalities: text(&["onsite", "hybrid"]),
                durations: text(&["month"]),
                months: text(&["2027-03"]),
                partners: vec![hex::decode(partner).unwrap()],
                benefits: text(&["visa"]),
                causes: text(&["environment"]),
                organisation: hex::decode("01930f6e7c0070008000000000000002").unwrap(),
                near: Some(node::Near { latitude_e6: 39_900_000, longitude_e6: 116_400_000, km: 50 }),
                open: true,
            }),
            sort: node::ListingSort::Distance.into(),
            limit: 5,
            cursor: String::new(),
            facets: true,
            facet_names: text(&["countries", "sdgs"]),
        }
    );
}

#[tokio::test]
async fn what_is_found_comes_with_facets_distance_and_the_next_page() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let path = "/api/v1/search?limit=2&facets=true&near=39.9,116.4&cursor=2";
    let (_, headers, bytes) = ask(&router, path, &[]).await;
    let found: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((&found["total"], &found["items"][0]["km"]), (&Value::from(7), &Value::from(7)));
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
    assert_eq!(found["facets"][0]["name"], "countries");
    assert_eq!(found["facets"][0]["counts"][0], serde_json::json!({ "value": "CN", "count": 2 }));
    assert_eq!(found["next_cursor"], "4");
    let link = headers[header::LINK].to_str().unwrap();
    assert_eq!(link, "</api/v1/search?limit=2&facets=true&near=39.9,116.4&cursor=4>; rel=\"next\"");
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    let (_, headers, _) = ask(&router, next, &[]).await;
    assert!(headers[header::LINK].to_str().unwrap().contains("cursor=6"));
    let (_, headers, _) = ask(&router, "/api/v1/search?cursor=6", &[]).await;
    assert!(!headers.contains_key(header::LINK), "there is no more");
    let (status, counted) = json(&router, "/api/v1/facets?countries=FJ&facet_names=countries").await;
    assert_eq!((status, &counted["total"]), (200, &Value::from(1)));
    assert_eq!(counted["facets"][0]["counts"].as_array().unwrap().len(), 6, "other countries stay to choose");
    let (_, words) = json(&router, "/api/v1/suggest?q=Nur").await;
    assert_eq!(words["items"], serde_json::json!(["nurse"]));
    let (_, listed) = json(&router, "/api/v1/listings?q=nurse&country=TL&lang=en").await;
    assert_eq!(listed["total"], 1);
    assert_eq!(last(&fake).query.unwrap().readable_in, "en", "words are looked up in the index");
}

#[tokio::test]
async fn t62_a_parameter_that_is_out_of_form_is_refused_by_its_name() {
    let router = portal(&Fake::new()).await;
    for (query, code, field) in [
        ("search?page=2", "field.unknown", "page"),
        ("search?lang=en", "field.unknown", "lang"),
        ("search?facets=perhaps", "field.invalid", "facets"),
        ("search?facet_names=secret", "field.invalid", "facet_names"),
        ("search?countries=China", "field.invalid", "countries"),
        ("search?months=2027", "date.malformed", "months"),
        ("search?sort=distance", "field.required", "near"),
        ("search?near=1,2&km=0", "field.out_of_range", "km"),
        ("search?limit=101", "field.out_of_range", "limit"),
        ("search?cursor=tomorrow", "cursor.invalid", "cursor"),
        ("facets?cursor=1", "field.unknown", "cursor"),
        ("facets?sdgs=99", "field.out_of_range", "sdgs"),
        ("suggest?limit=21", "field.out_of_range", "limit"),
        ("suggest?text=a", "field.unknown", "text"),
        ("match?languages=en:native", "field.invalid", "languages"),
        ("match?until=soon", "date.malformed", "until"),
        ("match?q=a", "field.unknown", "q"),
        ("changes?since=1", "field.unknown", "since"),
    ] {
        let (status, problem) = json(&router, &format!("/api/v1/{query}")).await;
        assert_eq!(
            (status, &problem["code"], &problem["field"]),
            (400, &code.into(), &field.into()),
            "{query}"
        );
    }
}

#[tokio::test]
async fn who_holds_an_answer_already_is_told_that_it_is_the_same() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let id = {
        let shared = fake.shared.lock().unwrap();
        volbridge_proto::id::SubjectId::try_from(shared.listings[0].subject.as_slice()).unwrap()
    };
    for path in ["/api/v1/search?q=nurse", "/api/v1/openapi.json", &format!("/api/v1/listings/{id}")] {
        let (status, headers, bytes) = ask(&router, path, &[]).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let tag = headers[header::ETAG].to_str().unwrap().to_owned();
        let (status, headers, none) = ask(&router, path, &[("if-none-match", &tag)]).await;
        assert_eq!((status, none.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert_eq!(headers[header::ETAG], tag.as_str());
        let (status, _, again) = ask(&router, path, &[("if-none-match", "\"another\"")]).await;
        assert_eq!((status, again), (StatusCode::OK, bytes), "{path}");
        // What comes packed bears the same tag, and it stays a weak one.
        let (_, packed, _) = ask(&router, path, &[("accept-encoding", "gzip")]).await;
        assert!(tag.starts_with("W/") && packed[header::ETAG] == tag.as_str(), "{path}");
    }
    let path = format!("/api/v1/listings/{id}");
    let tag = ask(&router, &path, &[]).await.1[header::ETAG].clone();
    fake.shared.lock().unwrap().listings[0].slots += 1;
    let (status, headers, _) = ask(&router, &path, &[("if-none-match", tag.to_str().unwrap())]).await;
    assert!(status == StatusCode::OK && headers[header::ETAG] != tag, "it has changed");
    let (_, headers, _) = ask(&router, "/api/v1/search?limit=0", &[]).await;
    assert!(!headers.contains_key(header::ETAG), "a refusal is not kept");
}

#[tokio::test]
async fn programs_are_told_how_much_they_may_still_ask() {
    let limits = Limits { requests_per_second: 1, burst: 4, ..Limits::default() };
    let limited = GatewayConfig { limits, ..config() };
    let router = volbridge_gateway::router(Fake::new().client().await, limited).await;
    let from = |path: &str| {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))));
        request
    };
    for (path, left) in [("/api/v1/search", 3), ("/api/v1/search?limit=0", 2), ("/api/v1/nothing", 1)] {
        let answer = router.clone().oneshot(from(path)).await.unwrap();
        assert_eq!(answer.headers()["ratelimit-policy"], "\"address\";q=4;w=4", "{path}");
        assert_eq!(answer.headers()["ratelimit"], format!("\"address\";r={left};t={}", 4 - left), "{path}");
    }
    let page = router.clone().oneshot(from("/assets/icon.svg")).await.unwrap();
    assert!(!page.headers().contains_key("ratelimit"), "people aren't");
    let answer = router.clone().oneshot(from("/api/v1/search")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers()["ratelimit"], "\"address\";r=0;t=1");
    assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
}

#[tokio::test]
async fn changes_come_as_events_and_go_on_after_the_last_that_was_seen() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let open = async |path: &str, id: Option<&str>| {
        let mut request = Request::get(path);
        if let Some(id) = id {
            request = request.header("last-event-id", id);
        }
        router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    let response = open("/api/v1/changes", None).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    assert!(!response.headers().contains_key(header::ETAG));
    let mut body = response.into_body().into_data_stream();
    fake.announce(1);
    let frame = String::from_utf8(body.next().await.unwrap().unwrap().to_vec()).unwrap();
    for told in ["id: c18\n", "event: published\n", "\"kind\":\"volbridge.listing.v1\"", "\"id\":\"01930f6e-"]
    {
        assert!(frame.contains(told), "{told}: {frame}");
    }
    let others = open("/api/v1/changes?cursor=c3&kind=volbridge.conference.v1", Some("c18")).await;
    drop(body);
    fake.announce(2);
    let mut others = others.into_body().into_data_stream();
    assert!(futures::poll!(others.next()).is_pending(), "a listing is not a conference");
    open("/api/v1/changes?cursor=c3", None).await;
    assert_eq!(fake.shared.lock().unwrap().watched, ["", "c18", "c3"]);
}

#[tokio::test]
async fn a_list_is_narrowed_by_facets_and_each_choice_can_be_taken_back() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    for language in LANGUAGES {
        let path = "/listings?q=e&countries=CN&countries=FJ&sdgs=11&sort=newest&readable_in=en&open=true";
        let text = page(&router, path, language).await;
        insta::assert_snapshot!(format!("listings_narrowed_{language}"), read(&text));
        assert!(text.contains(
            "href=\"/listings?q=e&#38;countries=FJ&#38;sdgs=11&#38;sort=newest&#38;readable_in=en&#38;open=true\""
        ));
        assert!(text.contains("name=\"countries\" value=\"CN\" form=\"find\" checked"));
        assert!(text.contains("<link rel=\"alternate\" type=\"application/json\" href=\"/api/v1/search?q=e"));
    }
    assert!(last(&fake).facet_names.contains(&"regions".to_owned()), "a country is divided into regions");
}

#[tokio::test]
async fn earlier_addresses_lead_where_they_led() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let partner = hex::encode(&fake.shared.lock().unwrap().partners[2].name.as_ref().unwrap().id);
    page(&router, &format!("/listings?country=TL&partner={partner}&language=en&cursor="), "en").await;
    let query = last(&fake).query.unwrap();
    assert_eq!((query.countries[0].as_str(), query.readable_in.as_str()), ("TL", "en"));
    assert_eq!(hex::encode(&query.partners[0]), partner);
}

#[tokio::test]
async fn a_place_is_told_by_its_name_or_by_degrees() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let suva = node::Near { latitude_e6: -18_141_600, longitude_e6: 178_441_900, km: 50 };
    for near in ["Suva", "suva", "-18.1416,178.4419"] {
        let text = page(&router, &format!("/listings?near={near}&km=50&sort=distance"), "en").await;
        assert_eq!(last(&fake).query.unwrap().near, Some(suva), "{near}");
        assert!(text.contains("7 km away") && text.contains("At most 50 km from"), "{text}");
    }
    let text = page(&router, "/listings?near=Atlantis&km=50&sort=distance", "en").await;
    assert_eq!(last(&fake).query.unwrap().near, None);
    assert!(
        text.contains("No listing is in a place called “Atlantis”") && text.contains("value=\"Atlantis\"")
    );
    let text = page(&router, "/listings?near=&km=100&sort=relevance&q=", "en").await;
    assert!(text.contains("data-live"), "fields that were left empty narrow nothing");
}

#[tokio::test]
async fn an_empty_list_says_what_to_do_and_an_unfinished_index_says_so() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    for (language, told, do_now, unfinished) in [
        ("en", "No listing fits.", "Without “Country: China”", "some listings may still be missing"),
        ("zh-CN", "没有符合条件的项目", "去掉“国家和地区：中国”", "可能还不完整"),
    ] {
        let text = read(&page(&router, "/listings?q=nothing+of+it&countries=CN", language).await);
        assert!(text.contains(told) && text.contains(do_now) && !text.contains(unfinished), "{text}");
        fake.shared.lock().unwrap().index_is_built_anew = true;
        assert!(read(&page(&router, "/listings", language).await).contains(unfinished));
        fake.shared.lock().unwrap().index_is_built_anew = false;
    }
}

#[tokio::test]
async fn somebody_is_told_what_fits_and_why_without_an_account() {
    let router = portal(&Fake::new()).await;
    let path = "/match?skills=teaching&language=zh&level=B1&language=&level=&countries=FJ&from=2027-04-01";
    for language in LANGUAGES {
        let text = page(&router, path, language).await;
        insta::assert_snapshot!(format!("match_{language}"), read(&text));
        assert!(text.contains(
            "/api/v1/match?skills=teaching&#38;countries=FJ&#38;languages=zh%3AB1&#38;from=2027-04-01"
        ));
        assert!(text.contains("<option value=\"zh\" selected>"), "what was told stays");
    }
    let (status, found) = json(&router, "/api/v1/match?countries=FJ&languages=en:A2").await;
    assert_eq!(status, 200);
    assert_eq!(found["items"][0]["listing"]["place"]["country"], "FJ");
    assert_eq!(
        found["items"][0]["reasons"][2],
        serde_json::json!({ "code": "place", "met": true, "values": ["FJ"] })
    );
}

#[tokio::test]
async fn the_start_counts_in_the_index_and_leads_from_a_country_to_its_listings() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let text = page(&router, "/", "en").await;
    let read = read(&text);
    assert!(
        read.contains("7 listings") && read.contains("5 countries") && read.contains("12 organisations"),
        "{read}"
    );
    assert!(
        text.contains("href=\"/listings?countries=TL&amp;open=true\" aria-label=\"Timor-Leste: 1 listing\"")
    );
    let asked = fake.shared.lock().unwrap().searched.len();
    page(&router, "/", "zh-CN").await;
    assert_eq!(fake.shared.lock().unwrap().searched.len(), asked, "figures are kept for some seconds");
}

#[tokio::test]
async fn a_listing_names_others_like_it_and_has_a_picture_to_share() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let id = "01930f6e-0100-7000-8000-000000000001";
    let text = page(&router, &format!("/listings/{id}"), "en").await;
    let similar = text.split("class=\"similar\"").nth(1).unwrap();
    assert_eq!(last(&fake).query.unwrap().causes, ["environment"]);
    assert!(similar.contains("Youth programme officer") && !similar.contains("green community"), "{similar}");
    assert!(similar.contains("/listings?near=39.9042%2C116.4074&#38;km=100&#38;sort=distance"));
    assert!(text.contains("Published on 23 November 2026. Its partner’s log is up to date here."));
    assert!(text.contains("property=\"og:title\" content=\"Helpers for green community days\""));
    let picture = format!("/listings/{id}/picture.svg?lang=zh-CN");
    assert!(page(&router, &format!("/listings/{id}"), "zh-CN").await.contains(&picture));
    let (status, headers, bytes) = ask(&router, &picture, &[]).await;
    assert_eq!((status, &headers[header::CONTENT_TYPE]), (StatusCode::OK, &"image/svg+xml".parse().unwrap()));
    let svg = String::from_utf8(bytes).unwrap();
    assert!(svg.contains("绿色社区日活动协助志愿者") && svg.contains("北京市志愿服务联合会"), "{svg}");
}

/// Strings that have broken something somewhere, from threats.md.
const HOSTILE: [&str; 16] = [
    "\"'><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{7*7}}${7*7}",
    "'; DROP TABLE listings; --",
    "\" OR title:* AND (",
    "*~1^9 +-\\[0 TO 9]",
    "javascript:alert(1)",
    "\u{202e}gnp.exe",
    "\u{0}",
    "\r\nSet-Cookie: a=b",
    "../../etc/passwd",
    "%00%0d%0a%",
    "Z͑ͫa͈l̙g̴o",
    "👩‍👩‍👧‍👦",
    "=cmd|' /C calc'!A0",
    "9999999999999999999999999",
];

/// What the list and its API take, what matching takes, and what only one of them does.
const LISTED: &[&str] = &[
    "q",
    "readable_in",
    "countries",
    "regions",
    "sdgs",
    "skills",
    "languages",
    "modalities",
    "durations",
    "months",
    "partners",
    "benefits",
    "causes",
    "organisation",
    "near",
    "km",
    "open",
    "sort",
    "limit",
    "cursor",
];
const WISHED: &[&str] = &[
    "skills",
    "languages",
    "language",
    "level",
    "from",
    "until",
    "countries",
    "causes",
    "sdgs",
    "age",
    "limit",
];

#[tokio::test]
async fn t53_t61_t62_hostile_strings_in_every_parameter_break_nothing_and_stay_text() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let hostile: Vec<String> =
        HOSTILE.iter().map(|text| (*text).to_owned()).chain(["x".repeat(5_000)]).collect();
    let mut found = 0;
    for (path, names, more) in [
        ("/", &[][..], &["q", "lang"][..]),
        ("/listings", LISTED, &["country", "partner", "language", "lang", "unknown"]),
        ("/match", WISHED, &["lang"]),
        ("/api/v1/search", LISTED, &["facets", "facet_names"]),
        ("/api/v1/facets", LISTED, &["facet_names"]),
        ("/api/v1/suggest", &[], &["q", "limit", "unknown"]),
        ("/api/v1/match", WISHED, &["unknown"]),
    ] {
        for name in names.iter().chain(more) {
            for text in &hostile {
                let address = format!("{path}?{name}={}", encoded(text));
                let (status, headers, bytes) = ask(&router, &address, &[]).await;
                assert!(status.is_success() || status == StatusCode::BAD_REQUEST, "{status} {address}");
                let mut cookies = headers.get_all(header::SET_COOKIE).iter();
                assert!(!cookies.any(|line| line.as_bytes().starts_with(b"a=")), "{address}");
                found += usize::from(status.is_success());
                if path.starts_with("/api/") {
                    let answer: Value = serde_json::from_slice(&bytes).unwrap();
                    let named = answer["field"].as_str().is_some_and(|field| !field.is_empty());
                    assert!(status.is_success() || named, "{address}: {answer}");
                } else {
                    let page = String::from_utf8(bytes).unwrap();
                    let runs = ["<script>alert", "<img", "\"'>", "href=\"javascript:"];
                    assert!(!runs.iter().any(|text| page.contains(text)), "{address}");
                }
            }
        }
    }
    assert!(found > 300, "{found}");
}

#[tokio::test]
async fn pages_of_the_directory_are_light() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    for path in ["/", "/listings", "/match", "/listings/01930f6e-0100-7000-8000-000000000001"] {
        let (_, headers, packed) = ask(&router, path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip", "{path}");
        assert!(packed.len() < 100 << 10, "{path}: {} bytes", packed.len());
    }
}
