//! Writes the vectors under `proto/vectors/`, always the same bytes: one function
//! per rule. `cargo run -p volbridge-proto --example vectors`

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for those who change the protocol")]

mod agreement;
#[path = "../../src/identity/fixture.rs"]
#[expect(
    dead_code,
    clippy::cast_possible_truncation,
    reason = "shared with the tests, whose lints it follows"
)]
mod author;
mod canonical;
mod content;
mod directory;
mod entry;
mod handover;
mod ids;
mod logs;
mod revisions;
mod samples;
mod sealing;
mod signatures;
mod stream;
mod text;
mod tree;
mod withdrawals;

use std::{fs, path::Path};

use serde_json::{Value, json};
use volbridge_proto::Code;

/// The vectors of one rule.
pub struct Vectors {
    rule: &'static str,
    about: &'static str,
    shared: Value,
    accepted: Vec<Value>,
    refused: Vec<Value>,
}

impl Vectors {
    /// An empty file for a rule.
    pub fn new(rule: &'static str, about: &'static str) -> Self {
        Self { rule, about, shared: Value::Null, accepted: Vec::new(), refused: Vec::new() }
    }

    /// What is the same in all cases of the file.
    pub fn share(&mut self, shared: Value) {
        self.shared = shared;
    }

    /// A case that must come out as it says.
    pub fn accept(&mut self, name: &str, case: Value) {
        self.accepted.push(named(name, case));
    }

    /// A case that must be refused with this code.
    pub fn refuse(&mut self, name: &str, code: Code, case: Value) {
        let mut case = named(name, case);
        case["code"] = json!(code.as_str());
        self.refused.push(case);
    }
}

fn named(name: &str, mut case: Value) -> Value {
    case["name"] = json!(name);
    case
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    fs::create_dir_all(&folder).unwrap();
    for write in FILES {
        let Vectors { rule, about, shared, accepted, refused } = write();
        let cases = accepted.len() + refused.len();
        let mut file = json!({ "rule": rule, "about": about, "accepted": accepted, "refused": refused });
        if !shared.is_null() {
            file["shared"] = shared;
        }
        let text = serde_json::to_string_pretty(&file).unwrap() + "\n";
        fs::write(folder.join(format!("{rule}.json")), text).unwrap();
        println!("{rule}: {cases} cases");
    }
}

/// One function per file.
const FILES: &[fn() -> Vectors] = &[
    agreement::in_force,
    logs::evidence,
    logs::follow,
    logs::keys_at,
    logs::keys_response,
    logs::policy,
    logs::rotation,
    logs::tlog_proof,
    signatures::checkpoint,
    signatures::cosignature,
    signatures::ed25519,
    signatures::mldsa44,
    signatures::note,
    signatures::vkey,
    tree::consistency,
    tree::frontier,
    tree::inclusion,
    tree::merkle_root,
    tree::subtree,
    tree::tiles,
    canonical::canonical,
    content::content_valid,
    entry::entry_valid,
    entry::identity_message,
    ids::leaf,
    ids::partner_id,
    ids::record_id,
    revisions::revisions,
    sealing::padme,
    sealing::sealing,
    text::text,
    text::words,
    withdrawals::leaf_state,
    withdrawals::source_claim,
    withdrawals::withdrawal,
];
