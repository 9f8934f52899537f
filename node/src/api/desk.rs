//! Drafts: written by an organisation's editors, decided by its reviewers. Here is who sees and writes them; the steps
//! that follow, the status of published ones and drafts as messages have a file each.

mod organisation;
mod status;
mod step;
mod template;
mod view;

use futures::FutureExt as _;
use prost::Message as _;
use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, SubjectId,
    wire::node::v1::{self as wire, desk_server::Desk},
};

use self::{
    status::set_status,
    step::{decide, discard, publish_draft, submit},
    view::Views,
};

use super::{
    Api, answer,
    permit::{Caller, sees, works},
    request,
};
use crate::{
    desk::{State, Step, after, content},
    error::Error,
    people::roles::{Right, Rights},
    store::{
        StoreError,
        drafts::{self, DraftId, DraftRow, Filter},
        events::{self, Deed, What},
    },
    views::{Viewer, listings, page, translations},
};

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

    async fn list_templates(
        &self,
        request: Request<wire::ListTemplatesRequest>,
    ) -> Result<Response<wire::ListTemplatesResponse>, Status> {
        let caller = self.permit("Desk.ListTemplates", request.metadata()).await?;
        answer(template::list(self, caller).await)
    }

    async fn save_template(
        &self,
        request: Request<wire::SaveTemplateRequest>,
    ) -> Result<Response<wire::Template>, Status> {
        let caller = self.permit("Desk.SaveTemplate", request.metadata()).await?;
        answer(template::save(self, caller, &request.into_inner()).await)
    }

    async fn remove_template(
        &self,
        request: Request<wire::RemoveTemplateRequest>,
    ) -> Result<Response<wire::RemoveTemplateResponse>, Status> {
        let caller = self.permit("Desk.RemoveTemplate", request.metadata()).await?;
        answer(template::remove(self, caller, &request.into_inner()).await)
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

/// Whoever writes names the version that was read.
fn check_version(row: &DraftRow, version: u64) -> Result<(), Error> {
    if row.version == version { Ok(()) } else { Err(Error::new(Code::DraftChanged).at("version")) }
}

async fn update(api: &Api, row: DraftRow, deed: Option<Deed>) -> Result<DraftRow, Error> {
    let stored = row.clone();
    let write = api.context.db.write(move |tx| {
        async move {
            let done = drafts::update(tx, &stored).await?;
            if let Some(deed) = deed.filter(|_| done) {
                events::add(tx, &deed).await?;
            }
            Ok::<_, StoreError>(done)
        }
        .boxed()
    });
    let done = write.await?;
    if done { Ok(row) } else { Err(Error::new(Code::DraftChanged).at("version")) }
}

/// What this caller does with a draft, for the log of what accounts did.
fn deed(api: &Api, caller: Caller, row: &DraftRow, what: What) -> Deed {
    Deed::new(api.context.env.now(), caller.doer(), what).about(row.author).with(row.subject.to_string())
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

async fn save(api: &Api, caller: Caller, mut request: wire::SaveDraftRequest) -> Result<wire::Draft, Error> {
    if let Some(given) = request.record_of_organisation.take() {
        let row = organisation::save(api, caller, &request, given).await?;
        return Views::new(api, caller).draft(row).await;
    }
    let organisation = request::optional(&request.organisation, "organisation")?;
    if !edits(caller.over(&api.context.db, organisation).await?) {
        return Err(Error::new(Code::PermissionDenied).at("organisation"));
    }
    let mut listing = request::message(request.listing, "listing")?;
    listing.organisation = organisation.map(|subject| subject.to_vec()).unwrap_or_default();
    let content =
        wire::DraftContent { listing: Some(listing), translation: request.translation, organisation: None };
    let row = if request.id.is_empty() {
        add(api, caller, organisation, None, &content).await?
    } else {
        let (row, _) = load(api, caller, &request.id, edits).await?;
        check_version(&row, request.version)?;
        refuse_organisation(&content::decode(&row.content)?)?;
        let state = after(row.state, Step::Save)?;
        let content = still_imported(content, content::decode(&row.content)?);
        let row = DraftRow { organisation, content: content.encode_to_vec(), publish_at: None, ..row };
        update(api, next(api, caller, row, state), None).await?
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
    let row = if !request.template.is_empty() {
        template::begin(api, caller, &request.template).await?
    } else if !request.organisation.is_empty() {
        organisation::begin(api, caller, request::required(&request.organisation, "organisation")?).await?
    } else if request.draft.is_empty() {
        from_published(api, caller, request::required(&request.listing, "listing")?, request.copy).await?
    } else {
        let (row, _) = load(api, caller, &request.draft, edits).await?;
        let content = content::decode(&row.content)?;
        refuse_organisation(&content)?;
        add(api, caller, row.organisation, None, &content).await?
    };
    Views::new(api, caller).draft(row).await
}

/// What is done with drafts of listings alone.
fn refuse_organisation(content: &wire::DraftContent) -> Result<(), Error> {
    if content.organisation.is_some() { Err(Error::new(Code::FieldMismatch).at("draft")) } else { Ok(()) }
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
    let content = wire::DraftContent { listing: Some(listing), translation, organisation: None };
    if copy {
        return add(api, caller, organisation, None, &content).await;
    }
    match drafts::open_of(&api.context.db, subject).await? {
        Some(open) => Ok(open),
        None => add(api, caller, organisation, Some((subject, &content)), &content).await,
    }
}
