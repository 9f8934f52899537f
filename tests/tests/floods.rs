//! Floods of HTTP/2 frames (threats.md T22) on the exchange, the API and the portal: those that are against all rules
//! are hung up on, none takes memory, and a partner, staff and a browser get what they want meanwhile.

use futures::future::join_all;
use rstest::rstest;
use tokio::net::TcpStream;
use volbridge_tests::{
    Database,
    caller::Caller,
    flood::{FLOODS, Flood},
    memory::growth,
    stage::Stage,
    stall::Calls,
};

/// Things said on each connection, and connections: with what they cost, some seconds on a small machine.
const TIMES: u32 = 30_000;
const CONNECTIONS: usize = 4;

/// The process, in which both ends are, may grow by so much, in KiB.
const GROWTH: u64 = 64 << 10;

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t22_floods_of_frames_on_the_exchange_hold_up_nobody(#[case] database: Database) {
    let stage = Stage::new(database).await;
    let calls = Calls { body: "/volbridge.exchange.v1.Exchange/Heads", ..Calls::default() };
    let caller = Caller::admitted_by(&stage.bvf, "").await;
    for flood in FLOODS {
        let (calls, caller) = (&calls, &caller);
        let one = || async move { flood.pour(caller.dial().await, TIMES, calls).await };
        stands(&stage, "exchange", flood, one).await;
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t22_floods_of_frames_on_the_api_hold_up_nobody(#[case] database: Database) {
    let stage = Stage::new(database).await;
    let token = stage.bvf.token();
    let calls = Calls { body: "/volbridge.node.v1.Listings/Publish", token, ..Calls::default() };
    let address = stage.bvf.node().api_addr().unwrap();
    for flood in FLOODS {
        let calls = &calls;
        let one =
            || async move { flood.pour(TcpStream::connect(address).await.unwrap(), TIMES, calls).await };
        stands(&stage, "api", flood, one).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t22_floods_of_frames_on_the_portal_hold_up_nobody() {
    let stage = Stage::new(Database::Sqlite).await;
    let calls = Calls { body: "/api/v1/listings", ..Calls::default() };
    let address = stage.portal.address.trim_start_matches("http://").to_owned();
    for flood in FLOODS {
        let (calls, address) = (&calls, &address);
        let one =
            || async move { flood.pour(TcpStream::connect(address).await.unwrap(), TIMES, calls).await };
        stands(&stage, "portal", flood, one).await;
    }
}

/// Pours while everybody else goes on.
async fn stands<F: Future<Output = bool>>(stage: &Stage, listener: &str, flood: Flood, one: impl Fn() -> F) {
    let what = format!("{listener} {flood:?}");
    let mut hung_up = Vec::new();
    let grown = growth(async {
        let poured = join_all((0..CONNECTIONS).map(|_| one()));
        (hung_up, ()) = tokio::join!(poured, stage.goes_on(&what));
    })
    .await;
    assert!(!flood.is_hung_up_on() || hung_up.iter().all(|hung_up| *hung_up), "{what}: {hung_up:?}");
    assert!(grown < GROWTH, "{what}: {grown} KiB");
    stage.goes_on(&format!("after {what}")).await;
}
