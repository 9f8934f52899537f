//! A partner's node: what it stores, publishes, exchanges and serves.

pub mod blobs;
pub mod config;
pub mod env;
pub mod store;
pub mod tls;
pub mod views;
