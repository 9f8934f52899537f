//! Roots of Merkle trees and where hashes come from.
//! [RFC 6962, section 2.1](https://www.rfc-editor.org/rfc/rfc6962.html#section-2.1):
//! the tree over `n` leaves splits at the largest power of two below `n`.
//! Everything here works on leaf hashes; `tlog::entry::leaf_hash` makes them.

use sha2::{Digest, Sha256};

use crate::tlog::{
    entry::{Hash, node_hash},
    frontier::Frontier,
};

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The root of the tree over these leaf hashes.
pub fn root(leaf_hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for hash in leaf_hashes {
        frontier.push(*hash);
    }
    frontier.root()
}

/// The largest power of two below `n`; `n` is at least 2.
pub(crate) fn split(n: u64) -> u64 {
    1 << (63 - (n.max(2) - 1).leading_zeros())
}

/// Knows the hashes of perfect subtrees.
pub trait HashSource {
    /// The hash over leaves `[index << level, (index + 1) << level)`, if it is known.
    fn hash(&self, level: u32, index: u64) -> Option<Hash>;
}

/// The hash over leaves `[start, end)` as one tree, put together from perfect subtrees.
/// `start` must be a multiple of the smallest power of two that holds `end - start`.
pub fn subtree_hash(source: &(impl HashSource + ?Sized), start: u64, end: u64) -> Option<Hash> {
    let mut size = end.checked_sub(start)?;
    if size == 0 {
        return (start == 0).then(empty_root);
    }
    if !start.is_multiple_of(size.checked_next_power_of_two()?) {
        return None;
    }
    // Perfect subtrees from left to right, the largest first; then folded from the right.
    let mut parts = Vec::new();
    let mut at = start;
    while size > 0 {
        let level = 63 - size.leading_zeros();
        parts.push(source.hash(level, at >> level)?);
        at += 1 << level;
        size -= 1 << level;
    }
    fold_right(&parts)
}

/// One hash from those of perfect subtrees that stand side by side, largest first.
pub(crate) fn fold_right(parts: &[Hash]) -> Option<Hash> {
    let (last, rest) = parts.split_last()?;
    Some(rest.iter().rev().fold(*last, |right, left| node_hash(left, &right)))
}

/// A whole tree in memory: for vectors, tests and small logs.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    /// A tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree over these leaf hashes.
    pub fn from_leaf_hashes(hashes: &[Hash]) -> Self {
        let mut tree = Self::new();
        for hash in hashes {
            tree.push(*hash);
        }
        tree
    }

    /// Adds one leaf.
    pub fn push(&mut self, leaf_hash: Hash) {
        let mut carry = leaf_hash;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            row.push(carry);
            if row.len() % 2 != 0 {
                return;
            }
            let [.., left, right] = row.as_slice() else { return };
            carry = node_hash(left, right);
        }
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |row| row.len() as u64)
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        self.root_at(self.size()).unwrap_or_else(empty_root)
    }

    /// The root over the first `size` leaves, if there are as many.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        subtree_hash(self, 0, size)
    }
}

impl HashSource for MemoryTree {
    fn hash(&self, level: u32, index: u64) -> Option<Hash> {
        self.levels.get(usize::try_from(level).ok()?)?.get(usize::try_from(index).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::entry::leaf_hash;

    /// RFC 6962's definition, word for word.
    fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(split(many.len() as u64) as usize);
                node_hash(&mth(left), &mth(right))
            }
        }
    }

    fn leaves(count: u32) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
    }

    #[test]
    fn roots_agree_with_the_recursive_definition() {
        for count in (0..70).chain([127, 128, 129, 255, 256, 257, 1000]) {
            let leaves = leaves(count);
            assert_eq!(root(&leaves), mth(&leaves), "{count}");
            assert_eq!(MemoryTree::from_leaf_hashes(&leaves).root(), mth(&leaves), "{count}");
        }
    }

    #[test]
    fn subtrees_agree_with_the_recursive_definition() {
        let leaves = leaves(100);
        let tree = MemoryTree::from_leaf_hashes(&leaves);
        for start in 0..100_u64 {
            for end in start + 1..=100 {
                let aligned = start % (end - start).next_power_of_two() == 0;
                let expected = aligned.then(|| mth(&leaves[start as usize..end as usize]));
                assert_eq!(subtree_hash(&tree, start, end), expected, "{start} {end}");
            }
        }
    }

    #[test]
    fn a_hash_beyond_the_tree_is_not_known() {
        let tree = MemoryTree::from_leaf_hashes(&leaves(5));
        assert_eq!(tree.hash(0, 5), None);
        assert_eq!(tree.hash(3, 0), None);
        assert_eq!(tree.hash(60, u64::MAX), None);
        assert_eq!(tree.root_at(6), None);
    }

    #[test]
    fn trees_split_at_the_largest_smaller_power_of_two() {
        assert_eq!([2, 3, 4, 5, 8, 9].map(split), [1, 2, 2, 4, 4, 8]);
        assert_eq!(split(u64::MAX), 1 << 63);
    }
}
