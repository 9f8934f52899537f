//! Listings for somebody: candidates from the index, then the rule of `proto` on each, so that scores and reasons are
//! the same at every node.

use std::{cmp::Reverse, collections::BTreeSet};

use volbridge_proto::{
    Code, Date, Refusal,
    codes::cefr::LEVELS,
    matching::{self, Fit, Person},
    text::lang::check_language,
    wire::{node::v1 as wire, record::v1 as record},
};

use super::{Api, permit::Caller};
use crate::{
    error::Error,
    search::{Choice, primary},
    views::{Current, indexed, indexed::Key, page},
};

/// Listings that the rule is tried on: those of which the most is right by the index.
const CANDIDATES: usize = 400;

/// Values of one field.
const VALUES: usize = 64;

/// Characters of a value.
const VALUE: usize = 128;

pub(super) async fn find(
    api: &Api,
    caller: Caller,
    request: &wire::MatchRequest,
) -> Result<wire::MatchResponse, Error> {
    let limit = usize::try_from(page::limit(request.limit)?).unwrap_or_default();
    let person = person(request)?;
    let named = caller.viewer(&api.context).sees_named();
    let now = api.context.now();
    let keys = api.context.search.candidates(wishes(&person), named, now, CANDIDATES).await?;
    let mut reading = api.read(caller).await?;
    let keys: BTreeSet<Key> = keys.into_iter().collect();
    let rows = indexed::listings(&reading.tx, reading.viewer, &keys).await?;
    let mut fits: Vec<(Fit, Current<record::Listing>)> =
        rows.into_iter().filter_map(|row| Some((matching::fit(&person, &row.content)?, row))).collect();
    // Of equals the newest, then by key: the same list each time.
    fits.sort_by_key(|(fit, row)| (Reverse(fit.score), Reverse(row.subject()), row.place.log));
    fits.truncate(limit);
    let (fits, rows): (Vec<Fit>, Vec<Current<record::Listing>>) = fits.into_iter().unzip();
    let views = reading.listing_views(rows).await?;
    let listings = fits.into_iter().zip(views).map(|(fit, view)| matched(fit, view)).collect();
    Ok(wire::MatchResponse { listings })
}

fn matched(fit: Fit, listing: wire::ListingView) -> wire::MatchedListing {
    let reason = |reason: matching::Reason| wire::MatchReason {
        code: reason.about.name().to_owned(),
        met: reason.met,
        values: reason.values,
    };
    wire::MatchedListing {
        listing: Some(listing),
        role: fit.role,
        score: fit.score,
        reasons: fit.reasons.into_iter().map(reason).collect(),
    }
}

/// What the index is asked for, each with what it is worth there.
fn wishes(person: &Person) -> Vec<(String, f32)> {
    let mut wishes = Vec::new();
    let mut wish = |choice: Choice, value: &str, worth: f32| wishes.push((choice.term(value), worth));
    person.skills.iter().for_each(|skill| wish(Choice::Skills, skill, 3.5));
    person.languages.keys().for_each(|language| wish(Choice::Languages, language, 2.0));
    person.countries.iter().for_each(|country| match country.as_str() {
        "online" => ["online", "hybrid"].iter().for_each(|modality| wish(Choice::Modalities, modality, 1.5)),
        country => wish(Choice::Countries, country, 1.5),
    });
    person.causes.iter().for_each(|cause| wish(Choice::Causes, cause, 1.0));
    person.sdgs.iter().for_each(|sdg| wish(Choice::Sdgs, &sdg.to_string(), 0.5));
    wishes
}

fn person(request: &wire::MatchRequest) -> Result<Person, Error> {
    let mut languages = std::collections::BTreeMap::new();
    few("languages", request.languages.len())?;
    for said in &request.languages {
        check_language(&said.language).map_err(|refusal| refusal.at("languages.language"))?;
        let level = match said.level.as_str() {
            "" => LEVELS.len() - 1,
            name => matching::level(name)
                .ok_or_else(|| Error::new(Code::FieldInvalid).at("languages.level").with("value", name))?,
        };
        languages.insert(primary(&said.language).to_owned(), level);
    }
    few("sdgs", request.sdgs.len())?;
    let age = (request.age > 0).then_some(request.age);
    if age.is_some_and(|age| age > 120) {
        return Err(Error::new(Code::FieldOutOfRange).at("age"));
    }
    Ok(Person {
        skills: codes("skills", &request.skills)?,
        languages,
        from: date("from", &request.from)?,
        until: date("until", &request.until)?,
        countries: codes("countries", &request.countries)?,
        causes: codes("causes", &request.causes)?,
        sdgs: request.sdgs.iter().copied().collect(),
        age,
    })
}

fn few(field: &str, found: usize) -> Result<(), Error> {
    if found > VALUES {
        return Err(Error::new(Code::FieldTooMany).at(field).with("limit", VALUES));
    }
    Ok(())
}

fn codes(field: &str, values: &[String]) -> Result<BTreeSet<String>, Error> {
    few(field, values.len())?;
    if values.iter().any(|value| value.chars().count() > VALUE) {
        return Err(Error::new(Code::FieldTooLong).at(field).with("limit", VALUE));
    }
    Ok(values.iter().cloned().collect())
}

fn date(field: &'static str, text: &str) -> Result<Option<Date>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|refusal: Refusal| refusal.at(field).into())
}
