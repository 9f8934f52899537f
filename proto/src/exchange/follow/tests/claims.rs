use super::*;
use crate::{
    exchange::SourceClaim,
    id::{PartnerId, RecordId},
};

fn claim(index: u64) -> SourceClaim {
    let log = LogId::new(PartnerId::from([3; 32]), 1);
    SourceClaim { index, source: RecordId::from([4; 32]), log, withdrawal: 9 }
}

#[test]
fn a_missing_body_comes_with_its_sources_withdrawal() {
    let mut author = Author::new(1);
    author.publish(3);
    let mut holder = author.clone();
    holder.bodies[2] = None;
    let mut follower = follower(&author);
    follower.target(&holder.target(0)).unwrap();
    let range = wire::Range { erased: vec![claim(2).to_wire()], ..holder.range(0, 4) };
    let mut pending = follower.range(&range).unwrap();
    assert_eq!(pending.claims(), [claim(2)]);
    for (index, body) in bodies(&holder, 0, 4) {
        pending.body(index, body).unwrap();
    }
    let taken = follower.finish(pending).unwrap();
    assert_eq!(taken.entries()[2].body(), None);
}

#[test]
fn t10_a_body_that_is_there_isnt_erased() {
    let mut author = Author::new(1);
    author.publish(3);
    let mut follower = follower(&author);
    follower.target(&author.target(0)).unwrap();
    let range = wire::Range { erased: vec![claim(2).to_wire()], ..author.range(0, 4) };
    let fault = refused(&follower, |follower| send(follower, &range, &bodies(&author, 0, 4)));
    assert_eq!(fault.code(), Code::FollowErased);
    for index in [2, 4] {
        let range = wire::Range { erased: vec![claim(index).to_wire()], ..author.range(0, 4) };
        let begun = follower.range(&range).map(drop);
        assert_eq!(begun.err().map(|fault| fault.code()), (index == 4).then_some(Code::FollowErased));
    }
    let mut follower = super::follower(&author);
    let tail = wire::Tail { erased: vec![claim(2).to_wire()], ..author.tail(0) };
    assert_eq!(refused(&follower, |follower| follower.tail(&tail)).code(), Code::FollowErased);
    let mut tail = tail;
    tail.bodies.remove(2);
    follower.tail(&tail).unwrap();
}
