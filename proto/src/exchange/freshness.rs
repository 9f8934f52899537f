//! How long ago a log was signed, and what that allows (protocol section 4).
//! The time is that of the log's ML-DSA-44 line; the reader's clock comes in.

use crate::time::Timestamp;

/// A log is fresh below this age: slots may be confirmed.
pub const FRESH_MS: i64 = 30 * 60 * 1000;
/// Below this age something may be sealed to its partner.
pub const SEALABLE_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// How far a signer's clock may be ahead of the reader's.
pub const AHEAD_MS: i64 = 5 * 60 * 1000;

/// What the age of a log's newest ML-DSA-44 line allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Freshness {
    /// No such line yet.
    Unsigned,
    /// The line is from the future: one of the two clocks is wrong.
    Ahead,
    /// 7 days or older: nothing may be sealed to the partner.
    Silent,
    /// 30 minutes or older: no slot may be confirmed.
    Stale,
    /// Under 30 minutes old.
    Fresh,
}

impl Freshness {
    /// Of a line signed at `signed_at`, read at `now`.
    pub fn of(signed_at: Option<Timestamp>, now: Timestamp) -> Self {
        let Some(signed_at) = signed_at else { return Self::Unsigned };
        let age = now.as_millis().saturating_sub(signed_at.as_millis());
        if signed_at > now.plus(AHEAD_MS) {
            Self::Ahead
        } else if age < FRESH_MS {
            Self::Fresh
        } else if age < SEALABLE_MS {
            Self::Stale
        } else {
            Self::Silent
        }
    }

    /// Whether a slot may be confirmed.
    pub fn may_confirm(self) -> bool {
        self == Self::Fresh
    }

    /// Whether something may be sealed to the partner.
    pub fn may_seal(self) -> bool {
        matches!(self, Self::Fresh | Self::Stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_ends_at_the_named_ages() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let of = |age: i64| Freshness::of(Some(now.plus(-age)), now);
        assert_eq!(of(0), Freshness::Fresh);
        assert_eq!(of(FRESH_MS - 1), Freshness::Fresh);
        assert_eq!(of(FRESH_MS), Freshness::Stale);
        assert_eq!(of(SEALABLE_MS - 1), Freshness::Stale);
        assert_eq!(of(SEALABLE_MS), Freshness::Silent);
        assert_eq!(Freshness::of(None, now), Freshness::Unsigned);
        assert!(of(1).may_confirm() && of(1).may_seal());
        assert!(!of(FRESH_MS).may_confirm() && of(FRESH_MS).may_seal());
        assert!(!of(SEALABLE_MS).may_seal());
    }

    #[test]
    fn t14_a_line_from_the_future_keeps_nothing_fresh() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let of = |ahead: i64| Freshness::of(Some(now.plus(ahead)), now);
        assert_eq!(of(AHEAD_MS), Freshness::Fresh);
        assert_eq!(of(AHEAD_MS + 1), Freshness::Ahead);
        let far = Freshness::of(Some(Timestamp::from_millis(i64::MAX)), Timestamp::from_millis(i64::MIN));
        assert_eq!(far, Freshness::Ahead);
        assert!(!of(AHEAD_MS + 1).may_confirm() && !of(AHEAD_MS + 1).may_seal());
    }
}
