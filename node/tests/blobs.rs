//! Blobs: stored whole or not at all, served verified or not at all.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{convert::Infallible, path::Path};

use futures::StreamExt;
use tokio_stream::Stream;
use volbridge_node::blobs::{BlobError, BlobStore, GROUP, PIECE};
use volbridge_proto::BlobHash;

const LARGEST: u64 = 8 << 20;

fn store() -> (tempfile::TempDir, BlobStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path(), LARGEST).unwrap();
    (folder, store)
}

/// Bytes in which no two groups are alike.
fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(b"test").finalize_xof().fill(&mut bytes);
    bytes
}

fn hash(bytes: &[u8]) -> BlobHash {
    BlobHash::from(*blake3::hash(bytes).as_bytes())
}

fn stream(bytes: &[u8]) -> impl Stream<Item = Result<Vec<u8>, Infallible>> + use<> {
    let pieces: Vec<_> = bytes.chunks(10_000).map(|piece| Ok(piece.to_vec())).collect();
    futures::stream::iter(pieces)
}

async fn put(store: &BlobStore, bytes: &[u8]) -> BlobHash {
    store.put(bytes.len() as u64, Some(hash(bytes)), stream(bytes)).await.unwrap()
}

async fn collect(stream: impl Stream<Item = Result<Vec<u8>, BlobError>>) -> Result<Vec<u8>, BlobError> {
    let pieces: Vec<_> = stream.collect().await;
    let pieces = pieces.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
    Ok(pieces.concat())
}

async fn encoded(store: &BlobStore, hash: BlobHash, offset: u64, length: u64) -> Vec<u8> {
    collect(store.encode(hash, offset, length).unwrap().1).await.unwrap()
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

const SIZES: [usize; 9] = [0, 1, 1_024, 16_383, 16_384, 16_385, 49_153, 300_000, 1_100_000];

#[tokio::test]
async fn what_is_put_in_comes_out() {
    let (folder, store) = store();
    for size in SIZES {
        let bytes = bytes(size);
        let hash = put(&store, &bytes).await;
        assert_eq!(store.put_all(stream(&bytes)).await.unwrap(), (hash, size as u64));
        assert_eq!(store.size(hash), Some(size as u64));
        let length = size as u64;
        assert_eq!(collect(store.read(hash, 0, length).unwrap()).await.unwrap(), bytes, "{size}");
        let (start, end) = (size / 3, size - size / 4);
        let part = store.read(hash, start as u64, (end - start) as u64).unwrap();
        assert_eq!(collect(part).await.unwrap(), bytes[start..end], "{size}");
        assert!(matches!(store.read(hash, 1, length), Err(BlobError::Range)), "{size}");
    }
    // The same bytes are stored once.
    let before = files(folder.path()).len();
    put(&store, &bytes(300_000)).await;
    assert_eq!((before, files(folder.path()).len()), (2 * SIZES.len(), before));
}

#[tokio::test]
async fn t52_wrong_short_endless_and_too_large_blobs_leave_nothing() {
    let (folder, store) = store();
    let bytes = bytes(100_000);
    let wrong = store.put(100_000, Some(hash(b"other")), stream(&bytes)).await.unwrap_err();
    assert!(matches!(wrong, BlobError::WrongHash(_)), "{wrong}");
    let short = store.put(100_001, None, stream(&bytes)).await.unwrap_err();
    assert!(matches!(short, BlobError::Size { declared: 100_001, found: 100_000 }), "{short}");
    let endless = futures::stream::repeat_with(|| Ok::<_, Infallible>(vec![7; 50_000]));
    let endless = store.put(100_000, None, endless).await.unwrap_err();
    assert!(matches!(endless, BlobError::Size { declared: 100_000, found: 100_001.. }), "{endless}");
    let too_large = store.put(LARGEST + 1, None, stream(&bytes)).await.unwrap_err();
    assert!(matches!(too_large, BlobError::TooLarge { limit: LARGEST, .. }), "{too_large}");
    assert!(matches!(store.admit(1_000, 999), Err(BlobError::TooLarge { limit: 999, .. })));
    let endless = futures::stream::repeat_with(|| Ok::<_, Infallible>(vec![7; 50_000]));
    let endless = store.put_all(endless).await.unwrap_err();
    assert!(matches!(endless, BlobError::TooLarge { limit: LARGEST, .. }), "{endless}");
    let broken = futures::stream::iter([Ok(vec![1; 10]), Err("cable cut")]);
    let broken = store.put(100, None, broken).await.unwrap_err();
    assert!(matches!(broken, BlobError::Source(_)), "{broken}");
    assert_eq!(files(folder.path()), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn t52_requests_for_absent_blobs_are_refused_and_leave_nothing() {
    let (folder, store) = store();
    for number in 0..10_000_u32 {
        let hash = hash(&number.to_be_bytes());
        assert!(matches!(store.encode(hash, 0, 0), Err(BlobError::Unknown(_))));
        assert!(matches!(store.read(hash, 0, 0), Err(BlobError::Unknown(_))));
    }
    assert_eq!(files(folder.path()).len(), 0);
}

#[tokio::test]
async fn a_blob_travels_in_one_piece_or_in_ranges() {
    let (_one, sender) = store();
    for size in SIZES {
        let (_two, receiver) = store();
        let bytes = bytes(size);
        let hash = put(&sender, &bytes).await;
        let mut receiving = receiver.receive(hash, size as u64, u64::MAX).await.unwrap();
        while !receiving.is_complete() {
            let length = 5 * GROUP;
            let part = encoded(&sender, hash, receiving.offset(), length).await;
            receiving.decode(length, stream(&part)).await.unwrap();
        }
        assert_eq!(receiving.finish().await.unwrap(), hash, "{size}");
        assert_eq!(collect(receiver.read(hash, 0, size as u64).unwrap()).await.unwrap(), bytes, "{size}");
        // It can pass it on.
        assert_eq!(encoded(&receiver, hash, 0, 0).await, encoded(&sender, hash, 0, 0).await, "{size}");
    }
}

#[tokio::test]
async fn t52_a_transfer_that_broke_off_goes_on_where_it_was() {
    let (_one, sender) = store();
    let (folder, receiver) = store();
    let bytes = bytes(700_000);
    let hash = put(&sender, &bytes).await;
    let whole = encoded(&sender, hash, 0, 0).await;
    let mut receiving = receiver.receive(hash, 700_000, u64::MAX).await.unwrap();
    let short = receiving.decode(0, stream(&whole[..300_000])).await.unwrap_err();
    assert!(matches!(short, BlobError::Size { .. }), "{short}");
    let reached = receiving.offset();
    assert!(reached > 250_000 && reached % GROUP == 0, "{reached}");
    assert!(receiver.size(hash).is_none());
    let unfinished = receiving.finish().await.unwrap_err();
    assert!(matches!(unfinished, BlobError::Size { .. }), "{unfinished}");

    // After a restart too.
    let receiver = BlobStore::open(folder.path(), LARGEST).unwrap();
    let mut receiving = receiver.receive(hash, 700_000, u64::MAX).await.unwrap();
    assert_eq!(receiving.offset(), reached);
    let rest = encoded(&sender, hash, reached, 0).await;
    assert!(rest.len() < 500_000);
    receiving.decode(0, stream(&rest)).await.unwrap();
    receiving.finish().await.unwrap();
    assert_eq!(collect(receiver.read(hash, 0, 700_000).unwrap()).await.unwrap(), bytes);
}

#[tokio::test]
async fn t52_a_switched_byte_ends_a_transfer_and_what_was_right_stays() {
    let (_one, sender) = store();
    let (folder, receiver) = store();
    let hash = put(&sender, &bytes(700_000)).await;
    let mut whole = encoded(&sender, hash, 0, 0).await;
    whole[400_000] ^= 1;
    let mut receiving = receiver.receive(hash, 700_000, u64::MAX).await.unwrap();
    let wrong = receiving.decode(0, stream(&whole)).await.unwrap_err();
    assert!(matches!(wrong, BlobError::WrongHash(_)), "{wrong}");
    assert!((300_000..400_000).contains(&receiving.offset()));
    drop(receiving);
    // Bytes that a crash or a disk has spoilt are asked for again.
    let partial = files(folder.path()).into_iter().find(|path| path.extension().is_none()).unwrap();
    let mut spoilt = std::fs::read(&partial).unwrap();
    spoilt[100_000] ^= 1;
    std::fs::write(&partial, spoilt).unwrap();
    let receiving = receiver.receive(hash, 700_000, u64::MAX).await.unwrap();
    assert_eq!(receiving.offset(), 100_000 / GROUP * GROUP);
}

#[tokio::test]
async fn t52_a_lie_about_the_size_is_found() {
    let (_one, sender) = store();
    let (_two, receiver) = store();
    let hash = put(&sender, &bytes(100_000)).await;
    let whole = encoded(&sender, hash, 0, 0).await;
    for size in [99_999, 100_001, 16_384, 5_000_000] {
        let mut receiving = receiver.receive(hash, size, u64::MAX).await.unwrap();
        receiving.decode(0, stream(&whole)).await.unwrap_err();
        // The groups that the two sizes share may be right; the end never is.
        assert!(!receiving.is_complete(), "{size}");
        receiving.finish().await.unwrap_err();
    }
    let nothing = receiver.receive(hash, 0, u64::MAX).await.unwrap();
    assert!(matches!(nothing.finish().await, Err(BlobError::WrongHash(_))));
    assert!(receiver.size(hash).is_none());
}

#[tokio::test]
async fn a_blob_is_received_once_at_a_time() {
    let (_folder, store) = store();
    let hash = hash(b"x");
    let first = store.receive(hash, 1, u64::MAX).await.unwrap();
    assert!(matches!(store.receive(hash, 1, u64::MAX).await, Err(BlobError::Busy(_))));
    assert!(matches!(store.receive(hash, 10, 9).await, Err(BlobError::TooLarge { limit: 9, .. })));
    drop(first);
    store.receive(hash, 1, u64::MAX).await.unwrap();
}

#[tokio::test]
async fn ranges_start_at_groups_inside_of_the_blob() {
    let (_folder, store) = store();
    let hash = put(&store, &bytes(100_000)).await;
    for (offset, length) in [(1, 10), (GROUP + 1, 0), (7 * GROUP, 0), (u64::MAX - GROUP + 1, GROUP)] {
        assert!(matches!(store.encode(hash, offset, length), Err(BlobError::Range)), "{offset}");
    }
    assert_eq!(store.encode(hash, 6 * GROUP, u64::MAX).unwrap().0, 100_000);
}

#[tokio::test]
async fn f13_a_damaged_file_is_never_served() {
    let (folder, store) = store();
    let bytes = bytes(700_000);
    let hash = put(&store, &bytes).await;
    for path in files(folder.path()) {
        let good = std::fs::read(&path).unwrap();
        let mut flipped = good.clone();
        let place = flipped.len() / 2;
        flipped[place] ^= 1;
        for bad in [flipped, good[..good.len() / 2].to_vec()] {
            std::fs::write(&path, bad).unwrap();
            assert_damaged(&store, hash, &bytes).await;
        }
        std::fs::write(&path, good).unwrap();
    }
    assert_eq!(collect(store.read(hash, 0, 700_000).unwrap()).await.unwrap(), bytes);
    store.delete(hash).await.unwrap();
    assert!(matches!(store.read(hash, 0, 1), Err(BlobError::Unknown(_))));
    assert_eq!(files(folder.path()).len(), 0);
}

/// Whatever comes out is a right beginning, and then an error.
async fn assert_damaged(store: &BlobStore, hash: BlobHash, bytes: &[u8]) {
    // A file that was cut has another size, with which nothing verifies.
    let length = store.size(hash).unwrap();
    let pieces: Vec<_> = store.read(hash, 0, length).unwrap().collect().await;
    let (good, bad) = pieces.split_at(pieces.len() - 1);
    let good: Vec<u8> = good.iter().flat_map(|piece| piece.as_ref().unwrap()).copied().collect();
    assert!(bytes.starts_with(&good));
    assert!(matches!(bad, [Err(BlobError::Corrupt(_))]), "{bad:?}");
    let encoded: Vec<_> = store.encode(hash, 0, 0).unwrap().1.collect().await;
    assert!(matches!(encoded.last(), Some(Err(BlobError::Corrupt(_)))));
}

#[tokio::test]
async fn a_reader_that_goes_away_stops_the_reading() {
    let (_folder, store) = store();
    let hash = put(&store, &bytes(2_000_000)).await;
    for _ in 0..200 {
        let mut stream = Box::pin(store.read(hash, 0, 2_000_000).unwrap());
        stream.next().await.unwrap().unwrap();
    }
    // More than there are turns: each was given back.
    let whole = store.read(hash, 0, 2_000_000).unwrap();
    assert_eq!(collect(whole).await.unwrap().len(), 2_000_000);
}
