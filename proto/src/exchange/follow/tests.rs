use super::*;
use crate::{
    identity::{fixture::Author, verify_keys_response},
    tlog::{entry::leaf_hash, tree::MemoryTree},
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
    let mut pending = follower.range(&author.range(start, end))?;
    for index in start..end {
        if let Some(body) = &author.bodies[index as usize] {
            pending.body(index, body.clone())?;
        }
    }
    follower.finish(pending)
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
fn a_tail_without_entries_brings_only_a_newer_cosignature() {
    let mut author = Author::new(2);
    author.publish(4);
    let mut follower = follower(&author);
    catch_up(&mut follower, &author);
    author.sign_late(crate::identity::fixture::NOW);
    let range = follower.tail(&author.tail(5)).unwrap();
    assert!(range.entries().is_empty());
    assert_eq!(range.checkpoint().unwrap().signed_at(), Some(crate::identity::fixture::NOW));
}
