use proptest::prelude::*;

use super::*;
use crate::tlog::{
    entry::leaf_hash,
    tree::{MemoryTree, empty_root, root},
};

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

/// `PATH(m, D[n])` of RFC 6962, word for word.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
    let (mut proof, sibling) = if index < left.len() {
        (path(index, left), root(right))
    } else {
        (path(index - left.len(), right), root(left))
    };
    proof.push(sibling);
    proof
}

/// `SUBTREE_SUBPROOF(start, end, D_n, b)` of the draft, word for word.
fn subproof(start: usize, end: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if start == 0 && end == leaves.len() {
        return if known { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
    let k = left.len();
    let (mut proof, sibling) = if end <= k {
        (subproof(start, end, left, known), root(right))
    } else if k <= start {
        (subproof(start - k, end - k, right, known), root(left))
    } else {
        (subproof(0, end - k, right, false), root(left))
    };
    proof.push(sibling);
    proof
}

#[test]
fn inclusion_proofs_are_those_of_rfc_6962_and_verify() {
    let all = leaves(70);
    let tree = MemoryTree::from_leaf_hashes(&all);
    for size in 1..=70 {
        for index in 0..size {
            let proof = inclusion(&tree, index, size).unwrap();
            assert_eq!(proof, path(index as usize, &all[..size as usize]));
            let root = tree.root_at(size).unwrap();
            verify_inclusion(&all[index as usize], index, size, &proof, &root).unwrap();
        }
    }
}

#[test]
fn subtree_proofs_are_those_of_the_draft_and_verify() {
    let all = leaves(40);
    let tree = MemoryTree::from_leaf_hashes(&all);
    for size in 1..=40_u64 {
        let root = tree.root_at(size).unwrap();
        for start in 0..size {
            for end in start + 1..=size {
                if !is_subtree(start, end) {
                    assert_eq!(subtree(&tree, start, end, size).unwrap_err().code, Code::ProofRange);
                    continue;
                }
                let proof = subtree(&tree, start, end, size).unwrap();
                assert_eq!(proof, subproof(start as usize, end as usize, &all[..size as usize], true));
                let hash = subtree_hash(&tree, start, end).unwrap();
                verify_subtree(start, end, &hash, size, &root, &proof).unwrap();
                assert!(verify_subtree(start, end, &[7; 32], size, &root, &proof).is_err());
                assert!(verify_subtree(start, end, &hash, size, &[7; 32], &proof).is_err());
            }
        }
    }
}

#[test]
fn every_old_tree_is_consistent_with_every_newer_one() {
    let tree = MemoryTree::from_leaf_hashes(&leaves(66));
    for new in 0..=66 {
        for old in 0..=new {
            let proof = consistency(&tree, old, new).unwrap();
            let (old_root, new_root) = (tree.root_at(old).unwrap(), tree.root_at(new).unwrap());
            verify_consistency(old, &old_root, new, &new_root, &proof).unwrap();
            if old > 0 {
                let explicit = spans(0, old, new, true);
                let hashes: Vec<Hash> =
                    explicit.iter().map(|span| subtree_hash(&tree, span.0, span.1).unwrap()).collect();
                assert_eq!(explicit_roots(old, new, &hashes), Some((old_root, new_root)));
            }
        }
    }
}

#[test]
fn the_empty_tree_is_consistent_with_everything_and_nothing_else_is_empty() {
    let tree = MemoryTree::from_leaf_hashes(&leaves(3));
    verify_consistency(0, &empty_root(), 3, &tree.root(), &[]).unwrap();
    assert!(verify_consistency(0, &[1; 32], 3, &tree.root(), &[]).is_err());
    assert!(verify_consistency(0, &empty_root(), 3, &tree.root(), &[[0; 32]]).is_err());
}

#[test]
fn the_largest_trees_do_not_overflow() {
    let hash = [1; 32];
    for (start, end, size) in [
        (0, u64::MAX, u64::MAX),
        (u64::MAX - 1, u64::MAX, u64::MAX),
        (0, 1, u64::MAX),
        (1 << 63, u64::MAX, u64::MAX),
    ] {
        let proof = vec![hash; spans(start, end, size, false).len()];
        assert!(proof.len() <= MAX_HASHES);
        let _ = verify_subtree(start, end, &hash, size, &hash, &proof);
    }
    assert_eq!(verify_inclusion(&hash, u64::MAX, u64::MAX, &[], &hash).unwrap_err().code, Code::ProofRange);
    assert_eq!(verify_subtree(5, 5, &hash, 9, &hash, &[]).unwrap_err().code, Code::ProofRange);
}

proptest! {
    #[test]
    fn t01_a_proof_with_any_change_is_refused(
        size in 1_u64..600,
        pick in any::<(u64, u64)>(),
        flip in any::<(prop::sample::Index, u8)>(),
        kind in 0..5,
    ) {
        let tree = MemoryTree::from_leaf_hashes(&leaves(size));
        let end = 1 + pick.0 % size;
        let power = (pick.1 % end + 1).next_power_of_two().min(end.next_power_of_two());
        let start = (end - 1) / power * power;
        let root = tree.root();
        let hash = subtree_hash(&tree, start, end).unwrap();
        let mut proof = subtree(&tree, start, end, size).unwrap();
        prop_assert!(verify_subtree(start, end, &hash, size, &root, &proof).is_ok());
        match kind {
            0 if !proof.is_empty() => { let at = flip.0.index(proof.len()); proof[at][usize::from(flip.1) % 32] ^= 1 << (flip.1 % 8); }
            1 if !proof.is_empty() => { proof.pop(); }
            2 if proof.len() > 1 => { proof.rotate_left(1); }
            _ => proof.push([flip.1; 32]),
        }
        prop_assert!(verify_subtree(start, end, &hash, size, &root, &proof).is_err());
    }

    #[test]
    fn t01_an_entry_is_found_at_its_own_index_only(size in 2_u64..400, pick in any::<(u64, u64)>()) {
        let all = leaves(size);
        let tree = MemoryTree::from_leaf_hashes(&all);
        let (index, other) = (pick.0 % size, pick.1 % size);
        let proof = inclusion(&tree, index, size).unwrap();
        let verdict = verify_inclusion(&all[index as usize], other, size, &proof, &tree.root());
        prop_assert_eq!(verdict.is_ok(), index == other);
    }

    #[test]
    fn t06_two_histories_are_never_consistent(old in 1_u64..300, more in 0_u64..300, changed in any::<u64>()) {
        let mut forked = leaves(old + more);
        let honest = MemoryTree::from_leaf_hashes(&forked);
        forked[(changed % old) as usize] = [9; 32];
        let forked = MemoryTree::from_leaf_hashes(&forked);
        let proof = consistency(&forked, old, old + more).unwrap();
        let verdict = verify_consistency(old, &honest.root_at(old).unwrap(), old + more, &forked.root(), &proof);
        prop_assert!(verdict.is_err());
    }
}
