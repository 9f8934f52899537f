use proptest::prelude::*;

use super::*;

/// One change that a liar makes to a message of bytes and numbers.
#[derive(Clone, Debug)]
enum Lie {
    Flip(prop::sample::Index, prop::sample::Index, u8),
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Grow(Vec<u8>),
}

impl Lie {
    fn tell(&self, list: &mut Vec<Vec<u8>>) {
        let length = list.len();
        match self {
            Self::Grow(item) => list.push(item.clone()),
            _ if length == 0 => {}
            Self::Flip(item, place, bit) => {
                let item = &mut list[item.index(length)];
                if !item.is_empty() {
                    let place = place.index(item.len());
                    item[place] ^= 1 << (bit % 8);
                }
            }
            Self::Drop(item) => _ = list.remove(item.index(length)),
            Self::Repeat(item) => list.insert(item.index(length), list[item.index(length)].clone()),
            Self::Swap(one, other) => list.swap(one.index(length), other.index(length)),
        }
    }
}

fn lie() -> impl Strategy<Value = Lie> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), index(), any::<u8>()).prop_map(|(item, place, bit)| Lie::Flip(item, place, bit)),
        index().prop_map(Lie::Drop),
        index().prop_map(Lie::Repeat),
        (index(), index()).prop_map(|(one, other)| Lie::Swap(one, other)),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Lie::Grow),
    ]
}

fn flip(text: &mut String, place: prop::sample::Index, bit: u8) {
    let mut bytes = std::mem::take(text).into_bytes();
    let place = place.index(bytes.len());
    bytes[place] ^= 1 << (bit % 7);
    *text = String::from_utf8_lossy(&bytes).into_owned();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn t01_t10_a_liar_gets_nothing_through(
        held in 0_u64..300, more in 1_u64..40, lie in lie(), place in any::<prop::sample::Index>(),
        number in 1_u64..300, bit in any::<u8>(), what in 0..12,
    ) {
        let mut author = Author::new(1);
        author.publish(held);
        let mut follower = follower(&author);
        catch_up(&mut follower, &author);
        author.publish(more);
        let from = follower.size();
        let end = ranges(from, author.size()).next().unwrap().end;
        let (mut target, mut tail) = (author.target(from), author.tail(from));
        let (mut range, mut sent) = (author.range(from, end), bodies(&author, from, end));
        let before = (target.clone(), range.clone(), sent.clone(), tail.clone());
        let mut list: Vec<Vec<u8>> = sent.iter().map(|(_, body)| body.clone()).collect();
        match what {
            0 => lie.tell(&mut target.consistency),
            1 => flip(&mut target.checkpoint, place, bit),
            2 => lie.tell(&mut range.leaves),
            3 => lie.tell(&mut range.proof),
            4 => range.start = range.start.wrapping_sub(number),
            5 => range.bodies = range.bodies.wrapping_add(number as u32),
            6 => {
                lie.tell(&mut list);
                sent = (from..).zip(list).collect();
            }
            7 => tail.start = tail.start.wrapping_add(number),
            8 => lie.tell(&mut tail.leaves),
            9 => flip(&mut tail.checkpoint, place, bit),
            10 => {
                let place = place.index(tail.bodies.len());
                let body = &mut tail.bodies[place].body;
                let at = number as usize % body.len();
                body[at] ^= 1 << (bit % 8);
            }
            _ => {
                let place = place.index(tail.bodies.len());
                tail.bodies[place].index = tail.bodies[place].index.wrapping_add(number);
            }
        }
        let same = before == (target.clone(), range.clone(), sent.clone(), tail.clone());
        let mut other = follower.clone();
        let mut outcome = follower.target(&target);
        if outcome.is_ok() && (2..7).contains(&what) {
            let state = follower.clone();
            outcome = send(&mut follower, &range, &sent).map(|_| ());
            prop_assert!(outcome.is_ok() || state == follower);
        } else if outcome.is_err() {
            prop_assert_eq!(&follower, &other);
        }
        if what >= 7 {
            let state = other.clone();
            outcome = other.tail(&tail).map(|_| ());
            prop_assert!(outcome.is_ok() || state == other);
        }
        prop_assert_eq!(outcome.is_ok(), same, "{:?}", outcome);
        prop_assert!(!matches!(outcome, Err(FollowFault::Fork(_))));
    }

    #[test]
    fn whatever_is_taken_is_what_the_author_has(steps in prop::collection::vec((0_u64..300, any::<bool>()), 1..6)) {
        let mut author = Author::new(3);
        let mut follower = follower(&author);
        let mut leaves = Vec::new();
        for (count, live) in steps {
            author.publish(count);
            let from = follower.size();
            if live {
                leaves.extend(follower.tail(&author.tail(from)).unwrap().into_entries());
            } else {
                leaves.extend(catch_up(&mut follower, &author).into_iter().flat_map(ProvenRange::into_entries));
            }
        }
        prop_assert_eq!(follower.frontier.root(), author.tree.root());
        prop_assert!(leaves.iter().zip(&author.leaves).all(|(entry, leaf)| entry.leaf() == leaf));
        prop_assert_eq!(leaves.len() as u64, author.size());
    }
}
