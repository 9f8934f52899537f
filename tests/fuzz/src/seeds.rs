//! First inputs of each target: the vectors of its rule, the files that the repository has anyway, and what stands in
//! `corpus/<target>`: inputs that found something, and those that nothing else gives.

use std::{fs, path::Path};

use prost::Message;
use serde_json::Value;
use volbridge_proto::{
    kinds,
    wire::{exchange::v1 as wire, record::v1 as record},
};

use crate::vectors::{Vectors, bytes, text};

/// Longer ones make the short run slow and find nothing more.
const LONGEST: usize = 48 * 1024;

/// All of a target's.
#[must_use]
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let mut seeds = derived(target);
    seeds.extend(files(&format!("tests/fuzz/corpus/{target}"), ""));
    seeds.retain(|seed| seed.len() <= LONGEST);
    seeds
}

fn derived(target: &str) -> Vec<Vec<u8>> {
    let field = |rule, name| Vectors::of(rule).each(|case| text(&case[name]));
    let hex = |rule, name| Vectors::of(rule).each(|case| bytes(&case[name]));
    match target {
        "introduction" => [hex("keys-response", "answer"), first_descriptors()].concat(),
        "keys-response" => hex("keys-response", "answer"),
        "rotation" => hex("rotation", "body"),
        "message" => messages(),
        "follow" => Vectors::of("follow").each(script),
        "claim" => claims(),
        "body" => [hex("entry-valid", "body"), hex("sealing", "body")].concat(),
        "sealed" => hex("sealing", "body"),
        "statement" => hex("content-valid", "statement"),
        "payload" => Vectors::of("content-valid").each(payload),
        "canonical" => {
            Vectors::of("canonical").each(|case| joined(&[&text(&case["message"])?, &bytes(&case["bytes"])?]))
        }
        "leaf" => hex("leaf", "leaf"),
        "bundle" => {
            Vectors::of("tile").each(|case| Some([vec![width(case)?], bytes(&case["bundle"])?].concat()))
        }
        "tile" => (0..3)
            .map(|number: u8| [vec![number], vec![number; 32 * (usize::from(number) + 1)]].concat())
            .collect(),
        "tile-path" => field("tile", "path"),
        "frontier" => hex("frontier", "bytes"),
        "note" => field("note", "note"),
        "vkey" => field("vkey", "vkey"),
        "checkpoint" => field("checkpoint", "text"),
        "cosignature" => Vectors::of("cosignature").each(cosignature),
        "inclusion" => {
            Vectors::of("inclusion").each(|case| proof(case, ["index", "size", ""], ["leaf_hash", "root"]))
        }
        "consistency" => {
            Vectors::of("consistency").each(|case| proof(case, ["old", "new", ""], ["old_root", "new_root"]))
        }
        "subtree" => {
            Vectors::of("subtree").each(|case| proof(case, ["start", "end", "size"], ["hash", "root"]))
        }
        "proof-file" => field("tlog-proof", "file"),
        "policy" => field("policy", "policy"),
        "evidence" => field("evidence", "file"),
        "ids" => [
            field("checkpoint", "origin"),
            field("follow", "log"),
            field("tlog-proof", "id"),
            field("words", "text"),
        ]
        .concat(),
        "words" => [field("text", "text"), field("words", "text")].concat(),
        "config" => files("node/src/config", "toml"),
        "entries" => entries(),
        _ => Vec::new(),
    }
}

/// Pieces with a line's end between them.
fn joined(pieces: &[&[u8]]) -> Option<Vec<u8>> {
    Some(pieces.join(&b'\n'))
}

fn first_descriptors() -> Vec<Vec<u8>> {
    let first = |case: &Value| (case["index"] == 0).then(|| bytes(&case["body"])).flatten();
    let held = |case: &Value| bytes(&case["history"][0]["body"]);
    let mut found = Vectors::of("entry-valid").each(first);
    found.extend(Vectors::of("rotation").each(held).into_iter().take(1));
    found
}

/// The messages of the vectors' scripts as peers send them, and one of each that the vectors don't have.
fn messages() -> Vec<Vec<u8>> {
    let named = |name: &str, bytes: Vec<u8>| [name.as_bytes(), b"\n", &bytes].concat();
    let log = || Some(wire::Log { partner: vec![7; 32], epoch: 1 });
    let heads =
        vec![wire::Head { log: log(), checkpoint: "a\n1\n".into(), nth: 2, frozen: true, evidence: vec![1] }];
    let mut found = vec![
        named("DescribeRequest", Vec::new()),
        named("HeadsRequest", wire::HeadsRequest { heads: heads.clone() }.encode_to_vec()),
        named("HeadsResponse", wire::HeadsResponse { heads }.encode_to_vec()),
        named("BlobChunk", wire::BlobChunk { size: 9, encoded: vec![1; 40] }.encode_to_vec()),
        named(
            "FetchBlobRequest",
            wire::FetchBlobRequest { hash: vec![1; 32], offset: 16_384, length: 1 }.encode_to_vec(),
        ),
        named("KeysRequest", wire::KeysRequest { log: log(), from: 3 }.encode_to_vec()),
        named(
            "FetchBodiesRequest",
            wire::FetchBodiesRequest { log: log(), ranges: vec![wire::IndexRange { start: 1, end: 300 }] }
                .encode_to_vec(),
        ),
        named("Problem", b"\x0a\x08internal".to_vec()),
    ];
    let limits = Some(wire::Limits { log_window: 1 << 20, peer_window: 1 << 22, message: 1 << 21 });
    let described =
        wire::DescribeResponse { version: 1, log: log(), limits, ..wire::DescribeResponse::default() };
    found.push(named("DescribeResponse", described.encode_to_vec()));
    let subscribe = wire::Subscribe { log: log(), from: 7, deliver_for: vec![vec![3; 32]], number: 1 };
    let request = wire::follow_request::Request::Subscribe(subscribe);
    found.push(named("FollowRequest", wire::FollowRequest { request: Some(request) }.encode_to_vec()));
    let answers = Vectors::of("follow").cases().filter_map(script_steps).flatten().collect::<Vec<_>>();
    for (kind, message) in answers.iter().filter(|(_, message)| message.len() < 4096).take(12) {
        // The fields of FollowResponse are 2 to 5, in the order of the kinds.
        let mut response = vec![(kind + 2) << 3 | 2];
        prost::encoding::encode_varint(message.len() as u64, &mut response);
        response.extend(message);
        found.push(named("FollowResponse", response));
    }
    found.extend(
        Vectors::of("keys-response")
            .each(|case| Some(named("KeysResponse", bytes(&case["answer"])?)))
            .into_iter()
            .take(1),
    );
    found
}

fn script_steps(case: &Value) -> Option<Vec<(u8, Vec<u8>)>> {
    let mut steps = Vec::new();
    for step in case["steps"].as_array()? {
        for (kind, name) in (0..).zip(["target", "range", "bodies", "tail"]) {
            steps.extend(bytes(&step[name]).map(|message| (kind, message)));
        }
    }
    Some(steps)
}

fn script(case: &Value) -> Option<Vec<u8>> {
    let mut script = Vec::new();
    for (kind, message) in script_steps(case)? {
        script.push(kind);
        script.extend(u32::try_from(message.len()).ok()?.to_be_bytes());
        script.extend(message);
    }
    Some(script)
}

fn claims() -> Vec<Vec<u8>> {
    let claim = |epoch, withdrawal| wire::SourceErased {
        index: 4,
        source: vec![9; 32],
        log: Some(wire::Log { partner: vec![7; 32], epoch }),
        withdrawal,
    };
    [claim(1, 3), claim(0, 3), claim(2, 0)].iter().map(Message::encode_to_vec).collect()
}

fn payload(case: &Value) -> Option<Vec<u8>> {
    let statement = record::Statement::decode(bytes(&case["statement"])?.as_slice()).ok()?;
    kinds::of(&statement.kind)?;
    joined(&[statement.kind.as_bytes(), &statement.payload])
}

fn width(case: &Value) -> Option<u8> {
    u8::try_from(case["width"].as_u64()?.checked_sub(1)?).ok()
}

fn cosignature(case: &Value) -> Option<Vec<u8>> {
    let line = case["line"].as_str()?;
    joined(&[&text(&case["vkey"])?, line.trim_end_matches('\n').as_bytes(), &text(&case["text"])?])
}

fn proof(case: &Value, numbers: [&str; 3], hashes: [&str; 2]) -> Option<Vec<u8>> {
    let mut seed = Vec::new();
    for name in numbers {
        seed.extend(case[name].as_u64().unwrap_or_default().to_be_bytes());
    }
    for name in hashes {
        seed.extend(bytes(&case[name])?);
    }
    for hash in case["proof"].as_array()? {
        seed.extend(bytes(hash)?);
    }
    Some(seed)
}

/// What the demonstration publishes, by what it is: the files are lists of one kind each, but for the translations.
fn entries() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for partner in ["avi", "bvf", "unv"] {
        for (word, name) in [
            ("listing", "listings"),
            ("conference", "conferences"),
            ("profile", "profiles"),
            ("translation", "translations"),
        ] {
            for file in files(&format!("node/demo/{partner}"), &format!("{name}.yaml")) {
                seeds.push([word.as_bytes(), b"\n", &file].concat());
            }
        }
    }
    seeds
}

/// The files of a folder of the repository whose names end so, in the order of their names.
fn files(folder: &str, ends: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ends));
    paths.sort();
    paths.iter().filter_map(|path| fs::read(path).ok()).collect()
}
