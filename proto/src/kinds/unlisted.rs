//! What an author is refused although every partner would take it: codes that no list names (`codes`).
//!
//! Asked once, where something is published; never of what others published, whose lists may be newer than ours.

use super::{Payload, faults::Faults};
use crate::{
    codes::{causes::CAUSES, countries::COUNTRIES, is_elsewhere, languages::LANGUAGES, regions},
    error::{Code, Refusal},
    wire::record::v1::{Listing, Organisation, Place},
};

/// Codes that aren't in this version's lists, each with its field.
pub fn unlisted(payload: &Payload) -> Vec<Refusal> {
    let mut faults = Faults::new();
    match payload {
        Payload::Listing(listing) => of_listing(&mut faults, listing),
        Payload::Organisation(organisation) => of_organisation(&mut faults, organisation),
        Payload::Conference(conference) => place(&mut faults, conference.place.as_ref()),
        Payload::Translation(translation) => language(&mut faults, "language", &translation.language),
        _ => {}
    }
    faults.into_vec()
}

fn of_listing(faults: &mut Faults, listing: &Listing) {
    language(faults, "language", &listing.language);
    place(faults, listing.place.as_ref());
    for (number, cause) in listing.causes.iter().enumerate() {
        let known = is_elsewhere(cause) || CAUSES.binary_search(&cause.as_str()).is_ok();
        faults.demand(known, &format!("causes[{number}]"), Code::FieldInvalid);
    }
    for (number, role) in listing.roles.iter().enumerate() {
        for (at, skill) in role.languages.iter().enumerate() {
            language(faults, &format!("roles[{number}].languages[{at}].language"), &skill.language);
        }
    }
}

fn of_organisation(faults: &mut Faults, organisation: &Organisation) {
    language(faults, "language", &organisation.language);
    for (number, name) in organisation.names.iter().enumerate() {
        language(faults, &format!("names[{number}].language"), &name.language);
    }
    place(faults, organisation.place.as_ref());
}

fn place(faults: &mut Faults, place: Option<&Place>) {
    let Some(place) = place else { return };
    if COUNTRIES.binary_search(&place.country.as_str()).is_err() {
        let refusal = Refusal::new(Code::FieldInvalid).with("expected", "ISO 3166-1 alpha-2");
        faults.push("place.country", refusal.with("found", &place.country));
    }
    let inside = regions::lies_in(&place.region, &place.country);
    faults.demand(inside, "place.region", Code::FieldMismatch);
}

fn language(faults: &mut Faults, field: &str, tag: &str) {
    let primary = tag.split('-').next().unwrap_or_default();
    if LANGUAGES.binary_search(&primary).is_err() {
        faults.push(field, Refusal::new(Code::TextLanguage).with("found", tag));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields and codes of what an author would be refused.
    fn refused(listing: Listing) -> Vec<(String, Code)> {
        let found = unlisted(&Payload::Listing(listing));
        found.into_iter().map(|refusal| (refusal.field, refusal.code)).collect()
    }

    fn listing(country: &str, region: &str) -> Listing {
        let place = Place { country: country.into(), region: region.into(), ..Place::default() };
        Listing { language: "zh-CN".into(), place: Some(place), ..Listing::default() }
    }

    #[test]
    fn an_author_is_refused_a_country_that_isnt() {
        assert_eq!(refused(listing("XX", "")), [("place.country".to_owned(), Code::FieldInvalid)]);
        assert_eq!(refused(listing("CN", "")), []);
    }

    #[test]
    fn an_author_is_refused_a_region_of_another_country() {
        assert_eq!(refused(listing("AU", "CN-BJ")), [("place.region".to_owned(), Code::FieldMismatch)]);
        assert_eq!(refused(listing("HK", "CN-HK")), []);
        assert_eq!(refused(listing("CN", "京郊")), []);
    }

    #[test]
    fn an_author_is_refused_a_language_that_has_no_name() {
        let found = refused(Listing { language: "qq".into(), ..Listing::default() });
        assert_eq!(found, [("language".to_owned(), Code::TextLanguage)]);
    }

    #[test]
    fn a_federation_adds_causes_under_its_domain() {
        let causes = ["education", "nonsense", "x:bvf.example:garden-expo"].map(str::to_owned).into();
        let found = refused(Listing { causes, ..listing("CN", "CN-BJ") });
        assert_eq!(found, [("causes[1]".to_owned(), Code::FieldInvalid)]);
    }
}
