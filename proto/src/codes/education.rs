//! Education that a role asks for, at least.

/// From least to most: a closed list.
pub const EDUCATION: &[&str] = &["secondary", "vocational", "bachelor", "master", "doctorate"];
