//! `[gateway]`

use serde::Deserialize;

use super::{Faults, listening};

/// The portal and the REST API.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// An address with a port, or empty.
    pub listen: String,
    /// How people reach it, without a slash at the end.
    pub public_url: String,
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
        faults
    }
}
