//! What every part of a running node shares.

use std::{
    collections::BTreeSet,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::FutureExt as _;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use volbridge_proto::{
    LogId, PartnerId, Refusal, Timestamp,
    exchange::freshness::Freshness,
    identity::{introduction, rotation::KeyHistory},
    record::{Body, Statement},
    seal,
    tlog::note::VerifierKey,
    wire::record::v1 as record,
};

use crate::{
    blobs::{self, BlobStore},
    config::Config,
    env::Env,
    error::Error,
    exchange::{
        claims::Claims,
        quota::{Allowance, Quotas},
        room::Room,
        wanted::UnderWay,
    },
    failpoint,
    heads::Heads,
    histories::Histories,
    ingest::{Effects, Reader},
    keys::NodeKeys,
    mail::{Mailer, address::AddressKeys},
    metrics,
    people::{People, oidc::Provider},
    publish::{Publisher, Withdraw},
    search::Search,
    status::StatusBoard,
    steady::Steady,
    store::{
        Db, Query, StoreError,
        entries::EntryRow,
        logs::{self, LogNumber, LogRow},
        peers,
    },
    tls::{Dialer, Pins},
    views,
};

/// How long calls that are under way may take to end when the node stops.
const GRACE: Duration = Duration::from_secs(5);

/// This node's present log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// Its number in the database.
    pub number: LogNumber,
    /// Whose, which epoch.
    pub id: LogId,
}

/// A running node's parts.
pub struct Context {
    /// How it was configured.
    pub config: Config,
    /// Where everything is stored.
    pub db: Db,
    /// Time and randomness.
    pub env: Env,
    steady: Steady,
    /// Secret keys.
    pub keys: NodeKeys,
    /// The own log.
    pub own: Own,
    /// Bytes of materials.
    pub blobs: BlobStore,
    /// The newest durable checkpoints.
    pub heads: Heads,
    /// How exchange with peers goes.
    pub status: StatusBoard,
    /// Whose TLS keys are accepted.
    pub pins: Arc<Pins>,
    /// Calls them.
    pub dialer: Dialer,
    /// Finds listings.
    pub search: Search,
    /// Who signs in.
    pub people: People,
    /// Sends mail.
    pub mailer: Mailer,
    /// Seals addresses.
    pub addresses: AddressKeys,
    /// The number of the newest change of the directory.
    pub changes: watch::Sender<i64>,
    /// Wakes who checks and publishes files.
    pub imports: watch::Sender<u64>,
    /// Wakes who writes receipts, who dials.
    pub(crate) receipts_due: Notify,
    pub(crate) peers_changed: watch::Sender<u64>,
    pub(crate) quotas: Quotas,
    pub(crate) room: Arc<Room>,
    /// Through whom each log is followed.
    pub claims: Claims,
    pub(crate) under_way: Arc<UnderWay>,
    pub(crate) publisher: Publisher,
    /// Files or pages of what was erased may still be there: upkeep tries again.
    pub(crate) erase_again: AtomicBool,
    cosigned: Mutex<Instant>,
    /// How many times somebody wanted the partners read again, and of which of these wishes they have been.
    reload_wishes: AtomicU64,
    reloaded: tokio::sync::Mutex<u64>,
    admitted: RwLock<BTreeSet<PartnerId>>,
    carried: RwLock<Arc<[PartnerId]>>,
    histories: Histories,
    tasks: TaskTracker,
    stop: CancellationToken,
    cut_off: CancellationToken,
}

/// What `Context::new` can't make itself.
pub(crate) struct Parts {
    pub config: Config,
    pub db: Db,
    pub env: Env,
    pub keys: NodeKeys,
    pub own: Own,
    pub blobs: BlobStore,
    pub heads: Heads,
    pub pins: Arc<Pins>,
    pub dialer: Dialer,
    pub publisher: Publisher,
    pub mailer: Mailer,
    pub oidc: Option<Provider>,
    pub newest_change: i64,
}

impl Context {
    pub(crate) fn new(parts: Parts) -> Self {
        let exchange = &parts.config.exchange;
        let people = People::new(&parts.config.gateway.public_url, &parts.config.node.name, parts.oidc);
        let addresses = AddressKeys::derive(&parts.keys.sealing);
        let quotas = Quotas::new(Allowance { entries: exchange.day_entries, bytes: exchange.day_bytes });
        Self {
            config: parts.config,
            db: parts.db,
            steady: Steady::new(parts.env.now(), parts.env.elapsed()),
            env: parts.env,
            keys: parts.keys,
            own: parts.own,
            blobs: parts.blobs,
            heads: parts.heads,
            status: StatusBoard::default(),
            pins: parts.pins,
            dialer: parts.dialer,
            claims: Claims::default(),
            quotas,
            room: Arc::default(),
            under_way: Arc::default(),
            search: Search::default(),
            people,
            mailer: parts.mailer,
            addresses,
            changes: watch::Sender::new(parts.newest_change),
            imports: watch::Sender::new(0),
            receipts_due: Notify::new(),
            peers_changed: watch::Sender::new(0),
            publisher: parts.publisher,
            erase_again: AtomicBool::new(false),
            cosigned: Mutex::new(Instant::now()),
            reload_wishes: AtomicU64::new(0),
            reloaded: tokio::sync::Mutex::default(),
            admitted: RwLock::default(),
            carried: RwLock::default(),
            histories: Histories::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            cut_off: CancellationToken::new(),
        }
    }

    /// The time by which something ends or is judged: one jump of the system's clock doesn't move it. What is said of when
    /// something was done takes the system's, `env.now()`.
    pub fn now(&self) -> Timestamp {
        self.steady.now(self.env.now(), self.env.elapsed())
    }

    /// How fresh a log is that was signed then, by either clock: the one may be wrong, and the other may not have believed
    /// yet that it is right.
    pub(crate) fn freshness(&self, signed_at: Option<Timestamp>) -> Freshness {
        Freshness::of(signed_at, self.env.now()).max(Freshness::of(signed_at, self.now()))
    }

    /// Runs a task that shutdown waits for.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Resolves when the node is told to stop.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Cancelled then; for whom can't borrow.
    pub(crate) fn stop_signal(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Whether it was.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Resolves when what hasn't ended by itself is cut off.
    pub(crate) async fn cut_off(&self) {
        self.cut_off.cancelled().await;
    }

    /// Tells all tasks to stop and waits for them. Who doesn't let its connection end is cut off after a while.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(GRACE, self.tasks.wait()).await.is_err() {
            tracing::warn!("connections that did not end were cut");
            self.pins.set([]);
            self.cut_off.cancel();
            self.tasks.wait().await;
        }
    }

    /// Whether the own log's ML-DSA-44 line is due again; who asks and is told yes makes it.
    pub(crate) fn cosign_due(&self) -> bool {
        let mut last = self.cosigned.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.elapsed() >= self.config.log.checkpoint_interval();
        if due {
            *last = Instant::now();
        }
        due
    }

    /// The size of the own log.
    pub fn own_size(&self) -> Option<u64> {
        self.heads.get(&self.own.id).map(|head| head.size)
    }

    /// Who reads named records here.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            partner: self.own.id.partner,
            own_log: self.own.number,
            sealing: &self.keys.sealing,
            now: self.now(),
        }
    }

    /// Whether a partner is admitted and not suspended.
    pub fn admits(&self, partner: &PartnerId) -> bool {
        self.admitted.read().unwrap_or_else(PoisonError::into_inner).contains(partner)
    }

    /// Partners that are admitted and not suspended.
    pub fn admitted(&self) -> BTreeSet<PartnerId> {
        self.admitted.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those of them that name this node as their carrier.
    pub fn carried(&self) -> Arc<[PartnerId]> {
        Arc::clone(&self.carried.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads who is admitted, which TLS keys they have, and for whom this node carries, from the database.
    pub async fn reload_peers(&self) -> Result<(), Error> {
        // One after the other: what was read earlier must not replace what was read later, or somebody who was just
        // admitted stays out and somebody who was suspended stays in.
        let wish = self.reload_wishes.fetch_add(1, Ordering::AcqRel) + 1;
        let mut reloaded = self.reloaded.lock().await;
        if *reloaded >= wish {
            // Begun after this was wanted: of a hundred partners whose keys come at once, most needn't be read again.
            return Ok(());
        }
        let wishes = self.reload_wishes.load(Ordering::Acquire);
        let rows: Vec<_> = peers::all(&self.db).await?.into_iter().filter(|peer| !peer.suspended).collect();
        let partners: Vec<PartnerId> = rows.iter().map(|peer| peer.partner).collect();
        let mut descriptors = views::partners::among(&self.db, &partners).await?;
        let infos = views::partners::node_infos(&self.db).await?;
        let (mut admitted, mut carried) = (BTreeSet::new(), Vec::new());
        let mut pins = Vec::new();
        for peer in rows {
            admitted.insert(peer.partner);
            let me = self.own.id.partner;
            let carriers = infos.get(&peer.partner).map(|info| info.carriers.as_slice()).unwrap_or_default();
            if carriers.iter().any(|carrier| carrier == me.as_bytes()) {
                carried.push(peer.partner);
            }
            let known = descriptors.remove(&peer.partner);
            pins.extend(pins_of(&peer, known)?.into_iter().map(|pin| (pin, peer.partner)));
        }
        self.pins.set(pins);
        self.dialer.share_among(admitted.len());
        *self.admitted.write().unwrap_or_else(PoisonError::into_inner) = admitted;
        *self.carried.write().unwrap_or_else(PoisonError::into_inner) = carried.into();
        self.peers_changed.send_modify(|version| *version += 1);
        *reloaded = wishes;
        Ok(())
    }

    /// The keys of a stored log, by size.
    pub async fn key_history(&self, query: &impl Query, log: &LogRow) -> Result<Arc<KeyHistory>, Error> {
        let (turn, known) = self.histories.get(&log.id);
        match known {
            Some((size, history)) if size >= log.size => return Ok(history),
            Some((size, history))
                if !views::partners::has_descriptor_from(query, log.number, size).await? =>
            {
                self.histories.keep(turn, log.id, log.size, &history);
                return Ok(history);
            }
            _ => {}
        }
        let mut earlier: Option<KeyHistory> = None;
        for row in logs::of_partner(query, log.id.partner).await? {
            if row.id.epoch > log.id.epoch {
                break;
            }
            let bodies = views::partners::descriptors_of_log(query, row.number).await?;
            let bodies = bodies.iter().map(|(index, body)| (*index, body.as_slice()));
            let corrupt = |refusal: Refusal| StoreError::corrupt("descriptor", row.number, refusal);
            earlier = Some(KeyHistory::restore(earlier.as_ref(), row.id.epoch, bodies).map_err(corrupt)?);
        }
        let history =
            earlier.ok_or_else(|| StoreError::corrupt("descriptor", log.number, "the log has none"))?;
        let history = Arc::new(history);
        self.histories.keep(turn, log.id, log.size, &history);
        Ok(history)
    }

    /// Keys of the lines that a log's checkpoint of a size may carry: the log's own first, then every known partner's.
    pub async fn line_keys(
        &self,
        query: &impl Query,
        log: &LogRow,
        size: u64,
        history: &KeyHistory,
    ) -> Result<Vec<VerifierKey>, Error> {
        let signers = history.signers_at(size);
        let mut keys: Vec<VerifierKey> = signers.iter().map(|keys| keys.note.clone()).collect();
        keys.extend(signers.iter().map(|keys| keys.mldsa44.clone()));
        for other in logs::all(query).await? {
            if other.id.partner != log.id.partner && other.size > 0 {
                keys.extend(self.key_history(query, &other).await?.cosigners()?);
            }
        }
        Ok(keys)
    }

    /// Opens a stored entry of the own log; none if it was erased.
    pub fn own_statement(&self, row: &EntryRow) -> Result<Option<Statement>, Error> {
        if row.body.is_none() {
            return Ok(None);
        }
        let damaged = || StoreError::corrupt("entry", row.key(), "the body doesn't hash to the leaf");
        let bytes = row.sound_body().ok_or_else(damaged)?;
        let corrupt = |refusal: Refusal| StoreError::corrupt("entry", row.key(), refusal);
        let body = Body::parse(bytes, &self.own.id).map_err(corrupt)?;
        if let Some(statement) = body.statement() {
            return Ok(Some(statement.clone()));
        }
        let opened = seal::open(&body, self.own.id.partner, &self.keys.sealing).map_err(corrupt)?;
        Ok(Some(opened.statement))
    }

    /// Does what a transaction left to do, without making anybody wait.
    pub(crate) fn after(self: &Arc<Self>, effects: Effects) {
        if let Some(number) = effects.changed {
            self.changes.send_if_modified(|newest| {
                let newer = *newest < number;
                *newest = number.max(*newest);
                newer
            });
        }
        if !effects.partners.is_empty() {
            self.histories.forget(&effects.partners);
        }
        if !effects.partners.is_empty()
            || effects.erased
            || !effects.owed.is_empty()
            || !effects.blobs_dropped.is_empty()
        {
            let context = Arc::clone(self);
            self.spawn(async move { context.carry_out(effects).await }.boxed());
        }
    }

    /// Makes what was erased unreadable in the files of the database and of the search index.
    pub(crate) async fn leave_nothing(&self) -> Result<(), Error> {
        self.db.erase_hard().await?;
        self.search.purge().await
    }

    async fn carry_out(self: Arc<Self>, effects: Effects) {
        let failed = |what: &str, error: &dyn std::fmt::Display| tracing::error!(%error, "{what}");
        failpoint::pass("erase.begin");
        for blob in &effects.blobs_dropped {
            if let Err(error) = blobs::delete_unnamed(&self.blobs, &self.db, blob.hash).await {
                failed("a blob could not be deleted, it is tried again", &error);
                self.erase_again.store(true, Ordering::Release);
            }
        }
        failpoint::pass("erase.blobs");
        if effects.erased {
            metrics::erased();
            match self.leave_nothing().await {
                // A receipt says that nothing is left: not before that is so.
                Ok(()) => self.receipts_due.notify_one(),
                Err(error) => {
                    failed("erased bytes may still be in the files on disk, it is tried again", &error);
                    self.erase_again.store(true, Ordering::Release);
                }
            }
            failpoint::pass("erase.hard");
        }
        if !effects.owed.is_empty() {
            failpoint::pass("erase.owed");
        }
        if !effects.owed.is_empty()
            && let Err(error) = self.withdraw(Withdraw::Records(effects.owed), "withdrawn", None).await
        {
            failed("records whose source was withdrawn could not be withdrawn", &error);
        }
        if !effects.partners.is_empty()
            && let Err(error) = self.reload_peers().await
        {
            failed("the partners' keys could not be read again", &error);
        }
    }
}

/// The TLS keys of a peer: of its newest descriptor, or of the one that the operator brought.
fn pins_of(peer: &peers::PeerRow, known: Option<record::PartnerDescriptor>) -> Result<Vec<[u8; 32]>, Error> {
    let tls = match (known.and_then(|descriptor| descriptor.keys), &peer.descriptor) {
        (Some(keys), _) => keys.tls,
        (None, Some(body)) => {
            introduction::read(body)?.newest().keys().tls.iter().map(|pin| pin.to_vec()).collect()
        }
        (None, None) => Vec::new(),
    };
    Ok(tls.iter().filter_map(|pin| <[u8; 32]>::try_from(pin.as_slice()).ok()).collect())
}
