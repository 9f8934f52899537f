//! Drafts: written by an organisation's editors, decided by its reviewers.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use prost::Message as _;
use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, Refusal, SubjectId,
    wire::{
        node::v1::{self as wire, desk_server::Desk},
        record::v1 as record,
    },
};

use super::{
    Api, answer,
    permit::{Caller, sees},
    request,
};
use crate::{
    desk::{State, Step, after, content, publish},
    error::Error,
    people::roles::{Right, Rights},
    store::{
        accounts::{self, AccountId},
        drafts::{self, DraftId, DraftRow, Filter},
    },
    views::{Viewer, listings, organisations, page, translations},
};

/// Letters of one remark, and remarks of one review.
const REMARK: usize = 2_000;
const REMARKS: usize = 100;

/// Listings whose status is set at once.
const AT_ONCE: usize = 200;

#[tonic::async_trait]
impl Desk for Api {
    async fn list(
        &self,
        request: Request<wire::ListDraftsRequest>,
    ) -> Result<Response<wire::ListDraftsResponse>, Status> {
        let caller = self.permit("Desk.List", request.metadata()).await?;
        answer(list(self, caller, &request.into_inner()).await)
    }

    async fn get(&self, request: Request<wire::GetDraftRequest>) -> Result<Response<wire::Draft>, Status> {
        let caller = self.permit("Desk.Get", request.metadata()).await?;
        answer(get(self, caller, &request.into_inner()).await)
    }

    async fn save(&self, request: Request<wire::SaveDraftRequest>) -> Result<Response<wire::Draft>, Status> {
        let caller = self.permit("Desk.Save", request.metadata()).await?;
        answer(save(self, caller, request.into_inner()).await)
    }

    async fn begin(
        &self,
        request: Request<wire::BeginDraftRequest>,
    ) -> Result<Response<wire::Draft>, Status> {
        let caller = self.permit("Desk.Begin", request.metadata()).await?;
        answer(begin(self, caller, &request.into_inner()).await)
    }

    async fn submit(&self, request: Request<wire::DraftStep>) -> Result<Response<wire::Draft>, Status> {
        let caller = self.permit("Desk.Submit", request.metadata()).await?;
        answer(submit(self, caller, &request.into_inner()).await)
    }

    async fn decide(
        &self,
        request: Request<wire::DecideDraftRequest>,
    ) -> Result<Response<wire::Draft>, Status> {
        let caller = self.permit("Desk.Decide", request.metadata()).await?;
        answer(decide(self, caller, request.into_inner()).await)
    }

    async fn publish(
        &self,
        request: Request<wire::DraftStep>,
    ) -> Result<Response<wire::PublishedDraft>, Status> {
        let caller = self.permit("Desk.Publish", request.metadata()).await?;
        answer(publish_draft(self, caller, &request.into_inner()).await)
    }

    async fn discard(
        &self,
        request: Request<wire::DraftStep>,
    ) -> Result<Response<wire::DiscardDraftResponse>, Status> {
        let caller = self.permit("Desk.Discard", request.metadata()).await?;
        answer(discard(self, caller, &request.into_inner()).await)
    }

    async fn set_status(
        &self,
        request: Request<wire::SetStatusRequest>,
    ) -> Result<Response<wire::SetStatusResponse>, Status> {
        let caller = self.permit("Desk.SetStatus", request.metadata()).await?;
        answer(set_status(self, caller, request.into_inner()).await)
    }
}

async fn list(
    api: &Api,
    caller: Caller,
    request: &wire::ListDraftsRequest,
) -> Result<wire::ListDraftsResponse, Error> {
    let limit = page::limit(request.limit)?;
    let state = match request.state.as_str() {
        "" => None,
        name => Some(
            name.parse::<State>()
                .map_err(|_| Error::new(Code::FieldInvalid).at("state").with("value", &request.state))?,
        ),
    };
    let wanted = request::optional(&request.organisation, "organisation")?;
    let filter = Filter { state, organisations: caller.reach(&api.context.db, wanted).await? };
    let mut rows = drafts::list(&api.context.db, &filter, parse_cursor(&request.cursor)?, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(cursor).unwrap_or_default();
    let mut views = Views::new(api, caller);
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        shown.push(views.draft(row).await?);
    }
    Ok(wire::ListDraftsResponse { drafts: shown, next_cursor })
}

/// `<milliseconds>-<id>`
fn cursor(row: &DraftRow) -> String {
    format!("{}-{}", row.changed_at.as_millis(), hex::encode(row.id))
}

fn parse_cursor(text: &str) -> Result<Option<(volbridge_proto::Timestamp, DraftId)>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let parts = text.split_once('-').and_then(|(at, id)| {
        let id: DraftId = hex::decode(id).ok()?.try_into().ok()?;
        Some((volbridge_proto::Timestamp::from_millis(at.parse().ok()?), id))
    });
    parts.map(Some).ok_or_else(|| Error::new(Code::FieldInvalid).at("cursor"))
}

async fn get(api: &Api, caller: Caller, request: &wire::GetDraftRequest) -> Result<wire::Draft, Error> {
    let (row, _) = load(api, caller, &request.id, sees).await?;
    Views::new(api, caller).draft(row).await
}

/// The draft, for those who may do this with it. Others learn no more than if there were none.
async fn load(
    api: &Api,
    caller: Caller,
    id: &[u8],
    may: fn(Rights) -> bool,
) -> Result<(DraftRow, Rights), Error> {
    let id = request::bytes(id, "id")?;
    let missing = || Error::new(Code::NotFound).at("id");
    let row = drafts::find(&api.context.db, id).await?.ok_or_else(missing)?;
    let rights = caller.over(&api.context.db, row.organisation).await?;
    if !sees(rights) {
        return Err(missing());
    }
    if may(rights) { Ok((row, rights)) } else { Err(Error::new(Code::PermissionDenied).at("id")) }
}

fn edits(rights: Rights) -> bool {
    rights.has(Right::Edit)
}

fn reviews(rights: Rights) -> bool {
    rights.has(Right::Review)
}

/// Whoever writes names the version that was read.
fn check_version(row: &DraftRow, version: u64) -> Result<(), Error> {
    if row.version == version { Ok(()) } else { Err(Error::new(Code::DraftChanged).at("version")) }
}

async fn update(api: &Api, row: DraftRow) -> Result<DraftRow, Error> {
    let stored = row.clone();
    let done =
        api.context.db.write(move |tx| async move { drafts::update(tx, &stored).await }.boxed()).await?;
    if done { Ok(row) } else { Err(Error::new(Code::DraftChanged).at("version")) }
}

/// A changed draft, as this caller's.
fn next(api: &Api, caller: Caller, row: DraftRow, state: State) -> DraftRow {
    DraftRow {
        version: row.version + 1,
        state,
        changed_by: caller.account(),
        changed_at: api.context.now(),
        ..row
    }
}

async fn save(api: &Api, caller: Caller, request: wire::SaveDraftRequest) -> Result<wire::Draft, Error> {
    let organisation = request::optional(&request.organisation, "organisation")?;
    if !edits(caller.over(&api.context.db, organisation).await?) {
        return Err(Error::new(Code::PermissionDenied).at("organisation"));
    }
    let mut listing = request::message(request.listing, "listing")?;
    listing.organisation = organisation.map(|subject| subject.to_vec()).unwrap_or_default();
    let content = wire::DraftContent { listing: Some(listing), translation: request.translation };
    let row = if request.id.is_empty() {
        add(api, caller, organisation, None, &content).await?
    } else {
        let (row, _) = load(api, caller, &request.id, edits).await?;
        check_version(&row, request.version)?;
        let state = after(row.state, Step::Save)?;
        let content = still_imported(content, content::decode(&row.content)?);
        let row = DraftRow { organisation, content: content.encode_to_vec(), publish_at: None, ..row };
        update(api, next(api, caller, row, state)).await?
    };
    Views::new(api, caller).draft(row).await
}

/// Whoever edits what was read in somebody's feed doesn't make it their own.
fn still_imported(mut content: wire::DraftContent, before: wire::DraftContent) -> wire::DraftContent {
    if let Some(listing) = &mut content.listing {
        let from = before.listing.and_then(|listing| listing.imported_from);
        listing.imported_from = listing.imported_from.take().or(from);
    }
    content
}

/// A listing that is published, and its content.
type Published<'a> = (SubjectId, &'a wire::DraftContent);

async fn add(
    api: &Api,
    caller: Caller,
    organisation: Option<SubjectId>,
    revises: Option<Published<'_>>,
    content: &wire::DraftContent,
) -> Result<DraftRow, Error> {
    let now = api.context.now();
    let row = DraftRow {
        id: api.context.env.bytes(),
        version: 1,
        state: State::Draft,
        organisation,
        subject: revises.map_or_else(|| api.context.env.new_public_subject(), |(subject, _)| subject),
        revises: revises.is_some(),
        content: content.encode_to_vec(),
        submitted: revises.map(|(_, published)| published.encode_to_vec()).unwrap_or_default(),
        remarks: Vec::new(),
        author: caller.account(),
        changed_by: caller.account(),
        submitted_by: None,
        decided_by: None,
        created_at: now,
        changed_at: now,
        publish_at: None,
    };
    let stored = row.clone();
    api.context.db.write(move |tx| async move { drafts::insert(tx, &stored).await }.boxed()).await?;
    Ok(row)
}

async fn begin(api: &Api, caller: Caller, request: &wire::BeginDraftRequest) -> Result<wire::Draft, Error> {
    let row = if request.draft.is_empty() {
        from_published(api, caller, request::required(&request.listing, "listing")?, request.copy).await?
    } else {
        let (row, _) = load(api, caller, &request.draft, edits).await?;
        add(api, caller, row.organisation, None, &content::decode(&row.content)?).await?
    };
    Views::new(api, caller).draft(row).await
}

/// A copy of what is published as a new listing; or the draft of its next revision, of which there is one at a time.
async fn from_published(
    api: &Api,
    caller: Caller,
    subject: SubjectId,
    copy: bool,
) -> Result<DraftRow, Error> {
    let own = api.context.own;
    let found = listings::get(&api.context.db, Viewer::Public, Some(own.id.partner), subject).await?;
    let listing = found.ok_or_else(|| Error::new(Code::NotFound).at("listing"))?.content;
    let organisation = request::optional(&listing.organisation, "organisation")?;
    if !edits(caller.over(&api.context.db, organisation).await?) {
        return Err(Error::new(Code::PermissionDenied).at("listing"));
    }
    let translated = translations::own(&api.context.db, own.number, subject).await?;
    let translation = translated.first().map(|current| content::from_record(&current.content));
    let content = wire::DraftContent { listing: Some(listing), translation };
    if copy {
        return add(api, caller, organisation, None, &content).await;
    }
    match drafts::open_of(&api.context.db, subject).await? {
        Some(open) => Ok(open),
        None => add(api, caller, organisation, Some((subject, &content)), &content).await,
    }
}

async fn submit(api: &Api, caller: Caller, step: &wire::DraftStep) -> Result<wire::Draft, Error> {
    let (row, _) = load(api, caller, &step.id, edits).await?;
    check_version(&row, step.version)?;
    let review = api.context.config.desk.review;
    let state = after(row.state, Step::Submit { review })?;
    if let Some(fault) = content::faults(&content::decode(&row.content)?).into_iter().next() {
        return Err(Error::new(Code::DraftFaulty).at(fault.field));
    }
    // Without review what stands in the way of a comparison is what is published.
    let submitted = if review { row.content.clone() } else { row.submitted.clone() };
    let row = DraftRow { submitted_by: caller.account(), submitted, remarks: Vec::new(), ..row };
    let row = update(api, next(api, caller, row, state)).await?;
    Views::new(api, caller).draft(row).await
}

async fn decide(api: &Api, caller: Caller, request: wire::DecideDraftRequest) -> Result<wire::Draft, Error> {
    let (row, rights) = load(api, caller, &request.id, reviews).await?;
    check_version(&row, request.version)?;
    let state = after(row.state, Step::Decide { approved: request.approved })?;
    // Two pairs of eyes: whoever runs the machine may lend the second.
    if request.approved
        && row.submitted_by == caller.account()
        && caller.account().is_some()
        && !rights.has(Right::Operate)
    {
        return Err(Error::new(Code::ReviewNeeded).at("id"));
    }
    let remarks = remarks(request.remarks)?;
    if !request.approved && remarks.remarks.is_empty() {
        return Err(Error::new(Code::FieldRequired).at("remarks"));
    }
    let publish_at = request::moment(request.publish_at).filter(|_| request.approved);
    let row = DraftRow { decided_by: caller.account(), remarks: remarks.encode_to_vec(), publish_at, ..row };
    let row = update(api, next(api, caller, row, state)).await?;
    Views::new(api, caller).draft(row).await
}

fn remarks(given: Vec<wire::Remark>) -> Result<wire::Remarks, Error> {
    let remarks: Vec<wire::Remark> =
        given.into_iter().filter(|remark| !remark.text.trim().is_empty()).collect();
    if remarks.len() > REMARKS {
        return Err(Error::new(Code::FieldTooMany).at("remarks").with("limit", REMARKS));
    }
    if remarks.iter().any(|remark| remark.text.chars().count() > REMARK || remark.field.len() > 128) {
        return Err(Error::new(Code::FieldTooLong).at("remarks").with("limit", REMARK));
    }
    Ok(wire::Remarks { remarks })
}

async fn publish_draft(
    api: &Api,
    caller: Caller,
    step: &wire::DraftStep,
) -> Result<wire::PublishedDraft, Error> {
    let (row, _) = load(api, caller, &step.id, sees).await?;
    check_version(&row, step.version)?;
    let (row, records) = publish::publish(&api.context, &row, caller.account()).await?;
    let translation = match &records.translation {
        Some(record) => Some(api.published(caller, record).await?),
        None => None,
    };
    Ok(wire::PublishedDraft {
        draft: Some(Views::new(api, caller).draft(row).await?),
        listing: Some(api.published(caller, &records.listing).await?),
        translation,
    })
}

async fn discard(
    api: &Api,
    caller: Caller,
    step: &wire::DraftStep,
) -> Result<wire::DiscardDraftResponse, Error> {
    let (row, _) = load(api, caller, &step.id, edits).await?;
    check_version(&row, step.version)?;
    if row.state == State::Published {
        return Err(Error::new(Code::DraftState).with("state", row.state.as_str()));
    }
    let (id, version) = (row.id, row.version);
    let done =
        api.context.db.write(move |tx| async move { drafts::remove(tx, id, version).await }.boxed()).await?;
    if done { Ok(wire::DiscardDraftResponse {}) } else { Err(Error::new(Code::DraftChanged).at("version")) }
}

async fn set_status(
    api: &Api,
    caller: Caller,
    mut request: wire::SetStatusRequest,
) -> Result<wire::SetStatusResponse, Error> {
    let status = match request.status.as_str() {
        "open" => "",
        other @ ("full" | "paused" | "closed") => other,
        other => return Err(Error::new(Code::FieldInvalid).at("status").with("value", other)),
    };
    if request.listings.len() > AT_ONCE {
        return Err(Error::new(Code::FieldTooMany).at("listings").with("limit", AT_ONCE));
    }
    let status = status.to_owned();
    let given = request::idempotency("Desk.SetStatus", &mut request, |request| &mut request.idempotency_key)?;
    let key = given.map_or_else(|| hex::encode(api.context.env.bytes::<16>()), |given| given.key);
    let mut response = wire::SetStatusResponse::default();
    for subject in request.listings {
        // One that is refused keeps none of the others.
        let done = set_one(api, caller, &subject, &status, &key).await;
        let (published, fault) = match done {
            Ok(published) => (Some(published), None),
            Err(error) if error.code.fault() == volbridge_proto::error::Fault::Internal => return Err(error),
            Err(error) => (None, Some(fault(error.code, error.field, error.params))),
        };
        response.changes.push(wire::StatusChange { listing: subject, published, fault });
    }
    Ok(response)
}

async fn set_one(
    api: &Api,
    caller: Caller,
    subject: &[u8],
    status: &str,
    key: &str,
) -> Result<wire::Published, Error> {
    let subject: SubjectId = request::required(subject, "listings")?;
    let own = Some(api.context.own.id.partner);
    let found = listings::get(&api.context.db, Viewer::Public, own, subject).await?;
    let found = found.ok_or_else(|| Error::new(Code::NotFound).at("listings"))?;
    let organisation = request::optional(&found.content.organisation, "listings")?;
    if !sees(caller.over(&api.context.db, organisation).await?) {
        return Err(Error::new(Code::PermissionDenied).at("listings"));
    }
    let record = publish::set_status(&api.context, subject, status, &format!("status/{key}")).await?;
    api.published(caller, &record).await
}

fn fault(code: Code, field: String, params: Vec<(String, String)>) -> wire::DraftFault {
    wire::DraftFault { field, code: code.as_str().to_owned(), params: params.into_iter().collect() }
}

fn fault_of(refusal: Refusal) -> wire::DraftFault {
    fault(refusal.code, refusal.field, refusal.params)
}

/// Drafts as messages; names are looked up once.
struct Views<'a> {
    api: &'a Api,
    caller: Caller,
    names: BTreeMap<AccountId, String>,
    organisations: BTreeMap<SubjectId, Vec<record::LocalText>>,
}

impl<'a> Views<'a> {
    fn new(api: &'a Api, caller: Caller) -> Self {
        Self { api, caller, names: BTreeMap::new(), organisations: BTreeMap::new() }
    }

    async fn draft(&mut self, row: DraftRow) -> Result<wire::Draft, Error> {
        let content = content::decode(&row.content)?;
        let before = match row.submitted.as_slice() {
            [] => None,
            bytes => Some(content::decode(bytes)?),
        };
        let remarks = wire::Remarks::decode(row.remarks.as_slice())
            .map_err(|error| Error::new(Code::StoreCorrupt).because(error))?;
        let rights = self.caller.over(&self.api.context.db, row.organisation).await?;
        Ok(wire::Draft {
            id: row.id.to_vec(),
            version: row.version,
            state: row.state.as_str().to_owned(),
            organisation: row.organisation.map(|subject| subject.to_vec()).unwrap_or_default(),
            organisation_names: self.organisation(row.organisation).await?,
            subject: row.subject.to_vec(),
            revises: row.revises,
            changed: before.map(|before| content::changed(&before, &content)).unwrap_or_default(),
            faults: content::faults(&content).into_iter().map(fault_of).collect(),
            listing: content.listing,
            translation: content.translation,
            remarks: remarks.remarks,
            author: self.name(row.author).await?,
            changed_by: self.name(row.changed_by).await?,
            decided_by: self.name(row.decided_by).await?,
            created_at: row.created_at.as_millis(),
            changed_at: row.changed_at.as_millis(),
            publish_at: row.publish_at.map_or(0, |at| at.as_millis()),
            review_needed: self.api.context.config.desk.review,
            may_edit: edits(rights),
            may_review: reviews(rights),
        })
    }

    async fn name(&mut self, account: Option<AccountId>) -> Result<String, Error> {
        let Some(id) = account else { return Ok(String::new()) };
        if let Some(name) = self.names.get(&id) {
            return Ok(name.clone());
        }
        let name = accounts::by_id(&self.api.context.db, id).await?.map(|row| row.name).unwrap_or_default();
        self.names.insert(id, name.clone());
        Ok(name)
    }

    async fn organisation(&mut self, subject: Option<SubjectId>) -> Result<Vec<record::LocalText>, Error> {
        let Some(subject) = subject else { return Ok(Vec::new()) };
        if let Some(names) = self.organisations.get(&subject) {
            return Ok(names.clone());
        }
        let key = (self.api.context.own.id.partner, subject);
        let found = organisations::among(&self.api.context.db, &[key]).await?;
        let names = found.get(&key).map(|found| found.content.names.clone()).unwrap_or_default();
        self.organisations.insert(subject, names.clone());
        Ok(names)
    }
}
