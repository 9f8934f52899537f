//! Line breaks, terminal sequences and what turns the direction of reading around, in every field and header: the log of
//! node and portal has one line an event, and none that a stranger wrote (threats.md T64).

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, Value};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tracing_subscriber::{
    EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};
use volbridge_node::lines::Lines;
use volbridge_tests::{Database, methods, partner::PATIENCE};

use crate::House;

/// Frames and buffers of HTTP/2 are many lines about lengths.
const LEVELS: &str = "trace,h2=debug,hyper_util=debug,tower=debug";

static TEXT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
static JSON: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

const HOSTILE: &[&str] = &[
    "a\r\n2026-11-24T00:00:00.000000Z ERROR volbridge_node: FORGED",
    "a\nFORGED",
    "a\rFORGED",
    "\u{1b}[31mFORGED\u{1b}[2J",
    "\u{9b}31mFORGED",
    "\u{85}FORGED\u{2028}FORGED\u{2029}",
    "\u{202e}FORGED\u{2066}",
    "\u{8}\u{7}\u{c}\u{b}\u{0}FORGED\u{7f}",
];

/// Each write is an event: what the program's own writer makes of it.
struct Sink(&'static Mutex<Vec<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn listen() {
    let text = fmt::layer().with_ansi(false).with_writer(|| Lines(Sink(&TEXT)));
    let json = fmt::layer().json().with_writer(|| Lines(Sink(&JSON)));
    let levels = || EnvFilter::new(LEVELS);
    let _ = tracing_subscriber::registry()
        .with(text.with_filter(levels()))
        .with(json.with_filter(levels()))
        .try_init();
}

/// Every call, with each of its texts hostile; those that change something, too.
async fn call_all(house: &House) -> usize {
    let token = house.node.staff(()).metadata().get("authorization").cloned();
    let mut calls = 0;
    for method in methods::all() {
        for path in methods::leaves(&method.input) {
            for text in HOSTILE {
                let value = match path.last().unwrap().kind() {
                    Kind::String => Value::String((*text).to_owned()),
                    Kind::Bytes => Value::Bytes(text.as_bytes().to_vec().into()),
                    _ => continue,
                };
                let mut message = DynamicMessage::new(method.input.clone());
                methods::set(&mut message, &path, value);
                let bytes = message.encode_to_vec();
                let _ = method.call(house.node.channel(), token.clone(), bytes.clone()).await;
                calls += 1;
                if calls % 8 == 0 {
                    // A message whose texts aren't UTF-8, or that ends early.
                    let broken: Vec<u8> = bytes.iter().map(|byte| byte | 0x80).collect();
                    let _ = method.call(house.node.channel(), token.clone(), broken).await;
                }
            }
        }
    }
    calls
}

/// Says these bytes to a listener and reads what it answers, if it does.
async fn say(address: &str, bytes: &[u8]) {
    let mut socket = TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
    let _ = socket.write_all(bytes).await;
    let _ = socket.shutdown().await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "{}", String::from_utf8_lossy(bytes));
}

/// Path, query, method, each header, as nobody's client writes them.
async fn write_all(house: &House) {
    let portal = house.portal.address.clone();
    let api = house.node.node().api_addr().unwrap().to_string();
    for text in HOSTILE {
        let mut requests = vec![
            format!("GET /{text} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"),
            format!("GET /listings?q={text} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"),
            format!("{text} / HTTP/1.1\r\nhost: a\r\n\r\n"),
            format!("GET / HTTP/1.1\r\nhost: {text}\r\nconnection: close\r\n\r\n"),
            format!("GET / HTTP/1.1\r\nhost: a\r\n{text}: a\r\nconnection: close\r\n\r\n"),
        ];
        for name in [
            "accept-language",
            "authorization",
            "cookie",
            "forwarded",
            "idempotency-key",
            "last-event-id",
            "origin",
            "user-agent",
            "x-forwarded-for",
            "x-request-id",
        ] {
            requests.push(format!(
                "GET /api/v1/records/x HTTP/1.1\r\nhost: a\r\n{name}: {text}\r\nconnection: close\r\n\r\n"
            ));
        }
        for request in requests {
            say(&portal, request.as_bytes()).await;
        }
        let escaped = crate::house::percent(text.as_bytes());
        for path in
            [format!("/{escaped}"), format!("/listings?q={escaped}"), format!("/api/v1/records/{escaped}")]
        {
            let _ = house.ask(crate::house::Ask::get(path)).await;
        }
        for address in [&api, &house.node.exchange()] {
            say(address, text.as_bytes()).await;
            say(address, format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{text}").as_bytes()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t64_the_log_has_one_line_an_event_whatever_strangers_send() {
    listen();
    let house = House::start(Database::Sqlite).await;
    let calls = call_all(&house).await;
    write_all(&house).await;
    // Should a node say what it was told, in a field or in its words.
    for text in HOSTILE {
        tracing::warn!(text, error = %text, debug = ?text, "a partner said {text}");
    }
    assert!(calls > 500, "{calls}");
    let (text, json) = (TEXT.lock().unwrap(), JSON.lock().unwrap());
    assert!(text.len() > 1_000 && json.len() > 1_000, "{} events", text.len());
    for event in text.iter().chain(json.iter()) {
        let line = std::str::from_utf8(event).unwrap().strip_suffix('\n').unwrap();
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(!line.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}']), "{line:?}");
    }
    for event in text.iter() {
        // The time comes first, and nobody's words do.
        assert!(
            event.starts_with(b"20") && event.get(10) == Some(&b'T'),
            "{}",
            String::from_utf8_lossy(event)
        );
    }
    for event in json.iter() {
        assert!(
            serde_json::from_slice::<serde_json::Value>(event).is_ok(),
            "{}",
            String::from_utf8_lossy(event)
        );
    }
    // They were there to be told.
    let told = text.iter().filter(|event| String::from_utf8_lossy(event).contains("FORGED")).count();
    assert!(told >= HOSTILE.len(), "{told}");
}
