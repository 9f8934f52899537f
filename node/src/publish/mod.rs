//! The way out: validate → seal if named → append → sign the log → announce.
//!
//! Callers hand in drafts; one task per node writes them in groups (`group`), so that
//! a commit and an Ed25519 signature are shared by everyone who waits. An answer is
//! given when the group is durable. Everything slower follows (`cosign`).

pub mod cosign;
mod draft;
mod group;
mod withdraw;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use volbridge_proto::{
    Code, PartnerId, RecordId, Ref, SubjectId, Timestamp,
    record::statement::{Authority, Subject},
};

pub use self::{group::run, withdraw::Withdraw};
use crate::{context::Context, error::Error};

/// Requests that may wait for the writer; more are told to come back.
const QUEUE: usize = 1_024;

/// What this node wants to say; the writer gives it its place in the log.
#[derive(Clone, Debug)]
pub struct Draft {
    /// `volbridge.listing.v1`
    pub kind: &'static str,
    /// None: a new subject. Some: the next revision of an own one.
    pub subject: Option<SubjectId>,
    /// The subject is new, though it was chosen before: a consent names the profile that it is for.
    pub begins: bool,
    /// Records that this is made from.
    pub sources: Vec<Ref>,
    /// People's data: why it may be passed on.
    pub authority: Option<Authority>,
    /// Empty: public. Otherwise sealed to these and to this partner itself.
    pub recipients: Vec<PartnerId>,
    /// Subject that this goes on from.
    pub continues: Option<Subject>,
    /// When it is no longer meant.
    pub expires_at: Option<Timestamp>,
    /// The kind's message, canonical.
    pub payload: Vec<u8>,
}

impl Draft {
    /// A public draft of a new subject.
    pub fn public(kind: &'static str, payload: Vec<u8>) -> Self {
        Self {
            kind,
            subject: None,
            begins: false,
            sources: Vec::new(),
            authority: None,
            recipients: Vec::new(),
            continues: None,
            expires_at: None,
            payload,
        }
    }
}

/// A request that may come twice and must count once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Chosen by the caller.
    pub key: String,
    /// SHA-256 of the request: the same key with another request is a mistake.
    pub request: [u8; 32],
}

/// A record of the own log, durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedRecord {
    /// Its entry.
    pub index: u64,
    /// Its id.
    pub id: RecordId,
    /// What it is about.
    pub subject: SubjectId,
    /// From 1.
    pub revision: u64,
    /// When this node said it.
    pub issued_at: Timestamp,
}

/// The queue to the writer.
#[derive(Clone, Debug)]
pub struct Publisher(mpsc::Sender<Request>);

/// Where the writer takes its work from.
#[derive(Debug)]
pub struct Requests(mpsc::Receiver<Request>);

#[derive(Debug)]
struct Request {
    drafts: Vec<Draft>,
    idempotency: Option<Idempotency>,
    answer: oneshot::Sender<Result<Vec<PublishedRecord>, Error>>,
}

/// A queue for the writer.
pub fn queue() -> (Publisher, Requests) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Publisher(sender), Requests(receiver))
}

impl Context {
    /// Enters drafts in the own log, all or none; durable when it returns.
    ///
    /// # Errors
    /// The first refusal of a draft; `idempotency.conflict`; `log.behind`; `unavailable`.
    pub async fn publish(
        self: &Arc<Self>,
        drafts: Vec<Draft>,
        idempotency: Option<Idempotency>,
    ) -> Result<Vec<PublishedRecord>, Error> {
        for draft in &drafts {
            draft::validate(draft)?;
        }
        let (answer, answered) = oneshot::channel();
        let request = Request { drafts, idempotency, answer };
        self.publisher.0.send(request).await.map_err(|_| Error::new(Code::ShuttingDown))?;
        answered.await.map_err(|_| Error::new(Code::ShuttingDown))?
    }
}
