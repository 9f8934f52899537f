//! Generated from `volbridge/**/*.proto`: messages, and service stubs under the
//! features `client` and `server`.
#![allow(missing_docs, clippy::all, clippy::pedantic, unused_qualifications, rustdoc::invalid_html_tags)]

#[cfg(any(feature = "client", feature = "server"))]
pub mod codec;

/// The envelopes and kinds of records.
pub mod record {
    /// Version 1.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/volbridge.record.v1.rs"));
    }
}

/// Between partners.
pub mod exchange {
    /// Version 1.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/volbridge.exchange.v1.rs"));
    }
}

/// A node's own API.
pub mod node {
    /// Version 1.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/volbridge.node.v1.rs"));
    }
}

/// All `.proto` files as an encoded `FileDescriptorSet`, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
