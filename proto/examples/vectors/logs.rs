//! policy, tlog-proof, rotation, keys-at, keys-response, evidence, follow.

use prost::Message;
use serde_json::{Value, json};
use volbridge_proto::{
    LogId, Refusal,
    exchange::{Evidence, FollowFault, LogFollower, SourceClaim},
    identity::{KeyHistory, keys::SigningPair, rotation::Keys, verify_keys_response},
    record::entry_valid,
    tlog::{
        cosignature::cosign_ed25519,
        entry::{Class, Leaf},
        frontier::Frontier,
        note::SignedNote,
        policy::{Policy, for_log},
        proof,
        tlog_proof::TlogProof,
    },
    wire::exchange::v1 as wire,
};

use crate::{
    Vectors,
    author::{Author, NOW, TestRng, descriptor, envelope, pair},
    samples,
};

fn judged(vectors: &mut Vectors, name: &str, verdict: Result<Value, Refusal>, case: Value) {
    match verdict {
        Ok(more) => {
            let mut case = case;
            for (field, value) in more.as_object().into_iter().flatten() {
                case[field] = value.clone();
            }
            vectors.accept(name, case);
        }
        Err(refusal) => vectors.refuse(name, refusal.code, case),
    }
}

/// A log of seven entries, signed late, that two others cosigned with both their keys.
fn proven() -> (Author, SignedNote, String) {
    let mut log = Author::new(1);
    log.publish(6);
    log.sign_late(NOW);
    let others = [Author::new(2), Author::new(3)];
    let mut lines = log.checkpoint.note().signatures().to_vec();
    for author in &others {
        let origin = author.own.history().origin();
        for (name, key) in [(origin.witness(), &author.witness), (origin.mirror(), &author.mirror)] {
            lines.push(cosign_ed25519(&name, key, log.checkpoint.checkpoint(), NOW).unwrap());
        }
    }
    let note = log.checkpoint.note().with_signatures(lines).unwrap();
    let histories: Vec<&KeyHistory> = others.iter().map(|author| author.own.history()).collect();
    let policy = for_log(log.own.history(), log.size(), &histories, 2).unwrap();
    (log, note, policy)
}

pub fn policy() -> Vectors {
    let mut vectors = Vectors::new(
        "policy",
        "A policy file (C2SP tlog-policy) judges a signed checkpoint: `policy` and `note` as text. Refused: the file is malformed, or the checkpoint doesn't meet it.",
    );
    let (_, note, policy) = proven();
    let mut judge = |name: &str, policy: &str, note: &SignedNote| {
        let verdict =
            Policy::parse(policy.as_bytes()).and_then(|policy| policy.evaluate(note)).map(|_| json!({}));
        judged(&mut vectors, name, verdict, json!({ "policy": policy, "note": note.encode() }));
    };
    let with = |places: &[usize]| {
        let lines = places.iter().map(|place| note.signatures()[*place].clone()).collect();
        note.with_signatures(lines).unwrap()
    };
    judge("all lines", &policy, &note);
    judge("one line of each organisation", &policy, &with(&[0, 1, 2, 5]));
    judge("white space and comments", &format!("# x\n\n \t\n{}", policy.replace(" any ", "\t any  ")), &note);
    judge("no quorum", &policy.replace("quorum organisations", "quorum none"), &with(&[0, 1]));
    judge("two lines of one organisation", &policy, &with(&[0, 1, 2, 3]));
    judge("t01: no post-quantum line", &policy, &with(&[0, 2, 4]));
    judge("t01: no Ed25519 line", &policy, &with(&[1, 2, 4]));
    judge("t01: no line by the log", &policy, &with(&[2, 4]));
    let mut bad = note.signatures().to_vec();
    bad[5].bytes[30] ^= 1;
    judge("a known line that doesn't verify", &policy, &note.with_signatures(bad).unwrap());
    let first = policy.lines().find(|line| line.starts_with("witness")).unwrap();
    for (name, changed) in [
        ("no last newline", policy.trim_end().to_owned()),
        ("no quorum line", policy.replace("quorum organisations\n", "")),
        ("two quorum lines", format!("{policy}quorum none\n")),
        ("an unknown quorum", policy.replace("quorum organisations", "quorum nobody")),
        ("more than there are", policy.replace("group organisations 2", "group organisations 3")),
        ("none of them", policy.replace("group organisations 2", "group organisations 0")),
        ("a witness twice", format!("{policy}{}\n", first.replacen("witness p2", "witness p9", 1))),
        ("a member of two groups", {
            let member = first.split(' ').nth(1).unwrap();
            policy.replace("quorum organisations", &format!("group more any {member}\nquorum organisations"))
        }),
        ("carriage returns", policy.replace('\n', "\r\n")),
        ("an unknown line", format!("{policy}mirror x\n")),
        ("another log's keys", policy.replace("log p1.example", "log p7.example")),
    ] {
        judge(name, &changed, &note);
    }
    vectors
}

pub fn tlog_proof() -> Vectors {
    let mut vectors = Vectors::new(
        "tlog-proof",
        "A record with its proof (C2SP tlog-proof, `extra` is the body) judged by the shared `policy`: `log`, `index`, `id` and the time at which the log signed.",
    );
    let (log, note, policy) = proven();
    vectors.share(json!({ "policy": policy }));
    let parsed = Policy::parse(policy.as_bytes()).unwrap();
    let build = |index: u64| {
        let hashes = proof::inclusion(&log.tree, index, log.size()).unwrap();
        let body = log.bodies[usize::try_from(index).unwrap()].clone().unwrap();
        TlogProof::build(body, index, hashes, &note, &parsed).unwrap()
    };
    let mut judge = |name: &str, file: &str| {
        let verdict = TlogProof::parse(file).and_then(|proof| proof.verify(&parsed)).map(|record| {
            json!({ "log": record.log().to_string(), "index": record.index(), "id": record.body().id.to_string(),
                "signed_at": record.signed_at().map(|at| at.as_millis()) })
        });
        judged(&mut vectors, name, verdict, json!({ "file": file }));
    };
    let good = build(3);
    let file = good.encode();
    judge("a public record", &file);
    judge("the first descriptor", &build(0).encode());
    judge("t01: another index", &TlogProof { index: 4, ..good.clone() }.encode());
    judge("t01: another body", &TlogProof { extra: build(4).extra, ..good.clone() }.encode());
    judge("no body", &TlogProof { extra: Vec::new(), ..good.clone() }.encode());
    judge("a hash left out", &TlogProof { hashes: good.hashes[1..].to_vec(), ..good.clone() }.encode());
    let fewer = note.with_signatures(good.note.signatures()[..3].to_vec()).unwrap();
    judge("a line left out", &TlogProof { note: fewer, ..good.clone() }.encode());
    judge("another version", &file.replacen("@v1", "@v2", 1));
    judge("an index with a leading zero", &file.replacen("index 3", "index 03", 1));
    judge("two spaces", &file.replacen("extra ", "extra  ", 1));
    judge("no blank line", &file.replacen("\n\n", "\n", 1));
    judge("a blank line more", &format!("{file}\n"));
    judge("carriage returns", &file.replace('\n', "\r\n"));
    vectors
}

fn history_json(history: &KeyHistory) -> Value {
    let list =
        history.descriptors().map(|held| json!({ "index": held.index(), "body": hex::encode(held.bytes()) }));
    json!(list.collect::<Vec<_>>())
}

pub fn rotation() -> Vectors {
    let mut vectors = Vectors::new(
        "rotation",
        "Whether the entry `body` at `index` changes what holds after `history` (descriptors of epoch 1 with their index). Accepted: `changes` says whether it is a descriptor that does. Refused: it is a descriptor, kept in the log, that changes nothing.",
    );
    let mut author = Author::new(1);
    author.publish(2);
    let thief = pair(&mut TestRng(99, 0));
    let (now, next, keys) = (author.identity.clone(), author.next.clone(), author.keys.clone());
    let log = Keys { log: thief.public(), ..keys.clone() };
    let digest = Keys { next_identity: [9; 32], ..keys.clone() };
    let committed = Keys { identity: next.public(), next_identity: [9; 32], ..keys.clone() };
    let stolen = Keys { identity: thief.public(), next_identity: [9; 32], ..keys.clone() };
    let frozen = Keys { identity: next.public(), ..keys.clone() };
    let shared = Keys { mirror: keys.witness, ..keys.clone() };
    for (name, keys, signer) in [
        ("nothing but the domain label", &keys, &now),
        ("the log keys by the pair in force", &log, &now),
        ("the identity by the pair that was committed to", &committed, &next),
        ("t12: the log keys by a thief", &log, &thief),
        ("t12: the log keys by the next pair", &log, &next),
        ("t12: the commitment by the pair in force", &digest, &now),
        ("t12: the identity by the pair in force", &committed, &now),
        ("t12: the identity to a thief's pair", &stolen, &thief),
        ("t12: the identity to a thief's pair by the pair in force", &stolen, &now),
        ("the identity without a new commitment", &frozen, &next),
        ("one key in two roles", &shared, &now),
    ] {
        let body = signed(&mut author, keys, signer);
        judge_entry(&mut vectors, name, &author, author.size(), &body);
    }
    let record = author.record("no descriptor").bytes;
    judge_entry(&mut vectors, "another kind", &author, author.size(), &record);
    let first = author.bodies[0].clone().unwrap();
    author.rotate_log();
    let again = author.own.history().newest().bytes().to_vec();
    author.rotate_log();
    judge_entry(&mut vectors, "an older descriptor again", &author, author.size(), &again);
    assert!(entry_valid(&first, &leaf(&first), &author.id(), 4).is_err());
    vectors
}

fn leaf(body: &[u8]) -> Leaf {
    Leaf { class: Class::Public, id: volbridge_proto::record_id(body) }
}

fn judge_entry(vectors: &mut Vectors, name: &str, author: &Author, index: u64, body: &[u8]) {
    let mut history = author.own.history().clone();
    let parsed = entry_valid(body, &leaf(body), &author.id(), index).unwrap();
    let verdict = history.apply(index, body, &parsed).map(|changes| json!({ "changes": changes }));
    let case =
        json!({ "history": history_json(author.own.history()), "index": index, "body": hex::encode(body) });
    judged(vectors, name, verdict, case);
}

/// A descriptor signed by whomever.
fn signed(author: &mut Author, keys: &Keys, signer: &SigningPair) -> Vec<u8> {
    use volbridge_proto::{
        kinds::partner_descriptor,
        record::{
            body::{encode_public, identity_draft},
            canonical,
        },
        wire::record::v1::{IdentitySignatures, Statement},
    };
    let log = author.id();
    let envelope = envelope(&mut author.rng, Some(author.own.history()));
    let statement = Statement {
        kind: partner_descriptor::KIND.into(),
        subject: envelope.subject.to_vec(),
        revision: envelope.revision,
        previous: envelope.previous.unwrap().to_vec(),
        issued_at: NOW.as_millis(),
        payload: canonical::encode(&descriptor("other.example", keys), "PartnerDescriptor").unwrap(),
        ..Default::default()
    };
    let message = identity_draft(envelope.salt, Some(log.partner), log.epoch, &statement).unwrap();
    let identity = IdentitySignatures {
        ed25519: signer.ed25519.sign(&message).to_vec(),
        mldsa44: signer.mldsa44.sign_deterministic(&message).unwrap(),
    };
    encode_public(envelope.salt, Some(log.partner), log.epoch, &statement, Some(identity)).unwrap().bytes
}

pub fn keys_at() -> Vectors {
    let mut vectors = Vectors::new(
        "keys-at",
        "Who must sign the checkpoint of `size` in a log with the shared `history` (descriptors with their index): the Ed25519 keys (hex) of the log, after a change of the log keys the old one first. Refused: a checkpoint note that isn't signed so.",
    );
    let mut author = Author::new(1);
    author.publish(2);
    let old = author.rotate_log();
    author.publish(1);
    let history = author.own.history().clone();
    vectors.share(json!({ "history": history_json(&history) }));
    for size in [0, 1, 3, 4, 5, 1000] {
        let signers = history.signers_at(size);
        let signers: Vec<String> =
            signers.iter().map(|keys| hex::encode(keys.note.material().key())).collect();
        let case = json!({ "size": size, "signers": signers });
        vectors.accept(&format!("size {size}"), case);
    }
    let new = author.log.clone();
    for (name, size, keys) in [
        ("t11: a longer log by the old key", 5, &old),
        ("t13: the end of a group by the old key alone", 4, &old),
        ("t13: the end of a group by the new key alone", 4, &new),
        ("a shorter log by the new key", 3, &new),
    ] {
        let note = author.sign_note(size, author.tree.root_at(size).unwrap(), keys);
        let verdict = volbridge_proto::tlog::checkpoint::VerifiedCheckpoint::verify(&note, &history);
        let code = verdict.unwrap_err().code;
        vectors.refuse(name, code, json!({ "size": size, "note": note }));
    }
    vectors
}

type Change = fn(&mut wire::KeysResponse);

pub fn keys_response() -> Vectors {
    let mut vectors = Vectors::new(
        "keys-response",
        "An answer to `Keys` (`KeysResponse` as protobuf, hex) to one who knows only the log's id: the indexes of its descriptors.",
    );
    let mut author = Author::new(1);
    author.publish(2);
    author.rotate_log();
    author.publish(2);
    author.rotate_identity();
    author.publish(1);
    let good = author.keys_response(0);
    let mut judge = |name: &str, answer: &wire::KeysResponse| {
        let verdict = verify_keys_response(None, &author.id(), answer).map(|history| {
            json!({ "indexes": history.descriptors().map(|held| held.index()).collect::<Vec<_>>() })
        });
        let case = json!({ "log": author.id().to_string(), "answer": hex::encode(answer.encode_to_vec()) });
        judged(&mut vectors, name, verdict, case);
    };
    judge("three descriptors", &good);
    let changes: &[(&str, Change)] = &[
        ("t01: another first body", |answer| answer.descriptors[0].body[40] ^= 1),
        ("no first descriptor", |answer| _ = answer.descriptors.remove(0)),
        ("a descriptor left out that changed the log keys", |answer| _ = answer.descriptors.remove(1)),
        ("two descriptors swapped", |answer| answer.descriptors.swap(1, 2)),
        ("t01: another index", |answer| answer.descriptors[1].index += 1),
        ("a changed proof", |answer| answer.descriptors[2].inclusion[0][0] ^= 1),
        ("t13: no checkpoint at the end of the group", |answer| answer.group_ends.clear()),
        ("more to come", |answer| answer.next = 4),
        ("no checkpoint", |answer| answer.checkpoint.clear()),
    ];
    for (name, change) in changes {
        let mut answer = good.clone();
        change(&mut answer);
        judge(name, &answer);
    }
    vectors
}

pub fn evidence() -> Vectors {
    let mut vectors = Vectors::new(
        "evidence",
        "A file that proves a fork to anyone who knows the log's id: `sizes` of the two checkpoints and the `prefix` at which the histories already differ.",
    );
    let mut one = Author::new(1);
    one.publish(6);
    let mut other = one.clone();
    other.rng.0 ^= 1;
    one.publish(9);
    other.publish(5);
    let file = Evidence::compare(one.own.history(), &one.checkpoint, &one.tree, &other.checkpoint);
    let file = file.unwrap().unwrap().encode();
    let mut judge = |name: &str, file: &str| {
        let verdict = Evidence::parse(file).and_then(|evidence| evidence.verify()).map(|fork| {
            json!({ "log": fork.log.to_string(), "prefix": fork.prefix,
                "sizes": fork.checkpoints.map(|checkpoint| checkpoint.size()) })
        });
        judged(&mut vectors, name, verdict, json!({ "file": file }));
    };
    judge("sizes 16 and 12", &file);
    let lines: Vec<&str> = file.lines().collect();
    let without = |place: usize| {
        let mut lines = lines.clone();
        lines.remove(place);
        lines.join("\n") + "\n"
    };
    judge("no descriptor", &without(1));
    judge("no prefix", &without(2));
    judge(
        "one checkpoint",
        &lines[..lines.len() - 2].iter().map(|line| format!("{line}\n")).collect::<String>(),
    );
    judge("a hash left out", &without(4));
    judge("another prefix", &file.replacen("prefix 12", "prefix 11", 1));
    judge("another version", &file.replacen("/v1", "/v2", 1));
    let same = lines[lines.len() - 2..].join("\n");
    judge("the same history twice", &format!("{}\n{}\n{same}\n{same}\n", lines[..2].join("\n"), lines[2]));
    vectors
}

/// A package, or the bodies that follow it.
enum Step {
    Target(wire::Target),
    Range(wire::Range),
    Bodies(Vec<wire::IndexedBody>),
    Tail(wire::Tail),
}

fn step(follower: &mut LogFollower, steps: &[Step]) -> Result<(), FollowFault> {
    let mut pending = None;
    for step in steps {
        match step {
            Step::Target(target) => follower.target(target)?,
            Step::Range(range) => pending = Some(follower.range(range)?),
            Step::Bodies(bodies) => {
                let mut range = pending.take().unwrap();
                for body in bodies {
                    range.body(body.index, body.body.clone())?;
                }
                follower.finish(range)?;
            }
            Step::Tail(tail) => _ = follower.tail(tail)?,
        }
    }
    Ok(())
}

/// That a body went with a source that another partner withdrew.
fn erased(index: u64) -> wire::SourceErased {
    SourceClaim { index, source: samples::record(1), log: LogId::new(samples::host(), 1), withdrawal: 9 }
        .to_wire()
}

pub fn follow() -> Vectors {
    let mut vectors = Vectors::new(
        "follow",
        "A follower that knows the log's id takes the shared `keys` (KeysResponse), then the `steps`: target, range, bodies, tail, each as its protobuf message (hex); a range is taken when its bodies are there. Accepted: `size` and `root` after it. Refused: the last step, with a code.",
    );
    let mut author = Author::new(1);
    author.publish(3);
    author.publish_unsupported();
    let keys = author.keys_response(0);
    vectors.share(json!({ "log": author.id().to_string(), "keys": hex::encode(keys.encode_to_vec()) }));
    let (target, range) = (author.target(0), author.range(0, 7));
    let bodies: Vec<wire::IndexedBody> = author.tail(0).bodies;
    let mut later = author.clone();
    later.publish(2);
    let tail = later.tail(7);
    let mut forked = author.clone();
    forked.rng.0 ^= 1;
    forked.publish(2);
    let take =
        || vec![Step::Target(target.clone()), Step::Range(range.clone()), Step::Bodies(bodies.clone())];
    let with = |change: fn(&mut wire::Range, &mut Vec<wire::IndexedBody>)| {
        let (mut range, mut bodies) = (range.clone(), bodies.clone());
        change(&mut range, &mut bodies);
        vec![Step::Target(target.clone()), Step::Range(range), Step::Bodies(bodies)]
    };
    let then = |step: Step| {
        let mut steps = take();
        steps.push(step);
        steps
    };
    let tailed = |change: fn(&mut wire::Tail)| {
        let mut tail = tail.clone();
        change(&mut tail);
        then(Step::Tail(tail))
    };
    let fork_after_tail = || {
        let mut steps = then(Step::Tail(tail.clone()));
        steps.push(Step::Target(wire::Target { checkpoint: forked.note(), consistency: Vec::new() }));
        steps
    };
    let scripts: Vec<(&str, Vec<Step>)> = vec![
        ("a range", take()),
        ("a range and a tail", then(Step::Tail(tail.clone()))),
        ("bodies left out", with(|range, bodies| (range.bodies, *bodies) = (0, Vec::new()))),
        ("a tail alone", vec![Step::Tail(author.tail(0))]),
        (
            "a tail without entries",
            then(Step::Tail(wire::Tail { start: 7, checkpoint: author.note(), ..Default::default() })),
        ),
        ("t10: a leaf left out", with(|range, _| _ = range.leaves.remove(2))),
        ("t10: two leaves swapped", with(|range, _| range.leaves.swap(1, 2))),
        ("t10: a public leaf called named", with(|range, _| range.leaves[1][1] = 2)),
        ("t10: another body", with(|_, bodies| bodies[1].body = bodies[2].body.clone())),
        ("t10: a body twice", with(|_, bodies| bodies.insert(1, bodies[1].clone()))),
        ("t10: a body beyond the range", with(|_, bodies| bodies[3].index = 7)),
        ("t10: a body for an unsupported leaf", with(|_, bodies| bodies[3].index = 5)),
        ("t10: an announced body left out", with(|_, bodies| _ = bodies.pop())),
        ("t10: a gap", with(|range, _| range.start = 1)),
        ("a changed proof of the range", with(|range, _| range.proof.push(vec![0; 32]))),
        ("a range without a target", vec![Step::Range(range.clone())]),
        ("a range again", then(Step::Range(range.clone()))),
        ("t05: a smaller checkpoint", {
            let mut steps = then(Step::Tail(tail.clone()));
            steps.push(Step::Target(target.clone()));
            steps
        }),
        ("t06: a second history", fork_after_tail()),
        (
            "a target of another proof",
            then(Step::Target(wire::Target { consistency: vec![vec![0; 32]], ..later.target(7) })),
        ),
        ("t10: a tail with another leaf", tailed(|tail| tail.leaves[0][5] ^= 1)),
        ("t10: a tail with a gap", tailed(|tail| tail.start += 1)),
        ("a tail with a changed body", tailed(|tail| tail.bodies[0].body[40] ^= 1)),
        ("a tail of another size", tailed(|tail| _ = tail.leaves.pop())),
        (
            "a body that went with its source",
            with(|range, bodies| {
                bodies.remove(2);
                (range.bodies, range.erased) = (3, vec![erased(2)]);
            }),
        ),
        (
            "the same in a tail",
            tailed(|tail| {
                tail.bodies.remove(0);
                tail.erased = vec![erased(7)];
            }),
        ),
        ("t10: a body and a claim that it is erased", with(|range, _| range.erased = vec![erased(2)])),
        ("t10: such a claim beyond the range", with(|range, _| range.erased = vec![erased(7)])),
        ("t10: of a named leaf", with(|range, _| range.erased = vec![erased(4)])),
        ("t10: of an unsupported leaf", with(|range, _| range.erased = vec![erased(5)])),
        ("t10: without the Withdrawal's log", {
            let claim = wire::SourceErased { log: None, ..erased(7) };
            let mut tail = tail.clone();
            tail.bodies.remove(0);
            tail.erased = vec![claim];
            then(Step::Tail(tail))
        }),
    ];
    for (name, steps) in scripts {
        let history = verify_keys_response(None, &author.id(), &keys).unwrap();
        let mut follower = LogFollower::new(author.id(), history, Frontier::new(), Vec::new()).unwrap();
        let verdict = step(&mut follower, &steps);
        let shown: Vec<Value> = steps
            .iter()
            .map(|step| match step {
                Step::Target(target) => json!({ "target": hex::encode(target.encode_to_vec()) }),
                Step::Range(range) => json!({ "range": hex::encode(range.encode_to_vec()) }),
                Step::Bodies(bodies) => {
                    let bodies = wire::Bodies { bodies: bodies.clone(), ..Default::default() };
                    json!({ "bodies": hex::encode(bodies.encode_to_vec()) })
                }
                Step::Tail(tail) => json!({ "tail": hex::encode(tail.encode_to_vec()) }),
            })
            .collect();
        let mut case = json!({ "steps": shown });
        match verdict {
            Ok(()) => {
                case["size"] = json!(follower.size());
                case["root"] = json!(hex::encode(follower.frontier().root()));
                vectors.accept(name, case);
            }
            Err(fault) => vectors.refuse(name, fault.code(), case),
        }
    }
    vectors
}
