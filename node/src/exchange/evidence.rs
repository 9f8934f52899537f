//! A fork: the log is frozen until a person decides; the file that proves it is kept and goes to all partners.

use std::sync::Arc;

use futures::FutureExt as _;
use volbridge_proto::{LogId, exchange::evidence::Evidence, identity::rotation::KeyHistory};

use crate::{
    context::Context,
    error::Error,
    heads::Head,
    store::{
        StoreError,
        logs::{self, LogNumber},
    },
};

/// Larger files aren't told with a head; an operator gives them away.
const TOLD: usize = 256 << 10;

/// The file that froze a log, as partners are told it; empty if there is none, or none of at most `room` bytes.
pub async fn file(context: &Context, log: LogNumber, room: usize) -> Result<Vec<u8>, StoreError> {
    let files = logs::evidence(&context.db, log).await?;
    let file = files.into_iter().map(|(_, file)| file).find(|file| file.len() <= room.min(TOLD));
    Ok(file.unwrap_or_default())
}

/// A file that a peer tells of a log; nothing if it doesn't prove a fork of that log by the keys that are known
/// here: the file's own could be stolen ones (README 7.6).
pub fn read(history: &KeyHistory, file: &[u8]) -> Option<Evidence> {
    if file.is_empty() || file.len() > TOLD {
        return None;
    }
    let evidence = Evidence::parse(std::str::from_utf8(file).ok()?).ok()?;
    evidence.verify_with(history).is_ok().then_some(evidence)
}

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
                Ok::<_, Error>(Head::load(tx, row.number).await?)
            }
            .boxed()
        })
        .await?;
    if let Some(head) = head {
        context.heads.announce(head);
    }
    Ok(())
}
