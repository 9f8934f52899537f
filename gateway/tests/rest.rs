//! The REST API over a node in memory.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod fake;

use std::net::SocketAddr;

use axum::{Router, body::Body, extract::ConnectInfo};
use fake::{Fake, TOKEN, config};
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

async fn portal(fake: &Fake) -> Router {
    volbridge_gateway::router(fake.client().await, config()).await
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, http::HeaderMap, Vec<u8>) {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
    (parts.status, parts.headers, bytes.to_vec())
}

async fn get(router: &Router, path: &str) -> (StatusCode, Value) {
    let (status, _, bytes) = ask(router, Request::get(path).body(Body::empty()).unwrap()).await;
    (status, serde_json::from_slice(&bytes).unwrap())
}

fn post(body: &Value, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::post("/api/v1/listings").header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_string())).unwrap()
}

/// The example of the API's own description.
async fn example(router: &Router) -> Value {
    let (_, document) = get(router, "/api/v1/openapi.json").await;
    document["paths"]["/api/v1/listings"]["post"]["requestBody"]["content"]["application/json"]["example"]
        .clone()
}

#[tokio::test]
async fn a_listing_names_its_partner_its_record_and_all_its_texts() {
    let router = portal(&Fake::new()).await;
    let (status, list) = get(&router, "/api/v1/listings?limit=2").await;
    assert_eq!(status, StatusCode::OK);
    let id = list["items"][0]["id"].as_str().unwrap();
    let (status, listing) = get(&router, &format!("/api/v1/listings/{id}")).await;
    assert_eq!(status, StatusCode::OK);
    insta::assert_json_snapshot!("listing", listing);
}

#[tokio::test]
async fn an_organisation_says_who_checked_it_and_whether_that_still_holds() {
    let router = portal(&Fake::new()).await;
    let (status, list) = get(&router, "/api/v1/organisations?order=newest&lang=zh&limit=3").await;
    assert_eq!(status, StatusCode::OK);
    let valid: Vec<&Value> =
        list["items"].as_array().unwrap().iter().map(|one| &one["check"]["valid"]).collect();
    assert_eq!(valid, [&json!(true), &json!(false), &Value::Null]);
    let last = &list["items"][2];
    assert_eq!(last["parent"]["id"], list["items"][0]["id"]);
    let one = format!("/api/v1/organisations/{}", list["items"][0]["id"].as_str().unwrap());
    assert_eq!(get(&router, &one).await, (StatusCode::OK, list["items"][0].clone()));
    for odd in ["order=oldest", "limit=0", "parent=x", "sort=name"] {
        let (status, problem) = get(&router, &format!("/api/v1/organisations?{odd}")).await;
        assert!(status.is_client_error(), "{odd}: {status} {problem}");
    }
}

#[tokio::test]
async fn a_partner_names_its_log_and_its_keys() {
    let router = portal(&Fake::new()).await;
    let (_, list) = get(&router, "/api/v1/partners").await;
    assert_eq!(list["next_cursor"], Value::Null);
    let id = list["items"][0]["id"].as_str().unwrap();
    let (_, partner) = get(&router, &format!("/api/v1/partners/{id}")).await;
    insta::assert_json_snapshot!("partner", partner);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_with_a_code_and_a_field() {
    let router = portal(&Fake::new()).await;
    for (path, status, code, field) in [
        ("/api/v1/listings?limit=0", 400, "field.out_of_range", "limit"),
        ("/api/v1/listings?limit=101", 400, "field.out_of_range", "limit"),
        ("/api/v1/listings?page=2", 400, "field.unknown", "page"),
        ("/api/v1/listings?partner=zz", 400, "request.invalid", "partner"),
        ("/api/v1/listings/1", 404, "not_found", ""),
        ("/api/v1/records/ZZ", 404, "not_found", ""),
    ] {
        let (answered, problem) = get(&router, path).await;
        assert_eq!(answered.as_u16(), status, "{path}");
        assert_eq!(problem["code"], code, "{path}");
        assert_eq!(problem["field"].as_str().unwrap_or_default(), field, "{path}");
        assert_eq!(problem["status"], status, "{path}");
    }
}

#[tokio::test]
async fn t66_publishing_needs_a_token_a_key_and_a_body_without_foreign_fields() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let mut body = example(&router).await;
    let bearer = format!("Bearer {TOKEN}");
    let token = ("authorization", bearer.as_str());
    let key = ("idempotency-key", "one");

    for (headers, status, code) in [
        (vec![key], 401, "unauthenticated"),
        (vec![("authorization", "Bearer wrong"), key], 401, "unauthenticated"),
        (vec![token], 400, "idempotency.key"),
    ] {
        let (answered, headers, bytes) = ask(&router, post(&body, &headers)).await;
        let problem: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((answered.as_u16(), &problem["code"]), (status, &json!(code)));
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
    }
    for owned in ["partner", "partner_id", "verified", "state", "class", "record", "id"] {
        let mut more = body.clone();
        more[owned] = json!("x");
        let (status, _, bytes) = ask(&router, post(&more, &[token, key])).await;
        let problem: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            (status.as_u16(), &problem["code"], &problem["field"]),
            (422, &json!("field.unknown"), &json!(owned))
        );
    }
    let mut deep = body.clone();
    deep["roles"][0]["class"] = json!(2);
    let (_, _, bytes) = ask(&router, post(&deep, &[token, key])).await;
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap()["field"], "roles[0].class");
    assert!(fake.shared.lock().unwrap().published.is_empty(), "nothing changed");

    let (status, headers, bytes) = ask(&router, post(&body, &[token, key])).await;
    assert_eq!(status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&bytes));
    let published: Value = serde_json::from_slice(&bytes).unwrap();
    let place = headers[header::LOCATION].to_str().unwrap();
    assert_eq!(place, format!("/api/v1/listings/{}", published["id"].as_str().unwrap()));
    assert_eq!(get(&router, place).await.1["record"], published["record"]);

    body["title"] = json!("");
    let (status, _, bytes) = ask(&router, post(&body, &[token, ("idempotency-key", "two")])).await;
    let problem: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        (status.as_u16(), &problem["code"], &problem["field"]),
        (400, &json!("field.required"), &json!("title"))
    );
}

/// A request of a program, and what it was answered.
async fn call(
    router: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> (u16, http::HeaderMap, Value) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = match body {
        Some(body) => {
            request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string()))
        }
        None => request.body(Body::empty()),
    };
    let (status, headers, bytes) = ask(router, request.unwrap()).await;
    (status.as_u16(), headers, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[tokio::test]
async fn a_program_writes_a_draft_and_brings_it_to_publication() {
    let fake = Fake::new();
    fake.shared.lock().unwrap().review = true;
    let router = portal(&fake).await;
    let bearer = format!("Bearer {TOKEN}");
    let token = ("authorization", bearer.as_str());
    let body = json!({ "listing": { "title": "Teach", "roles": [{ "title": "Teacher" }] } });
    let (status, headers, draft) = call(&router, "POST", "/api/v1/drafts", &[token], Some(&body)).await;
    assert_eq!(
        (status, &draft["state"], &draft["listing"]["title"]),
        (201, &json!("draft"), &json!("Teach"))
    );
    let place = headers[header::LOCATION].to_str().unwrap().to_owned();
    assert_eq!(place, format!("/api/v1/drafts/{}", draft["id"].as_str().unwrap()));
    let faults: Vec<_> = draft["faults"].as_array().unwrap().iter().map(|fault| &fault["field"]).collect();
    assert!(faults.contains(&&json!("summary")) && faults.contains(&&json!("roles[0].slots")), "{faults:?}");

    // Whoever changes it names what was read.
    let whole = json!({ "listing": example(&router).await, "translation": { "language": "zh-CN", "fields": { "title": "教课" } } });
    let (status, _, problem) = call(&router, "PUT", &place, &[token], Some(&whole)).await;
    assert_eq!((status, &problem["code"]), (428, &json!("request.if_match")));
    for stale in ["\"99\"", "W/\"1\"", "*", "1"] {
        let (status, _, problem) =
            call(&router, "PUT", &place, &[token, ("if-match", stale)], Some(&whole)).await;
        assert_eq!((status, &problem["code"]), (412, &json!("draft.changed")), "{stale}");
    }
    let tag = headers[header::ETAG].to_str().unwrap().to_owned();
    let (status, headers, draft) =
        call(&router, "PUT", &place, &[token, ("if-match", &tag)], Some(&whole)).await;
    assert_eq!((status, &draft["faults"]), (200, &json!([])), "{draft}");
    assert_eq!(draft["translation"]["fields"]["title"], "教课");
    // What is read can be written again.
    let (_, read, again) = call(&router, "GET", &place, &[token], None).await;
    assert_eq!((&again, &read[header::ETAG]), (&draft, &headers[header::ETAG]));
    let same = json!({ "listing": again["listing"], "translation": again["translation"] });
    let tag = read[header::ETAG].to_str().unwrap().to_owned();
    let (status, headers, written) =
        call(&router, "PUT", &place, &[token, ("if-match", &tag)], Some(&same)).await;
    assert_eq!((status, &written["listing"]), (200, &draft["listing"]));

    let step = async |step: &str, tag: &str, body: Option<Value>| {
        call(&router, "POST", &format!("{place}/{step}"), &[token, ("if-match", tag)], body.as_ref()).await
    };
    let tag = |headers: &http::HeaderMap| headers[header::ETAG].to_str().unwrap().to_owned();
    let (_, headers, draft) = step("submit", &tag(&headers), None).await;
    assert_eq!(draft["state"], "in_review");
    let (status, _, problem) = step("decision", &tag(&headers), Some(json!({ "approved": false }))).await;
    assert_eq!((status, &problem["field"]), (400, &json!("remarks")));
    let approve = json!({ "approved": true, "publish_at": "2026-12-01T08:00:00Z" });
    let (_, headers, draft) = step("decision", &tag(&headers), Some(approve)).await;
    assert_eq!((&draft["state"], &draft["publish_at"]), (&json!("approved"), &json!("2026-12-01T08:00:00Z")));
    let (status, _, published) = step("publish", &tag(&headers), None).await;
    assert_eq!((status, &published["draft"]["state"]), (200, &json!("published")), "{published}");
    assert!(
        published["record"]["hash"].is_string() && published["url"].as_str().unwrap().contains("/listings/")
    );

    let (_, _, list) = call(&router, "GET", "/api/v1/drafts?limit=10", &[token], None).await;
    assert_eq!(list["items"][0]["id"], draft["id"]);
    let closed = json!({ "status": "closed" });
    let listing = format!("/api/v1/listings/{}/status", published["id"].as_str().unwrap());
    let (status, _, _) =
        call(&router, "PUT", &listing, &[token, ("idempotency-key", "k")], Some(&closed)).await;
    assert_eq!(status, 204);
    assert!(fake.shared.lock().unwrap().calls.contains(&"set_status closed 1".to_owned()));
    let tag = format!("\"{}\"", published["draft"]["version"]);
    let (status, _, _) = call(&router, "DELETE", &place, &[token, ("if-match", &tag)], None).await;
    assert_eq!(status, 204);
    assert_eq!(call(&router, "GET", &place, &[token], None).await.0, 404);
}

#[tokio::test]
async fn t66_a_draft_needs_a_token_and_holds_nothing_that_is_not_its_own() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let bearer = format!("Bearer {TOKEN}");
    let token = ("authorization", bearer.as_str());
    for (method, path) in [
        ("GET", "/api/v1/drafts"),
        ("POST", "/api/v1/drafts"),
        ("GET", "/api/v1/drafts/00000000000000000000000000000000"),
        ("PUT", "/api/v1/drafts/00000000000000000000000000000000"),
        ("DELETE", "/api/v1/drafts/00000000000000000000000000000000"),
        ("POST", "/api/v1/drafts/00000000000000000000000000000000/submit"),
        ("POST", "/api/v1/drafts/00000000000000000000000000000000/publish"),
    ] {
        for headers in [vec![], vec![("authorization", "Bearer wrong"), ("if-match", "\"1\"")]] {
            let body = json!({ "listing": {} });
            let body = Some(&body).filter(|_| ["POST", "PUT"].contains(&method));
            let (status, headers, problem) = call(&router, method, path, &headers, body).await;
            assert_eq!((status, &problem["code"]), (401, &json!("unauthenticated")), "{method} {path}");
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        }
    }
    for (body, field) in [
        (json!({ "listing": { "state": "live" } }), "listing.state"),
        (json!({ "listing": {}, "id": "x" }), "id"),
    ] {
        let (status, _, problem) = call(&router, "POST", "/api/v1/drafts", &[token], Some(&body)).await;
        assert_eq!(
            (status, &problem["code"], &problem["field"]),
            (422, &json!("field.unknown"), &json!(field))
        );
    }
    let body = json!({ "listing": { "organisation": "us" } });
    let (status, _, problem) = call(&router, "POST", "/api/v1/drafts", &[token], Some(&body)).await;
    assert_eq!((status, &problem["field"]), (400, &json!("listing.organisation")));
}

#[tokio::test]
async fn a_search_is_saved_and_its_link_erases_it() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let body = |search: Value| json!({ "search": search, "mail": "reader@example.org", "language": "zh-CN", "every": "week" });
    let wish = body(json!({ "q": "teaching", "countries": ["CN", "FJ"], "open": true }));
    let (status, _, answer) = call(&router, "POST", "/api/v1/saved-searches", &[], Some(&wish)).await;
    assert_eq!((status, &answer["next"]), (202, &json!("confirm")), "{answer}");
    let saved = fake.shared.lock().unwrap().calls.last().unwrap().clone();
    assert!(saved.starts_with("save_search zh-CN week teaching [\"CN\", \"FJ\"]"), "{saved}");
    assert!(saved.contains("teaching") && saved.contains("中国"), "in the words of its language: {saved}");
    for (search, field) in [
        (json!({ "colour": "red" }), "search.colour"),
        (json!({ "limit": 5 }), "search.limit"),
        (json!({ "km": "far" }), "search.km"),
        (json!({ "q": {} }), "search.q"),
    ] {
        let (status, _, problem) =
            call(&router, "POST", "/api/v1/saved-searches", &[], Some(&body(search))).await;
        assert_eq!((status, &problem["field"]), (400, &json!(field)), "{problem}");
    }
    assert_eq!(call(&router, "DELETE", "/api/v1/saved-searches/abc", &[], None).await.0, 204);
    assert_eq!(call(&router, "DELETE", "/api/v1/saved-searches/other", &[], None).await.0, 404);
}

#[tokio::test]
async fn the_description_is_whole_and_its_example_can_be_published() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let (_, document) = get(&router, "/api/v1/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                // What says nothing has nothing to show.
                for content in response["content"].as_object().into_iter().flat_map(|kinds| kinds.values()) {
                    assert!(!content["example"].is_null(), "{method} {path} {status} has no example");
                }
            }
        }
    }
    let body = example(&router).await;
    let bearer = format!("Bearer {TOKEN}");
    let request = post(&body, &[("authorization", &bearer), ("idempotency-key", "k")]);
    assert_eq!(ask(&router, request).await.0, StatusCode::CREATED);
    let shared = fake.shared.lock().unwrap();
    let faults = volbridge_proto::kinds::listing::validate(shared.published[0].listing.as_ref().unwrap());
    assert_eq!(faults, []);
    insta::assert_json_snapshot!("openapi", document);
}

#[tokio::test]
async fn logs_are_served_as_tiles() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let partner = hex::encode(&fake.shared.lock().unwrap().partners[1].name.as_ref().unwrap().id);
    let at = |path: &str| Request::get(format!("/log/{partner}/1/{path}")).body(Body::empty()).unwrap();
    let (status, headers, bytes) = ask(&router, at("checkpoint")).await;
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"text/plain; charset=utf-8".parse().unwrap())
    );
    assert!(bytes.starts_with(b"unv.example/log/"));
    let (_, headers, bytes) = ask(&router, at("tile/0/000.p/60")).await;
    assert_eq!(
        (bytes.len(), &headers[header::CONTENT_TYPE]),
        (60 * 32, &"application/octet-stream".parse().unwrap())
    );
    let (_, headers, bytes) = ask(&router, at("tile/entries/000")).await;
    assert_eq!(bytes.len(), 512);
    assert!(headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    assert_eq!(ask(&router, at("tile/0/0")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_proof_is_a_file_and_health_is_told() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let hash = hex::encode(&fake.shared.lock().unwrap().listings[0].provenance.as_ref().unwrap().hash);
    let request = Request::get(format!("/api/v1/records/{hash}/proof")).body(Body::empty()).unwrap();
    let (_, headers, bytes) = ask(&router, request).await;
    assert!(headers[header::CONTENT_DISPOSITION].to_str().unwrap().ends_with(".tlog-proof\""));
    assert!(bytes.starts_with(b"c2sp.org/tlog-proof@v1\n"));
    for path in ["/healthz", "/readyz"] {
        let (status, _, _) = ask(&router, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn t31_measurements_are_for_this_machine_alone() {
    let router = portal(&Fake::new()).await;
    let from = |peer: [u8; 4]| {
        let mut request =
            Request::get("/metrics").header(header::HOST, "localhost").body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 50_000))));
        request
    };
    assert_eq!(ask(&router, from([127, 0, 0, 1])).await.0, StatusCode::OK);
    assert_eq!(ask(&router, from([203, 0, 113, 9])).await.0, StatusCode::NOT_FOUND);
}
