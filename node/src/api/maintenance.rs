//! What the node's operator does to it.

use tonic::{Request, Response, Status};
use volbridge_proto::wire::node::v1::{self as wire, maintenance_server::Maintenance};

use super::{Api, answer};
use crate::{error::Error, fsck, repair};

#[tonic::async_trait]
impl Maintenance for Api {
    async fn rebuild_views(
        &self,
        request: Request<wire::RebuildViewsRequest>,
    ) -> Result<Response<wire::RebuildViewsResponse>, Status> {
        self.permit("Maintenance.RebuildViews", request.metadata()).await?;
        answer(rebuild(self).await)
    }

    async fn fsck(
        &self,
        request: Request<wire::FsckRequest>,
    ) -> Result<Response<wire::FsckResponse>, Status> {
        self.permit("Maintenance.Fsck", request.metadata()).await?;
        answer(check(self, request.into_inner().repair).await)
    }
}

async fn rebuild(api: &Api) -> Result<wire::RebuildViewsResponse, Error> {
    let entries = repair::derive_anew(&api.context).await?;
    Ok(wire::RebuildViewsResponse { entries })
}

async fn check(api: &Api, repair: bool) -> Result<wire::FsckResponse, Error> {
    let mut report = fsck::node(&api.context).await?;
    let mut repaired = Vec::new();
    if repair && !report.faults.is_empty() {
        repaired = repair::node(&api.context).await?;
        report = fsck::node(&api.context).await?;
    }
    Ok(wire::FsckResponse {
        entries: report.entries,
        bodies: report.bodies,
        blobs: report.blobs,
        faults: report.faults,
        repaired,
    })
}
