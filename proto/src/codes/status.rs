//! What a host says of a listing that is published; nothing said: it is open.

/// All of them: a closed list.
pub const STATUS: &[&str] = &["full", "paused", "closed"];
