//! The node's tables: SQLite by default, PostgreSQL by configuration.
//!
//! One SQL text for both (style.md section 4): `$n` in order, TEXT, BIGINT, BYTEA, BOOLEAN, DOUBLE PRECISION, times as
//! Unix milliseconds. What differs between the two lives in [`db`] alone. Everything here trusts its callers:
//! whatever comes from strangers was verified by `proto` before.

pub mod access;
pub mod accounts;
pub mod alarm;
pub mod blobs;
pub mod causes;
pub mod changes;
mod column;
pub mod cosigned;
pub mod db;
pub mod derived;
pub mod drafts;
pub mod entries;
pub mod error;
pub mod events;
pub mod feeds;
pub mod idempotency;
pub mod identities;
pub mod imports;
pub mod lock;
pub mod logs;
pub mod mark;
pub mod migrate;
pub mod notes;
mod options;
pub mod peers;
pub mod received;
pub mod recipients;
pub mod refusals;
pub mod revisions;
pub mod saved;
pub mod select;
pub mod sessions;
pub mod signed;
pub mod templates;
pub mod tiles;
pub mod value;
pub mod withdrawals;

pub use crate::args;
pub use alarm::Alarm;
pub use db::{Db, Query, Row, Tx};
pub use error::StoreError;
pub use options::OpenOptions;
pub use value::Value;
