//! Three hundred stalled connections in each phase, on each listener (threats.md T21): a partner and a browser get what they
//! want as if nobody else were there, and when the stalled have gone their places are free again.
#![expect(clippy::unwrap_used, reason = "tests")]

use futures::future::try_join_all;
use prost::Message as _;
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use volbridge_proto::{
    SubjectId,
    wire::{exchange::v1 as exchange, node::v1 as wire},
};
use volbridge_tests::{
    Database, Partner,
    caller::Caller,
    partner::PATIENCE,
    stage::Stage,
    stall::{Calls, HALF_HELLO, PHASES, Phase, Stalled},
    wait::eventually,
};

/// At the same time, on one listener.
const STALLED: usize = 300;

/// Connections of one partner.
const OF_ONE: usize = 8;

/// Files that a pool of connections and a page may open meanwhile.
const OTHERS: usize = 60;

/// Open files of this process, in which both ends of each connection are.
fn handles() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Goes through the phases: the stalled stand, all others go on, and nothing is left of them.
async fn stands(stage: &Stage, listener: &str, mut stall: impl AsyncFnMut(Phase) -> Stalled) {
    stage.goes_on("Before").await;
    // Once: what is left of one phase for a moment must not count as there before the next.
    let before = handles();
    for phase in PHASES {
        let stalled = stall(phase).await;
        let what = format!("{listener}, {phase:?}: they don't stand");
        eventually(&what, async || handles() + OTHERS >= before + 2 * STALLED).await;
        stage.goes_on(&format!("{listener} {phase:?}")).await;
        drop(stalled);
        let what = format!("{listener}, {phase:?}: something stays of them");
        eventually(&what, async || handles() <= before + OTHERS).await;
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t21_three_hundred_that_stall_in_each_phase_on_the_exchange_hold_up_nobody(
    #[case] database: Database,
) {
    let stage = Stage::new(database).await;
    let mut greedy = Vec::new();
    for _ in 0..STALLED.div_ceil(OF_ONE) {
        greedy.push(Caller::admitted_by(&stage.bvf, "").await);
    }
    let log = Some(exchange::Log { partner: stage.bvf.id.to_vec(), epoch: 1 });
    let ranges = vec![exchange::IndexRange { start: 0, end: 30 }];
    let fetch = exchange::FetchBodiesRequest { log: log.clone(), ranges }.encode_to_vec();
    let subscribe = exchange::Subscribe { log, ..Default::default() };
    let request = Some(exchange::follow_request::Request::Subscribe(subscribe));
    let calls = Calls {
        body: "/volbridge.exchange.v1.Exchange/Heads",
        unread: ("/volbridge.exchange.v1.Exchange/FetchBodies", fetch),
        idle: ("/volbridge.exchange.v1.Exchange/Follow", exchange::FollowRequest { request }.encode_to_vec()),
        token: String::new(),
    };
    let (calls, greedy) = (&calls, &greedy);
    stands(&stage, "exchange", async |phase| {
        if phase == Phase::Opening {
            return tcp(&stage.bvf.exchange(), phase, |_| HALF_HELLO.to_vec()).await;
        }
        let all = greedy.iter().map(|caller| async move {
            let mut connections = Vec::new();
            for number in 0..OF_ONE {
                let mut connection = caller.dial().await;
                // Only who has a place is told the server's settings: the last round's are free.
                connection.read_exact(&mut [0; 9]).await?;
                connection.write_all(&calls.beginning(phase, number)).await?;
                connection.flush().await?;
                connections.push((connection, phase == Phase::Body && number % 2 == 0));
            }
            Ok::<_, std::io::Error>(connections)
        });
        Stalled::hold(try_join_all(all).await.unwrap().into_iter().flatten().collect())
    })
    .await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t21_three_hundred_that_stall_in_each_phase_on_the_api_hold_up_nobody(#[case] database: Database) {
    let stage = Stage::new(database).await;
    let conference = stage.bvf.conference().await;
    let (_, hash) = stage.bvf.material(&conference, &vec![7; 4 << 20]).await;
    let calls = Calls {
        body: "/volbridge.node.v1.Listings/Publish",
        unread: (
            "/volbridge.node.v1.Blobs/Fetch",
            wire::FetchBlobRequest { hash, ..Default::default() }.encode_to_vec(),
        ),
        idle: ("/volbridge.node.v1.Network/WatchChanges", Vec::new()),
        token: stage.bvf.token(),
    };
    let address = stage.bvf.node().api_addr().unwrap().to_string();
    let mut late = TcpStream::connect(&address).await.unwrap();
    late.write_all(b"PRI * HTTP/2").await.unwrap();
    stands(&stage, "api", async |phase| tcp(&address, phase, |number| calls.beginning(phase, number)).await)
        .await;
    is_hung_up_on(late).await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t21_three_hundred_that_stall_in_each_phase_on_the_portal_hold_up_nobody(#[case] database: Database) {
    let stage = Stage::new(database).await;
    let conference = stage.bvf.conference().await;
    let (material, _) = stage.bvf.material(&conference, &vec![7; 4 << 20]).await;
    let file = format!("/materials/{}/file", SubjectId::try_from(material.subject.as_slice()).unwrap());
    let address = stage.portal.address.trim_start_matches("http://").to_owned();
    let json = format!("Content-Type: application/json\r\nAuthorization: Bearer {}", stage.bvf.token());
    let beginning = |phase, number: usize| {
        let is_odd = !number.is_multiple_of(2);
        let (line, rest) = match phase {
            Phase::Opening => return Vec::new(),
            Phase::Headers if is_odd => return b"GET /listi".to_vec(),
            Phase::Headers => ("GET /listings", "X-Slow: ".to_owned()),
            // Those with an odd number say nothing more, the others a byte a second.
            Phase::Body if number % 4 < 2 => (
                "POST /api/v1/listings",
                format!("{json}\r\nIdempotency-Key: {number}\r\nContent-Length: 1000\r\n\r\n{{\"title"),
            ),
            Phase::Body => (
                "POST /verify",
                "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n--x\r\n"
                    .to_owned(),
            ),
            Phase::Unread => return format!("GET {file} HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes(),
            Phase::Idle => ("GET /events/changes", "\r\n".to_owned()),
        };
        format!("{line} HTTP/1.1\r\nHost: {address}\r\n{rest}").into_bytes()
    };
    stands(&stage, "portal", async |phase| tcp(&address, phase, |number| beginning(phase, number)).await)
        .await;
}

/// Connections that say this and stall; those with an even number go on with a byte a second where they are in a body.
async fn tcp(address: &str, phase: Phase, beginning: impl Fn(usize) -> Vec<u8>) -> Stalled {
    let mut connections = Vec::new();
    for number in 0..STALLED {
        let socket = TcpSocket::new_v4().unwrap();
        // What isn't read fills it soon.
        socket.set_recv_buffer_size(4 << 10).unwrap();
        let mut connection = socket.connect(address.parse().unwrap()).await.unwrap();
        connection.write_all(&beginning(number)).await.unwrap();
        connections.push((connection, phase == Phase::Body && number % 2 == 0));
    }
    Stalled::hold(connections)
}

async fn is_hung_up_on(mut connection: impl tokio::io::AsyncRead + Unpin) {
    let ended = timeout(PATIENCE, connection.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "half a preface may stand for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn t21_a_partner_that_says_half_a_preface_is_hung_up_on() {
    let victim = Partner::start_with("BVF", Database::Sqlite, &[("exchange.handshake_seconds", "1")]).await;
    let caller = Caller::admitted_by(&victim, "").await;
    let mut half = caller.dial().await;
    half.write_all(b"PRI * HTTP/2").await.unwrap();
    half.flush().await.unwrap();
    is_hung_up_on(half).await;
}
