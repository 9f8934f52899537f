//! An Atom feed (RFC 4287) of listings, out only: title, summary, when it was published, and links to all its languages.
//!
//! Control characters, which XML can't hold, are written as U+FFFD.

use volbridge_proto::Timestamp;

use crate::{Entry, WriteError, xml::Xml};

/// The media type.
pub const MEDIA_TYPE: &str = "application/atom+xml; charset=utf-8";

/// What stands at the head of a feed.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its title.
    pub title: &'a str,
    /// BCP 47 of the titles, where a listing is translated.
    pub language: &'a str,
    /// The feed's own address: its id, too.
    pub address: &'a str,
    /// The page for people.
    pub page: &'a str,
    /// Who publishes it.
    pub author: &'a str,
}

/// The feed. `entries` stand as they are given, the newest first.
pub fn write(head: &Head<'_>, entries: &[Entry]) -> Result<Vec<u8>, WriteError> {
    let mut xml = Xml::new()?;
    xml.open("feed", &[("xmlns", "http://www.w3.org/2005/Atom"), ("xml:lang", head.language)])?;
    xml.text("title", &[], head.title)?;
    xml.text("id", &[], head.address)?;
    // Not the moment of asking: the same listings are the same feed.
    let updated = entries.iter().filter_map(changed).max().unwrap_or_default();
    xml.text("updated", &[], &updated.to_string())?;
    xml.open("author", &[])?;
    xml.text("name", &[], head.author)?;
    xml.close("author")?;
    xml.empty("link", &[("rel", "self"), ("type", "application/atom+xml"), ("href", head.address)])?;
    xml.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", head.page)])?;
    for entry in entries {
        write_entry(&mut xml, entry, head.language)?;
    }
    xml.close("feed")?;
    Ok(xml.finish())
}

fn write_entry(xml: &mut Xml, entry: &Entry, language: &str) -> Result<(), WriteError> {
    let spoken =
        entry.said("title", language).map_or(entry.listing.language.as_str(), |(language, _)| language);
    xml.open("entry", &[("xml:lang", spoken)])?;
    xml.text("title", &[("type", "text")], entry.text("title", language))?;
    let id =
        entry.subject.as_ref().map_or_else(|| entry.link.clone(), |subject| format!("urn:uuid:{subject}"));
    xml.text("id", &[], &id)?;
    xml.text("updated", &[], &changed(entry).unwrap_or_default().to_string())?;
    if let Some(published) = entry.published_at {
        xml.text("published", &[], &published.to_string())?;
    }
    let author = match entry.organisation_in(language) {
        "" => entry.partner.as_str(),
        name => name,
    };
    xml.open("author", &[])?;
    xml.text("name", &[], author)?;
    xml.close("author")?;
    xml.empty("link", &[("rel", "alternate"), ("type", "text/html"), ("href", &entry.link)])?;
    let summary = [entry.text("summary", language), &entry.imported(language)];
    let summary: Vec<&str> = summary.into_iter().filter(|part| !part.is_empty()).collect();
    xml.text("summary", &[("type", "text")], &summary.join("\n\n"))?;
    for cause in &entry.listing.causes {
        xml.empty("category", &[("term", cause)])?;
    }
    xml.close("entry")
}

fn changed(entry: &Entry) -> Option<Timestamp> {
    entry.updated_at.or(entry.published_at)
}
