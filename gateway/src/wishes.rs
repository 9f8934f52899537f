//! What somebody brings and looks for, as it stands in an address; nothing of it is
//! kept. `?skills=teaching&languages=en:B2,zh&from=2027-03-01&countries=CN,online`.
//! A form says a language in two fields, `language` and `level`.

use jiff::civil::Date;
use volbridge_proto::{codes::cefr::LEVELS, error::Code, wire::node::v1 as node};

use crate::{
    problem::Problem,
    query::{self, Asked},
};

/// Parameters that are chosen among the index's values.
const CHOSEN: &[&str] = &["skills", "countries", "causes", "sdgs", "limit"];
const TOLD: &[&str] = &["languages", "language", "level", "from", "until", "age"];
const MOST_LANGUAGES: usize = 12;
const OLDEST: u32 = 120;

/// The wishes, checked as far as their form goes.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Skills, countries, causes and goals.
    pub chosen: Asked,
    pub languages: Vec<node::LanguageLevel>,
    pub from: String,
    pub until: String,
    /// 0: not told.
    pub age: u32,
}

impl Wishes {
    /// Reads what is known here; the other pairs are handed back.
    pub fn read(pairs: Vec<(String, String)>) -> Result<(Self, Vec<(String, String)>), Problem> {
        let (chosen, others): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|(name, _)| CHOSEN.contains(&name.as_str()));
        let mut wishes = Self { chosen: Asked::read(chosen)?.0, ..Self::default() };
        let mut rest = Vec::new();
        for (name, value) in others {
            match TOLD.iter().find(|known| **known == name) {
                Some(name) => wishes.take(name, value.trim()).map_err(|problem| problem.at(name))?,
                None => rest.push((name, value)),
            }
        }
        wishes.languages.retain(|known| !known.language.is_empty());
        let in_order = wishes.until.is_empty() || wishes.from <= wishes.until;
        if in_order { Ok((wishes, rest)) } else { Err(Problem::new(Code::FieldMismatch).at("until")) }
    }

    /// Whether nothing was told that listings could fit.
    pub fn is_empty(&self) -> bool {
        let query = &self.chosen.query;
        self.languages.is_empty()
            && self.from.is_empty()
            && self.until.is_empty()
            && self.age == 0
            && query.skills.is_empty()
            && query.countries.is_empty()
            && query.causes.is_empty()
            && query.sdgs.is_empty()
    }

    /// The call for them.
    pub fn request(&self) -> node::MatchRequest {
        let query = self.chosen.query.clone();
        node::MatchRequest {
            skills: query.skills,
            languages: self.languages.clone(),
            from: self.from.clone(),
            until: self.until.clone(),
            countries: query.countries,
            causes: query.causes,
            sdgs: query.sdgs,
            age: self.age,
            limit: self.chosen.limit,
        }
    }

    /// All of it as the query of an address, in the API's form.
    pub fn whole(&self) -> String {
        let languages: Vec<String> = self
            .languages
            .iter()
            .map(|known| match known.level.as_str() {
                "" => known.language.clone(),
                level => format!("{}:{level}", known.language),
            })
            .collect();
        let age = if self.age > 0 { self.age.to_string() } else { String::new() };
        let told = [("from", self.from.as_str()), ("until", self.until.as_str()), ("age", age.as_str())];
        let pairs = languages
            .iter()
            .map(|known| ("languages", known.as_str()))
            .chain(told.into_iter().filter(|(_, value)| !value.is_empty()));
        let parts = [self.chosen.whole(), query::written(pairs)];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&")
    }

    fn take(&mut self, name: &str, text: &str) -> Result<(), Problem> {
        match name {
            "languages" => text.split(',').map(str::trim).filter(|one| !one.is_empty()).try_for_each(|one| {
                let (language, level) = one.split_once(':').unwrap_or((one, ""));
                self.speak(language)?;
                self.level(level)
            }),
            // An empty one keeps its place, for the level that comes with it.
            "language" => self.speak(text),
            "level" => self.level(text),
            _ if text.is_empty() => Ok(()),
            "from" => day(text).map(|day| self.from = day),
            "until" => day(text).map(|day| self.until = day),
            _ => query::number(text, 1..=OLDEST).map(|age| self.age = age),
        }
    }

    fn speak(&mut self, language: &str) -> Result<(), Problem> {
        if self.languages.len() >= MOST_LANGUAGES {
            return Err(Problem::new(Code::FieldTooMany));
        }
        let language = if language.is_empty() { String::new() } else { query::language(language)? };
        self.languages.push(node::LanguageLevel { language, level: String::new() });
        Ok(())
    }

    fn level(&mut self, level: &str) -> Result<(), Problem> {
        if !level.is_empty() && !LEVELS.contains(&level) {
            return Err(Problem::new(Code::FieldInvalid));
        }
        match self.languages.last_mut() {
            Some(known) => level.clone_into(&mut known.level),
            None if level.is_empty() => {}
            None => return Err(Problem::new(Code::FieldRequired)),
        }
        Ok(())
    }
}

fn day(text: &str) -> Result<String, Problem> {
    let day: Date = text.parse().map_err(|_| Problem::new(Code::DateMalformed))?;
    // The one way to write it, and nothing else.
    query::checked(text.to_owned(), |text| text == day.to_string())
        .map_err(|_| Problem::new(Code::DateMalformed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Result<Wishes, Problem> {
        let pairs = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Wishes::read(pairs.collect()).map(|(wishes, _)| wishes)
    }

    #[test]
    fn a_language_is_told_in_one_parameter_or_in_two_fields_of_a_form() {
        let one = read(&[("languages", "en:B2,zh"), ("age", "30")]).unwrap();
        let form = read(&[
            ("language", "en"),
            ("level", "B2"),
            ("language", ""),
            ("level", "A1"),
            ("language", "zh"),
            ("level", ""),
            ("age", "30"),
            ("from", ""),
        ])
        .unwrap();
        assert_eq!(one.request(), form.request());
        assert_eq!(form.whole(), "languages=en%3AB2&languages=zh&age=30");
        assert!(!form.is_empty() && read(&[("age", ""), ("language", "")]).unwrap().is_empty());
    }

    #[test]
    fn t62_each_wish_that_is_out_of_form_is_named() {
        for (query, field, code) in [
            (&[("from", "2027-02-30")][..], "from", "date.malformed"),
            (&[("from", "2027-03-01T00:00")], "from", "date.malformed"),
            (&[("from", "2027-03-02"), ("until", "2027-03-01")], "until", "field.mismatch"),
            (&[("languages", "en:D1")], "languages", "field.invalid"),
            (&[("language", "<b>")], "language", "field.invalid"),
            (&[("age", "200")], "age", "field.out_of_range"),
            (&[("sdgs", "0")], "sdgs", "field.out_of_range"),
            (&[("countries", "'")], "countries", "field.invalid"),
        ] {
            let problem = read(query).unwrap_err();
            assert_eq!((problem.field.as_str(), problem.code.as_str()), (field, code), "{query:?}");
        }
    }
}
