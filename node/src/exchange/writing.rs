//! Verified ranges of one log on their way to the disk. While one transaction is under way, those that come meanwhile
//! are verified and gather; they go together in the next. The session reads no further while too much has gathered.

use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Poll, ready},
};

use futures::FutureExt as _;
use tokio::task::JoinHandle;
use volbridge_proto::tlog::proven::ProvenRange;

use super::{following::Stop, room::Taken};
use crate::{
    context::Context,
    error::Error,
    failpoint,
    heads::Head,
    ingest::{self, Beside, Judged},
    publish::cosign::add_lines,
    store::{
        Tx,
        logs::{self, LogRow},
    },
};

/// Bytes of leaves and bodies in one transaction, or one range: enough to share what a commit costs, and few enough that
/// the next acknowledgement doesn't wait for all that a far peer has under way.
const TRANSACTION: usize = 4 << 20;

/// What of a log is not on the disk yet.
#[derive(Default)]
pub struct Writing {
    gathered: VecDeque<(Judged, Taken)>,
    under_way: Option<JoinHandle<Result<u64, Stop>>>,
}

impl Writing {
    /// Takes a range, which begins where the last one ended.
    pub fn push(&mut self, context: &Arc<Context>, range: ProvenRange, beside: Beside) {
        let judged = Judged::of(&context.reader(), range, beside);
        let taken = context.room.take(judged.bytes());
        self.gathered.push_back((judged, taken));
        self.go_on(context);
    }

    /// Bytes of leaves and bodies that wait for the transaction that is under way.
    pub fn bytes(&self) -> usize {
        self.gathered.iter().map(|(_, taken)| taken.bytes).sum()
    }

    /// Whether a transaction is under way.
    pub fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Up to which size the log has become durable; pending while it hasn't.
    pub fn poll(
        &mut self,
        context: &Arc<Context>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<Result<u64, Stop>> {
        let Some(under_way) = &mut self.under_way else { return Poll::Pending };
        let done = ready!(under_way.poll_unpin(task));
        self.under_way = None;
        self.go_on(context);
        Poll::Ready(done.unwrap_or_else(|_| Err(Stop::Overtaken)))
    }

    /// Writes what has gathered, too: it is verified.
    pub async fn settle(&mut self, context: &Arc<Context>) {
        while let Some(under_way) = self.under_way.take() {
            // Whoever subscribes next begins where the log then ends, whatever became of it.
            drop(under_way.await);
            self.go_on(context);
        }
    }

    fn go_on(&mut self, context: &Arc<Context>) {
        if self.under_way.is_some() {
            return;
        }
        let (mut ranges, mut taken, mut bytes) = (Vec::new(), Vec::new(), 0);
        while bytes < TRANSACTION
            && let Some((range, its)) = self.gathered.pop_front()
        {
            bytes += its.bytes;
            ranges.push(range);
            taken.push(its);
        }
        if !ranges.is_empty() {
            let written = write(Arc::clone(context), ranges);
            self.under_way = Some(tokio::spawn(async move {
                let _until_written = taken;
                written.await
            }));
        }
    }
}

/// Writes ranges in one transaction, and then what they say of others' signatures.
async fn write(context: Arc<Context>, ranges: Vec<Judged>) -> Result<u64, Stop> {
    let (bare, ranges): (Vec<_>, Vec<_>) = ranges.into_iter().partition(Judged::is_bare);
    let mut end = bare.last().map_or(0, |judged| judged.range.end());
    if let Some(last) = ranges.last() {
        end = end.max(last.range.end());
        store(&context, ranges).await?;
    }
    for Judged { range, .. } in bare {
        if let (Some(checkpoint), Some(head)) = (range.checkpoint(), context.heads.get(&range.log())) {
            add_lines(&context, head.number, checkpoint.clone()).await?;
        }
    }
    Ok(end)
}

async fn store(context: &Arc<Context>, ranges: Vec<Judged>) -> Result<(), Stop> {
    let writer = Arc::clone(context);
    failpoint::pass("follow.verified");
    let stored = context.db.write(move |tx| {
        async move {
            let Some(first) = ranges.first() else { return Ok(None) };
            let row = match logs::find(tx, first.range.log()).await? {
                Some(row) => row,
                None => begin(tx, &writer, &first.range).await?,
            };
            if row.size != first.range.start() || row.frozen {
                return Ok(None);
            }
            let effects = ingest::store(tx, &writer.reader(), &row, ranges).await?;
            failpoint::pass("follow.stored");
            Ok::<_, Error>(Some((effects, Head::load(tx, row.number).await?)))
        }
        .boxed()
    });
    let Some((effects, head)) = stored.await? else { return Err(Stop::Overtaken) };
    failpoint::pass("follow.announce");
    if let Some(head) = head {
        context.heads.announce(head);
    }
    context.after(effects);
    failpoint::pass("follow.done");
    Ok(())
}

/// Begins to keep a log, with its first entries.
async fn begin(tx: &mut Tx, context: &Context, range: &ProvenRange) -> Result<LogRow, Error> {
    let origin = range.history().origin().to_string();
    Ok(logs::insert(tx, range.log(), &origin, false, context.env.now()).await?)
}
