//! revisions: which one is current.

use serde_json::{Value, json};
use volbridge_proto::{
    RecordId,
    record::revision::{RevisionEntry, current},
};

use crate::{Vectors, samples};

fn entry(id: u8, number: u64, previous: Option<u8>) -> RevisionEntry {
    let previous = previous.map(samples::record);
    RevisionEntry { id: samples::record(id), number, previous, republishes: None, audience: [0; 32] }
}

pub fn revisions() -> Vectors {
    let mut vectors = Vectors::new(
        "revisions",
        "Remaining revisions of one subject in log order, and the ids that were withdrawn; `current` is the place of the current one. \
         `audience` stands for kind, class and recipients.",
    );
    let first = || entry(1, 1, None);
    let mut elsewhere = entry(2, 2, Some(1));
    elsewhere.audience = [1; 32];
    let again = |id: u8, of: u8, number, previous| RevisionEntry {
        republishes: Some(samples::record(of)),
        ..entry(id, number, previous)
    };
    let cases = [
        ("nothing remains", Vec::new(), vec![1]),
        ("one", vec![first()], vec![]),
        ("each replaces the one before", vec![first(), entry(2, 2, Some(1)), entry(3, 3, Some(2))], vec![]),
        (
            "two of one: the first in the log",
            vec![first(), entry(2, 2, Some(1)), entry(3, 2, Some(1))],
            vec![],
        ),
        ("a second beginning", vec![first(), entry(2, 1, None)], vec![]),
        ("the one in between was withdrawn", vec![first(), entry(3, 3, Some(2))], vec![2]),
        ("the one in between never was", vec![first(), entry(3, 3, Some(2))], vec![]),
        ("the beginning was withdrawn", vec![entry(2, 2, Some(1)), entry(3, 3, Some(2))], vec![1]),
        ("the end was withdrawn", vec![first(), entry(2, 2, Some(1))], vec![3]),
        ("a number that goes back", vec![entry(4, 4, Some(3)), entry(5, 3, Some(4))], vec![3]),
        (
            "a withdrawn previous with the same number",
            vec![entry(4, 4, Some(3)), entry(5, 4, Some(3))],
            vec![3],
        ),
        ("another class or other recipients", vec![first(), elsewhere], vec![]),
        (
            "republished",
            vec![first(), entry(2, 2, Some(1)), again(12, 2, 2, Some(1)), entry(13, 3, Some(12))],
            vec![],
        ),
        (
            "republished, gone on from the older id",
            vec![first(), again(11, 1, 1, None), entry(2, 2, Some(1))],
            vec![],
        ),
        (
            "republished twice",
            vec![first(), again(11, 1, 1, None), again(21, 11, 1, None), entry(2, 2, Some(1))],
            vec![],
        ),
        (
            "a republication of what is no longer current",
            vec![first(), entry(2, 2, Some(1)), again(11, 1, 1, None)],
            vec![],
        ),
        ("a republication with another number", vec![first(), again(11, 1, 2, Some(9))], vec![]),
    ];
    for (name, entries, withdrawn) in cases {
        let gone: Vec<RecordId> = withdrawn.into_iter().map(samples::record).collect();
        let place = current(&entries, |id| gone.contains(id));
        let entries: Vec<Value> = entries.iter().map(print).collect();
        vectors.accept(name, json!({ "entries": entries, "withdrawn": gone, "current": place }));
    }
    vectors
}

fn print(entry: &RevisionEntry) -> Value {
    json!({
        "id": entry.id,
        "number": entry.number,
        "previous": entry.previous,
        "republishes": entry.republishes,
        "audience": entry.audience[0],
    })
}
