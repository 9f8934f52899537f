//! `volbridge.handover.v1`: an organisation moves with its listings from one partner to another (design section 9,
//! docs/decisions/0009). Two halves, one in either log; which of them stand together is decided here, by what they say
//! and where they stand in their own logs, never by what came first to whoever asks.

use super::{ClassRule, KindInfo, faults::Faults};
use crate::{
    error::{Code, Refusal},
    id::{PartnerId, RecordId},
    time::Date,
    wire::record::v1::Handover,
};

/// The kind's name.
pub const KIND: &str = "volbridge.handover.v1";
/// What goes for the kind as a whole. Neither half can be withdrawn: it would undo alone what two have said.
pub const INFO: KindInfo = KindInfo::new(KIND, "Handover", ClassRule::Public).for_ever();

/// Every fault of the payload. A half that names a first one is the second.
pub fn validate(handover: &Handover) -> Vec<Refusal> {
    let mut faults = Faults::new();
    let partner = match &handover.organisation {
        Some(organisation) => {
            faults.bytes("organisation.subject", &organisation.subject, 16);
            faults.optional_bytes("organisation.partner", &organisation.partner, 32);
            organisation.partner.as_slice()
        }
        None => {
            faults.code("organisation", Code::FieldRequired);
            &[]
        }
    };
    match &handover.first {
        None => {
            faults.bytes("to", &handover.to, 32);
            faults.required_date("until", &handover.until);
            faults.demand(partner.is_empty(), "organisation.partner", Code::FieldUnexpected);
            faults.demand(handover.moved_on.is_empty(), "moved_on", Code::FieldUnexpected);
        }
        Some(first) => {
            faults.bytes("first.id", &first.id, 32);
            faults.bytes("first.partner", &first.partner, 32);
            faults.demand(!partner.is_empty(), "organisation.partner", Code::FieldRequired);
            faults.demand(first.partner == partner, "first.partner", Code::FieldMismatch);
            faults.required_date("moved_on", &handover.moved_on);
            faults.demand(handover.to.is_empty(), "to", Code::FieldUnexpected);
            faults.demand(handover.until.is_empty(), "until", Code::FieldUnexpected);
        }
    }
    faults.into_vec()
}

/// A half of a handover of one organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Half {
    /// The record.
    pub id: RecordId,
    /// Epoch and index in its author's log.
    pub place: (u64, u64),
    /// The first: whom it names. The second: who says it.
    pub receiver: PartnerId,
    /// The second: the record that it answers.
    pub first: Option<RecordId>,
    /// The first: its last day. The second: the day of the move.
    pub day: Date,
}

/// The two halves by which an organisation has moved: of all first halves of the partner that had it, the first in its
/// log that was taken over by the partner that it names, on a day that it allows; and that partner's first word.
#[must_use]
pub fn standing(halves: &[Half]) -> Option<(&Half, &Half)> {
    let mut firsts: Vec<&Half> = halves.iter().filter(|half| half.first.is_none()).collect();
    firsts.sort_by_key(|half| half.place);
    firsts.into_iter().find_map(|first| {
        let answers = |half: &&Half| {
            half.first == Some(first.id) && half.receiver == first.receiver && half.day <= first.day
        };
        let second = halves.iter().filter(answers).min_by_key(|half| half.place)?;
        Some((first, second))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half(id: u8, index: u64, receiver: u8, first: Option<u8>, day: &str) -> Half {
        Half {
            id: RecordId::from([id; 32]),
            place: (1, index),
            receiver: PartnerId::new([receiver; 32]),
            first: first.map(|id| RecordId::from([id; 32])),
            day: day.parse().unwrap(),
        }
    }

    fn ids(halves: &[Half]) -> Option<(u8, u8)> {
        standing(halves).map(|(first, second)| (first.id.as_bytes()[0], second.id.as_bytes()[0]))
    }

    #[test]
    fn one_half_alone_moves_nothing() {
        let offered = half(1, 5, 2, None, "2026-12-31");
        let taken = half(2, 9, 2, Some(1), "2026-12-01");
        assert_eq!(ids(std::slice::from_ref(&offered)), None);
        assert_eq!(ids(std::slice::from_ref(&taken)), None);
        assert_eq!(ids(&[offered.clone(), taken.clone()]), Some((1, 2)));
        assert_eq!(ids(&[taken, offered]), Some((1, 2)));
    }

    #[test]
    fn a_third_partners_word_and_a_late_one_move_nothing() {
        let offered = half(1, 5, 2, None, "2026-12-31");
        for other in [
            half(2, 9, 3, Some(1), "2026-12-01"),
            half(2, 9, 2, Some(1), "2027-01-01"),
            half(2, 9, 2, Some(7), "2026-12-01"),
        ] {
            assert_eq!(ids(&[offered.clone(), other]), None);
        }
    }

    #[test]
    fn of_two_handovers_the_first_that_was_taken_up_counts() {
        let halves = [
            half(1, 5, 2, None, "2026-12-31"),
            half(2, 6, 3, None, "2026-12-31"),
            half(3, 9, 3, Some(2), "2026-12-02"),
            half(4, 7, 3, Some(2), "2026-12-03"),
        ];
        assert_eq!(ids(&halves), Some((2, 4)));
        assert_eq!(ids(&[halves.as_slice(), &[half(5, 1, 2, Some(1), "2026-12-09")]].concat()), Some((1, 5)));
    }
}
