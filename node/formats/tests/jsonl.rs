//! JSON Lines: nothing is lost, and each bad line has its number.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

mod samples;

use proptest::prelude::*;
use volbridge_formats::{Entry, jsonl};
use volbridge_proto::Code;

fn written(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        jsonl::write(&mut bytes, entry).unwrap();
    }
    bytes
}

fn read(bytes: &[u8]) -> Vec<Entry> {
    jsonl::read(bytes).collect::<Result<_, _>>().unwrap()
}

#[test]
fn hostile_texts_come_back_as_they_were() {
    let mut entries: Vec<Entry> = samples::HOSTILE.iter().map(|text| samples::filled_with(text)).collect();
    entries.push(samples::filled_with(&samples::long()));
    let bytes = written(&entries);
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), entries.len());
    assert_eq!(read(&bytes), entries);
}

#[test]
fn a_bad_line_is_named_and_the_others_are_read() {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    bytes.extend(written(&[samples::ordinary()]));
    bytes.extend(b"\n{\"listing\":{\"titel\":\"x\"}}\n\xff\n[]\n");
    bytes.extend(written(&[samples::ordinary()]));
    bytes.pop();
    let found: Vec<_> = jsonl::read(&bytes[..]).collect();
    let faults: Vec<_> = found.iter().filter_map(|line| line.as_ref().err()).collect();
    let places: Vec<_> = faults.iter().map(|fault| (fault.row, fault.code)).collect();
    assert_eq!(places, [(3, Code::FieldInvalid), (4, Code::CanonicalUtf8), (5, Code::FieldInvalid)]);
    assert!(faults[0].value.contains("titel"), "{}", faults[0]);
    assert_eq!(found.iter().flatten().count(), 2);
}

#[test]
fn a_line_without_end_is_refused_and_the_next_is_read() {
    let mut bytes = vec![b'x'; 9 << 20];
    bytes.push(b'\n');
    bytes.extend(written(&[samples::ordinary()]));
    let found: Vec<_> = jsonl::read(&bytes[..]).collect();
    assert_eq!(found[0].as_ref().unwrap_err().code, Code::FieldTooLong);
    assert_eq!(found[1].as_ref().unwrap(), &samples::ordinary());
    assert_eq!(found.len(), 2);
}

#[test]
fn what_people_do_not_see_is_put_right() {
    let mut entry = samples::filled_with(" a\r\nb\u{3000}\n");
    entry.listing.causes = ["education", "animals", "education"].map(str::to_owned).into();
    entry.tidy();
    let clean = samples::filled_with("a\nb");
    assert_eq!(entry.listing.causes, ["animals", "education"]);
    entry.listing.causes = clean.listing.causes.clone();
    assert_eq!((&entry.listing, &entry.translations), (&clean.listing, &clean.translations));
}

#[test]
fn an_ordinary_listing_is_one_that_can_be_published() {
    let refusals = samples::ordinary().refusals();
    assert_eq!(refusals, []);
}

proptest! {
    #[test]
    fn any_listing_comes_back_as_it_was(entry in samples::entry()) {
        prop_assert_eq!(read(&written(std::slice::from_ref(&entry))), [entry]);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in any::<Vec<u8>>()) {
        prop_assert!(jsonl::read(&bytes[..]).count() <= bytes.len() + 1);
    }
}
