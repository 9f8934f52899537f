//! Requests a second of one address, in a table that never grows (GCRA over a
//! count-min sketch with conservative update).
//!
//! For each address two counters are chosen by keyed hashes; each holds the time at
//! which everything that was asked is paid off. An address is refused only if both
//! its counters are over, so it suffers from others only if it shares both, and
//! nobody can choose with whom to share.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

const ROWS: usize = 2;
/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// What an address may still ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// At once.
    pub requests: u64,
    /// Seconds until it may ask as many as ever.
    pub full_in: u64,
}

/// So many requests a second, and so many at once.
pub struct Rate {
    /// Nanoseconds that one request costs.
    cost: u64,
    /// Nanoseconds that may be owed: the burst without its last request.
    credit: u64,
    keys: [RandomState; ROWS],
    paid: Mutex<[Box<[u64]>; ROWS]>,
}

impl Rate {
    /// With no requests a second nothing is limited. `counters` is a power of two.
    pub fn new(counters: usize, per_second: u32, burst: u32) -> Self {
        let cost = SECOND.checked_div(per_second.into()).unwrap_or(0);
        let row = || vec![0; counters.next_power_of_two()].into_boxed_slice();
        Self {
            cost,
            credit: cost.saturating_mul(burst.max(1).saturating_sub(1).into()),
            keys: [RandomState::new(), RandomState::new()],
            paid: Mutex::new([row(), row()]),
        }
    }

    /// Requests at once, and the seconds in which they are earned; `None` if nothing is limited.
    pub fn policy(&self) -> Option<(u64, u64)> {
        let burst = self.credit.checked_div(self.cost)?.saturating_add(1);
        Some((burst, self.credit.saturating_add(self.cost).div_ceil(SECOND).max(1)))
    }

    /// Counts one request and says what is left, or how long to wait. `now` never goes back.
    pub fn admit(&self, asker: &impl Hash, now: Duration) -> Result<Left, Duration> {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let mut rows = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = [0; ROWS];
        for ((place, key), row) in places.iter_mut().zip(&self.keys).zip(rows.iter()) {
            // The length is a power of two, so this is the remainder; the cut keeps it.
            #[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
            let low = key.hash_one(asker) as usize;
            *place = low & (row.len() - 1);
        }
        let owed =
            rows.iter().zip(places).filter_map(|(row, place)| row.get(place)).min().copied().unwrap_or(0);
        let ahead = owed.saturating_sub(now);
        if ahead > self.credit {
            return Err(Duration::from_nanos(ahead - self.credit));
        }
        let next = owed.max(now).saturating_add(self.cost);
        for (row, place) in rows.iter_mut().zip(places) {
            if let Some(paid) = row.get_mut(place) {
                *paid = next.max(*paid);
            }
        }
        let taken = next - now;
        let free = self.credit.saturating_add(self.cost).saturating_sub(taken);
        Ok(Left {
            requests: free.checked_div(self.cost).unwrap_or(u64::MAX),
            full_in: taken.div_ceil(SECOND),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Left, Rate};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_passes_then_the_rate_and_the_wait_is_told() {
        let rate = Rate::new(1 << 10, 2, 5);
        assert_eq!(rate.policy(), Some((5, 3)));
        for left in (0..5).rev() {
            assert_eq!(rate.admit(&"one", SECOND).map(|left| left.requests), Ok(left));
        }
        assert_eq!(rate.admit(&"one", SECOND), Err(SECOND / 2));
        let other = rate.admit(&"other", SECOND);
        assert_eq!(other, Ok(Left { requests: 4, full_in: 1 }), "another address has its own");
        assert!(rate.admit(&"one", SECOND + SECOND / 2).is_ok());
        assert!(rate.admit(&"one", SECOND + SECOND / 2).is_err());
        for _ in 0..5 {
            assert!(rate.admit(&"one", SECOND * 60).is_ok(), "the burst comes back, and not more than it");
        }
        assert!(rate.admit(&"one", SECOND * 60).is_err());
    }

    #[test]
    fn t21_a_flood_from_many_addresses_takes_no_more_memory_and_starves_nobody() {
        let rate = Rate::new(1 << 15, 20, 200);
        let mut refused = 0;
        for number in 0..200_000_u32 {
            // A hundred thousand new addresses a second, and somebody who reads ten pages in it.
            let now = Duration::from_micros(10 * u64::from(number));
            let _ = rate.admit(&number, now);
            if number % 10_000 == 0 {
                refused += u32::from(rate.admit(&"a reader", now).is_err());
            }
        }
        assert_eq!(refused, 0);
        assert!(rate.paid.lock().unwrap().iter().all(|row| row.len() == 1 << 15));
    }

    #[test]
    fn a_rate_of_nothing_limits_nothing() {
        let rate = Rate::new(16, 0, 0);
        assert!((0..1000).all(|_| rate.admit(&"one", SECOND).is_ok()));
        assert_eq!(rate.policy(), None);
    }
}
