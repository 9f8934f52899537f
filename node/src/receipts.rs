//! Erasure receipts: this node's word, in its log, that everything withdrawn below a
//! size of another's log is gone here (protocol section 6). At most one a day; in
//! between, withdrawals wait for the next.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};
use volbridge_proto::{Code, kinds, record::canonical, wire::record::v1 as wire};

use crate::{
    context::Context,
    error::Error,
    failpoint,
    publish::Draft,
    store::{logs, withdrawals},
};

/// Erased bytes are gone from backups after this long, at the latest.
const BACKUPS_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Writes receipts until the node stops.
pub async fn run(context: Arc<Context>) {
    let pause = context.config.log.receipt_interval();
    let mut next = Instant::now();
    let mut due = true;
    loop {
        tokio::select! {
            () = context.receipts_due.notified() => due = true,
            () = sleep_until(next), if due => {
                match write(&context).await {
                    Ok(true) => next = Instant::now() + pause,
                    Ok(false) => {}
                    Err(error) if error.code == Code::ShuttingDown => return,
                    Err(error) => {
                        tracing::error!(%error, "an erasure receipt could not be written, it is tried with the next erasure");
                    }
                }
                due = false;
            }
            () = context.stopping() => return,
        }
    }
}

/// Publishes one receipt over all logs with withdrawals that none covers yet; false if there are none.
pub async fn write(context: &Arc<Context>) -> Result<bool, Error> {
    let me = context.own.id.partner;
    let mut erased = Vec::new();
    for log in logs::all(&context.db).await? {
        if log.own {
            continue;
        }
        let Some(newest) = withdrawals::newest_index(&context.db, log.number).await? else { continue };
        let receipts = withdrawals::receipts(&context.db, log.id).await?;
        if receipts.iter().any(|receipt| receipt.holder == me && receipt.size > newest) {
            continue;
        }
        erased.push(wire::ErasedLog {
            partner: log.id.partner.to_vec(),
            epoch: log.id.epoch,
            size: log.size,
        });
    }
    if erased.is_empty() {
        return Ok(false);
    }
    erased.sort_by(|a, b| (&a.partner, a.epoch).cmp(&(&b.partner, b.epoch)));
    let now = context.env.now();
    let receipt = wire::ErasureReceipt {
        logs: erased,
        erased_at: now.as_millis(),
        backups_by: now.plus(BACKUPS_MS).as_millis(),
    };
    let payload = canonical::encode(&receipt, "ErasureReceipt")?;
    failpoint::pass("receipt.due");
    context.publish(vec![Draft::public(kinds::erasure::RECEIPT_KIND, payload)], None).await?;
    failpoint::pass("receipt.written");
    Ok(true)
}
