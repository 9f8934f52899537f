//! The store's tests: each body runs on SQLite and on PostgreSQL.

#[path = "../../../tests/src/pg.rs"]
mod pg;

mod db;
mod ledger;
mod log;
mod place;
mod shared;
