//! The entries of the demonstration's files: a key, keys of others, and the message that is published.

use std::collections::BTreeMap;

use serde::Deserialize;
use volbridge_proto::wire::record::v1 as wire;

use crate::demo::pdf;

/// A partner's names and place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// One a language.
    pub names: Vec<wire::LocalText>,
    /// As in `PartnerDescriptor.kind`.
    pub kind: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Names the log for ever; holds "demo", so that every proof says so.
    pub domain: String,
}

/// An organisation that the partner hosts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationEntry {
    /// Within the partner.
    pub key: String,
    /// Key of another organisation of this partner.
    pub parent: Option<String>,
    /// Without `parent`.
    pub organisation: wire::Organisation,
}

/// A listing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingEntry {
    /// Within the partner.
    pub key: String,
    /// Key of the organisation that offers it.
    pub organisation: String,
    /// Without `organisation`.
    pub listing: wire::Listing,
}

/// A translation of another partner's listing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranslationEntry {
    /// `partner/key` of the listing.
    pub of: String,
    /// BCP 47.
    pub language: String,
    /// "human", "machine", "memory".
    pub origin: String,
    /// Of a machine.
    #[serde(default)]
    pub engine: String,
    /// Organisation that reviewed it.
    #[serde(default)]
    pub reviewed_by: String,
    /// Text by field.
    pub segments: BTreeMap<String, String>,
}

impl TranslationEntry {
    /// The wire message's segments, ascending by field.
    pub fn wire_segments(&self) -> Vec<wire::Segment> {
        self.segments
            .iter()
            .map(|(field, text)| wire::Segment {
                field: field.clone(),
                text: text.clone(),
                origin: self.origin.clone(),
                engine: self.engine.clone(),
                reviewed_by: self.reviewed_by.clone(),
            })
            .collect()
    }

    /// Partner and key of the listing.
    pub fn listing(&self) -> (&str, &str) {
        self.of.split_once('/').unwrap_or(("", &self.of))
    }
}

/// A conference.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConferenceEntry {
    /// Within the partner.
    pub key: String,
    /// Keys of partners.
    pub organisers: Vec<String>,
    /// Without `organisers`.
    pub conference: wire::Conference,
}

/// A document of a conference.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialEntry {
    /// Within the partner.
    pub key: String,
    /// Key of a conference of this partner.
    pub conference: String,
    /// For `blob.filename`.
    pub filename: String,
    /// Below the title of the document.
    pub subtitle: String,
    /// The document's text: one string a page, a line each paragraph, "# " before headings.
    pub pages: Vec<String>,
    /// Without `conference` and `blob`.
    pub material: wire::Material,
}

impl MaterialEntry {
    /// The document's bytes: a PDF, the same on every run.
    pub fn bytes(&self) -> Vec<u8> {
        let pages: Vec<Vec<String>> =
            self.pages.iter().map(|page| page.lines().map(str::to_owned).collect()).collect();
        let byline =
            format!("{}\n{} · {}", self.subtitle, self.material.authors.join(", "), self.material.date);
        pdf::pdf(&self.material.title, &byline, &pages)
    }
}

/// An agreement between this partner and another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementEntry {
    /// Key of the other party.
    pub with: String,
    /// Without `parties`.
    pub terms: wire::AgreementTerms,
}

/// A fictional volunteer, what the consent says, and who receives the profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileEntry {
    /// Within the partner.
    pub key: String,
    /// Keys of partners, each with an agreement.
    pub recipients: Vec<String>,
    /// As it is sealed.
    pub profile: wire::VolunteerProfile,
    /// Without `profile`, `recipients`, `notice_hash`, `given_at` and `expires_at`.
    pub consent: wire::Consent,
    /// Last day of the consent and the profile, YYYY-MM-DD.
    pub expires_on: String,
    /// The text that the volunteer was shown: `notice_hash` is its SHA-256.
    pub notice: String,
}
