//! F13: files that are damaged while they are read.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use futures::future::join_all;
use prost::Message as _;
use rand::{RngExt as _, rngs::StdRng};
use rstest::rstest;
use volbridge_proto::{
    Code,
    wire::node::v1::{self as wire, blobs_client::BlobsClient, maintenance_client::MaintenanceClient},
};
use volbridge_tests::{Database, Partner, seed, wait::eventually};

use super::{bytes, hash};

/// Flips a bit of a file, cuts it, or deletes it.
fn damage(file: &Path, rng: &mut StdRng) {
    let mut bytes = std::fs::read(file).unwrap();
    let place = rng.random_range(0..bytes.len());
    match rng.random_range(0..3) {
        0 => bytes[place] ^= 1 << rng.random_range(0..8),
        1 => bytes.truncate(place),
        _ => return std::fs::remove_file(file).unwrap(),
    }
    std::fs::write(file, bytes).unwrap();
}

/// The bytes of a file, or the code with which they were refused or broke off.
async fn read(node: &Partner, hash: &[u8]) -> Result<Vec<u8>, String> {
    let code = |status: tonic::Status| wire::Problem::decode(status.details()).unwrap().code;
    let request = wire::FetchBlobRequest { hash: hash.to_vec(), offset: 0, length: 0 };
    let mut pieces = BlobsClient::new(node.channel()).fetch(request).await.map_err(code)?.into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await.map_err(code)? {
        bytes.extend(piece.data);
    }
    Ok(bytes)
}

/// Reads files in turn until it is done; how often it got one, and how often a code.
async fn reader(node: &Partner, files: &[Vec<u8>], first: usize, done: &AtomicBool) -> (u32, u32) {
    let (mut right, mut refused) = (0, 0);
    for expected in files.iter().cycle().skip(first) {
        if done.load(Ordering::Acquire) {
            break;
        }
        match read(node, &hash(expected)).await {
            Ok(bytes) => {
                assert!(bytes == *expected, "bad bytes");
                right += 1;
            }
            Err(code) => {
                let known = [Code::StoreCorrupt, Code::BlobUnknown].map(Code::as_str);
                assert!(known.contains(&code.as_str()), "{code}");
                refused += 1;
            }
        }
    }
    (right, refused)
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f13_who_reads_while_files_are_damaged_gets_right_bytes_or_a_code(#[case] database: Database) {
    let mut rng = seed::rng(13);
    let (bvf, unv) = (Partner::start("BVF", database).await, Partner::start("UNV", database).await);
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    let conference = bvf.conference().await;
    let files: Vec<_> = (0..4).map(|number| bytes(&format!("file {number}"), 300_000)).collect();
    for file in &files {
        bvf.material(&conference, file).await;
    }
    for file in &files {
        unv.blob_arrives(&hash(file)).await;
    }
    bvf.follows(&unv).await;
    let done = AtomicBool::new(false);
    let readers = join_all((0..6).map(|first| reader(&bvf, &files, first, &done)));
    let damaging = async {
        for _ in 0..seed::sweep(2) {
            for file in &files {
                let hash = hash(file);
                let name: Vec<_> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                let ending = if rng.random_bool(0.7) { "" } else { ".tree" };
                let place = format!("blobs/{}/{}{ending}", name[0], name[1..].concat());
                damage(&bvf.folder().join(place), &mut rng);
                eventually("nobody is refused", async || read(&bvf, &hash).await.is_err()).await;
            }
            // What the operator does; the partner that has them is asked.
            let request = bvf.staff(wire::FsckRequest { repair: true });
            let checked = MaintenanceClient::new(bvf.channel()).fsck(request).await.unwrap().into_inner();
            assert_eq!(checked.faults, Vec::<String>::new());
            unv.organisation().await;
            for file in &files {
                bvf.blob_arrives(&hash(file)).await;
            }
        }
        done.store(true, Ordering::Release);
    };
    let (readers, ()) = tokio::join!(readers, damaging);
    assert!(readers.iter().all(|(right, _)| *right > 0), "{readers:?}");
    assert!(readers.iter().any(|(_, refused)| *refused > 0), "{readers:?}");
}
