//! Places where a test lets the process die as `kill -9` would: nothing is rolled back, flushed or told to anybody
//! (threats.md F01). They are there in builds with debug assertions alone, and asleep until the test's own program
//! calls `arm`: no setting and nothing from outside wakes one.

/// All points, in the order in which a record passes them; between any two a restart must find its way.
pub const POINTS: &[&str] = &[
    // Every transaction.
    "commit.before",
    "commit.after",
    // The writer of the own log.
    "publish.signed",
    "publish.announce",
    "publish.answered",
    // The slower lines: by this node, and for others.
    "cosign.stored",
    "cosign.signed",
    // Serving a log.
    "serve.target",
    "serve.range",
    "serve.tail",
    "deliver.acknowledged",
    "carry.dropped",
    // Following one.
    "follow.keys",
    "follow.verified",
    "follow.stored",
    "follow.announce",
    "follow.done",
    // Erasing.
    "erase.body",
    "erase.begin",
    "erase.blobs",
    "erase.hard",
    "erase.owed",
    "receipt.due",
    "receipt.written",
    // Following with the search index.
    "index.switch",
    "index.applied",
    "index.prepared",
    "index.committed",
];

#[cfg(debug_assertions)]
mod armed {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    };

    static ARMED: OnceLock<(String, AtomicU32)> = OnceLock::new();

    /// Lets the process die when it comes to `point` for the `passes`-th time. False if there is no such point, or one is armed.
    pub fn arm(point: &str, passes: u32) -> bool {
        passes > 0
            && super::POINTS.contains(&point)
            && ARMED.set((point.to_owned(), AtomicU32::new(passes))).is_ok()
    }

    /// The place itself.
    pub(crate) fn pass(point: &'static str) {
        debug_assert!(super::POINTS.contains(&point), "{point} isn't in the list");
        if let Some((armed, passes)) = ARMED.get()
            && armed == point
            && passes.fetch_sub(1, Ordering::Relaxed) == 1
        {
            std::process::abort();
        }
    }
}

#[cfg(debug_assertions)]
pub use armed::arm;
#[cfg(debug_assertions)]
pub(crate) use armed::pass;

/// The place itself: nothing.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub(crate) fn pass(_: &'static str) {}
