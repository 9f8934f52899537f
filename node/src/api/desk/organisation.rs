//! Drafts of organisations: an organisation's own administrators write them, or those of the one above it; the partner's
//! reviewers decide, whatever is demanded of listings, because the partner vouches for what is published.

use prost::Message as _;
use volbridge_proto::{
    Code, SubjectId,
    wire::{node::v1 as wire, record::v1 as record},
};

use super::{Api, Caller, add, check_version, load, next, update};
use crate::{
    api::request,
    desk::{Step, after, check, content, handover::refuse_moved},
    error::Error,
    people::roles::{Right, Rights},
    store::drafts::{self, DraftRow},
};

fn administers(rights: Rights) -> bool {
    rights.has(Right::Administer)
}

/// Whether this caller decides on a draft with this content and publishes it; `rights` are those over its organisation.
pub(super) fn decides(caller: Caller, content: &wire::DraftContent, rights: Rights) -> bool {
    match content.organisation {
        Some(_) => caller.has(Right::Review),
        None => rights.has(Right::Review),
    }
}

/// Stores a draft. What its partner decides isn't the writer's: the check, and what stands above it.
pub(super) async fn save(
    api: &Api,
    caller: Caller,
    request: &wire::SaveDraftRequest,
    given: record::Organisation,
) -> Result<DraftRow, Error> {
    if request.id.is_empty() {
        let above = request::optional(&request.organisation, "organisation")?;
        if !administers(caller.over(&api.context.db, above).await?) {
            return Err(Error::new(Code::PermissionDenied).at("organisation"));
        }
        let parent = above.map(|subject: SubjectId| subject.to_vec()).unwrap_or_default();
        let organisation = record::Organisation { parent, checked: None, ..given };
        return add(api, caller, above, None, &of(organisation)).await;
    }
    let (row, _) = load(api, caller, &request.id, administers).await?;
    check_version(&row, request.version)?;
    let stored = content::decode(&row.content)?.organisation;
    let stored = stored.ok_or_else(|| Error::new(Code::FieldMismatch).at("id"))?;
    let organisation = record::Organisation { parent: stored.parent, checked: stored.checked, ..given };
    let state = after(row.state, Step::Save)?;
    let row = DraftRow { content: of(organisation).encode_to_vec(), publish_at: None, ..row };
    update(api, next(api, caller, row, state), None).await
}

/// The draft of a published organisation's next revision, of which there is one at a time.
pub(super) async fn begin(api: &Api, caller: Caller, subject: SubjectId) -> Result<DraftRow, Error> {
    if !administers(caller.over(&api.context.db, Some(subject)).await?) {
        return Err(Error::new(Code::PermissionDenied).at("organisation"));
    }
    refuse_moved(&api.context, Some(subject)).await?;
    let found = check::organisation(&api.context, subject).await?;
    let content = of(found.content);
    match drafts::open_of(&api.context.db, subject).await? {
        Some(open) => Ok(open),
        None => add(api, caller, Some(subject), Some((subject, &content)), &content).await,
    }
}

fn of(organisation: record::Organisation) -> wire::DraftContent {
    wire::DraftContent { organisation: Some(organisation), ..wire::DraftContent::default() }
}
