//! `[exchange]`

use std::time::Duration;

use serde::Deserialize;

use super::{Faults, bounded, listening};
use crate::tls::address::HostPort;

/// Where and how the node meets partners.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeConfig {
    /// An address with a port, or empty.
    pub listen: String,
    /// What partners are told, `host:port`.
    pub endpoints: Vec<String>,
    /// May it call private networks and this machine?
    pub allow_private_addresses: bool,
    /// Partners that keep sealed records for this node while it can't be reached, by id.
    pub carriers: Vec<String>,
    /// TLS handshakes at the same time.
    pub handshakes: u32,
    /// Seconds that one may take.
    pub handshake_seconds: u32,
    /// Seconds that a partner may pause within a call, or within what it announced.
    pub patience_seconds: u32,
    /// Unacknowledged bytes for one log.
    pub log_window_bytes: u32,
    /// Unacknowledged bytes for one partner.
    pub peer_window_bytes: u32,
    /// Entries that are taken of one partner's log in a day.
    pub day_entries: u64,
    /// Bytes of them.
    pub day_bytes: u64,
}

impl ExchangeConfig {
    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        listening("listen", &self.listen, &mut faults);
        for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.parse::<HostPort>().is_err()) {
            faults.push(("endpoints", format!("\"{endpoint}\" is not host:port")));
        }
        let window = 1 << 20..=1 << 30;
        bounded("handshakes", self.handshakes.into(), 1..=10_000, &mut faults);
        bounded("handshake_seconds", self.handshake_seconds.into(), 1..=60, &mut faults);
        bounded("patience_seconds", self.patience_seconds.into(), 1..=600, &mut faults);
        bounded("log_window_bytes", self.log_window_bytes.into(), window.clone(), &mut faults);
        bounded("peer_window_bytes", self.peer_window_bytes.into(), window, &mut faults);
        bounded("day_entries", self.day_entries, 1_000..=1_000_000_000, &mut faults);
        bounded("day_bytes", self.day_bytes, 1 << 20..=1 << 40, &mut faults);
        if self.peer_window_bytes < self.log_window_bytes {
            faults.push(("peer_window_bytes", "is smaller than the window of one log".to_owned()));
        }
        faults
    }

    /// How long a handshake may take.
    #[must_use]
    pub fn handshake_timeout(&self) -> Duration {
        Duration::from_secs(self.handshake_seconds.into())
    }

    /// How long a partner may pause within a call, or within what it announced.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience_seconds.into())
    }
}
