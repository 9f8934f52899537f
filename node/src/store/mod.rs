//! The node's tables: SQLite by default, PostgreSQL by configuration.
//!
//! One SQL text for both (style.md section 4): `$n` in order, TEXT, BIGINT, BYTEA, BOOLEAN, DOUBLE PRECISION, times as
//! Unix milliseconds. What differs between the two lives in [`db`] alone. Everything here trusts its callers:
//! whatever comes from strangers was verified by `proto` before.

pub mod db;
pub mod error;
pub mod lock;
pub mod migrate;
pub mod select;
pub mod value;

pub use crate::args;
pub use db::{Db, OpenOptions, Query, Row, Tx};
pub use error::StoreError;
pub use value::Value;
