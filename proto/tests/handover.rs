//! Properties of handovers: which halves stand together is one answer, whoever hears what first.
#![expect(clippy::unwrap_used, reason = "a test")]

use proptest::prelude::*;
use volbridge_proto::{
    PartnerId, RecordId,
    kinds::handover::{Half, standing},
    time::Date,
};

fn day(number: u8) -> Date {
    format!("2026-12-{:02}", number + 1).parse().unwrap()
}

/// Halves by three partners of one organisation: first ones of whoever has it, second ones that name one of them or none that is
/// known.
fn halves() -> impl Strategy<Value = Vec<Half>> {
    let half = (any::<bool>(), 2..5_u8, 0..6_u8, 0..28_u8);
    proptest::collection::vec(half, 0..9).prop_map(|halves| {
        let place = |number: usize| (1 + number as u64 / 5, number as u64);
        let half = |(number, (first, partner, names, on)): (usize, (bool, u8, u8, u8))| Half {
            id: RecordId::from([u8::try_from(number).unwrap(); 32]),
            place: place(number),
            receiver: PartnerId::new([partner; 32]),
            first: (!first).then(|| RecordId::from([names; 32])),
            day: day(on),
        };
        halves.into_iter().enumerate().map(half).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_decides_nothing(
        (halves, shuffled) in halves().prop_flat_map(|halves| {
            (Just(halves.clone()), Just(halves).prop_shuffle())
        })
    ) {
        prop_assert_eq!(standing(&halves), standing(&shuffled));
    }

    #[test]
    fn what_stands_was_said_by_both_and_each_is_needed(halves in halves()) {
        let Some((first, second)) = standing(&halves) else { return Ok(()) };
        prop_assert_eq!(first.first, None);
        prop_assert_eq!(second.first, Some(first.id));
        prop_assert_eq!(first.receiver, second.receiver);
        prop_assert!(second.day <= first.day);
        for gone in [first, second] {
            let rest: Vec<Half> = halves.iter().filter(|half| *half != gone).cloned().collect();
            prop_assert!(standing(&rest).is_none_or(|(one, other)| one != gone && other != gone));
        }
    }

    #[test]
    fn a_word_of_a_partner_that_no_first_half_names_changes_nothing(
        (halves, claims) in (halves(), halves())
    ) {
        let stranger = PartnerId::new([9; 32]);
        let claims = claims.into_iter().map(|half| Half {
            receiver: stranger,
            first: Some(half.first.unwrap_or(half.id)),
            ..half
        });
        let all: Vec<Half> = claims.chain(halves.iter().cloned()).collect();
        prop_assert_eq!(standing(&halves), standing(&all));
    }
}
