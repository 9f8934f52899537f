//! A listing of the node as the formats know it.

use std::collections::BTreeMap;

use volbridge_formats::{Entry, Translation};
use volbridge_proto::{SubjectId, Timestamp, wire::node::v1 as node};

use crate::{names, routes, shell::Shell};

/// `None` if the node sent a listing without its source.
pub fn entry(view: node::ListingView, ui: &Shell) -> Option<Entry> {
    let subject = SubjectId::try_from(view.subject.as_slice()).ok();
    let listing = view.source?;
    let partner = view.partner.as_ref();
    let partner = partner.and_then(|partner| names::best(&partner.names, |text| &text.language, ui.lang));
    let from = view.provenance.unwrap_or_default();
    let signed = (from.issued_at > 0).then(|| Timestamp::from_millis(from.issued_at));
    let organisation = view.organisation.and_then(|view| view.source);
    let mut translations: Vec<Translation> =
        view.texts.into_iter().filter_map(|text| translation(text, &listing.language)).collect();
    translations.sort_by(|one, other| one.language.cmp(&other.language));
    translations.dedup_by(|one, other| one.language == other.language);
    Some(Entry {
        link: subject.map_or_else(String::new, |id| format!("{}{}", ui.public_url, routes::listing(id))),
        subject,
        reference: String::new(),
        organisation: organisation.map(|organisation| organisation.names).unwrap_or_default(),
        partner: partner.map_or_else(String::new, |name| name.text.clone()),
        // When the first revision was published, a later one doesn't say.
        published_at: signed.filter(|_| from.revision <= 1),
        updated_at: signed,
        translations,
        listing,
    })
}

fn translation(text: node::ListingText, own: &str) -> Option<Translation> {
    if text.origin == "source" || text.origin.is_empty() || text.language == own {
        return None;
    }
    let fields: BTreeMap<String, String> =
        text.fields.into_iter().filter(|(_, text)| !text.is_empty()).collect();
    Some(Translation { language: text.language, origin: text.origin, engine: text.engine, fields })
}
