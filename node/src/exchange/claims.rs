//! Who follows a log through whom: each log through one peer at a time. Its author's
//! own node comes first; a relay serves while that isn't connected.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;
use volbridge_proto::{LogId, PartnerId};

/// All claims, and a signal when one is released.
#[derive(Debug, Default)]
pub struct Claims {
    claims: Mutex<BTreeMap<LogId, PartnerId>>,
    version: watch::Sender<u64>,
}

impl Claims {
    /// Claims a log for a peer; false if another one has it and comes first.
    pub fn claim(&self, log: LogId, peer: PartnerId) -> bool {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        match claims.get(&log) {
            Some(holder) if *holder == peer => true,
            Some(_) if log.partner != peer => false,
            _ => {
                claims.insert(log, peer);
                true
            }
        }
    }

    /// Whether a peer could claim a log.
    pub fn is_free(&self, log: LogId, peer: PartnerId) -> bool {
        let claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.get(&log).is_none_or(|holder| *holder == peer || log.partner == peer)
    }

    /// Gives a claim back.
    pub fn release(&self, log: LogId, peer: PartnerId) {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        if claims.get(&log) == Some(&peer) {
            claims.remove(&log);
            drop(claims);
            self.version.send_modify(|version| *version += 1);
        }
    }

    /// Gives all claims of a peer back: its connection ended.
    pub fn release_all(&self, peer: PartnerId) {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, holder| *holder != peer);
        self.version.send_modify(|version| *version += 1);
    }

    /// Wakes after each release.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
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
}
