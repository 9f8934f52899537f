//! Names of codes, in Chinese and English: a listing in China is found by "中国" as well as by "CN". They are the
//! portal's own texts, read where they stand, so that what somebody reads on a page is what finds it.

use std::{collections::HashMap, sync::LazyLock};

const LISTS: [&str; 4] = [
    include_str!("../../../gateway/i18n/en/codes.ftl"),
    include_str!("../../../gateway/i18n/en/countries.ftl"),
    include_str!("../../../gateway/i18n/zh-CN/codes.ftl"),
    include_str!("../../../gateway/i18n/zh-CN/countries.ftl"),
];

static NAMES: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let mut names: HashMap<&str, Vec<&str>> = HashMap::new();
    for line in LISTS.iter().flat_map(|list| list.lines()) {
        // Texts with a placeable aren't names.
        if let Some((key, name)) = line.split_once(" = ")
            && !key.starts_with([' ', '#'])
            && !name.contains('{')
        {
            names.entry(key).or_default().push(name);
        }
    }
    names
});

/// The names of a code of a list, `country` and `CN`; none if the portal has none.
#[must_use]
pub fn of(list: &str, code: &str) -> &'static [&'static str] {
    NAMES.get(format!("{list}-{code}").as_str()).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_names_in_both_languages() {
        assert_eq!(of("country", "CN"), ["China", "中国"]);
        assert_eq!(of("sdg", "4").len(), 2);
        assert_eq!(of("country", "XX"), Vec::<&str>::new());
    }
}
