//! Decoders of the node, compiled here from the node's own files: those of its program can't be named from outside, and
//! the library would bring a database along.

#![expect(dead_code, reason = "a decoder stands beside what only the node calls")]

#[path = "../../../node/src/tls/address.rs"]
pub mod address;
#[path = "../../../node/src/config/mod.rs"]
pub mod config;
#[path = "../../../node/src/tls/extension.rs"]
pub mod extension;
#[path = "../../../node/src/bin/volbridge/input/mod.rs"]
pub mod input;
#[path = "../../../node/src/bin/volbridge/lang.rs"]
pub mod lang;
#[path = "../../../node/src/bin/volbridge/noun.rs"]
pub mod noun;
#[path = "../../../node/src/store/options.rs"]
mod options;
#[path = "../../../node/src/views/page.rs"]
pub mod page;
#[path = "../../../node/src/bin/volbridge/schema.rs"]
pub mod schema;

/// Where partners are, and what their certificates say.
pub mod tls {
    pub use super::{address, extension};
}

/// What the configuration says of the database.
pub mod store {
    pub use super::options::OpenOptions;
}
