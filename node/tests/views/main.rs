//! Tests of the views: each body runs on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../../tests/src/pg.rs"]
mod pg;
#[path = "../store/place.rs"]
mod place;

mod handovers;
mod hostile;
mod order;
mod organisations;
mod sealed;
mod statistics;
mod translations;
mod world;
