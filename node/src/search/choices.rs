//! What a listing can be chosen by: the values of each filter that are counted as facets, worked out from the listing.

use volbridge_proto::{
    PartnerId,
    time::Date,
    wire::record::v1::{Listing, Offer},
};

/// A field of `ListingQuery` whose values are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// ISO 3166-1, or "online".
    Countries,
    /// Country, slash, region.
    Regions,
    /// Goals by number.
    Sdgs,
    /// Codes, required or wished.
    Skills,
    /// Of roles: primary subtag.
    Languages,
    /// "onsite", "online", "hybrid".
    Modalities,
    /// The shortest of "week", "month" … "longer" that holds it.
    Durations,
    /// Of its start: year and month.
    Months,
    /// Partners in hex.
    Partners,
    /// What a role gives.
    Benefits,
    /// Codes.
    Causes,
    /// Of the source and its translations: the whole tag, lower case, and its primary subtag.
    ReadableIn,
    /// "true": slots are left, and its author says neither full, paused nor closed.
    Open,
}

/// All, in the order of their bits.
pub const ALL: [Choice; 13] = [
    Choice::Countries,
    Choice::Regions,
    Choice::Sdgs,
    Choice::Skills,
    Choice::Languages,
    Choice::Modalities,
    Choice::Durations,
    Choice::Months,
    Choice::Partners,
    Choice::Benefits,
    Choice::Causes,
    Choice::ReadableIn,
    Choice::Open,
];

/// How long one volunteer serves: name, and the most days of it.
const DURATIONS: [(&str, i64); 5] =
    [("week", 7), ("month", 31), ("season", 92), ("halfyear", 184), ("year", 366)];

impl Choice {
    /// The field's name in `ListingQuery`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Countries => "countries",
            Self::Regions => "regions",
            Self::Sdgs => "sdgs",
            Self::Skills => "skills",
            Self::Languages => "languages",
            Self::Modalities => "modalities",
            Self::Durations => "durations",
            Self::Months => "months",
            Self::Partners => "partners",
            Self::Benefits => "benefits",
            Self::Causes => "causes",
            Self::ReadableIn => "readable_in",
            Self::Open => "open",
        }
    }

    /// The term of one of its values.
    #[must_use]
    pub fn term(self, value: &str) -> String {
        format!("{} {value}", self.name())
    }

    /// Its place in [`ALL`].
    #[must_use]
    pub fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

/// Which choice a term belongs to, and its value.
#[must_use]
pub fn parse(term: &str) -> Option<(Choice, &str)> {
    let (name, value) = term.split_once(' ')?;
    let choice = ALL.into_iter().find(|choice| choice.name() == name)?;
    Some((choice, value))
}

/// The terms of a listing that can be read in these languages besides its own.
#[must_use]
pub fn of(listing: &Listing, partner: PartnerId, translated: &[&str]) -> Vec<String> {
    let mut terms = Vec::new();
    let mut add = |choice: Choice, value: &str| {
        if !value.is_empty() {
            terms.push(choice.term(value));
        }
    };
    add(Choice::Partners, &hex::encode(partner.as_bytes()));
    match &listing.place {
        Some(place) => {
            add(Choice::Countries, &place.country);
            if !place.region.is_empty() {
                add(Choice::Regions, &format!("{}/{}", place.country, place.region));
            }
        }
        None => add(Choice::Countries, "online"),
    }
    add(Choice::Modalities, modality(listing));
    listing.sdgs.iter().for_each(|sdg| add(Choice::Sdgs, &sdg.to_string()));
    listing.causes.iter().for_each(|cause| add(Choice::Causes, cause));
    for role in &listing.roles {
        role.skills.iter().chain(&role.wished_skills).for_each(|skill| add(Choice::Skills, skill));
        role.languages.iter().for_each(|language| add(Choice::Languages, primary(&language.language)));
        role.offer.iter().flat_map(benefits).for_each(|benefit| add(Choice::Benefits, benefit));
    }
    add(Choice::Durations, duration(listing).unwrap_or_default());
    add(Choice::Months, listing.starts_on.get(..7).unwrap_or_default());
    for language in translated.iter().copied().chain([listing.language.as_str()]) {
        let language = language.to_ascii_lowercase();
        add(Choice::ReadableIn, primary(&language));
        add(Choice::ReadableIn, &language);
    }
    if is_open(listing) {
        add(Choice::Open, "true");
    }
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// The language of a tag without script and region.
#[must_use]
pub fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// Whether it has room, apart from its last day to apply.
#[must_use]
pub fn is_open(listing: &Listing) -> bool {
    listing.status.is_empty() && listing.roles.iter().any(|role| role.slots > role.filled)
}

fn modality(listing: &Listing) -> &'static str {
    match (&listing.place, listing.remote) {
        (None, _) => "online",
        (Some(_), true) => "hybrid",
        (Some(_), false) => "onsite",
    }
}

fn benefits(offer: &Offer) -> impl Iterator<Item = &'static str> {
    [
        ("stipend", !offer.stipend.is_empty()),
        ("housing", offer.housing),
        ("meals", offer.meals),
        ("travel", offer.travel),
        ("insurance", offer.insurance),
        ("visa", offer.visa),
        ("training", offer.training),
        ("certificate", offer.certificate),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
}

/// What the author says, or else what lies between the dates.
fn duration(listing: &Listing) -> Option<&'static str> {
    let days = match listing.weeks {
        0 => day(&listing.ends_on)? - day(&listing.starts_on)? + 1,
        weeks => i64::from(weeks) * 7,
    };
    let shortest = DURATIONS.iter().find(|(_, most)| days <= *most);
    Some(shortest.map_or("longer", |(name, _)| name))
}

/// Days since 1970-01-01 of a date as records have it.
#[must_use]
pub fn day(date: &str) -> Option<i64> {
    Some(date.parse::<Date>().ok()?.start_of_day_utc().as_millis().div_euclid(DAY_MS))
}

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_term_is_read_back() {
        for (nth, choice) in ALL.into_iter().enumerate() {
            assert_eq!(parse(&choice.term("x y")), Some((choice, "x y")));
            assert_eq!(choice.bit(), 1 << nth);
        }
        assert_eq!(parse("other x"), None);
    }

    #[test]
    fn a_duration_is_the_shortest_that_holds_it() {
        let with = |starts: &str, ends: &str, weeks| {
            duration(&Listing { starts_on: starts.into(), ends_on: ends.into(), weeks, ..Default::default() })
        };
        assert_eq!(with("2027-03-01", "2027-03-07", 0), Some("week"));
        assert_eq!(with("2027-03-01", "2027-03-31", 0), Some("month"));
        assert_eq!(with("2027-03-01", "2029-03-31", 0), Some("longer"));
        assert_eq!(with("2027-03-01", "2029-03-31", 26), Some("halfyear"));
        assert_eq!(with("2027-03-01", "", 0), None);
    }
}
