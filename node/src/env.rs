//! Time and randomness: they come in as arguments, and only this module reads the system's.
//!
//! Code that needs them takes an [`Env`]; tests give it a clock that they move and a generator with a seed.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::SystemTime,
};

use rand::{CryptoRng, Rng as _, SeedableRng, TryCryptoRng, TryRng, rngs::StdRng};
use volbridge_proto::{SubjectId, Timestamp};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes that nobody can guess (in tests: that the seed decides).
pub trait Rng: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The clock and the generator that a node was built with; clones share them.
#[derive(Clone)]
pub struct Env {
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Env {
    /// With these two.
    pub fn new(clock: impl Clock + 'static, rng: impl Rng + 'static) -> Self {
        Self { clock: Arc::new(clock), rng: Arc::new(rng) }
    }

    /// The system's.
    #[must_use]
    pub fn system() -> Self {
        Self::new(SystemClock, SystemRng)
    }

    /// For tests: a clock that stands at `now` until it is moved, and bytes that `seed` decides.
    #[must_use]
    pub fn manual(now: Timestamp, seed: u64) -> (Self, ManualClock) {
        let clock = ManualClock::new(now);
        (Self::new(clock.clone(), SeededRng::new(seed)), clock)
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill(&mut bytes);
        bytes
    }

    /// A generator for functions of `proto` and other crates that take one.
    #[must_use]
    pub fn rng(&self) -> impl CryptoRng + use<> {
        EnvRng(self.rng.clone())
    }

    /// A new subject for public records.
    #[must_use]
    pub fn new_public_subject(&self) -> SubjectId {
        SubjectId::v7(self.now().as_millis(), self.bytes())
    }

    /// A new subject for named records: without a time, so that two hosts can't link theirs.
    #[must_use]
    pub fn new_named_subject(&self) -> SubjectId {
        SubjectId::v4(self.bytes())
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The system's generator, through a thread's own that it reseeds.
#[derive(Clone, Copy, Debug)]
pub struct SystemRng;

impl Rng for SystemRng {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// A clock for tests: stands still until moved. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Stands at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_millis())))
    }

    /// Moves by `millis`, back if negative.
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Moves to `now`.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A generator for tests: the same seed, the same bytes.
#[derive(Debug)]
pub struct SeededRng(Mutex<StdRng>);

impl SeededRng {
    /// Starts from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

/// A context's generator in the form that `rand` wants.
struct EnvRng(Arc<dyn Rng>);

impl TryRng for EnvRng {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for EnvRng {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_and_a_manual_clock_stands_still() {
        let (one, clock) = Env::manual(Timestamp::from_millis(1_000), 7);
        let (other, _) = Env::manual(Timestamp::from_millis(1_000), 7);
        assert_eq!(one.bytes::<32>(), other.bytes::<32>());
        assert_ne!(one.bytes::<32>(), one.bytes::<32>());
        clock.advance(5);
        assert_eq!((one.now().as_millis(), other.now().as_millis()), (1_005, 1_000));
        assert!(one.new_public_subject().is_v7() && one.new_named_subject().is_v4());
    }

    #[test]
    fn the_system_gives_time_and_different_bytes() {
        let env = Env::system();
        assert!(env.now() > Timestamp::from_millis(1_700_000_000_000));
        assert_ne!(env.bytes::<16>(), env.bytes::<16>());
        let mut rng = env.rng();
        assert_ne!(rng.next_u64(), rng.next_u64());
    }
}
