//! What whole-system tests need: real nodes in this process, a real PostgreSQL server,
//! a real browser, and what staff do at their desks.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't be set up has failed")]

pub mod answers;
pub mod bomb;
pub mod bomber;
pub mod browser;
pub mod caller;
pub mod chance;
pub mod cutter;
pub mod dam;
pub mod desk;
pub mod disk;
pub mod endure;
pub mod flood;
pub mod hostile;
pub mod issuer;
pub mod journal;
pub mod judged;
pub mod kill;
pub mod liar;
pub mod memory;
pub mod methods;
pub mod model;
pub mod outlets;
pub mod packed;
pub mod partner;
pub mod pg;
pub mod pg_proxy;
pub mod place;
pub mod portal;
pub mod proxy;
pub mod relay;
pub mod sealed;
pub mod seed;
pub mod simulation;
pub mod stage;
pub mod stall;
pub mod stranger;
pub mod tables;
pub mod trace;
pub mod wait;

pub use desk::Record;
pub use model::Model;
pub use partner::Partner;
pub use place::Database;
