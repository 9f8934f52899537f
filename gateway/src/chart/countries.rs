//! The middle of each country: of its largest piece of land in Natural Earth 1:50m
//! (public domain), from the npm package world-atlas 2.0.2 (ISC); the smallest, which
//! it leaves out, by hand. Lines `CN 36.6 103.8`: ISO 3166-1, degrees north and east.

use std::{collections::HashMap, sync::LazyLock};

const LIST: &str = include_str!("../../assets/countries.txt");

static MIDDLES: LazyLock<HashMap<&str, (i32, i32)>> =
    LazyLock::new(|| LIST.lines().filter_map(middle_of).collect());

/// Latitude and longitude of a country in degrees × 1,000,000.
pub fn middle(country: &str) -> Option<(i32, i32)> {
    MIDDLES.get(country).copied()
}

fn middle_of(line: &'static str) -> Option<(&'static str, (i32, i32))> {
    let mut parts = line.split(' ');
    let country = parts.next()?;
    let mut degrees = || parts.next()?.parse::<f64>().ok();
    let (north, east) = (degrees()?, degrees()?);
    #[expect(clippy::cast_possible_truncation, reason = "degrees of the list above")]
    let whole = ((north * 1e6) as i32, (east * 1e6) as i32);
    Some((country, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_names_a_country_and_a_place_on_earth() {
        assert_eq!(MIDDLES.len(), LIST.lines().count());
        assert!(MIDDLES.values().all(|(north, east)| north.abs() < 90_000_000 && east.abs() <= 180_000_000));
        let (north, east) = middle("CN").unwrap();
        assert!((30_000_000..40_000_000).contains(&north) && (95_000_000..110_000_000).contains(&east));
        assert_eq!(middle("online"), None);
    }
}
