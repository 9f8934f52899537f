//! How exchange goes, and what changes in the directory, as it happens.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use futures::{Stream, StreamExt as _, stream};
use tokio::sync::watch;
use tonic::{Request, Response, Status, metadata::MetadataMap};
use volbridge_proto::{
    Code, PartnerId, Timestamp,
    tlog::entry::Class,
    wire::node::v1::{self as wire, network_server::Network},
};

use super::{Api, answer, permit::Caller, reading::Reading, status};
use crate::{
    context::Context,
    error::Error,
    exchange::missing,
    store::{
        changes::{self, Change},
        entries::{self, EntryRow, State},
        logs::LogRow,
        received, refusals,
    },
};

/// Refusals in a status.
const REFUSALS: u32 = 100;

/// Changes that are read at a time.
const CHANGES: u32 = 256;

/// Between two statuses: a busy exchange changes with every entry.
const PAUSE: Duration = Duration::from_millis(200);

type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Network for Api {
    type WatchStatusStream = Messages<wire::StatusResponse>;
    type WatchChangesStream = Messages<wire::Change>;

    async fn status(
        &self,
        request: Request<wire::StatusRequest>,
    ) -> Result<Response<wire::StatusResponse>, Status> {
        let caller = self.permit("Network.Status", request.metadata()).await?;
        answer(read_status(self, caller).await)
    }

    async fn watch_status(
        &self,
        request: Request<wire::StatusRequest>,
    ) -> Result<Response<Self::WatchStatusStream>, Status> {
        let caller = self.permit("Network.WatchStatus", request.metadata()).await?;
        let states = Box::pin(watch_status(self.clone(), caller));
        Ok(Response::new(self.while_permitted("Network.WatchStatus", caller, request.metadata(), states)))
    }

    async fn watch_changes(
        &self,
        request: Request<wire::WatchChangesRequest>,
    ) -> Result<Response<Self::WatchChangesStream>, Status> {
        let caller = self.permit("Network.WatchChanges", request.metadata()).await?;
        let metadata = request.metadata().clone();
        let changes = watch_changes(self, caller, &request.into_inner()).await;
        answer(
            changes.map(|changes| self.while_permitted("Network.WatchChanges", caller, &metadata, changes)),
        )
    }

    async fn directory_version(
        &self,
        request: Request<wire::DirectoryVersionRequest>,
    ) -> Result<Response<wire::DirectoryVersionResponse>, Status> {
        self.permit("Network.DirectoryVersion", request.metadata()).await?;
        Ok(Response::new(wire::DirectoryVersionResponse { version: directory_version(self) }))
    }
}

impl Api {
    /// The stream, until the session or the token that opened it ends.
    fn while_permitted<T: Send + 'static>(
        &self,
        method: &'static str,
        caller: Caller,
        metadata: &MetadataMap,
        messages: Messages<T>,
    ) -> Messages<T> {
        if caller.account().is_none() {
            return messages;
        }
        let (api, metadata) = (self.clone(), metadata.clone());
        Box::pin(messages.take_until(Box::pin(async move { api.ended(method, metadata).await })))
    }
}

/// The last public change, how far the index has come, and whether it is whole. Changes of sealed records count for
/// neither: they are numbered between the public ones (T31).
fn directory_version(api: &Api) -> String {
    let public = |number: i64| number.div_euclid(changes::STEP);
    let (newest, search) = (*api.context.changes.borrow(), &api.context.search);
    format!("{}-{}-{}", public(newest), public(search.reached()), u8::from(search.is_building()))
}

async fn read_status(api: &Api, caller: Caller) -> Result<wire::StatusResponse, Error> {
    let mut reading = api.read(caller).await?;
    let mut peers = Vec::new();
    for (partner, peer) in api.context.status.all() {
        let (error, detail) =
            peer.error.map(|(code, detail)| (code.as_str().to_owned(), detail)).unwrap_or_default();
        peers.push(wire::PeerStatus {
            partner: Some(reading.name(partner).await?),
            endpoint: peer.endpoint,
            state: peer.state.as_str().to_owned(),
            since: peer.since.as_millis(),
            retry_at: peer.retry_at.map_or(0, Timestamp::as_millis),
            error,
            detail,
            entries: peer.entries,
            bytes: peer.bytes,
        });
    }
    let mut logs = Vec::new();
    for log in reading.all_logs().await? {
        logs.push(reading.log_status(&log).await?);
    }
    let mut refused = Vec::new();
    for (_, refusal) in refusals::newest(&reading.tx, None, REFUSALS).await? {
        refused.push(wire::Refusal {
            at: refusal.at.as_millis(),
            partner: Some(reading.name(refusal.partner).await?),
            index: refusal.index.unwrap_or_default(),
            code: refusal.code,
            field: refusal.field,
        });
    }
    Ok(wire::StatusResponse { peers, logs, refusals: refused, now: reading.now.as_millis() })
}

impl Reading<'_> {
    async fn log_status(&mut self, log: &LogRow) -> Result<wire::LogStatus, Error> {
        let counts = entries::counts(&self.tx, log.number).await?;
        let of = |state: State| {
            counts.iter().find(|(counted, _)| *counted == state).map_or(0, |(_, count)| *count)
        };
        let (absent, claimed) = (of(State::Absent), of(State::ErasedAsClaimed));
        let without_body: u64 = counts.iter().map(|(_, count)| count).sum();
        Ok(wire::LogStatus {
            partner: Some(self.name(log.id.partner).await?),
            log: Some(self.log_view(log).await?),
            known_size: log.known_size.max(log.size),
            changed_at: log.changed_at.as_millis(),
            held: log.size.saturating_sub(without_body),
            not_for_us: of(State::NotForUs),
            erased: of(State::Erased) + of(State::ErasedWithSource) + claimed,
            wanted: absent + claimed,
            refused: entries::refused(&self.tx, log.number).await?,
            // Public, and neither handed out nor accounted for.
            withheld: absent,
            missing: missing::count(&self.tx, log).await?,
            addressed: received::told(&self.tx, log.number).await?.map_or(0, |(_, nth)| nth),
        })
    }
}

/// A status at once, then one after each change, never faster than `PAUSE`.
fn watch_status(api: Api, caller: Caller) -> impl Stream<Item = Result<wire::StatusResponse, Status>> + Send {
    let heads = api.context.heads.changed();
    let peers = api.context.status.changed();
    let begin = (api, heads, peers, true);
    stream::unfold(begin, move |(api, mut heads, mut peers, first)| async move {
        if !first {
            if !pause(&api.context, PAUSE).await {
                return None;
            }
            tokio::select! {
                changed = heads.changed() => changed.ok()?,
                changed = peers.changed() => changed.ok()?,
                () = api.context.stopping() => return None,
            }
        }
        heads.mark_unchanged();
        peers.mark_unchanged();
        let answer = read_status(&api, caller).await.map_err(status);
        Some((answer, (api, heads, peers, false)))
    })
}

/// False if the node stops meanwhile.
async fn pause(context: &Context, pause: Duration) -> bool {
    tokio::time::timeout(pause, context.stopping()).await.is_err()
}

/// Changes behind a cursor, and then those that come.
struct Changes {
    api: Api,
    caller: Caller,
    after: i64,
    waiting: VecDeque<wire::Change>,
    newest: watch::Receiver<i64>,
}

async fn watch_changes(
    api: &Api,
    caller: Caller,
    request: &wire::WatchChangesRequest,
) -> Result<Messages<wire::Change>, Error> {
    let newest = api.context.changes.subscribe();
    let after = if request.cursor.is_empty() {
        changes::last(&api.context.db).await?
    } else {
        let number = request.cursor.parse().ok().filter(|number: &i64| *number >= 0);
        number.ok_or_else(|| Error::new(Code::CursorInvalid).at("cursor"))?
    };
    let changes = Changes { api: api.clone(), caller, after, waiting: VecDeque::new(), newest };
    Ok(Box::pin(stream::unfold(changes, |mut changes| async move {
        let next = changes.next().await.transpose()?;
        Some((next.map_err(status), changes))
    })))
}

impl Changes {
    /// The next change; none when the node stops.
    async fn next(&mut self) -> Result<Option<wire::Change>, Error> {
        loop {
            if let Some(change) = self.waiting.pop_front() {
                return Ok(Some(change));
            }
            self.newest.mark_unchanged();
            if self.load().await? {
                continue;
            }
            tokio::select! {
                changed = self.newest.changed() => if changed.is_err() { return Ok(None) },
                () = self.api.context.stopping() => return Ok(None),
            }
        }
    }

    /// Reads some more; false if there were none.
    async fn load(&mut self) -> Result<bool, Error> {
        let mut reading = self.api.read(self.caller).await?;
        let found = changes::since(&reading.tx, self.after, CHANGES).await?;
        let places: Vec<_> = found.iter().map(|(_, change)| (change.log, change.index)).collect();
        let entries = entries::at_places(&reading.tx, &places).await?;
        for (number, change) in &found {
            self.after = *number;
            let entry = entries.iter().find(|entry| (entry.log, entry.index) == (change.log, change.index));
            if let Some(message) = reading.change(*number, change, entry).await? {
                self.waiting.push_back(message);
            }
        }
        Ok(!found.is_empty())
    }
}

impl Reading<'_> {
    /// A change as this viewer may see it: of what is sealed, the public learns nothing.
    async fn change(
        &mut self,
        number: i64,
        change: &Change,
        entry: Option<&EntryRow>,
    ) -> Result<Option<wire::Change>, Error> {
        let leaf = entry.and_then(EntryRow::parsed);
        if leaf.is_none_or(|leaf| leaf.class != Class::Public) && !self.viewer.sees_named() {
            return Ok(None);
        }
        let partner: PartnerId = self.log(change.log).await?.row.id.partner;
        Ok(Some(wire::Change {
            cursor: number.to_string(),
            kind: change.kind.clone(),
            subject: change.subject.to_vec(),
            partner: partner.to_vec(),
            hash: leaf.map(|leaf| leaf.id.to_vec()).unwrap_or_default(),
            action: change.action.clone(),
            at: change.at.as_millis(),
        }))
    }
}
