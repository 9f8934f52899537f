//! Slows guessing down (threats.md T56): after some failures for one account, or from one address, each further try has to
//! wait, twice as long each time. Unknown accounts are counted like known ones (T57). Passkeys aren't slowed: they can't
//! be guessed, so nobody locks their owner out.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sha2::{Digest, Sha256};
use volbridge_proto::{Code, Timestamp};

use super::minutes;
use crate::error::Error;

/// Failures that cost nothing.
const FREE: u32 = 5;
/// The longest wait, ms.
const LONGEST: i64 = minutes(15);
/// After so long without a failure nothing is remembered, ms.
const FORGOTTEN: i64 = minutes(60);
/// Accounts and addresses that are remembered.
const REMEMBERED: usize = 20_000;

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    fn until(self) -> Timestamp {
        let Some(beyond) = self.count.checked_sub(FREE) else { return Timestamp::from_millis(0) };
        self.last.plus(1000_i64.saturating_mul(1 << beyond.min(20)).min(LONGEST))
    }
}

/// Remembers who failed.
#[derive(Default)]
pub struct Throttle(Mutex<HashMap<[u8; 32], Failures>>);

impl Throttle {
    /// Whether one of these names has to wait.
    ///
    /// # Errors
    /// `rate.limited`, with the seconds.
    pub fn check(&self, names: &[String], now: Timestamp) -> Result<(), Error> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until =
            names.iter().filter_map(|name| failures.get(&hash(name))).map(|found| found.until()).max();
        match until {
            Some(until) if until > now => {
                let left = (until.as_millis() - now.as_millis()).div_euclid(1000) + 1;
                Err(Error::new(Code::RateLimited).with("seconds", left))
            }
            _ => Ok(()),
        }
    }

    /// Notes a failure for each name. True if one of them has to wait from now on.
    pub fn failed(&self, names: &[String], now: Timestamp) -> bool {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let forgotten = now.plus(-FORGOTTEN);
        if failures.len() >= REMEMBERED {
            failures.retain(|_, found| found.last > forgotten);
        }
        let mut slowed = false;
        for name in names {
            let key = hash(name);
            let before =
                failures.get(&key).filter(|found| found.last > forgotten).map_or(0, |found| found.count);
            let failed = Failures { count: before.saturating_add(1), last: now };
            slowed |= failed.until() > now;
            if failures.len() < REMEMBERED || failures.contains_key(&key) {
                failures.insert(key, failed);
            }
        }
        slowed
    }

    /// Forgets them: who signed in is no guesser.
    pub fn succeeded(&self, names: &[String]) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            failures.remove(&hash(name));
        }
    }
}

/// What somebody typed isn't kept.
fn hash(name: &str) -> [u8; 32] {
    Sha256::digest(name.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + seconds * 1000)
    }

    #[test]
    fn t56_each_failure_after_the_fifth_doubles_the_wait() {
        let (throttle, name) = (Throttle::default(), ["a".to_owned()]);
        for _ in 0..FREE - 1 {
            throttle.failed(&name, at(0));
            assert!(throttle.check(&name, at(0)).is_ok());
        }
        for (count, wait) in [(1, 1), (2, 2), (3, 4), (4, 8)] {
            throttle.failed(&name, at(0));
            assert!(throttle.check(&name, at(wait - 1)).is_err(), "{count}");
            assert!(throttle.check(&name, at(wait)).is_ok(), "{count}");
        }
        assert!(throttle.check(&["b".to_owned()], at(0)).is_ok());
    }

    #[test]
    fn the_wait_ends_within_a_quarter_of_an_hour_and_success_forgets() {
        let (throttle, name) = (Throttle::default(), ["a".to_owned()]);
        for count in 1..=1000 {
            assert_eq!(throttle.failed(&name, at(0)), count >= FREE, "{count}");
        }
        assert!(throttle.check(&name, at(899)).is_err());
        assert!(throttle.check(&name, at(900)).is_ok());
        throttle.succeeded(&name);
        assert!(throttle.check(&name, at(0)).is_ok());
    }

    #[test]
    fn who_guesses_with_many_names_doesnt_fill_the_memory() {
        let throttle = Throttle::default();
        for number in 0..REMEMBERED + 100 {
            throttle.failed(&[number.to_string()], at(0));
        }
        assert_eq!(throttle.0.lock().unwrap().len(), REMEMBERED);
    }
}
