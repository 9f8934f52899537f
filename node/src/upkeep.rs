//! What is done later and again: at every start, then every few minutes. Each step is
//! small, safe to run twice, and finds its work in the database, so that a crash
//! between a commit and what follows it loses nothing.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::FutureExt as _;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    blobs,
    context::Context,
    error::Error,
    exchange, imports, ingest, monthly,
    publish::Withdraw,
    store::{
        entries::{self, State},
        events, revisions, saved, sessions, withdrawals,
    },
};

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// Records handled in one step.
const STEP: u32 = 256;

/// Works until the node stops; begins at once.
pub async fn run(context: Arc<Context>) {
    let mut rounds = interval(PAUSE);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut first = true;
    loop {
        tokio::select! {
            _ = rounds.tick() => {}
            () = context.stopping() => return,
        }
        if let Err(error) = round(&context, first).await {
            tracing::error!(%error, source = ?error.source, "upkeep was interrupted, it goes on in the next round");
        }
        first = false;
    }
}

/// One round; the `first` also does what a crash may have left.
///
/// # Errors
/// When the database or the disk fails; what wasn't done is done in the next.
pub async fn round(context: &Arc<Context>, first: bool) -> Result<(), Error> {
    // A crash, a full disk or another process may have come between an erasure and its traces.
    if first || context.erase_again.load(Ordering::Acquire) {
        context.erase_again.store(true, Ordering::Release);
        context.db.erase_hard().await?;
        blobs::sweep(&context.blobs, &context.db).await?;
        // While the search index is being built this has to wait, and nothing else has.
        if context.search.purge().await.is_ok() {
            context.erase_again.store(false, Ordering::Release);
            context.receipts_due.notify_one();
        }
    }
    blobs::forget_uploads(&context.blobs, &context.db, context.now()).await?;
    let now = context.now();
    let kept = context.env.now().plus(-context.config.accounts.log_kept());
    let forgotten = context.db.write(move |tx| {
        async move {
            sessions::forget(tx, now).await?;
            events::forget(tx, kept).await?;
            saved::forget_unconfirmed(tx, now).await
        }
        .boxed()
    });
    if forgotten.await? > 0 {
        // Nobody confirmed these addresses: their bytes go too.
        context.db.erase_hard().await?;
    }
    erase_expired(context).await?;
    withdraw_owed(context).await?;
    exchange::delivery::drop_carried(context).await?;
    imports::tidy(context).await?;
    monthly::publish_last(context).await
}

/// Named records whose time is over: own ones are withdrawn, received ones erased (protocol section 6).
async fn erase_expired(context: &Arc<Context>) -> Result<(), Error> {
    let rows = revisions::expired(&context.db, context.now(), STEP).await?;
    let (own, received): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.log == context.own.number);
    if !own.is_empty() {
        let ids = own.iter().map(|row| row.revision.id).collect();
        context.withdraw(Withdraw::Records(ids), "", None).await?;
    }
    if received.is_empty() {
        return Ok(());
    }
    let eraser = Arc::clone(context);
    let effects = context.db.write(move |tx| {
        async move {
            let places: Vec<_> = received.iter().map(|row| (row.log, row.index)).collect();
            Ok::<_, Error>(ingest::erase_expired(tx, &eraser.reader(), &places).await?)
        }
        .boxed()
    });
    context.after(effects.await?);
    Ok(())
}

/// Own records that went with their source and whose withdrawal is still owed.
async fn withdraw_owed(context: &Arc<Context>) -> Result<(), Error> {
    let own = context.own.number;
    let mut owed = Vec::new();
    for row in entries::in_state(&context.db, own, State::ErasedWithSource, STEP).await? {
        let Some(id) = row.id() else { continue };
        if withdrawals::find(&context.db, &[own], id).await?.is_none() {
            owed.push(id);
        }
    }
    if !owed.is_empty() {
        context.withdraw(Withdraw::Records(owed), "withdrawn", None).await?;
    }
    Ok(())
}
