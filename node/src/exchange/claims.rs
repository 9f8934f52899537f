//! Who follows a log through whom: each log through one peer at a time. Its author's
//! own node comes first; a relay serves while that isn't connected, and gives way to
//! one that has more: two that have a log from each other would wait for ever.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use volbridge_proto::{LogId, PartnerId};

/// All claims, and signals when one is released and when one could change hands.
#[derive(Debug, Default)]
pub struct Claims {
    state: Mutex<State>,
    version: watch::Sender<u64>,
    ahead: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    claims: BTreeMap<LogId, PartnerId>,
    /// The largest size of each log that each connected peer has shown, signed by the log.
    shown: BTreeMap<(LogId, PartnerId), u64>,
}

impl State {
    /// Whether whoever has a log leaves it to a peer that shows more of it: not the author, nor who shows more, too.
    fn gives_way(&self, log: &LogId, peer: PartnerId) -> bool {
        self.claims.get(log).is_some_and(|holder| {
            *holder != peer && *holder != log.partner && !self.shown.contains_key(&(*log, *holder))
        })
    }

    /// What a peer has shown more of than its holder.
    fn ahead(&self, peer: PartnerId) -> Vec<LogId> {
        let shown = self.shown.keys().filter(|(_, shower)| *shower == peer).map(|(log, _)| *log);
        shown.filter(|log| self.gives_way(log, peer)).collect()
    }
}

impl Claims {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims a log for a peer; false if another one has it and comes first.
    pub fn claim(&self, log: LogId, peer: PartnerId) -> bool {
        let mut state = self.state();
        match state.claims.get(&log) {
            Some(holder) if *holder == peer => true,
            Some(_) if log.partner != peer => false,
            _ => {
                state.claims.insert(log, peer);
                true
            }
        }
    }

    /// Through whom a log is followed.
    pub fn holder(&self, log: LogId) -> Option<PartnerId> {
        self.state().claims.get(&log).copied()
    }

    /// Whether a peer could claim a log.
    pub fn is_free(&self, log: LogId, peer: PartnerId) -> bool {
        self.holder(log).is_none_or(|holder| holder == peer || log.partner == peer)
    }

    /// A peer has shown that a log is of this size, which is more than what is held here.
    pub fn note_shown(&self, log: LogId, peer: PartnerId, size: u64) {
        let mut state = self.state();
        let known = state.shown.entry((log, peer)).or_default();
        let more = size > *known;
        *known = size.max(*known);
        if more && state.gives_way(&log, peer) {
            drop(state);
            self.ahead.send_modify(|version| *version += 1);
        }
    }

    /// Takes over for a connected peer what it has shown more of than is held here, from holders that haven't.
    /// `size` is what is held of a log.
    pub fn take_over(&self, peer: PartnerId, size: impl Fn(&LogId) -> u64) -> Vec<LogId> {
        let mut state = self.state();
        state.shown.retain(|(log, _), shown| *shown > size(log));
        let ahead = state.ahead(peer);
        state.claims.extend(ahead.iter().map(|log| (*log, peer)));
        ahead
    }

    /// Whether a peer could take a log over, if it isn't caught up with meanwhile.
    pub fn is_ahead(&self, peer: PartnerId) -> bool {
        !self.state().ahead(peer).is_empty()
    }

    /// Gives a claim back.
    pub fn release(&self, log: LogId, peer: PartnerId) {
        let mut state = self.state();
        if state.claims.get(&log) == Some(&peer) {
            state.claims.remove(&log);
            drop(state);
            self.version.send_modify(|version| *version += 1);
        }
    }

    /// Gives all claims of a peer back: its connection ended.
    pub fn release_all(&self, peer: PartnerId) {
        let mut state = self.state();
        state.claims.retain(|_, holder| *holder != peer);
        state.shown.retain(|(_, shower), _| *shower != peer);
        drop(state);
        self.version.send_modify(|version| *version += 1);
    }

    /// Wakes after each release.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Wakes when a peer shows more than the holder of a claim.
    pub fn overtaken(&self) -> watch::Receiver<u64> {
        self.ahead.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_one_follower_and_its_author_comes_first() {
        let (author, relay, other) =
            (PartnerId::from([1; 32]), PartnerId::from([2; 32]), PartnerId::from([3; 32]));
        let (log, claims) = (LogId::new(author, 1), Claims::default());
        assert!(claims.claim(log, relay) && !claims.claim(log, other) && !claims.is_free(log, other));
        assert!(claims.is_free(log, author) && claims.claim(log, author));
        assert!(!claims.claim(log, relay));
        claims.release(log, relay);
        assert!(!claims.is_free(log, relay));
        claims.release_all(author);
        assert!(claims.claim(log, other));
    }

    #[test]
    fn f10_a_relay_that_has_no_more_gives_way_to_one_that_has() {
        let (author, relay, other) =
            (PartnerId::from([1; 32]), PartnerId::from([2; 32]), PartnerId::from([3; 32]));
        let (log, claims) = (LogId::new(author, 1), Claims::default());
        let held = |size: u64| move |_: &LogId| size;
        assert!(claims.claim(log, relay));
        claims.note_shown(log, other, 9);
        // Who has as much, or has shown more itself, keeps it.
        assert!(claims.take_over(other, held(9)).is_empty());
        claims.note_shown(log, other, 12);
        claims.note_shown(log, relay, 11);
        assert!(claims.take_over(other, held(10)).is_empty());
        assert_eq!(claims.take_over(other, held(11)), [log]);
        assert_eq!(claims.holder(log), Some(other));
        // From the author nobody takes it; and who has gone has shown nothing.
        assert!(claims.claim(log, author));
        claims.note_shown(log, relay, 20);
        assert!(claims.take_over(relay, held(11)).is_empty());
        claims.release_all(author);
        claims.release_all(relay);
        assert!(claims.claim(log, other) && claims.take_over(relay, held(11)).is_empty());
    }
}
