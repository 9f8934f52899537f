//! The 34 bytes that a log holds of a record, and the hashing of the tree over
//! them (protocol section 3; RFC 6962 section 2.1).

use sha2::{Digest, Sha256};

use crate::id::RecordId;

/// A node of the tree.
pub type Hash = [u8; 32];

/// Who may read a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Everybody.
    Public = 0,
    /// The partners that it is sealed to.
    Named = 2,
}

impl Class {
    /// The class with this number, if version 1 knows it.
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Public),
            2 => Some(Self::Named),
            _ => None,
        }
    }

    /// Its number in bodies and leaves.
    pub fn number(self) -> u8 {
        match self {
            Self::Public => 0,
            Self::Named => 2,
        }
    }
}

/// The version of leaves that this code writes and reads.
pub const LEAF_VERSION: u8 = 1;

/// A leaf's data: `0x01 ‖ class ‖ record id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leaf {
    /// Who may read the record.
    pub class: Class,
    /// Which record.
    pub id: RecordId,
}

impl Leaf {
    /// The 34 bytes.
    pub fn encode(&self) -> [u8; 34] {
        let mut bytes = [0; 34];
        bytes[0] = LEAF_VERSION;
        bytes[1] = self.class.number();
        bytes[2..].copy_from_slice(self.id.as_bytes());
        bytes
    }

    /// Reads a leaf; `None` for another length, version or class: kept as it is, never asked for.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [LEAF_VERSION, class, id @ ..] => {
                Some(Self { class: Class::from_number(u32::from(*class))?, id: RecordId::try_from(id).ok()? })
            }
            _ => None,
        }
    }

    /// The leaf's hash in the tree.
    pub fn hash(&self) -> Hash {
        leaf_hash(&self.encode())
    }
}

/// H(0x00 ‖ leaf data).
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(data);
    hash.finalize().into()
}

/// H(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_read_back() {
        for class in [Class::Public, Class::Named] {
            let leaf = Leaf { class, id: RecordId::from([7; 32]) };
            assert_eq!(Leaf::parse(&leaf.encode()), Some(leaf));
        }
    }

    #[test]
    fn leaves_of_another_length_version_or_class_are_unsupported() {
        let good = Leaf { class: Class::Public, id: RecordId::from([7; 32]) }.encode();
        assert_eq!(Leaf::parse(&good[..33]), None);
        assert_eq!(Leaf::parse(&[good.as_slice(), &[0]].concat()), None);
        for (place, value) in [(0, 0), (0, 2), (1, 1), (1, 3)] {
            let mut other = good;
            other[place] = value;
            assert_eq!(Leaf::parse(&other), None);
        }
    }

    #[test]
    fn the_empty_leaf_hashes_as_rfc_6962_says() {
        let expected = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(hex::encode(leaf_hash(b"")), expected);
    }
}
