//! Time and randomness: they come in as arguments, and only this module reads the system's.
//!
//! Code that needs them takes an [`Env`]; tests give it a clock that they move and a generator with a seed.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use rand::{CryptoRng, Rng as _, SeedableRng, TryCryptoRng, TryRng, rngs::StdRng};
use rustix::time::{ClockId, clock_gettime};
use volbridge_proto::{SubjectId, Timestamp};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now, as the system has it: somebody may set it.
    fn now(&self) -> Timestamp;

    /// How long it has gone by a clock that nobody sets, since whatever moment.
    fn elapsed(&self) -> Duration;
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

    /// How long the clock that nobody sets has gone.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed()
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

    /// Goes on while the machine is asleep, which the clock of `Instant` does not.
    fn elapsed(&self) -> Duration {
        let since = clock_gettime(ClockId::Boottime);
        let (seconds, nanos) = (u64::try_from(since.tv_sec), u32::try_from(since.tv_nsec));
        Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
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
pub struct ManualClock(Arc<Clocks>);

/// In milliseconds.
#[derive(Debug)]
struct Clocks {
    now: AtomicI64,
    elapsed: AtomicI64,
}

impl ManualClock {
    /// Stands at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Clocks { now: AtomicI64::new(now.as_millis()), elapsed: AtomicI64::new(0) }))
    }

    /// So much time passes.
    pub fn advance(&self, millis: i64) {
        self.0.elapsed.fetch_add(millis, Ordering::SeqCst);
        self.0.now.fetch_add(millis, Ordering::SeqCst);
    }

    /// Somebody moves the clock, back if negative; no time passes.
    pub fn jump(&self, millis: i64) {
        self.0.now.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.now.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.elapsed.load(Ordering::SeqCst).try_into().unwrap_or(0))
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
