//! Blobs: stored whole or not at all, served verified or not at all.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{convert::Infallible, path::Path, time::Duration};

use bao_tree::{
    BaoTree, BlockSize, ByteRanges,
    io::{outboard::PreOrderMemOutboard, round_up_to_chunks, sync::encode_ranges_validated},
};
use futures::StreamExt;
use tokio_stream::Stream;
use volbridge_node::blobs::{BlobError, BlobStore, GROUP, PIECE, READS};
use volbridge_proto::{BlobHash, PartnerId};

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
    store.put(bytes.len() as u64, Some(hash(bytes)), stream(bytes)).await.unwrap().hash
}

fn partner(byte: u8) -> PartnerId {
    PartnerId::from([byte; 32])
}

async fn collect(stream: impl Stream<Item = Result<Vec<u8>, BlobError>>) -> Result<Vec<u8>, BlobError> {
    let pieces: Vec<_> = stream.collect().await;
    let pieces = pieces.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
    Ok(pieces.concat())
}

async fn encoded(store: &BlobStore, hash: BlobHash, offset: u64, length: u64) -> Vec<u8> {
    collect(store.encode(partner(1), hash, offset, length).unwrap().1).await.unwrap()
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
        let again = store.put_all(stream(&bytes)).await.unwrap();
        assert_eq!((again.hash, again.size), (hash, size as u64));
        drop(again);
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
        assert!(matches!(store.encode(partner(1), hash, 0, 0), Err(BlobError::Unknown(_))));
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
        assert_eq!(receiving.finish().await.unwrap().hash, hash, "{size}");
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
    let partial = files(folder.path())
        .into_iter()
        .find(|path| path.extension().is_none_or(|end| end != "tree"))
        .unwrap();
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
        assert!(matches!(store.encode(partner(1), hash, offset, length), Err(BlobError::Range)), "{offset}");
    }
    assert_eq!(store.encode(partner(1), hash, 6 * GROUP, u64::MAX).unwrap().0, 100_000);
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
    let encoded: Vec<_> = store.encode(partner(1), hash, 0, 0).unwrap().1.collect().await;
    assert!(matches!(encoded.last(), Some(Err(BlobError::Corrupt(_)))));
}

#[tokio::test]
async fn the_pieces_of_an_encoding_are_the_encoding() {
    let (_folder, store) = store();
    for size in SIZES.into_iter().chain([131_072, 131_073, 16_384 * 37 + 5, 3_000_000]) {
        let bytes = bytes(size);
        let hash = put(&store, &bytes).await;
        let outboard = PreOrderMemOutboard::create(&bytes, BlockSize::from_chunk_log(4));
        assert_eq!(outboard.tree, BaoTree::new(size as u64, BlockSize::from_chunk_log(4)));
        let groups = (size as u64).div_ceil(GROUP);
        for (start, end) in [(0, groups), (1, groups), (7, groups), (groups / 2, groups), (3, 30), (8, 16)] {
            let (start, end) = (start * GROUP, end.min(groups) * GROUP);
            if start >= end {
                continue;
            }
            let mut whole = Vec::new();
            let ranges = round_up_to_chunks(&ByteRanges::from(start..end));
            encode_ranges_validated(&bytes, &outboard, &ranges, &mut whole).unwrap();
            assert!(encoded(&store, hash, start, end - start).await == whole, "{size}: {start}..{end}");
        }
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_nothing() {
    let (_folder, store) = store();
    let hash = put(&store, &bytes(2_000_000)).await;
    for _ in 0..200 {
        let mut stream = Box::pin(store.encode(partner(1), hash, 0, 0).unwrap().1);
        stream.next().await.unwrap().unwrap();
    }
    let whole = store.read(hash, 0, 2_000_000).unwrap();
    assert_eq!(collect(whole).await.unwrap().len(), 2_000_000);
}

#[tokio::test]
async fn t21_readers_that_dont_read_stop_nobody_else() {
    let (_folder, store) = store();
    let hash = put(&store, &bytes(2_000_000)).await;
    let mut stuck = Vec::new();
    for byte in 0..100 {
        for _ in 0..READS {
            let mut read = Box::pin(store.encode(partner(byte), hash, 0, 0).unwrap().1);
            read.next().await.unwrap().unwrap();
            stuck.push(read);
        }
        let more = store.encode(partner(byte), hash, 0, 0).err();
        assert!(matches!(more, Some(BlobError::TooMany)), "{more:?}");
    }
    for _ in 0..200 {
        let mut read = Box::pin(store.read(hash, 0, 2_000_000).unwrap());
        read.next().await.unwrap().unwrap();
        std::mem::forget(read);
    }
    let theirs = store.encode(partner(200), hash, 0, 0).unwrap().1;
    assert!(collect(theirs).await.unwrap().len() > 2_000_000);
    assert_eq!(collect(store.read(hash, 0, 2_000_000).unwrap()).await.unwrap().len(), 2_000_000);
    put(&store, &bytes(1_000_000)).await;
    store.delete(hash).await.unwrap();
    // What is gone isn't read to its end.
    let rest = collect(stuck.pop().unwrap()).await;
    assert!(matches!(rest, Err(BlobError::Unknown(_))), "{:?}", rest.map(|bytes| bytes.len()));
}

#[tokio::test]
async fn t21_a_read_that_doesnt_move_gives_its_place_to_the_next() {
    let (_folder, store) = store();
    let store = store.with_patience(Duration::ZERO);
    let hash = put(&store.clone().with_patience(Duration::from_secs(30)), &bytes(2_000_000)).await;
    let mut reads: Vec<_> =
        (0..=READS).map(|_| Box::pin(store.encode(partner(1), hash, 0, 0).unwrap().1)).collect();
    let last = reads.pop().unwrap();
    assert!(collect(last).await.unwrap().len() > 2_000_000);
    let mut ends = Vec::new();
    for read in reads {
        ends.push(collect(read).await);
    }
    let slow = ends.iter().filter(|end| matches!(end, Err(BlobError::Slow))).count();
    assert_eq!((slow, ends.iter().filter(|end| end.is_ok()).count()), (1, READS - 1));
}

#[tokio::test]
async fn f20_closing_waits_for_nobody_and_no_stream_looks_complete() {
    let (folder, store) = store();
    let hash = put(&store, &bytes(2_000_000)).await;
    let mut reads = Vec::new();
    for _ in 0..READS {
        let mut read = Box::pin(store.encode(partner(1), hash, 0, 0).unwrap().1);
        read.next().await.unwrap().unwrap();
        reads.push(read);
    }
    let mut own = Box::pin(store.read(hash, 0, 2_000_000).unwrap());
    own.next().await.unwrap().unwrap();
    let begun =
        || futures::stream::iter([Ok::<_, Infallible>(vec![7; 50_000])]).chain(futures::stream::pending());
    let mut receiving = store.receive(self::hash(b"x"), 1_000_000, u64::MAX).await.unwrap();
    let (upload, received, ()) = tokio::join!(store.put_all(begun()), receiving.decode(0, begun()), async {
        tokio::task::yield_now().await;
        store.close().await;
    });
    assert!(matches!(upload, Err(BlobError::Stopping)), "{upload:?}");
    assert!(matches!(received, Err(BlobError::Stopping | BlobError::WrongHash(_))), "{received:?}");
    for read in reads {
        assert!(matches!(collect(read).await, Err(BlobError::Stopping)));
    }
    assert!(matches!(collect(own).await, Err(BlobError::Stopping)));
    assert!(matches!(collect(store.read(hash, 0, 9).unwrap()).await, Err(BlobError::Stopping)));
    drop(receiving);
    assert!(files(&folder.path().join("tmp")).is_empty());
}

#[tokio::test]
async fn t52_an_upload_whose_sender_has_gone_is_not_stored() {
    let (folder, store) = store();
    let begun =
        futures::stream::iter([Ok::<_, Infallible>(vec![7; 50_000])]).chain(futures::stream::pending());
    let upload = store.put_all(begun);
    let gone = tokio::time::timeout(Duration::from_millis(50), upload).await;
    assert!(gone.is_err());
    // The thread is done when the store is.
    store.close().await;
    assert_eq!(files(folder.path()), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn t37_what_is_deleted_while_it_comes_in_is_gone_at_once() {
    let (folder, store) = store();
    let (_one, sender) = self::store();
    let hash = put(&sender, &bytes(700_000)).await;
    let part = encoded(&sender, hash, 0, 0).await[..300_000].to_vec();
    let begun = futures::stream::iter([Ok::<_, Infallible>(part)]).chain(futures::stream::pending());
    let mut receiving = store.receive(hash, 700_000, u64::MAX).await.unwrap();
    let deleting = async {
        // It has begun.
        while files(folder.path()).iter().all(|path| path.metadata().unwrap().len() < 16_384) {
            tokio::task::yield_now().await;
        }
        store.delete(hash).await.unwrap();
    };
    let received = async {
        let result = receiving.decode(0, begun).await;
        drop(receiving);
        result
    };
    let (received, ()) = tokio::join!(received, deleting);
    assert!(matches!(received, Err(BlobError::Unwanted(_))), "{received:?}");
    assert_eq!(files(folder.path()), Vec::<std::path::PathBuf>::new());
}
