//! The node's API through its gRPC client, against real nodes: each body runs on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../../../tests/src/pg.rs"]
mod pg;
#[expect(dead_code, reason = "other tests open the database themselves")]
#[path = "../store/place.rs"]
mod place;

mod accounts;
mod alerts;
mod content;
mod deeds;
mod desk;
mod directory;
mod imports;
mod index;
mod issuer;
mod materials;
mod node;
mod oidc;
mod organisations;
mod people;
mod permission;
mod proofs;
mod restored;
mod search;
mod statistics;
