//! Who may apply.

/// All of them: a closed list.
pub const APPLICANTS: &[&str] = &["all", "nationals", "residents", "international"];
