//! An item of a feed as a listing of ours: with the mark of whose it is, and with what their format can't carry said as
//! not said.

use volbridge_formats::Entry;
use volbridge_proto::{
    Refusal, SubjectId,
    wire::record::v1::{ImportedFrom, Listing, Role},
};

use crate::config::feeds::FeedSource;

/// Letters of a summary that is taken from the description.
const SUMMARY: usize = 200;

/// The listing, or why it can't be one.
pub fn listing(source: &FeedSource, mut entry: Entry) -> Result<Listing, Vec<Refusal>> {
    let organisation = source.organisation.parse::<SubjectId>().map_err(|refusal| vec![refusal])?;
    let link = Some(entry.link.clone()).filter(|link| link.starts_with("https://"));
    let url = link.unwrap_or_else(|| source.about.clone());
    complete(&mut entry.listing, source, &url);
    entry.listing.organisation = organisation.to_vec();
    entry.listing.imported_from = Some(ImportedFrom { publisher: source.publisher.trim().to_owned(), url });
    entry.tidy();
    let refusals = entry.refusals();
    if refusals.is_empty() { Ok(entry.listing) } else { Err(refusals) }
}

fn complete(listing: &mut Listing, source: &FeedSource, url: &str) {
    let chinese = listing.language.starts_with("zh");
    let said = |chinese_text: &str, english: &str| if chinese { chinese_text } else { english }.to_owned();
    if listing.description.trim().is_empty() {
        listing.description = [&listing.summary, &listing.title]
            .map(String::clone)
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default();
    }
    if listing.summary.trim().is_empty() {
        listing.summary = brief(&listing.description);
    }
    if listing.costs.trim().is_empty() {
        listing.costs = said("发布方未说明。", "The publisher doesn’t say.");
    }
    if listing.applicants.is_empty() {
        listing.applicants = "all".to_owned();
    }
    if listing.how_to_apply.trim().is_empty() && listing.contact.trim().is_empty() {
        listing.how_to_apply = said("请在发布方网站申请：", "Apply at the publisher’s site: ") + url;
    }
    if listing.roles.is_empty() {
        listing.roles.push(Role { number: 1, ..Role::default() });
    }
    for role in &mut listing.roles {
        role.slots = role.slots.max(1);
        if role.title.trim().is_empty() {
            role.title.clone_from(&listing.title);
        }
    }
    if let Some(place) = &mut listing.place
        && place.country.is_empty()
    {
        place.country.clone_from(&source.country);
    }
}

/// The first sentence or line, as far as it is short.
fn brief(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut brief: String = line.chars().take(SUMMARY).collect();
    if brief.len() < line.len() {
        brief.push('…');
    }
    brief
}

#[cfg(test)]
mod tests {
    use volbridge_proto::wire::record::v1::Place;

    use super::*;

    fn read(country: &str, place: Option<Place>) -> Result<Listing, Vec<Refusal>> {
        let source = FeedSource {
            url: "https://example.org/rpde".to_owned(),
            publisher: "Example Volunteers".to_owned(),
            about: "https://example.org/".to_owned(),
            organisation: SubjectId::v7(1_800_000_000_000, [1; 10]).to_string(),
            language: "en".to_owned(),
            country: country.to_owned(),
        };
        let listing =
            Listing { language: "en".to_owned(), title: "Reading".to_owned(), place, ..Listing::default() };
        super::listing(&source, Entry { listing, ..Entry::default() })
    }

    #[test]
    fn what_has_a_place_is_never_taken_for_online() {
        let bonn = || Some(Place { city: "Bonn".to_owned(), ..Place::default() });
        assert_eq!(read("DE", bonn()).unwrap().place.unwrap().country, "DE");
        let refusals = read("", bonn()).unwrap_err();
        assert!(refusals.iter().any(|refusal| refusal.field == "place.country"), "{refusals:?}");
        assert_eq!(read("DE", None).unwrap().place, None);
    }
}
