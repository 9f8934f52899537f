//! The Volbridge protocol.
#![allow(missing_docs)]
pub mod wire;
