//! A partner's node: what it stores, publishes, exchanges and serves.

pub mod api;
pub mod blobs;
pub mod config;
pub mod context;
pub mod desk;
pub mod env;
pub mod error;
pub mod exchange;
pub mod failpoint;
pub mod feeds;
pub mod fsck;
pub mod heads;
mod histories;
pub mod imports;
pub mod ingest;
pub mod init;
pub mod keys;
pub mod lines;
pub mod mail;
mod metrics;
mod monthly;
mod node;
pub mod people;
mod preface;
pub mod publish;
pub mod receipts;
mod repair;
pub mod search;
pub mod status;
mod steady;
pub mod store;
pub mod tls;
pub mod upkeep;
pub mod views;

pub use error::Error;
pub use node::Node;
