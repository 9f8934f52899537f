//! One log, followed through one peer: messages in, verified ranges out to be written.
//! The rules are `proto::exchange::follow`; this is its I/O.

use std::{
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};

use futures::FutureExt as _;
use tokio::time::Instant;
use tonic::transport::Channel;
use volbridge_proto::{
    Code, LogId, PartnerId, Refusal,
    exchange::{
        claim::{self, SourceClaim},
        follow::{FollowFault, LogFollower, PendingRange},
    },
    identity::{keys_response::verify_keys_response, rotation::KeyHistory},
    tlog::{
        checkpoint::VerifiedCheckpoint,
        entry::leaf_hash,
        frontier::Frontier,
        proven::{ProvenEntry, ProvenRange},
        tile::WIDTH,
    },
    wire::exchange::v1::{self as wire, exchange_client::ExchangeClient, follow_response::Response},
};

use super::{call, feed::log_message, writing::Writing};
use crate::{
    context::Context,
    error::Error,
    failpoint,
    ingest::{self, Beside, CarriedFor},
    metrics,
    store::{
        StoreError, entries,
        logs::{self, LogRow},
        refusals::{self, Refused},
    },
};

/// Descriptors that one partner can have, and their bytes: more is a flood. One has some 8 KB.
const DESCRIPTORS: usize = 4_096;
const DESCRIPTOR_BYTES: usize = 8 << 20;

/// A range takes at most so many pauses: bodies one by one, each just in time, would hold a log for hours.
const PAUSES: u32 = 20;

/// Entries without bodies that a message may explain.
const CLAIMS: usize = 4_096;

/// Why a log isn't followed any further through this peer.
#[derive(Debug)]
pub enum Stop {
    /// The peer sent what can't be taken: its fault.
    Fault(FollowFault),
    /// Somebody else has stored these entries meanwhile: subscribe again from there.
    Overtaken,
    /// The peer says that it can't serve this log: others may, and later it may again. Or it has brought what a day
    /// allows.
    Ended(Code),
    /// This node couldn't.
    Error(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl From<FollowFault> for Stop {
    fn from(fault: FollowFault) -> Self {
        Self::Fault(fault)
    }
}

/// The follower of one log.
pub struct Following {
    follower: LogFollower,
    pending: Option<Pending>,
    writing: Writing,
    /// What is stored, as far as is known here.
    durable: u64,
    carries: Arc<[PartnerId]>,
    catching_up: Option<CatchingUp>,
}

/// Since when a peer owes what it announced with a target.
#[derive(Clone, Copy)]
struct CatchingUp {
    /// It sent the target, or entries became durable.
    since: Instant,
    /// It sent a part.
    heard: Instant,
}

struct Pending {
    range: PendingRange,
    beside: Beside,
}

impl Following {
    /// Fetches the log's keys and goes on from what is stored.
    pub async fn open(
        context: &Arc<Context>,
        client: &mut ExchangeClient<Channel>,
        log: LogId,
        carries: Arc<[PartnerId]>,
    ) -> Result<Self, Stop> {
        let stored = logs::find(&context.db, log).await?;
        let history = fetch_keys(context, client, log, stored.as_ref()).await?;
        let Some(row) = stored else {
            let follower = LogFollower::new(log, history, Frontier::new(), Vec::new())?;
            return Ok(Self::of(follower, carries));
        };
        row.check_frontier()?;
        let start = row.size - row.size % WIDTH;
        let partial = entries::leaves(&context.db, row.number, start..row.size).await?;
        let partial = partial.iter().map(|leaf| leaf_hash(leaf)).collect();
        let held = (row.checkpoint_size > 0)
            .then(|| VerifiedCheckpoint::verify(&row.checkpoint, &history))
            .transpose()?;
        let mut follower = LogFollower::new(log, history, row.frontier, partial)?;
        if let Some(held) = held {
            follower = follower.holding(held);
        }
        Ok(Self::of(follower, carries))
    }

    fn of(follower: LogFollower, carries: Arc<[PartnerId]>) -> Self {
        let durable = follower.size();
        Self { follower, pending: None, writing: Writing::default(), durable, carries, catching_up: None }
    }

    /// Bytes that wait to be written.
    pub fn gathered(&self) -> usize {
        self.writing.bytes()
    }

    /// When the peer is too slow with what it announced; never if it announced nothing, or waits itself for what is
    /// being written. What it gave of other logs, last at `stored`, counts for a while: they share the connection.
    pub fn late(&self, stored: Instant, patience: Duration) -> Option<Instant> {
        if self.writing.is_under_way() {
            return None;
        }
        let CatchingUp { since, heard } = self.catching_up?;
        Some((heard.max(stored) + patience).min(since + patience * PAUSES))
    }

    /// Takes one message.
    pub async fn take(
        &mut self,
        context: &Arc<Context>,
        client: &mut ExchangeClient<Channel>,
        response: Response,
    ) -> Result<(), Stop> {
        match response {
            Response::Target(target) => {
                self.with_keys(context, client, |follower| follower.target(&target)).await?;
                if self.follower.is_catching_up() && self.catching_up.is_none() {
                    self.catching_up = Some(CatchingUp { since: Instant::now(), heard: Instant::now() });
                }
            }
            Response::Range(range) => {
                if self.pending.is_some() {
                    return Err(out_of_order().into());
                }
                self.heard();
                let range = self.follower.range(&range)?;
                let beside = Beside { claims: range.claims().to_vec(), ..Beside::default() };
                self.pending = Some(Pending { range, beside });
                self.finish(context)?;
            }
            Response::Bodies(bodies) => {
                self.heard();
                let pending = self.pending.as_mut().ok_or_else(out_of_order)?;
                for body in bodies.bodies {
                    note_carried(&self.carries, &mut pending.beside.carried, body.index, &body.deliver_for);
                    pending.range.body(body.index, body.body)?;
                }
                self.finish(context)?;
            }
            Response::Tail(tail) => {
                let mut carried = CarriedFor::new();
                for body in &tail.bodies {
                    note_carried(&self.carries, &mut carried, body.index, &body.deliver_for);
                }
                let claims =
                    claim::claims(&tail.erased, tail.start, &tail.leaves).map_err(FollowFault::Malformed)?;
                let range = self.with_keys(context, client, |follower| follower.tail(&tail)).await?;
                self.write(context, range, Beside { carried, claims });
            }
            Response::Ended(ended) => {
                return Err(Stop::Ended(ended.code.parse().unwrap_or(Code::PeerProtocol)));
            }
        }
        Ok(())
    }

    fn heard(&mut self) {
        if let Some(catching_up) = &mut self.catching_up {
            catching_up.heard = Instant::now();
        }
    }

    /// Runs a step of the follower; if it lacks keys, fetches them and tries once more.
    async fn with_keys<T>(
        &mut self,
        context: &Arc<Context>,
        client: &mut ExchangeClient<Channel>,
        mut step: impl FnMut(&mut LogFollower) -> Result<T, FollowFault>,
    ) -> Result<T, Stop> {
        match step(&mut self.follower) {
            Err(FollowFault::NeedsKeys) => {
                let log = self.follower.log();
                let row = logs::find(&context.db, log).await?;
                let history = fetch_keys(context, client, log, row.as_ref()).await?;
                self.follower.update_keys(history)?;
                Ok(step(&mut self.follower)?)
            }
            result => Ok(result?),
        }
    }

    /// Takes the pending range once its bodies are there.
    fn finish(&mut self, context: &Arc<Context>) -> Result<(), Stop> {
        if let Some(pending) = self.pending.take_if(|pending| pending.range.is_complete()) {
            let range = self.follower.finish(pending.range)?;
            self.write(context, range, pending.beside);
        }
        Ok(())
    }

    /// Hands a range on to be written: that it is verified is known before it is durable, and the next is verified
    /// meanwhile.
    fn write(&mut self, context: &Arc<Context>, range: ProvenRange, beside: Beside) {
        self.heard();
        self.writing.push(context, range, beside);
    }

    /// Up to which size entries have become durable, to be acknowledged, and how many have; pending while none have.
    pub fn poll_written(
        &mut self,
        context: &Arc<Context>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<Result<(u64, u64), Stop>> {
        let size = ready!(self.writing.poll(context, task))?;
        let now = Instant::now();
        self.catching_up = self.follower.is_catching_up().then_some(CatchingUp { since: now, heard: now });
        let entries = size.saturating_sub(self.durable);
        self.durable = self.durable.max(size);
        Poll::Ready(Ok((size, entries)))
    }

    /// Waits until what was verified is written.
    pub async fn settle(mut self, context: &Arc<Context>) {
        self.writing.settle(context).await;
    }
}

fn out_of_order() -> FollowFault {
    FollowFault::OutOfOrder(Refusal::new(Code::FollowOrder).at("bodies"))
}

/// Notes for whom a body is to be kept, of those that named this node as their carrier.
fn note_carried(carries: &[PartnerId], carried: &mut CarriedFor, index: u64, deliver_for: &[Vec<u8>]) {
    for partner in deliver_for.iter().filter_map(|id| PartnerId::try_from(id.as_slice()).ok()) {
        if carries.contains(&partner) {
            carried.entry(index).or_default().push(partner);
        }
    }
}

/// Asks for the log's descriptors above those that are known, and checks that they follow.
async fn fetch_keys(
    context: &Arc<Context>,
    client: &mut ExchangeClient<Channel>,
    log: LogId,
    stored: Option<&LogRow>,
) -> Result<KeyHistory, Stop> {
    let known = match stored {
        Some(row) if row.size > 0 => Some(context.key_history(&context.db, row).await?),
        _ => earlier_epoch(context, log).await?,
    };
    let of_this_log = known.as_ref().filter(|history| history.log() == log);
    let mut from = of_this_log.map_or(0, |history| history.newest().index() + 1);
    let (mut joined, mut bytes) = (wire::KeysResponse::default(), 0);
    loop {
        let request = wire::KeysRequest { log: Some(log_message(&log)), from };
        let page = call(context, client.keys(request)).await?;
        bytes += page.descriptors.iter().map(|proven| proven.body.len()).sum::<usize>();
        let leads_on = !page.descriptors.is_empty() && page.next > from;
        joined.descriptors.extend(page.descriptors);
        joined.group_ends = page.group_ends;
        joined.checkpoint = page.checkpoint;
        if page.next == 0 {
            break;
        }
        if !leads_on || joined.descriptors.len() > DESCRIPTORS || bytes > DESCRIPTOR_BYTES {
            return Err(Stop::Fault(FollowFault::Malformed(Refusal::new(Code::PeerProtocol).at("next"))));
        }
        from = page.next;
    }
    failpoint::pass("follow.keys");
    verify_keys_response(known.as_deref(), &log, &joined)
        .map_err(|refusal| Stop::Fault(FollowFault::Unproven(refusal)))
}

async fn earlier_epoch(context: &Arc<Context>, log: LogId) -> Result<Option<Arc<KeyHistory>>, Error> {
    let rows = logs::of_partner(&context.db, log.partner).await?;
    match rows.iter().rev().find(|row| row.id.epoch < log.epoch && row.size > 0) {
        Some(row) => context.key_history(&context.db, row).await.map(Some),
        None => Ok(None),
    }
}

/// Takes what a peer says in place of bodies that were wanted; one message is about no more than was asked for.
pub async fn take_claims(
    context: &Arc<Context>,
    log: LogId,
    erased: &[wire::SourceErased],
) -> Result<(), Error> {
    let claims: Vec<_> = erased.iter().take(CLAIMS).map(SourceClaim::parse).collect::<Result<_, _>>()?;
    let row = logs::find(&context.db, log).await?.filter(|_| !claims.is_empty());
    let Some(LogRow { number, .. }) = row else { return Ok(()) };
    let writer = Arc::clone(context);
    let taken = context.db.write(move |tx| {
        async move {
            let row = logs::load(tx, number).await?;
            Ok::<_, Error>(ingest::take_claims(tx, &writer.reader(), &row, &claims).await?)
        }
        .boxed()
    });
    taken.await
}

/// Stores bodies that were wanted and that `peer` had, each checked against its leaf. One that isn't what its leaf
/// names is refused and shown, and stops no other.
pub async fn store_late(
    context: &Arc<Context>,
    peer: PartnerId,
    log: LogId,
    bodies: Vec<wire::IndexedBody>,
) -> Result<(), Error> {
    let Some(row) = logs::find(&context.db, log).await? else { return Ok(()) };
    let history = context.key_history(&context.db, &row).await?;
    for body in bodies {
        let Some(entry) = entries::at(&context.db, row.number, body.index).await? else { continue };
        let proven = match ProvenEntry::fetched(&history, body.index, &entry.leaf, body.body) {
            Ok(proven) => proven,
            Err(refusal) => {
                refuse_late(context, peer, body.index, &refusal).await?;
                continue;
            }
        };
        let (writer, number) = (Arc::clone(context), row.number);
        let stored = context.db.write(move |tx| {
            async move {
                let row = logs::load(tx, number).await?;
                Ok::<_, Error>(ingest::store_late_body(tx, &writer.reader(), &row, proven).await?)
            }
            .boxed()
        });
        context.after(stored.await?);
    }
    Ok(())
}

async fn refuse_late(
    context: &Context,
    peer: PartnerId,
    index: u64,
    refusal: &Refusal,
) -> Result<(), StoreError> {
    tracing::warn!(partner.id = %peer, log.index = index, %refusal, "a body that was asked for was refused");
    metrics::refused(&peer, refusal.code);
    let refused = Refused {
        at: context.env.now(),
        partner: peer,
        index: Some(index),
        code: refusal.code.as_str().to_owned(),
        field: refusal.field.clone(),
    };
    context.db.write(move |tx| async move { refusals::add(tx, &refused).await.map(drop) }.boxed()).await
}
