//! The portal's server against who asks too much, too large, too deep, or never ends.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod fake;
#[path = "../../tests/src/packed.rs"]
mod packed;

use std::{net::SocketAddr, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use fake::{Fake, config, demo_config};
use http::{Request, StatusCode, header};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt as _;
use volbridge_gateway::{GatewayConfig, Limits, TrustedProxies};

/// Serves until the test ends.
async fn server(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(volbridge_gateway::serve(listener, router, std::future::pending()));
    address
}

async fn tour() -> (Fake, SocketAddr) {
    let fake = Fake::new();
    let config = demo_config(&fake, ["http://localhost:1", "http://localhost:2", "http://localhost:3"]).await;
    let router = volbridge_gateway::router(fake.client().await, config).await;
    (fake, server(router).await)
}

/// Sends, and reads until the server hangs up.
async fn talk(address: SocketAddr, said: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // What is hung up on in the middle of its sentence is answered all the same.
    let _ = stream.write_all(said).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn good_reader(address: SocketAddr) {
    let answer =
        talk(address, b"GET /listings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// A line of `/proc/self/status`, in KiB.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|known| known.strip_prefix(line)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Checks at the end that this process never had much more memory than now.
struct Modest(u64);

impl Modest {
    fn from_now_on() -> Self {
        // Forgets the worst moment until now.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        Self(memory("VmRSS:"))
    }

    fn check(self) {
        let grown = memory("VmHWM:").saturating_sub(self.0);
        assert!(grown < 64 << 10, "{grown} KiB");
    }
}

/// What has a body, and of which type.
const WRITES: &[(&str, &str)] = &[
    ("/api/v1/listings", "application/json"),
    ("/verify", "multipart/form-data; boundary=x"),
    ("/demo/publish", "application/x-www-form-urlencoded"),
    ("/demo/seal", "application/x-www-form-urlencoded"),
    ("/demo/withdraw", "application/x-www-form-urlencoded"),
];

fn head(path: &str, kind: &str, length: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\n\
         Authorization: Bearer {}\r\nIdempotency-Key: k\r\n{length}\r\n\r\n",
        fake::TOKEN
    )
}

fn opening(kind: &str) -> &'static str {
    match kind.split(['/', ';']).nth(1) {
        Some("json") => "{\"title\":\"",
        Some("form-data") => "--x\r\nContent-Disposition: form-data; name=\"proof\"\r\n\r\n",
        _ => "key=",
    }
}

#[tokio::test]
async fn t20_bodies_that_are_too_large_or_never_end_are_refused_unread() {
    let (fake, address) = tour().await;
    good_reader(address).await;
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 16, "a".repeat(1 << 16));
    let modest = Modest::from_now_on();
    for (path, kind) in WRITES {
        let told = format!("{}{}", head(path, kind, "Content-Length: 1073741824"), opening(kind));
        let answer = talk(address, format!("{told}{}", "a".repeat(3 << 20)).as_bytes()).await;
        assert_eq!(status(&answer), 413, "{path}: {answer}");
        let start = opening(kind);
        let mut endless =
            format!("{}{:x}\r\n{start}\r\n", head(path, kind, "Transfer-Encoding: chunked"), start.len());
        (0..64).for_each(|_| endless.push_str(&chunk));
        let answer = talk(address, endless.as_bytes()).await;
        assert_eq!(status(&answer), 413, "{path}, endless: {answer}");
    }
    modest.check();
    assert!(fake.shared.lock().unwrap().published.is_empty());
    good_reader(address).await;
}

#[tokio::test]
async fn t20_deep_and_packed_bodies_are_refused_before_they_unfold() {
    let (fake, address) = tour().await;
    let deep = "[".repeat(10_000);
    let modest = Modest::from_now_on();
    for body in [
        format!("{{\"roles\":{deep}"),
        format!("{{\"title\":{}", "{\"a\":".repeat(10_000)),
        format!("{{\"sdgs\":[{}1]}}", "1,".repeat(400_000)),
        format!("{{\"roles\":[{}{{}}]}}", "{},".repeat(340_000)),
    ] {
        let length = format!("Content-Length: {}", body.len());
        let head = head("/api/v1/listings", "application/json", &length);
        let answer = talk(address, format!("{head}{body}").as_bytes()).await;
        assert!([400, 415, 422].contains(&status(&answer)), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
    for (path, kind) in WRITES {
        for (encoding, body) in
            [("gzip", packed::gzip(1 << 19)), ("zstd", packed::zstd()), ("br", deep.clone().into())]
        {
            let length = format!("Content-Encoding: {encoding}\r\nContent-Length: {}", body.len());
            let said = [head(path, kind, &length).into_bytes(), body].concat();
            let answer = talk(address, &said).await;
            assert!((400..500).contains(&status(&answer)), "{path}, {encoding}: {answer}");
        }
    }
    modest.check();
    assert!(fake.shared.lock().unwrap().published.is_empty());
    good_reader(address).await;
}

#[tokio::test]
async fn t20_headers_and_addresses_have_a_size() {
    let (_fake, address) = tour().await;
    let one = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "a".repeat(1 << 17));
    let lines: String = (0..200).map(|line| format!("X-{line}: a\r\n")).collect();
    let many = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(1 << 17));
    for said in [one, many, long] {
        let answer = talk(address, said.as_bytes()).await;
        assert!([414, 431].contains(&status(&answer)), "{answer}");
    }
    good_reader(address).await;
}

/// How connections stall: what each says before it falls silent.
const SILENT: &[&str] = &[
    "",
    "GET /list",
    "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "POST /api/v1/listings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
     Content-Length: 1000\r\n\r\n{\"ti",
    "POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n\
     Transfer-Encoding: chunked\r\n\r\n5\r\n--x\r\n",
];

#[tokio::test]
async fn t21_three_hundred_stalled_connections_hold_up_nobody_and_are_ended() {
    let (_fake, address) = tour().await;
    let mut stalled = Vec::new();
    for said in SILENT.iter().cycle().take(300) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        stalled.push(stream);
    }
    // And some that ask for more than fits on the way, and read nothing of it.
    for _ in 0..10 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let ask = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(400);
        stream.write_all(ask.as_bytes()).await.unwrap();
        stalled.push(stream);
    }
    let normal = tokio::time::timeout(Duration::from_secs(5), good_reader(address)).await;
    assert!(normal.is_ok(), "a reader waits for the stalled");

    // Nobody needs to wait in earnest: the clock goes on when nothing else does.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(60)).await;
    for mut stream in stalled {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(1), stream.read_to_end(&mut rest)).await;
        // Reset or closed: it is over either way.
        assert!(ended.is_ok(), "still open after {} bytes", rest.len());
    }
}

async fn limited(limits: Limits) -> Router {
    let config = GatewayConfig { limits, ..config() };
    volbridge_gateway::router(Fake::new().client().await, config).await
}

fn from(peer: &str, path: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = Request::get(path).header(header::HOST, "portal.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4711)));
    request
}

fn few() -> Limits {
    Limits { requests_per_second: 1, burst: 3, streams_per_address: 2, ..Limits::default() }
}

async fn ask(router: &Router, request: Request<Body>) -> StatusCode {
    router.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn t21_who_asks_too_often_is_told_when_to_come_again_and_others_are_not_held_up() {
    let router = limited(few()).await;
    for _ in 0..3 {
        assert_eq!(ask(&router, from("192.0.2.1", "/assets/icon.svg", &[])).await, StatusCode::OK);
    }
    let answer = router.clone().oneshot(from("192.0.2.1", "/api/v1/partners", &[])).await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    let wait: u64 = answer.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=3).contains(&wait), "{wait}");
    for (language, told) in [("en", "Too many requests"), ("zh-CN", "请求过于频繁")] {
        let page = from("192.0.2.1", "/listings", &[("accept-language", language)]);
        let answer = router.clone().oneshot(page).await.unwrap();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
        let text = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        assert!(String::from_utf8_lossy(&text).contains(told), "{language}");
    }
    assert_eq!(ask(&router, from("192.0.2.1", "/healthz", &[])).await, StatusCode::OK, "health is apart");
    assert_eq!(ask(&router, from("192.0.2.2", "/partners", &[])).await, StatusCode::OK, "another reader");
    for _ in 0..20 {
        let own = from("127.0.0.1", "/healthz", &[("host", "localhost:8080")]);
        let mut own = own;
        own.headers_mut().insert(header::HOST, "localhost:8080".parse().unwrap());
        assert_eq!(ask(&router, own).await, StatusCode::OK, "the operator on this machine");
    }
}

#[tokio::test]
async fn t68_readers_behind_a_proxy_are_told_apart_only_if_it_is_trusted() {
    let own = TrustedProxies(vec![("127.0.0.1".parse().unwrap(), 32)]);
    let router = limited(Limits { trusted_proxies: own, ..few() }).await;
    for reader in 1..=9 {
        let forwarded = format!("192.0.2.{reader}");
        let request = from("127.0.0.1", "/assets/icon.svg", &[("x-forwarded-for", &forwarded)]);
        assert_eq!(ask(&router, request).await, StatusCode::OK, "{forwarded}");
    }
    let router = limited(few()).await;
    let mut refused = 0;
    for reader in 1..=9 {
        let forwarded = format!("192.0.2.{reader}");
        let request = from("203.0.113.1", "/assets/icon.svg", &[("x-forwarded-for", &forwarded)]);
        refused += u32::from(ask(&router, request).await == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 6, "the header of a stranger gives no second allowance");
}

#[tokio::test]
async fn t21_event_streams_of_one_address_are_counted_and_their_places_come_back() {
    let router = limited(Limits { burst: 100, ..few() }).await;
    let open = async |peer: &str| router.clone().oneshot(from(peer, "/events/changes", &[])).await.unwrap();
    let held = [open("2001:db8:0:1::1").await, open("2001:db8:0:1::2").await];
    assert!(held.iter().all(|stream| stream.status() == StatusCode::OK));
    assert_eq!(open("2001:db8:0:1:ffff::3").await.status(), StatusCode::TOO_MANY_REQUESTS, "the same /64");
    assert_eq!(open("2001:db8:0:2::1").await.status(), StatusCode::OK, "another customer");
    drop(held);
    assert_eq!(open("2001:db8:0:1::1").await.status(), StatusCode::OK);
}
