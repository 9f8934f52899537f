//! Messages that are too large, too deep, or small until they are unpacked: refused,
//! on both listeners, and the node goes on.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use tonic::{
    Code, Request,
    codec::CompressionEncoding,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};
use volbridge_node::tls::{Dialer, Pins, TlsIdentity};
use volbridge_proto::wire::{
    exchange::v1::{self as exchange, exchange_client::ExchangeClient},
    node::v1::{self as node, listings_client::ListingsClient},
};
use volbridge_tests::{Database, Partner, desk, liar::LiarsLog};

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
    // Ten million list members don't fit either; half a million do, and cost their sender its call.
    let many = exchange::HeadsRequest { heads: vec![exchange::Head::default(); 500_000] };
    let mut client = ExchangeClient::new(channel.clone());
    client.heads(many).await.unwrap();
    let ranges = vec![exchange::IndexRange { start: 0, end: u64::MAX }; 100_000];
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
    let refused = client.publish(large("x".repeat(1 << 20))).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    goes_on(&victim).await;
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
