//! The log: leaves, tree, proofs, checkpoints (protocol sections 3, 4 and 7).

pub mod entry;
pub mod frontier;
pub mod proof;
pub mod tile;
pub mod tree;
