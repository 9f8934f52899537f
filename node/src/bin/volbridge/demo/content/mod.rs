//! What the three partners of the demonstration publish: `node/demo/<partner>/*.yaml`.
//! The files hold the wire messages as they are, with local keys where a message
//! has bytes: a listing names its organisation by key, a translation its listing
//! as `partner/key`, an agreement the other party. Whoever publishes puts the ids
//! in once they are known. `load` checks that every key leads somewhere.

mod entry;

use std::collections::BTreeSet;

use serde::Deserialize;

pub use self::entry::{
    AgreementEntry, ConferenceEntry, Identity, ListingEntry, MaterialEntry, OrganisationEntry, ProfileEntry,
    TranslationEntry,
};

/// A partner's key and its files.
const FILES: &[(&str, &[(&str, &str)])] = &[
    (
        "bvf",
        &[
            ("bvf/partner.yaml", include_str!("../../../../../demo/bvf/partner.yaml")),
            ("bvf/listings.yaml", include_str!("../../../../../demo/bvf/listings.yaml")),
            ("bvf/live.yaml", include_str!("../../../../../demo/bvf/live.yaml")),
            ("bvf/conferences.yaml", include_str!("../../../../../demo/bvf/conferences.yaml")),
            ("bvf/translations.yaml", include_str!("../../../../../demo/bvf/translations.yaml")),
            ("bvf/profiles.yaml", include_str!("../../../../../demo/bvf/profiles.yaml")),
        ],
    ),
    (
        "unv",
        &[
            ("unv/partner.yaml", include_str!("../../../../../demo/unv/partner.yaml")),
            ("unv/listings.yaml", include_str!("../../../../../demo/unv/listings.yaml")),
            ("unv/live.yaml", include_str!("../../../../../demo/unv/live.yaml")),
            ("unv/conferences.yaml", include_str!("../../../../../demo/unv/conferences.yaml")),
            ("unv/translations.yaml", include_str!("../../../../../demo/unv/translations.yaml")),
        ],
    ),
    (
        "avi",
        &[
            ("avi/partner.yaml", include_str!("../../../../../demo/avi/partner.yaml")),
            ("avi/listings.yaml", include_str!("../../../../../demo/avi/listings.yaml")),
            ("avi/live.yaml", include_str!("../../../../../demo/avi/live.yaml")),
            ("avi/conferences.yaml", include_str!("../../../../../demo/avi/conferences.yaml")),
            ("avi/translations.yaml", include_str!("../../../../../demo/avi/translations.yaml")),
            ("avi/profiles.yaml", include_str!("../../../../../demo/avi/profiles.yaml")),
        ],
    ),
];

/// Why the demonstration's files can't be used; they are part of the binary, so
/// this is a mistake in the source tree.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// Not YAML of the expected shape.
    #[error("node/demo/{file}: {source}")]
    Unreadable {
        /// Below `node/demo`.
        file: &'static str,
        /// Line and reason.
        source: Box<serde_saphyr::Error>,
    },
    /// A key that is given twice, or that leads nowhere.
    #[error("node/demo/{partner}: {what}")]
    Inconsistent {
        /// Whose files.
        partner: &'static str,
        /// In words.
        what: String,
    },
}

/// Everything that one partner publishes.
#[derive(Debug)]
pub struct PartnerContent {
    /// "bvf", "unv", "avi".
    pub key: &'static str,
    /// For its first descriptor.
    pub identity: Identity,
    /// Parents before their children.
    pub organisations: Vec<OrganisationEntry>,
    /// In the order of publication.
    pub listings: Vec<ListingEntry>,
    /// To be published now and then while the demonstration runs.
    pub live: Vec<ListingEntry>,
    /// Of other partners' listings.
    pub translations: Vec<TranslationEntry>,
    /// In the order of publication.
    pub conferences: Vec<ConferenceEntry>,
    /// Each of a conference of this partner.
    pub materials: Vec<MaterialEntry>,
    /// Both parties publish the same terms; each pair stands in one partner's files only.
    pub agreements: Vec<AgreementEntry>,
    /// Of this partner's own volunteers.
    pub profiles: Vec<ProfileEntry>,
}

/// One file: any part of a partner's content.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Part {
    partner: Option<Identity>,
    organisations: Vec<OrganisationEntry>,
    listings: Vec<ListingEntry>,
    live: Vec<ListingEntry>,
    translations: Vec<TranslationEntry>,
    conferences: Vec<ConferenceEntry>,
    materials: Vec<MaterialEntry>,
    agreements: Vec<AgreementEntry>,
    profiles: Vec<ProfileEntry>,
}

/// The three partners: BVF, UNV, AVI.
pub fn load() -> Result<Vec<PartnerContent>, ContentError> {
    let mut partners = Vec::new();
    for &(key, files) in FILES {
        let mut whole = Part::default();
        for &(file, text) in files {
            let part: Part = serde_saphyr::from_str(text)
                .map_err(|source| ContentError::Unreadable { file, source: Box::new(source) })?;
            whole.partner = whole.partner.or(part.partner);
            whole.organisations.extend(part.organisations);
            whole.listings.extend(part.listings);
            whole.live.extend(part.live);
            whole.translations.extend(part.translations);
            whole.conferences.extend(part.conferences);
            whole.materials.extend(part.materials);
            whole.agreements.extend(part.agreements);
            whole.profiles.extend(part.profiles);
        }
        let missing = || ContentError::Inconsistent { partner: key, what: "no file says who it is".into() };
        partners.push(PartnerContent {
            key,
            identity: whole.partner.ok_or_else(missing)?,
            organisations: whole.organisations,
            listings: whole.listings,
            live: whole.live,
            translations: whole.translations,
            conferences: whole.conferences,
            materials: whole.materials,
            agreements: whole.agreements,
            profiles: whole.profiles,
        });
    }
    check(&partners)?;
    Ok(partners)
}

/// Every key is given once, and each that is named exists.
fn check(partners: &[PartnerContent]) -> Result<(), ContentError> {
    let known: BTreeSet<&str> = partners.iter().map(|partner| partner.key).collect();
    let mut listings = BTreeSet::new();
    for partner in partners {
        for entry in partner.listings.iter().chain(&partner.live) {
            if !listings.insert((partner.key, entry.key.as_str())) {
                return fault(partner, format!("listing {} is given twice", entry.key));
            }
        }
    }
    let agreed: BTreeSet<(&str, &str)> = partners
        .iter()
        .flat_map(|one| one.agreements.iter().map(move |other| (one.key, other.with.as_str())))
        .flat_map(|(one, other)| [(one, other), (other, one)])
        .collect();
    for partner in partners {
        check_own_keys(partner)?;
        for entry in &partner.translations {
            let of = entry.listing();
            if of.0 == partner.key || !listings.contains(&of) {
                return fault(partner, format!("translation of {}: not another partner's listing", entry.of));
            }
        }
        for entry in &partner.conferences {
            if let Some(organiser) = entry.organisers.iter().find(|key| !known.contains(key.as_str())) {
                return fault(partner, format!("conference {}: no partner {organiser}", entry.key));
            }
        }
        for entry in &partner.profiles {
            for recipient in &entry.recipients {
                if !agreed.contains(&(partner.key, recipient.as_str())) {
                    return fault(partner, format!("profile {}: no agreement with {recipient}", entry.key));
                }
            }
        }
    }
    Ok(())
}

fn check_own_keys(partner: &PartnerContent) -> Result<(), ContentError> {
    let mut organisations = BTreeSet::new();
    for entry in &partner.organisations {
        if entry.parent.as_deref().is_some_and(|parent| !organisations.contains(parent)) {
            return fault(partner, format!("organisation {}: its parent doesn't stand before it", entry.key));
        }
        if !organisations.insert(entry.key.as_str()) {
            return fault(partner, format!("organisation {} is given twice", entry.key));
        }
    }
    let mut listings = partner.listings.iter().chain(&partner.live);
    if let Some(entry) = listings.find(|entry| !organisations.contains(entry.organisation.as_str())) {
        return fault(partner, format!("listing {}: no organisation {}", entry.key, entry.organisation));
    }
    let conferences: BTreeSet<&str> = partner.conferences.iter().map(|entry| entry.key.as_str()).collect();
    if let Some(entry) =
        partner.materials.iter().find(|entry| !conferences.contains(entry.conference.as_str()))
    {
        return fault(partner, format!("material {}: no conference {}", entry.key, entry.conference));
    }
    Ok(())
}

fn fault(partner: &PartnerContent, what: String) -> Result<(), ContentError> {
    Err(ContentError::Inconsistent { partner: partner.key, what })
}

#[cfg(test)]
mod tests;
