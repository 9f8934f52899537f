//! Feeds: what others' programs read in them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

mod samples;

use icalendar::{Component as _, DatePerhapsTime};
use volbridge_formats::{Entry, atom, ical, sitemap};
use volbridge_proto::SubjectId;

const HEAD: atom::Head<'_> = atom::Head {
    title: "志桥 <Volbridge> & friends",
    language: "en",
    address: "https://bvf.example/listings.atom?q=a&lang=en",
    page: "https://bvf.example/listings?q=a",
    author: "BVF",
};

fn hostile() -> Vec<Entry> {
    let texts = samples::HOSTILE.iter().map(|text| (*text).to_owned()).chain([samples::long()]);
    let entry = |(at, text): (u8, String)| Entry {
        subject: Some(SubjectId::v7(1_700_000_000_000, [at; 10])),
        ..samples::filled_with(&text)
    };
    (0..).zip(texts).map(entry).collect()
}

/// As XML can say it.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let odd =
        |sign: char| (sign < ' ' && sign != '\t' && sign != '\n') || ['\u{fffe}', '\u{ffff}'].contains(&sign);
    text.chars().map(|sign| if odd(sign) { '\u{fffd}' } else { sign }).collect()
}

#[test]
fn a_feed_reader_finds_each_title_and_when_it_changed() {
    let entries = hostile();
    let bytes = atom::write(&HEAD, &entries).unwrap();
    let feed = atom_syndication::Feed::read_from(&bytes[..]).unwrap();
    assert_eq!(feed.title().value, HEAD.title);
    assert_eq!(feed.id(), HEAD.address);
    assert_eq!(feed.lang(), Some("en"));
    assert_eq!(feed.entries().len(), entries.len());
    for (read, entry) in feed.entries().iter().zip(&entries) {
        // Readers take away blanks at the ends, as browsers do.
        assert_eq!(read.title().value.trim(), clean(&entry.listing.title).trim());
        assert_eq!(read.id(), format!("urn:uuid:{}", entry.subject.unwrap()));
        assert_eq!(read.updated().to_rfc3339(), "2026-11-18T11:06:40.123+00:00");
        assert_eq!(read.links()[0].href(), entry.link);
    }
}

#[test]
fn the_same_listings_are_the_same_feed_and_none_are_one_too() {
    let entries = [samples::ordinary()];
    assert_eq!(atom::write(&HEAD, &entries).unwrap(), atom::write(&HEAD, &entries).unwrap());
    let empty = atom::write(&HEAD, &[]).unwrap();
    assert!(atom_syndication::Feed::read_from(&empty[..]).unwrap().entries().is_empty());
    let feed = String::from_utf8(atom::write(&HEAD, &entries).unwrap()).unwrap();
    assert!(
        feed.contains("<entry xml:lang=\"en\"><title type=\"text\">Teaching in the countryside</title>"),
        "{feed}"
    );
}

#[test]
fn a_calendar_holds_first_and_last_day_of_each_listing_that_says_them() {
    let mut entries = hostile();
    entries.push(Entry::default());
    let bytes = ical::write("志桥 Volbridge", "zh-CN", &entries);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\n', '\r'])));
    let calendar: icalendar::Calendar = text.parse().unwrap();
    assert_eq!(calendar.get_name(), Some("志桥 Volbridge"));
    let events: Vec<_> = calendar.events().collect();
    assert_eq!(events.len(), entries.len() - 1);
    for (event, entry) in events.iter().zip(&entries) {
        assert_eq!(event.get_uid(), Some(entry.key().as_str()));
        let day = |text: &str| Some(DatePerhapsTime::Date(text.parse().unwrap()));
        assert_eq!(event.get_start(), day("2027-03-01"));
        // The day after the last one.
        assert_eq!(event.get_end(), day("2027-07-16"));
        let control =
            |sign: char| if sign.is_control() && sign != '\t' && sign != '\n' { '\u{fffd}' } else { sign };
        let title: String =
            entry.listing.title.replace("\r\n", "\n").replace('\r', "\n").chars().map(control).collect();
        assert_eq!(event.get_summary().unwrap_or_default().trim(), title.trim(), "{:?}", entry.listing.title);
    }
}

#[test]
fn no_text_begins_a_line_of_its_own_in_a_calendar() {
    let entry = samples::filled_with("a\r\nEND:VEVENT\nBEGIN:VALARM\rACTION:DISPLAY");
    let entry = Entry { link: "https://x.example/\r\nATTACH:evil".into(), ..entry };
    let text = String::from_utf8(ical::write("n\r\nX-EVIL:1", "en", &[entry])).unwrap();
    let names: Vec<&str> = text.split("\r\n").filter_map(|line| line.split([':', ';']).next()).collect();
    for evil in ["BEGIN:VALARM", "ATTACH:evil", "X-EVIL:1"] {
        assert!(!text.split("\r\n").any(|line| line.starts_with(evil)), "{text}");
    }
    assert_eq!(names.iter().filter(|name| **name == "END").count(), 2);
}

#[test]
fn a_sitemap_names_each_page_in_each_language() {
    let page = sitemap::Page {
        address: "https://bvf.example/listings/1?lang=zh&a=<b>".into(),
        changed: samples::ordinary().updated_at,
        languages: vec![
            ("zh-CN".into(), "https://bvf.example/listings/1?lang=zh".into()),
            ("en".into(), "https://bvf.example/listings/1?lang=en&x=\"".into()),
        ],
    };
    let text = String::from_utf8(sitemap::write([page]).unwrap()).unwrap();
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\
         <url><loc>https://bvf.example/listings/1?lang=zh&amp;a=&lt;b&gt;</loc><lastmod>2026-11-18T11:06:40.123Z</lastmod>\
         <xhtml:link rel=\"alternate\" hreflang=\"zh-CN\" href=\"https://bvf.example/listings/1?lang=zh\"/>\
         <xhtml:link rel=\"alternate\" hreflang=\"en\" href=\"https://bvf.example/listings/1?lang=en&amp;x=&quot;\"/></url></urlset>"
    );
}
