//! Start dates as iCalendar (RFC 5545), out only: an event a listing, from its first day to its last; without a first day
//! none.
//!
//! Written by hand: what the format's crate writes takes a clock and random ids.

use volbridge_proto::Date;

use crate::Entry;

/// The media type.
pub const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";
/// Octets of a line without its end (3.1).
const LINE: usize = 75;

/// The calendar, with the name that it has in others' programs.
pub fn write(name: &str, language: &str, entries: &[Entry]) -> Vec<u8> {
    let mut lines = Lines::default();
    lines.put("BEGIN", "VCALENDAR");
    lines.put("VERSION", "2.0");
    lines.put("PRODID", "-//Volbridge//Listings//EN");
    lines.put("CALSCALE", "GREGORIAN");
    lines.put("METHOD", "PUBLISH");
    lines.put("NAME", &escape(name));
    lines.put("X-WR-CALNAME", &escape(name));
    for entry in entries {
        write_event(&mut lines, entry, language);
    }
    lines.put("END", "VCALENDAR");
    lines.0.into_bytes()
}

fn write_event(lines: &mut Lines, entry: &Entry, language: &str) {
    let listing = &entry.listing;
    let Ok(starts) = listing.starts_on.parse::<Date>() else { return };
    let compact = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    lines.put("BEGIN", "VEVENT");
    lines.put("UID", &escape(&entry.key()));
    // Of the revision, not of the asking: the same listings are the same calendar.
    let moment = entry.updated_at.or(entry.published_at).unwrap_or_default().to_string();
    let stamp = moment.get(..19).unwrap_or("1970-01-01T00:00:00");
    lines.put("DTSTAMP", &format!("{}Z", stamp.replace(['-', ':'], "")));
    lines.put("DTSTART;VALUE=DATE", &compact(&starts.to_string()));
    // The day after the last: an end is no part of an event (3.6.1).
    let after = listing.ends_on.parse::<Date>().ok().filter(|last| *last >= starts);
    if let Some(last) = after {
        lines.put("DTEND;VALUE=DATE", &compact(&last.end_of_day_utc().date().to_string()));
    }
    lines.put("SUMMARY", &escape(entry.text("title", language)));
    lines.put("DESCRIPTION", &escape(&description(entry, language)));
    let place = listing.place.as_ref();
    let parts = place.map(|place| [&place.city, &place.region, &place.country].map(String::as_str));
    let place: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    if !place.is_empty() {
        lines.put("LOCATION", &escape(&place.join(", ")));
    }
    if !entry.link.is_empty() {
        lines.put("URL", &one_line(&entry.link));
    }
    // It says when something begins, not that somebody is busy for months.
    lines.put("TRANSP", "TRANSPARENT");
    lines.put("END", "VEVENT");
}

fn description(entry: &Entry, language: &str) -> String {
    let parts = [entry.text("summary", language), &entry.imported(language), &entry.link];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// A text as a value (3.3.11).
fn escape(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for sign in text.replace("\r\n", "\n").replace('\r', "\n").chars() {
        match sign {
            '\\' | ';' | ',' => value.extend(['\\', sign]),
            '\n' => value.push_str("\\n"),
            _ if sign.is_control() && sign != '\t' => value.push('\u{fffd}'),
            _ => value.push(sign),
        }
    }
    value
}

/// An address can't be escaped: what would end its line is left out.
fn one_line(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_control()).collect()
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A line, folded at 75 octets and never within a character.
    fn put(&mut self, name: &str, value: &str) {
        let mut length = 0;
        for sign in name.chars().chain([':']).chain(value.chars()) {
            if length + sign.len_utf8() > LINE {
                self.0.push_str("\r\n ");
                length = 1;
            }
            self.0.push(sign);
            length += sign.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}
