//! Volunteer organisations.

use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code,
    kinds::{self, Payload},
    wire::{
        node::v1::{self as wire, organisations_server::Organisations},
        record::v1 as record,
    },
};

use super::{Api, answer, permit::Caller, reading::Reading, request};
use crate::{
    error::Error,
    publish::Draft,
    views::{Current, organisations},
};

#[tonic::async_trait]
impl Organisations for Api {
    async fn list(
        &self,
        request: Request<wire::ListOrganisationsRequest>,
    ) -> Result<Response<wire::ListOrganisationsResponse>, Status> {
        let caller = self.permit("Organisations.List", request.metadata())?;
        answer(list(self, caller, &request.into_inner()).await)
    }

    async fn get(
        &self,
        request: Request<wire::GetSubjectRequest>,
    ) -> Result<Response<wire::OrganisationView>, Status> {
        let caller = self.permit("Organisations.Get", request.metadata())?;
        answer(get(self, caller, &request.into_inner()).await)
    }

    async fn publish(
        &self,
        request: Request<wire::PublishOrganisationRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Organisations.Publish", request.metadata())?;
        answer(publish(self, caller, request.into_inner()).await)
    }
}

async fn list(
    api: &Api,
    caller: Caller,
    request: &wire::ListOrganisationsRequest,
) -> Result<wire::ListOrganisationsResponse, Error> {
    let (after, limit) = request::paging(&request.cursor, request.limit)?;
    let partner = request::partner(&request.partner)?;
    let mut reading = api.read(caller).await?;
    let page = organisations::list(&reading.tx, partner, after.as_ref(), limit).await?;
    let mut views = Vec::with_capacity(page.rows.len());
    for organisation in &page.rows {
        views.push(organisation_view(&mut reading, organisation).await?);
    }
    let next_cursor = page.next.map(|next| next.encode()).unwrap_or_default();
    Ok(wire::ListOrganisationsResponse { organisations: views, next_cursor })
}

async fn get(
    api: &Api,
    caller: Caller,
    request: &wire::GetSubjectRequest,
) -> Result<wire::OrganisationView, Error> {
    let (partner, subject) = (request::partner(&request.partner)?, request::subject(&request.subject)?);
    let mut reading = api.read(caller).await?;
    let found = organisations::get(&reading.tx, partner, subject).await?;
    let organisation = found.ok_or_else(|| Error::new(Code::NotFound).at("subject"))?;
    organisation_view(&mut reading, &organisation).await
}

async fn publish(
    api: &Api,
    caller: Caller,
    mut request: wire::PublishOrganisationRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Organisations.Publish", &mut request, |request| &mut request.idempotency_key)?;
    let organisation = request::message(request.organisation, "organisation")?;
    let draft = Draft {
        subject: request::new_or_known(&request.subject)?,
        ..Draft::public(kinds::organisation::KIND, Payload::Organisation(organisation).encode()?)
    };
    api.publish_one(caller, draft, idempotency).await
}

/// An organisation as it is shown, alone or beside a listing.
pub(super) async fn organisation_view(
    reading: &mut Reading<'_>,
    organisation: &Current<record::Organisation>,
) -> Result<wire::OrganisationView, Error> {
    Ok(wire::OrganisationView {
        subject: organisation.subject().to_vec(),
        partner: Some(reading.name(organisation.partner()).await?),
        provenance: Some(reading.provenance(&organisation.place, Some(&organisation.statement)).await?),
        source: Some(organisation.content.clone()),
    })
}
