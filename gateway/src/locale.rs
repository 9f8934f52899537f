//! In which language the reader reads, and how dates and times are written in it.
//! The language comes from `?lang=`, then the cookie, then `Accept-Language`
//! (RFC 9110 12.5.4), then the portal's own preference.

use http::{HeaderMap, header};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::texts::{Lang, primary_of};

/// Name of the cookie.
pub const COOKIE: &str = "lang";

/// The languages of this portal, the preferred one first.
pub fn offered(tags: &[String]) -> Vec<Lang> {
    let mut languages: Vec<Lang> = Vec::new();
    for lang in tags.iter().filter_map(|tag| Lang::of(tag)) {
        if !languages.contains(&lang) {
            languages.push(lang);
        }
    }
    if languages.is_empty() {
        languages.extend(Lang::of("en"));
    }
    languages
}

/// What `?lang=` asks for.
pub fn asked(query: &str, offered: &[Lang]) -> Option<Lang> {
    let tag = query.split('&').find_map(|pair| pair.strip_prefix("lang="))?;
    exact(tag, offered)
}

/// The reader's language.
pub fn chosen(query: &str, headers: &HeaderMap, offered: &[Lang]) -> Option<Lang> {
    asked(query, offered)
        .or_else(|| from_cookie(headers, offered))
        .or_else(|| accepted(headers, offered))
        .or_else(|| offered.first().copied())
}

fn exact(tag: &str, offered: &[Lang]) -> Option<Lang> {
    offered.iter().copied().find(|lang| lang.tag().eq_ignore_ascii_case(tag))
}

fn from_cookie(headers: &HeaderMap, offered: &[Lang]) -> Option<Lang> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let tag = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))?;
    exact(tag, offered)
}

/// The best match of `Accept-Language`.
pub fn accepted(headers: &HeaderMap, offered: &[Lang]) -> Option<Lang> {
    let line = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut best: Option<(u32, Lang)> = None;
    for range in line.split(',').take(32) {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim();
        let quality = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1000, thousandths);
        let found = exact(tag, offered)
            .or_else(|| offered.iter().copied().find(|lang| primary_of(&lang.tag()) == primary_of(tag)));
        if let Some(lang) = found
            && quality > best.map_or(0, |(quality, _)| quality)
        {
            best = Some((quality, lang));
        }
    }
    best.map(|(_, lang)| lang)
}

/// `0.8` → 800; anything odd counts as not wanted.
fn thousandths(text: &str) -> u32 {
    match text.trim().parse::<f32>() {
        Ok(quality) if (0.0..=1.0).contains(&quality) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and 1000 by the guard above"
            )]
            let whole = (quality * 1000.0) as u32;
            whole
        }
        _ => 0,
    }
}

/// The day of a moment, in UTC: `2013-12-05`, in the order of time.
pub fn day(millis: i64) -> String {
    Timestamp::from_millisecond(millis)
        .map(|at| at.to_zoned_datetime(TimeZone::UTC).date().to_string())
        .unwrap_or_default()
}

/// `2013-12-05` → "5 December 2013", "2013年12月5日"; what isn't a date stays as it is.
pub fn date(lang: Lang, text: &str) -> String {
    text.parse::<Date>().map_or_else(|_| text.to_owned(), |date| civil(lang, date))
}

fn civil(lang: Lang, date: Date) -> String {
    lang.fill(
        "date",
        &[
            ("year", date.year().to_string()),
            ("month", lang.t(&format!("month-{}", date.month()))),
            ("day", date.day().to_string()),
        ],
    )
}

/// A span of days; either end may be missing.
pub fn dates(lang: Lang, from: &str, to: &str) -> String {
    match (from.is_empty(), to.is_empty()) {
        (true, true) => String::new(),
        (false, true) => lang.with("date-from", "from", date(lang, from)),
        (true, false) => lang.with("date-until", "until", date(lang, to)),
        (false, false) if from == to => date(lang, from),
        (false, false) => span(lang, from, to),
    }
}

/// What both ends share is written once: "21–22 September 2027", "2027年9月21日至22日".
fn span(lang: Lang, from: &str, to: &str) -> String {
    let (Ok(first), Ok(last)) = (from.parse::<Date>(), to.parse::<Date>()) else {
        return lang.fill("date-span", &[("from", date(lang, from)), ("until", date(lang, to))]);
    };
    let day = |date: Date| date.day().to_string();
    if (first.year(), first.month()) == (last.year(), last.month()) {
        let month = lang.t(&format!("month-{}", first.month()));
        let parts = [
            ("from", day(first)),
            ("until", day(last)),
            ("month", month),
            ("year", first.year().to_string()),
        ];
        return lang.fill("date-span-month", &parts);
    }
    if first.year() == last.year() {
        let day_of = |date: Date| {
            let month = lang.t(&format!("month-{}", date.month()));
            lang.fill("day-month", &[("day", day(date)), ("month", month)])
        };
        let parts = [("from", day_of(first)), ("until", day_of(last)), ("year", first.year().to_string())];
        return lang.fill("date-span-year", &parts);
    }
    lang.fill("date-span", &[("from", civil(lang, first)), ("until", civil(lang, last))])
}

/// "Melbourne time (UTC+11)" for the zone on that day; a zone that isn't known stays as it is.
pub fn time_zone(lang: Lang, zone: &str, on: &str) -> String {
    let Ok(known) = TimeZone::get(zone) else { return zone.to_owned() };
    let Ok(day) = on.parse::<Date>() else { return zone.to_owned() };
    let Ok(noon) = day.at(12, 0, 0, 0).to_zoned_datetime(known) else { return zone.to_owned() };
    let city = zone.rsplit('/').next().unwrap_or(zone);
    let known = lang.named("city", &city.to_lowercase().replace('_', "-"));
    let city = known.unwrap_or_else(|| city.replace('_', " "));
    lang.fill("time-zone", &[("city", city), ("offset", offset(noon.offset().seconds()))])
}

/// "UTC+8", "UTC+5:45", "UTC".
fn offset(seconds: i32) -> String {
    let (sign, minutes) = (if seconds < 0 { '−' } else { '+' }, seconds.unsigned_abs() / 60);
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// "24 November 2026, 08:05:31 UTC".
pub fn moment(lang: Lang, millis: i64) -> String {
    let Ok(at) = Timestamp::from_millisecond(millis) else { return String::new() };
    let at = at.to_zoned_datetime(TimeZone::UTC);
    lang.fill("moment", &[("date", civil(lang, at.date())), ("time", at.strftime("%H:%M:%S").to_string())])
}

/// The time alone if it was on the day of `now`, else the whole moment.
pub fn recent(lang: Lang, millis: i64, now: i64) -> String {
    if day(millis) != day(now) {
        return moment(lang, millis);
    }
    let Ok(at) = Timestamp::from_millisecond(millis) else { return String::new() };
    let time = at.to_zoned_datetime(TimeZone::UTC).strftime("%H:%M:%S").to_string();
    lang.with("clock", "time", time)
}

/// `2026-11-24T08:05:31Z` for machines.
pub fn iso(millis: i64) -> String {
    Timestamp::from_millisecond(millis).map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_ends_of_a_span_share_is_written_once() {
        let (chinese, english) = (Lang::of("zh-CN").unwrap(), Lang::fallback());
        for (from, to, in_english, in_chinese) in [
            ("2027-09-21", "2027-09-22", "21–22 September 2027", "2027年9月21日至22日"),
            ("2027-09-20", "2027-11-12", "20 September – 12 November 2027", "2027年9月20日至11月12日"),
            ("2027-06-01", "2028-05-31", "1 June 2027 – 31 May 2028", "2027年6月1日至2028年5月31日"),
            ("2027-06-01", "2027-06-01", "1 June 2027", "2027年6月1日"),
            ("2027-06-01", "", "from 1 June 2027", "2027年6月1日起"),
        ] {
            assert_eq!(
                (dates(english, from, to).as_str(), dates(chinese, from, to).as_str()),
                (in_english, in_chinese)
            );
        }
    }

    #[test]
    fn a_zone_is_told_with_its_distance_on_that_day() {
        assert_eq!(
            time_zone(Lang::fallback(), "Australia/Melbourne", "2027-12-04"),
            "Melbourne time (UTC+11)"
        );
        assert_eq!(
            time_zone(Lang::fallback(), "Australia/Melbourne", "2027-07-04"),
            "Melbourne time (UTC+10)"
        );
        assert_eq!(time_zone(Lang::of("zh-CN").unwrap(), "Asia/Shanghai", "2027-10-12"), "上海时间（UTC+8）");
        assert_eq!(time_zone(Lang::fallback(), "Mars/Olympus", "2027-10-12"), "Mars/Olympus");
    }
}
