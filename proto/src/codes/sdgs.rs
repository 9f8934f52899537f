//! The Sustainable Development Goals of the United Nations (A/RES/70/1).

/// The number of the last goal; the first is 1. A closed list.
pub const LAST: u32 = 17;
