//! `Heads`: what everyone has seen of each log. Cosignatures travel with it to the
//! log's author and on to everybody; lag, forks and stale relays show.

use std::{collections::BTreeMap, sync::Arc};

use futures::FutureExt as _;
use volbridge_proto::{LogId, PartnerId, tlog::checkpoint::VerifiedCheckpoint, wire::exchange::v1 as wire};

use super::{
    feed::{log_message, parse_log},
    witness,
};
use crate::{
    context::Context,
    error::Error,
    heads::Head,
    store::{StoreError, logs, recipients},
};

/// Logs that one message names: with 16 lines each it stays well below the message limit.
pub const PAGE: usize = 64;

/// Heads, as `peer` is told them.
pub async fn give(context: &Context, peer: PartnerId, heads: Vec<Head>) -> Result<Vec<wire::Head>, Error> {
    let mut told = Vec::with_capacity(heads.len());
    for head in heads {
        let own = head.number == context.own.number;
        let nth = if own { recipients::highest_nth(&context.db, head.number, peer).await? } else { 0 };
        told.push(wire::Head {
            log: Some(log_message(&head.log)),
            checkpoint: head.checkpoint.to_string(),
            nth,
            frozen: head.frozen,
        });
    }
    Ok(told)
}

/// What a peer is answered: the heads of the logs that it named, where this node has seen something else.
pub async fn answer(
    context: &Context,
    peer: PartnerId,
    asked: &[wire::Head],
) -> Result<Vec<wire::Head>, Error> {
    let differs = |theirs: &wire::Head| {
        let head = context.heads.get(&parse_log(theirs.log.as_ref()).ok()?)?;
        (*theirs.checkpoint != *head.checkpoint).then_some(head)
    };
    give(context, peer, asked.iter().take(PAGE).filter_map(differs).collect()).await
}

/// Takes over what a peer has seen: larger sizes as lag, cosignatures of sizes that are held here.
/// A head that can't be used costs its sender nothing but that head.
pub async fn take(context: &Arc<Context>, peer: PartnerId, heads: &[wire::Head]) -> Result<(), Error> {
    let held: BTreeMap<LogId, Head> = context.heads.all().into_iter().map(|head| (head.log, head)).collect();
    for theirs in heads.iter().take(PAGE) {
        let Ok(log) = parse_log(theirs.log.as_ref()) else { continue };
        let Some(ours) = held.get(&log) else { continue };
        if *theirs.checkpoint == *ours.checkpoint {
            continue;
        }
        let row = logs::load(&context.db, ours.number).await?;
        let history = context.key_history(&context.db, &row).await?;
        let Ok(shown) = VerifiedCheckpoint::verify(&theirs.checkpoint, &history) else { continue };
        if shown.size() == ours.size {
            witness::merge(context, ours, &theirs.checkpoint).await?;
        } else if shown.size() > row.known_size {
            note_larger(context, peer, ours, shown.size()).await?;
        }
    }
    Ok(())
}

/// The log's keys have signed a larger size than what is held. Of the own log that means that this
/// database is an old copy: nothing more is appended to it (T07).
async fn note_larger(context: &Arc<Context>, peer: PartnerId, head: &Head, size: u64) -> Result<(), Error> {
    let number = head.number;
    if number == context.own.number {
        tracing::error!(partner.id = %peer, log.size = head.size, log.seen = size, "the own log was longer: this database is an old copy, nothing is published until it is refilled");
    }
    let noted =
        context.db.write(move |tx| async move { logs::note_known_size(tx, number, size).await }.boxed());
    Ok::<(), StoreError>(noted.await?)?;
    Ok(())
}
