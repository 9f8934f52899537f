use super::*;
use crate::{
    id::record_id,
    identity::{
        fixture::{Author, NOW, vecs},
        verify_keys_response,
    },
    tlog::{
        entry::{Class, Leaf},
        proven::ProvenEntry,
    },
};

/// A follower that knows only the partner's id and asks for the keys.
fn follower(author: &Author) -> LogFollower {
    let history = verify_keys_response(None, &author.id(), &author.keys_response(0)).unwrap();
    LogFollower::new(author.id(), history, Frontier::new(), Vec::new()).unwrap()
}

/// Follows to the author's newest checkpoint, as over a connection.
fn catch_up(follower: &mut LogFollower, author: &Author) -> Vec<ProvenRange> {
    let mut taken = Vec::new();
    follower.target(&author.target(follower.size())).unwrap();
    for range in ranges(follower.size(), author.size()) {
        taken.push(take(follower, author, range.start, range.end).unwrap());
    }
    taken
}

fn take(
    follower: &mut LogFollower,
    author: &Author,
    start: u64,
    end: u64,
) -> Result<ProvenRange, FollowFault> {
    send(follower, &author.range(start, end), &bodies(author, start, end))
}

fn bodies(author: &Author, start: u64, end: u64) -> Vec<(u64, Vec<u8>)> {
    (start..end).filter_map(|index| Some((index, author.bodies[index as usize].clone()?))).collect()
}

fn send(
    follower: &mut LogFollower,
    range: &wire::Range,
    bodies: &[(u64, Vec<u8>)],
) -> Result<ProvenRange, FollowFault> {
    let mut pending = follower.range(range)?;
    for (index, body) in bodies {
        pending.body(*index, body.clone())?;
    }
    follower.finish(pending)
}

/// The fault of an attempt, which must have left the follower as it was.
fn refused<T: std::fmt::Debug>(
    follower: &LogFollower,
    attempt: impl FnOnce(&mut LogFollower) -> Result<T, FollowFault>,
) -> FollowFault {
    let mut after = follower.clone();
    let fault = attempt(&mut after).unwrap_err();
    assert_eq!(&after, follower);
    fault
}

/// The same log with another history from `size` on.
fn forked(author: &Author, size: u64, more: u64) -> Author {
    let mut fork = author.clone();
    fork.rng.0 ^= 1;
    assert_eq!(fork.size(), size);
    fork.publish(more);
    fork
}

#[test]
fn a_newcomer_catches_up_in_ranges_and_stays_at_the_tail() {
    let mut author = Author::new(1);
    author.publish(600);
    let mut follower = follower(&author);
    let taken = catch_up(&mut follower, &author);
    assert_eq!(taken.iter().map(ProvenRange::end).collect::<Vec<_>>(), [256, 512, 601]);
    assert_eq!(taken[0].checkpoint(), None);
    assert_eq!(taken[2].checkpoint(), Some(&author.checkpoint));
    assert!(taken.iter().flat_map(ProvenRange::entries).all(|entry| entry.verdict().unwrap().is_ok()));
    author.publish(3);
    let tail = follower.tail(&author.tail(601)).unwrap();
    assert_eq!((tail.start(), tail.end(), tail.entries().len()), (601, 604, 3));
    assert_eq!(follower.size(), 604);
    assert_eq!(follower.frontier, *author.own.frontier());
}

#[test]
fn a_follower_goes_on_from_what_was_stored_at_any_size() {
    let mut author = Author::new(1);
    author.publish(520);
    let mut follower = follower(&author);
    for step in [1, 2, 3, 200, 60, 254] {
        let mut next = Author::clone(&author);
        next.publish(step);
        author = next;
        catch_up(&mut follower, &author);
        let group = follower.size() - follower.size() % 256;
        let partial: Vec<Hash> =
            author.leaves[group as usize..].iter().map(|leaf| crate::tlog::entry::leaf_hash(leaf)).collect();
        let stored = Frontier::decode(&follower.frontier.encode()).unwrap();
        let resumed =
            LogFollower::new(author.id(), follower.history.clone(), stored.clone(), partial.clone()).unwrap();
        assert_eq!(resumed.partial, follower.partial);
        if let Some(first) = partial.first() {
            let wrong = [&[[1; 32]], &partial[1..]].concat();
            assert!(LogFollower::new(author.id(), follower.history.clone(), stored.clone(), wrong).is_err());
            let longer = [&partial[..], &[*first]].concat();
            assert!(LogFollower::new(author.id(), follower.history.clone(), stored, longer).is_err());
        }
        follower = resumed.holding(author.checkpoint.clone());
    }
}

#[test]
fn a_tail_without_entries_brings_only_a_newer_cosignature() {
    let mut author = Author::new(2);
    author.publish(4);
    let mut follower = follower(&author);
    catch_up(&mut follower, &author);
    author.sign_late(NOW);
    let range = follower.tail(&author.tail(5)).unwrap();
    assert!(range.entries().is_empty());
    assert_eq!(range.checkpoint().unwrap().signed_at(), Some(NOW));
}

#[test]
fn unsupported_leaves_and_leaves_without_bodies_are_kept() {
    let mut author = Author::new(1);
    author.publish_unsupported();
    let mut follower = follower(&author);
    let taken = catch_up(&mut follower, &author);
    let entries = taken[0].entries();
    assert_eq!(
        entries.iter().map(|entry| entry.parsed().is_some()).collect::<Vec<_>>(),
        [true, true, false, false]
    );
    assert!(entries[1..].iter().all(|entry| entry.body().is_none() && entry.verdict().is_none()));
    assert_eq!(entries[3].leaf().len(), 35);
}

#[test]
fn t16_an_entry_that_is_not_valid_is_kept_with_its_reason() {
    let mut author = Author::new(1);
    let mut other = Author::new(2);
    let foreign = other.record("of another log").bytes;
    for body in [b"no message".to_vec(), foreign, vec![7; 300_000]] {
        let leaf = Leaf { class: Class::Public, id: record_id(&body) };
        author.force(leaf.encode().to_vec(), Some(body));
    }
    author.publish(1);
    let mut follower = follower(&author);
    let taken = catch_up(&mut follower, &author);
    let valid: Vec<bool> = taken[0].entries().iter().map(|entry| entry.verdict().unwrap().is_ok()).collect();
    assert_eq!(valid, [true, false, false, false, true]);
    let code = taken[0].entries()[2].verdict().unwrap().unwrap_err().code;
    assert_eq!(code, Code::RecordPartner);
}

#[test]
fn t05_a_smaller_log_is_refused_and_what_is_held_stays() {
    let mut author = Author::new(1);
    author.publish(60);
    let old = author.clone();
    author.publish(40);
    let mut follower = follower(&author);
    catch_up(&mut follower, &author);
    let target = wire::Target { checkpoint: old.note(), consistency: Vec::new() };
    assert_eq!(refused(&follower, |follower| follower.target(&target)), FollowFault::Behind(61));
    let mut tail = author.tail(101);
    tail.checkpoint = old.note();
    let fault = refused(&follower, |follower| follower.tail(&tail));
    assert_eq!(fault.code(), Code::CheckpointSize);
    // Also after a restart.
    let resumed = LogFollower::new(
        author.id(),
        follower.history.clone(),
        follower.frontier.clone(),
        follower.partial.clone(),
    );
    let resumed = resumed.unwrap().holding(author.checkpoint.clone());
    assert_eq!(refused(&resumed, |follower| follower.target(&target)), FollowFault::Behind(61));
}

#[test]
fn t06_two_roots_at_one_size_become_evidence() {
    let mut author = Author::new(1);
    author.publish(9);
    let base = author.clone();
    author.publish(3);
    let fork = forked(&base, 10, 3);
    let mut follower = follower(&author);
    catch_up(&mut follower, &author);
    let target = fork.target(13);
    let tail = wire::Tail { start: 13, checkpoint: fork.note(), ..Default::default() };
    for fault in [
        refused(&follower, |follower| follower.target(&target)),
        refused(&follower, |follower| follower.tail(&tail)),
    ] {
        let FollowFault::Fork(evidence) = fault else { panic!("{fault:?}") };
        let fork = Evidence::parse(&evidence.encode()).unwrap().verify().unwrap();
        assert_eq!((fork.log, fork.prefix), (author.id(), 13));
    }
}

#[test]
fn t06_a_longer_second_history_becomes_evidence() {
    let mut author = Author::new(1);
    author.publish(9);
    let base = author.clone();
    author.publish(3);
    let fork = forked(&base, 10, 300);
    let mut follower = follower(&author);
    catch_up(&mut follower, &author);
    let fault = refused(&follower, |follower| follower.target(&fork.target(13)));
    let FollowFault::Fork(evidence) = fault else { panic!("{fault:?}") };
    let verdict = Evidence::parse(&evidence.encode()).unwrap().verify().unwrap();
    assert_eq!(verdict.checkpoints.map(|checkpoint| checkpoint.size()), [13, 310]);
    // A wrong proof of an honest log proves nothing.
    author.publish(20);
    let mut target = author.target(13);
    target.consistency[1][0] ^= 1;
    let fault = refused(&follower, |follower| follower.target(&target));
    assert!(matches!(fault, FollowFault::Unproven(_)), "{fault:?}");
    follower.target(&author.target(13)).unwrap();
}

#[test]
fn t06_growing_past_a_checkpoint_that_was_seen_must_give_its_root() {
    let mut author = Author::new(1);
    author.publish(299);
    let base = author.clone();
    author.publish(100);
    let fork = forked(&base, 300, 400);
    for (honest_first, by_tail) in [(true, false), (true, true), (false, false)] {
        let (seen, shown) = if honest_first { (&author, &fork) } else { (&fork, &author) };
        let mut follower = follower(&base);
        catch_up(&mut follower, &base);
        let mut follower = follower.holding(seen.checkpoint.clone());
        if shown.size() < seen.size() {
            // Not reached yet: nothing to compare.
            catch_up(&mut follower, shown);
            continue;
        }
        let fault = if by_tail {
            refused(&follower, |follower| follower.tail(&shown.tail(300)))
        } else {
            follower.target(&shown.target(300)).unwrap();
            refused(&follower, |follower| take(follower, shown, 300, 512))
        };
        let FollowFault::Fork(evidence) = fault else { panic!("{fault:?}") };
        let verdict = Evidence::parse(&evidence.encode()).unwrap().verify().unwrap();
        assert_eq!(verdict.prefix, seen.size());
    }
}

#[test]
fn t10_dropped_swapped_reordered_and_repeated_entries_are_refused() {
    let mut author = Author::new(1);
    author.publish(20);
    let mut follower = follower(&author);
    follower.target(&author.target(0)).unwrap();
    let (range, sent) = (author.range(0, 21), bodies(&author, 0, 21));
    type Change = fn(&mut wire::Range, &mut Vec<(u64, Vec<u8>)>);
    let changes: &[(&str, Change)] = &[
        ("a leaf left out", |range, _| _ = range.leaves.remove(4)),
        ("the last leaf left out", |range, _| _ = range.leaves.pop()),
        ("two leaves swapped", |range, _| range.leaves.swap(4, 5)),
        ("a leaf twice", |range, _| range.leaves[5] = range.leaves[4].clone()),
        ("one leaf more", |range, _| range.leaves.push(range.leaves[4].clone())),
        ("a public leaf called named", |range, _| range.leaves[4][1] = 2),
        ("another body for a leaf", |_, bodies| bodies[4].1 = bodies[5].1.clone()),
        ("two bodies swapped", |_, bodies| bodies.swap(4, 5)),
        ("a body at another index", |_, bodies| bodies[4].0 = 5),
        ("a body twice", |_, bodies| bodies.insert(4, bodies[4].clone())),
        ("a body left out that was announced", |_, bodies| _ = bodies.remove(4)),
        ("a body more than announced", |range, _| range.bodies -= 1),
        ("a body beyond the range", |_, bodies| bodies[20].0 = 21),
        ("a changed body", |_, bodies| bodies[4].1[40] ^= 1),
        ("more bodies than leaves", |range, _| range.bodies = 22),
        ("a gap before the range", |range, _| range.start = 1),
        ("no leaves", |range, _| range.leaves.clear()),
    ];
    for (name, change) in changes {
        let (mut range, mut sent) = (range.clone(), sent.clone());
        change(&mut range, &mut sent);
        let fault = refused(&follower, |follower| send(follower, &range, &sent));
        assert!(!matches!(fault, FollowFault::Fork(_) | FollowFault::NeedsKeys), "{name}");
    }
    send(&mut follower, &range, &sent).unwrap();
    assert_eq!(refused(&follower, |follower| send(follower, &range, &sent)).code(), Code::FollowOrder);
}

#[test]
fn ranges_need_a_target_and_tails_need_none() {
    let mut author = Author::new(1);
    author.publish(300);
    let mut follower = follower(&author);
    assert_eq!(refused(&follower, |follower| take(follower, &author, 0, 256)).code(), Code::FollowOrder);
    follower.target(&author.target(0)).unwrap();
    assert_eq!(refused(&follower, |follower| follower.tail(&author.tail(0))).code(), Code::FollowOrder);
    assert_eq!(refused(&follower, |follower| take(follower, &author, 0, 255)).code(), Code::FollowAlignment);
    take(&mut follower, &author, 0, 256).unwrap();
    take(&mut follower, &author, 256, 301).unwrap();
    assert_eq!(refused(&follower, |follower| follower.tail(&author.tail(300))).code(), Code::FollowOrder);
}

#[test]
fn a_range_that_was_begun_under_another_target_is_not_taken() {
    let mut author = Author::new(1);
    author.publish(9);
    let mut follower = follower(&author);
    follower.target(&author.target(0)).unwrap();
    let mut range = author.range(0, 10);
    range.bodies = 0;
    let pending = follower.range(&range).unwrap();
    author.publish(1);
    follower.target(&author.target(0)).unwrap();
    assert_eq!(refused(&follower, |follower| follower.finish(pending)).code(), Code::FollowOrder);
}

#[test]
fn descriptors_must_be_those_that_the_keys_answer_named() {
    let mut author = Author::new(1);
    author.publish(3);
    author.rotate_identity();
    author.publish(3);
    // An answer that leaves out a descriptor which changes no log key looks complete.
    let mut answer = author.keys_response(0);
    answer.descriptors.pop();
    let history = verify_keys_response(None, &author.id(), &answer).unwrap();
    let mut follower = LogFollower::new(author.id(), history, Frontier::new(), Vec::new()).unwrap();
    follower.target(&author.target(0)).unwrap();
    let fault = refused(&follower, |follower| take(follower, &author, 0, 8));
    assert_eq!(fault.code(), Code::IdentityIncomplete);
    // Keys of another history of the same partner stand elsewhere.
    let mut other = Author::new(1);
    other.publish(1);
    other.rotate_identity();
    other.publish(5);
    let history = verify_keys_response(None, &other.id(), &other.keys_response(0)).unwrap();
    let mut follower = LogFollower::new(other.id(), history, Frontier::new(), Vec::new()).unwrap();
    follower.target(&author.target(0)).unwrap();
    let fault = refused(&follower, |follower| take(follower, &author, 0, 8));
    assert_eq!(fault.code(), Code::IdentityOrder);
}

#[test]
fn bodies_that_come_later_are_judged_as_if_they_had_come_along() {
    let mut author = Author::new(1);
    author.publish(2);
    let history = author.own.history();
    let (leaf, body) = (&author.leaves[1], author.bodies[1].clone().unwrap());
    let entry = ProvenEntry::fetched(history, 1, leaf, body.clone()).unwrap();
    assert!(entry.verdict().unwrap().is_ok());
    assert_eq!(
        ProvenEntry::fetched(history, 1, &author.leaves[2], body.clone()).unwrap_err().code,
        Code::RecordId
    );
    let entry = ProvenEntry::fetched(Author::new(2).own.history(), 1, leaf, body.clone()).unwrap();
    assert_eq!(entry.verdict().unwrap().unwrap_err().code, Code::RecordPartner);
    assert!(ProvenEntry::fetched(history, 1, &leaf[1..], body).is_err());
}

#[test]
fn proofs_of_absurd_sizes_are_refused_before_they_are_checked() {
    let mut author = Author::new(1);
    author.publish(2);
    let follower = follower(&author);
    let target = wire::Target { consistency: vecs(vec![[0; 32]; 65]), ..author.target(0) };
    assert_eq!(refused(&follower, |follower| follower.target(&target)).code(), Code::ProofLength);
    let tail = wire::Tail { leaves: vec![vec![0; MAX_LEAF + 1]], ..author.tail(0) };
    assert_eq!(refused(&follower, |follower| follower.tail(&tail)).code(), Code::LogFull);
}

mod claims;
mod keys;
mod liar;
