//! A partner's node that lies: a real log with real keys, served over the real TLS
//! listener, whose answers a test changes on their way out.

use std::{net::SocketAddr, pin::Pin, sync::Arc};

use futures::{Stream, StreamExt as _};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, transport::Server};
use volbridge_node::{
    env::Env,
    tls::{Acceptor, Limits, Pins, TlsIdentity},
};
use volbridge_proto::{
    LogId, PartnerId, RecordId, SubjectId,
    identity::{
        descriptor::{Envelope, sign_first},
        keys::{Ed25519Secret, SigningPair},
    },
    record::{EncodedBody, body::encode_public, canonical},
    seal::{SealingPublic, SealingSecret, seal},
    tlog::{
        entry::{Class, Leaf, leaf_hash},
        own::OwnLog,
        proof,
        tree::MemoryTree,
    },
    wire::{
        exchange::v1::{
            self as wire,
            exchange_server::{Exchange, ExchangeServer},
            follow_request, follow_response,
        },
        record::v1 as record,
    },
};

use crate::desk;

/// Its log, all in memory.
#[derive(Clone)]
pub struct LiarsLog {
    env: Env,
    /// Signs its checkpoints.
    pub keys: SigningPair,
    own: OwnLog,
    tree: MemoryTree,
    leaves: Vec<Vec<u8>>,
    bodies: Vec<Option<Vec<u8>>>,
    note: String,
    /// How many records it says are the victim's.
    addressed: u64,
    /// Whether it gives the bodies that are asked for.
    pub hands_out: bool,
}

impl LiarsLog {
    /// A new partner with one TLS key.
    pub fn new(env: Env, tls: [u8; 32]) -> Self {
        let pair = || SigningPair::from_seeds(&env.bytes(), &env.bytes());
        let single = || Ed25519Secret::from_seed(&env.bytes()).public().as_bytes().to_vec();
        let (identity, next, keys) = (pair(), pair(), pair());
        let sealing = SealingSecret::from_seed(env.bytes()).public().expect("a key");
        let descriptor = record::PartnerDescriptor {
            names: vec![record::LocalText { language: "en".to_owned(), text: "Liar".to_owned() }],
            kind: "organisation".to_owned(),
            country: "CN".to_owned(),
            domain: "liar.example".to_owned(),
            keys: Some(record::Keys {
                identity: Some(identity.public().to_wire()),
                next_identity: next.public().next_digest().to_vec(),
                log: Some(keys.public().to_wire()),
                witness: single(),
                mirror: single(),
                sealing: sealing.as_bytes().to_vec(),
                tls: vec![tls.to_vec()],
                credential: single(),
            }),
        };
        let envelope = Envelope {
            salt: env.bytes(),
            subject: env.new_public_subject(),
            revision: 1,
            previous: None,
            issued_at: env.now(),
        };
        let first = sign_first(&envelope, &descriptor, &identity, &mut env.rng()).expect("a descriptor");
        let (own, range) = OwnLog::create(first, &keys).expect("a log");
        let note = range.checkpoint().map(|checkpoint| checkpoint.note().encode()).unwrap_or_default();
        let (tree, leaves, bodies) = (MemoryTree::new(), Vec::new(), Vec::new());
        let (addressed, hands_out) = (0, false);
        let mut log = Self { env, keys, own, tree, leaves, bodies, note, addressed, hands_out };
        for entry in range.into_entries() {
            let (_, leaf, _, body, _) = entry.into_parts();
            log.hold(leaf, body);
        }
        log
    }

    /// Which log.
    pub fn id(&self) -> LogId {
        self.own.history().log()
    }

    /// Its first body: what an operator is given.
    pub fn descriptor(&self) -> Vec<u8> {
        self.bodies.first().cloned().flatten().unwrap_or_default()
    }

    /// The newest signed note.
    pub fn note(&self) -> &str {
        &self.note
    }

    fn hold(&mut self, leaf: Vec<u8>, body: Option<Vec<u8>>) {
        self.tree.push(leaf_hash(&leaf));
        self.leaves.push(leaf);
        self.bodies.push(body);
    }

    /// A listing that holds to its rules; not yet in the log.
    pub fn listing(&self, title: &str) -> EncodedBody {
        let organisation = desk::Record { hash: Vec::new(), subject: self.subject().to_vec(), index: 0 };
        let payload = canonical::encode(&desk::listing(title, &organisation), "Listing").expect("canonical");
        self.public("volbridge.listing.v1", payload)
    }

    /// A Withdrawal of these records; not yet in the log.
    pub fn withdrawal(&self, ids: &[RecordId]) -> EncodedBody {
        let ids = ids.iter().map(|id| id.to_vec()).collect();
        let withdrawal = record::Withdrawal { ids, reason: "withdrawn".to_owned() };
        let payload = canonical::encode(&withdrawal, "Withdrawal").expect("canonical");
        self.public("volbridge.withdrawal.v1", payload)
    }

    /// A public record of some kind; not yet in the log.
    pub fn public(&self, kind: &str, payload: Vec<u8>) -> EncodedBody {
        let statement = record::Statement {
            kind: kind.to_owned(),
            subject: self.subject().to_vec(),
            revision: 1,
            issued_at: self.env.now().as_millis(),
            payload,
            ..Default::default()
        };
        let LogId { partner, epoch } = self.id();
        encode_public(self.env.bytes(), Some(partner), epoch, &statement, None).expect("a body")
    }

    /// A material that names a blob; not yet in the log.
    pub fn material(&self, title: &str, hash: &[u8], size: u64) -> EncodedBody {
        let material = record::Material {
            language: "en".to_owned(),
            conference: self.subject().to_vec(),
            title: title.to_owned(),
            kind: "paper".to_owned(),
            licence: "CC-BY-4.0".to_owned(),
            blob: Some(record::Blob {
                hash: hash.to_vec(),
                size,
                media_type: "application/pdf".to_owned(),
                filename: "paper.pdf".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let statement = record::Statement {
            kind: "volbridge.material.v1".to_owned(),
            subject: self.subject().to_vec(),
            revision: 1,
            issued_at: self.env.now().as_millis(),
            payload: canonical::encode(&material, "Material").expect("canonical"),
            ..Default::default()
        };
        let LogId { partner, epoch } = self.id();
        encode_public(self.env.bytes(), Some(partner), epoch, &statement, None).expect("a body")
    }

    /// A listing sealed to a partner as its `nth` record; not yet in the log.
    pub async fn sealed_listing(&self, title: &str, recipient: &crate::Partner, nth: u64) -> EncodedBody {
        let db = &recipient.node().context().db;
        let theirs =
            volbridge_node::views::partners::descriptor(db, &recipient.id).await.expect("a database");
        let theirs = theirs.and_then(|descriptor| descriptor.keys).expect("a descriptor").sealing;
        let organisation = desk::Record { hash: Vec::new(), subject: self.subject().to_vec(), index: 0 };
        let statement = record::Statement {
            kind: "volbridge.listing.v1".to_owned(),
            subject: self.env.new_named_subject().to_vec(),
            revision: 1,
            recipients: vec![recipient.id.to_vec()],
            payload: canonical::encode(&desk::listing(title, &organisation), "Listing").expect("canonical"),
            ..Default::default()
        };
        let LogId { partner, epoch } = self.id();
        let own = SealingSecret::from_seed(self.env.bytes()).public().expect("a key");
        let slots = [(partner, own, nth), (recipient.id, SealingPublic::parse(&theirs).expect("a key"), nth)];
        seal(self.env.bytes(), partner, epoch, &statement, &slots, &mut self.env.rng()).expect("sealed")
    }

    fn subject(&self) -> SubjectId {
        self.env.new_public_subject()
    }

    /// Enters records as an honest author would.
    pub fn append(&mut self, bodies: Vec<EncodedBody>) {
        let range = self.own.append(bodies, &[&self.keys]).expect("appended");
        self.note = range.checkpoint().map(|checkpoint| checkpoint.note().encode()).unwrap_or_default();
        for entry in range.into_entries() {
            let (_, leaf, _, body, _) = entry.into_parts();
            self.hold(leaf, body);
        }
    }

    /// Enters bytes that are no record, under a leaf that says that they are one.
    pub fn force(&mut self, class: Class, body: Vec<u8>) {
        let leaf = Leaf { class, id: volbridge_proto::record_id(&body) }.encode().to_vec();
        let mut frontier = self.own.frontier().clone();
        frontier.push(leaf_hash(&leaf));
        let checkpoint = volbridge_proto::tlog::checkpoint::Checkpoint {
            origin: self.own.history().origin().to_string(),
            size: frontier.size(),
            root: frontier.root(),
        };
        let line =
            volbridge_proto::tlog::cosignature::sign_log(&self.keys.ed25519, &checkpoint).expect("signed");
        let note =
            volbridge_proto::tlog::note::SignedNote::new(checkpoint.encode(), vec![line]).expect("a note");
        self.note = note.encode();
        self.own = OwnLog::resume(self.own.history().clone(), frontier).expect("resumed");
        self.hold(leaf, Some(body));
    }

    /// Its entries from an index on, with the newest note.
    pub fn tail(&self, start: u64) -> wire::Tail {
        let from = usize::try_from(start).unwrap_or(usize::MAX).min(self.leaves.len());
        let bodies = (start..).zip(&self.bodies[from..]).filter_map(|(index, body)| {
            Some(wire::IndexedBody { index, body: body.clone()?, ..Default::default() })
        });
        wire::Tail {
            start,
            leaves: self.leaves[from..].to_vec(),
            bodies: bodies.collect(),
            checkpoint: self.note.clone(),
            erased: Vec::new(),
        }
    }

    /// Its descriptors, as an honest node proves them.
    pub fn keys_response(&self, from: u64) -> wire::KeysResponse {
        let size = self.tree.size();
        let descriptors = self.own.history().descriptors().filter(|held| held.index() >= from);
        let proven = |index| proof::inclusion(&self.tree, index, size).expect("a proof");
        wire::KeysResponse {
            checkpoint: self.note.clone(),
            descriptors: descriptors
                .map(|held| wire::ProvenBody {
                    index: held.index(),
                    body: held.bytes().to_vec(),
                    inclusion: proven(held.index()).iter().map(|hash| hash.to_vec()).collect(),
                })
                .collect(),
            ..Default::default()
        }
    }
}

/// Changes a tail on its way out.
pub type Lie = fn(&LiarsLog, &mut wire::Tail);

/// What a call to `FetchBlob` is answered with.
pub type BlobAnswer = Result<Answers<wire::BlobChunk>, Status>;

/// Answers for blobs.
pub type Blobs = Arc<dyn Fn(wire::FetchBlobRequest) -> BlobAnswer + Send + Sync>;

/// A node that serves a log and lies about it.
pub struct Liar {
    /// What it serves.
    pub log: LiarsLog,
    /// Where.
    pub address: SocketAddr,
    server: tokio::task::JoinHandle<()>,
}

impl Liar {
    /// Serves `grown` over a new log to one victim, which admits it.
    pub async fn start(victim: &crate::Partner, grow: impl FnOnce(&mut LiarsLog), lie: Lie) -> Self {
        let tls = TlsIdentity::generate().expect("a TLS key");
        let mut log = LiarsLog::new(Env::system(), tls.hash());
        grow(&mut log);
        Self::serve(victim, &tls, log, lie, no_blobs()).await
    }

    /// Serves one log to two victims, with a lie for each.
    pub async fn start_twice(
        victims: [&crate::Partner; 2],
        grow: impl FnOnce(&mut LiarsLog),
        lies: [Lie; 2],
    ) -> [Self; 2] {
        let tls = TlsIdentity::generate().expect("a TLS key");
        let mut log = LiarsLog::new(Env::system(), tls.hash());
        grow(&mut log);
        let [one, other] = victims;
        let one = Self::serve(one, &tls, log.clone(), lies[0], no_blobs()).await;
        [one, Self::serve(other, &tls, log, lies[1], no_blobs()).await]
    }

    /// Serves one log in two histories, each to its own victim.
    pub async fn start_forked(victims: [&crate::Partner; 2], grow: [fn(&mut LiarsLog); 2]) -> [Self; 2] {
        let tls = TlsIdentity::generate().expect("a TLS key");
        let [mut one, mut other] = [(); 2].map(|()| None);
        let log = LiarsLog::new(Env::system(), tls.hash());
        for (side, (victim, grow)) in [&mut one, &mut other].into_iter().zip(victims.into_iter().zip(grow)) {
            let mut log = log.clone();
            grow(&mut log);
            *side = Some(Self::serve(victim, &tls, log, |_, _| {}, no_blobs()).await);
        }
        [one, other].map(|side| side.expect("served"))
    }

    /// Serves a log truly, and its blobs as it likes.
    pub async fn start_with_blobs(
        victim: &crate::Partner,
        grow: impl FnOnce(&mut LiarsLog),
        blobs: Blobs,
    ) -> Self {
        let tls = TlsIdentity::generate().expect("a TLS key");
        let mut log = LiarsLog::new(Env::system(), tls.hash());
        grow(&mut log);
        Self::serve(victim, &tls, log, |_, _| {}, blobs).await
    }

    /// The same with so many listings that are sealed to the victim.
    pub async fn start_sealing(victim: &crate::Partner, count: u64, hands_out: bool, lie: Lie) -> Self {
        let tls = TlsIdentity::generate().expect("a TLS key");
        let mut log = LiarsLog::new(Env::system(), tls.hash());
        (log.addressed, log.hands_out) = (count, hands_out);
        for nth in 1..=count {
            let sealed = log.sealed_listing(&format!("CANARY {nth}"), victim, nth).await;
            log.append(vec![sealed]);
        }
        Self::serve(victim, &tls, log, lie, no_blobs()).await
    }

    async fn serve(
        victim: &crate::Partner,
        tls: &TlsIdentity,
        log: LiarsLog,
        lie: Lie,
        blobs: Blobs,
    ) -> Self {
        let pins = Pins::new();
        let known = victim.tls_pins().await;
        pins.set(known.into_iter().map(|pin| (pin, victim.id)));
        let acceptor = Acceptor::new(tls, &pins, Limits::default()).expect("an acceptor");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let service = ExchangeServer::new(Service { log: Arc::new(log.clone()), lie, blobs, _pins: pins });
        let server = tokio::spawn(async move {
            let served =
                Server::builder().add_service(service).serve_with_incoming(acceptor.incoming(listener));
            served.await.expect("served");
        });
        let liar = Self { log, address, server };
        victim.admit_descriptor(liar.log.descriptor(), &address.to_string()).await;
        liar
    }

    /// Its id.
    pub fn id(&self) -> PartnerId {
        self.log.id().partner
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn no_blobs() -> Blobs {
    Arc::new(|_| Err(Status::not_found("nothing here")))
}

struct Service {
    log: Arc<LiarsLog>,
    lie: Lie,
    blobs: Blobs,
    _pins: Arc<Pins>,
}

/// A stream of answers.
pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Exchange for Service {
    type FollowStream = Answers<wire::FollowResponse>;
    type FetchBodiesStream = Answers<wire::Bodies>;
    type FetchBlobStream = Answers<wire::BlobChunk>;

    async fn describe(
        &self,
        _: Request<wire::DescribeRequest>,
    ) -> Result<Response<wire::DescribeResponse>, Status> {
        let LogId { partner, epoch } = self.log.id();
        Ok(Response::new(wire::DescribeResponse {
            version: 1,
            partner: partner.to_vec(),
            log: Some(wire::Log { partner: partner.to_vec(), epoch }),
            descriptor: self.log.descriptor(),
            ..Default::default()
        }))
    }

    async fn keys(
        &self,
        request: Request<wire::KeysRequest>,
    ) -> Result<Response<wire::KeysResponse>, Status> {
        Ok(Response::new(self.log.keys_response(request.into_inner().from)))
    }

    async fn follow(
        &self,
        request: Request<Streaming<wire::FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let (sender, answers) = mpsc::channel(16);
        let (log, lie, mut requests) = (Arc::clone(&self.log), self.lie, request.into_inner());
        tokio::spawn(async move {
            while let Some(Ok(request)) = requests.next().await {
                let Some(follow_request::Request::Subscribe(subscribe)) = request.request else { continue };
                let theirs =
                    subscribe.log.as_ref().is_some_and(|named| named.partner == log.id().partner.to_vec());
                if !theirs || subscribe.from >= log.tree.size() {
                    continue;
                }
                let mut tail = log.tail(subscribe.from);
                lie(&log, &mut tail);
                let answer = wire::FollowResponse {
                    log: subscribe.log,
                    response: Some(follow_response::Response::Tail(tail)),
                    subscription: subscribe.number,
                };
                if sender.send(Ok(answer)).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn fetch_bodies(
        &self,
        request: Request<wire::FetchBodiesRequest>,
    ) -> Result<Response<Self::FetchBodiesStream>, Status> {
        let asked = request.into_inner().ranges;
        let is_asked = |index: &u64| asked.iter().any(|range| (range.start..range.end).contains(index));
        let held = self.log.bodies.iter().zip(0..).filter(|(_, index)| self.log.hands_out && is_asked(index));
        let bodies = held.filter_map(|(body, index)| {
            Some(wire::IndexedBody { index, body: body.clone()?, ..Default::default() })
        });
        let answer = wire::Bodies { bodies: bodies.collect(), erased: Vec::new() };
        Ok(Response::new(Box::pin(tokio_stream::once(Ok(answer)))))
    }

    async fn fetch_blob(
        &self,
        request: Request<wire::FetchBlobRequest>,
    ) -> Result<Response<Self::FetchBlobStream>, Status> {
        (self.blobs)(request.into_inner()).map(Response::new)
    }

    async fn heads(&self, _: Request<wire::HeadsRequest>) -> Result<Response<wire::HeadsResponse>, Status> {
        let LogId { partner, epoch } = self.log.id();
        let own = wire::Head {
            log: Some(wire::Log { partner: partner.to_vec(), epoch }),
            checkpoint: self.log.note.clone(),
            nth: self.log.addressed,
            ..Default::default()
        };
        let heads = if own.nth > 0 { vec![own] } else { Vec::new() };
        Ok(Response::new(wire::HeadsResponse { heads }))
    }
}
