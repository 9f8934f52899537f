//! The keys of logs, in memory. What is kept says up to which size of its log it was read:
//! who sees a larger log looks for newer keys, without waiting to be told of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use volbridge_proto::{LogId, PartnerId, identity::rotation::KeyHistory};

/// What was read of each log.
#[derive(Debug)]
pub struct Histories<H = KeyHistory>(RwLock<Inner<H>>);

#[derive(Debug)]
struct Inner<H> {
    turn: u64,
    known: BTreeMap<LogId, (u64, Arc<H>)>,
}

/// Begun before reading, so that what was read before a change isn't kept after it.
#[derive(Clone, Copy, Debug)]
pub struct Turn(u64);

impl<H> Default for Histories<H> {
    fn default() -> Self {
        Self(RwLock::new(Inner { turn: 0, known: BTreeMap::new() }))
    }
}

impl<H> Histories<H> {
    /// What is kept of a log, and the size up to which it was read.
    pub fn get(&self, log: &LogId) -> (Turn, Option<(u64, Arc<H>)>) {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (Turn(inner.turn), inner.known.get(log).cloned())
    }

    /// Keeps what was read in a turn, unless the turn is over or more is known.
    pub fn keep(&self, turn: Turn, log: LogId, size: u64, history: &Arc<H>) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_newest = inner.known.get(&log).is_none_or(|(known, _)| *known <= size);
        if inner.turn == turn.0 && is_newest {
            inner.known.insert(log, (size, Arc::clone(history)));
        }
    }

    /// Forgets the logs of these partners: keys of theirs may have come late, behind a size that was read before.
    pub fn forget(&self, partners: &BTreeSet<PartnerId>) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        inner.turn += 1;
        inner.known.retain(|log, _| !partners.contains(&log.partner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> LogId {
        LogId::new(PartnerId::from([1; 32]), 1)
    }

    #[test]
    fn one_partners_keys_are_forgotten_without_the_others() {
        let histories = Histories::default();
        let other = LogId::new(PartnerId::from([2; 32]), 1);
        for log in [log(), other] {
            histories.keep(histories.get(&log).0, log, 1, &Arc::new("known"));
        }
        histories.forget(&BTreeSet::from([log().partner]));
        assert_eq!(histories.get(&log()).1, None);
        assert_eq!(histories.get(&other).1, Some((1, Arc::new("known"))));
    }

    #[test]
    fn a_slow_reader_doesnt_bring_old_keys_back() {
        let histories = Histories::default();
        let (slow, _) = histories.get(&log());
        histories.forget(&BTreeSet::from([log().partner]));
        histories.keep(slow, log(), 5, &Arc::new("old"));
        assert_eq!(histories.get(&log()).1, None);
        let (turn, _) = histories.get(&log());
        histories.keep(turn, log(), 6, &Arc::new("new"));
        histories.keep(turn, log(), 5, &Arc::new("old"));
        assert_eq!(histories.get(&log()).1, Some((6, Arc::new("new"))));
    }
}
