//! What a Withdrawal takes back, and what state a leaf is in (protocol sections 3
//! and 6).

use crate::{
    id::{LogId, RecordId},
    kinds,
    tlog::entry::Class,
    wire::record::v1 as wire,
};

/// Whether records of this kind can be withdrawn; those of unknown kinds can.
pub fn is_withdrawable(kind: &str) -> bool {
    kinds::of(kind).is_none_or(|info| info.withdrawable)
}

/// The entry that a Withdrawal names.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The log that holds it.
    pub log: LogId,
    /// Where.
    pub index: u64,
    /// Its leaf's class.
    pub class: Class,
    /// Its kind, if the body was read. Who doesn't hold the body takes the Withdrawal as effective.
    pub kind: Option<&'a str>,
}

/// Whether a content-valid Withdrawal, entry `index` of `log`, takes back `target`.
/// One with a reason is about public records, one without is about named ones.
pub fn is_effective(withdrawal: &wire::Withdrawal, log: &LogId, index: u64, target: &Target<'_>) -> bool {
    let class = if withdrawal.reason.is_empty() { Class::Named } else { Class::Public };
    target.log.partner == log.partner
        && (target.log.epoch, target.index) < (log.epoch, index)
        && target.class == class
        && target.kind.is_none_or(is_withdrawable)
}

/// The record ids that a content-valid Withdrawal names.
pub fn ids(withdrawal: &wire::Withdrawal) -> Vec<RecordId> {
    withdrawal.ids.iter().filter_map(|id| RecordId::try_from(id.as_slice()).ok()).collect()
}

/// What a holder knows of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafState {
    /// The body is held and counts.
    Live,
    /// A Withdrawal of the same log names it.
    Erased,
    /// Its holder names a Withdrawal of one of its sources; the author owes one within 7 days.
    ErasedWithSource,
    /// Public, absent, and nothing accounts for it: shown, not counted as mirrored.
    Withheld,
    /// Named and absent: not for us, or missing.
    NotForUs,
}

/// The state of a leaf. `withdrawn`: an effective Withdrawal of this log names it;
/// `source_withdrawn`: the holder names a Withdrawal of one of its sources.
pub fn leaf_state(class: Class, held: bool, withdrawn: bool, source_withdrawn: bool) -> LeafState {
    match (class, held, withdrawn, source_withdrawn) {
        (_, _, true, _) => LeafState::Erased,
        (_, _, false, true) => LeafState::ErasedWithSource,
        (_, true, false, false) => LeafState::Live,
        (Class::Public, false, false, false) => LeafState::Withheld,
        (Class::Named, false, false, false) => LeafState::NotForUs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PartnerId;

    fn log(partner: u8, epoch: u64) -> LogId {
        LogId::new(PartnerId::from([partner; 32]), epoch)
    }

    fn withdrawal(reason: &str) -> wire::Withdrawal {
        wire::Withdrawal { ids: vec![vec![1; 32]], reason: reason.to_owned() }
    }

    #[test]
    fn only_earlier_entries_of_the_same_partner_are_taken_back() {
        let target =
            |log, index| Target { log, index, class: Class::Public, kind: Some(kinds::listing::KIND) };
        let reasoned = withdrawal("withdrawn");
        let effective = |log_of: LogId, index| is_effective(&reasoned, &log(1, 2), 5, &target(log_of, index));
        assert!(effective(log(1, 2), 4));
        assert!(effective(log(1, 1), 900));
        assert!(!effective(log(1, 2), 5));
        assert!(!effective(log(1, 2), 6));
        assert!(!effective(log(1, 3), 0));
        assert!(!effective(log(2, 1), 0));
    }

    #[test]
    fn the_reason_tells_public_records_from_named_ones() {
        let target = |class| Target { log: log(1, 1), index: 1, class, kind: None };
        assert!(is_effective(&withdrawal("expired"), &log(1, 1), 2, &target(Class::Public)));
        assert!(!is_effective(&withdrawal("expired"), &log(1, 1), 2, &target(Class::Named)));
        assert!(is_effective(&withdrawal(""), &log(1, 1), 2, &target(Class::Named)));
        assert!(!is_effective(&withdrawal(""), &log(1, 1), 2, &target(Class::Public)));
    }

    #[test]
    fn what_the_network_stands_on_is_never_taken_back() {
        for kind in ["partner-descriptor", "node-info", "continuation", "withdrawal", "agreement"]
            .into_iter()
            .chain(["agreement-end", "endorsement", "disavowal"])
        {
            assert!(!is_withdrawable(&format!("volbridge.{kind}.v1")), "{kind}");
        }
        assert!(is_withdrawable(kinds::listing::KIND));
        assert!(is_withdrawable("org.example.other.v1"));
    }

    #[test]
    fn t10_a_public_leaf_without_body_and_withdrawal_is_withheld() {
        assert_eq!(leaf_state(Class::Public, false, false, false), LeafState::Withheld);
        assert_eq!(leaf_state(Class::Public, false, true, false), LeafState::Erased);
        assert_eq!(leaf_state(Class::Public, false, false, true), LeafState::ErasedWithSource);
        assert_eq!(leaf_state(Class::Public, true, false, false), LeafState::Live);
        assert_eq!(leaf_state(Class::Named, false, false, false), LeafState::NotForUs);
    }
}
