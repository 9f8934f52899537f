//! The right edge of a tree: the roots of its perfect subtrees, largest first.
//! It is all that appending and checking a new root takes: at most 64 hashes.
//! Encoded as `u64 size ‖ hash…`, one hash for each bit that is set in the size.

use crate::{
    error::{Code, Refusal},
    tlog::{
        entry::{Hash, node_hash},
        tree::{HashSource, empty_root, fold_right},
    },
};

/// A tree's right edge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Of the tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of the first `size` leaves of a tree; `None` if the source lacks a hash.
    pub fn load(source: &(impl HashSource + ?Sized), size: u64) -> Option<Self> {
        let mut peaks = Vec::new();
        for level in (0..64).rev().filter(|level| size >> level & 1 == 1) {
            peaks.push(source.hash(level, (size >> level) - 1)?);
        }
        Some(Self { size, peaks })
    }

    /// Adds one leaf.
    pub fn push(&mut self, leaf_hash: Hash) {
        let mut carry = leaf_hash;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                carry = node_hash(&left, &carry);
            }
        }
        self.peaks.push(carry);
        self.size = self.size.saturating_add(1);
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        fold_right(&self.peaks).unwrap_or_else(empty_root)
    }

    /// The perfect subtrees as (start, end, hash), from left to right.
    pub fn subtrees(&self) -> impl Iterator<Item = (u64, u64, Hash)> + '_ {
        let mut start = 0;
        let levels = (0..64).rev().filter(|level| self.size >> level & 1 == 1);
        levels.zip(&self.peaks).map(move |(level, hash)| {
            let from = start;
            start += 1 << level;
            (from, start, *hash)
        })
    }

    /// The bytes that are stored.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.peaks.iter().flatten());
        bytes
    }

    /// The frontier that was stored.
    pub fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Code::ProofMalformed).at("frontier");
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or_else(malformed)?;
        let (peaks, spare) = rest.as_chunks::<32>();
        let size = u64::from_be_bytes(*size);
        if !spare.is_empty() || peaks.len() != size.count_ones() as usize {
            return Err(malformed());
        }
        Ok(Self { size, peaks: peaks.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::{entry::leaf_hash, tree::MemoryTree};

    #[test]
    fn a_stored_frontier_goes_on_where_it_was() {
        let mut tree = MemoryTree::new();
        let mut frontier = Frontier::new();
        for number in 0..600_u32 {
            assert_eq!(frontier.root(), tree.root(), "{number}");
            assert_eq!(Frontier::load(&tree, tree.size()).as_ref(), Some(&frontier));
            frontier = Frontier::decode(&frontier.encode()).unwrap();
            let hash = leaf_hash(&number.to_be_bytes());
            tree.push(hash);
            frontier.push(hash);
        }
        assert_eq!(
            frontier.subtrees().map(|(start, end, _)| (start, end)).collect::<Vec<_>>(),
            [(0, 512), (512, 576), (576, 592), (592, 600)]
        );
    }

    #[test]
    fn a_frontier_with_a_hash_too_few_or_too_many_is_refused() {
        let mut frontier = Frontier::new();
        (0..3).for_each(|number: u8| frontier.push(leaf_hash(&[number])));
        let bytes = frontier.encode();
        for cut in 0..bytes.len() {
            assert!(Frontier::decode(&bytes[..cut]).is_err(), "{cut}");
        }
        assert!(Frontier::decode(&[bytes.as_slice(), &[0; 32]].concat()).is_err());
        assert_eq!(Frontier::decode(&[0; 8]), Ok(Frontier::new()));
    }
}
