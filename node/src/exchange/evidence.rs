//! A fork: the log is frozen until a person decides, and the file that proves it is kept.

use std::sync::Arc;

use futures::FutureExt as _;
use volbridge_proto::{LogId, exchange::evidence::Evidence};

use crate::{context::Context, error::Error, heads::Head, store::logs};

/// Freezes a log and keeps the evidence.
pub async fn freeze(context: &Arc<Context>, log: LogId, evidence: &Evidence) -> Result<(), Error> {
    let (file, now) = (evidence.encode(), context.env.now());
    tracing::error!(log.id = %log, "the log has two signed histories: it is frozen, the evidence is kept");
    let head = context
        .db
        .write(move |tx| {
            async move {
                let Some(row) = logs::find(tx, log).await? else { return Ok(None) };
                logs::freeze(tx, row.number, file.as_bytes(), now).await?;
                Ok::<_, Error>(Head::of(&logs::load(tx, row.number).await?))
            }
            .boxed()
        })
        .await?;
    if let Some(head) = head {
        context.heads.announce(head);
    }
    Ok(())
}
