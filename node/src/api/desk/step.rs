//! What follows after writing: a draft is handed in, decided on, published or thrown away.

use futures::FutureExt as _;
use prost::Message as _;
use volbridge_proto::{Code, wire::node::v1 as wire};

use super::{
    Api, Caller, Views, check_version, deed, edits, load, next, organisation::decides, update, works,
};
use crate::{
    api::request,
    desk::{State, Step, after, content, publish},
    error::Error,
    people::roles::{Right, Rights},
    store::{
        StoreError,
        drafts::{self, DraftRow},
        events::{self, What},
    },
};

/// Letters of one remark, and remarks of one review.
const REMARK: usize = 2_000;
const REMARKS: usize = 100;

pub(super) async fn submit(api: &Api, caller: Caller, step: &wire::DraftStep) -> Result<wire::Draft, Error> {
    let (row, _) = load(api, caller, &step.id, edits).await?;
    check_version(&row, step.version)?;
    let content = content::decode(&row.content)?;
    let review = api.context.config.desk.review || content.organisation.is_some();
    let state = after(row.state, Step::Submit { review })?;
    if let Some(fault) = content::faults(&content).into_iter().next() {
        return Err(Error::new(Code::DraftFaulty).at(fault.field));
    }
    // Without review what stands in the way of a comparison is what is published.
    let submitted = if review { row.content.clone() } else { row.submitted.clone() };
    let row = DraftRow { submitted_by: caller.account(), submitted, remarks: Vec::new(), ..row };
    let deed = deed(api, caller, &row, What::DraftSubmitted);
    let row = update(api, next(api, caller, row, state), Some(deed)).await?;
    Views::new(api, caller).draft(row).await
}

pub(super) async fn decide(
    api: &Api,
    caller: Caller,
    request: wire::DecideDraftRequest,
) -> Result<wire::Draft, Error> {
    let (row, rights) = load(api, caller, &request.id, works).await?;
    if !decides(caller, &content::decode(&row.content)?, rights) {
        return Err(Error::new(Code::PermissionDenied).at("id"));
    }
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
    let what = if request.approved { What::DraftApproved } else { What::DraftReturned };
    let deed = deed(api, caller, &row, what);
    let row = update(api, next(api, caller, row, state), Some(deed)).await?;
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

pub(super) async fn publish_draft(
    api: &Api,
    caller: Caller,
    step: &wire::DraftStep,
) -> Result<wire::PublishedDraft, Error> {
    let (row, _) = load(api, caller, &step.id, works).await?;
    let content = content::decode(&row.content)?;
    if content.organisation.is_some() && !decides(caller, &content, Rights::NONE) {
        return Err(Error::new(Code::PermissionDenied).at("id"));
    }
    check_version(&row, step.version)?;
    let (row, records) = publish::publish(&api.context, &row, caller.doer()).await?;
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

pub(super) async fn discard(
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
    let deed = deed(api, caller, &row, What::DraftDiscarded);
    let write = api.context.db.write(move |tx| {
        async move {
            let done = drafts::remove(tx, id, version).await?;
            if done {
                events::add(tx, &deed).await?;
            }
            Ok::<_, StoreError>(done)
        }
        .boxed()
    });
    let done = write.await?;
    if done { Ok(wire::DiscardDraftResponse {}) } else { Err(Error::new(Code::DraftChanged).at("version")) }
}
