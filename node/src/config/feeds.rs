//! `[feeds]`

use std::time::Duration;

use serde::Deserialize;
use volbridge_proto::{SubjectId, text::lang::check_language};

use super::{Faults, bounded};

/// Whose listings this partner passes on, for they have no node.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedsConfig {
    /// The feeds.
    pub sources: Vec<FeedSource>,
    /// Minutes between two looks.
    pub every_minutes: u32,
}

/// A feed of listings (OpenActive RPDE).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSource {
    /// Its first page.
    pub url: String,
    /// Whose it is, by name.
    pub publisher: String,
    /// Their site: where a listing is said to be from, if it doesn't say itself.
    pub about: String,
    /// The organisation of this partner that answers for them, by id.
    pub organisation: String,
    /// The language of its texts.
    pub language: String,
    /// Of places that name none.
    #[serde(default)]
    pub country: String,
}

impl FeedsConfig {
    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        bounded("every_minutes", self.every_minutes.into(), 1..=10_080, &mut faults);
        let mut fault = |why: String| faults.push(("sources", why));
        for source in &self.sources {
            if !source.url.starts_with("https://") && !source.url.starts_with("http://") {
                fault(format!("\"{}\" is no address", source.url));
            }
            if source.publisher.trim().is_empty() {
                fault(format!("{}: publisher is empty", source.url));
            }
            if !source.about.starts_with("https://") {
                fault(format!("\"{}\" doesn't begin with https://", source.about));
            }
            if source.organisation.parse::<SubjectId>().is_err() {
                fault(format!("\"{}\" is no organisation's id", source.organisation));
            }
            if check_language(&source.language).is_err() {
                fault(format!("\"{}\" is no language tag", source.language));
            }
        }
        faults
    }

    /// How long is waited between two looks.
    #[must_use]
    pub fn pause(&self) -> Duration {
        Duration::from_secs(u64::from(self.every_minutes) * 60)
    }
}
