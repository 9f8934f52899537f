//! The newest durable head of every log that this node holds, in memory: what is
//! served, announced and compared. Written after a commit, never before.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::watch;
use volbridge_proto::{LogId, PartnerId};

use crate::store::{
    Query, StoreError,
    logs::{self, LogNumber},
    signed,
};

/// What is served of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log's number in this database.
    pub number: LogNumber,
    /// Which log.
    pub log: LogId,
    /// Size of `checkpoint`.
    pub size: u64,
    /// Signed note, with the cosignatures known.
    pub checkpoint: Arc<str>,
    /// The newest note with the log's ML-DSA-44 line: what is cosigned. Of a busy log it is older.
    pub signed: Arc<str>,
    /// Shown in two versions: no longer followed or served.
    pub frozen: bool,
}

impl Head {
    /// What of a stored log can be served; nothing before its first checkpoint.
    ///
    /// # Errors
    /// When the log isn't there or can't be read.
    pub async fn load(query: &impl Query, number: LogNumber) -> Result<Option<Self>, StoreError> {
        let log = logs::load(query, number).await?;
        let signed = signed::newest(query, number).await?.unwrap_or_default();
        Ok((log.checkpoint_size > 0).then(|| Self {
            number,
            log: log.id,
            size: log.checkpoint_size,
            checkpoint: log.checkpoint.into(),
            signed: signed.into(),
            frozen: log.frozen,
        }))
    }
}

/// All heads, and a signal when one changes.
#[derive(Debug)]
pub struct Heads {
    heads: RwLock<BTreeMap<LogId, Head>>,
    version: watch::Sender<u64>,
}

impl Heads {
    /// Heads as they stand in the database.
    pub fn new(heads: impl IntoIterator<Item = Head>) -> Self {
        let heads = heads.into_iter().map(|head| (head.log, head)).collect();
        Self { heads: RwLock::new(heads), version: watch::Sender::new(0) }
    }

    /// Takes over a head that is durable. An older one than what is known changes nothing:
    /// commits and their announcements may overtake each other.
    pub fn announce(&self, head: Head) {
        {
            let mut heads = self.heads.write().unwrap_or_else(PoisonError::into_inner);
            match heads.get(&head.log) {
                Some(known) if known.size > head.size || *known == head => return,
                _ => heads.insert(head.log, head),
            };
        }
        self.version.send_modify(|version| *version += 1);
    }

    /// The head of a log.
    pub fn get(&self, log: &LogId) -> Option<Head> {
        self.heads.read().unwrap_or_else(PoisonError::into_inner).get(log).cloned()
    }

    /// The head of a partner's newest epoch.
    pub fn newest(&self, partner: &PartnerId) -> Option<Head> {
        let heads = self.heads.read().unwrap_or_else(PoisonError::into_inner);
        heads
            .range(LogId::new(*partner, 0)..=LogId::new(*partner, u64::MAX))
            .next_back()
            .map(|(_, head)| head.clone())
    }

    /// All heads.
    pub fn all(&self) -> Vec<Head> {
        self.heads.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Of how many logs.
    pub fn count(&self) -> usize {
        self.heads.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Wakes after each change.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}
