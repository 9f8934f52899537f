//! The targets, by what they read.

pub mod exchange;
pub mod files;
pub mod log;
pub mod partners;
pub mod places;
pub mod records;

use prost::Message;

/// A text, if it is one.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A name in the first line, and what follows it.
fn named(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (name, rest) = bytes.split_at(end);
    Some((text(name)?, rest.get(1..)?))
}

/// Canonical bytes are those that encoding gives, unless they hold fields that only newer nodes know.
fn prints_back<M: Message + Default>(bytes: &[u8]) {
    let value = M::decode(bytes);
    assert!(value.is_ok(), "canonical, and not decoded");
    let again = value.unwrap_or_default().encode_to_vec();
    assert!(again.len() <= bytes.len(), "canonical, and longer when encoded");
    assert!(again.len() < bytes.len() || again == bytes, "two encodings of one message");
}
