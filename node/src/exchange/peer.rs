//! One peer, from this node's side: dial, greet, follow its logs and those that it
//! relays, tell it what was seen. Ends with the reason; `supervise` tries again.

use std::{collections::BTreeMap, future::poll_fn, sync::Arc, task::Poll, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, interval_at, sleep_until},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming, transport::Channel};
use volbridge_proto::{
    Code, LogId, PartnerId,
    exchange::follow::FollowFault,
    wire::{
        self as protocol,
        exchange::v1::{
            self as wire, FollowRequest, exchange_client::ExchangeClient, follow_request::Request,
            follow_response::Response,
        },
    },
};

use super::{
    MESSAGE, call, evidence,
    feed::{log_message, parse_log},
    following::{Following, Stop},
    heads, patiently,
    wanted::Wanted,
    witness,
};
use crate::{
    context::Context,
    error::Error,
    heads::Head,
    metrics,
    status::PeerState,
    store::{logs, refusals},
    tls::{ConnectError, HostPort},
};

/// Between two rounds of `Heads` when nothing asks for one.
const HEADS: Duration = Duration::from_secs(30);

/// Cosignatures wait this long for each other before a round of `Heads`.
const GATHER: Duration = Duration::from_millis(500);

/// Logs up to which that is enough. A round tells each peer of every log: with more logs there are fewer rounds, or
/// telling would cost as much as the square of their number.
const FEW: u32 = 8;

/// In place of a subscription's number: the peer has ended it. Numbers begin at 1.
const NOBODY: u64 = 0;

/// Requests on their way to the peer.
const OUTBOX: usize = 64;

/// Why the connection to a peer ended.
#[derive(Debug)]
pub struct Ended {
    /// The rule or the fault.
    pub code: Code,
    /// In words, for the operator.
    pub detail: String,
    /// Whether it was connected before.
    pub was_connected: bool,
}

impl<E: Into<Error>> From<E> for Ended {
    fn from(error: E) -> Self {
        let error: Error = error.into();
        Self { code: error.code, detail: error.to_string(), was_connected: false }
    }
}

/// What a peer's status means here: the code that it sent along, or what the connection died of.
pub fn refused(status: Status) -> Error {
    use prost::Message as _;
    if let Ok(problem) = protocol::node::v1::Problem::decode(status.details())
        && let Ok(code) = problem.code.parse()
    {
        return Error::new(code).at(problem.field).because(status);
    }
    let code = match ConnectError::behind(&status) {
        Some(error) => error.code(),
        None => match status.code() {
            tonic::Code::Unavailable => Code::PeerUnreachable,
            // With TLS 1.3 a refused client learns it at its first call, in varying forms.
            tonic::Code::Cancelled | tonic::Code::Unknown | tonic::Code::PermissionDenied => {
                Code::PeerRefused
            }
            tonic::Code::DeadlineExceeded => Code::PeerSlow,
            _ => Code::PeerProtocol,
        },
    };
    Error::new(code).because(status)
}

/// One connection, from dialling to its end.
pub async fn run(context: &Arc<Context>, peer: PartnerId, endpoint: &HostPort) -> Ended {
    let name = endpoint.to_string();
    context.status.enter(peer, &name, PeerState::Connecting, context.env.now());
    let session = match Session::open(context, peer, endpoint).await {
        Ok(session) => session,
        Err(ended) => return ended,
    };
    context.status.enter(peer, &name, PeerState::Connected, context.env.now());
    tracing::info!(partner.id = %peer, endpoint = %name, "connected");
    metrics::connected(&peer, true);
    let ended = session.follow().await;
    metrics::connected(&peer, false);
    context.claims.release_all(peer);
    Ended { was_connected: true, ..ended }
}

struct Session {
    context: Arc<Context>,
    peer: PartnerId,
    client: ExchangeClient<Channel>,
    outbox: mpsc::Sender<FollowRequest>,
    inbox: Streaming<wire::FollowResponse>,
    following: BTreeMap<LogId, Following>,
    /// For whom the subscriptions ask, beside this node.
    carries: Arc<[PartnerId]>,
    /// The number of each log's present subscription.
    subscribed: BTreeMap<LogId, u64>,
    subscriptions: u64,
    /// What the peer was told.
    told: BTreeMap<LogId, Head>,
    /// When entries from it last became durable.
    stored: Instant,
    wanted: Wanted,
}

impl Session {
    async fn open(context: &Arc<Context>, peer: PartnerId, endpoint: &HostPort) -> Result<Self, Ended> {
        let channel = context
            .dialer
            .channel(endpoint.clone(), peer)
            .map_err(|error| Error::new(Code::PeerUnreachable).because(error))?;
        let mut client = ExchangeClient::new(channel)
            .max_decoding_message_size(MESSAGE)
            .max_encoding_message_size(MESSAGE);
        let described = call(context, client.describe(wire::DescribeRequest {})).await?;
        if described.version != 1 {
            return Err(Error::new(Code::PeerVersion).with("version", described.version).into());
        }
        if described.partner != peer.as_bytes() {
            return Err(Error::new(Code::PeerProtocol).at("partner").into());
        }
        let (outbox, requests) = mpsc::channel(OUTBOX);
        let inbox = call(context, client.follow(ReceiverStream::new(requests))).await?;
        let (following, subscribed) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self {
            context: Arc::clone(context),
            peer,
            client,
            outbox,
            inbox,
            following,
            carries: context.carried(),
            subscribed,
            subscriptions: 0,
            told: BTreeMap::new(),
            stored: Instant::now(),
            wanted: Wanted::default(),
        })
    }

    /// Follows until the connection ends. What is being written then is, before anybody else may follow these logs.
    async fn follow(mut self) -> Ended {
        let ended = self.run().await;
        for log in self.following.keys().copied().collect::<Vec<_>>() {
            self.settle(&log).await;
        }
        ended
    }

    async fn run(&mut self) -> Ended {
        let context = Arc::clone(&self.context);
        let mut peers = context.peers_changed.subscribe();
        let mut claims = context.claims.changed();
        let mut freed = context.room.freed();
        let mut overtaken = context.claims.overtaken();
        let mut changed = context.heads.changed();
        let mut round = interval_at(Instant::now(), HEADS);
        let mut gathered: Option<Instant> = None;
        loop {
            let late = self.late().filter(|_| self.has_room());
            let result = tokio::select! {
                message = self.inbox.message(), if self.has_room() => match message {
                    Ok(Some(message)) => self.take(message).await,
                    Ok(None) => Err(Error::new(Code::PeerUnreachable).into()),
                    Err(status) => Err(refused(status).into()),
                },
                // Others' writing makes room, too.
                _ = freed.changed(), if !self.context.room.is_left() => {
                    // What the peer sent meanwhile lay there unread: it wasn't slow.
                    self.stored = Instant::now();
                    Ok(())
                }
                (log, written) = written(&mut self.following, &context) => self.written(log, written).await,
                _ = round.tick() => self.round().await,
                () = sleep_until(late.unwrap_or_else(Instant::now)), if late.is_some() => {
                    Err(Error::new(Code::PeerSlow).into())
                }
                () = sleep_until(gathered.unwrap_or_else(Instant::now)), if gathered.is_some() => {
                    gathered = None;
                    self.round().await
                }
                _ = changed.changed() => {
                    let logs = u32::try_from(context.heads.count()).unwrap_or(u32::MAX);
                    gathered.get_or_insert_with(|| Instant::now() + GATHER * logs.div_ceil(FEW));
                    Ok(())
                }
                _ = peers.changed() => self.subscribe_all().await,
                _ = claims.changed() => self.subscribe_all().await,
                _ = overtaken.changed() => {
                    if context.claims.is_ahead(self.peer) {
                        // The holder may catch up meanwhile, and mostly does.
                        gathered.get_or_insert_with(|| Instant::now() + GATHER);
                    }
                    Ok(())
                }
                () = context.stopping() => return Ended { code: Code::ShuttingDown, detail: String::new(), was_connected: true },
            };
            if let Err(ended) = result {
                return ended;
            }
            if !context.admits(&self.peer) {
                return Error::new(Code::PeerSuspended).into();
            }
        }
    }

    /// Whether more may come: a peer may send on without waiting for acknowledgements, and there are others.
    fn has_room(&self) -> bool {
        let gathered: usize = self.following.values().map(Following::gathered).sum();
        gathered < self.context.config.exchange.peer_window_bytes as usize && self.context.room.is_left()
    }

    /// When the peer has paused too long within something that it announced.
    fn late(&self) -> Option<Instant> {
        let patience = self.context.config.exchange.patience();
        self.following.values().filter_map(|following| following.late(self.stored, patience)).min()
    }

    /// Cosigns what is new, tells the peer what was seen, and fetches what is still wanted.
    async fn round(&mut self) -> Result<(), Ended> {
        self.take_over().await;
        for log in self.following.keys() {
            if let Some(head) = self.context.heads.get(log) {
                witness::cosign(&self.context, &head).await?;
            }
        }
        let mut news = self.context.heads.all();
        news.retain(|head| self.told.get(&head.log) != Some(head));
        for page in heads::pages(&news) {
            let heads = heads::give(&self.context, self.peer, page.to_vec()).await?;
            let theirs = call(&self.context, self.client.heads(wire::HeadsRequest { heads })).await?;
            self.told.extend(page.iter().map(|head| (head.log, head.clone())));
            heads::take(&self.context, self.peer, &theirs.heads).await?;
        }
        self.subscribed.retain(|_, number| *number != NOBODY);
        self.subscribe_all().await?;
        self.wanted.spawn(&self.context, self.peer, self.client.clone());
        Ok(())
    }

    /// Follows through this peer from now on what it showed more of, some time ago, than whom it is followed through.
    async fn take_over(&mut self) {
        let held = |log: &LogId| self.context.heads.get(log).map_or(0, |head| head.size);
        for log in self.context.claims.take_over(self.peer, held) {
            tracing::info!(partner.id = %self.peer, log.id = %log, "this peer has more of a log than who it was followed through");
            // From an earlier turn, which ended before anything came.
            self.settle(&log).await;
            self.subscribed.remove(&log);
        }
    }

    /// Subscribes to the logs of all admitted partners: the peer's own here, others' unless they are
    /// followed elsewhere. Once more to those that are subscribed, if this node carries for others than before.
    async fn subscribe_all(&mut self) -> Result<(), Ended> {
        let carries = self.context.carried();
        let again = carries != self.carries;
        self.carries = Arc::clone(&carries);
        if !again && !self.could_follow_more() {
            return Ok(());
        }
        let stored = logs::newest(&self.context.db).await?;
        for partner in self.context.admitted() {
            let newest = stored.get(&partner);
            let log = newest.map_or(LogId::new(partner, 1), |log| log.id);
            if newest.is_some_and(|log| log.frozen)
                || !self.context.claims.is_free(log, self.peer)
                || !self.context.quotas.is_left(&partner, Instant::now())
            {
                continue;
            }
            if self.subscribed.contains_key(&log) && !again {
                continue;
            }
            // What is under way is sent again, from what is stored once nothing is being written.
            let from = match self.settle(&log).await {
                true => logs::find(&self.context.db, log).await?.map_or(0, |log| log.size),
                false => newest.map_or(0, |log| log.size),
            };
            self.subscriptions += 1;
            let subscribe = wire::Subscribe {
                log: Some(log_message(&log)),
                from,
                deliver_for: carries
                    .iter()
                    .filter(|carried| **carried != partner)
                    .map(|carried| carried.to_vec())
                    .collect(),
                number: self.subscriptions,
            };
            self.request(Request::Subscribe(subscribe)).await?;
            self.subscribed.insert(log, self.subscriptions);
        }
        Ok(())
    }

    /// Whether there is a log to subscribe to, as far as is known without the database: with a hundred peers this is
    /// asked ten thousand times while each of them claims its own.
    fn could_follow_more(&self) -> bool {
        self.context.admitted().into_iter().any(|partner| {
            let newest = self.context.heads.newest(&partner);
            let log = newest.as_ref().map_or(LogId::new(partner, 1), |head| head.log);
            !newest.is_some_and(|head| head.frozen)
                && !self.subscribed.contains_key(&log)
                && self.context.claims.is_free(log, self.peer)
        })
    }

    /// Follows a log no further, once what is being written of it is. False if it wasn't followed.
    async fn settle(&mut self, log: &LogId) -> bool {
        match self.following.remove(log) {
            Some(following) => {
                following.settle(&self.context).await;
                true
            }
            None => false,
        }
    }

    async fn request(&self, request: Request) -> Result<(), Ended> {
        let sent = self.outbox.send(FollowRequest { request: Some(request) });
        patiently(&self.context, sent).await?.map_err(|_| Error::new(Code::PeerUnreachable).into())
    }

    async fn take(&mut self, message: wire::FollowResponse) -> Result<(), Ended> {
        use prost::Message as _;
        let log = parse_log(message.log.as_ref())?;
        let bytes = message.encoded_len() as u64;
        let Some(response) = message.response else { return Err(Error::new(Code::PeerProtocol).into()) };
        if self.subscribed.get(&log) != Some(&message.subscription) {
            // Of a subscription that was replaced or given up.
            return Ok(());
        }
        self.count(0, bytes);
        let now = Instant::now();
        // A range that has begun is taken whole: its bodies go on.
        let goes_on =
            matches!(response, Response::Bodies(_)) || self.context.quotas.is_left(&log.partner, now);
        let taken = if goes_on {
            self.context.quotas.take(log.partner, leaves(&response), bytes, now);
            self.take_of(log, response).await
        } else {
            Err(Stop::Ended(Code::PeerQuota))
        };
        match taken {
            Ok(()) => Ok(()),
            Err(stop) => self.stopped(log, stop).await,
        }
    }

    /// Acknowledges what has become durable.
    async fn written(&mut self, log: LogId, written: Result<(u64, u64), Stop>) -> Result<(), Ended> {
        match written {
            Ok((size, entries)) => {
                self.stored = Instant::now();
                self.count(entries, 0);
                self.request(Request::Acknowledge(wire::Acknowledge { log: Some(log_message(&log)), size }))
                    .await
            }
            Err(stop) => self.stopped(log, stop).await,
        }
    }

    fn count(&self, entries: u64, bytes: u64) {
        self.context.status.count(self.peer, entries, bytes);
        metrics::received(&self.peer, entries, bytes);
    }

    async fn take_of(&mut self, log: LogId, response: Response) -> Result<(), Stop> {
        if !self.context.claims.claim(log, self.peer) {
            return Err(Stop::Overtaken);
        }
        if !self.following.contains_key(&log) {
            let carries = self.context.carried();
            let opened = Following::open(&self.context, &mut self.client, log, carries).await?;
            self.following.insert(log, opened);
        }
        let following = self.following.get_mut(&log).ok_or(Stop::Overtaken)?;
        following.take(&self.context, &mut self.client, response).await
    }

    /// A log isn't followed any further here, or the whole connection ends.
    async fn stopped(&mut self, log: LogId, stop: Stop) -> Result<(), Ended> {
        self.settle(&log).await;
        self.subscribed.remove(&log);
        self.request(Request::Unsubscribe(wire::Unsubscribe { log: Some(log_message(&log)) })).await?;
        match stop {
            Stop::Overtaken => {
                self.context.claims.release(log, self.peer);
                Ok(())
            }
            Stop::Ended(code) => {
                tracing::warn!(partner.id = %self.peer, log.id = %log, %code, "a log is followed no further for now");
                refusals::note(&self.context.db, self.context.env.now(), self.peer, code).await?;
                // Until the next round.
                self.subscribed.insert(log, NOBODY);
                self.context.claims.release(log, self.peer);
                Ok(())
            }
            Stop::Error(error) => Err(error.into()),
            Stop::Fault(fault) => self.faulted(log, fault).await,
        }
    }

    async fn faulted(&mut self, log: LogId, fault: FollowFault) -> Result<(), Ended> {
        let code = fault.code();
        tracing::warn!(partner.id = %self.peer, log.id = %log, %fault, "a package was refused");
        metrics::refused(&self.peer, code);
        refusals::note(&self.context.db, self.context.env.now(), self.peer, code).await?;
        match fault {
            FollowFault::Fork(file) => {
                evidence::freeze(&self.context, log, &file).await?;
                Ok(())
            }
            // A relay may lag behind; the author's own node may not.
            FollowFault::Behind(_) if log.partner != self.peer => Ok(()),
            _ => Err(Error::new(code).with("log", log).into()),
        }
    }
}

/// The next log of which something has become durable.
async fn written(
    following: &mut BTreeMap<LogId, Following>,
    context: &Arc<Context>,
) -> (LogId, Result<(u64, u64), Stop>) {
    poll_fn(|task| {
        for (log, following) in &mut *following {
            if let Poll::Ready(written) = following.poll_written(context, task) {
                return Poll::Ready((*log, written));
            }
        }
        Poll::Pending
    })
    .await
}

/// How many entries a message brings.
fn leaves(response: &Response) -> u64 {
    let leaves = match response {
        Response::Range(range) => range.leaves.len(),
        Response::Tail(tail) => tail.leaves.len(),
        Response::Target(_) | Response::Bodies(_) | Response::Ended(_) => 0,
    };
    leaves as u64
}
