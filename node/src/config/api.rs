//! `[api]`

use serde::Deserialize;

use super::{Faults, SecretFile, listening, secret};

/// The node's own API.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    /// An address with a port, or empty.
    pub listen: String,
    /// The token that callers present.
    #[serde(deserialize_with = "secret::required")]
    pub token: SecretFile,
}

impl ApiConfig {
    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        listening("listen", &self.listen, &mut faults);
        faults
    }
}
