//! A node fetches blobs: from those who lie, and over lines that break.

use std::sync::{Arc, Mutex};

use futures::{StreamExt as _, stream};
use rstest::rstest;
use tokio::sync::watch;
use tonic::Status;
use volbridge_node::{api::status, blobs::BlobStore};
use volbridge_proto::{BlobHash, Code, PartnerId, wire::exchange::v1 as wire};
use volbridge_tests::{
    Database, Partner,
    dam::{Dam, Flow},
    liar::{Answers, Blobs, Liar},
    partner::PATIENCE,
};

use super::{arrives, bytes, hash, on_disk};

const SIZE: usize = 400_000;

/// Blobs of a liar, as an honest node would hold them.
struct Held {
    _folder: tempfile::TempDir,
    store: BlobStore,
}

impl Held {
    async fn new(blobs: &[&[u8]]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = BlobStore::open(folder.path(), 1 << 30).unwrap();
        for bytes in blobs {
            let pieces = stream::iter([Ok::<_, Status>(bytes.to_vec())]);
            store.put(bytes.len() as u64, None, pieces).await.unwrap();
        }
        Self { _folder: folder, store }
    }

    /// The honest answer.
    fn answer(&self, request: &wire::FetchBlobRequest) -> Result<Answers<wire::BlobChunk>, Status> {
        let hash = BlobHash::try_from(request.hash.as_slice()).unwrap();
        let encoded = self.store.encode(PartnerId::from([0; 32]), hash, request.offset, 0);
        let (size, pieces) = encoded.map_err(|error| status(error.into()))?;
        Ok(pieces
            .map(move |piece| {
                let encoded = piece.map_err(|error| status(error.into()))?;
                Ok(wire::BlobChunk { size, encoded })
            })
            .boxed())
    }
}

fn absent() -> Result<Answers<wire::BlobChunk>, Status> {
    Err(status(Code::BlobUnknown.into()))
}

fn chunk(encoded: Vec<u8>) -> Result<wire::BlobChunk, Status> {
    Ok(wire::BlobChunk { size: SIZE as u64, encoded })
}

/// What a liar answers instead.
type Lie = fn(Answers<wire::BlobChunk>) -> Result<Answers<wire::BlobChunk>, Status>;

/// Changes the encoded bytes of each piece.
fn each(truth: Answers<wire::BlobChunk>, change: fn(&mut Vec<u8>)) -> Answers<wire::BlobChunk> {
    let changed = truth.map(move |chunk| {
        let mut chunk = chunk?;
        change(&mut chunk.encoded);
        Ok(chunk)
    });
    changed.boxed()
}

/// What can be sent in place of a blob, each by its name; and whether the blob arrives all the same. None becomes right
/// by being asked for again.
const LIES: &[(&str, bool, Lie)] = &[
    ("one bit switched", false, |truth| {
        Ok(each(truth, |encoded| {
            if let Some(last) = encoded.last_mut() {
                *last ^= 1;
            }
        }))
    }),
    ("one byte left out", false, |truth| Ok(each(truth, |encoded| encoded.truncate(encoded.len() - 1)))),
    ("a byte too many", false, |truth| Ok(each(truth, |encoded| encoded.insert(0, 7)))),
    ("a hash left out", false, |truth| Ok(each(truth, |encoded| drop(encoded.drain(..32))))),
    ("hashes swapped", false, |truth| Ok(each(truth, |encoded| encoded[..64].rotate_left(32)))),
    ("the first piece left out", false, |truth| Ok(truth.skip(1).boxed())),
    ("too short", false, |truth| {
        Ok(each(truth.take(1).boxed(), |encoded| encoded.truncate(40_000.min(encoded.len() - 1))))
    }),
    ("broken off", false, |truth| {
        let beginning =
            each(truth.take(1).boxed(), |encoded| encoded.truncate(40_000.min(encoded.len() - 1)));
        Ok(beginning.chain(stream::iter([Err(Status::unavailable("gone"))])).boxed())
    }),
    ("nothing", false, |_| Ok(stream::empty().boxed())),
    ("absent", false, |_| absent()),
    ("noise without end", false, |_| Ok(stream::repeat_with(|| chunk(vec![7; 60_000])).boxed())),
    ("the truth, then noise without end", true, |truth| {
        Ok(truth.chain(stream::repeat_with(|| chunk(vec![7; 60_000]))).boxed())
    }),
    ("the truth under another size", true, |truth| {
        Ok(truth.map(|chunk| Ok(wire::BlobChunk { size: 5, ..chunk? })).boxed())
    }),
];

/// Makes a node ask its partners for what it wants each second: when it has published something.
async fn asks_again(node: &Partner) {
    let mut seconds = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        seconds.tick().await;
        node.organisation().await;
    }
}

/// Tells when a stream has ended, or was given up.
struct Ended(watch::Sender<u32>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.send_modify(|ended| *ended += 1);
    }
}

/// A liar with one blob that it lies about and one that it doesn't; counts the first's answers that have ended.
async fn liar(
    victim: &Partner,
    named_size: u64,
    bad: &[u8],
    good: &[u8],
    lie: Lie,
) -> (Liar, watch::Receiver<u32>) {
    let held = Held::new(&[bad, good]).await;
    let (bad, good) = (hash(bad).to_vec(), hash(good).to_vec());
    let ended = watch::Sender::new(0);
    let (counter, lied_about) = (ended.subscribe(), bad.clone());
    let blobs: Blobs = Arc::new(move |request| {
        if request.hash != lied_about {
            return held.answer(&request);
        }
        let ended = Ended(ended.clone());
        let answer = held.answer(&request).and_then(lie)?;
        let counted = stream::unfold((answer, ended), |(mut answer, ended)| async move {
            Some((answer.next().await?, (answer, ended)))
        });
        Ok(counted.boxed())
    });
    let grow = |log: &mut volbridge_tests::liar::LiarsLog| {
        let materials = vec![log.material("Bad", &bad, named_size), log.material("Good", &good, SIZE as u64)];
        log.append(materials);
    };
    (Liar::start_with_blobs(victim, grow, blobs).await, counter)
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t52_whatever_is_sent_in_place_of_a_blob_is_never_shown_and_keeps_no_other_away(
    #[case] database: Database,
) {
    let victim = Partner::start("UNV", database).await;
    let mut liars = Vec::new();
    for (what, arrives, lie) in LIES {
        let (bad, good) = (bytes(what, SIZE), bytes(&format!("{what}, good"), SIZE));
        let (liar, ended) = liar(&victim, SIZE as u64, &bad, &good, *lie).await;
        liars.push((what, *arrives, bad, good, liar, ended));
    }
    // And one whose record lies: the blob has another size.
    let (bad, good) = (bytes("size", SIZE), bytes("size, good", SIZE));
    let (liar, ended) = liar(&victim, SIZE as u64 + 1, &bad, &good, Ok).await;
    liars.push((&"another size in the record", false, bad, good, liar, ended));

    let settled = async {
        for (what, is_right, bad, good, _, ended) in &mut liars {
            arrives(&victim, good).await;
            if *is_right {
                arrives(&victim, bad).await;
                continue;
            }
            let asked = tokio::time::timeout(PATIENCE, ended.wait_for(|ended| *ended > 0));
            assert!(asked.await.is_ok(), "{what}: never asked for");
            assert!(victim.blob(&hash(bad)).await.is_none(), "{what}");
        }
    };
    tokio::select! {
        () = settled => {}
        () = asks_again(&victim) => {}
    }
    // What was right of the beginnings is kept to go on with, and nothing else.
    let named = 2 * liars.len() as u64 * SIZE as u64;
    let (held, names) = on_disk(&victim);
    assert!(held < named + named / 20, "{held} bytes on disk: {names:#?}");

    // Who has the right bytes can still bring them.
    let honest = Partner::start("BVF", database).await;
    let conference = honest.conference().await;
    let switched = &liars[0].2;
    honest.material(&conference, switched).await;
    honest.admit(&victim, None).await;
    victim.admit(&honest, None).await;
    arrives(&victim, switched).await;
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t52_a_transfer_goes_on_after_a_cut_at_each_piece_and_fetches_nothing_twice(
    #[case] database: Database,
) {
    let victim = Partner::start_with("UNV", database, &[("blobs.patience_seconds", "1")]).await;
    let blob = bytes("cut", SIZE);
    let held = Held::new(&[&blob]).await;
    // What was asked for, and how many bytes were sent.
    let calls = Arc::new(Mutex::new(Vec::<(u64, u64)>::new()));
    let sent = calls.clone();
    let blobs: Blobs = Arc::new(move |request| {
        let whole = held.answer(&request)?;
        let number = {
            let mut sent = sent.lock().unwrap();
            sent.push((request.offset, 0));
            sent.len()
        };
        let sent = sent.clone();
        // Small pieces, to be cut within groups too.
        let pieces = whole.flat_map(|chunk| {
            let pieces: Vec<_> = chunk.unwrap().encoded.chunks(10_000).map(chunk_of).collect();
            stream::iter(pieces)
        });
        let pieces = pieces.take(number).inspect(move |piece| {
            let bytes = piece.as_ref().map_or(0, |chunk| chunk.encoded.len() as u64);
            sent.lock().unwrap()[number - 1].1 += bytes;
        });
        Ok(match number % 3 {
            0 => pieces.boxed(),
            1 => pieces.chain(stream::iter([Err(Status::unavailable("cut"))])).boxed(),
            _ => pieces.chain(stream::pending()).boxed(),
        })
    });
    let name = hash(&blob);
    let _liar = Liar::start_with_blobs(
        &victim,
        |log| {
            let material = log.material("Cut", &name, SIZE as u64);
            log.append(vec![material]);
        },
        blobs,
    )
    .await;
    tokio::select! {
        () = arrives(&victim, &blob) => {}
        () = asks_again(&victim) => {}
    }
    let calls = calls.lock().unwrap().clone();
    assert!(calls.len() > 5, "{calls:?}");
    for pair in calls.windows(2) {
        let ((from, sent), (next, _)) = (pair[0], pair[1]);
        // Of what came, at most a piece of a group and the hashes above it are asked for again.
        let new = next - from;
        assert!(next >= from && new + 16_384 + 2_048 > sent, "{calls:?}");
    }
    let total: u64 = calls.iter().map(|(_, sent)| sent).sum();
    assert!(total < SIZE as u64 + calls.len() as u64 * 18_432, "{calls:?}");
}

fn chunk_of(piece: &[u8]) -> Result<wire::BlobChunk, Status> {
    chunk(piece.to_vec())
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t52_f11_a_line_that_breaks_again_and_again_brings_a_blob_once(#[case] database: Database) {
    let (bvf, unv) = (Partner::start("BVF", database).await, Partner::start("UNV", database).await);
    let blob = bytes("line", 3_000_000);
    let conference = bvf.conference().await;
    let dam = Dam::start(bvf.exchange()).await;
    unv.admit(&bvf, Some(&dam.address.to_string())).await;
    bvf.admit(&unv, None).await;
    unv.follows(&bvf).await;
    dam.set_after(500_000, Flow::Broken);
    bvf.material(&conference, &blob).await;
    let mut cuts = 0;
    let breaking = async {
        loop {
            dam.reached(Flow::Broken).await;
            cuts += 1;
            dam.set_after(500_000, Flow::Broken);
            dam.set(Flow::Open);
        }
    };
    tokio::select! {
        () = arrives(&unv, &blob) => {}
        () = breaking => {}
    }
    assert!(cuts >= 4, "{cuts}");
    // No connection lived long enough for all of it: what had come before each cut was kept.
    let (_, names) = on_disk(&unv);
    assert_eq!(names.len(), 2, "{names:?}");
}
