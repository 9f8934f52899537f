//! Every vector of the log, keys, proofs, evidence and following comes out as its file
//! says. The files are read here and never written: see `examples/vectors`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::{fs, path::Path};

use prost::Message;
use serde_json::Value;
use volbridge_proto::{
    LogId, Refusal,
    exchange::{Evidence, FollowFault, LogFollower},
    identity::{
        KeyHistory,
        keys::{Ed25519Public, MlDsaPublic, MlDsaSecret},
        verify_keys_response,
    },
    record::entry_valid,
    record_id,
    tlog::{
        checkpoint::{Checkpoint, VerifiedCheckpoint},
        cosignature,
        entry::{Class, Hash, Leaf, leaf_hash},
        frontier::Frontier,
        note::{Signature, SignedNote, VerifierKey},
        policy::Policy,
        proof, tile,
        tlog_proof::TlogProof,
        tree,
    },
    wire::exchange::v1 as wire,
};

struct File {
    rule: &'static str,
    value: Value,
}

fn file(rule: &'static str) -> File {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(format!("{rule}.json"));
    let value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(value["rule"], rule);
    File { rule, value }
}

impl File {
    fn shared(&self, field: &str) -> &Value {
        &self.value["shared"][field]
    }

    /// Runs all cases: the accepted ones give true or nothing wrong, the refused ones their code.
    fn check(&self, judge: impl Fn(&Value) -> Result<(), Refusal>) {
        for case in self.value["accepted"].as_array().unwrap() {
            let verdict = judge(case);
            assert!(verdict.is_ok(), "{} {}: {verdict:?}", self.rule, case["name"]);
        }
        for case in self.value["refused"].as_array().unwrap() {
            match judge(case) {
                Ok(()) => panic!("{}: accepted {}", self.rule, case["name"]),
                Err(refusal) => {
                    assert_eq!(refusal.code.as_str(), case["code"], "{} {}", self.rule, case["name"]);
                }
            }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn hash(value: &Value) -> Hash {
    bytes(value).try_into().unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

fn counted(count: u64) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

#[test]
fn roots_and_frontiers_are_those_of_the_vectors() {
    file("merkle-root").check(|case| {
        let leaves = match case["leaves"].as_array() {
            Some(leaves) => leaves.iter().map(|leaf| leaf_hash(&bytes(leaf))).collect(),
            None => counted(number(&case["count"])),
        };
        assert_eq!(tree::root(&leaves), hash(&case["root"]));
        Ok(())
    });
    file("frontier").check(|case| {
        let mut frontier = Frontier::decode(&bytes(&case["bytes"]))?;
        assert_eq!((frontier.size(), frontier.root()), (number(&case["size"]), hash(&case["root"])));
        frontier.push(leaf_hash(&number(&case["size"]).to_be_bytes()));
        assert_eq!(frontier.root(), hash(&case["next_root"]));
        Ok(())
    });
}

#[test]
fn t01_t05_t10_proofs_hold_or_are_refused() {
    file("inclusion").check(|case| {
        let (leaf, root, proof) = (hash(&case["leaf_hash"]), hash(&case["root"]), hashes(&case["proof"]));
        proof::verify_inclusion(&leaf, number(&case["index"]), number(&case["size"]), &proof, &root)
    });
    file("consistency").check(|case| {
        let (old, new) = (hash(&case["old_root"]), hash(&case["new_root"]));
        let proof = hashes(&case["proof"]);
        proof::verify_consistency(number(&case["old"]), &old, number(&case["new"]), &new, &proof)
    });
    file("subtree").check(|case| {
        let (start, end) = (number(&case["start"]), number(&case["end"]));
        let (subtree, root) = (hash(&case["hash"]), hash(&case["root"]));
        proof::verify_subtree(start, end, &subtree, number(&case["size"]), &root, &hashes(&case["proof"]))
    });
}

#[test]
fn tiles_and_bundles_are_read_strictly() {
    file("tile").check(|case| {
        if case["bundle"].is_string() {
            let width = u32::try_from(number(&case["width"])).unwrap();
            let entries = tile::decode_entries(&bytes(&case["bundle"]), width)?;
            let expected: Vec<Vec<u8>> = case["entries"].as_array().unwrap().iter().map(bytes).collect();
            assert_eq!(entries, expected);
            return Ok(());
        }
        let path = text(&case["path"]);
        let (number, width) = if path.starts_with("tile/entries/") {
            tile::parse_entries_path(path)?
        } else {
            let tile = tile::TileId::parse_path(path)?;
            assert_eq!(case["level"], tile.level);
            (tile.number, tile.width)
        };
        assert_eq!((&case["number"], &case["width"]), (&number.into(), &width.into()));
        Ok(())
    });
}

#[test]
fn t01_signatures_hold_or_are_refused() {
    file("ed25519").check(|case| {
        let key = Ed25519Public::parse(&bytes(&case["key"]))?;
        key.verify(text(&case["message"]).as_bytes(), &bytes(&case["signature"]))
    });
    file("mldsa44").check(|case| {
        let seed: [u8; 32] = bytes(&case["seed"]).try_into().unwrap();
        let (secret, message) = (MlDsaSecret::from_seed(&seed), bytes(&case["message"]));
        let signature = bytes(&case["signature"]);
        assert_eq!(secret.public().as_bytes().as_slice(), bytes(&case["key"]));
        MlDsaPublic::parse(&bytes(&case["key"]))?.verify(&message, &signature)?;
        assert_eq!(secret.sign_deterministic(&message).unwrap(), signature);
        Ok(())
    });
    file("cosignature").check(|case| {
        let key: VerifierKey = text(&case["vkey"]).parse().unwrap();
        let line = Signature::parse(text(&case["line"]).trim_end()).unwrap();
        let at = cosignature::verify(&key, text(&case["text"]), &line)?;
        assert_eq!(case["at"].as_i64(), at.map(|at| at.as_millis()), "{}", case["name"]);
        Ok(())
    });
}

#[test]
fn notes_keys_and_checkpoints_print_back_the_same() {
    file("note").check(|case| {
        let note = SignedNote::parse(text(&case["note"]))?;
        assert_eq!((note.text(), note.encode().as_str()), (text(&case["text"]), text(&case["note"])));
        assert_eq!(case["lines"], note.signatures().len());
        Ok(())
    });
    file("vkey").check(|case| {
        let key: VerifierKey = text(&case["vkey"]).parse()?;
        assert_eq!((key.to_string().as_str(), key.name()), (text(&case["vkey"]), text(&case["key_name"])));
        assert_eq!(format!("{:08x}", key.id()), text(&case["id"]));
        assert_eq!(case["type"], key.material().number());
        assert_eq!(key.material().key(), bytes(&case["key"]));
        Ok(())
    });
    file("checkpoint").check(|case| {
        let checkpoint = Checkpoint::parse(text(&case["text"]))?;
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            (text(&case["origin"]), number(&case["size"]))
        );
        assert_eq!(
            (checkpoint.root, checkpoint.encode().as_str()),
            (hash(&case["root"]), text(&case["text"]))
        );
        Ok(())
    });
}

#[test]
fn t01_policies_and_proof_files_judge_as_they_say() {
    file("policy").check(|case| {
        let policy = Policy::parse(text(&case["policy"]).as_bytes())?;
        policy.evaluate(&SignedNote::parse(text(&case["note"]))?).map(drop)
    });
    let proofs = file("tlog-proof");
    let policy = Policy::parse(text(proofs.shared("policy")).as_bytes()).unwrap();
    proofs.check(|case| {
        let record = TlogProof::parse(text(&case["file"]))?.verify(&policy)?;
        assert_eq!(
            (record.log().to_string().as_str(), record.index()),
            (text(&case["log"]), number(&case["index"]))
        );
        assert_eq!(record.body().id.to_string(), text(&case["id"]));
        assert_eq!(record.signed_at().map(|at| at.as_millis()), case["signed_at"].as_i64());
        Ok(())
    });
}

fn history(list: &Value) -> KeyHistory {
    let list = list.as_array().unwrap().iter();
    let bodies: Vec<(u64, Vec<u8>)> =
        list.map(|item| (number(&item["index"]), bytes(&item["body"]))).collect();
    KeyHistory::restore(None, 1, bodies.iter().map(|(index, body)| (*index, body.as_slice()))).unwrap()
}

#[test]
fn t11_t12_t13_keys_change_only_as_the_table_says() {
    file("rotation").check(|case| {
        let mut history = history(&case["history"]);
        let (index, body) = (number(&case["index"]), bytes(&case["body"]));
        let leaf = Leaf { class: Class::Public, id: record_id(&body) };
        let parsed = entry_valid(&body, &leaf, &history.log(), index).unwrap();
        assert_eq!(case["changes"], history.apply(index, &body, &parsed)?);
        Ok(())
    });
    let keys = file("keys-at");
    let history = history(keys.shared("history"));
    keys.check(|case| {
        if case["note"].is_string() {
            return VerifiedCheckpoint::verify(text(&case["note"]), &history).map(drop);
        }
        let signers = history.signers_at(number(&case["size"]));
        let signers: Vec<String> =
            signers.iter().map(|keys| hex::encode(keys.note.material().key())).collect();
        assert_eq!(case["signers"], serde_json::json!(signers));
        Ok(())
    });
    file("keys-response").check(|case| {
        let answer = wire::KeysResponse::decode(bytes(&case["answer"]).as_slice()).unwrap();
        let history = verify_keys_response(None, &text(&case["log"]).parse().unwrap(), &answer)?;
        let indexes: Vec<u64> = history.descriptors().map(|held| held.index()).collect();
        assert_eq!(case["indexes"], serde_json::json!(indexes));
        Ok(())
    });
}

#[test]
fn t06_evidence_proves_a_fork_by_itself() {
    file("evidence").check(|case| {
        let fork = Evidence::parse(text(&case["file"]))?.verify()?;
        assert_eq!(
            (fork.log.to_string().as_str(), fork.prefix),
            (text(&case["log"]), number(&case["prefix"]))
        );
        assert_eq!(case["sizes"], serde_json::json!(fork.checkpoints.map(|checkpoint| checkpoint.size())));
        Ok(())
    });
}

/// Takes one step; the range that waits for its bodies is `pending`.
fn take(
    follower: &mut LogFollower,
    pending: &mut Option<volbridge_proto::exchange::PendingRange>,
    step: &Value,
) -> Result<(), FollowFault> {
    let (kind, message) = step.as_object().unwrap().iter().next().unwrap();
    let message = bytes(message);
    match kind.as_str() {
        "target" => follower.target(&wire::Target::decode(message.as_slice()).unwrap()),
        "range" => {
            *pending = Some(follower.range(&wire::Range::decode(message.as_slice()).unwrap())?);
            Ok(())
        }
        "bodies" => {
            let mut range = pending.take().unwrap();
            for body in wire::Bodies::decode(message.as_slice()).unwrap().bodies {
                range.body(body.index, body.body)?;
            }
            follower.finish(range).map(drop)
        }
        _ => follower.tail(&wire::Tail::decode(message.as_slice()).unwrap()).map(drop),
    }
}

#[test]
fn t05_t06_t10_a_follower_takes_or_refuses_each_script() {
    let scripts = file("follow");
    let log: LogId = text(scripts.shared("log")).parse().unwrap();
    let keys = wire::KeysResponse::decode(bytes(scripts.shared("keys")).as_slice()).unwrap();
    scripts.check(|case| {
        let history = verify_keys_response(None, &log, &keys).unwrap();
        let mut follower = LogFollower::new(log, history, Frontier::new(), Vec::new()).unwrap();
        let (last, before) = case["steps"].as_array().unwrap().split_last().unwrap();
        let mut pending = None;
        for step in before {
            if take(&mut follower, &mut pending, step).is_err() {
                // Only a range may be refused before its bodies are sent.
                assert!(last["bodies"].is_string(), "{}", case["name"]);
                return take(&mut follower, &mut pending, step).map_err(|fault| Refusal::new(fault.code()));
            }
        }
        let state = follower.clone();
        if let Err(fault) = take(&mut follower, &mut pending, last) {
            assert_eq!(follower, state, "{}", case["name"]);
            return Err(Refusal::new(fault.code()));
        }
        assert_eq!(
            (follower.size(), follower.frontier().root()),
            (number(&case["size"]), hash(&case["root"]))
        );
        Ok(())
    });
}
