//! How exchange with each peer goes right now: what `/network`, `partner list` and
//! the node's log say. In memory; a restart begins anew.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use tokio::sync::watch;
use volbridge_proto::{Code, PartnerId, Timestamp};

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Following its logs.
    Connected,
    /// Dialling or greeting.
    Connecting,
    /// Between two attempts.
    Waiting,
    /// It, or we, said no.
    Refused,
    /// Nobody answers.
    Unreachable,
}

impl PeerState {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Connecting => "connecting",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What is known of one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// host:port that is dialled.
    pub endpoint: String,
    /// Where it stands.
    pub state: PeerState,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
    /// Why it last failed.
    pub error: Option<(Code, String)>,
    /// Entries received on this connection.
    pub entries: u64,
    /// Bytes received on this connection.
    pub bytes: u64,
}

/// All peers, and a signal when one changes.
#[derive(Debug, Default)]
pub struct StatusBoard {
    peers: RwLock<BTreeMap<PartnerId, Peer>>,
    version: watch::Sender<u64>,
}

impl StatusBoard {
    /// A peer enters a state. An error stays shown until the peer is connected again.
    pub fn enter(&self, partner: PartnerId, endpoint: &str, state: PeerState, now: Timestamp) {
        self.change(partner, |peer| {
            let (entries, bytes) = (0, 0);
            let error =
                if state == PeerState::Connected { None } else { peer.and_then(|peer| peer.error.clone()) };
            Peer { endpoint: endpoint.to_owned(), state, since: now, retry_at: None, error, entries, bytes }
        });
    }

    /// A peer failed and is tried again at `retry_at`.
    pub fn fail(
        &self,
        partner: PartnerId,
        state: PeerState,
        error: (Code, String),
        now: Timestamp,
        retry_at: Timestamp,
    ) {
        self.change(partner, |peer| Peer {
            endpoint: peer.map(|peer| peer.endpoint.clone()).unwrap_or_default(),
            state,
            since: now,
            retry_at: Some(retry_at),
            error: Some(error),
            entries: 0,
            bytes: 0,
        });
    }

    /// A peer delivered.
    pub fn count(&self, partner: PartnerId, entries: u64, bytes: u64) {
        if let Some(peer) = self.peers.write().unwrap_or_else(PoisonError::into_inner).get_mut(&partner) {
            peer.entries += entries;
            peer.bytes += bytes;
        }
        self.version.send_modify(|version| *version += 1);
    }

    /// A peer is no longer dialled.
    pub fn forget(&self, partner: &PartnerId) {
        self.peers.write().unwrap_or_else(PoisonError::into_inner).remove(partner);
        self.version.send_modify(|version| *version += 1);
    }

    /// Something else changed that a status shows.
    pub fn touch(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// All peers that are dialled.
    pub fn all(&self) -> Vec<(PartnerId, Peer)> {
        let peers = self.peers.read().unwrap_or_else(PoisonError::into_inner);
        peers.iter().map(|(partner, peer)| (*partner, peer.clone())).collect()
    }

    /// Wakes after each change.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn change(&self, partner: PartnerId, next: impl FnOnce(Option<&Peer>) -> Peer) {
        {
            let mut peers = self.peers.write().unwrap_or_else(PoisonError::into_inner);
            let peer = next(peers.get(&partner));
            peers.insert(partner, peer);
        }
        self.version.send_modify(|version| *version += 1);
    }
}
