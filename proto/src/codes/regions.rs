//! Regions of countries: codes of ISO 3166-2, or names where an author has no code.

/// The country of a code in the form of ISO 3166-2: `CN` of `CN-BJ`. None: it is a name.
pub fn country_of(region: &str) -> Option<&str> {
    let (country, part) = region.split_once('-')?;
    let coded = country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=3).contains(&part.len())
        && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    coded.then_some(country)
}

/// Whether a region can lie in a country. A territory with a country code of its own has two codes: in
/// ISO 3166-2 `CN-HK` and `US-PR` stand for what ISO 3166-1 calls `HK` and `PR`.
pub fn lies_in(region: &str, country: &str) -> bool {
    country_of(region).is_none_or(|found| found == country || region.get(3..) == Some(country))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_their_country_and_names_dont() {
        for (region, country) in [("CN-BJ", "CN"), ("GB-ENG", "GB"), ("FR-75", "FR")] {
            assert_eq!(country_of(region), Some(country), "{region}");
        }
        for region in ["", "Beijing", "北京", "CN", "CN-", "CN-BEIJING", "cn-bj", "Baden-Württemberg"] {
            assert_eq!(country_of(region), None, "{region}");
        }
    }

    #[test]
    fn a_code_lies_in_its_country_and_a_name_anywhere() {
        for (region, country, lies) in [
            ("CN-BJ", "CN", true),
            ("CN-BJ", "AU", false),
            ("CN-HK", "HK", true),
            ("CN-HK", "CN", true),
            ("CN-HK", "MO", false),
            ("Bavaria", "DE", true),
        ] {
            assert_eq!(lies_in(region, country), lies, "{region} in {country}");
        }
    }
}
