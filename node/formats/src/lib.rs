//! Listings in the formats that others write and read, in and out: JSON Lines, tables, JSON-LD, feeds.
//!
//! Pure: bytes in, bytes out, no files, no network, no clock. Reading never stops at the first fault: each has
//! its row and column, and what could be read is handed out beside it. What a format can't carry stands at the
//! head of its module.

mod entry;
mod fault;
pub mod jsonl;
mod moment;
pub mod table;

pub use entry::{Entry, Translation};
pub use fault::{Fault, WriteError};
