//! The demonstration network: three partners on this machine.

pub mod content;
pub mod pdf;
