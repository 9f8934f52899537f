//! What is checked: of volunteers before they serve, of organisations before a partner vouches for them.

/// Of volunteers; ascending: a closed list.
pub const VOLUNTEER_CHECKS: &[&str] = &["background", "health", "identity", "references"];

/// Of organisations; ascending: a closed list.
pub const ORGANISATION_CHECKS: &[&str] = &["documents", "references", "visit"];
