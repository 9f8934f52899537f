//! Pages over a node in memory, in both languages.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod fake;

use std::net::SocketAddr;

use axum::{Router, body::Body, extract::ConnectInfo};
use fake::{Fake, config, demo_config};
use http::{Request, Response, StatusCode, header};
use tower::ServiceExt as _;

async fn portal(fake: &Fake) -> Router {
    volbridge_gateway::router(fake.client().await, config()).await
}

async fn tour(fake: &Fake) -> Router {
    let config =
        demo_config(fake, ["http://localhost:8080", "http://localhost:8081", "http://localhost:8082"]);
    volbridge_gateway::router(fake.client().await, config.await).await
}

fn get(path: &str, language: &str) -> Request<Body> {
    Request::get(path).header(header::ACCEPT_LANGUAGE, language).body(Body::empty()).unwrap()
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, http::HeaderMap, String) {
    let response: Response<Body> = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn page(router: &Router, path: &str, language: &str) -> String {
    let (status, _, text) = ask(router, get(path, language)).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    text
}

/// An address of each page that needs nothing else.
fn addresses(fake: &Fake) -> Vec<String> {
    let shared = fake.shared.lock().unwrap();
    let id = |bytes: &[u8]| volbridge_proto::id::SubjectId::try_from(bytes).unwrap().to_string();
    let listing = &shared.listings[0];
    vec![
        "/".to_owned(),
        "/listings".to_owned(),
        format!("/listings/{}", id(&listing.subject)),
        format!("/listings/{}/card", id(&listing.subject)),
        "/partners".to_owned(),
        format!("/partners/{}", hex::encode(&shared.partners[0].name.as_ref().unwrap().id)),
        "/organisations".to_owned(),
        "/organisations?q=x&level=city&order=newest&country=CN".to_owned(),
        format!("/organisations/{}", id(&shared.organisations[0].subject)),
        "/conferences".to_owned(),
        format!("/conferences/{}", id(&shared.conferences[0].subject)),
        "/statistics".to_owned(),
        "/verify".to_owned(),
        format!("/records/{}", hex::encode(&listing.provenance.as_ref().unwrap().hash)),
        "/match".to_owned(),
        "/match?skills=teaching&language=en&level=B2&countries=FJ&from=2027-01-01".to_owned(),
        "/listings?countries=CN&countries=online&sdgs=4&near=39.9,116.4&km=50&sort=distance".to_owned(),
        "/listings?q=nobody&open=true".to_owned(),
        "/listings?near=Atlantis&km=100".to_owned(),
    ]
}

#[tokio::test]
async fn every_page_is_there_in_both_languages_and_light() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    for address in addresses(&fake) {
        for language in ["en", "zh-CN"] {
            let text = page(&router, &address, language).await;
            assert!(text.len() < 150 << 10, "{address} has {} bytes", text.len());
            assert!(!text.contains("Unknown localization"), "{address} lacks a text");
            assert!(address.ends_with("/card") || text.contains(&format!("<html lang=\"{language}\">")));
            assert!(!text.contains("style=") && !text.contains("<script>") && !text.contains(" onclick"));
        }
    }
}

#[tokio::test]
async fn a_listing_stands_in_both_languages_with_who_signed_each() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let text = page(&router, &addresses(&fake)[2], "en").await;
    for told in [
        "绿色社区日活动协助志愿者",
        "Helpers for green community days",
        "Translated by a person, reviewed by UNV",
        "Beijing Volunteer Service Federation",
        "entry 17 of its log",
        "witnessed by unv.example/witness, avi.example/mirror",
        "SDG 13 · Climate action",
        "1 March – 31 August 2027",
        "14 open slots",
        "Chinese B1 (intermediate)",
        "Beijing, China, or partly online",
        "Environment",
        "no criminal record",
        "at least 12 weeks",
        "at least bachelor’s degree",
        "2 years of experience",
        "welcome: photography",
        "1 taken",
        "Step-free.",
        "Checked by Beijing Volunteer Service Federation on 14 September 2026",
    ] {
        assert!(text.contains(told), "{told}");
    }
    let text = page(&router, &addresses(&fake)[2], "zh-CN").await;
    for told in [
        "人工翻译，UNV审校",
        "记入其日志第 17 号",
        "目标 13 · 气候行动",
        "2027年3月1日至8月31日",
        "14 个空缺名额",
        "部分可在线完成",
        "生态环保",
        "不少于 12 周",
        "学历：本科及以上",
        "优先：摄影",
        "北京市志愿服务联合会已于2026年9月14日核验",
    ] {
        assert!(text.contains(told), "{told}");
    }
}

#[tokio::test]
async fn an_organisation_says_who_checked_it_and_what_stands_above_and_below() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let of = |at: usize| {
        let shared = fake.shared.lock().unwrap();
        let subject = shared.organisations[at].subject.as_slice();
        format!("/organisations/{}", volbridge_proto::id::SubjectId::try_from(subject).unwrap())
    };
    {
        // What stands below an organisation is of the same partner.
        let mut shared = fake.shared.lock().unwrap();
        shared.organisations[2].partner = shared.organisations[0].partner.clone();
    }
    let all = page(&router, "/organisations", "en").await;
    for at in 0..3 {
        assert!(all.contains(&of(at)), "{at}");
    }
    let below = page(&router, &of(0).replace("/organisations/", "/organisations?parent="), "en").await;
    assert!(below.contains(&of(2)) && !below.contains(&of(1)));
    let first = page(&router, &of(0), "en").await;
    assert!(first.contains("Checked by Beijing Volunteer Service Federation on 14 September 2026"));
    assert!(first.contains("Organisations that belong to it") && first.contains(&of(2)));
    let second = page(&router, &of(1), "en").await;
    assert!(second.contains("ran out on 30 September 2025") && !second.contains("Checked by"));
    assert!(page(&router, &of(1), "zh-CN").await.contains("的核验已于2025年9月30日到期"));
    let third = page(&router, &of(2), "en").await;
    assert!(third.contains("Part of") && third.contains(&of(0)));
    assert!(!third.contains("Checked by") && !third.contains("ran out"));
}

#[tokio::test]
async fn the_reader_chooses_the_language_and_it_is_remembered() {
    let router = portal(&Fake::new()).await;
    let (_, headers, text) = ask(&router, get("/partners?lang=en", "zh-CN")).await;
    assert!(text.contains("<html lang=\"en\">"));
    assert_eq!(headers[header::SET_COOKIE], "lang=en; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly");
    let request = Request::get("/partners")
        .header(header::COOKIE, "a=b; lang=en")
        .header(header::ACCEPT_LANGUAGE, "zh-CN")
        .body(Body::empty())
        .unwrap();
    assert!(ask(&router, request).await.2.contains("<html lang=\"en\">"));
    assert!(page(&router, "/", "fr, en;q=0.4, zh;q=0.8").await.contains("<html lang=\"zh-CN\">"));
    assert!(page(&router, "/?lang=xx%0d%0a", "en").await.contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn t53_nothing_that_an_author_writes_becomes_markup() {
    let payload = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}";
    let fake = Fake::hostile(payload);
    let router = portal(&fake).await;
    for address in addresses(&fake) {
        for language in ["en", "zh-CN"] {
            let text = page(&router, &address, language).await;
            assert!(!text.contains("<script>alert") && !text.contains("<img"), "{address}");
            assert!(!text.contains("\"'>"), "{address}");
        }
    }
    let text = page(&router, "/listings?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "en").await;
    assert!(!text.contains("<script>alert"));
}

#[tokio::test]
async fn a_page_is_drawn_again_as_soon_as_the_directory_has_changed() {
    let fake = Fake::new();
    let (router, older) = (portal(&fake).await, portal(&fake).await);
    let path = addresses(&fake)[2].clone();
    let called = |title: &str| {
        let mut shared = fake.shared.lock().unwrap();
        shared.listings[0].source.as_mut().unwrap().title = title.to_owned();
        for text in &mut shared.listings[0].texts {
            text.fields.insert("title".to_owned(), title.to_owned());
        }
    };
    let version = |version: &str| fake.shared.lock().unwrap().version = Some(version.to_owned());
    called("First title");
    assert!(page(&older, &path, "en").await.contains("First title"));
    version("1");
    assert!(page(&router, &path, "en").await.contains("First title"));
    called("Second title");
    assert!(page(&router, &path, "en").await.contains("First title"), "it is the same page");
    assert!(
        page(&router, &path, "zh-CN").await.contains("Second title"),
        "in another language it is another"
    );
    let packed = Request::get(&path)
        .header(header::ACCEPT_LANGUAGE, "en")
        .header(header::ACCEPT_ENCODING, "gzip")
        .body(Body::empty())
        .unwrap();
    let (parts, body) = router.clone().oneshot(packed).await.unwrap().into_parts();
    assert_eq!(parts.headers[header::CONTENT_ENCODING], "gzip");
    assert!(parts.headers.get_all(header::VARY).iter().any(|vary| vary == "accept-encoding"));
    let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
    assert!(bytes.starts_with(&[0x1f, 0x8b]) && bytes.len() < 20_000);
    version("2");
    assert!(page(&router, &path, "en").await.contains("Second title"));
    called("Third title");
    fake.shared.lock().unwrap().version = None;
    assert!(page(&router, &path, "en").await.contains("Third title"), "a node that can't tell");
}

#[tokio::test]
async fn t54_every_answer_carries_the_headers_that_keep_strangers_from_running() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let mut paths = addresses(&fake);
    paths.extend(
        ["/nothing", "/assets/style.css", "/api/v1/listings", "/healthz", "/records/xyz"].map(str::to_owned),
    );
    for path in paths {
        let (_, headers, _) = ask(&router, get(&path, "en")).await;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::REFERRER_POLICY], "same-origin", "{path}");
        assert!(headers.contains_key("x-request-id"), "{path}");
    }
}

#[tokio::test]
async fn t50_a_material_is_handed_out_as_a_file_and_never_as_a_page() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let id = {
        let shared = fake.shared.lock().unwrap();
        volbridge_proto::id::SubjectId::try_from(shared.materials[0].subject.as_slice()).unwrap()
    };
    let (status, headers, text) = ask(&router, get(&format!("/materials/{id}/file"), "en")).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "<script>1</script>"));
    assert_eq!(headers[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; sandbox");
    let disposition = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(disposition.starts_with("attachment; ") && !disposition.contains(".."), "{disposition}");
}

#[tokio::test]
async fn a_record_that_went_with_its_source_names_it() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let source = hex::encode(fake.shared.lock().unwrap().listings[0].provenance.clone().unwrap().hash);
    let path = format!("/records/{}", "ee".repeat(32));
    for (language, word) in [("en", "So says who handed on the log"), ("zh-CN", "这是转交该日志的一方的说法")]
    {
        let text = page(&router, &path, language).await;
        assert!(text.contains(&format!("/records/{source}")) && text.contains(word), "{text}");
    }
    let (_, _, text) = ask(&router, get(&format!("/api/v1{path}"), "en")).await;
    assert!(text.contains(&format!("\"source_gone\":{{\"source\":\"{source}\"")), "{text}");
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_readers_language() {
    let router = portal(&Fake::new()).await;
    let unknown = "/listings/01930f6e-7c00-7000-8000-ffffffffffff";
    for path in ["/nothing", unknown, "/listings/1", "/records/00", "/demo", "/network"] {
        let (status, _, text) = ask(&router, get(path, "en")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(text.contains("This page can’t be found"), "{path}: {text}");
        let (_, _, text) = ask(&router, get(path, "zh-CN")).await;
        assert!(text.contains("找不到这个页面"), "{path}");
    }
    let (status, headers, text) = ask(&router, get("/api/v1/nothing", "en")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
    assert!(text.contains("\"code\":\"not_found\""));
}

fn from(peer: [u8; 4], headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = get("/network", "en");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 50_000))));
    for (name, value) in headers {
        request
            .headers_mut()
            .insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn the_network_page_is_open_on_this_machine_and_in_the_demonstration() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let (status, _, text) = ask(&router, from([127, 0, 0, 1], &[("host", "localhost:8080")])).await;
    assert_eq!(status, StatusCode::OK);
    for told in ["Unreachable", "The partner can’t be reached.", "Something is missing that must be given."]
    {
        assert!(text.contains(told), "{told}");
    }
    let closed = [
        from([10, 0, 0, 5], &[("host", "localhost")]),
        from([127, 0, 0, 1], &[("host", "portal.example")]),
        from([127, 0, 0, 1], &[("host", "localhost"), ("x-forwarded-for", "127.0.0.1")]),
    ];
    for request in closed {
        assert_eq!(ask(&router, request).await.0, StatusCode::NOT_FOUND);
    }
    let tour = tour(&fake).await;
    assert_eq!(ask(&tour, from([10, 0, 0, 5], &[("host", "portal.example")])).await.0, StatusCode::OK);
}

fn form(path: &str, body: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::HOST, "localhost:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

#[tokio::test]
async fn t54_no_foreign_page_makes_anything_happen() {
    let fake = Fake::new();
    let router = tour(&fake).await;
    let paths = routes();
    assert!(paths.len() > 30 && paths.iter().any(|path| path == "/demo/withdraw"), "{paths:?}");
    for path in paths {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            for foreign in
                [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
            {
                let mut request = form(&path, "key=k", &[foreign]);
                *request.method_mut() = method.parse().unwrap();
                let (status, _, _) = ask(&router, request).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} {foreign:?}");
            }
        }
    }
    for path in ["/demo/publish", "/demo/seal", "/demo/open", "/demo/withdraw"] {
        let (status, _, _) = ask(&router, get(path, "en")).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "nothing is done by looking: {path}");
    }
    let shared = fake.shared.lock().unwrap();
    assert!(shared.published.is_empty() && shared.profiles.is_empty() && shared.withdrawn.is_empty());
}

/// Every path of the router, with something in its places.
fn routes() -> Vec<String> {
    let source = include_str!("../src/routes.rs");
    let quoted = source
        .lines()
        .filter(|line| line.trim_end().ends_with("\";"))
        .filter_map(|line| line.split('"').nth(1));
    quoted
        .map(|path| {
            path.split('/')
                .map(|part| if part.starts_with('{') { "1" } else { part })
                .collect::<Vec<_>>()
                .join("/")
        })
        .collect()
}

#[tokio::test]
async fn the_tour_goes_from_click_to_click() {
    let fake = Fake::new();
    let router = tour(&fake).await;
    let text = page(&router, "/demo", "en").await;
    assert!(text.contains("Demonstration data") && text.contains("演示数据"));
    let own = [("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")];

    let mut fields = "key=first".to_owned();
    for (path, told) in [
        ("/demo/publish", "Verified"),
        ("/demo/seal", "Can’t be opened"),
        ("/demo/withdraw", "Withdrawn. The receipts:"),
    ] {
        let (status, headers, text) = ask(&router, form(path, &fields, &own)).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{path}: {text}");
        let address = headers[header::LOCATION].to_str().unwrap().to_owned();
        let text = page(&router, address.split('#').next().unwrap(), "en").await;
        assert!(text.contains(told), "{path}: {told}");
        let trail = address.split('#').next().unwrap().split_once('?').unwrap().1.to_owned();
        fields = format!("key=next&{trail}");
        if path == "/demo/seal" {
            assert!(text.contains("Open it at") && !text.contains("Lin Xiao"), "{text}");
            assert_eq!(fake.shared.lock().unwrap().openings, 0, "a look opens nothing");
            let english = [own[0], own[1], ("accept-language", "en")];
            let (status, _, text) = ask(&router, form("/demo/open", &fields, &english)).await;
            assert_eq!(status, StatusCode::OK);
            assert!(text.contains("Lin Xiao") && text.contains("Can’t be opened"), "{text}");
            assert!(!text.contains("href=\"/demo/open"), "{text}");
            assert_eq!(fake.shared.lock().unwrap().openings, 1, "by the host alone");
        }
    }
    let shared = fake.shared.lock().unwrap();
    assert_eq!(shared.published[0].idempotency_key, "first");
    assert_eq!(shared.withdrawn.len(), 2, "the profile and its consent");
    let faults = volbridge_proto::kinds::listing::validate(shared.published[0].listing.as_ref().unwrap());
    assert_eq!(faults, [], "the tour's listing is one that a node takes");
    assert_eq!(volbridge_proto::kinds::volunteer_profile::validate(&shared.profiles[0].2), []);
}

#[tokio::test]
async fn a_broken_proof_is_refused_with_a_reason() {
    let router = portal(&Fake::new()).await;
    let body = "--x\r\nContent-Disposition: form-data; name=\"proof\"\r\n\r\n<b>no proof</b>\r\n--x--\r\n";
    let request = Request::post("/verify")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header(header::ACCEPT_LANGUAGE, "en")
        .body(Body::from(body))
        .unwrap();
    let (status, _, text) = ask(&router, request).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains("The proof doesn’t hold") && text.contains("proof.malformed"));
    assert!(text.contains("The file isn’t a proof") && !text.contains("doesn’t know the log"));
    assert!(text.contains("&#60;b&#62;no proof") && !text.contains("<b>no"));
}

#[tokio::test]
async fn a_listing_that_arrives_is_told_to_open_pages() {
    use futures::StreamExt as _;

    let fake = Fake::new();
    let router = portal(&fake).await;
    let response = router.clone().oneshot(get("/events/changes", "en")).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    fake.announce(2);
    let frame = body.next().await.unwrap().unwrap();
    let text = String::from_utf8(frame.to_vec()).unwrap();
    assert!(
        text.contains("event: listing") && text.contains("/card\"") && text.contains("id: c19"),
        "{text}"
    );
}

fn check(proof: &str, policy: &str) -> Request<Body> {
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.tlog-proof\"\r\n\r\n{proof}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"policy\"\r\n\r\n{policy}\r\n--x--\r\n"
    );
    Request::post("/verify")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header(header::ACCEPT_LANGUAGE, "en")
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn a_proof_that_holds_says_so_and_one_that_was_touched_does_not() {
    let vectors = include_str!("../../proto/vectors/tlog-proof.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let policy = vectors["shared"]["policy"].as_str().unwrap();
    let router = portal(&Fake::new()).await;
    for accepted in vectors["accepted"].as_array().unwrap() {
        let file = accepted["file"].as_str().unwrap();
        let (_, _, text) = ask(&router, check(file, policy)).await;
        assert!(text.contains("The proof holds") && text.contains(accepted["id"].as_str().unwrap()));
        let touched = file.replacen("extra CiD", "extra CiE", 1).replacen("extra CiA", "extra CiB", 1);
        let (_, _, text) = ask(&router, check(&touched, policy)).await;
        assert!(text.contains("The proof doesn’t hold") && !text.contains("The proof holds"));
    }
}

#[tokio::test]
async fn figures_stand_in_pictures_tables_and_files_and_few_people_in_none() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    for (language, country, hidden) in [("en", "Germany", "not told"), ("zh-CN", "德国", "不公布")] {
        let text = page(&router, "/statistics", language).await;
        assert_eq!(text.matches("<caption>").count(), 5, "four tables and the signed months");
        assert_eq!(text.matches("role=\"img\"><title>").count(), 5);
        assert!(text.contains(&format!("<a href=\"/listings?countries=DE\">{country}</a>")));
        assert!(text.contains("<a href=\"/listings?sdgs=4\">"));
        assert!(text.contains("<a href=\"/listings?months=2027-03\">"));
        assert!(text.contains(hidden) && text.contains(">1,060<"), "{text}");
    }
    let (status, headers, text) = ask(&router, get("/statistics.csv?by=country", "en")).await;
    assert_eq!(
        (status, headers[header::CONTENT_TYPE].as_bytes()),
        (StatusCode::OK, &b"text/csv; charset=utf-8"[..])
    );
    let expected = "\u{feff}country,name,listings,open_slots,filled_slots\r\n\
        CN,China,5,38,1000\r\n,Online,1,5,\r\nDE,Germany,1,0,\r\n";
    assert_eq!(text, expected);
    let (_, _, text) = ask(&router, get("/statistics.csv?by=month", "zh-CN")).await;
    assert!(text.contains("2027-03,2027年3月,6,38,1000\r\n"), "{text}");
    let (_, _, text) = ask(&router, get("/statistics.csv?by=signed", "en")).await;
    assert!(text.ends_with("2026-10,3,6,40,57,1\r\n2026-09,1,1,0,0,1\r\n"), "{text}");
    let (status, _, _) = ask(&router, get("/statistics.csv?by=person", "en")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
