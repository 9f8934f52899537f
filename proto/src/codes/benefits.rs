//! What a host gives: the fields of `Offer`.

/// In the order in which people ask.
pub const BENEFITS: &[&str] =
    &["stipend", "housing", "meals", "travel", "insurance", "visa", "training", "certificate"];
