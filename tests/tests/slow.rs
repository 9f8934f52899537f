//! Peers that are slow, or say nothing: each costs itself alone, has a time limit, and
//! keeps nobody from stopping.

use std::time::Duration;

use futures::StreamExt as _;
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tonic::{Code, Request, client::Grpc, codegen::http::uri::PathAndQuery};
use tonic_prost::ProstCodec;
use volbridge_proto::wire::exchange::v1::{self as wire, exchange_client::ExchangeClient};
use volbridge_tests::{
    Database, Partner,
    caller::Caller,
    partner::PATIENCE,
    relay::{Relay, Silent},
};

/// One second in place of thirty.
const HASTY: &[(&str, &str)] = &[("exchange.patience_seconds", "1")];

/// More than a node sends at once, so that it sends a target first.
const MANY: usize = 300;

async fn is_called_slow(victim: &Partner, relay: &Relay) {
    let id = relay.id.to_vec();
    victim
        .until("the silent peer isn't called slow", |status| {
            status.peers.iter().any(|peer| {
                peer.error == "peer.slow" && peer.partner.as_ref().is_some_and(|partner| partner.id == id)
            })
        })
        .await;
}

#[rstest]
#[case::describe(Silent::Describe, Database::Sqlite)]
#[case::follow(Silent::Follow, Database::Sqlite)]
#[case::keys(Silent::Keys, Database::Sqlite)]
#[case::after_target(Silent::AfterTarget, Database::Sqlite)]
#[case::after_target_postgres(Silent::AfterTarget, Database::Postgres)]
#[case::after_range(Silent::AfterRange, Database::Sqlite)]
#[tokio::test(flavor = "multi_thread")]
async fn t21_a_relay_that_falls_silent_is_called_slow_and_another_takes_its_place(
    #[case] silent: Silent,
    #[case] database: Database,
) {
    let author = Partner::start("BVF", Database::Sqlite).await;
    let organisation = author.organisation().await;
    author.many_listings(MANY, &organisation).await;
    let relay = Partner::start("UNV", Database::Sqlite).await;
    relay.admit(&author, None).await;
    author.admit(&relay, Some("")).await;
    relay.follows(&author).await;

    let victim = Partner::start_with("AVI", database, HASTY).await;
    victim.admit(&author, Some("")).await;
    let mute = Relay::silent(&victim, &relay, silent).await;
    mute.fallen_silent().await;
    is_called_slow(&victim, &mute).await;
    relay.admit(&victim, Some("")).await;
    victim.admit(&relay, None).await;
    victim.follows(&author).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t21_a_request_that_never_ends_is_given_up() {
    let victim = Partner::start_with("UNV", Database::Sqlite, HASTY).await;
    let caller = Caller::admitted_by(&victim, "").await;
    for call in ["Describe", "Keys", "FetchBodies", "FetchBlob", "Heads"] {
        let mut grpc = Grpc::new(caller.channel());
        grpc.ready().await.unwrap();
        let path = PathAndQuery::try_from(format!("/volbridge.exchange.v1.Exchange/{call}")).unwrap();
        let nothing = Request::new(futures::stream::pending::<wire::KeysRequest>());
        let codec = ProstCodec::<_, wire::KeysResponse>::default();
        let refused = timeout(PATIENCE, grpc.client_streaming(nothing, path, codec)).await;
        let refused = refused.unwrap_or_else(|_| unreachable!("{call} waits for ever")).unwrap_err();
        assert!(matches!(refused.code(), Code::Cancelled | Code::DeadlineExceeded), "{call}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t21_a_partner_has_so_many_connections_and_one_stream_at_a_time() {
    let victim = Partner::start("UNV", Database::Sqlite).await;
    let (greedy, modest) = (Caller::admitted_by(&victim, "").await, Caller::admitted_by(&victim, "").await);
    let follow = |channel| async move {
        let nothing = futures::stream::pending::<wire::FollowRequest>();
        ExchangeClient::new(channel).follow(nothing).await.unwrap().into_inner()
    };
    let mut first = follow(greedy.channel()).await;
    let _second = follow(greedy.channel()).await;
    assert!(timeout(PATIENCE, first.next()).await.unwrap().is_none(), "the first stream goes on");

    let mut connections = Vec::new();
    let refused = async {
        loop {
            let mut connection = greedy.dial().await;
            // A connection with a place is told the server's settings.
            if !matches!(connection.read(&mut [0; 9]).await, Ok(1..)) {
                return;
            }
            connections.push(connection);
            assert!(connections.len() <= 8, "a partner may have any number of connections");
        }
    };
    timeout(PATIENCE, refused).await.unwrap();
    let mut modest = ExchangeClient::new(modest.channel());
    modest.describe(wire::DescribeRequest {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_who_reads_nothing_and_ends_nothing_keeps_no_node_from_stopping() {
    let mut victim = Partner::start("UNV", Database::Sqlite).await;
    let organisation = victim.organisation().await;
    victim.many_listings(MANY, &organisation).await;
    let caller = Caller::admitted_by(&victim, "").await;
    let log = Some(wire::Log { partner: victim.id.to_vec(), epoch: 1 });
    let subscribe = wire::Subscribe { log, ..Default::default() };
    let subscribe =
        wire::FollowRequest { request: Some(wire::follow_request::Request::Subscribe(subscribe)) };
    let requests = futures::stream::iter([subscribe]).chain(futures::stream::pending());
    let _unread = ExchangeClient::new(caller.channel()).follow(requests).await.unwrap();
    let mut silent = caller.dial().await;
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut half = TcpStream::connect(victim.node().api_addr().unwrap()).await.unwrap();
    half.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    timeout(Duration::from_secs(20), victim.stop()).await.unwrap();
}
