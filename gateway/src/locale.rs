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
        (false, false) => lang.fill("date-span", &[("from", date(lang, from)), ("until", date(lang, to))]),
    }
}

/// "24 November 2026, 08:05:31 UTC".
pub fn moment(lang: Lang, millis: i64) -> String {
    let Ok(at) = Timestamp::from_millisecond(millis) else { return String::new() };
    let at = at.to_zoned_datetime(TimeZone::UTC);
    lang.fill("moment", &[("date", civil(lang, at.date())), ("time", at.strftime("%H:%M:%S").to_string())])
}

/// `2026-11-24T08:05:31Z` for machines.
pub fn iso(millis: i64) -> String {
    Timestamp::from_millisecond(millis).map(|at| at.to_string()).unwrap_or_default()
}
