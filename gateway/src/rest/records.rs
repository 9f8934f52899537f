//! `/api/v1/records`, proof files, and `/api/v1/policy`
#![expect(unused_qualifications, reason = "utoipa writes out the types of queries")]

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use volbridge_proto::{
    id::{PartnerId, RecordId},
    wire::node::v1 as node,
};

use super::RecordRef;
use crate::{
    app::App,
    extract::{Path, Query},
    names,
    pages::proof_file,
    problem::{Problem, ProblemBody},
    routes,
};

/// A proof in brief.
pub const PROOF_EXAMPLE: &str = "c2sp.org/tlog-proof@v1\nextra CiBh…\nindex 17\nsdLK…=\n\n\
     bvf.example.org/log/3f3f…/1\n182\np6en…=\n\n— bvf.example.org/log/3f3f…/1 ChssPT…=\n";
/// A policy in brief.
pub const POLICY_EXAMPLE: &str = "log bvf.example.org/log/3f3f…/1+0a1b2c3d+AT9k…=\n\
     witness unv unv.example.org/witness+1b2c3d4e+BL3y…=\nquorum unv\n";

/// Any record that this node has verified.
#[derive(Debug, Serialize, ToSchema)]
pub struct Record {
    record: RecordRef,
    /// C2SP origin of the log.
    origin: String,
    /// `live`, `superseded`, `erased`, `not-for-us`, …
    state: String,
    /// `public` or `named`.
    class: String,
    /// Empty if sealed to others.
    kind: String,
    revision: u64,
    /// Unix milliseconds, as the author says.
    issued_at: i64,
    /// Unix milliseconds of the first ML-DSA-44 line that covers it; 0: not yet.
    logged_at: i64,
    checkpoint_size: u64,
    cosigners: Vec<String>,
    fresh: bool,
    demonstration: bool,
    /// The bytes as signed, in base64; empty if erased or not held.
    body: String,
    /// The content, if the caller may read it.
    #[schema(value_type = Object)]
    content: Value,
    /// There if the state is `erased-with-source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_gone: Option<SourceGone>,
}

/// The withdrawn record that an erased one was made from.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceGone {
    /// Record id.
    source: String,
    /// Partner id: who withdrew it.
    partner: String,
    /// A holder says so; this node never read the erased record.
    claimed: bool,
    /// Unix milliseconds: until then the author of the erased one owes its own withdrawal.
    owed_by: i64,
}

impl SourceGone {
    fn new(gone: node::SourceGone) -> Self {
        Self {
            source: hex::encode(gone.source),
            partner: hex::encode(gone.partner.unwrap_or_default().id),
            claimed: gone.claimed,
            owed_by: gone.owed_by,
        }
    }
}

/// One record.
#[utoipa::path(
    get, path = routes::API_RECORD, params(("hash" = String, Path, description = "Record id, 64 hex digits")),
    tag = "records",
    responses(
        (status = 200, body = Record),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn one(State(app): State<App>, Path(hash): Path<RecordId>) -> Result<Json<Record>, Problem> {
    let record = app.node().record(node::GetRecordRequest { hash: hash.to_vec() }).await?;
    Ok(Json(Record::new(record)))
}

/// A record's `.tlog-proof` file: anyone checks it offline, with the log's policy.
#[utoipa::path(
    get, path = routes::API_PROOF, params(("hash" = String, Path, description = "Record id, 64 hex digits")),
    tag = "records",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn proof(State(app): State<App>, Path(hash): Path<RecordId>) -> Result<Response, Problem> {
    let proof = app.node().proof(node::GetRecordRequest { hash: hash.to_vec() }).await?;
    Ok(file(proof.proof, &proof_file(hash)))
}

/// Which log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Log {
    /// Partner id; absent: this portal's own partner.
    #[param(value_type = Option<String>)]
    partner: Option<PartnerId>,
    /// Absent: the newest.
    #[serde(default)]
    #[param(required = false)]
    epoch: u64,
}

/// A C2SP tlog-policy file: the log's keys, its witnesses and the quorum.
#[utoipa::path(
    get, path = routes::API_POLICY, params(Log), tag = "records",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn policy(State(app): State<App>, Query(log): Query<Log>) -> Result<Response, Problem> {
    let partner = log.partner.map(PartnerId::to_vec).unwrap_or_default();
    let answer = app.node().policy(node::LogRequest { partner, epoch: log.epoch }).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], answer.policy).into_response())
}

/// A text file to keep; `name` is our own ASCII.
fn file(text: String, name: &str) -> Response {
    let mut response = ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

impl Record {
    fn new(record: node::Record) -> Self {
        let state = names::state(record.state()).to_owned();
        let from = record.provenance.unwrap_or_default();
        Self {
            record: RecordRef::new(&from),
            state,
            class: if record.class == 0 { "public" } else { "named" }.to_owned(),
            kind: record.kind,
            body: STANDARD.encode(record.body),
            content: serde_json::from_str(&record.json).unwrap_or(Value::Null),
            source_gone: record.source_gone.map(SourceGone::new),
            origin: from.origin,
            revision: from.revision,
            issued_at: from.issued_at,
            logged_at: from.logged_at,
            checkpoint_size: from.checkpoint_size,
            cosigners: from.cosigners,
            fresh: from.fresh,
            demonstration: from.demonstration,
        }
    }

    pub fn example() -> Self {
        Self {
            record: RecordRef::example(),
            origin: format!("bvf.example.org/log/{}/1", "3f".repeat(32)),
            state: "live".to_owned(),
            class: "public".to_owned(),
            kind: "volbridge.listing.v1".to_owned(),
            revision: 1,
            issued_at: 1_794_000_000_000,
            logged_at: 1_794_000_000_800,
            checkpoint_size: 182,
            cosigners: vec!["unv.example.org/witness".to_owned()],
            fresh: true,
            demonstration: false,
            body: "CiBh…".to_owned(),
            content: json!({"title": "Translators for the English edition"}),
            source_gone: None,
        }
    }
}
