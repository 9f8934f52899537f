//! Published listings are opened, paused and closed, many at once.

use volbridge_proto::{Code, SubjectId, error::Fault, wire::node::v1 as wire};

use super::{Api, Caller, view::fault, works};
use crate::{
    api::request,
    desk::publish,
    error::Error,
    views::{Viewer, listings},
};

/// Listings whose status is set at once.
const AT_ONCE: usize = 200;

pub(super) async fn set_status(
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
            Err(error) if error.code.fault() == Fault::Internal => return Err(error),
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
    if !works(caller.over(&api.context.db, organisation).await?) {
        return Err(Error::new(Code::PermissionDenied).at("listings"));
    }
    let record = publish::set_status(&api.context, subject, status, &format!("status/{key}")).await?;
    api.published(caller, &record).await
}
