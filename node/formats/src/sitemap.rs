//! A sitemap (<https://www.sitemaps.org/protocol.html>) with the languages of each page
//! (<https://developers.google.com/search/docs/specialty/international/localized-versions>), out only.

use volbridge_proto::Timestamp;

use crate::{WriteError, xml::Xml};

/// The media type.
pub const MEDIA_TYPE: &str = "application/xml";

/// One page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Where it is.
    pub address: String,
    /// When it was last changed.
    pub changed: Option<Timestamp>,
    /// The same in other languages: `hreflang` and address, its own among them.
    pub languages: Vec<(String, String)>,
}

/// The sitemap; more than 50,000 pages aren't allowed in one.
pub fn write(pages: impl IntoIterator<Item = Page>) -> Result<Vec<u8>, WriteError> {
    let mut xml = Xml::new()?;
    xml.open(
        "urlset",
        &[
            ("xmlns", "http://www.sitemaps.org/schemas/sitemap/0.9"),
            ("xmlns:xhtml", "http://www.w3.org/1999/xhtml"),
        ],
    )?;
    for page in pages.into_iter().take(50_000) {
        xml.open("url", &[])?;
        xml.text("loc", &[], &page.address)?;
        if let Some(changed) = page.changed {
            xml.text("lastmod", &[], &changed.to_string())?;
        }
        for (language, address) in &page.languages {
            let attributes =
                [("rel", "alternate"), ("hreflang", language.as_str()), ("href", address.as_str())];
            xml.empty("xhtml:link", &attributes)?;
        }
        xml.close("url")?;
    }
    xml.close("urlset")?;
    Ok(xml.finish())
}
