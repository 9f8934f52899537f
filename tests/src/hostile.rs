//! A partner's program that wants something signed: each of its answers is a template of what its victim should say.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{Stream, StreamExt as _};
use tokio::{net::TcpListener, sync::mpsc, sync::watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, transport::Server};
use volbridge_node::{
    env::Env,
    tls::{Acceptor, Limits, Pins, TlsIdentity},
};
use volbridge_proto::{
    LogId, SubjectId,
    record::body::encode_public,
    tlog::{
        checkpoint::Checkpoint,
        cosignature::sign_log,
        entry::{Class, Leaf},
        note::SignedNote,
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

use crate::{Partner, liar::LiarsLog};

/// What it writes everywhere.
pub const TEMPLATE: &str = "CANARYTEMPLATE";

/// The program, serving until it is dropped.
pub struct Hostile {
    /// Its own log, which is in order.
    pub log: LiarsLog,
    /// Notes that the victim has told it, as they came.
    pub heard: Arc<Mutex<Vec<String>>>,
    /// How often it was told any.
    pub rounds: watch::Receiver<u64>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Hostile {
    /// Begins to serve what `grow` put into its log, and is admitted.
    pub async fn start(victim: &Partner, grow: impl FnOnce(&mut LiarsLog)) -> Self {
        let tls = TlsIdentity::generate().expect("a TLS key");
        let mut log = LiarsLog::new(Env::system(), tls.hash());
        grow(&mut log);
        let pins = Pins::new();
        let known = victim.tls_pins().await;
        pins.set(known.into_iter().map(|pin| (pin, victim.id)));
        let acceptor = Acceptor::new(&tls, &pins, Limits::default()).expect("an acceptor");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("its address");
        let (heard, (told, rounds)) = (Arc::default(), watch::channel(0));
        let own = victim.node().context().heads.newest(&victim.id).expect("its log");
        let service = Service {
            log: Arc::new(log.clone()),
            victim: own.log,
            note: own.checkpoint.to_string(),
            size: own.size,
            heard: Arc::clone(&heard),
            told: Arc::new(told),
            _pins: pins,
        };
        let server = tokio::spawn(async move {
            let service = ExchangeServer::new(service);
            let served =
                Server::builder().add_service(service).serve_with_incoming(acceptor.incoming(listener));
            served.await.expect("served");
        });
        victim.admit_descriptor(log.descriptor(), &address.to_string()).await;
        Self { log, heard, rounds, server }
    }
}

struct Service {
    log: Arc<LiarsLog>,
    victim: LogId,
    /// The victim's newest note when this began.
    note: String,
    size: u64,
    heard: Arc<Mutex<Vec<String>>>,
    told: Arc<watch::Sender<u64>>,
    _pins: Arc<Pins>,
}

impl Service {
    /// A body as the victim would write it, in its own log: all it lacks is the victim's signature.
    fn template(&self) -> Vec<u8> {
        let statement = record::Statement {
            kind: "volbridge.organisation.v1".to_owned(),
            subject: SubjectId::v7(1, [1; 10]).to_vec(),
            revision: 1,
            payload: TEMPLATE.as_bytes().to_vec(),
            ..Default::default()
        };
        let LogId { partner, epoch } = self.victim;
        let body = encode_public([5; 32], Some(partner), epoch, &statement, None);
        body.expect("a body").bytes
    }

    /// The victim's log as it should go on: the template behind what there is, under a signature of another.
    fn tail_of_victim(&self) -> wire::Tail {
        let body = self.template();
        let leaf = Leaf { class: Class::Public, id: volbridge_proto::record_id(&body) };
        let index = self.size;
        wire::Tail {
            start: index,
            leaves: vec![leaf.encode().to_vec()],
            bodies: vec![wire::IndexedBody { index, body, ..Default::default() }],
            checkpoint: self.note_of_victim(),
            ..Default::default()
        }
    }

    fn note_of_victim(&self) -> String {
        let old = SignedNote::parse(&self.note).expect("a note");
        let old = Checkpoint::parse(old.text()).expect("a checkpoint");
        let longer = Checkpoint { size: old.size + 1, root: [7; 32], ..old };
        let line = sign_log(&self.log.keys.ed25519, &longer).expect("signed");
        SignedNote::new(longer.encode(), vec![line]).expect("a note").encode()
    }

    /// Heads to be cosigned: the victim's own log, longer; this one's with another root; texts that are none.
    fn heads(&self) -> Vec<wire::Head> {
        let of = |log: LogId, checkpoint: String| wire::Head {
            log: Some(wire::Log { partner: log.partner.to_vec(), epoch: log.epoch }),
            checkpoint,
            nth: 9,
            ..Default::default()
        };
        let own = SignedNote::parse(self.log.note()).expect("a note");
        let own = Checkpoint::parse(own.text()).expect("a checkpoint");
        let other = Checkpoint { root: [9; 32], ..own };
        let line = sign_log(&self.log.keys.ed25519, &other).expect("signed");
        let forked = SignedNote::new(other.encode(), vec![line]).expect("a note").encode();
        vec![
            of(self.victim, self.note_of_victim()),
            of(self.victim, format!("volbridge/identity/v1\n{TEMPLATE}\n\n")),
            of(self.log.id(), forked),
            of(self.log.id(), format!("{TEMPLATE}\n1\n\n")),
        ]
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Exchange for Service {
    type FollowStream = Answers<wire::FollowResponse>;
    type FetchBodiesStream = Answers<wire::Bodies>;
    type FetchBlobStream = Answers<wire::BlobChunk>;

    async fn describe(
        &self,
        _: Request<wire::DescribeRequest>,
    ) -> Result<Response<wire::DescribeResponse>, Status> {
        Ok(Response::new(wire::DescribeResponse {
            version: 1,
            partner: self.log.id().partner.to_vec(),
            // Not its own: the victim's.
            log: Some(wire::Log { partner: self.victim.partner.to_vec(), epoch: self.victim.epoch }),
            descriptor: self.template(),
            node_info: self.template(),
            ..Default::default()
        }))
    }

    async fn keys(
        &self,
        request: Request<wire::KeysRequest>,
    ) -> Result<Response<wire::KeysResponse>, Status> {
        let mut answer = self.log.keys_response(request.into_inner().from);
        answer.group_ends.push(wire::GroupEnd { checkpoint: TEMPLATE.to_owned(), ..Default::default() });
        answer.group_ends.clear();
        Ok(Response::new(answer))
    }

    async fn follow(
        &self,
        request: Request<Streaming<wire::FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let (sender, answers) = mpsc::channel(16);
        let (log, mut requests) = (Arc::clone(&self.log), request.into_inner());
        let (victim, tail) = (self.victim, self.tail_of_victim());
        tokio::spawn(async move {
            while let Some(Ok(request)) = requests.next().await {
                let Some(follow_request::Request::Subscribe(subscribe)) = request.request else { continue };
                let of = |log: LogId, tail: wire::Tail| wire::FollowResponse {
                    log: Some(wire::Log { partner: log.partner.to_vec(), epoch: log.epoch }),
                    response: Some(follow_response::Response::Tail(tail)),
                    subscription: subscribe.number,
                };
                let asked = subscribe.log.as_ref().map(|log| log.partner.clone()).unwrap_or_default();
                let mut told = vec![of(victim, tail.clone())];
                if asked == log.id().partner.to_vec() {
                    told.push(of(log.id(), log.tail(subscribe.from)));
                }
                for answer in told {
                    if sender.send(Ok(answer)).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn fetch_bodies(
        &self,
        request: Request<wire::FetchBodiesRequest>,
    ) -> Result<Response<Self::FetchBodiesStream>, Status> {
        let ranges = request.into_inner().ranges;
        let bodies = ranges
            .iter()
            .flat_map(|range| range.start..range.end.min(range.start + 9))
            .map(|index| wire::IndexedBody { index, body: self.template(), ..Default::default() });
        let message = wire::Bodies { bodies: bodies.collect(), ..Default::default() };
        Ok(Response::new(Box::pin(tokio_stream::once(Ok(message)))))
    }

    async fn fetch_blob(
        &self,
        _: Request<wire::FetchBlobRequest>,
    ) -> Result<Response<Self::FetchBlobStream>, Status> {
        let encoded = TEMPLATE.repeat(1_000).into_bytes();
        let chunk = wire::BlobChunk { size: encoded.len() as u64, encoded };
        Ok(Response::new(Box::pin(tokio_stream::once(Ok(chunk)))))
    }

    async fn heads(
        &self,
        request: Request<wire::HeadsRequest>,
    ) -> Result<Response<wire::HeadsResponse>, Status> {
        let told = request.into_inner().heads.into_iter().map(|head| head.checkpoint);
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
        self.told.send_modify(|rounds| *rounds += 1);
        Ok(Response::new(wire::HeadsResponse { heads: self.heads() }))
    }
}
