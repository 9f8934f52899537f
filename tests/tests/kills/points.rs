//! Where nodes die. `f01_no_point_is_left_out` compares this with the list of all points.

use volbridge_tests::kill::DieAt;

/// While records are published.
pub const PUBLISHING: &[DieAt<'_>] = &[
    ("publish.signed", 1),
    ("publish.signed", 2),
    ("commit.before", 1),
    ("commit.before", 2),
    ("commit.before", 3),
    ("commit.after", 1),
    ("commit.after", 2),
    ("commit.after", 3),
    ("publish.announce", 1),
    ("publish.announce", 2),
    ("publish.answered", 2),
];

/// While a log is followed.
pub const FOLLOWING: &[DieAt<'_>] = &[
    // Far behind, by ranges.
    ("follow.keys", 1),
    ("follow.verified", 1),
    ("follow.stored", 2),
    ("follow.announce", 1),
    // Near the end, by tails.
    ("follow.stored", 1),
    ("follow.done", 1),
    ("commit.before", 1),
    ("commit.before", 2),
    ("commit.after", 1),
    ("commit.after", 2),
    ("commit.after", 3),
    ("cosign.signed", 1),
    // The last: nothing comes after it that would be cosigned instead.
    ("cosign.stored", 1),
];

/// While one is served.
pub const SERVING: &[DieAt<'_>] = &[
    ("serve.target", 1),
    ("serve.range", 1),
    ("serve.range", 2),
    ("serve.tail", 1),
    ("serve.tail", 2),
    ("deliver.acknowledged", 1),
];

/// While what was withdrawn is erased.
pub const ERASING: &[DieAt<'_>] = &[
    ("erase.body", 1),
    ("erase.body", 3),
    ("commit.before", 1),
    ("commit.after", 1),
    ("erase.begin", 1),
    ("erase.blobs", 1),
    ("erase.hard", 1),
    ("erase.owed", 1),
    ("receipt.due", 1),
    ("receipt.written", 1),
];

/// While sealed records are carried for others.
pub const CARRYING: &[DieAt<'_>] = &[("follow.stored", 1), ("serve.tail", 1), ("carry.dropped", 1)];

/// While the search index follows. The first has begun to be built when the node was made.
pub const INDEXING: &[DieAt<'_>] = &[
    ("index.applied", 1),
    ("index.applied", 2),
    ("index.prepared", 1),
    ("index.prepared", 2),
    ("index.committed", 1),
    ("index.committed", 2),
];

/// While it is begun anew.
pub const INDEXING_ANEW: &[DieAt<'_>] = &[
    ("index.applied", 1),
    ("index.prepared", 1),
    ("index.committed", 1),
    ("index.switch", 1),
    ("index.prepared", 2),
    ("index.committed", 2),
];
