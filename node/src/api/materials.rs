//! Documents of conferences.

use tonic::{Request, Response, Status};
use volbridge_proto::{
    BlobHash, Code,
    kinds::{self, Payload},
    wire::{
        node::v1::{self as wire, materials_server::Materials},
        record::v1 as record,
    },
};

use super::{Api, answer, permit::Caller, reading::Reading, request};
use crate::{
    error::Error,
    publish::Draft,
    store::blobs,
    views::{Current, materials},
};

#[tonic::async_trait]
impl Materials for Api {
    async fn get(
        &self,
        request: Request<wire::GetSubjectRequest>,
    ) -> Result<Response<wire::MaterialView>, Status> {
        let caller = self.permit("Materials.Get", request.metadata()).await?;
        answer(get(self, caller, &request.into_inner()).await)
    }

    async fn list(
        &self,
        request: Request<wire::ListMaterialsRequest>,
    ) -> Result<Response<wire::ListMaterialsResponse>, Status> {
        let caller = self.permit("Materials.List", request.metadata()).await?;
        answer(list(self, caller, &request.into_inner()).await)
    }

    async fn publish(
        &self,
        request: Request<wire::PublishMaterialRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Materials.Publish", request.metadata()).await?;
        answer(publish(self, caller, request.into_inner()).await)
    }
}

async fn get(
    api: &Api,
    caller: Caller,
    request: &wire::GetSubjectRequest,
) -> Result<wire::MaterialView, Error> {
    let (partner, subject) = (request::partner(&request.partner)?, request::subject(&request.subject)?);
    let mut reading = api.read(caller).await?;
    let found = materials::get(&reading.tx, reading.viewer, partner, subject).await?;
    let material = found.ok_or_else(|| Error::new(Code::NotFound).at("subject"))?;
    material_view(&mut reading, material).await
}

async fn list(
    api: &Api,
    caller: Caller,
    request: &wire::ListMaterialsRequest,
) -> Result<wire::ListMaterialsResponse, Error> {
    let (after, limit) = request::paging(&request.cursor, request.limit)?;
    let partner = request::partner(&request.partner)?;
    let conference = request::optional(&request.conference, "conference")?;
    let mut reading = api.read(caller).await?;
    let page =
        materials::list(&reading.tx, reading.viewer, partner, conference, after.as_ref(), limit).await?;
    let mut views = Vec::with_capacity(page.rows.len());
    for material in page.rows {
        views.push(material_view(&mut reading, material).await?);
    }
    let next_cursor = page.next.map(|next| next.encode()).unwrap_or_default();
    Ok(wire::ListMaterialsResponse { materials: views, next_cursor })
}

async fn publish(
    api: &Api,
    caller: Caller,
    mut request: wire::PublishMaterialRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Materials.Publish", &mut request, |request| &mut request.idempotency_key)?;
    let material = request::message(request.material, "material")?;
    let blob = material.blob.as_ref().ok_or_else(|| Error::new(Code::FieldRequired).at("blob"))?;
    let hash: BlobHash = request::required(&blob.hash, "blob.hash")?;
    // A record that names bytes which nobody has would be wanted for ever.
    let held = blobs::held(&api.context.db, hash)
        .await?
        .ok_or_else(|| Error::new(Code::BlobUnknown).at("blob.hash"))?;
    if held.size != blob.size {
        return Err(Error::new(Code::BlobSize).at("blob.size").with("size", held.size));
    }
    let draft = Draft {
        subject: request::new_or_known(&request.subject)?,
        ..Draft::public(kinds::material::KIND, Payload::Material(material).encode()?)
    };
    api.publish_one(caller, draft, idempotency).await
}

/// A material as it is shown, alone or with its conference.
pub(super) async fn material_view(
    reading: &mut Reading<'_>,
    material: Current<record::Material>,
) -> Result<wire::MaterialView, Error> {
    let hash = material.content.blob.as_ref().and_then(|blob| BlobHash::try_from(blob.hash.as_slice()).ok());
    let held = match hash {
        Some(hash) => blobs::held(&reading.tx, hash).await?.is_some(),
        None => false,
    };
    Ok(wire::MaterialView {
        subject: material.subject().to_vec(),
        partner: Some(reading.name(material.partner()).await?),
        provenance: Some(reading.provenance(&material.place, Some(&material.statement)).await?),
        source: Some(material.content),
        held,
    })
}
