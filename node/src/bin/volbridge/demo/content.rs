//! What the three partners of the demonstration publish: `node/demo/<partner>/*.yaml`.
//! The files hold the wire messages as they are, with local keys where a message
//! has bytes: a listing names its organisation by key, a translation its listing
//! as `partner/key`, an agreement the other party. Whoever publishes puts the ids
//! in once they are known. `load` checks that every key leads somewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use volbridge_proto::wire::record::v1 as wire;

use super::pdf;

/// A partner's key and its files.
const FILES: &[(&str, &[(&str, &str)])] = &[
    (
        "bvf",
        &[
            ("bvf/partner.yaml", include_str!("../../../../demo/bvf/partner.yaml")),
            ("bvf/listings.yaml", include_str!("../../../../demo/bvf/listings.yaml")),
            ("bvf/live.yaml", include_str!("../../../../demo/bvf/live.yaml")),
            ("bvf/conferences.yaml", include_str!("../../../../demo/bvf/conferences.yaml")),
            ("bvf/translations.yaml", include_str!("../../../../demo/bvf/translations.yaml")),
            ("bvf/profiles.yaml", include_str!("../../../../demo/bvf/profiles.yaml")),
        ],
    ),
    (
        "unv",
        &[
            ("unv/partner.yaml", include_str!("../../../../demo/unv/partner.yaml")),
            ("unv/listings.yaml", include_str!("../../../../demo/unv/listings.yaml")),
            ("unv/live.yaml", include_str!("../../../../demo/unv/live.yaml")),
            ("unv/conferences.yaml", include_str!("../../../../demo/unv/conferences.yaml")),
            ("unv/translations.yaml", include_str!("../../../../demo/unv/translations.yaml")),
        ],
    ),
    (
        "avi",
        &[
            ("avi/partner.yaml", include_str!("../../../../demo/avi/partner.yaml")),
            ("avi/listings.yaml", include_str!("../../../../demo/avi/listings.yaml")),
            ("avi/live.yaml", include_str!("../../../../demo/avi/live.yaml")),
            ("avi/conferences.yaml", include_str!("../../../../demo/avi/conferences.yaml")),
            ("avi/translations.yaml", include_str!("../../../../demo/avi/translations.yaml")),
            ("avi/profiles.yaml", include_str!("../../../../demo/avi/profiles.yaml")),
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
mod tests {
    use volbridge_proto::kinds;

    use super::*;

    #[test]
    fn every_file_of_the_demonstration_is_readable_and_consistent() {
        let partners = load().unwrap();
        let keys: Vec<&str> = partners.iter().map(|partner| partner.key).collect();
        assert_eq!(keys, ["bvf", "unv", "avi"]);
    }

    #[test]
    fn there_is_enough_to_look_at() {
        let partners = load().unwrap();
        let count = |of: fn(&PartnerContent) -> usize| partners.iter().map(of).sum::<usize>();
        let listings = count(|partner| partner.listings.len());
        assert!(count(|partner| partner.organisations.len()) >= 12);
        assert!(listings >= 40);
        assert!(count(|partner| partner.conferences.len()) >= 2);
        assert!(count(|partner| partner.materials.len()) >= 4);
        assert_eq!(count(|partner| partner.profiles.len()), 5);
        let translated: BTreeSet<&str> = partners
            .iter()
            .flat_map(|partner| &partner.translations)
            .map(|translation| translation.of.as_str())
            .collect();
        assert!(
            translated.len() * 2 >= listings,
            "{} of {listings} listings are translated",
            translated.len()
        );
    }

    #[test]
    fn each_partner_writes_in_its_own_language() {
        for partner in load().unwrap() {
            let chinese = partner.listings.iter().filter(|entry| entry.listing.language == "zh-CN").count();
            match partner.key {
                "bvf" => assert!(chinese * 10 >= partner.listings.len() * 9),
                _ => assert_eq!(chinese, 0),
            }
        }
    }

    #[test]
    fn every_log_and_every_address_is_marked_as_a_demonstration() {
        for partner in load().unwrap() {
            assert!(partner.identity.domain.contains(".demo."));
            for entry in partner.listings.iter().chain(&partner.live) {
                assert!(entry.listing.contact.ends_with(".demo.volbridge.example"), "{}", entry.key);
            }
            for entry in &partner.profiles {
                assert!(entry.profile.latin_name.ends_with("(fictional)"), "{}", entry.key);
            }
        }
    }

    #[test]
    fn a_translation_renders_only_fields_that_its_listing_has() {
        let partners = load().unwrap();
        for translation in partners.iter().flat_map(|partner| &partner.translations) {
            let (owner, key) = translation.listing();
            let owner = partners.iter().find(|partner| partner.key == owner).unwrap();
            let listing = &owner.listings.iter().find(|entry| entry.key == key).unwrap().listing;
            assert_ne!(translation.language, listing.language, "{}", translation.of);
            for field in translation.segments.keys() {
                assert!(!field_text(listing, field).is_empty(), "{}: {field}", translation.of);
            }
        }
    }

    fn field_text<'a>(listing: &'a wire::Listing, field: &str) -> &'a str {
        match field {
            "title" => &listing.title,
            "summary" => &listing.summary,
            "description" => &listing.description,
            "requirements" => &listing.requirements,
            "how_to_apply" => &listing.how_to_apply,
            "safety" => &listing.safety,
            "costs" => &listing.costs,
            _ => {
                let (number, rest) = field.strip_prefix("roles.").unwrap().split_once('.').unwrap();
                let role = listing.roles.iter().find(|role| role.number.to_string() == number).unwrap();
                if rest == "title" { &role.title } else { &role.tasks }
            }
        }
    }

    // With ids of the right length where the files have keys.
    #[test]
    fn every_message_holds_to_the_rule_of_its_kind() {
        for partner in load().unwrap() {
            let mut faults = Vec::new();
            let mut judge = |key: &str, found: Vec<volbridge_proto::error::Refusal>| {
                faults.extend(found.into_iter().map(|fault| format!("{}/{key}: {fault}", partner.key)));
            };
            for entry in partner.organisations.clone() {
                let parent = entry.parent.map_or(Vec::new(), |_| vec![1; 16]);
                judge(
                    &entry.key,
                    kinds::organisation::validate(&wire::Organisation { parent, ..entry.organisation }),
                );
            }
            for entry in partner.listings.iter().chain(&partner.live).cloned() {
                let listing = wire::Listing { organisation: vec![1; 16], ..entry.listing };
                judge(&entry.key, kinds::listing::validate(&listing));
            }
            for entry in &partner.translations {
                let of = Some(wire::Subject { partner: vec![1; 32], subject: vec![1; 16] });
                let segments = entry.wire_segments();
                let translation = wire::Translation { of, language: entry.language.clone(), segments };
                judge(&entry.of, kinds::translation::validate(&translation));
            }
            for entry in partner.conferences.clone() {
                let organisers = (0_u8..).zip(&entry.organisers).map(|(index, _)| vec![index; 32]).collect();
                let conference = wire::Conference { organisers, ..entry.conference };
                judge(&entry.key, kinds::conference::validate(&conference));
            }
            for entry in partner.materials.clone() {
                let blob = wire::Blob {
                    hash: vec![1; 32],
                    size: u64::try_from(entry.bytes().len()).unwrap(),
                    media_type: "application/pdf".into(),
                    filename: entry.filename,
                    key: Vec::new(),
                };
                let material = wire::Material { conference: vec![1; 16], blob: Some(blob), ..entry.material };
                judge(&entry.key, kinds::material::validate(&material));
            }
            for entry in partner.agreements.clone() {
                let terms = wire::AgreementTerms { parties: vec![vec![1; 32], vec![2; 32]], ..entry.terms };
                judge(&entry.with, kinds::agreement::validate(&wire::Agreement { terms: Some(terms) }));
            }
            for entry in partner.profiles.clone() {
                judge(&entry.key, kinds::volunteer_profile::validate(&entry.profile));
                let consent = wire::Consent {
                    profile: vec![1; 16],
                    recipients: vec![vec![1; 32]],
                    notice_hash: vec![1; 32],
                    given_at: 1_700_000_000_000,
                    expires_at: 1_900_000_000_000,
                    ..entry.consent
                };
                judge(&entry.key, kinds::consent::validate(&consent));
            }
            assert!(faults.is_empty(), "{}", faults.join("\n"));
        }
    }

    #[test]
    fn every_material_becomes_a_pdf() {
        for entry in load().unwrap().iter().flat_map(|partner| &partner.materials) {
            assert!(entry.bytes().starts_with(b"%PDF-"), "{}", entry.key);
        }
    }
}
