//! Days and moments as other formats and people write them.

use jiff::civil;
use volbridge_proto::{Date, Timestamp, time::LAST_MOMENT};

/// `2026-11-24T08:00:00Z`, with any offset, within the years that a record may name.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.trim().parse().ok()?;
    let millis = moment.as_millisecond();
    (0..=LAST_MOMENT.as_millis()).contains(&millis).then(|| Timestamp::from_millis(millis))
}

/// `2026-11-24`, `2026/11/24`, `2026.11.24`, `2026年11月24日`, with or without zeros; the year always first, because
/// what comes first in `03/04/2026` nobody knows.
pub(crate) fn day(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches(['日', '号']);
    let mut parts = text.split(['-', '/', '.', '年', '月']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |part: &str, most: usize| {
        let digits = !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<i16>().ok()).flatten()
    };
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let month = i8::try_from(number(month, 2)?).ok()?;
    let day = i8::try_from(number(day, 2)?).ok()?;
    let date = civil::Date::new(number(year, 4)?, month, day).ok()?;
    let written = format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
    written.parse::<Date>().ok().map(|_| written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_people_write_it_with_the_year_first() {
        for text in ["2027-03-01", "2027/3/1", "2027.3.01", "2027年3月1日", " 2027-3-1 "] {
            assert_eq!(day(text).as_deref(), Some("2027-03-01"), "{text}");
        }
        for text in ["03/04/2027", "2027-02-30", "2027-13-01", "2027", "", "2027-+3-01", "1/2/27"] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
