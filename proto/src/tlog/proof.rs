//! Proofs between trees of one log, made and checked.
//! Inclusion and consistency: [RFC 6962, 2.1.1 and 2.1.2](https://www.rfc-editor.org/rfc/rfc6962.html#section-2.1.1),
//! checked as in RFC 9162. Subtree consistency: draft-ietf-plants-merkle-tree-certs,
//! "Subtree Consistency Proofs", of which the other two are special cases.
//! A proof is made by listing the spans of leaves that it covers and hashing each.

use crate::{
    error::{Code, Refusal},
    tlog::{
        entry::{Hash, node_hash},
        tile::{TileId, tiles_of},
        tree::{HashSource, split, subtree_hash},
    },
};

/// Leaves `[start, end)`.
pub(crate) type Span = (u64, u64);

/// The most hashes that a proof can have.
pub const MAX_HASHES: usize = 64;

/// Proof that leaf `index` stands in the tree of `size`: its sibling first.
pub fn inclusion(source: &(impl HashSource + ?Sized), index: u64, size: u64) -> Result<Vec<Hash>, Refusal> {
    if index >= size {
        return Err(Refusal::new(Code::ProofRange).at("index"));
    }
    subtree(source, index, index + 1, size)
}

/// Proof that the tree of size `old` is the beginning of that of size `new`.
pub fn consistency(source: &(impl HashSource + ?Sized), old: u64, new: u64) -> Result<Vec<Hash>, Refusal> {
    if old > new {
        return Err(Refusal::new(Code::ProofRange).at("old"));
    }
    if old == 0 { Ok(Vec::new()) } else { subtree(source, 0, old, new) }
}

/// Proof that the subtree `[start, end)` stands in the tree of `size`.
pub fn subtree(
    source: &(impl HashSource + ?Sized),
    start: u64,
    end: u64,
    size: u64,
) -> Result<Vec<Hash>, Refusal> {
    if !is_subtree(start, end) || end > size {
        return Err(Refusal::new(Code::ProofRange).at("subtree"));
    }
    let missing = |(start, end): Span| {
        Refusal::new(Code::TileMissing).with("start", start.to_string()).with("end", end.to_string())
    };
    let spans = spans(start, end, size, false);
    spans.into_iter().map(|span| subtree_hash(source, span.0, span.1).ok_or_else(|| missing(span))).collect()
}

/// Checks that `leaf_hash` stands at `index` in the tree of `size` with this root.
pub fn verify_inclusion(
    leaf_hash: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), Refusal> {
    let refused = |_| Refusal::new(Code::ProofInclusion);
    let end = index.checked_add(1).ok_or_else(|| Refusal::new(Code::ProofRange).at("index"))?;
    verify_subtree(index, end, leaf_hash, size, root, proof).map_err(|refusal| match refusal.code {
        Code::ProofSubtree => refused(refusal),
        _ => refusal,
    })
}

/// Checks that the tree `(old, old_root)` is the beginning of `(new, new_root)`.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), Refusal> {
    let refused = || Refusal::new(Code::ProofConsistency);
    if old > new {
        return Err(Refusal::new(Code::ProofRange).at("old"));
    }
    if old == 0 {
        let empty = *old_root == super::tree::empty_root() && proof.is_empty();
        return if empty { Ok(()) } else { Err(refused()) };
    }
    verify_subtree(0, old, old_root, new, new_root, proof).map_err(|refusal| match refusal.code {
        Code::ProofSubtree => refused(),
        _ => refusal,
    })
}

/// Checks that the subtree `[start, end)` with this hash stands in `(size, root)`.
pub fn verify_subtree(
    start: u64,
    end: u64,
    hash: &Hash,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), Refusal> {
    if !is_subtree(start, end) || end > size {
        return Err(Refusal::new(Code::ProofRange).at("subtree"));
    }
    let expected = spans(start, end, size, false).len();
    if proof.len() != expected {
        return Err(Refusal::new(Code::ProofLength).with("expected", expected.to_string()));
    }
    let seeded = end == size || (end - start).is_power_of_two();
    let (seed, rest) = match proof.split_first() {
        Some((first, rest)) if !seeded => (first, rest),
        _ => (hash, proof),
    };
    if climb(start, end, size, seed, rest) == Some((*hash, *root)) {
        Ok(())
    } else {
        Err(Refusal::new(Code::ProofSubtree))
    }
}

/// From a consistency proof whose first hash is always the seed (also where RFC 6962
/// leaves it out): the roots at `old` and at `new` that it leads to.
pub(crate) fn explicit_roots(old: u64, new: u64, proof: &[Hash]) -> Option<(Hash, Hash)> {
    if old == 0 || old > new || proof.len() != spans(0, old, new, true).len() {
        return None;
    }
    let (seed, rest) = proof.split_first()?;
    climb(0, old, new, seed, rest)
}

/// Whether the trees of RFC 6962 and its successors have such a subtree.
pub fn is_subtree(start: u64, end: u64) -> bool {
    let size = end.checked_sub(start).filter(|size| *size > 0);
    let power = size.and_then(u64::checked_next_power_of_two);
    match (size, power) {
        (None, _) => false,
        (_, Some(power)) => start.is_multiple_of(power),
        // Wider than 2^63: only at the very left.
        (_, None) => start == 0,
    }
}

/// The spans whose hashes make up the proof for `[start, end)` in a tree of `size`,
/// in the order of the proof; with the seed also where the proof leaves it out.
pub(crate) fn spans(start: u64, end: u64, size: u64, explicit: bool) -> Vec<Span> {
    let (mut low, mut high) = (0, size);
    let (mut from, mut known) = (start, true);
    let mut spans = Vec::new();
    while (from, end) != (low, high) && high - low > 1 {
        let middle = low + split(high - low);
        if end <= middle {
            spans.push((middle, high));
            high = middle;
        } else {
            spans.push((low, middle));
            if from < middle {
                known = false;
                from = middle;
            }
            low = middle;
        }
    }
    if !known || explicit {
        spans.push((low, high));
    }
    spans.reverse();
    spans
}

/// From the seed upwards: the hash over `[start, end)` and the root.
fn climb(start: u64, end: u64, size: u64, seed: &Hash, proof: &[Hash]) -> Option<(Hash, Hash)> {
    let mut first = start;
    let mut last = end.checked_sub(1)?;
    let mut top = size.checked_sub(1)?;
    let shift = if last == top {
        64 - (first ^ last).leading_zeros()
    } else {
        (64 - (first ^ last).leading_zeros()).min(last.trailing_ones())
    };
    let down = |number: u64, by: u32| number.checked_shr(by).unwrap_or(0);
    (first, last, top) = (down(first, shift), down(last, shift), down(top, shift));
    let (mut inner, mut outer) = (*seed, *seed);
    for sibling in proof {
        if top == 0 {
            return None;
        }
        if last & 1 == 1 || last == top {
            if first < last {
                inner = node_hash(sibling, &inner);
            }
            outer = node_hash(sibling, &outer);
            let zeros = last.trailing_zeros().min(63);
            (first, last, top) = (first >> zeros, last >> zeros, top >> zeros);
        } else {
            outer = node_hash(&outer, sibling);
        }
        (first, last, top) = (first >> 1, last >> 1, top >> 1);
    }
    (top == 0).then_some((inner, outer))
}

/// Which tiles of the tree of `size` a proof needs: runs `make` over a source that
/// only takes notes. Load them, then run `make` over `tile::Tiles`.
pub fn plan<T>(size: u64, make: impl FnOnce(&dyn HashSource) -> T) -> Vec<TileId> {
    let notes = Notes { size, tiles: std::cell::RefCell::default() };
    make(&notes);
    notes.tiles.into_inner().into_iter().collect()
}

struct Notes {
    size: u64,
    tiles: std::cell::RefCell<std::collections::BTreeSet<TileId>>,
}

impl HashSource for Notes {
    fn hash(&self, level: u32, index: u64) -> Option<Hash> {
        self.tiles.borrow_mut().extend(tiles_of(level, index, self.size));
        Some([0; 32])
    }
}

#[cfg(test)]
mod tests;
