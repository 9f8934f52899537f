//! `[desk]`

use serde::Deserialize;

/// How listings come to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskConfig {
    /// Whether a second person approves each listing first.
    pub review: bool,
}
