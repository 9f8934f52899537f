//! `Heads`: what everyone has seen of each log. Cosignatures travel with it to the
//! log's author and on to everybody; lag, forks and stale relays show.

use std::{collections::BTreeMap, sync::Arc};

use futures::FutureExt as _;
use volbridge_proto::{
    LogId, PartnerId,
    exchange::evidence::Evidence,
    identity::rotation::KeyHistory,
    tlog::{checkpoint::VerifiedCheckpoint, tree::HashSource},
    wire::exchange::v1 as wire,
};

use super::{
    evidence,
    feed::{log_message, parse_log},
};
use crate::{
    context::Context,
    error::Error,
    heads::Head,
    people::restored,
    publish::cosign::add_lines,
    store::{StoreError, logs, received, recipients, tiles},
};

/// Logs that one message names, each with at most two checkpoints: with 16 lines each it stays well below the
/// limit of a request.
const PAGE: usize = 24;

/// Heads of one message that are looked at.
const READ: usize = 128;

/// Bytes of evidence in one message.
const EVIDENCE: usize = 1 << 20;

/// Heads in messages of their own: of frozen logs one by one, since the evidence goes with them.
pub fn pages(heads: &[Head]) -> impl Iterator<Item = &[Head]> {
    heads.chunk_by(|one, next| !one.frozen && !next.frozen).flat_map(|page| page.chunks(PAGE))
}

/// Heads, as `peer` is told them.
pub async fn give(context: &Context, peer: PartnerId, heads: Vec<Head>) -> Result<Vec<wire::Head>, Error> {
    let mut told = Vec::with_capacity(heads.len());
    let mut room = EVIDENCE;
    for head in heads {
        let own = head.number == context.own.number;
        let nth =
            if own { recipients::nth_below(&context.db, head.number, peer, head.size).await? } else { 0 };
        let shown = |checkpoint: &str, nth: u64| wire::Head {
            log: Some(log_message(&head.log)),
            checkpoint: checkpoint.to_owned(),
            nth,
            frozen: head.frozen,
            evidence: Vec::new(),
        };
        let evidence =
            if head.frozen { evidence::file(context, head.number, room).await? } else { Vec::new() };
        room -= evidence.len();
        told.push(wire::Head { evidence, ..shown(&head.checkpoint, nth) });
        if !head.signed.is_empty() && head.signed != head.checkpoint {
            // Of a smaller size: how many there were then isn't looked up.
            told.push(shown(&head.signed, 0));
        }
    }
    Ok(told)
}

/// What a peer is answered: the heads of the logs that it named, where this node has seen something else; and
/// of its own log always, for how many records are the peer's.
pub async fn answer(
    context: &Context,
    peer: PartnerId,
    asked: &[wire::Head],
) -> Result<Vec<wire::Head>, Error> {
    let differs = |theirs: &wire::Head| {
        let head = context.heads.get(&parse_log(theirs.log.as_ref()).ok()?)?;
        let differs = *theirs.checkpoint != *head.checkpoint && *theirs.checkpoint != *head.signed;
        (differs || head.number == context.own.number).then_some(head)
    };
    let mut heads: Vec<Head> = asked.iter().take(READ).filter_map(differs).collect();
    heads.dedup();
    give(context, peer, heads).await
}

/// Takes over what a peer has seen: larger sizes as lag, cosignatures of sizes that are held here, forks.
/// A head that can't be used costs its sender nothing but that head.
pub async fn take(context: &Arc<Context>, peer: PartnerId, heads: &[wire::Head]) -> Result<(), Error> {
    let held: BTreeMap<LogId, Head> = context.heads.all().into_iter().map(|head| (head.log, head)).collect();
    for theirs in heads.iter().take(READ) {
        let Ok(log) = parse_log(theirs.log.as_ref()) else { continue };
        let Some(ours) = held.get(&log) else { continue };
        // Only the author knows for whom its records are.
        let nth = if log.partner == peer { theirs.nth } else { 0 };
        if *theirs.checkpoint == *ours.checkpoint {
            note_told(context, ours, ours.size, nth).await?;
        }
        let known = *theirs.checkpoint == *ours.checkpoint || *theirs.checkpoint == *ours.signed;
        if ours.frozen || known && theirs.evidence.is_empty() {
            continue;
        }
        let row = logs::load(&context.db, ours.number).await?;
        let history = context.key_history(&context.db, &row).await?;
        if let Some(evidence) = evidence::read(&history, &theirs.evidence) {
            evidence::freeze(context, log, &evidence).await?;
            continue;
        }
        let Ok(shown) = VerifiedCheckpoint::verify(&theirs.checkpoint, &history) else { continue };
        let size = shown.size();
        if size > ours.size {
            context.claims.note_shown(log, peer, size);
            if size > row.known_size {
                note_larger(context, peer, ours, row.known_size, size).await?;
            }
        } else if let Some(evidence) = fork(context, ours, &history, &shown).await? {
            evidence::freeze(context, log, &evidence).await?;
            continue;
        } else {
            add_lines(context, ours.number, shown).await?;
        }
        note_told(context, ours, size, nth).await?;
    }
    Ok(())
}

/// Compares what a peer has seen with the tree that is held here (T06).
async fn fork(
    context: &Context,
    ours: &Head,
    history: &KeyHistory,
    shown: &VerifiedCheckpoint,
) -> Result<Option<Evidence>, Error> {
    let held = VerifiedCheckpoint::verify(&ours.checkpoint, history)?;
    let compare = |tree: &dyn HashSource| Evidence::compare(history, &held, tree, shown);
    Ok(tiles::prove(&context.db, ours.number, ours.size, compare).await?)
}

/// So many of the author's records are for this node. More than there are entries can't be.
async fn note_told(context: &Context, head: &Head, size: u64, nth: u64) -> Result<(), Error> {
    let number = head.number;
    let known = received::told(&context.db, number).await?;
    if head.frozen || nth == 0 || nth > size || known.is_some_and(|(_, known)| known >= nth) {
        return Ok(());
    }
    let noted =
        context.db.write(move |tx| async move { received::note_told(tx, number, size, nth).await }.boxed());
    noted.await?;
    context.status.touch();
    Ok(())
}

/// The log's keys have signed a larger size than what is held. Of the own log that means that this
/// database is an old copy: nothing more is appended to it (T07).
async fn note_larger(
    context: &Arc<Context>,
    peer: PartnerId,
    head: &Head,
    known: u64,
    size: u64,
) -> Result<(), Error> {
    let number = head.number;
    if number == context.own.number {
        if known <= head.size {
            restored::log_was_longer(context).await?;
        }
        tracing::error!(partner.id = %peer, log.size = head.size, log.seen = size, "the own log was longer: this database is an old copy, nothing is published until it is refilled");
    }
    let noted =
        context.db.write(move |tx| async move { logs::note_known_size(tx, number, size).await }.boxed());
    Ok::<(), StoreError>(noted.await?)?;
    Ok(())
}
