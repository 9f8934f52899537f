//! The seed of a test that chooses, and how far it goes: printed, so that a failure can be replayed.

use rand::{SeedableRng as _, rngs::StdRng};

/// A generator from `VOLBRIDGE_TEST_SEED`, or from this seed.
#[expect(clippy::print_stderr, reason = "a test that fails says how to play it again")]
pub fn rng(seed: u64) -> StdRng {
    let seed = number("VOLBRIDGE_TEST_SEED").unwrap_or(seed);
    eprintln!("VOLBRIDGE_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// How many points a sweep tries: `VOLBRIDGE_TEST_SWEEP`, or so many as take seconds.
pub fn sweep(points: u64) -> u64 {
    number("VOLBRIDGE_TEST_SWEEP").unwrap_or(points)
}

fn number(name: &str) -> Option<u64> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}
