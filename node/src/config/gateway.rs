//! `[gateway]`

use std::net::IpAddr;

use serde::Deserialize;

use super::{Faults, bounded, listening};

/// The portal and the REST API.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// An address with a port, or empty.
    pub listen: String,
    /// How people reach it, without a slash at the end.
    pub public_url: String,
    /// Requests a second of one address; 0: no limit.
    pub requests_per_second: u32,
    /// Requests of one address at once.
    pub request_burst: u32,
    /// Event streams of one address.
    pub streams_per_address: u32,
    /// Whose `X-Forwarded-For` is believed: addresses, or networks with the length of their prefix.
    pub trusted_proxies: Vec<String>,
}

impl GatewayConfig {
    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        listening("listen", &self.listen, &mut faults);
        let rest =
            self.public_url.strip_prefix("https://").or_else(|| self.public_url.strip_prefix("http://"));
        let is_origin = rest.is_some_and(|host| {
            !host.is_empty() && !host.contains(['/', '?', '#', '@']) && !host.contains(char::is_whitespace)
        });
        if !is_origin {
            faults.push(("public_url", format!("\"{}\" is not https:// and a host", self.public_url)));
        }
        bounded("requests_per_second", self.requests_per_second.into(), 0..=100_000, &mut faults);
        bounded("request_burst", self.request_burst.into(), 1..=1_000_000, &mut faults);
        bounded("streams_per_address", self.streams_per_address.into(), 1..=512, &mut faults);
        for proxy in self.trusted_proxies.iter().filter(|proxy| network(proxy).is_none()) {
            faults.push(("trusted_proxies", format!("\"{proxy}\" is not an address, or address/bits")));
        }
        faults
    }

    /// The trusted proxies: address and length of the prefix.
    #[must_use]
    pub fn proxies(&self) -> Vec<(IpAddr, u8)> {
        self.trusted_proxies.iter().filter_map(|proxy| network(proxy)).collect()
    }
}

/// `10.1.0.0/16`, `127.0.0.1`, `2001:db8::/32`.
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
    // A network of everybody would believe everybody.
    (1..=most).contains(&bits).then_some((address, bits))
}
