//! Which revision of a subject is the current one (protocol section 6): a fold
//! over what remains, so that an erased body can't be needed for the answer.

use super::Statement;
use crate::id::RecordId;

/// What the fold reads of one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionEntry {
    /// The record.
    pub id: RecordId,
    /// `Statement.revision`.
    pub number: u64,
    /// `Statement.previous`.
    pub previous: Option<RecordId>,
    /// `Statement.republishes`.
    pub republishes: Option<RecordId>,
    /// `Statement::audience`: kind, class and recipients.
    pub audience: [u8; 32],
}

impl RevisionEntry {
    /// What the fold reads of a statement.
    pub fn of(id: RecordId, statement: &Statement) -> Self {
        Self {
            id,
            number: statement.revision,
            previous: statement.previous,
            republishes: statement.republishes,
            audience: statement.audience(),
        }
    }
}

/// The place of the current revision among `entries`: a subject's entry-valid
/// revisions in log order (by epoch, then index), without the withdrawn ones.
/// `withdrawn` says of an id whether an effective Withdrawal names it.
pub fn current(entries: &[RevisionEntry], withdrawn: impl Fn(&RecordId) -> bool) -> Option<usize> {
    let mut accepted: Option<Accepted<'_>> = None;
    for (place, entry) in entries.iter().enumerate() {
        match &mut accepted {
            None => accepted = Some(Accepted { place, entry, ids: vec![entry.id] }),
            Some(now) if now.is_replaced_by(entry, &withdrawn) => {
                // A republished revision is still known by the id that it had in the older epoch.
                let kept = if now.is_same_as(entry) { std::mem::take(&mut now.ids) } else { Vec::new() };
                *now = Accepted { place, entry, ids: [kept, vec![entry.id]].concat() };
            }
            Some(_) => {}
        }
    }
    accepted.map(|now| now.place)
}

struct Accepted<'a> {
    place: usize,
    entry: &'a RevisionEntry,
    ids: Vec<RecordId>,
}

impl Accepted<'_> {
    fn is_same_as(&self, next: &RevisionEntry) -> bool {
        next.republishes.is_some_and(|id| self.ids.contains(&id)) && next.number == self.entry.number
    }

    fn is_replaced_by(&self, next: &RevisionEntry, withdrawn: impl Fn(&RecordId) -> bool) -> bool {
        let follows = next.previous.is_some_and(|id| self.ids.contains(&id) || withdrawn(&id));
        next.audience == self.entry.audience
            && (self.is_same_as(next) || follows && next.number > self.entry.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> RecordId {
        RecordId::from([number; 32])
    }

    fn entry(own: u8, number: u64, previous: Option<u8>) -> RevisionEntry {
        RevisionEntry {
            id: id(own),
            number,
            previous: previous.map(id),
            republishes: None,
            audience: [0; 32],
        }
    }

    #[test]
    fn each_revision_replaces_the_one_that_it_names() {
        let entries = [entry(1, 1, None), entry(2, 2, Some(1)), entry(3, 3, Some(2))];
        assert_eq!(current(&entries, |_| false), Some(2));
    }

    #[test]
    fn of_two_revisions_of_one_the_first_in_the_log_counts() {
        let entries = [entry(1, 1, None), entry(2, 2, Some(1)), entry(3, 2, Some(1))];
        assert_eq!(current(&entries, |_| false), Some(1));
    }

    #[test]
    fn a_second_beginning_changes_nothing() {
        assert_eq!(current(&[entry(1, 1, None), entry(2, 1, None)], |_| false), Some(0));
    }

    #[test]
    fn a_withdrawn_revision_is_stepped_over() {
        let entries = [entry(1, 1, None), entry(3, 3, Some(2))];
        assert_eq!(current(&entries, |withdrawn| *withdrawn == id(2)), Some(1));
        assert_eq!(current(&entries, |_| false), Some(0));
    }

    #[test]
    fn after_the_first_was_withdrawn_what_remains_begins_the_subject() {
        assert_eq!(current(&[entry(2, 2, Some(1))], |_| true), Some(0));
        assert_eq!(current(&[], |_| true), None);
    }

    #[test]
    fn a_lower_number_never_replaces_a_higher_one() {
        let entries = [entry(4, 4, Some(3)), entry(2, 2, Some(1)), entry(5, 3, Some(4))];
        assert_eq!(current(&entries, |_| true), Some(0));
    }

    #[test]
    fn kind_class_and_recipients_stay() {
        let mut other = entry(2, 2, Some(1));
        other.audience = [1; 32];
        assert_eq!(current(&[entry(1, 1, None), other], |_| false), Some(0));
    }

    #[test]
    fn a_republished_revision_takes_the_place_of_the_old_one() {
        let mut again = entry(11, 2, Some(1));
        again.republishes = Some(id(2));
        let entries = [entry(1, 1, None), entry(2, 2, Some(1)), again, entry(3, 3, Some(2))];
        assert_eq!(current(&entries[..3], |_| false), Some(2));
        assert_eq!(current(&entries, |_| false), Some(3));
    }
}
