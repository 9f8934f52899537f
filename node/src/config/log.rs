//! `[log]`

use std::time::Duration;

use serde::Deserialize;

use super::{Faults, bounded};

/// The node's own log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Milliseconds between two checkpoints with the ML-DSA signature.
    pub checkpoint_interval_ms: u64,
    /// Seconds between two erasure receipts.
    pub receipt_interval_seconds: u64,
    /// Minutes between two while nothing happens.
    pub quiet_checkpoint_minutes: u64,
}

impl LogConfig {
    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        bounded("checkpoint_interval_ms", self.checkpoint_interval_ms, 1_000..=60_000, &mut faults);
        bounded("quiet_checkpoint_minutes", self.quiet_checkpoint_minutes, 1..=20, &mut faults);
        bounded("receipt_interval_seconds", self.receipt_interval_seconds, 0..=86_400, &mut faults);
        faults
    }

    /// Between two checkpoints while records arrive.
    #[must_use]
    pub fn checkpoint_interval(&self) -> Duration {
        Duration::from_millis(self.checkpoint_interval_ms)
    }

    /// Between two erasure receipts.
    #[must_use]
    pub fn receipt_interval(&self) -> Duration {
        Duration::from_secs(self.receipt_interval_seconds)
    }

    /// Between two while nothing happens.
    #[must_use]
    pub fn quiet_checkpoint_interval(&self) -> Duration {
        Duration::from_secs(self.quiet_checkpoint_minutes * 60)
    }
}
