//! Everything that reads a stranger's bytes, one target each: it never panics, and what it accepts prints back as it
//! was read, where its format has one spelling. The short run is `tests/short.rs`, the long one `scripts/fuzz`.

pub mod mutate;
mod node;
pub mod seeds;
mod targets;
mod vectors;

// What the node's files name by `crate::`.
use node::{lang, noun, schema, store, tls};
use targets::{exchange, files, log, partners, places, records};

/// What is asserted of any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, in the order of the way in.
pub const TARGETS: &[(&str, Target)] = &[
    ("certificate", partners::certificate),
    ("introduction", partners::introduction),
    ("keys-response", partners::keys_response),
    ("rotation", partners::rotation),
    ("message", exchange::message),
    ("follow", exchange::follow),
    ("claim", exchange::claim),
    ("body", records::body),
    ("sealed", records::sealed),
    ("statement", records::statement),
    ("payload", records::payload),
    ("canonical", records::canonical_form),
    ("leaf", log::leaf),
    ("bundle", log::bundle),
    ("tile", log::tile),
    ("tile-path", log::tile_path),
    ("frontier", log::frontier),
    ("note", log::note),
    ("vkey", log::vkey),
    ("checkpoint", log::checkpoint),
    ("cosignature", log::cosignature_line),
    ("inclusion", log::inclusion),
    ("consistency", log::consistency),
    ("subtree", log::subtree),
    ("proof-file", log::proof_file),
    ("policy", log::policy),
    ("evidence", log::evidence),
    ("host-port", places::host_port),
    ("ids", places::ids),
    ("words", places::words),
    ("cursor", places::cursor),
    ("config", files::config),
    ("entries", files::entries),
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}
