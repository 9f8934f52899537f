//! A partner whose node answers truly, but for one method: there come bytes as no server of ours sends them.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use futures::{Stream, StreamExt as _, stream};
use prost::Message;
use tokio::{net::TcpListener, sync::watch};
use tonic::{
    Status,
    body::Body,
    codec::{EncodeBody, SingleMessageCompressionOverride, Streaming},
    codegen::{
        Bytes, Service,
        http::{Request, Response},
    },
    server::NamedService,
    transport::Server,
};
use tonic_prost::{ProstDecoder, ProstEncoder};
use volbridge_node::{
    env::Env,
    tls::{Acceptor, Limits, Pins, TlsIdentity},
};
use volbridge_proto::{
    PartnerId,
    wire::exchange::v1::{self as wire, exchange_server::SERVICE_NAME, follow_request, follow_response},
};

use crate::{Partner, liar::LiarsLog};

/// What comes in place of an answer.
#[derive(Clone)]
pub struct Shell {
    /// How it says that it is packed.
    pub encoding: Option<&'static str>,
    head: Vec<u8>,
    /// Comes so often: it isn't held in memory here.
    piece: (Bytes, usize),
}

impl Shell {
    /// One message of these bytes.
    pub fn message(message: Vec<u8>) -> Self {
        Self { encoding: None, head: frame(false, message.len()), piece: (message.into(), 1) }
    }

    /// One message that is packed.
    pub fn packed(encoding: &'static str, message: Vec<u8>) -> Self {
        Self { encoding: Some(encoding), head: frame(true, message.len()), piece: (message.into(), 1) }
    }

    /// A message of so many MiB.
    pub fn large(mebibytes: usize) -> Self {
        Self {
            encoding: None,
            head: frame(false, mebibytes << 20),
            piece: (vec![0; 1 << 20].into(), mebibytes),
        }
    }

    /// The beginning of a message that says it is as long as one can be.
    pub fn boasting() -> Self {
        Self { encoding: None, head: vec![0, 0xff, 0xff, 0xff, 0xff], piece: (vec![0; 1 << 10].into(), 1) }
    }

    fn body(self) -> Body {
        let (piece, times) = self.piece;
        body(stream::iter([Bytes::from(self.head)]).chain(stream::iter(std::iter::repeat_n(piece, times))))
    }
}

/// What precedes a message.
fn frame(packed: bool, length: usize) -> Vec<u8> {
    let mut head = vec![u8::from(packed)];
    head.extend(u32::try_from(length).expect("a length in 32 bits").to_be_bytes());
    head
}

/// Messages and a good end, as a server of ours sends them.
fn answer<M: Message + 'static>(messages: impl Stream<Item = M> + Send + 'static) -> Body {
    let messages = messages.map(Ok::<_, Status>);
    let single = SingleMessageCompressionOverride::default();
    Body::new(EncodeBody::new_server(ProstEncoder::default(), messages, None, single, None))
}

fn body(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    Body::new(reqwest::Body::wrap_stream(pieces.map(Ok::<_, Infallible>)))
}

/// The shell for the nth call, from 0.
pub type Shells = Arc<dyn Fn(u64) -> Shell + Send + Sync>;

/// The partner, serving until it is dropped.
pub struct Bomber {
    /// Its id.
    pub id: PartnerId,
    /// How many shells it has sent.
    pub sent: watch::Receiver<u64>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Bomber {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Bomber {
    /// Serves a short log with a record whose body must be asked for, and is admitted.
    pub async fn start(victim: &Partner, method: &'static str, shells: Shells) -> Self {
        let tls = TlsIdentity::generate().expect("a TLS key");
        let mut log = LiarsLog::new(Env::system(), tls.hash());
        let listing = log.listing("Without its body");
        log.append(vec![listing]);
        let pins = Pins::new();
        pins.set(victim.tls_pins().await.into_iter().map(|pin| (pin, victim.id)));
        let acceptor = Acceptor::new(&tls, &pins, Limits::default()).expect("an acceptor");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (told, sent) = watch::channel(0);
        let (id, descriptor) = (log.id().partner, log.descriptor());
        let service = Answers {
            log: Arc::new(log),
            method,
            shells,
            calls: Arc::default(),
            told: Arc::new(told),
            _pins: pins,
        };
        let server = tokio::spawn(async move {
            let served =
                Server::builder().add_service(service).serve_with_incoming(acceptor.incoming(listener));
            served.await.expect("served");
        });
        victim.admit_descriptor(descriptor, &address.to_string()).await;
        Self { id, sent, server }
    }

    /// Whether somebody asks for a shell.
    pub async fn is_asked(&mut self) -> bool {
        let sent = tokio::time::timeout(crate::partner::PATIENCE, self.sent.wait_for(|sent| *sent > 0));
        sent.await.is_ok_and(|sent| sent.is_ok())
    }
}

#[derive(Clone)]
struct Answers {
    log: Arc<LiarsLog>,
    method: &'static str,
    shells: Shells,
    calls: Arc<AtomicU64>,
    told: Arc<watch::Sender<u64>>,
    _pins: Arc<Pins>,
}

impl NamedService for Answers {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<Request<Body>> for Answers {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let mut answer = Response::builder().header("content-type", "application/grpc");
        let body = if method == self.method {
            let shell = (self.shells)(self.calls.fetch_add(1, Ordering::Relaxed));
            self.told.send_modify(|sent| *sent += 1);
            if let Some(encoding) = shell.encoding {
                answer = answer.header("grpc-encoding", encoding);
            }
            shell.body()
        } else {
            self.truth(&method, request)
        };
        ready(Ok(answer.body(body).expect("an answer")))
    }
}

impl Answers {
    fn truth(&self, method: &str, request: Request<Body>) -> Body {
        let log = self.log.id();
        match method {
            "Describe" => {
                let partner = log.partner.to_vec();
                let described = wire::DescribeResponse { version: 1, partner, ..Default::default() };
                answer(stream::iter([described]))
            }
            "Keys" => answer(stream::iter([self.log.keys_response(0)])),
            "Heads" => answer(stream::iter([wire::HeadsResponse::default()])),
            "Follow" => self.follow(request),
            _ => answer(stream::empty::<wire::Bodies>()),
        }
    }

    /// Tells whoever subscribes all entries, and of the bodies the first.
    fn follow(&self, request: Request<Body>) -> Body {
        let requests = Streaming::<wire::FollowRequest>::new_request(
            ProstDecoder::default(),
            request.into_body(),
            None,
            None,
        );
        let log = Arc::clone(&self.log);
        answer(requests.filter_map(move |request| {
            let log = Arc::clone(&log);
            async move {
                let Some(follow_request::Request::Subscribe(subscribe)) = request.ok()?.request else {
                    return None;
                };
                let asked = subscribe.log.filter(|asked| asked.partner == log.id().partner.to_vec())?;
                let mut tail = log.tail(subscribe.from);
                tail.bodies.retain(|body| body.index == 0);
                Some(wire::FollowResponse {
                    log: Some(asked),
                    response: Some(follow_response::Response::Tail(tail)),
                    subscription: subscribe.number,
                })
            }
        }))
    }
}
