//! Conferences with their documents.

use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, PartnerId,
    kinds::{self, Payload},
    wire::{
        node::v1::{self as wire, conferences_server::Conferences},
        record::v1 as record,
    },
};

use super::{Api, answer, materials::material_view, permit::Caller, reading::Reading, request};
use crate::{
    error::Error,
    publish::Draft,
    views::{Current, conferences, materials, page},
};

#[tonic::async_trait]
impl Conferences for Api {
    async fn list(
        &self,
        request: Request<wire::ListConferencesRequest>,
    ) -> Result<Response<wire::ListConferencesResponse>, Status> {
        let caller = self.permit("Conferences.List", request.metadata()).await?;
        answer(list(self, caller, &request.into_inner()).await)
    }

    async fn get(
        &self,
        request: Request<wire::GetSubjectRequest>,
    ) -> Result<Response<wire::ConferenceView>, Status> {
        let caller = self.permit("Conferences.Get", request.metadata()).await?;
        answer(get(self, caller, &request.into_inner()).await)
    }

    async fn publish(
        &self,
        request: Request<wire::PublishConferenceRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Conferences.Publish", request.metadata()).await?;
        answer(publish(self, caller, request.into_inner()).await)
    }
}

async fn list(
    api: &Api,
    caller: Caller,
    request: &wire::ListConferencesRequest,
) -> Result<wire::ListConferencesResponse, Error> {
    let (after, limit) = request::paging(&request.cursor, request.limit)?;
    let partner = request::partner(&request.partner)?;
    let mut reading = api.read(caller).await?;
    let page = conferences::list(&reading.tx, reading.viewer, partner, after.as_ref(), limit).await?;
    let mut views = Vec::with_capacity(page.rows.len());
    for conference in page.rows {
        views.push(conference_view(&mut reading, conference).await?);
    }
    let next_cursor = page.next.map(|next| next.encode()).unwrap_or_default();
    Ok(wire::ListConferencesResponse { conferences: views, next_cursor })
}

async fn get(
    api: &Api,
    caller: Caller,
    request: &wire::GetSubjectRequest,
) -> Result<wire::ConferenceView, Error> {
    let (partner, subject) = (request::partner(&request.partner)?, request::subject(&request.subject)?);
    let mut reading = api.read(caller).await?;
    let found = conferences::get(&reading.tx, reading.viewer, partner, subject).await?;
    let conference = found.ok_or_else(|| Error::new(Code::NotFound).at("subject"))?;
    let partner = conference.partner();
    let mut view = conference_view(&mut reading, conference).await?;
    // The first hundred; the rest by Materials.List.
    let found =
        materials::list(&reading.tx, reading.viewer, Some(partner), Some(subject), None, page::LARGEST)
            .await?;
    for material in found.rows {
        view.materials.push(material_view(&mut reading, material).await?);
    }
    Ok(view)
}

async fn publish(
    api: &Api,
    caller: Caller,
    mut request: wire::PublishConferenceRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Conferences.Publish", &mut request, |request| &mut request.idempotency_key)?;
    let conference = request::message(request.conference, "conference")?;
    let draft = Draft {
        subject: request::new_or_known(&request.subject)?,
        ..Draft::public(kinds::conference::KIND, Payload::Conference(conference).encode()?)
    };
    api.publish_one(caller, draft, idempotency).await
}

async fn conference_view(
    reading: &mut Reading<'_>,
    conference: Current<record::Conference>,
) -> Result<wire::ConferenceView, Error> {
    let mut organisers = Vec::new();
    for organiser in &conference.content.organisers {
        if let Ok(partner) = PartnerId::try_from(organiser.as_slice()) {
            organisers.push(reading.name(partner).await?);
        }
    }
    Ok(wire::ConferenceView {
        subject: conference.subject().to_vec(),
        partner: Some(reading.name(conference.partner()).await?),
        provenance: Some(reading.provenance(&conference.place, Some(&conference.statement)).await?),
        source: Some(conference.content),
        materials: Vec::new(),
        organisers,
    })
}
