//! What the command line publishes, lists, shows and withdraws, and where each
//! belongs in the node's API.

use crate::lang::{Lang, say};

/// A kind of thing, as a word of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    Listing,
    Organisation,
    Conference,
    Profile,
    Material,
    Agreement,
    Translation,
}

impl Noun {
    /// The word in commands and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Listing => "listing",
            Self::Organisation => "organisation",
            Self::Conference => "conference",
            Self::Profile => "profile",
            Self::Material => "material",
            Self::Agreement => "agreement",
            Self::Translation => "translation",
        }
    }

    /// Several of them, in a sentence.
    pub fn many(self, count: usize, lang: Lang) -> String {
        let (word, zh) = match self {
            Self::Listing => ("listing", "条志愿项目"),
            Self::Organisation => ("organisation", "个组织"),
            Self::Conference => ("conference", "场会议"),
            Self::Profile => ("profile", "份志愿者档案"),
            Self::Material => ("material", "份会议资料"),
            Self::Agreement => ("agreement", "份协议"),
            Self::Translation => ("translation", "份译文"),
        };
        let s = if count == 1 { "" } else { "s" };
        say!(lang, "{count} {word}{s}", "{count} {zh}")
    }

    /// The record's kind.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Listing => "volbridge.listing.v1",
            Self::Organisation => "volbridge.organisation.v1",
            Self::Conference => "volbridge.conference.v1",
            Self::Profile => "volbridge.volunteer-profile.v1",
            Self::Material => "volbridge.material.v1",
            Self::Agreement => "volbridge.agreement.v1",
            Self::Translation => "volbridge.translation.v1",
        }
    }

    /// The message whose fields an entry of an input file has.
    pub fn message(self) -> &'static str {
        match self {
            Self::Listing => ".volbridge.record.v1.Listing",
            Self::Organisation => ".volbridge.record.v1.Organisation",
            Self::Conference => ".volbridge.record.v1.Conference",
            Self::Profile => ".volbridge.record.v1.VolunteerProfile",
            Self::Material => ".volbridge.record.v1.Material",
            Self::Agreement => ".volbridge.record.v1.AgreementTerms",
            Self::Translation => ".volbridge.record.v1.Translation",
        }
    }

    /// The request that publishes it; the message above is its field number 1.
    pub fn request(self) -> &'static str {
        match self {
            Self::Listing => ".volbridge.node.v1.PublishListingRequest",
            Self::Organisation => ".volbridge.node.v1.PublishOrganisationRequest",
            Self::Conference => ".volbridge.node.v1.PublishConferenceRequest",
            Self::Profile => ".volbridge.node.v1.PublishProfileRequest",
            Self::Material => ".volbridge.node.v1.PublishMaterialRequest",
            Self::Agreement => ".volbridge.node.v1.PublishAgreementRequest",
            Self::Translation => ".volbridge.node.v1.PublishTranslationRequest",
        }
    }

    /// Fields of the request that an entry may have beside the record's own.
    pub fn envelope(self) -> &'static [&'static str] {
        match self {
            Self::Listing => &["subject", "expires_at"],
            Self::Organisation | Self::Conference | Self::Material => &["subject"],
            Self::Profile => &["subject", "recipient", "consent", "purpose"],
            Self::Agreement => &[],
            Self::Translation => &["subject", "source"],
        }
    }
}
