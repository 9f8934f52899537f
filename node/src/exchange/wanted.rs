//! What is named and not here: blobs of live records, bodies of public entries. Asked
//! for at every peer that connects, whoever the author is; checked against hash and leaf.
//! Sealed records whose leaves came through a relay are asked for at their author and at
//! this node's carriers: nobody else may have them, and who relays can't tell them apart.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{FutureExt as _, StreamExt as _};
use tonic::transport::Channel;
use volbridge_proto::{
    BlobHash, Code, LogId, PartnerId,
    wire::exchange::v1::{self as wire, exchange_client::ExchangeClient},
};

use super::{call, feed::log_message, following, missing, patiently, peer::refused};
use crate::{
    blobs::{Kept, delete_unnamed},
    context::Context,
    error::Error,
    heads::Head,
    store::{
        StoreError,
        blobs::{self, BlobName},
        entries::{self, State},
        logs, refusals,
    },
    views,
};

/// Blobs or entries asked for in one round.
const ROUND: u32 = 256;

/// What public entries without bodies that may come are.
const ABSENT: [State; 2] = [State::Absent, State::ErasedAsClaimed];

/// What is being fetched right now, so that no two peers send the same.
#[derive(Debug, Default)]
pub struct UnderWay(Mutex<BTreeSet<BlobHash>>);

impl UnderWay {
    fn begin(self: &Arc<Self>, hash: BlobHash) -> Option<Guard> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(hash);
        begun.then(|| Guard(Arc::clone(self), hash))
    }
}

struct Guard(Arc<UnderWay>, BlobHash);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// Fetches from one peer, one round at a time.
#[derive(Debug, Default)]
pub struct Wanted(Arc<tokio::sync::Mutex<Asked>>);

type Asked = BTreeMap<LogId, AskedOf>;

/// Up to where in a log the peer was asked; the next round goes on from there, so that bodies which never come don't
/// keep others waiting.
#[derive(Debug, Default)]
struct AskedOf {
    absent: u64,
    sealed: u64,
}

impl Wanted {
    /// Asks a peer for everything that is wanted, beside the stream; nothing if it is being asked.
    pub fn spawn(&self, context: &Arc<Context>, peer: PartnerId, client: ExchangeClient<Channel>) {
        if let Ok(turn) = Arc::clone(&self.0).try_lock_owned() {
            context.spawn(round(Arc::clone(context), peer, client, turn));
        }
    }
}

async fn round(
    fetcher: Arc<Context>,
    peer: PartnerId,
    mut client: ExchangeClient<Channel>,
    mut asked: tokio::sync::OwnedMutexGuard<Asked>,
) {
    let round = async {
        if let Err(error) = fetch_bodies(&fetcher, peer, &mut client, &mut asked).await {
            tracing::debug!(partner.id = %peer, %error, "wanted bodies were not fetched");
        }
        if let Err(error) = fetch_blobs(&fetcher, peer, &mut client).await {
            tracing::info!(partner.id = %peer, %error, "wanted blobs were not fetched");
        }
    };
    tokio::select! {
        () = round => {}
        () = fetcher.stopping() => {}
    }
}

/// Asks for the bodies of public entries at anyone, and for those of sealed ones, which may be this node's, at their
/// author and this node's carriers: nobody else need know that it misses something.
async fn fetch_bodies(
    context: &Arc<Context>,
    peer: PartnerId,
    client: &mut ExchangeClient<Channel>,
    asked: &mut Asked,
) -> Result<(), Error> {
    let carries = own_carriers(context).await?.contains(&peer);
    let lacking = entries::logs_in_states(&context.db, &ABSENT).await?;
    for head in context.heads.all() {
        if head.frozen {
            continue;
        }
        let asked = asked.entry(head.log).or_default();
        // Of the own log only what was found damaged is absent.
        if lacking.contains(&head.number) {
            let absent = entries::in_states(&context.db, head.number, &ABSENT, asked.absent, ROUND).await?;
            asked.absent = behind(&absent).unwrap_or(0);
            fetch_ranges(context, peer, client, head.log, absent).await?;
        }
        if head.number != context.own.number && (carries || head.log.partner == peer) {
            fetch_sealed(context, peer, client, &head, asked).await?;
        }
    }
    Ok(())
}

/// Asks for sealed records of which only the leaf is here: for each once, and again while their author's numbers say
/// that one is missing.
async fn fetch_sealed(
    context: &Arc<Context>,
    peer: PartnerId,
    client: &mut ExchangeClient<Channel>,
    head: &Head,
    asked: &mut AskedOf,
) -> Result<(), Error> {
    if asked.sealed >= head.size {
        let log = logs::load(&context.db, head.number).await?;
        asked.sealed = missing::first(&context.db, &log).await?.unwrap_or(asked.sealed);
    }
    let sealed =
        entries::in_states(&context.db, head.number, &[State::NotForUs], asked.sealed, ROUND).await?;
    let next = behind(&sealed).unwrap_or(head.size);
    if fetch_ranges(context, peer, client, head.log, sealed).await? {
        asked.sealed = next;
    }
    Ok(())
}

/// Where the next round goes on; none if these were the last.
fn behind(ranges: &[Range<u64>]) -> Option<u64> {
    let entries: u64 = ranges.iter().map(|range| range.end - range.start).sum();
    ranges.last().filter(|_| entries >= ROUND.into()).map(|last| last.end)
}

/// Partners that this node has named as its carriers.
async fn own_carriers(context: &Context) -> Result<Vec<PartnerId>, Error> {
    let info = views::partners::node_info(&context.db, &context.own.id.partner).await?;
    let carriers = info.map(|info| info.carriers).unwrap_or_default();
    Ok(carriers.iter().filter_map(|id| PartnerId::try_from(id.as_slice()).ok()).collect())
}

/// Asks for the bodies of these entries, and stores what comes. False if the peer hasn't got as much of the log.
async fn fetch_ranges(
    context: &Arc<Context>,
    peer: PartnerId,
    client: &mut ExchangeClient<Channel>,
    log: LogId,
    ranges: Vec<Range<u64>>,
) -> Result<bool, Error> {
    if ranges.is_empty() {
        return Ok(true);
    }
    let ranges =
        ranges.into_iter().map(|range| wire::IndexRange { start: range.start, end: range.end }).collect();
    let request = wire::FetchBodiesRequest { log: Some(log_message(&log)), ranges };
    let mut answer = match call(context, client.fetch_bodies(request)).await {
        Ok(answer) => answer,
        Err(error) if error.code == Code::PeerSlow => return Err(error),
        // It doesn't hold this log, or not as much of it: others may.
        Err(_) => return Ok(false),
    };
    while let Some(bodies) = patiently(context, answer.message()).await?.map_err(refused)? {
        following::take_claims(context, log, &bodies.erased).await?;
        following::store_late(context, peer, log, bodies.bodies).await?;
        context.status.touch();
    }
    Ok(true)
}

async fn fetch_blobs(
    context: &Arc<Context>,
    peer: PartnerId,
    client: &mut ExchangeClient<Channel>,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let wanted = blobs::wanted(&context.db, after, ROUND).await?;
        let Some(last) = wanted.last() else { return Ok(()) };
        after = Some(last.hash);
        for blob in wanted {
            let Some(_guard) = context.under_way.begin(blob.hash) else { continue };
            match fetch_blob(context, client, blob).await {
                Ok(()) => {}
                // This peer hasn't got it; another may.
                Err(error) if error.code == Code::BlobUnknown => {}
                Err(error) if concerns_one_blob(error.code) => {
                    tracing::info!(partner.id = %peer, blob = %blob.hash, %error, "a blob was refused");
                    if error.code == Code::BlobHash {
                        refusals::note(&context.db, context.env.now(), peer, error.code).await?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether a peer may be asked for other blobs all the same: what is wrong with one must not keep away the others.
fn concerns_one_blob(code: Code) -> bool {
    matches!(
        code,
        Code::BlobHash
            | Code::BlobSize
            | Code::BlobTooLarge
            | Code::BlobRange
            | Code::StoreCorrupt
            | Code::Unavailable
    )
}

/// What is left of the quota of a partner whose record names a blob.
async fn allowance(context: &Context, hash: BlobHash) -> Result<u64, Error> {
    let logs: BTreeSet<_> = blobs::uses(&context.db, hash).await?.into_iter().map(|(log, _)| log).collect();
    let mut left = 0;
    for log in logs {
        let held = blobs::bytes_of_log(&context.db, log).await?;
        left = left.max(context.config.blobs.partner_bytes.saturating_sub(held));
    }
    Ok(left)
}

/// Fetches one blob, unless it is here and only the database doesn't know: then a crash came between.
async fn fetch_blob(
    context: &Arc<Context>,
    client: &mut ExchangeClient<Channel>,
    blob: BlobName,
) -> Result<(), Error> {
    // Until the database knows nobody else deletes it: who withdraws the record meanwhile waits, and deletes it then.
    let kept = match context.blobs.kept(blob.hash, blob.size)? {
        Some(kept) => kept,
        None => receive_blob(context, client, blob).await?,
    };
    let arrived = context.db.write(move |tx| async move { blobs::arrived(tx, blob).await }.boxed());
    let arrived = Ok::<bool, StoreError>(arrived.await?)?;
    drop(kept);
    if !arrived {
        return delete_unnamed(&context.blobs, &context.db, blob.hash).await;
    }
    context.changes.send_modify(|_| ());
    Ok(())
}

/// Fetches one blob from where it was interrupted; every 16 KiB are verified as they come.
async fn receive_blob(
    context: &Arc<Context>,
    client: &mut ExchangeClient<Channel>,
    blob: BlobName,
) -> Result<Kept, Error> {
    if let Some(size) = context.blobs.size(blob.hash) {
        // Whoever names it with another size lies.
        return Err(Error::new(Code::BlobSize).with("size", size));
    }
    let allowance = allowance(context, blob.hash).await?;
    let mut receiving = context.blobs.receive(blob.hash, blob.size, allowance).await?;
    if !receiving.is_complete() {
        let offset = receiving.offset();
        let request = wire::FetchBlobRequest { hash: blob.hash.to_vec(), offset, length: 0 };
        let answer = call(context, client.fetch_blob(request)).await?;
        let fetcher = Arc::clone(context);
        let pieces = futures::stream::unfold((fetcher, answer), |(fetcher, mut answer)| async {
            let piece = match patiently(&fetcher, answer.message()).await {
                Ok(Ok(Some(chunk))) => Ok(chunk.encoded),
                Ok(Ok(None)) => return None,
                Ok(Err(status)) => Err(refused(status).to_string()),
                Err(error) => Err(error.to_string()),
            };
            Some((piece, (fetcher, answer)))
        });
        receiving.decode(blob.size - offset, pieces.boxed()).await?;
    }
    Ok(receiving.finish().await?)
}
