//! `[blobs]`

use std::time::Duration;

use serde::Deserialize;

use super::{Faults, bounded};

/// Files.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobsConfig {
    /// Bytes of the largest file.
    pub largest_bytes: u64,
    /// Bytes of all files of one partner.
    pub partner_bytes: u64,
    /// Seconds that whoever sends a file may pause.
    pub patience_seconds: u32,
}

impl BlobsConfig {
    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        bounded("largest_bytes", self.largest_bytes, 1 << 20..=1 << 34, &mut faults);
        bounded("partner_bytes", self.partner_bytes, self.largest_bytes..=1 << 44, &mut faults);
        bounded("patience_seconds", self.patience_seconds.into(), 1..=600, &mut faults);
        faults
    }

    /// How long whoever sends a file may pause.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience_seconds.into())
    }
}
