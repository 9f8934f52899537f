//! Levels of the Common European Framework of Reference for Languages (Council of Europe, 2020).

/// From beginner to proficient: a closed list.
pub const LEVELS: &[&str] = &["A1", "A2", "B1", "B2", "C1", "C2"];
