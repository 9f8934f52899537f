//! What whole-system tests need.

pub mod pg;
