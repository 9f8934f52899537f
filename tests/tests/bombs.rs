//! Messages that are too large, too deep, or small until they are unpacked: refused,
//! on both listeners, and the node goes on.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use prost::Message as _;
use rstest::rstest;
use tonic::{
    Code, Request,
    codec::CompressionEncoding,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};
use volbridge_node::{
    api::permit::METHODS,
    tls::{Dialer, Pins, TlsIdentity},
};
use volbridge_proto::wire::{
    exchange::v1::{self as exchange, exchange_client::ExchangeClient},
    node::v1::{self as node, listings_client::ListingsClient},
};
use volbridge_tests::{
    Database, Partner,
    bomb::{Bomb, deep, field},
    bomber::{Bomber, Shell, Shells},
    desk,
    liar::LiarsLog,
    memory::growth,
    packed::{gzip, zstd},
};

/// A connection to a node's exchange by a partner that it admits.
async fn connect(victim: &Partner) -> Channel {
    let tls = Arc::new(TlsIdentity::generate().unwrap());
    let log = LiarsLog::new(volbridge_node::env::Env::system(), tls.hash());
    victim.admit_descriptor(log.descriptor(), "127.0.0.1:1").await;
    let pins = Pins::new();
    pins.set(victim.tls_pins().await.into_iter().map(|pin| (pin, victim.id)));
    Dialer::new(tls, pins, true).channel(victim.exchange().parse().unwrap(), victim.id).unwrap()
}

async fn goes_on(victim: &Partner) {
    let organisation = victim.organisation().await;
    victim.listing("Still here", &organisation).await;
    assert_eq!(victim.listings().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn t20_bombs_on_the_exchange_are_refused_before_they_unfold() {
    let victim = Partner::start("UNV", Database::Sqlite).await;
    let channel = connect(&victim).await;
    let mut client = ExchangeClient::new(channel.clone());
    client.describe(exchange::DescribeRequest {}).await.unwrap();

    let head = exchange::Head { checkpoint: "x".repeat(32 << 20), ..Default::default() };
    let request = exchange::HeadsRequest { heads: vec![head] };
    let refused = client.heads(request.clone()).await.unwrap_err();
    assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused:?}");
    // 32 MiB of one letter in some kilobytes.
    let mut packed = ExchangeClient::new(channel.clone()).send_compressed(CompressionEncoding::Zstd);
    let refused = packed.heads(request).await.unwrap_err();
    assert!(matches!(refused.code(), Code::Unimplemented | Code::OutOfRange), "{refused:?}");
    // Ten million list members don't fit either; a third of a million would, and is counted before it is decoded.
    let many = exchange::HeadsRequest { heads: vec![exchange::Head::default(); 350_000] };
    let mut client = ExchangeClient::new(channel.clone());
    let refused = client.heads(many).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused:?}");
    let ranges = vec![exchange::IndexRange { start: 0, end: u64::MAX }; 50_000];
    let log = Some(exchange::Log { partner: victim.id.to_vec(), epoch: 1 });
    let refused = client.fetch_bodies(exchange::FetchBodiesRequest { log, ranges }).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    goes_on(&victim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t20_bombs_on_the_nodes_own_api_are_refused_before_they_unfold() {
    let victim = Partner::start("UNV", Database::Sqlite).await;
    let organisation = victim.organisation().await;
    let address = format!("http://{}", victim.node().api_addr().unwrap());
    let channel = Endpoint::from_shared(address).unwrap().connect().await.unwrap();
    let token: MetadataValue<_> = format!("Bearer {}", victim.token()).parse().unwrap();
    let large = |text: String| {
        let mut listing = desk::listing("Large", &organisation);
        listing.description = text;
        let mut request =
            Request::new(node::PublishListingRequest { listing: Some(listing), ..Default::default() });
        request.metadata_mut().insert("authorization", token.clone());
        request
    };
    let mut client = ListingsClient::new(channel.clone());
    let refused = client.publish(large("x".repeat(64 << 20))).await.unwrap_err();
    assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused:?}");
    let mut packed = ListingsClient::new(channel.clone()).send_compressed(CompressionEncoding::Zstd);
    let refused = packed.publish(large("x".repeat(64 << 20))).await.unwrap_err();
    assert!(matches!(refused.code(), Code::Unimplemented | Code::OutOfRange), "{refused:?}");
    let refused = client.publish(large("x".repeat(400_000))).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    goes_on(&victim).await;
}

/// The process may grow by so much while it is bombed.
const GROWTH: u64 = 64 << 10;

/// What is refused whatever method it comes to.
fn bombs() -> [Bomb; 4] {
    [
        Bomb::zstd(),
        Bomb::gzip(),
        Bomb::plain("deep", deep(10_000)),
        Bomb::members("ten million members", 10_000_000),
    ]
}

/// As many members of a list as the largest request holds.
const API_FITS: usize = (512 << 10) - 16;
const EXCHANGE_FITS: usize = (768 << 10) - 16;

fn members(number: u8, bytes: usize) -> Vec<u8> {
    field(number, &[]).repeat(bytes / 2)
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t20_no_bomb_on_any_method_takes_memory(#[case] database: Database) {
    let victim = Partner::start("UNV", database).await;
    goes_on(&victim).await;
    let token = victim.token();
    let address = format!("http://{}", victim.node().api_addr().unwrap());
    let mut api = Endpoint::from_shared(address).unwrap().connect().await.unwrap();
    let mut exchange = connect(&victim).await;
    let on_api = METHODS.iter().map(|(name, _)| format!("/volbridge.node.v1.{}", name.replace('.', "/")));
    let on_api: Vec<String> = on_api.collect();
    let on_exchange = ["Describe", "Keys", "Follow", "FetchBodies", "FetchBlob", "Heads"];
    let on_exchange = on_exchange.map(|name| format!("/volbridge.exchange.v1.Exchange/{name}"));
    // Everything has been said once before it is measured.
    let nothing = Bomb::plain("nothing", Vec::new());
    nothing.send(&mut exchange, &on_exchange[0], &token).await;
    nothing.send(&mut api, &on_api[0], &token).await;

    let (bombs, mut grown) = (bombs(), Vec::new());
    for bomb in &bombs {
        let bombed = growth(async {
            for path in &on_api {
                assert_ne!(bomb.send(&mut api, path, &token).await, 0, "{path}, {}", bomb.name);
            }
            for path in &on_exchange {
                let status = bomb.send(&mut exchange, path, &token).await;
                // A stream that says nonsense just ends.
                assert!(status != 0 || path.ends_with("Follow"), "{path}, {}", bomb.name);
            }
        });
        grown.push((bomb.name.to_owned(), bombed.await));
    }
    for (path, message) in fitting(&on_api) {
        let bomb = Bomb::plain("as many as fit", message);
        let (api, exchange) = (&mut api, &mut exchange);
        let bombed = growth(async {
            let channel = if path.contains("exchange") { exchange } else { api };
            bomb.send(channel, &path, &token).await;
        });
        grown.push((path.clone(), bombed.await));
    }
    assert!(grown.iter().all(|(_, grown)| *grown < GROWTH), "in KiB: {grown:#?}");
    assert_eq!(victim.listings().await.len(), 1);
}

/// Requests within their limit whose lists hold as many members as that allows.
fn fitting(on_api: &[String]) -> Vec<(String, Vec<u8>)> {
    let mut requests = Vec::new();
    for path in on_api {
        requests.push((path.clone(), members(1, API_FITS)));
        if path.ends_with("Publish") {
            // Names, segments, roles: the lists of what is published.
            requests.extend([2, 3, 11].map(|list| (path.clone(), field(1, &members(list, API_FITS)))));
        }
    }
    let exchange = |name: &str, message| (format!("/volbridge.exchange.v1.Exchange/{name}"), message);
    requests.push(exchange("Heads", members(1, EXCHANGE_FITS)));
    requests.push(exchange("FetchBodies", members(2, EXCHANGE_FITS)));
    requests.push(exchange("Follow", field(1, &members(3, EXCHANGE_FITS))));
    requests
}

/// A message of the largest size that is nothing but empty members: of a list within these fields, outermost first.
fn full_of(fields: &[u8], list: u8) -> Shell {
    let largest = (2 << 20) - 64;
    Shell::message(
        fields.iter().rev().fold(members(list, largest), |message, number| field(*number, &message)),
    )
}

/// What a server may answer with, and to which call.
fn shells() -> Vec<(&'static str, &'static str, Shells)> {
    let same = |shell: Shell| -> Shells { Arc::new(move |_| shell.clone()) };
    let page = |call: u64| {
        let descriptor = exchange::ProvenBody { index: call, body: vec![0; 1 << 20], ..Default::default() };
        let page =
            exchange::KeysResponse { descriptors: vec![descriptor], next: call + 1, ..Default::default() };
        Shell::message(page.encode_to_vec())
    };
    let empty = |call: u64| {
        Shell::message(exchange::KeysResponse { next: call + 1, ..Default::default() }.encode_to_vec())
    };
    vec![
        ("says that it is endless", "Describe", same(Shell::boasting())),
        ("64 MiB", "Keys", same(Shell::large(64))),
        ("64 MiB on the stream", "Follow", same(Shell::large(64))),
        ("zstd", "Follow", same(Shell::packed("zstd", zstd()))),
        ("gzip", "Heads", same(Shell::packed("gzip", gzip(400 << 10)))),
        ("deep", "Describe", same(Shell::message(deep(10_000)))),
        ("deep on the stream", "Follow", same(Shell::message(deep(10_000)))),
        ("descriptors", "Keys", same(full_of(&[], 2))),
        ("hashes of one proof", "Keys", same(full_of(&[2], 3))),
        ("pages without end", "Keys", Arc::new(page)),
        ("empty pages without end", "Keys", Arc::new(empty)),
        ("leaves", "Follow", same(full_of(&[3], 2))),
        ("claims", "Follow", same(full_of(&[3], 5))),
        ("bodies", "Follow", same(full_of(&[5], 3))),
        ("blobs of one body", "Follow", same(full_of(&[4, 1], 4))),
        ("heads", "Heads", same(full_of(&[], 1))),
        ("wanted bodies", "FetchBodies", same(full_of(&[], 1))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn t20_no_answer_of_a_hostile_server_takes_its_followers_memory() {
    let victim = Partner::start("UNV", Database::Sqlite).await;
    let good = Partner::start("BVF", Database::Sqlite).await;
    good.admit(&victim, Some("")).await;
    victim.admit(&good, None).await;
    goes_on(&good).await;
    victim.follows(&good).await;
    let mut grown = Vec::new();
    for (name, method, shells) in shells() {
        let bombed = growth(async {
            let mut bomber = Bomber::start(&victim, method, shells).await;
            assert!(
                bomber.is_asked().await,
                "{name}: nobody calls {method}: {:?}",
                victim.end_of(bomber.id).await
            );
            // Bodies that are wanted are asked for beside the stream, which goes on.
            if method != "FetchBodies" {
                victim.gives_up(bomber.id).await;
            }
            let organisation = good.organisation().await;
            good.listing(name, &organisation).await;
            victim.follows(&good).await;
        });
        grown.push((name, bombed.await));
    }
    assert!(grown.iter().all(|(_, grown)| *grown < GROWTH), "in KiB: {grown:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t26_no_field_makes_a_caller_somebody_else() {
    let victim = Partner::start("UNV", Database::Sqlite).await;
    let host = Partner::start("AVI", Database::Sqlite).await;
    victim.admit(&host, None).await;
    host.admit(&victim, None).await;
    host.follows(&victim).await;
    victim.follows(&host).await;
    victim.agree(&host).await;
    host.agree(&victim).await;
    victim.follows(&host).await;
    let (profile, _) = victim.profile(&host, "CANARY").await;

    let mut stranger = ExchangeClient::new(connect(&victim).await);
    let log = Some(exchange::Log { partner: victim.id.to_vec(), epoch: 1 });
    let ranges = vec![exchange::IndexRange { start: profile.index, end: profile.index + 1 }];
    let mut bodies = stranger
        .fetch_bodies(exchange::FetchBodiesRequest { log: log.clone(), ranges })
        .await
        .unwrap()
        .into_inner();
    while let Some(message) = bodies.message().await.unwrap() {
        assert!(message.bodies.is_empty());
    }
    // To name the recipient as one that is carried for makes nobody its carrier.
    let subscribe = exchange::Subscribe { log, deliver_for: vec![host.id.to_vec()], ..Default::default() };
    let request = exchange::follow_request::Request::Subscribe(subscribe);
    let requests = tokio_stream::once(exchange::FollowRequest { request: Some(request) });
    let requests = tokio_stream::StreamExt::chain(requests, tokio_stream::pending());
    let mut answers = stranger.follow(requests).await.unwrap().into_inner();
    let Some(answer) = answers.message().await.unwrap() else { unreachable!("the log has entries") };
    let Some(exchange::follow_response::Response::Tail(tail)) = answer.response else {
        unreachable!("a short log")
    };
    assert!(tail.leaves.len() as u64 > profile.index);
    assert!(tail.bodies.iter().all(|body| body.index != profile.index), "a stranger got a sealed body");
    assert!(tail.bodies.iter().any(|body| body.index == 0));
}
