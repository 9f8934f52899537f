//! How well a listing suits somebody, and why: the same at every node, from what somebody enters and what the listing
//! says, without a profile. Only what was entered counts; a role that asks for more than somebody said is still shown,
//! lower down, with what is lacking.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    codes::cefr::LEVELS,
    time::Date,
    wire::record::v1::{Listing, Role},
};

/// What a wish that is met in full is worth; parts are counted in these.
const WHOLE: u32 = 1_000;

/// What a wish is worth that the listing says nothing about.
const UNSAID: u32 = 500;

/// What somebody can do and looks for. Empty fields weren't entered, and don't count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Codes.
    pub skills: BTreeSet<String>,
    /// Primary subtag and level, by its place in [`LEVELS`].
    pub languages: BTreeMap<String, usize>,
    /// The first day that somebody has.
    pub from: Option<Date>,
    /// The last.
    pub until: Option<Date>,
    /// ISO 3166-1, and "online".
    pub countries: BTreeSet<String>,
    /// Codes.
    pub causes: BTreeSet<String>,
    /// By number.
    pub sdgs: BTreeSet<u32>,
    /// In years.
    pub age: Option<u32>,
}

/// What a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// What the role asks for or wishes.
    Skill,
    /// That the role asks for, at its level.
    Language,
    /// When it takes place.
    Dates,
    /// Where.
    Place,
    /// What it is for.
    Cause,
    /// The goals that it serves.
    Sdg,
    /// Who may apply.
    Age,
}

impl About {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skill => "skill",
            Self::Language => "language",
            Self::Dates => "dates",
            Self::Place => "place",
            Self::Cause => "cause",
            Self::Sdg => "sdg",
            Self::Age => "age",
        }
    }

    /// What it weighs beside the others.
    fn weight(self) -> u32 {
        match self {
            Self::Skill => 35,
            Self::Language => 20,
            Self::Dates | Self::Place => 15,
            Self::Cause => 10,
            Self::Sdg => 5,
            Self::Age => 0,
        }
    }
}

/// Why a listing suits, or doesn't.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// What it is about.
    pub about: About,
    /// It speaks for the listing.
    pub met: bool,
    /// The codes, languages or places that are met, or lacking.
    pub values: Vec<String>,
}

/// How well the best role suits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The role's number.
    pub role: u32,
    /// 0 to 100.
    pub score: u32,
    /// For it first, each as [`About`] has them.
    pub reasons: Vec<Reason>,
}

/// How well a listing suits somebody; none if it has no role with slots left, or somebody isn't of the age.
pub fn fit(person: &Person, listing: &Listing) -> Option<Fit> {
    let age = age(person, listing)?;
    let free = listing.roles.iter().filter(|role| role.slots > role.filled);
    let fits = free.map(|role| of_role(person, listing, role, &age));
    // Of equals the one with the lowest number.
    fits.min_by_key(|fit| (std::cmp::Reverse(fit.score), fit.role))
}

/// What one wish gives.
struct Part {
    about: About,
    /// Of [`WHOLE`].
    share: u32,
    reasons: Vec<Reason>,
}

impl Part {
    fn unsaid(about: About) -> Self {
        Self { about, share: UNSAID, reasons: Vec::new() }
    }

    fn of(about: About, share: u32, met: Vec<String>, lacking: Vec<String>) -> Self {
        let reason = |met, values| Reason { about, met, values };
        let mut reasons = Vec::new();
        if !met.is_empty() {
            reasons.push(reason(true, met));
        }
        if !lacking.is_empty() {
            reasons.push(reason(false, lacking));
        }
        Self { about, share, reasons }
    }
}

fn of_role(person: &Person, listing: &Listing, role: &Role, age: &[Reason]) -> Fit {
    let parts = [
        skills(person, role),
        languages(person, role),
        dates(person, listing),
        place(person, listing),
        shared(About::Cause, &person.causes, listing.causes.iter().cloned()),
        shared(About::Sdg, &text(&person.sdgs), listing.sdgs.iter().map(u32::to_string)),
    ];
    let entered: Vec<Part> = parts.into_iter().flatten().collect();
    let weights: u32 = entered.iter().map(|part| part.about.weight()).sum();
    let sum: u32 = entered.iter().map(|part| part.about.weight() * part.share).sum();
    // Nothing was entered: everything suits alike.
    let score = (sum / 10).checked_div(weights).unwrap_or(50);
    let mut reasons: Vec<Reason> = entered.into_iter().flat_map(|part| part.reasons).collect();
    reasons.extend_from_slice(age);
    reasons.sort_by_key(|reason| (!reason.met, reason.about));
    Fit { role: role.number, score: score.min(100), reasons }
}

/// None if somebody is too young or too old.
fn age(person: &Person, listing: &Listing) -> Option<Vec<Reason>> {
    let Some(age) = person.age else { return Some(Vec::new()) };
    let bounded = listing.min_age > 0 || listing.max_age > 0;
    let fits = age >= listing.min_age && (listing.max_age == 0 || age <= listing.max_age);
    let said = Reason { about: About::Age, met: true, values: Vec::new() };
    fits.then(|| if bounded { vec![said] } else { Vec::new() })
}

/// A skill that is required counts twice as much as one that is wished.
fn skills(person: &Person, role: &Role) -> Option<Part> {
    if person.skills.is_empty() {
        return None;
    }
    let required: BTreeSet<&String> = role.skills.iter().collect();
    let wished: BTreeSet<&String> =
        role.wished_skills.iter().filter(|skill| !required.contains(skill)).collect();
    let all = 2 * required.len() + wished.len();
    if all == 0 {
        return Some(Part::unsaid(About::Skill));
    }
    let has =
        |skills: &BTreeSet<&String>| skills.iter().filter(|skill| person.skills.contains(**skill)).count();
    let share = share(2 * has(&required) + has(&wished), all);
    let met = required.union(&wished).filter(|skill| person.skills.contains(**skill));
    let lacking = required.iter().filter(|skill| !person.skills.contains(**skill));
    let (met, lacking) =
        (met.map(|skill| (*skill).clone()).collect(), lacking.map(|skill| (*skill).clone()).collect());
    Some(Part::of(About::Skill, share, met, lacking))
}

/// A language below its level counts half.
fn languages(person: &Person, role: &Role) -> Option<Part> {
    if person.languages.is_empty() {
        return None;
    }
    if role.languages.is_empty() {
        return Some(Part::unsaid(About::Language));
    }
    let (mut halves, mut met, mut lacking) = (0, Vec::new(), Vec::new());
    for asked in &role.languages {
        let language = asked.language.split('-').next().unwrap_or_default().to_owned();
        let needed = level(&asked.level).unwrap_or(0);
        match person.languages.get(&language) {
            Some(level) if *level >= needed => {
                halves += 2;
                met.push(language);
            }
            Some(_) => {
                halves += 1;
                lacking.push(language);
            }
            None => lacking.push(language),
        }
    }
    Some(Part::of(About::Language, share(halves, 2 * role.languages.len()), met, lacking))
}

/// A level's place among [`LEVELS`].
pub fn level(name: &str) -> Option<usize> {
    LEVELS.iter().position(|level| *level == name)
}

/// All of the listing's days, some, or none.
fn dates(person: &Person, listing: &Listing) -> Option<Part> {
    if person.from.is_none() && person.until.is_none() {
        return None;
    }
    let starts: Option<Date> = listing.starts_on.parse().ok();
    let ends: Option<Date> = listing.ends_on.parse().ok();
    let (Some(first), Some(last)) = (starts.or(ends), ends.or(starts)) else {
        return Some(Part::unsaid(About::Dates));
    };
    let before = person.until.is_some_and(|until| until < first);
    let after = person.from.is_some_and(|from| from > last);
    let whole =
        person.from.is_none_or(|from| from <= first) && person.until.is_none_or(|until| until >= last);
    let share = match (before || after, whole) {
        (true, _) => 0,
        (false, true) => WHOLE,
        (false, false) => WHOLE / 2,
    };
    let days = vec![first.to_string(), last.to_string()];
    let (met, lacking) = if share == WHOLE { (days, Vec::new()) } else { (Vec::new(), days) };
    Some(Part::of(About::Dates, share, met, lacking))
}

fn place(person: &Person, listing: &Listing) -> Option<Part> {
    if person.countries.is_empty() {
        return None;
    }
    let country = listing.place.as_ref().map(|place| place.country.clone());
    let online = (listing.place.is_none() || listing.remote).then(|| "online".to_owned());
    let offered: Vec<String> = country.into_iter().chain(online).collect();
    let (met, lacking): (Vec<_>, Vec<_>) =
        offered.into_iter().partition(|place| person.countries.contains(place));
    if met.is_empty() {
        return Some(Part::of(About::Place, 0, met, lacking));
    }
    Some(Part::of(About::Place, WHOLE, met, Vec::new()))
}

/// One in common is enough.
fn shared(about: About, wanted: &BTreeSet<String>, offered: impl Iterator<Item = String>) -> Option<Part> {
    if wanted.is_empty() {
        return None;
    }
    let offered: BTreeSet<String> = offered.collect();
    if offered.is_empty() {
        return Some(Part::unsaid(about));
    }
    let met: Vec<String> = offered.intersection(wanted).cloned().collect();
    if met.is_empty() {
        return Some(Part::of(about, 0, met, offered.into_iter().collect()));
    }
    Some(Part::of(about, WHOLE, met, Vec::new()))
}

fn text(numbers: &BTreeSet<u32>) -> BTreeSet<String> {
    numbers.iter().map(u32::to_string).collect()
}

fn share(part: usize, whole: usize) -> u32 {
    let share = (part * WHOLE as usize).checked_div(whole).unwrap_or_default();
    u32::try_from(share).unwrap_or(WHOLE).min(WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::record::v1::{LanguageSkill, Place};

    fn set<T: Ord + Clone>(values: &[T]) -> BTreeSet<T> {
        values.iter().cloned().collect()
    }

    fn strings(values: &[&str]) -> BTreeSet<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    fn role(number: u32, skills: &[&str]) -> Role {
        Role {
            number,
            slots: 2,
            skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
            ..Role::default()
        }
    }

    fn listing(roles: Vec<Role>) -> Listing {
        let place = Place { country: "CN".into(), ..Place::default() };
        let (starts_on, ends_on) = ("2027-03-01".to_owned(), "2027-03-31".to_owned());
        Listing { roles, place: Some(place), starts_on, ends_on, ..Listing::default() }
    }

    fn reason(fit: &Fit, about: About) -> Vec<(bool, Vec<&str>)> {
        let of = fit.reasons.iter().filter(|reason| reason.about == about);
        of.map(|reason| (reason.met, reason.values.iter().map(String::as_str).collect())).collect()
    }

    #[test]
    fn the_role_that_suits_best_is_named_with_its_reasons() {
        let listing = listing(vec![role(1, &["cooking"]), role(2, &["teaching", "first-aid"])]);
        let person = Person { skills: strings(&["teaching"]), ..Person::default() };
        let fit = fit(&person, &listing).unwrap();
        assert_eq!((fit.role, fit.score), (2, 50));
        assert_eq!(reason(&fit, About::Skill), [(true, vec!["teaching"]), (false, vec!["first-aid"])]);
    }

    #[test]
    fn a_language_below_its_level_counts_half() {
        let mut asked = role(1, &[]);
        asked.languages = vec![LanguageSkill { language: "zh-CN".into(), level: "B2".into() }];
        let listing = listing(vec![asked]);
        let at = |level| Person { languages: [("zh".to_owned(), level)].into(), ..Person::default() };
        assert_eq!(fit(&at(3), &listing).unwrap().score, 100);
        assert_eq!(fit(&at(2), &listing).unwrap().score, 50);
        let other = Person { languages: [("en".to_owned(), 5)].into(), ..Person::default() };
        assert_eq!(fit(&other, &listing).unwrap().score, 0);
    }

    #[test]
    fn days_places_causes_and_goals_count_when_they_are_entered() {
        let mut listing = listing(vec![role(1, &[])]);
        listing.causes = vec!["health".into()];
        listing.sdgs = vec![3, 4];
        let day = |text: &str| text.parse::<Date>().ok();
        let score = |person: Person| fit(&person, &listing).unwrap().score;
        let from =
            |from: &str, until: &str| Person { from: day(from), until: day(until), ..Person::default() };
        assert_eq!(score(from("2027-03-01", "2027-04-01")), 100);
        assert_eq!(score(from("2027-03-02", "")), 50);
        assert_eq!(score(from("", "2027-02-28")), 0);
        assert_eq!(score(Person { countries: strings(&["CN", "DE"]), ..Person::default() }), 100);
        assert_eq!(score(Person { countries: strings(&["online"]), ..Person::default() }), 0);
        assert_eq!(score(Person { causes: strings(&["health"]), ..Person::default() }), 100);
        assert_eq!(score(Person { sdgs: set(&[1, 4]), ..Person::default() }), 100);
        assert_eq!(score(Person::default()), 50);
    }

    #[test]
    fn who_is_not_of_the_age_and_what_is_full_is_left_out() {
        let mut listing = listing(vec![role(1, &[])]);
        listing.min_age = 18;
        let of = |age| Person { age: Some(age), ..Person::default() };
        assert_eq!(fit(&of(17), &listing), None);
        assert_eq!(reason(&fit(&of(18), &listing).unwrap(), About::Age), [(true, vec![])]);
        listing.roles[0].filled = 2;
        assert_eq!(fit(&of(18), &listing), None);
    }
}
