//! The store's tests: each body runs on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../../tests/src/pg.rs"]
mod pg;

mod causes;
mod db;
mod ledger;
mod log;
mod place;
mod shared;
