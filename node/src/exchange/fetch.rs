//! What peers fetch on demand: descriptors with their proofs, single bodies, blobs.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use volbridge_proto::{
    BlobHash, Code, LogId, PartnerId, Refusal,
    tlog::{
        entry::{Class, Hash},
        proof,
    },
    wire::exchange::v1 as wire,
};

use super::{feed, feed::parse_log};
use crate::{
    context::Context,
    error::Error,
    store::{
        blobs as blob_rows,
        entries::{self, EntryRow, State},
        logs, recipients, tiles,
    },
    views,
};

/// Descriptors in one answer.
const KEYS: usize = 64;

/// Entries that one `FetchBodies` may name.
const ENTRIES: u64 = 4_096;

/// Bytes that one `FetchBodies` answers with; the caller asks again for the rest.
const BYTES: usize = 16 << 20;

/// Descriptors at or above `from`, each proven under the newest checkpoint.
pub async fn keys(context: &Context, log: &LogId, from: u64) -> Result<wire::KeysResponse, Error> {
    let head = context.heads.get(log).ok_or(Code::LogUnknown)?;
    let mut descriptors = Vec::new();
    let mut next = 0;
    for (index, body) in views::partners::descriptors_of_log(&context.db, head.number).await? {
        if index < from || index >= head.size {
            continue;
        }
        if descriptors.len() == KEYS {
            next = index;
            break;
        }
        let size = head.size;
        let inclusion =
            tiles::prove(&context.db, head.number, size, move |source| proof::inclusion(source, index, size))
                .await?;
        descriptors.push(wire::ProvenBody { index, body, inclusion: hashes(&inclusion) });
    }
    let mut group_ends = Vec::new();
    for (size, checkpoint) in logs::group_ends(&context.db, head.number, from).await? {
        if size <= from || size > head.size {
            continue;
        }
        let new = head.size;
        let consistency =
            tiles::prove(&context.db, head.number, new, move |source| proof::consistency(source, size, new))
                .await?;
        group_ends.push(wire::GroupEnd { checkpoint, consistency: hashes(&consistency) });
    }
    Ok(wire::KeysResponse { checkpoint: head.checkpoint.to_string(), descriptors, group_ends, next })
}

fn hashes(proof: &[Hash]) -> Vec<Vec<u8>> {
    proof.iter().map(|hash| hash.to_vec()).collect()
}

/// Bodies of the entries asked for that the peer may have and that are held; of those that went with their
/// source, which that was.
pub async fn bodies(
    context: &Context,
    peer: PartnerId,
    request: &wire::FetchBodiesRequest,
) -> Result<Vec<wire::Bodies>, Error> {
    let log = parse_log(request.log.as_ref())?;
    let head = context.heads.get(&log).ok_or(Code::LogUnknown)?;
    let asked = request.ranges.iter().try_fold(0_u64, |sum, range| {
        if range.start >= range.end || range.end > head.size {
            return Err(Refusal::new(Code::LogIndex).at("ranges"));
        }
        Ok(sum.saturating_add(range.end - range.start))
    })?;
    if asked > ENTRIES {
        return Err(Refusal::new(Code::FieldTooMany).at("ranges").with("limit", ENTRIES).into());
    }
    let (mut bodies, mut erased) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for range in &request.ranges {
        let rows = entries::range(&context.db, head.number, range.start..range.end).await?;
        erased.extend(feed::erased(context, head.number, &rows).await?);
        for row in rows {
            if !may_read(context, peer, &row).await? {
                continue;
            }
            let Some(body) = row.sound_body().map(<[u8]>::to_vec) else { continue };
            bytes += body.len();
            if bytes > BYTES {
                return Ok(feed::chunks(bodies));
            }
            bodies.push(wire::IndexedBody {
                index: row.index,
                body,
                deliver_for: Vec::new(),
                blobs: Vec::new(),
            });
        }
    }
    let mut answer = feed::chunks(bodies);
    if !erased.is_empty() {
        answer.push(wire::Bodies { bodies: Vec::new(), erased });
    }
    Ok(answer)
}

/// The verified encoding of a part of a blob that a record names which the peer may read.
pub async fn blob(
    context: &Arc<Context>,
    peer: PartnerId,
    hash: BlobHash,
    offset: u64,
    length: u64,
) -> Result<impl Stream<Item = Result<wire::BlobChunk, Error>> + Send + use<>, Error> {
    // One answer for "not here" and "not for you".
    let mut readable = false;
    for (log, index) in blob_rows::uses(&context.db, hash).await? {
        if let Some(row) = entries::at(&context.db, log, index).await? {
            readable |= may_read(context, peer, &row).await?;
        }
    }
    let held = blob_rows::held(&context.db, hash).await?.filter(|_| readable).ok_or(Code::BlobUnknown)?;
    let length = if length == 0 { held.size.saturating_sub(offset) } else { length };
    let (size, encoded) = context.blobs.encode(peer, hash, offset, length)?;
    Ok(encoded.enumerate().map(move |(number, part)| {
        part.map(|encoded| wire::BlobChunk { size: if number == 0 { size } else { 0 }, encoded })
            .map_err(Error::from)
    }))
}

/// Whether a peer may have an entry's body: public ones, and named ones that are addressed to it or that it wrote.
async fn may_read(context: &Context, peer: PartnerId, row: &EntryRow) -> Result<bool, Error> {
    match (row.state, row.parsed()) {
        (State::Held, Some(leaf)) if leaf.class == Class::Public => Ok(true),
        (State::Held, Some(_)) => {
            if logs::load(&context.db, row.log).await?.id.partner == peer {
                return Ok(true);
            }
            let recipients = recipients::of_entry(&context.db, row.log, row.index).await?;
            Ok(recipients.iter().any(|recipient| recipient.partner == peer))
        }
        _ => Ok(false),
    }
}
