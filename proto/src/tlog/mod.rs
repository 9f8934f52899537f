//! The log: leaves, tree, proofs, checkpoints (protocol sections 3, 4 and 7).

pub mod checkpoint;
pub mod cosignature;
pub mod entry;
pub mod frontier;
pub mod note;
pub mod own;
pub mod policy;
pub mod proof;
pub mod proven;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
