//! The slower line of the own log's checkpoints: ML-DSA-44 with the time, for the
//! newest size; at most once a second, at once after a pause, and every ten minutes
//! when nothing happens, so that everybody can see that the log is alive.

use std::sync::Arc;

use futures::FutureExt as _;
use tokio::time::{Instant, sleep_until};
use volbridge_proto::{
    Code,
    tlog::{
        checkpoint::VerifiedCheckpoint, cosignature::merge_cosignatures, note::SignedNote, own::add_mldsa44,
    },
};

use crate::{
    context::Context,
    error::Error,
    heads::Head,
    store::{
        logs::{self, LogNumber},
        signed,
    },
};

/// Signs until the node stops.
pub async fn run(context: Arc<Context>) {
    let (busy, quiet) =
        (context.config.log.checkpoint_interval(), context.config.log.quiet_checkpoint_interval());
    let mut changed = context.heads.changed();
    let mut signed: Option<u64> = None;
    let mut last = Instant::now();
    let mut due = last;
    loop {
        tokio::select! {
            () = sleep_until(due) => {
                match sign(&context).await {
                    Ok(size) => signed = size,
                    Err(error) => {
                        tracing::error!(%error, source = ?error.source, "the checkpoint could not be cosigned, it is tried again");
                    }
                }
                last = Instant::now();
                due = last + if context.own_size() == signed { quiet } else { busy };
            }
            _ = changed.changed() => {
                if context.own_size() != signed {
                    due = (last + busy).max(Instant::now());
                }
            }
            () = context.stopping() => return,
        }
    }
}

/// Adds the line to the newest checkpoint, unless its group has brought it; returns its size.
pub async fn sign(context: &Arc<Context>) -> Result<Option<u64>, Error> {
    let Some(head) = context.heads.get(&context.own.id) else { return Ok(None) };
    let log = logs::load(&context.db, head.number).await?;
    let history = context.key_history(&context.db, &log).await?;
    let checkpoint = VerifiedCheckpoint::verify(&head.checkpoint, &history)?;
    let quiet = i64::try_from(context.config.log.quiet_checkpoint_interval().as_millis()).unwrap_or(i64::MAX);
    if checkpoint.signed_at().is_some_and(|at| context.env.now() < at.plus(quiet / 2)) {
        return Ok(Some(checkpoint.size()));
    }
    let signer = Arc::clone(context);
    // Some 0.7 ms of computing.
    let signed = tokio::task::spawn_blocking(move || {
        add_mldsa44(&history, &checkpoint, &[&signer.keys.log], signer.env.now(), &mut signer.env.rng())
    })
    .await
    .map_err(|error| Error::new(Code::Internal).because(error))??;
    let size = signed.size();
    add_lines(context, context.own.number, signed).await?;
    Ok(Some(size))
}

/// Joins the lines of a checkpoint, with which the tree held here must agree, to what is stored of it: the newest
/// one, or one of those with the ML-DSA-44 line. Lines by unknown keys and lines that don't verify are left out.
/// True if something was new, which is then announced.
pub async fn add_lines(
    context: &Arc<Context>,
    log: LogNumber,
    shown: VerifiedCheckpoint,
) -> Result<bool, Error> {
    let writer = Arc::clone(context);
    let head = context
        .db
        .write(move |tx| {
            async move {
                let row = logs::load(tx, log).await?;
                let (size, note) = (shown.size(), shown.note());
                let is_newest = size == row.checkpoint_size;
                let stored = match is_newest {
                    true => row.checkpoint.clone(),
                    false => signed::note(tx, log, size).await?.unwrap_or_default(),
                };
                let kept = if stored.is_empty() { note.clone() } else { SignedNote::parse(&stored)? };
                if kept.text() != note.text() {
                    return Ok(None);
                }
                let history = writer.key_history(tx, &row).await?;
                let keys = writer.line_keys(tx, &row, size, &history).await?;
                let merged = merge_cosignatures(&kept, note, &keys)?.encode();
                if merged == stored {
                    return Ok(None);
                }
                let at = VerifiedCheckpoint::verify(&merged, &history)?.signed_at();
                match at {
                    _ if is_newest => {
                        logs::set_checkpoint(tx, log, &merged, size, at, writer.env.now()).await?;
                    }
                    Some(at) => signed::keep(tx, log, size, &merged, at).await?,
                    None => return Ok(None),
                }
                Ok::<_, Error>(Head::load(tx, log).await?)
            }
            .boxed()
        })
        .await?;
    let changed = head.is_some();
    if let Some(head) = head {
        context.heads.announce(head);
    }
    Ok(changed)
}
