//! Strings that mean something to SQL, to LIKE, to UTF-8 or to a reader's eye, and numbers at the ends of 64 bits, in every
//! parameter and every field: they mean themselves, and change nothing (threats.md T62).

use futures::StreamExt as _;
use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, Value};
use rstest::rstest;
use serde_json::Value as Json;
use tonic::Code;
use volbridge_tests::{
    Database,
    methods::{self, Method},
};

use crate::{
    House,
    house::{Ask, percent},
};

/// As they come over HTTP: not all of them are UTF-8.
const HOSTILE: &[&[u8]] = &[
    b"'",
    b"''\"",
    b"';--",
    b"'; DROP TABLE listing; --",
    b"' OR '1'='1",
    b"\\' OR 1=1 --",
    b"x' UNION SELECT body FROM entry --",
    b"$1 ? :a @b {0} {{7*7}}",
    b"%",
    b"_",
    b"%%_%",
    b"\\",
    b"a\\",
    b"\0",
    b"a\0b",
    b"\r\n\x1b[2J",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xed\xa0\xbd",
    b"\xc0\xa7\xc0\xaf",
    b"\xff\xfe",
    "\u{202e}\u{2066}\u{feff}\u{200f}".as_bytes(),
    "\u{fdfa}\u{1f468}\u{200d}\u{1f469}e\u{301}\u{301}".as_bytes(),
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"18446744073709551616",
    b"1e999",
    b"..%2f..%2f",
    &[b'a'; 5_000],
    &[b'\''; 5_000],
];

/// Parameters that a page takes; each page is given all of them.
const PARAMETERS: &[&str] = &[
    "q",
    "country",
    "partner",
    "language",
    "lang",
    "cursor",
    "limit",
    "record",
    "beside",
    "epoch",
    "key",
    "listing",
    "profile",
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
    "level",
    "from",
    "until",
    "age",
    "facets",
    "facet_names",
    "kind",
];
const HEADERS: &[&str] =
    &["accept-language", "cookie", "last-event-id", "x-forwarded-for", "x-request-id", "if-none-match"];

/// Paths of the router, as its source has them.
fn routes() -> Vec<&'static str> {
    let source = include_str!("../../../gateway/src/routes.rs");
    let lines = source.lines().filter(|line| line.trim_end().ends_with("\";"));
    let routes: Vec<_> = lines.filter_map(|line| line.split('"').nth(1)).collect();
    assert!(routes.len() > 35, "{routes:?}");
    routes
}

/// Every parameter of every route of the API, as its document has them.
async fn of_document(house: &House) -> Vec<Ask> {
    let document = house.ask(Ask::get("/api/v1/openapi.json".to_owned())).await.body;
    let document: Json = serde_json::from_slice(&document).unwrap();
    let mut asked = Vec::new();
    for (route, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let empty = Vec::new();
            for parameter in operation["parameters"].as_array().unwrap_or(&empty) {
                let name = parameter["name"].as_str().unwrap();
                for text in HOSTILE {
                    let mut ask = Ask::get(house.path(route));
                    ask.method = method.to_uppercase().parse().unwrap();
                    match parameter["in"].as_str().unwrap() {
                        "path" => {
                            ask.path = house.path(&route.replace(&format!("{{{name}}}"), &percent(text)));
                        }
                        "query" => ask.path = format!("{}?{name}={}", ask.path, percent(text)),
                        _ if fits_a_header(text) => ask = ask.with(name, *text),
                        _ => continue,
                    }
                    if ask.method == reqwest::Method::POST {
                        let token = format!("Bearer {}", house.node.token());
                        ask = ask.with("authorization", token).with("content-type", "application/json");
                        // Nothing is published: what isn't JSON comes last.
                        ask.body = Some(b"{".to_vec());
                    }
                    asked.push(ask);
                }
            }
        }
    }
    assert!(asked.len() > 15 * HOSTILE.len(), "{}", asked.len());
    asked
}

/// Every place of every path of the portal, every parameter of any page on every page.
fn of_portal(house: &House) -> Vec<Ask> {
    let mut asked = Vec::new();
    for (nth, route) in routes().into_iter().enumerate() {
        for (turn, text) in HOSTILE.iter().enumerate() {
            let filled = route
                .split('/')
                .map(|part| if part.starts_with('{') { percent(text) } else { part.to_owned() });
            let filled: Vec<_> = filled.collect();
            if route.contains('{') {
                asked.push(Ask::get(filled.join("/")));
            }
            for (place, name) in PARAMETERS.iter().enumerate() {
                // Each parameter with all texts, each page with all parameters; all of it on the list that takes most.
                if (nth + turn + place) % 16 == 0 || (route == "/listings" && place < 6) {
                    asked.push(Ask::get(format!("{}?{name}={}", house.path(route), percent(text))));
                }
            }
            for (place, name) in HEADERS.iter().enumerate() {
                if (nth + turn + place) % 16 == 0 && fits_a_header(text) {
                    asked.push(Ask::get(house.path(route)).with(name, *text));
                }
            }
        }
    }
    asked
}

/// Others don't leave the client.
fn fits_a_header(text: &[u8]) -> bool {
    text.iter().all(|byte| *byte >= b' ' && *byte != 0x7f)
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t62_hostile_strings_in_every_parameter_of_every_route_change_nothing(#[case] database: Database) {
    let house = House::start(database).await;
    let before = house.counted().await;
    let mut asked = of_document(&house).await;
    asked.extend(of_portal(&house));
    println!("{} requests", asked.len());
    let answers = futures::stream::iter(asked).map(|ask| {
        let house = &house;
        async move {
            let path = ask.path.clone();
            (path, house.ask(ask).await)
        }
    });
    let mut answers = answers.buffer_unordered(16);
    let mut found = 0;
    while let Some((path, answer)) = answers.next().await {
        assert!(!answer.status.is_server_error(), "{} {path}", answer.status);
        found += usize::from(answer.status.is_success());
        // A page of 5,000 quotes repeats them, escaped, in some links.
        assert!(answer.body.len() < 1 << 19, "{} bytes: {path}", answer.body.len());
    }
    assert!(found > 500, "{found}");
    // Signs are no words, and what has no words narrows nothing; no sign stands for anything else.
    for (query, expected) in [
        ("%25", 2),
        ("_", 2),
        ("%5C", 2),
        ("%27", 2),
        ("0%25", 0),
        ("a_b", 1),
        ("a%25b", 1),
        ("P%25n", 0),
        ("Pl_in", 0),
        ("c%5Cd", 1),
        ("plain", 1),
        ("", 2),
    ] {
        let answer = house.ask(Ask::get(format!("/api/v1/listings?q={query}"))).await;
        let list: Json = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(list["total"], expected, "{query}: {list}");
        assert_eq!(list["items"].as_array().unwrap().len(), expected, "{query}");
    }
    assert_eq!(house.counted().await, before);
}

/// A request in which all fits.
fn fitting(house: &House, method: &Method) -> DynamicMessage {
    let mut message = DynamicMessage::new(method.input.clone());
    for path in methods::leaves(&method.input) {
        let Some(field) = path.last() else { continue };
        let bytes = house.fitting(field.name(), &method.name);
        match field.kind() {
            Kind::Bytes if !bytes.is_empty() => {
                methods::set(&mut message, &path, Value::Bytes(bytes.into()));
            }
            Kind::String if !bytes.is_empty() => {
                methods::set(&mut message, &path, Value::String(String::from_utf8(bytes).unwrap()));
            }
            _ => {}
        }
    }
    message
}

/// What a field of this kind is tried with.
fn values(kind: &Kind) -> Vec<Value> {
    match kind {
        Kind::String => {
            HOSTILE.iter().map(|text| Value::String(String::from_utf8_lossy(text).into_owned())).collect()
        }
        Kind::Bytes => HOSTILE.iter().map(|text| Value::Bytes(text.to_vec().into())).collect(),
        Kind::Uint64 | Kind::Fixed64 => {
            [0, 1, u64::from(u32::MAX), i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX]
                .map(Value::U64)
                .to_vec()
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => [i64::MIN, -1, i64::MAX].map(Value::I64).to_vec(),
        Kind::Uint32 | Kind::Fixed32 => [0, 1, 256, 257, u32::MAX].map(Value::U32).to_vec(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => [i32::MIN, -1, i32::MAX].map(Value::I32).to_vec(),
        _ => Vec::new(),
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t62_hostile_values_in_every_field_of_every_reading_call_change_nothing(#[case] database: Database) {
    let house = House::start(database).await;
    let before = house.counted().await;
    let token = house.node.staff(()).metadata().get("authorization").cloned();
    let (mut calls, mut answered) = (0, 0);
    for method in methods::all().into_iter().filter(Method::only_reads) {
        let plain = fitting(&house, &method);
        for path in methods::leaves(&method.input) {
            for value in values(&path.last().unwrap().kind()) {
                let mut message = plain.clone();
                methods::set(&mut message, &path, value);
                for token in [None, token.clone()] {
                    let answer = method.call(house.node.channel(), token, message.encode_to_vec()).await;
                    calls += 1;
                    match answer {
                        Ok(bytes) => {
                            answered += 1;
                            assert!(bytes.is_none_or(|bytes| bytes.len() < 1 << 20), "{}", method.name);
                        }
                        Err(status) => assert!(
                            !matches!(status.code(), Code::Internal | Code::Unknown | Code::DataLoss),
                            "{} {message}: {status:?}",
                            method.name
                        ),
                    }
                }
            }
        }
    }
    assert!(calls > 1_000 && answered > 100, "{calls} calls, {answered} answered");
    assert_eq!(house.openings().await, 0);
    assert_eq!(house.counted().await, before);
}
