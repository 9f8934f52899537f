//! What a listing is for, in the words that volunteers choose by.

/// Ascending: an open list.
pub const CAUSES: &[&str] = &[
    "animals",
    "arts-culture",
    "children-youth",
    "community",
    "disability",
    "disaster-relief",
    "education",
    "elderly",
    "environment",
    "events",
    "gender",
    "health",
    "heritage",
    "human-rights",
    "international-exchange",
    "migrants",
    "poverty",
    "public-safety",
    "rural-development",
    "science-technology",
    "sports",
    "water",
];
