//! The Volbridge protocol: what all partners must agree on. The specification is
//! `README.md` of this package; section numbers in module headers are its.
//! Pure: no I/O, no clock, no randomness of its own. Bytes and values in, values
//! and reasons out.

#![cfg_attr(test, expect(clippy::cast_possible_truncation, reason = "tests count small things"))]

// `identity::fixture` is shared with the example that writes the vectors.
#[cfg(test)]
extern crate self as volbridge_proto;

pub mod codes;
pub mod error;
pub mod exchange;
pub mod id;
pub mod identity;
pub mod kinds;
pub mod matching;
pub mod record;
pub mod seal;
pub mod statistics;
pub mod text;
pub mod time;
pub mod tlog;
pub mod wire;
mod wire_serde;

pub use error::{Code, Fault, Refusal};
pub use id::{BlobHash, LogId, PartnerId, RecordId, Ref, SubjectId, partner_id, record_id};
pub use time::{Date, Timestamp};
