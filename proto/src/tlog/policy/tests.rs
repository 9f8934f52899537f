use super::*;
use crate::{
    identity::{
        fixture::{Author, NOW, TestRng, pair},
        keys::SigningPair,
    },
    tlog::cosignature::{cosign_ed25519, cosign_mldsa44_deterministic, sign_log},
};

fn vkey(seed: u64, name: &str, kind: u8) -> String {
    let keys = pair(&mut TestRng(seed, 0));
    let material = match kind {
        1 => KeyMaterial::Note(keys.ed25519.public()),
        4 => KeyMaterial::Cosigner(keys.ed25519.public()),
        _ => KeyMaterial::MlDsa44(keys.mldsa44.public()),
    };
    VerifierKey::new(name, material).unwrap().to_string()
}

fn policy(lines: &str) -> Result<Policy, Refusal> {
    let mut text = format!("log {}\n", vkey(0, "log.example", 1));
    for seed in 1..=5 {
        text.push_str(&format!("witness w{seed} {}\n", vkey(seed, &format!("w{seed}.example"), 4)));
    }
    Policy::parse(format!("{text}{lines}").as_bytes())
}

/// A checkpoint signed by its log and these witnesses.
fn note(witnesses: &[u64]) -> SignedNote {
    let checkpoint = Checkpoint { origin: "log.example".into(), size: 3, root: [1; 32] };
    let keys = |seed| pair(&mut TestRng(seed, 0)).ed25519;
    let mut lines = vec![sign_log(&keys(0), &checkpoint).unwrap()];
    for seed in witnesses {
        let name = format!("w{seed}.example");
        lines.push(cosign_ed25519(&name, &keys(*seed), &checkpoint, NOW).unwrap());
    }
    SignedNote::new(checkpoint.encode(), lines).unwrap()
}

#[test]
fn groups_of_groups_reach_a_quorum_or_not() {
    let policy =
        policy("group x 2 w1 w2 w3\n# y\n\tgroup y any w4 w5 \ngroup both all x y\nquorum both\n").unwrap();
    for (witnesses, reached) in [
        (vec![1, 2, 4], true),
        (vec![1, 3, 5], true),
        (vec![1, 2, 3, 4, 5], true),
        (vec![1, 2], false),
        (vec![1, 4, 5], false),
        (vec![], false),
        (vec![1, 1, 4], false),
    ] {
        assert_eq!(policy.evaluate(&note(&witnesses)).is_ok(), reached, "{witnesses:?}");
    }
    let refusal = policy.evaluate(&note(&[1, 4])).unwrap_err();
    assert_eq!(refusal.code, Code::ProofQuorum);
}

#[test]
fn a_single_witness_or_none_can_be_the_quorum() {
    assert!(policy("quorum none\n").unwrap().evaluate(&note(&[])).is_ok());
    assert!(policy("quorum w3\n").unwrap().evaluate(&note(&[3])).is_ok());
    assert!(policy("quorum w3\n").unwrap().evaluate(&note(&[2])).is_err());
}

#[test]
fn malformed_policies_are_refused() {
    for lines in [
        "",
        "quorum none",
        "quorum w9\n",
        "quorum none\nquorum none\n",
        "quorum w1 w2\n",
        "quorum\n",
        "group g 0 w1\nquorum g\n",
        "group g 3 w1 w2\nquorum g\n",
        "group g any\nquorum none\n",
        "group g +1 w1\nquorum g\n",
        "group g 01 w1\nquorum g\n",
        "group g any w1 w1\nquorum g\n",
        "group g any w1\ngroup h any w1\nquorum g\n",
        "group g any h\ngroup h any w1\nquorum g\n",
        "group g any none\nquorum g\n",
        "group none any w1\nquorum none\n",
        "group w1 any w2\nquorum none\n",
        "quorum g\ngroup g any w1\n",
        "wibble\nquorum none\n",
        "quorum none\r\n",
        "quorum none\0\n",
        "log x\nquorum none\n",
    ] {
        assert!(policy(lines).is_err(), "{lines:?}");
    }
    let twice = |line: String| policy(&format!("{line}\nquorum none\n"));
    assert!(twice(format!("log {}", vkey(0, "other.example", 1))).is_err());
    assert!(twice(format!("witness v {}", vkey(1, "other.example", 4))).is_err());
    assert!(twice(format!("witness v {}", vkey(0, "other.example", 4))).is_err());
    assert!(twice(format!("witness w1 {}", vkey(9, "other.example", 4))).is_err());
    assert!(twice(format!("witness v {}", vkey(9, "other.example", 1))).is_err());
    assert!(twice(format!("log {}", vkey(9, "other.example", 4))).is_err());
    assert!(twice(format!("log {} https://other.example", vkey(9, "other.example", 1))).is_ok());
    assert!(twice(format!("witness v {} https://v.example", vkey(9, "v.example", 6))).is_ok());
}

#[test]
fn another_origin_or_a_missing_log_line_is_refused() {
    let policy = policy("quorum none\n").unwrap();
    let other = note(&[1]);
    let unsigned = other.with_signatures(other.signatures()[1..].to_vec()).unwrap();
    assert_eq!(policy.evaluate(&unsigned).unwrap_err().code, Code::CheckpointUnsigned);
    let elsewhere = format!("log {}\nquorum none\n", vkey(0, "elsewhere.example", 1));
    let refusal = Policy::parse(elsewhere.as_bytes()).unwrap().evaluate(&other).unwrap_err();
    assert_eq!(refusal.code, Code::ProofLog);
}

#[test]
fn t01_the_post_quantum_line_can_not_be_left_out() {
    let keys = pair(&mut TestRng(0, 0));
    let text = format!("log {}\nlog {}\nquorum none\n", vkey(0, "log.example", 1), vkey(0, "log.example", 6));
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let note = note(&[]);
    assert_eq!(policy.evaluate(&note).unwrap_err().code, Code::CheckpointUnsigned);
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    let late = cosign_mldsa44_deterministic("log.example", &keys.mldsa44, &checkpoint, NOW).unwrap();
    let both = note.with_signatures([note.signatures(), &[late]].concat()).unwrap();
    assert_eq!(policy.evaluate(&both).unwrap().log_lines.len(), 2);
}

#[test]
fn quorums_count_organisations_and_never_the_log_itself() {
    let mut log = Author::new(1);
    let others = [Author::new(2), Author::new(3)];
    log.publish(2);
    log.sign_late(NOW);
    let histories: Vec<&KeyHistory> =
        [&log, &others[0], &others[1], &others[1]].map(|author| author.own.history()).into();
    let text = for_log(log.own.history(), log.size(), &histories, 2).unwrap();
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert_eq!(policy.witnesses().len(), 4);
    let cosign = |authors: &[(&Author, bool)]| {
        let checkpoint = log.checkpoint.checkpoint();
        let mut lines = log.checkpoint.note().signatures().to_vec();
        for (author, mirror) in authors {
            let origin = author.own.history().origin();
            let (name, key) =
                if *mirror { (origin.mirror(), &author.mirror) } else { (origin.witness(), &author.witness) };
            lines.push(cosign_ed25519(&name, key, checkpoint, NOW).unwrap());
        }
        log.checkpoint.note().with_signatures(lines).unwrap()
    };
    let (two, three) = (&others[0], &others[1]);
    assert!(policy.evaluate(&cosign(&[(two, false), (three, true)])).is_ok());
    // Two lines of one partner are one organisation, the log's own none.
    assert!(policy.evaluate(&cosign(&[(two, false), (two, true)])).is_err());
    assert!(policy.evaluate(&cosign(&[(two, false), (&log, true)])).is_err());
    assert!(for_log(log.own.history(), log.size(), &histories, 3).is_err());
    assert!(for_log(log.own.history(), 0, &histories, 1).is_err());
}

#[test]
fn a_policy_that_names_the_logs_own_partner_does_not_count_it() {
    let mut log = Author::new(1);
    log.sign_late(NOW);
    let keys = log.own.history().newest().log_keys();
    let own = log.own.history().cosigners().unwrap();
    let text = format!("log {}\nwitness own {}\nquorum own\n", keys.note, own[0]);
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let line = cosign_ed25519(own[0].name(), &log.witness, log.checkpoint.checkpoint(), NOW).unwrap();
    let note = log.checkpoint.note();
    let note = note.with_signatures([note.signatures(), &[line]].concat()).unwrap();
    assert_eq!(policy.evaluate(&note).unwrap_err().code, Code::ProofQuorum);
}

#[test]
fn the_keys_of_a_pair_are_found_under_any_name() {
    let SigningPair { ed25519, .. } = pair(&mut TestRng(0, 0));
    let key = VerifierKey::new("log.example", KeyMaterial::Note(ed25519.public())).unwrap();
    assert_eq!(policy("quorum none\n").unwrap().logs(), [key]);
}
