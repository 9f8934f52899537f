//! One subscription, from the serving side: what of a log goes to a peer next.
//!
//! A follower that is near the head gets a `Tail`: entries, then the checkpoint. One
//! that is further behind gets a `Target` and ranges with subtree proofs, so that it
//! can store while it still catches up. Bytes under way are bounded per log.

use std::{collections::VecDeque, ops::Range, sync::Arc};

use prost::Message;
use volbridge_proto::{
    Code, LogId, PartnerId, Refusal,
    tlog::{
        checkpoint::Checkpoint,
        entry::{Class, Hash},
        proof,
        tile::WIDTH,
    },
    wire::exchange::v1::{self as wire, follow_response::Response},
};

use super::BODIES;
use crate::{
    context::Context,
    error::Error,
    failpoint,
    heads::Head,
    store::{
        StoreError, causes,
        entries::{self, EntryRow, State},
        logs::{self, LogNumber},
        recipients,
        tiles::{self, Tree},
    },
    views,
};

/// Entries up to which a `Tail` is simpler than a target and ranges.
const TAIL: u64 = 256;

/// What a peer follows of one log.
#[derive(Debug)]
pub struct Feed {
    /// Which log.
    pub log: LogId,
    peer: PartnerId,
    subscription: u64,
    deliver_for: Vec<PartnerId>,
    sent: u64,
    /// The tree that the peer is catching up with.
    target: Option<Tree>,
    checkpoint: Arc<str>,
    under_way: VecDeque<(u64, usize)>,
    bytes: usize,
}

impl Feed {
    /// What `peer` subscribed to, from its verified size on.
    pub fn new(
        log: LogId,
        peer: PartnerId,
        subscribe: &wire::Subscribe,
        deliver_for: Vec<PartnerId>,
    ) -> Self {
        Self {
            log,
            peer,
            subscription: subscribe.number,
            deliver_for,
            sent: subscribe.from,
            target: None,
            checkpoint: Arc::from(""),
            under_way: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Bytes sent and not yet acknowledged.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Everything below `size` is durable at the peer: room for more.
    pub fn acknowledge(&mut self, size: u64) {
        while let Some((end, bytes)) = self.under_way.front().copied()
            && end <= size
        {
            self.under_way.pop_front();
            self.bytes -= bytes;
        }
    }

    /// What goes out next; nothing if the peer has everything or must acknowledge first.
    ///
    /// # Errors
    /// When the store fails, or the peer claims a larger log than there is.
    pub async fn next(&mut self, context: &Context, head: &Head) -> Result<Vec<wire::FollowResponse>, Error> {
        if self.bytes >= context.config.exchange.log_window_bytes as usize {
            return Ok(Vec::new());
        }
        let responses = match self.target.take() {
            Some(tree) => self.range(context, head, tree).await?,
            // A relay may lag behind what the follower has from elsewhere: nothing to say yet.
            None if self.sent > head.size => Vec::new(),
            None if self.sent == head.size && self.checkpoint == head.checkpoint => Vec::new(),
            None if head.size - self.sent <= TAIL => match self.tail(context, head).await? {
                Some(tail) => vec![tail],
                None => vec![self.target(context, head).await?],
            },
            None => vec![self.target(context, head).await?],
        };
        Ok(responses.into_iter().map(|response| self.addressed(response)).collect())
    }

    /// The last message of this subscription.
    pub fn ended(&self, code: Code) -> wire::FollowResponse {
        self.addressed(Response::Ended(wire::Ended {
            code: code.as_str().to_owned(),
            detail: code.text().to_owned(),
        }))
    }

    fn addressed(&self, response: Response) -> wire::FollowResponse {
        let (log, subscription) = (Some(log_message(&self.log)), self.subscription);
        wire::FollowResponse { log, response: Some(response), subscription }
    }

    /// The entries up to the head in one message, if they fit.
    async fn tail(&mut self, context: &Context, head: &Head) -> Result<Option<Response>, Error> {
        let mut rows = rows(context, head, self.sent..head.size).await?;
        let leaves: Vec<&[u8]> = rows.iter().map(|row| row.leaf.as_slice()).collect();
        let stated = stated(head.number, &head.checkpoint)?;
        tiles::check_leaves(&context.db, head.number, self.sent, &leaves, stated).await?;
        let bodies = self.bodies(context, head, &mut rows).await?;
        let bytes = bodies.iter().map(Message::encoded_len).sum::<usize>();
        if bytes > BODIES {
            return Ok(None);
        }
        let erased = erased(context, head.number, &rows).await?;
        let tail = wire::Tail {
            start: self.sent,
            leaves: rows.into_iter().map(|row| row.leaf).collect(),
            bodies,
            checkpoint: head.checkpoint.to_string(),
            erased,
        };
        failpoint::pass("serve.tail");
        self.went_out(head.size, tail.encoded_len());
        self.checkpoint = Arc::clone(&head.checkpoint);
        Ok(Some(Response::Tail(tail)))
    }

    async fn target(&mut self, context: &Context, head: &Head) -> Result<Response, Error> {
        let (old, new) = (self.sent, head.size);
        let consistency =
            tiles::prove(&context.db, head.number, new, move |source| proof::consistency(source, old, new))
                .await?
                .iter()
                .map(|hash: &Hash| hash.to_vec())
                .collect();
        failpoint::pass("serve.target");
        self.target = Some(Tree::new(head.number, stated(head.number, &head.checkpoint)?));
        self.checkpoint = Arc::clone(&head.checkpoint);
        Ok(Response::Target(wire::Target { checkpoint: head.checkpoint.to_string(), consistency }))
    }

    /// The next range of a target, and its bodies.
    async fn range(
        &mut self,
        context: &Context,
        head: &Head,
        mut tree: Tree,
    ) -> Result<Vec<Response>, Error> {
        let start = self.sent;
        let end = tree.size().min(start - start % WIDTH + WIDTH);
        let mut rows = rows(context, head, start..end).await?;
        let proof = tree.prove_leaves(&context.db, start, rows.iter().map(|row| row.leaf.as_slice())).await?;
        let bodies = self.bodies(context, head, &mut rows).await?;
        let erased = erased(context, head.number, &rows).await?;
        let range = wire::Range {
            start,
            leaves: rows.into_iter().map(|row| row.leaf).collect(),
            proof: proof.iter().map(|hash: &Hash| hash.to_vec()).collect(),
            bodies: u32::try_from(bodies.len()).unwrap_or(u32::MAX),
            erased,
        };
        let mut bytes = range.encoded_len();
        let mut responses = vec![Response::Range(range)];
        for chunk in chunks(bodies) {
            bytes += chunk.encoded_len();
            responses.push(Response::Bodies(chunk));
        }
        failpoint::pass("serve.range");
        self.went_out(end, bytes);
        self.target = (end < tree.size()).then_some(tree);
        Ok(responses)
    }

    fn went_out(&mut self, end: u64, bytes: usize) {
        self.sent = end;
        self.under_way.push_back((end, bytes));
        self.bytes += bytes;
    }

    /// The bodies of these entries that the peer may have: public ones, named ones that are addressed to
    /// it, and named ones for partners whose carrier it is. They are taken out of the rows.
    async fn bodies(
        &self,
        context: &Context,
        head: &Head,
        rows: &mut [EntryRow],
    ) -> Result<Vec<wire::IndexedBody>, Error> {
        let mut bodies = Vec::with_capacity(rows.len());
        for row in rows {
            if row.sound_body().is_none() || row.state != State::Held {
                continue;
            }
            let mut deliver_for = Vec::new();
            if row.parsed().is_some_and(|leaf| leaf.class == Class::Named) {
                let mut own = false;
                for recipient in recipients::of_entry(&context.db, head.number, row.index).await? {
                    own |= recipient.partner == self.peer;
                    if self.carries_for(context, recipient.partner).await? {
                        deliver_for.push(recipient.partner.to_vec());
                    }
                }
                if !own && deliver_for.is_empty() {
                    continue;
                }
            }
            let body = row.body.take().unwrap_or_default();
            bodies.push(wire::IndexedBody { index: row.index, body, deliver_for, blobs: Vec::new() });
        }
        Ok(bodies)
    }

    /// Whether the peer offers to carry for a partner that names it as its carrier itself.
    async fn carries_for(&self, context: &Context, partner: PartnerId) -> Result<bool, Error> {
        if !self.deliver_for.contains(&partner) {
            return Ok(false);
        }
        let info = views::partners::node_info(&context.db, &partner).await?;
        Ok(info.is_some_and(|info| info.carriers.iter().any(|carrier| carrier == self.peer.as_bytes())))
    }
}

/// The entries of a range: all of them, or the table is damaged.
async fn rows(context: &Context, head: &Head, range: Range<u64>) -> Result<Vec<EntryRow>, Error> {
    let rows = entries::range(&context.db, head.number, range.clone()).await?;
    if rows.len() as u64 == range.end - range.start {
        return Ok(rows);
    }
    let why = format!("entries of {range:?} are missing");
    Err(StoreError::corrupt("log", head.number, why).into())
}

fn stated(log: LogNumber, checkpoint: &str) -> Result<Checkpoint, StoreError> {
    logs::stated(checkpoint).map_err(|refusal| StoreError::corrupt("log", log, refusal))
}

/// Why public bodies of these entries aren't here, as far as no Withdrawal in their log says so.
pub(super) async fn erased(
    context: &Context,
    log: LogNumber,
    rows: &[EntryRow],
) -> Result<Vec<wire::SourceErased>, Error> {
    let gone = |row: &&EntryRow| {
        matches!(row.state, State::ErasedWithSource | State::ErasedAsClaimed)
            && row.parsed().is_some_and(|leaf| leaf.class == Class::Public)
    };
    let indexes: Vec<u64> = rows.iter().filter(gone).map(|row| row.index).collect();
    let (Some(first), Some(last)) = (indexes.first(), indexes.last()) else { return Ok(Vec::new()) };
    let causes = causes::in_range(&context.db, log, *first..last + 1).await?;
    let told = causes.iter().filter(|cause| indexes.contains(&cause.claim.index));
    Ok(told.map(|cause| cause.claim.to_wire()).collect())
}

/// Cuts bodies into messages of at most `BODIES` bytes.
pub(super) fn chunks(bodies: Vec<wire::IndexedBody>) -> Vec<wire::Bodies> {
    let mut chunks: Vec<wire::Bodies> = Vec::new();
    let mut room = 0;
    for body in bodies {
        let bytes = body.encoded_len() + 8;
        match chunks.last_mut() {
            Some(chunk) if bytes <= room => {
                room -= bytes;
                chunk.bodies.push(body);
            }
            _ => {
                room = BODIES.saturating_sub(bytes);
                chunks.push(wire::Bodies { bodies: vec![body], erased: Vec::new() });
            }
        }
    }
    chunks
}

/// A log as the wire names it.
pub fn log_message(log: &LogId) -> wire::Log {
    wire::Log { partner: log.partner.to_vec(), epoch: log.epoch }
}

/// A log that the wire names.
///
/// # Errors
/// When the partner isn't 32 bytes or the epoch is 0.
pub fn parse_log(log: Option<&wire::Log>) -> Result<LogId, Refusal> {
    let log = log.ok_or_else(|| Refusal::new(Code::FieldRequired).at("log"))?;
    if log.epoch == 0 {
        return Err(Refusal::new(Code::FieldOutOfRange).at("epoch").at("log"));
    }
    let partner =
        PartnerId::try_from(log.partner.as_slice()).map_err(|refusal| refusal.at("partner").at("log"))?;
    Ok(LogId::new(partner, log.epoch))
}
