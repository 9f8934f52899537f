//! Moments and days as records hold them. Nothing here reads a clock.

use std::{fmt, str::FromStr};

use jiff::{civil, tz::Offset};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Code, Refusal};

/// The last moment that a record may name: 9999-12-31T23:59:59.999Z.
pub const LAST_MOMENT: Timestamp = Timestamp(253_402_300_799_999);

/// Unix milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment from its Unix milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Its Unix milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment `millis` later, or earlier if negative; stops at the ends of time.
    pub const fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The UTC day that holds it.
    pub fn date(self) -> Date {
        Date(Offset::UTC.to_datetime(self.clamped()).date())
    }

    fn clamped(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0.clamp(0, LAST_MOMENT.0)).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    /// `2026-11-24T08:00:00.000Z`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.clamped())
    }
}

/// A day without a place, `2026-11-24`: years 0001 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// When the day begins in UTC.
    pub fn start_of_day_utc(self) -> Timestamp {
        let midnight = self.0.to_datetime(civil::Time::midnight());
        Timestamp(Offset::UTC.to_timestamp(midnight).map_or(0, jiff::Timestamp::as_millisecond))
    }

    /// Days from this one to another; negative if that is earlier.
    pub fn days_until(self, other: Self) -> i64 {
        self.0.duration_until(other.0).as_hours() / 24
    }

    /// The moment at which the day is over in UTC.
    pub fn end_of_day_utc(self) -> Timestamp {
        self.start_of_day_utc().plus(24 * 60 * 60 * 1000)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl FromStr for Date {
    type Err = Refusal;

    /// Reads `YYYY-MM-DD` and nothing else.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Code::DateMalformed).with("expected", "YYYY-MM-DD");
        let shaped = text.len() == 10
            && text.bytes().enumerate().all(|(place, byte)| match place {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shaped {
            return Err(malformed());
        }
        let day: civil::Date = text.parse().map_err(|_| malformed())?;
        if day.year() == 0 { Err(malformed()) } else { Ok(Self(day)) }
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_in_utc_with_milliseconds() {
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_millis(1_795_507_200_123).to_string(), "2026-11-24T08:00:00.123Z");
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), LAST_MOMENT.to_string());
    }

    #[test]
    fn days_are_read_in_one_spelling() {
        let day: Date = "2024-02-29".parse().unwrap();
        assert_eq!(day.to_string(), "2024-02-29");
        assert_eq!(day.start_of_day_utc().to_string(), "2024-02-29T00:00:00.000Z");
        assert_eq!(day.end_of_day_utc().date().to_string(), "2024-03-01");
        let earlier: Date = "2023-12-31".parse().unwrap();
        assert_eq!((earlier.days_until(day), day.days_until(earlier), day.days_until(day)), (60, -60, 0));
        for text in ["", "2023-02-29", "2024-2-29", "20240229", "2024-02-29T00", "+024-02-29", "0000-01-01"] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
