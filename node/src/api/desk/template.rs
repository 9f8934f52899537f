//! Named contents that drafts of listings begin with. Whoever writes for an organisation uses its templates and the whole
//! partner's; those of the whole partner are saved by who writes for it.

use futures::FutureExt as _;
use prost::Message as _;
use volbridge_proto::{Code, text, wire::node::v1 as wire};

use super::{Api, Caller, Views, add, edits, load};
use crate::{
    api::request,
    desk::content,
    error::Error,
    store::{
        drafts::DraftRow,
        templates::{self, TemplateId, TemplateRow},
    },
};

/// Letters of a name.
const NAME: usize = 120;

/// Templates that are shown.
const SHOWN: u32 = 200;

pub(super) async fn list(api: &Api, caller: Caller) -> Result<wire::ListTemplatesResponse, Error> {
    let organisations = caller.reach(&api.context.db, None).await?;
    let rows = templates::list(&api.context.db, organisations.as_deref(), SHOWN).await?;
    let mut views = Views::new(api, caller);
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        shown.push(view(&mut views, row).await?);
    }
    Ok(wire::ListTemplatesResponse { templates: shown })
}

async fn view(views: &mut Views<'_>, row: TemplateRow) -> Result<wire::Template, Error> {
    Ok(wire::Template {
        id: row.id.to_vec(),
        organisation_names: views.organisation(row.organisation).await?,
        organisation: row.organisation.map(|subject| subject.to_vec()).unwrap_or_default(),
        name: row.name,
        changed_at: row.changed_at.as_millis(),
    })
}

pub(super) async fn save(
    api: &Api,
    caller: Caller,
    request: &wire::SaveTemplateRequest,
) -> Result<wire::Template, Error> {
    let (draft, _) = load(api, caller, &request.draft, edits).await?;
    let organisation = draft.organisation.filter(|_| !request.whole);
    if !edits(caller.over(&api.context.db, organisation).await?) {
        return Err(Error::new(Code::PermissionDenied).at("whole"));
    }
    let name = request.name.trim();
    if name.is_empty() {
        return Err(Error::new(Code::FieldRequired).at("name"));
    }
    if name.chars().count() > NAME {
        return Err(Error::new(Code::FieldTooLong).at("name").with("limit", NAME));
    }
    text::check_name(name).map_err(|refusal| Error::from(refusal).at("name"))?;
    let content = content::decode(&draft.content)?;
    if content.listing.is_none() {
        return Err(Error::new(Code::FieldInvalid).at("draft"));
    }
    let row = TemplateRow {
        id: api.context.env.bytes(),
        organisation,
        name: name.to_owned(),
        content: content.encode_to_vec(),
        account: caller.account(),
        changed_at: api.context.now(),
    };
    let stored = row.clone();
    api.context.db.write(move |tx| async move { templates::save(tx, &stored).await }.boxed()).await?;
    view(&mut Views::new(api, caller), row).await
}

/// The template, for those who may write where it belongs. Others learn no more than if there were none.
async fn find(api: &Api, caller: Caller, id: &[u8], whole: bool) -> Result<TemplateRow, Error> {
    let id: TemplateId = request::bytes(id, "template")?;
    let missing = || Error::new(Code::NotFound).at("template");
    let row = templates::find(&api.context.db, id).await?.ok_or_else(missing)?;
    let open = row.organisation.is_none() && !whole;
    if open || edits(caller.over(&api.context.db, row.organisation).await?) {
        Ok(row)
    } else {
        Err(missing())
    }
}

pub(super) async fn remove(
    api: &Api,
    caller: Caller,
    request: &wire::RemoveTemplateRequest,
) -> Result<wire::RemoveTemplateResponse, Error> {
    let id = find(api, caller, &request.id, true).await?.id;
    api.context.db.write(move |tx| async move { templates::remove(tx, id).await }.boxed()).await?;
    Ok(wire::RemoveTemplateResponse {})
}

/// A new draft that begins with a template: for its organisation, else for the first that the caller writes for.
pub(super) async fn begin(api: &Api, caller: Caller, id: &[u8]) -> Result<DraftRow, Error> {
    let row = find(api, caller, id, false).await?;
    let organisation = match (row.organisation, caller.reach(&api.context.db, None).await?) {
        (Some(organisation), _) => Some(organisation),
        (None, None) => None,
        (None, Some(own)) => {
            let first = own.first().copied();
            Some(first.ok_or_else(|| Error::new(Code::PermissionDenied).at("template"))?)
        }
    };
    if !edits(caller.over(&api.context.db, organisation).await?) {
        return Err(Error::new(Code::PermissionDenied).at("template"));
    }
    let mut content = content::decode(&row.content)?;
    if let Some(listing) = content.listing.as_mut() {
        listing.organisation = organisation.map(|subject| subject.to_vec()).unwrap_or_default();
    }
    add(api, caller, organisation, None, &content).await
}
