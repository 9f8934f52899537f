//! How much of a partner's log comes in (threats.md T15): what a day allows, saved up for a day at most. Whoever sends
//! more is followed no further until there is some again; what was taken stays. In memory: after a restart a day's worth
//! is there.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use volbridge_proto::PartnerId;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a day allows of one partner's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Entries.
    pub entries: u64,
    /// Bytes of them on the wire.
    pub bytes: u64,
}

/// What each partner has used of it.
#[derive(Debug)]
pub struct Quotas {
    allowance: Allowance,
    used: Mutex<BTreeMap<PartnerId, Used>>,
}

/// Parts of a day's allowance; above 1 there is none left.
#[derive(Clone, Copy, Debug)]
struct Used {
    entries: f64,
    bytes: f64,
    at: Instant,
}

impl Used {
    fn by(self, now: Instant) -> Self {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() / DAY.as_secs_f64();
        Self { entries: (self.entries - gained).max(0.0), bytes: (self.bytes - gained).max(0.0), at: now }
    }

    fn is_all(self) -> bool {
        self.entries >= 1.0 || self.bytes >= 1.0
    }
}

impl Quotas {
    /// Nobody has used any.
    #[must_use]
    pub fn new(allowance: Allowance) -> Self {
        Self { allowance, used: Mutex::default() }
    }

    /// Uses some of a partner's allowance.
    pub fn take(&self, partner: PartnerId, entries: u64, bytes: u64, now: Instant) {
        let mut all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used = all.entry(partner).or_insert(Used { entries: 0.0, bytes: 0.0, at: now });
        *used = used.by(now);
        used.entries += part(entries, self.allowance.entries);
        used.bytes += part(bytes, self.allowance.bytes);
    }

    /// Whether a partner has some left.
    pub fn is_left(&self, partner: &PartnerId, now: Instant) -> bool {
        let all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(partner).is_none_or(|used| !used.by(now).is_all())
    }
}

#[expect(clippy::cast_precision_loss, reason = "parts of a day's worth need no more than 53 bits")]
fn part(of: u64, allowed: u64) -> f64 {
    of as f64 / allowed.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUNDRED: Allowance = Allowance { entries: 100, bytes: 1_000 };

    #[test]
    fn t15_a_days_worth_is_taken_and_comes_back_with_time() {
        let (quotas, partner, begin) = (Quotas::new(HUNDRED), PartnerId::from([1; 32]), Instant::now());
        quotas.take(partner, 60, 10, begin);
        assert!(quotas.is_left(&partner, begin));
        quotas.take(partner, 60, 10, begin);
        // 20 too many: a fifth of a day, and a little.
        assert!(!quotas.is_left(&partner, begin) && !quotas.is_left(&partner, begin + DAY / 5));
        assert!(quotas.is_left(&partner, begin + DAY / 5 + DAY / 100));
    }

    #[test]
    fn t15_bytes_count_like_entries_and_each_partner_alone() {
        let (quotas, now) = (Quotas::new(HUNDRED), Instant::now());
        let (greedy, other) = (PartnerId::from([1; 32]), PartnerId::from([2; 32]));
        quotas.take(greedy, 1, 1_000, now);
        assert!(!quotas.is_left(&greedy, now) && quotas.is_left(&other, now));
        // Nothing is saved up beyond a day.
        quotas.take(other, 1, 1, now);
        quotas.take(other, 100, 1, now + DAY * 30);
        assert!(!quotas.is_left(&other, now + DAY * 30));
    }
}
