//! Names of the lists' codes in Chinese and English (`proto/names/`): what a page shows for `CN` is what finds it.

use std::{collections::HashMap, sync::LazyLock};

/// The languages that every code has a name in: English first.
pub const LANGUAGES: [&str; 2] = ["en", "zh-CN"];

const TEXTS: [[&str; 3]; 2] = [
    [
        include_str!("../../names/en/codes.txt"),
        include_str!("../../names/en/countries.txt"),
        include_str!("../../names/en/languages.txt"),
    ],
    [
        include_str!("../../names/zh-CN/codes.txt"),
        include_str!("../../names/zh-CN/countries.txt"),
        include_str!("../../names/zh-CN/languages.txt"),
    ],
];

/// `country-CN` → its name in each language, in the order of [`LANGUAGES`].
static NAMES: LazyLock<HashMap<&str, [&str; 2]>> = LazyLock::new(|| {
    let mut names: HashMap<&str, [&str; 2]> = HashMap::new();
    for (place, texts) in TEXTS.iter().enumerate() {
        for (key, name) in
            texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.split_once(" = "))
        {
            if let Some(slot) = names.entry(key).or_default().get_mut(place) {
                *slot = name;
            }
        }
    }
    names
});

/// The name of a code of a list, such as `country` and `CN`, in a language of [`LANGUAGES`]; none for another language
/// and for a code that has no name.
#[must_use]
pub fn name(language: &str, list: &str, code: &str) -> Option<&'static str> {
    let place = LANGUAGES.iter().position(|known| *known == language)?;
    in_each_language(list, code)?.get(place).copied()
}

/// The names of a code in the order of [`LANGUAGES`].
#[must_use]
pub fn in_each_language(list: &str, code: &str) -> Option<[&'static str; 2]> {
    NAMES.get(format!("{list}-{code}").as_str()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn a_code_has_a_name_in_each_language() {
        assert_eq!(in_each_language("country", "CN"), Some(["China", "中国"]));
        assert_eq!(name("zh-CN", "sdg", "4"), Some("优质教育"));
        assert_eq!(name("fr", "country", "CN"), None);
        assert_eq!(name("en", "country", "XX"), None);
    }

    #[test]
    fn no_name_lacks_in_a_language_and_none_is_written_twice() {
        assert!(NAMES.iter().all(|(_, names)| names.iter().all(|name| !name.trim().is_empty())));
        for texts in TEXTS {
            let lines =
                texts.iter().flat_map(|text| text.lines()).filter(|line| line.contains(" = ")).count();
            assert_eq!(lines, NAMES.len());
        }
    }

    #[test]
    fn every_listed_code_has_a_name() {
        let lists: [(&str, &[&str]); 4] = [
            ("country", codes::countries::COUNTRIES),
            ("language", codes::languages::LANGUAGES),
            ("cause", codes::causes::CAUSES),
            ("skill", codes::skills::SKILLS),
        ];
        for (list, codes) in lists {
            for code in codes {
                assert!(in_each_language(list, code).is_some(), "{list}-{code}");
            }
        }
    }
}
