//! The calls that peers make. Who calls is whom the TLS key was pinned to.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use volbridge_proto::{
    BlobHash, Code, LogId, PartnerId, Refusal,
    wire::exchange::v1::{self as wire, exchange_server::Exchange, follow_request},
};

use super::{
    MESSAGE, SUBSCRIPTIONS, delivery,
    feed::{Feed, log_message, parse_log},
    fetch, heads, patiently,
};
use crate::{api::status, context::Context, error::Error, tls::PeerInfo, views};

/// Messages between the store and the wire.
const OUTBOX: usize = 16;

/// Serves the exchange of one node.
#[derive(Clone)]
pub struct ExchangeService {
    context: Arc<Context>,
    followers: Arc<Mutex<BTreeMap<PartnerId, CancellationToken>>>,
}

impl ExchangeService {
    /// The service of this node.
    pub fn new(context: Arc<Context>) -> Self {
        Self { context, followers: Arc::default() }
    }

    /// Ends the partner's earlier Follow stream: what it left behind is never worth a second one.
    fn replace(&self, peer: PartnerId) -> CancellationToken {
        let replaced = CancellationToken::new();
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(earlier) = followers.insert(peer, replaced.clone()) {
            earlier.cancel();
        }
        replaced
    }
}

type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Who calls; refused if the partner was suspended since it connected (T25).
fn caller<T>(context: &Context, request: &Request<T>) -> Result<PartnerId, Status> {
    let peer = request.extensions().get::<PeerInfo>().ok_or_else(|| status(Code::Unauthenticated.into()))?;
    if context.admits(&peer.partner) { Ok(peer.partner) } else { Err(status(Code::PeerUnknown.into())) }
}

#[tonic::async_trait]
impl Exchange for ExchangeService {
    type FollowStream = Messages<wire::FollowResponse>;
    type FetchBodiesStream = Messages<wire::Bodies>;
    type FetchBlobStream = Messages<wire::BlobChunk>;

    async fn describe(
        &self,
        request: Request<wire::DescribeRequest>,
    ) -> Result<Response<wire::DescribeResponse>, Status> {
        caller(&self.context, &request)?;
        describe(&self.context).await.map(Response::new).map_err(status)
    }

    async fn keys(
        &self,
        request: Request<wire::KeysRequest>,
    ) -> Result<Response<wire::KeysResponse>, Status> {
        caller(&self.context, &request)?;
        let request = request.into_inner();
        let log = parse_log(request.log.as_ref()).map_err(|refusal| status(refusal.into()))?;
        fetch::keys(&self.context, &log, request.from).await.map(Response::new).map_err(status)
    }

    async fn follow(
        &self,
        request: Request<Streaming<wire::FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let peer = caller(&self.context, &request)?;
        let (outbox, messages) = mpsc::channel(OUTBOX);
        let context = Arc::clone(&self.context);
        let session = Session { context, peer, feeds: BTreeMap::new(), outbox, replaced: self.replace(peer) };
        self.context.spawn(session.run(request.into_inner()));
        Ok(Response::new(Box::pin(ReceiverStream::new(messages))))
    }

    async fn fetch_bodies(
        &self,
        request: Request<wire::FetchBodiesRequest>,
    ) -> Result<Response<Self::FetchBodiesStream>, Status> {
        let peer = caller(&self.context, &request)?;
        let bodies = fetch::bodies(&self.context, peer, &request.into_inner()).await.map_err(status)?;
        let messages = tokio_stream::iter(bodies.into_iter().map(Ok));
        Ok(Response::new(Box::pin(messages)))
    }

    async fn fetch_blob(
        &self,
        request: Request<wire::FetchBlobRequest>,
    ) -> Result<Response<Self::FetchBlobStream>, Status> {
        let peer = caller(&self.context, &request)?;
        let request = request.into_inner();
        let hash = BlobHash::try_from(request.hash.as_slice())
            .map_err(|refusal| status(refusal.at("hash").into()))?;
        let chunks =
            fetch::blob(&self.context, peer, hash, request.offset, request.length).await.map_err(status)?;
        Ok(Response::new(Box::pin(chunks.map(|chunk| chunk.map_err(status)))))
    }

    async fn heads(
        &self,
        request: Request<wire::HeadsRequest>,
    ) -> Result<Response<wire::HeadsResponse>, Status> {
        let peer = caller(&self.context, &request)?;
        let asked = request.into_inner().heads;
        heads::take(&self.context, peer, &asked).await.map_err(status)?;
        let heads = heads::answer(&self.context, peer, &asked).await.map_err(status)?;
        Ok(Response::new(wire::HeadsResponse { heads }))
    }
}

async fn describe(context: &Context) -> Result<wire::DescribeResponse, Error> {
    let me = &context.own.id.partner;
    let descriptor = views::partners::descriptor_body(&context.db, me).await?.unwrap_or_default();
    let node_info = views::partners::node_info_body(&context.db, me).await?.unwrap_or_default();
    Ok(wire::DescribeResponse {
        version: 1,
        partner: me.to_vec(),
        log: Some(log_message(&context.own.id)),
        descriptor,
        node_info,
        limits: Some(wire::Limits {
            log_window: context.config.exchange.log_window_bytes,
            peer_window: context.config.exchange.peer_window_bytes,
            message: u32::try_from(MESSAGE).unwrap_or(u32::MAX),
        }),
    })
}

/// One peer's Follow stream.
struct Session {
    context: Arc<Context>,
    peer: PartnerId,
    feeds: BTreeMap<LogId, Feed>,
    outbox: mpsc::Sender<Result<wire::FollowResponse, Status>>,
    replaced: CancellationToken,
}

impl Session {
    /// Ends when the peer does, when it is too slow, or when it breaks the protocol.
    async fn run(mut self, mut requests: Streaming<wire::FollowRequest>) {
        let mut changed = self.context.heads.changed();
        loop {
            let served = self.serve().await;
            let result = match served {
                Err(error) => Err(error),
                // More is ready: look for requests, but don't wait for them.
                Ok(true) => match futures::poll!(requests.next()) {
                    std::task::Poll::Ready(request) => self.take(request).await,
                    std::task::Poll::Pending => Ok(true),
                },
                Ok(false) => tokio::select! {
                    request = requests.next() => self.take(request).await,
                    _ = changed.changed() => Ok(true),
                    () = self.context.stopping() => Ok(false),
                    () = self.replaced.cancelled() => Ok(false),
                },
            };
            match result {
                Ok(true) if self.context.admits(&self.peer) => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::info!(partner.id = %self.peer, %error, "a follower's stream ended");
                    // Said to who still reads.
                    let _ = self.outbox.try_send(Err(status(error)));
                    return;
                }
            }
        }
    }

    /// Handles one request; false at the end of the stream.
    async fn take(&mut self, request: Option<Result<wire::FollowRequest, Status>>) -> Result<bool, Error> {
        let Some(Ok(request)) = request else { return Ok(false) };
        match request.request {
            Some(follow_request::Request::Subscribe(subscribe)) => self.subscribe(&subscribe)?,
            Some(follow_request::Request::Acknowledge(acknowledge)) => {
                let log = parse_log(acknowledge.log.as_ref())?;
                if let Some(feed) = self.feeds.get_mut(&log) {
                    feed.acknowledge(acknowledge.size);
                    delivery::acknowledged(&self.context, self.peer, log, acknowledge.size).await?;
                }
            }
            Some(follow_request::Request::Unsubscribe(unsubscribe)) => {
                self.feeds.remove(&parse_log(unsubscribe.log.as_ref())?);
            }
            None => return Err(Code::PeerProtocol.into()),
        }
        Ok(true)
    }

    fn subscribe(&mut self, subscribe: &wire::Subscribe) -> Result<(), Error> {
        let log = parse_log(subscribe.log.as_ref())?;
        if self.feeds.len() >= SUBSCRIPTIONS && !self.feeds.contains_key(&log) {
            return Err(Refusal::new(Code::FollowSubscription).into());
        }
        let deliver_for: Vec<PartnerId> = subscribe
            .deliver_for
            .iter()
            .map(|id| PartnerId::try_from(id.as_slice()))
            .collect::<Result<_, _>>()?;
        // A log that isn't held yet is served as soon as it is: a relay may learn of it later.
        self.feeds.insert(log, Feed::new(log, self.peer, subscribe, deliver_for));
        Ok(())
    }

    /// Sends one step of each log that has something; true if there may be more.
    async fn serve(&mut self) -> Result<bool, Error> {
        let mut more = false;
        let logs: Vec<LogId> = self.feeds.keys().copied().collect();
        for log in logs {
            let under_way: usize = self.feeds.values().map(Feed::bytes).sum();
            if under_way >= self.context.config.exchange.peer_window_bytes as usize {
                return Ok(false);
            }
            let (Some(head), Some(feed)) = (self.context.heads.get(&log), self.feeds.get_mut(&log)) else {
                continue;
            };
            if head.frozen {
                let ended = feed.ended(Code::LogFrozen);
                self.feeds.remove(&log);
                self.send(Ok(ended)).await?;
                continue;
            }
            let responses = match feed.next(&self.context, &head).await {
                Ok(responses) => responses,
                // What is damaged here goes to nobody; the peer's other logs go on (F12).
                Err(error) if error.code == Code::StoreCorrupt => {
                    tracing::error!(%error, source = ?error.source, "a log can't be served: run `volbridge fsck --repair`");
                    let ended = feed.ended(error.code);
                    self.feeds.remove(&log);
                    self.send(Ok(ended)).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            more |= !responses.is_empty();
            for response in responses {
                self.send(Ok(response)).await?;
            }
        }
        Ok(more)
    }

    async fn send(&self, message: Result<wire::FollowResponse, Status>) -> Result<(), Error> {
        patiently(&self.context, self.outbox.send(message)).await?.map_err(|_| Code::PeerUnreachable.into())
    }
}
