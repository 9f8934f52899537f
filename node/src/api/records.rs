//! Any record by its id: what it says, where it stands, its proof file; taking own ones back.

use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, PartnerId, RecordId, Timestamp,
    kinds::{self, AuthorityRule, Payload},
    record::{Body, Content, ContentVerdict, Statement, content_valid, entry_valid},
    tlog::entry::{Class, Leaf},
    wire::node::v1::{self as wire, records_server::Records},
};

use super::{
    Api, answer,
    permit::Caller,
    proofs,
    provenance::{self, Said},
    reading::Reading,
    request,
};
use crate::{
    error::Error,
    ingest,
    publish::{Draft, Idempotency, PublishedRecord, Withdraw},
    store::{
        causes,
        entries::{self, EntryRow, State, Verdict},
        logs::{self, LogRow},
        recipients, revisions, signed, withdrawals,
    },
    views::{self, Place},
};

/// Within this time after a Withdrawal its holders owe their receipt: they write at most one a day.
const RECEIPT_DUE_MS: i64 = 2 * 24 * 60 * 60 * 1000;

/// Within this time the author of a record that went with its source owes its own Withdrawal (protocol section 6).
const WITHDRAWAL_DUE_MS: i64 = 7 * 24 * 60 * 60 * 1000;

#[tonic::async_trait]
impl Records for Api {
    async fn get(&self, request: Request<wire::GetRecordRequest>) -> Result<Response<wire::Record>, Status> {
        let caller = self.permit("Records.Get", request.metadata()).await?;
        answer(get(self, caller, &request.into_inner()).await)
    }

    async fn proof(
        &self,
        request: Request<wire::GetRecordRequest>,
    ) -> Result<Response<wire::ProofFile>, Status> {
        let caller = self.permit("Records.Proof", request.metadata()).await?;
        answer(proof(self, caller, &request.into_inner()).await)
    }

    async fn withdraw(
        &self,
        request: Request<wire::WithdrawRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Records.Withdraw", request.metadata()).await?;
        answer(withdraw(self, caller, request.into_inner()).await)
    }

    async fn erasures(
        &self,
        request: Request<wire::ErasuresRequest>,
    ) -> Result<Response<wire::ErasuresResponse>, Status> {
        let caller = self.permit("Records.Erasures", request.metadata()).await?;
        answer(erasures(self, caller, &request.into_inner()).await)
    }
}

async fn get(api: &Api, caller: Caller, request: &wire::GetRecordRequest) -> Result<wire::Record, Error> {
    let id = request::record(&request.hash)?;
    let mut reading = api.read(caller).await?;
    let entry = find(&reading, id).await?;
    reading.record(entry).await
}

/// The entry that counts among those with this id: the one whose body is its author's.
async fn find(reading: &Reading<'_>, id: RecordId) -> Result<EntryRow, Error> {
    let mut found = entries::find(&reading.tx, id).await?;
    // Anybody can enter another's id in a log; such a leaf has no body that fits.
    // Of what is sealed, what is held here doesn't show in the order either (T31).
    let shown = |entry: &EntryRow| reading.viewer.sees_named() || !is_named(entry);
    found.sort_by_key(|entry| {
        let (refused, held) = (entry.verdict == Verdict::NotEntryValid, entry.state == State::Held);
        (shown(entry) && refused, !(shown(entry) && held), entry.log)
    });
    let entry = found.into_iter().next().ok_or_else(|| Error::new(Code::RecordUnknown))?;
    Ok(entry.sound())
}

fn is_named(entry: &EntryRow) -> bool {
    entry.parsed().is_some_and(|leaf| leaf.class == Class::Named)
}

impl Reading<'_> {
    /// A stored entry as this viewer may see it.
    pub(super) async fn record(&mut self, entry: EntryRow) -> Result<wire::Record, Error> {
        let entry = entry.sound();
        let log = self.log(entry.log).await?;
        let leaf = entry.parsed();
        let id = leaf.map_or_else(|| RecordId::new([0; 32]), |leaf| leaf.id);
        let logged_at = signed::at(&self.tx, entry.log, entry.index).await?;
        let place = Place { log: entry.log, log_id: log.row.id, index: entry.index, id, logged_at };
        if is_named(&entry) && !self.viewer.sees_named() {
            return self.leaf_alone(&log.row, &entry, &place).await;
        }
        let (statement, refused) = self.judged(&entry, leaf, &place);
        let state = self.state(&entry, statement.as_ref()).await?;
        let source_gone = self.source_gone(&entry).await?;
        let readable = statement.as_ref().filter(|_| state != wire::RecordState::NotForUs);
        Ok(wire::Record {
            provenance: Some(self.provenance(&place, readable).await?),
            state: state.into(),
            class: leaf.map_or(0, |leaf| u32::from(leaf.class.number())),
            kind: readable.map(|statement| statement.kind.clone()).unwrap_or_default(),
            body: entry.body.unwrap_or_default(),
            json: readable.and_then(content_json).unwrap_or_default(),
            refused,
            source_gone,
        })
    }

    /// With which withdrawn source the body went.
    async fn source_gone(&mut self, entry: &EntryRow) -> Result<Option<wire::SourceGone>, Error> {
        let gone = matches!(entry.state, State::ErasedWithSource | State::ErasedAsClaimed);
        if !gone {
            return Ok(None);
        }
        let Some(cause) = causes::of_entry(&self.tx, entry.log, entry.index).await? else { return Ok(None) };
        Ok(Some(wire::SourceGone {
            source: cause.claim.source.to_vec(),
            partner: Some(self.name(cause.claim.log.partner).await?),
            claimed: cause.claimed,
            owed_by: cause.at.plus(WITHDRAWAL_DUE_MS).as_millis(),
        }))
    }

    /// A sealed record, as everybody may see it: what follows from the leaves and the public withdrawals, and the
    /// same whether this node is its author, a recipient, a carrier or none of them (T31).
    async fn leaf_alone(
        &mut self,
        log: &LogRow,
        entry: &EntryRow,
        place: &Place,
    ) -> Result<wire::Record, Error> {
        let withdrawn = ingest::is_withdrawn(&self.tx, log, entry, None).await?;
        let state = if withdrawn { wire::RecordState::Erased } else { wire::RecordState::NotForUs };
        Ok(wire::Record {
            provenance: Some(self.provenance(place, None).await?),
            state: state.into(),
            class: u32::from(Class::Named.number()),
            ..Default::default()
        })
    }

    /// What it says, as far as the viewer may read it, and why it doesn't count, if it doesn't.
    fn judged(&self, entry: &EntryRow, leaf: Option<Leaf>, place: &Place) -> (Option<Statement>, String) {
        let (Some(bytes), Some(leaf)) = (&entry.body, leaf) else { return (None, String::new()) };
        let body: Body = match entry_valid(bytes, &leaf, &place.log_id, place.index) {
            Ok(body) => body,
            Err(refusal) => return (None, refusal.to_string()),
        };
        let statement = match body.content {
            Content::Public(statement) => Some(statement),
            Content::Sealed(_) => match self.viewer {
                views::Viewer::Public => None,
                views::Viewer::Staff(key) => key.open(&body),
            },
        };
        let refused = match statement.as_ref().map(content_valid) {
            Some(ContentVerdict::Invalid(refusals)) => refusals.first().map(ToString::to_string),
            _ => None,
        };
        (statement, refused.unwrap_or_default())
    }

    async fn state(
        &self,
        entry: &EntryRow,
        statement: Option<&Statement>,
    ) -> Result<wire::RecordState, Error> {
        use wire::RecordState as S;
        match entry.state {
            State::Held => {}
            State::Absent => return Ok(S::Withheld),
            State::Erased => return Ok(S::Erased),
            State::ErasedWithSource | State::ErasedAsClaimed => return Ok(S::ErasedWithSource),
            State::NotForUs => return Ok(S::NotForUs),
            State::Unsupported => return Ok(S::Unsupported),
        }
        match entry.verdict {
            Verdict::NotEntryValid | Verdict::NotContentValid => return Ok(S::Refused),
            Verdict::UnknownKind | Verdict::NeedsNewer => return Ok(S::Unsupported),
            Verdict::Counts => {}
        }
        let Some(statement) = statement else { return Ok(S::NotForUs) };
        let revision = revisions::at(&self.tx, entry.log, entry.index).await?;
        if revision.is_some_and(|revision| !revision.current) {
            return Ok(S::Superseded);
        }
        Ok(live_or_expired(statement, self.now))
    }
}

/// The state of a record that a view shows, by the reader's clock.
pub(super) fn live_or_expired(statement: &Statement, now: Timestamp) -> wire::RecordState {
    match statement.expires_at {
        Some(at) if at <= now => wire::RecordState::Expired,
        _ => wire::RecordState::Live,
    }
}

/// The content in JSON by the wire names. People's data has its own way out, which writes the access log.
fn content_json(statement: &Statement) -> Option<String> {
    let about_people = |info: &kinds::KindInfo| info.authority != AuthorityRule::Absent;
    if kinds::of(&statement.kind).is_none_or(about_people) {
        return None;
    }
    let payload = content_valid(statement).payload()?;
    macro_rules! json {
        ($($variant:ident),*) => {
            match &payload { $(Payload::$variant(value) => serde_json::to_string(value).ok(),)* }
        };
    }
    json!(
        Agreement,
        AgreementEnd,
        Conference,
        Consent,
        Continuation,
        Disavowal,
        Endorsement,
        EndorsementEnd,
        ErasureReceipt,
        ErasureRequest,
        Handover,
        Listing,
        Material,
        NodeInfo,
        Organisation,
        PartnerDescriptor,
        Statistics,
        Translation,
        VolunteerProfile,
        Withdrawal
    )
}

async fn proof(
    api: &Api,
    caller: Caller,
    request: &wire::GetRecordRequest,
) -> Result<wire::ProofFile, Error> {
    let id = request::record(&request.hash)?;
    let reading = api.read(caller).await?;
    let entry = find(&reading, id).await?;
    let public = entry.parsed().is_some_and(|leaf| leaf.class == Class::Public);
    if !public && !reading.viewer.sees_named() {
        return Err(Error::new(Code::RecordSealed));
    }
    let body = match (entry.state, entry.body.clone()) {
        (State::Held, Some(body)) => body,
        (State::Erased | State::ErasedWithSource | State::ErasedAsClaimed, _) => {
            return Err(Error::new(Code::RecordErased));
        }
        (State::Absent, _) => return Err(Error::new(Code::RecordWithheld)),
        _ => return Err(Error::new(Code::RecordSealed)),
    };
    drop(reading);
    let file = proofs::proof(api, &entry, body).await?;
    let id = id.to_string();
    let filename = format!("volbridge-{}.tlog-proof", id.get(..16).unwrap_or_default());
    Ok(wire::ProofFile { proof: file.proof, policy: file.policy, filename })
}

async fn withdraw(
    api: &Api,
    caller: Caller,
    mut request: wire::WithdrawRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Records.Withdraw", &mut request, |request| &mut request.idempotency_key)?;
    let subject = request::new_or_known(&request.subject)?;
    let what = match (subject, request.hashes.as_slice()) {
        (Some(subject), []) => Withdraw::Subject(subject),
        (None, hashes @ [_, ..]) => {
            let ids =
                hashes.iter().map(|hash| request::required(hash, "hashes")).collect::<Result<_, _>>()?;
            Withdraw::Records(ids)
        }
        _ => return Err(Error::new(Code::FieldRequired).at("hashes")),
    };
    let reason = if request.reason.is_empty() { "withdrawn" } else { &request.reason };
    let record = api.context.withdraw(what, reason, idempotency).await?;
    api.published(caller, &record).await
}

impl Api {
    /// Publishes one record.
    pub(super) async fn enter(
        &self,
        draft: Draft,
        idempotency: Option<Idempotency>,
    ) -> Result<PublishedRecord, Error> {
        let records = self.context.publish(vec![draft], idempotency).await?;
        records.first().copied().ok_or_else(|| Error::new(Code::Internal))
    }

    /// Publishes one record and says where it stands.
    pub(super) async fn publish_one(
        &self,
        caller: Caller,
        draft: Draft,
        idempotency: Option<Idempotency>,
    ) -> Result<wire::Published, Error> {
        let record = self.enter(draft, idempotency).await?;
        self.published(caller, &record).await
    }

    /// What is said of a record that was just published.
    pub(super) async fn published(
        &self,
        caller: Caller,
        record: &PublishedRecord,
    ) -> Result<wire::Published, Error> {
        let own = self.context.own;
        let facts = self.own_log(caller).await?;
        let logged_at = signed::at(&self.context.db, own.number, record.index).await?;
        let place = Place { log: own.number, log_id: own.id, index: record.index, id: record.id, logged_at };
        let said = Said { revision: record.revision, issued_at: record.issued_at };
        let fresh = provenance::is_fresh(&self.context, &facts.row);
        let provenance = facts.provenance(&place, said, fresh);
        Ok(wire::Published { provenance: Some(provenance), subject: record.subject.to_vec() })
    }
}

async fn erasures(
    api: &Api,
    caller: Caller,
    request: &wire::ErasuresRequest,
) -> Result<wire::ErasuresResponse, Error> {
    let id = request::record(&request.hash)?;
    let mut reading = api.read(caller).await?;
    let entry = find(&reading, id).await?;
    let log = logs::load(&reading.tx, entry.log).await?;
    let named = entry.parsed().is_some_and(|leaf| leaf.class == Class::Named);
    if named && !reading.viewer.sees_named() {
        return Err(Error::new(Code::RecordUnknown));
    }
    // Asked by a Withdrawal: that one; by what it names: the one that takes it back, which may stand in a later epoch.
    let withdrawn = ingest::withdrawn_by(&reading.tx, &log, &entry, None).await?;
    let (by_log, by) = withdrawn.unwrap_or((log.id, entry.index));
    let log = logs::find(&reading.tx, by_log).await?.unwrap_or(log);
    let said = entries::at(&reading.tx, log.number, by).await?;
    let issued_at = said.and_then(|said| {
        let body = Body::parse(said.sound_body()?, &log.id).ok()?;
        body.statement().map(|statement| statement.issued_at)
    });
    let due_at = issued_at.unwrap_or(reading.now).plus(RECEIPT_DUE_MS);
    let receipts = withdrawals::receipts(&reading.tx, log.id).await?;
    let mut erasures = Vec::new();
    for holder in holders(&reading, &entry, named, log.id.partner).await? {
        let receipt = receipts.iter().find(|receipt| receipt.holder == holder && receipt.size > by);
        erasures.push(wire::Erasure {
            partner: Some(reading.name(holder).await?),
            erased: receipt.is_some(),
            erased_at: receipt.map_or(0, |receipt| receipt.erased_at.as_millis()),
            due_at: due_at.as_millis(),
            overdue: receipt.is_none() && due_at < reading.now,
        });
    }
    Ok(wire::ErasuresResponse { erasures })
}

/// Who may hold the record: of public ones every known partner, of named ones their recipients; never the author.
async fn holders(
    reading: &Reading<'_>,
    entry: &EntryRow,
    named: bool,
    author: PartnerId,
) -> Result<Vec<PartnerId>, Error> {
    let partners: Vec<PartnerId> = if named {
        let recipients = recipients::of_entry(&reading.tx, entry.log, entry.index).await?;
        let mut partners: Vec<PartnerId> =
            recipients.into_iter().map(|recipient| recipient.partner).collect();
        // Who carries for a recipient may have held the sealed bytes.
        for recipient in partners.clone() {
            let info = views::partners::node_info(&reading.tx, &recipient).await?;
            let carriers = info.map(|info| info.carriers).unwrap_or_default();
            partners
                .extend(carriers.iter().filter_map(|carrier| PartnerId::try_from(carrier.as_slice()).ok()));
        }
        partners.sort_unstable();
        partners.dedup();
        partners
    } else {
        views::partners::list(&reading.tx).await?.iter().map(|partner| partner.partner()).collect()
    };
    Ok(partners.into_iter().filter(|partner| *partner != author).collect())
}
