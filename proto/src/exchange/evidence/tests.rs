use super::*;
use crate::{
    id::PartnerId,
    identity::fixture::{Author, pair},
    tlog::tree::MemoryTree,
};

/// Two histories that part at `size`.
fn fork(size: u64, one: u64, other: u64) -> (Author, Author) {
    let mut author = Author::new(1);
    author.publish(size - 1);
    let mut second = author.clone();
    second.rng.0 ^= 1;
    author.publish(one);
    second.publish(other);
    (author, second)
}

fn evidence(one: &Author, other: &Author) -> Evidence {
    let found = Evidence::compare(one.own.history(), &one.checkpoint, &one.tree, &other.checkpoint);
    found.unwrap().unwrap()
}

#[test]
fn t06_any_smaller_checkpoint_is_compared_with_the_own_tree() {
    for (size, one, other) in [(1, 1, 1), (5, 300, 3), (7, 9, 9), (255, 9, 1), (256, 300, 256)] {
        let (one, other) = fork(size, one, other);
        let file = evidence(&one, &other).encode();
        let verdict = Evidence::parse(&file).unwrap().verify().unwrap();
        assert_eq!((verdict.log, verdict.prefix), (one.id(), other.size()));
        assert_eq!(verdict.checkpoints, [one.checkpoint, other.checkpoint]);
    }
}

#[test]
fn t06_a_longer_history_is_proven_from_a_power_of_two_by_its_keys_answer() {
    for size in [2, 8, 256] {
        let (one, other) = fork(size - 1, 1, 70);
        let history = one.own.history();
        let answer = other.keys_response(0);
        let file = Evidence::from_keys_response(history, &one.checkpoint, &answer).unwrap().unwrap();
        let verdict = Evidence::parse(&file.encode()).unwrap().verify().unwrap();
        assert_eq!(verdict.checkpoints.map(|checkpoint| checkpoint.size()), [size, size + 69]);
        let mut honest = one.clone();
        honest.publish(70);
        let answer = honest.keys_response(0);
        assert_eq!(Evidence::from_keys_response(history, &one.checkpoint, &answer), Ok(None));
        assert!(Evidence::from_keys_response(history, &honest.checkpoint, &answer).is_err());
    }
}

#[test]
fn one_history_is_no_fork() {
    let mut author = Author::new(1);
    author.publish(5);
    let before = author.checkpoint.clone();
    author.publish(9);
    let history = author.own.history();
    assert_eq!(Evidence::compare(history, &author.checkpoint, &author.tree, &before), Ok(None));
    assert!(Evidence::compare(history, &before, &author.tree, &author.checkpoint).is_err());
    assert!(Evidence::compare(history, &author.checkpoint, &MemoryTree::new(), &before).is_err());
    let side = (&before, vec![*before.root()]);
    let refusal = Evidence::new(history, 6, side.clone(), side).unwrap_err();
    assert_eq!(refusal.code, Code::EvidenceNoFork);
}

#[test]
fn t06_a_change_anywhere_in_the_file_is_refused() {
    let (one, other) = fork(7, 9, 5);
    let file = evidence(&one, &other).encode();
    let log = one.id();
    for place in (0..file.len()).step_by(41).chain(file.len() - 300..file.len()) {
        let mut bad = file.clone().into_bytes();
        bad[place] ^= 1 << (place % 7);
        let Ok(bad) = String::from_utf8(bad) else { continue };
        let verdict = Evidence::parse(&bad).and_then(|evidence| evidence.verify());
        assert!(verdict.is_err() || verdict.is_ok_and(|fork| fork.log != log), "{place}");
    }
}

#[test]
fn files_of_another_form_are_refused() {
    let (one, other) = fork(7, 9, 5);
    let file = evidence(&one, &other).encode();
    let lines: Vec<&str> = file.lines().collect();
    for left_out in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(left_out);
        let bad = format!("{}\n", fewer.join("\n"));
        assert!(Evidence::parse(&bad).and_then(|evidence| evidence.verify()).is_err(), "{left_out}");
    }
    for bad in ["", "\n", &file[..file.len() - 1], &format!("{file}\n"), &format!("{file}checkpoint \n")] {
        assert!(Evidence::parse(bad).is_err());
    }
    assert!(Evidence::parse(&"a".repeat(MAX_BYTES + 1)).is_err());
}

#[test]
fn t11_a_thief_of_a_revoked_key_can_not_accuse_the_partner() {
    let mut author = Author::new(1);
    author.publish(6);
    let mut thief = author.clone();
    let old = author.rotate_log();
    author.publish(4);
    thief.rng.0 ^= 1;
    thief.publish(2);
    assert_eq!(thief.size(), 9);
    let forged = thief.checkpoint.clone();
    // By the keys in force the old key says nothing about size 9.
    let refusal =
        Evidence::compare(author.own.history(), &author.checkpoint, &author.tree, &forged).unwrap_err();
    assert_eq!(refusal.code, Code::CheckpointUnsigned);
    assert_eq!(old.public(), thief.log.public());
    // Nor does a stranger's key.
    let stranger = pair(&mut thief.rng);
    let note = thief.sign_note(9, thief.tree.root(), &stranger);
    let file = evidence(&fork(7, 9, 5).0, &fork(7, 9, 5).1);
    let forged = Evidence {
        sides: [file.sides[0].clone(), Side { note, proof: vec![thief.tree.root()] }],
        prefix: 9,
        ..file
    };
    assert!(forged.verify().is_err());
}

#[test]
fn evidence_of_a_later_epoch_carries_the_earlier_ones() {
    let mut before = Author::new(1);
    before.publish(3);
    before.rotate_identity();
    let mut one = before.continued();
    one.publish(4);
    let mut other = one.clone();
    other.rng.0 ^= 1;
    one.publish(2);
    other.publish(2);
    let file = evidence(&one, &other).encode();
    let verdict = Evidence::parse(&file).unwrap().verify().unwrap();
    assert_eq!(verdict.log, one.id());
    assert_eq!(verdict.log.epoch, 2);
    assert_ne!(verdict.log.partner, PartnerId::from([0; 32]));
}
