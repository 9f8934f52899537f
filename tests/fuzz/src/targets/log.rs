//! What is read of a log: leaves, tiles, notes, checkpoints, proofs, and the files that hold them.

use std::sync::LazyLock;

use volbridge_proto::{
    exchange::Evidence,
    tlog::{
        checkpoint::{Checkpoint, Origin},
        cosignature,
        entry::{Hash, Leaf},
        frontier::Frontier,
        note::{Signature, SignedNote, VerifierKey},
        policy::{MAX_ITEMS, Policy},
        proof,
        tile::{self, TileId},
        tlog_proof::TlogProof,
    },
};

use super::{named, text};
use crate::vectors::Vectors;

/// A leaf's data.
pub fn leaf(bytes: &[u8]) {
    if let Some(leaf) = Leaf::parse(bytes) {
        assert_eq!(leaf.encode().as_slice(), bytes);
    }
}

/// How many entries less one, then a bundle of them.
pub fn bundle(bytes: &[u8]) {
    let Some((width, bundle)) = bytes.split_first() else { return };
    let width = u32::from(*width) + 1;
    if let Ok(entries) = tile::decode_entries(bundle, width) {
        assert_eq!(entries.len(), width as usize);
        assert_eq!(tile::encode_entries(entries.iter().map(Vec::as_slice)).as_deref(), Some(bundle));
    }
}

/// How many hashes less one, then a tile of them.
pub fn tile(bytes: &[u8]) {
    let Some((width, tile)) = bytes.split_first() else { return };
    let id = TileId { level: 0, number: 0, width: u32::from(*width) + 1 };
    if let Ok(hashes) = tile::decode(id, tile) {
        assert_eq!(tile::encode(&hashes), tile);
    }
}

/// The path of a tile or of a bundle.
pub fn tile_path(bytes: &[u8]) {
    let Some(path) = text(bytes) else { return };
    if let Ok(tile) = TileId::parse_path(path) {
        assert_eq!(tile.path(), path);
    }
    if let Ok((number, width)) = tile::parse_entries_path(path) {
        assert_eq!(tile::entries_path(number, width), path);
    }
}

/// A stored right edge.
pub fn frontier(bytes: &[u8]) {
    if let Ok(mut frontier) = Frontier::decode(bytes) {
        assert_eq!(frontier.encode(), bytes);
        let (size, root) = (frontier.size(), frontier.root());
        if size < i64::MAX as u64 {
            frontier.push([7; 32]);
            assert_eq!(frontier.size(), size + 1);
            assert_ne!(frontier.root(), root);
            assert_eq!(Frontier::decode(&frontier.encode()).as_ref(), Ok(&frontier));
        }
    }
}

/// A signed note.
pub fn note(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(note) = SignedNote::parse(text) {
        assert_eq!(note.encode(), text);
        assert!(!note.signatures().is_empty());
    }
}

/// A verifier key.
pub fn vkey(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
}

/// A checkpoint's text.
pub fn checkpoint(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.encode(), text);
        if let Ok(origin) = checkpoint.origin.parse::<Origin>() {
            assert_eq!(origin.to_string(), checkpoint.origin);
        }
    }
}

/// A verifier key in the first line, a signature in the second, then the text that is said to be signed.
pub fn cosignature_line(bytes: &[u8]) {
    let Some((vkey, rest)) = named(bytes) else { return };
    let Some((line, signed)) = named(rest) else { return };
    let (Ok(key), Ok(line), Some(signed)) =
        (vkey.parse::<VerifierKey>(), Signature::parse(line), text(signed))
    else {
        return;
    };
    let verified = cosignature::verify(&key, signed, &line).is_ok();
    let Ok(note) = SignedNote::new(signed.to_owned(), vec![line]) else { return };
    let keys = [key];
    let merged = cosignature::merge_cosignatures(&note, &note, &keys);
    assert_eq!(
        merged.as_ref().is_ok_and(|merged| *merged == note),
        verified,
        "a line that doesn't verify stays"
    );
}

/// Three numbers and as many hashes as there are.
fn numbers_and_hashes(bytes: &[u8]) -> Option<([u64; 3], &[Hash])> {
    let (numbers, rest) = bytes.split_first_chunk::<24>()?;
    let number =
        |place: usize| numbers.as_chunks::<8>().0.get(place).map_or(0, |number| u64::from_be_bytes(*number));
    Some(([number(0), number(1), number(2)], rest.as_chunks::<32>().0))
}

fn other(hash: &Hash) -> Hash {
    let mut other = *hash;
    other[31] ^= 1;
    other
}

/// Index, size, nothing, then the leaf's hash, the root, and the proof.
pub fn inclusion(bytes: &[u8]) {
    let Some(([index, size, _], [leaf, root, proof @ ..])) = numbers_and_hashes(bytes) else { return };
    let holds = |leaf: &Hash, root: &Hash| proof::verify_inclusion(leaf, index, size, proof, root).is_ok();
    if holds(leaf, root) {
        assert!(index < size && proof.len() <= proof::MAX_HASHES);
        assert!(!holds(leaf, &other(root)) && !holds(&other(leaf), root));
    }
}

/// Old size, new size, nothing, then both roots and the proof.
pub fn consistency(bytes: &[u8]) {
    let Some(([old, new, _], [old_root, new_root, proof @ ..])) = numbers_and_hashes(bytes) else { return };
    let holds = |one: &Hash, two: &Hash| proof::verify_consistency(old, one, new, two, proof).is_ok();
    if holds(old_root, new_root) {
        assert!(old <= new && proof.len() <= proof::MAX_HASHES);
        // Every tree begins with the empty one, whose root is known.
        assert!(old == 0 || !holds(old_root, &other(new_root)));
        assert!(!holds(&other(old_root), new_root));
    }
}

/// Start, end, size, then the subtree's hash, the root and the proof.
pub fn subtree(bytes: &[u8]) {
    let Some(([start, end, size], [hash, root, proof @ ..])) = numbers_and_hashes(bytes) else { return };
    let holds = |one: &Hash, two: &Hash| proof::verify_subtree(start, end, one, size, two, proof).is_ok();
    if holds(hash, root) {
        assert!(start < end && end <= size && proof.len() <= proof::MAX_HASHES);
        assert!(!holds(hash, &other(root)) && !holds(&other(hash), root));
    }
}

static POLICY: LazyLock<Option<Policy>> =
    LazyLock::new(|| Policy::parse(Vectors::of("tlog-proof").shared("policy").as_str()?.as_bytes()).ok());

/// A record with its proof, judged by the vectors' policy.
pub fn proof_file(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(file) = TlogProof::parse(text) else { return };
    assert_eq!(file.encode(), text);
    let Some(Ok(record)) = POLICY.as_ref().map(|policy| file.verify(policy)) else { return };
    assert_eq!(record.index(), file.index);
    assert!(record.index() < record.checkpoint().size);
    assert_eq!(record.body().id, volbridge_proto::record_id(&file.extra));
}

static NOTES: LazyLock<Vec<SignedNote>> = LazyLock::new(|| {
    let vectors = Vectors::of("policy");
    let notes = vectors.cases().filter_map(|case| SignedNote::parse(case["note"].as_str()?).ok());
    notes.take(3).collect()
});

/// A policy, which then judges the vectors' notes.
pub fn policy(bytes: &[u8]) {
    let Ok(policy) = Policy::parse(bytes) else { return };
    assert!(policy.logs().len() <= MAX_ITEMS && policy.witnesses().len() <= MAX_ITEMS);
    for note in NOTES.iter() {
        if let Ok(approved) = policy.evaluate(note) {
            assert_eq!(approved.checkpoint.encode(), note.text());
            assert!(approved.log_lines.iter().all(|line| note.signatures().contains(&line.signature)));
        }
    }
}

/// A file that says that a log has two histories.
pub fn evidence(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let Ok(evidence) = Evidence::parse(text) else { return };
    assert_eq!(evidence.encode(), text);
    if let Ok(fork) = evidence.verify() {
        let [one, other] = &fork.checkpoints;
        assert!(fork.prefix <= one.size().min(other.size()));
        assert_eq!((one.log(), other.log()), (fork.log, fork.log));
    }
}
