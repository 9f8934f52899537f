//! Logs as C2SP tlog-tiles serves them, for own and followed ones.

use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code,
    tlog::{
        checkpoint::VerifiedCheckpoint,
        tile::{self, TileId, WIDTH},
    },
    wire::node::v1::{self as wire, logs_server::Logs},
};

use super::{Api, answer, permit::Caller, proofs, request};
use crate::{
    error::Error,
    fsck,
    store::{
        Query, StoreError, entries,
        logs::{self, LogRow},
        tiles,
    },
};

/// Entries that one answer holds.
const ENTRIES: u32 = 100;

#[tonic::async_trait]
impl Logs for Api {
    async fn checkpoint(
        &self,
        request: Request<wire::LogRequest>,
    ) -> Result<Response<wire::CheckpointResponse>, Status> {
        self.permit("Logs.Checkpoint", request.metadata()).await?;
        answer(checkpoint(self, &request.into_inner()).await)
    }

    async fn tile(
        &self,
        request: Request<wire::TileRequest>,
    ) -> Result<Response<wire::TileResponse>, Status> {
        self.permit("Logs.Tile", request.metadata()).await?;
        answer(tile(self, request.into_inner()).await)
    }

    async fn entry_bundle(
        &self,
        request: Request<wire::EntryBundleRequest>,
    ) -> Result<Response<wire::TileResponse>, Status> {
        self.permit("Logs.EntryBundle", request.metadata()).await?;
        answer(entry_bundle(self, request.into_inner()).await)
    }

    async fn policy(
        &self,
        request: Request<wire::LogRequest>,
    ) -> Result<Response<wire::PolicyResponse>, Status> {
        self.permit("Logs.Policy", request.metadata()).await?;
        answer(policy(self, &request.into_inner()).await)
    }

    async fn verify(
        &self,
        request: Request<wire::LogRequest>,
    ) -> Result<Response<wire::VerifyLogResponse>, Status> {
        self.permit("Logs.Verify", request.metadata()).await?;
        answer(verify(self, &request.into_inner()).await)
    }

    async fn entries(
        &self,
        request: Request<wire::EntriesRequest>,
    ) -> Result<Response<wire::EntriesResponse>, Status> {
        let caller = self.permit("Logs.Entries", request.metadata()).await?;
        answer(list(self, caller, request.into_inner()).await)
    }

    async fn evidence(
        &self,
        request: Request<wire::LogRequest>,
    ) -> Result<Response<wire::EvidenceResponse>, Status> {
        self.permit("Logs.Evidence", request.metadata()).await?;
        answer(evidence(self, &request.into_inner()).await)
    }
}

async fn find(api: &Api, on: &impl Query, log: &wire::LogRequest) -> Result<LogRow, Error> {
    proofs::find_log(on, request::log(&log.partner, log.epoch, api.context.own.id.partner)?).await
}

async fn checkpoint(api: &Api, request: &wire::LogRequest) -> Result<wire::CheckpointResponse, Error> {
    let log = find(api, &api.context.db, request).await?;
    if log.checkpoint.is_empty() {
        return Err(Error::new(Code::LogUnknown).at("log"));
    }
    let history = api.context.key_history(&api.context.db, &log).await?;
    VerifiedCheckpoint::verify(&log.checkpoint, &history)
        .map_err(|refusal| StoreError::corrupt("log", log.number, refusal))?;
    Ok(wire::CheckpointResponse { note: log.checkpoint })
}

async fn tile(api: &Api, request: wire::TileRequest) -> Result<wire::TileResponse, Error> {
    let on = api.context.db.snapshot().await?;
    let log = find(api, &on, &request.log.unwrap_or_default()).await?;
    let there = TileId::in_tree(request.level, request.number, log.checkpoint_size);
    let there = there.ok_or_else(|| Error::new(Code::TileMissing))?;
    check_width(request.width, there.width)?;
    let id = TileId { width: request.width, ..there };
    let stated = log.stated()?;
    let hashes = tiles::sound(&on, log.number, id, stated.size, &stated.root).await?;
    Ok(wire::TileResponse { data: tile::encode(&hashes) })
}

async fn entry_bundle(api: &Api, request: wire::EntryBundleRequest) -> Result<wire::TileResponse, Error> {
    let on = api.context.db.snapshot().await?;
    let log = find(api, &on, &request.log.unwrap_or_default()).await?;
    let there = TileId::in_tree(0, request.number, log.checkpoint_size);
    let there = there.ok_or_else(|| Error::new(Code::TileMissing))?;
    check_width(request.width, there.width)?;
    let start = request.number.saturating_mul(WIDTH);
    let leaves = entries::leaves(&on, log.number, start..start + u64::from(request.width)).await?;
    let leaves: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
    tiles::check_leaves(&on, log.number, start, &leaves, log.stated()?).await?;
    let data = tile::encode_entries(leaves);
    Ok(wire::TileResponse { data: data.ok_or_else(|| Error::new(Code::StoreCorrupt))? })
}

fn check_width(asked: u32, there: u32) -> Result<(), Error> {
    if asked == 0 || u64::from(asked) > WIDTH {
        return Err(Error::new(Code::FieldOutOfRange).at("width").with("limit", WIDTH));
    }
    if asked > there { Err(Error::new(Code::TileMissing)) } else { Ok(()) }
}

async fn policy(api: &Api, request: &wire::LogRequest) -> Result<wire::PolicyResponse, Error> {
    let on = api.context.db.snapshot().await?;
    let log = find(api, &on, request).await?;
    Ok(wire::PolicyResponse { policy: proofs::policy(api, &on, &log).await? })
}

async fn evidence(api: &Api, request: &wire::LogRequest) -> Result<wire::EvidenceResponse, Error> {
    let on = api.context.db.snapshot().await?;
    let log = find(api, &on, request).await?;
    let mut files = Vec::new();
    for (found_at, file) in logs::evidence(&on, log.number).await? {
        let file = String::from_utf8(file).map_err(|_| Error::new(Code::StoreCorrupt).at("evidence"))?;
        files.push(wire::EvidenceFile { found_at: found_at.as_millis(), file });
    }
    Ok(wire::EvidenceResponse { files })
}

async fn verify(api: &Api, request: &wire::LogRequest) -> Result<wire::VerifyLogResponse, Error> {
    let on = api.context.db.snapshot().await?;
    let log = find(api, &on, request).await?;
    let history = api.context.key_history(&on, &log).await?;
    let report = fsck::log(&on, &log, &history).await?;
    Ok(wire::VerifyLogResponse {
        size: log.size,
        root: report.root.to_vec(),
        matches: report.faults.is_empty(),
        faults: report.faults,
    })
}

async fn list(
    api: &Api,
    caller: Caller,
    request: wire::EntriesRequest,
) -> Result<wire::EntriesResponse, Error> {
    let limit = match request.limit {
        0 => ENTRIES,
        limit => limit.min(ENTRIES),
    };
    let mut reading = api.read(caller).await?;
    let log = find(api, &reading.tx, &request.log.unwrap_or_default()).await?;
    let end = request.start.saturating_add(limit.into()).min(log.size);
    let mut records = Vec::new();
    for entry in entries::range(&reading.tx, log.number, request.start..end).await? {
        records.push(reading.record(entry).await?);
    }
    Ok(wire::EntriesResponse { entries: records, size: log.size })
}
