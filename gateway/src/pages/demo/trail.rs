//! How far the tour has come, as it stands in the address.

use serde::Deserialize;
use volbridge_proto::id::{RecordId, SubjectId};

use crate::routes;

/// Ids of what was published on the way.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Trail {
    /// The listing.
    pub listing: Option<SubjectId>,
    /// Its record.
    pub record: Option<RecordId>,
    /// Milliseconds until the carrier had it, as the author's portal saw it.
    pub carrier_ms: Option<String>,
    /// Milliseconds until the host had it.
    pub host_ms: Option<String>,
    /// The sealed profile's record.
    pub profile: Option<RecordId>,
    /// Its consent's record.
    pub consent: Option<RecordId>,
    /// The withdrawal's record.
    pub withdrawal: Option<RecordId>,
}

impl Trail {
    /// Name and value of each known part.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let text = |name, value: Option<String>| value.map(|value| (name, value));
        [
            text("listing", self.listing.map(|id| id.to_string())),
            text("record", self.record.map(|id| id.to_string())),
            text("carrier_ms", self.carrier_ms.as_deref().and_then(millis).map(|ms| ms.to_string())),
            text("host_ms", self.host_ms.as_deref().and_then(millis).map(|ms| ms.to_string())),
            text("profile", self.profile.map(|id| id.to_string())),
            text("consent", self.consent.map(|id| id.to_string())),
            text("withdrawal", self.withdrawal.map(|id| id.to_string())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// `/demo?listing=…&record=…`
    pub fn address(&self) -> String {
        self.below(&routes::demo())
    }

    /// The same query below another path.
    pub fn below(&self, path: &str) -> String {
        let query: Vec<String> = self.pairs().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }
}

/// A plausible time; anything else is left out.
pub fn millis(text: &str) -> Option<u32> {
    text.parse().ok().filter(|ms| *ms < 600_000)
}
