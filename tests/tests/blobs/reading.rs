//! A node's blobs are read: by those who don't read on, from a disk that is damaged, while the node stops.

use std::time::Duration;

use futures::StreamExt as _;
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};
use tonic::transport::Channel;
use volbridge_node::blobs::READS;
use volbridge_proto::{
    BlobHash, SubjectId,
    wire::{
        exchange::v1::{self as exchange, exchange_client::ExchangeClient},
        node::v1::{self as wire, blobs_client::BlobsClient},
    },
};
use volbridge_tests::{Database, Partner, Record, caller::Caller, partner::PATIENCE, portal::Portal};

use super::{arrives, bytes, hash};

/// More than fits into buffers on the way.
const SIZE: usize = 8 << 20;

type Blob = tonic::Streaming<exchange::BlobChunk>;

async fn fetch(channel: Channel, blob: &[u8]) -> Result<Blob, tonic::Status> {
    let request = exchange::FetchBlobRequest { hash: hash(blob).to_vec(), offset: 0, length: 0 };
    ExchangeClient::new(channel).fetch_blob(request).await.map(tonic::Response::into_inner)
}

/// Reads on until the end.
async fn end_of<T>(mut stream: tonic::Streaming<T>) -> Result<(), tonic::Status> {
    while stream.message().await?.is_some() {}
    Ok(())
}

async fn get(url: String) -> reqwest::Response {
    // Whoever comes second finds it done.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::get(url).await.unwrap()
}

fn file_of(record: &Record) -> String {
    let subject = SubjectId::try_from(record.subject.as_slice()).unwrap();
    format!("/materials/{subject}/file")
}

/// Browsers that ask for a file, take its first bytes and no more.
async fn stalled_browsers(portal: &Portal, path: &str, count: usize) -> Vec<TcpStream> {
    let address = portal.address.trim_start_matches("http://");
    let mut browsers = Vec::new();
    for _ in 0..count {
        let mut browser = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        browser.write_all(request.as_bytes()).await.unwrap();
        let mut beginning = [0; 15];
        browser.read_exact(&mut beginning).await.unwrap();
        assert_eq!(&beginning, b"HTTP/1.1 200 OK");
        browsers.push(browser);
    }
    browsers
}

/// As many calls for one blob as a partner likes to make, none of which it reads.
async fn unread_calls(caller: &Caller, blob: &'static [u8]) -> Vec<Blob> {
    let mut calls = JoinSet::new();
    for _ in 0..3 {
        let channel = caller.channel();
        for _ in 0..60 {
            let channel = channel.clone();
            calls.spawn(async move { fetch(channel, blob).await });
        }
    }
    let answers = calls.join_all().await;
    let (open, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    let codes: Vec<_> = refused.iter().map(|refused| refused.as_ref().unwrap_err().code()).collect();
    assert!(codes.iter().all(|code| *code == tonic::Code::ResourceExhausted), "{codes:?}");
    open.into_iter().map(Result::unwrap).collect()
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t21_f20_readers_that_dont_read_stop_nobody_and_not_the_node_from_stopping(
    #[case] database: Database,
) {
    let blob: &'static [u8] = bytes("unread", SIZE).leak();
    let mut bvf = Partner::start("BVF", database).await;
    let conference = bvf.conference().await;
    let (material, _) = bvf.material(&conference, blob).await;
    let portal = Portal::start(&bvf).await;
    let caller = Caller::admitted_by(&bvf, "").await;
    let unread = unread_calls(&caller, blob).await;
    assert_eq!(unread.len(), READS);
    let browsers = stalled_browsers(&portal, &file_of(&material), 70).await;
    let mut own = Vec::new();
    for _ in 0..70 {
        let request = wire::FetchBlobRequest { hash: hash(blob).to_vec(), offset: 0, length: 0 };
        let channel = bvf.node().channel();
        own.push(BlobsClient::new(channel).fetch(request).await.unwrap().into_inner());
    }

    // Another partner, the portal, and whoever writes go on.
    let unv = Partner::start("UNV", database).await;
    unv.admit(&bvf, None).await;
    bvf.admit(&unv, None).await;
    arrives(&unv, blob).await;
    let download = async { get(portal.at(&file_of(&material))).await.bytes().await.unwrap() };
    assert!(timeout(PATIENCE, download).await.unwrap() == blob);
    let page = timeout(PATIENCE, get(portal.at("/conferences"))).await.unwrap();
    assert_eq!(page.status(), 200);
    let (_, other) = bvf.material(&conference, &bytes("written", 100_000)).await;
    assert!(bvf.blob(&other).await.is_some());

    timeout(Duration::from_secs(20), bvf.stop()).await.expect("stops within 20 s");
    // What was cut off doesn't look complete.
    for stream in unread {
        assert!(end_of(stream).await.is_err(), "a partner's stream ended as if it were complete");
    }
    for stream in own {
        assert!(end_of(stream).await.is_err(), "a caller's stream ended as if it were complete");
    }
    for mut browser in browsers {
        let mut rest = Vec::new();
        let _ = browser.read_to_end(&mut rest).await;
        assert!(rest.len() < SIZE, "{}", rest.len());
    }
}

/// Switches one byte in the middle of a blob's file.
fn damage(partner: &Partner, blob: &[u8]) {
    let name = BlobHash::from(hash(blob)).to_string();
    let path = partner.folder().join("blobs").join(&name[..2]).join(&name[2..]);
    let mut damaged = std::fs::read(&path).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&path, damaged).unwrap();
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f13_what_fails_on_the_way_looks_complete_to_nobody(#[case] database: Database) {
    let blob = bytes("damaged", 2_000_000);
    let bvf = Partner::start("BVF", database).await;
    let conference = bvf.conference().await;
    let (material, _) = bvf.material(&conference, &blob).await;
    let portal = Portal::start(&bvf).await;
    let caller = Caller::admitted_by(&bvf, "").await;
    damage(&bvf, &blob);

    let answer = get(portal.at(&file_of(&material))).await;
    assert_eq!(answer.content_length(), Some(2_000_000));
    let pieces: Vec<_> = answer.bytes_stream().collect().await;
    assert!(pieces.last().unwrap().is_err(), "a browser is told that the file is whole");
    assert!(bvf.blob(&hash(&blob)).await.is_none());
    let stream = fetch(caller.channel(), &blob).await.unwrap();
    let failed = end_of(stream).await.expect_err("a partner is told that the blob is whole");
    assert_eq!(failed.code(), tonic::Code::Internal, "{failed:?}");
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t37_a_blob_that_is_withdrawn_while_it_is_read_isnt_read_to_its_end(#[case] database: Database) {
    let blob = bytes("withdrawn", SIZE);
    let bvf = Partner::start("BVF", database).await;
    let conference = bvf.conference().await;
    let (material, _) = bvf.material(&conference, &blob).await;
    let caller = Caller::admitted_by(&bvf, "").await;
    let mut stream = fetch(caller.channel(), &blob).await.unwrap();
    stream.message().await.unwrap();
    bvf.withdraw(&[&material]).await;
    // As soon as the bytes are deleted, which the withdrawal doesn't wait for.
    let gone = async {
        while bvf.node().context().blobs.size(hash(&blob).into()).is_some() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
    assert!(end_of(stream).await.is_err(), "it was read to its end");
    let again = fetch(caller.channel(), &blob).await.unwrap_err();
    assert_eq!(again.code(), tonic::Code::NotFound, "{again:?}");
}
