//! `[accounts]`

use serde::Deserialize;

use super::{Faults, bounded};

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What is kept of what accounts did.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountsConfig {
    /// Days that the log of it is kept.
    pub log_days: u64,
}

impl AccountsConfig {
    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        bounded("log_days", self.log_days, 1..=3_650, &mut faults);
        faults
    }

    /// How long the log is kept, ms.
    #[must_use]
    pub fn log_kept(&self) -> i64 {
        i64::try_from(self.log_days).unwrap_or(i64::MAX).saturating_mul(DAY)
    }
}
