//! What recipients have acknowledged of named records; what a carrier may drop.

use std::sync::Arc;

use futures::FutureExt as _;
use volbridge_proto::{LogId, PartnerId};

use crate::{
    context::Context,
    error::Error,
    failpoint,
    store::{
        Tx,
        entries::{self, State},
        logs::LogNumber,
        recipients,
    },
};

/// Carried records looked at in one step.
const STEP: u32 = 256;

/// A peer has everything of a log below `size`, durably.
pub async fn acknowledged(
    context: &Arc<Context>,
    peer: PartnerId,
    log: LogId,
    size: u64,
) -> Result<(), Error> {
    let Some(head) = context.heads.get(&log) else { return Ok(()) };
    let number = head.number;
    let waiting = recipients::waiting_for(&context.db, number, peer, 1).await?;
    if waiting.first().is_none_or(|index| *index >= size) {
        return Ok(());
    }
    let marked = context.db.write(move |tx| {
        async move { Ok::<_, Error>(recipients::acknowledge(tx, number, peer, size).await?) }.boxed()
    });
    marked.await?;
    failpoint::pass("deliver.acknowledged");
    drop_carried(context).await
}

/// Drops what was carried and is delivered, or was kept long enough.
pub async fn drop_carried(context: &Arc<Context>) -> Result<(), Error> {
    let (now, own) = (context.now(), context.own.number);
    let due = recipients::carried_due(&context.db, now, STEP).await?;
    if due.is_empty() {
        return Ok(());
    }
    let dropped = context.db.write(move |tx| {
        async move {
            let mut dropped = false;
            for (log, index, partner) in due {
                if recipients::remove(tx, log, index, partner).await? && log != own {
                    dropped |= drop_body(tx, log, index).await?;
                }
            }
            Ok::<_, Error>(dropped)
        }
        .boxed()
    });
    let dropped = dropped.await?;
    failpoint::pass("carry.dropped");
    if dropped {
        context.db.erase_hard().await?;
    }
    Ok(())
}

/// A carried body goes; one that this node reads itself has no carried row left to remove.
async fn drop_body(tx: &mut Tx, log: LogNumber, index: u64) -> Result<bool, Error> {
    let is_ours = crate::store::revisions::at(tx, log, index).await?.is_some();
    let held = entries::at(tx, log, index).await?.is_some_and(|row| row.state == State::Held);
    if is_ours || !held {
        return Ok(false);
    }
    entries::erase(tx, log, index, State::NotForUs).await?;
    Ok(true)
}
