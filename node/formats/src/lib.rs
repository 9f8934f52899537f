//! Listings in the formats that others write and read, in and out: JSON Lines, tables, JSON-LD, feeds.
//!
//! Pure: bytes in, bytes out, no files, no network, no clock. Reading never stops at the first fault: each has
//! its row and column, and what could be read is handed out beside it. What a format can't carry stands at the
//! head of its module.

pub mod activity;
pub mod atom;
mod entry;
mod fault;
pub mod ical;
pub mod jsonl;
mod ld;
mod moment;
pub mod rpde;
pub mod schema_org;
pub mod sitemap;
pub mod table;
mod xml;

pub use entry::{Entry, Translation};
pub use fault::{Fault, WriteError};
