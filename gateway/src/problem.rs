//! One error type towards the outside. Programs get `application/problem+json`
//! (RFC 9457) with the node's stable code and field; people get the text of that
//! code in their language, drawn by `pages` from the extension that travels with
//! the answer. Sources are logged, never sent.

use std::{collections::BTreeMap, str::FromStr};

use axum::{
    Json,
    extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use prost::Message;
use serde::Serialize;
use tonic::Status;
use utoipa::ToSchema;
use volbridge_proto::{error::Code, wire::node::v1 as node};

use crate::texts::Lang;

/// Why a request was not answered as wished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    /// Stable and dotted: `field.required`.
    pub code: String,
    /// Path of the field that is wrong; may be empty.
    pub field: String,
    pub params: BTreeMap<String, String>,
    /// Seconds until it is worth another try; 0: unknown.
    pub retry_after: u64,
}

/// `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:volbridge:problem:field.required",
    "title": "Something is missing that must be given.",
    "status": 400,
    "code": "field.required",
    "field": "roles"
}))]
pub struct ProblemBody {
    /// `urn:volbridge:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// One sentence for people.
    title: String,
    status: u16,
    /// Stable, dotted name.
    code: String,
    /// Path of the field that is wrong.
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    params: BTreeMap<String, String>,
}

impl Problem {
    pub fn new(code: Code) -> Self {
        Self::with_status(status_of(code), code.as_str())
    }

    /// A code as it was reported, of this version or not.
    pub fn named(code: &str) -> Self {
        Self::with_status(status_of(Code::from_str(code).unwrap_or(Code::RequestInvalid)), code)
    }

    /// For what only HTTP knows: methods, media types, sizes of requests.
    pub fn with_status(status: StatusCode, code: &str) -> Self {
        Self { status, code: code.to_owned(), field: String::new(), params: BTreeMap::new(), retry_after: 0 }
    }

    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    pub fn invalid(field: &str) -> Self {
        Self::new(Code::RequestInvalid).at(field)
    }

    pub fn at(mut self, field: &str) -> Self {
        field.clone_into(&mut self.field);
        self
    }

    /// Worth another try after these seconds.
    pub fn after(mut self, seconds: u64) -> Self {
        self.retry_after = seconds;
        self
    }

    pub fn because(mut self, why: &impl ToString) -> Self {
        self.params.insert("why".to_owned(), why.to_string());
        self
    }

    /// The sentence for people: the code's own, else the one for its family, else for its status.
    pub fn sentence(&self, lang: Lang) -> String {
        let mut code = self.code.replace(['.', '_'], "-");
        loop {
            if let Some(text) = lang.maybe(&format!("problem-{code}")) {
                return text;
            }
            match code.rfind('-') {
                Some(cut) => code.truncate(cut),
                None => break,
            }
        }
        lang.t(match self.status {
            StatusCode::NOT_FOUND => "problem-not-found",
            StatusCode::UNAUTHORIZED => "problem-unauthenticated",
            StatusCode::FORBIDDEN => "problem-permission",
            StatusCode::CONFLICT => "problem-conflict",
            StatusCode::TOO_MANY_REQUESTS => "problem-busy",
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => "problem-unavailable",
            status if status.is_server_error() => "problem-internal",
            _ => "problem-request",
        })
    }

    /// What programs get.
    pub fn body(&self, lang: Option<Lang>) -> ProblemBody {
        let canonical = self.status.canonical_reason().unwrap_or("Error").to_owned();
        ProblemBody {
            kind: format!("urn:volbridge:problem:{}", self.code),
            title: lang.map_or(canonical, |lang| self.sentence(lang)),
            status: self.status.as_u16(),
            code: self.code.clone(),
            field: self.field.clone(),
            params: self.params.clone(),
        }
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        let detail = node::Problem::decode(status.details()).ok().filter(|detail| !detail.code.is_empty());
        let fallback = of_grpc(status.code());
        let problem = match detail {
            Some(detail) => Self {
                // A code of a newer node keeps its name and takes its status from gRPC.
                status: status_of(Code::from_str(&detail.code).unwrap_or(fallback)),
                code: detail.code,
                field: detail.field,
                params: detail.params.into_iter().collect(),
                retry_after: 0,
            },
            None => Self::new(fallback),
        };
        if problem.status.is_server_error() {
            tracing::warn!(code = problem.code, message = status.message(), "the node could not answer");
        }
        problem
    }
}

fn status_of(code: Code) -> StatusCode {
    StatusCode::from_u16(code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A name for a failure that came without one.
fn of_grpc(code: tonic::Code) -> Code {
    use tonic::Code as Grpc;
    match code {
        Grpc::InvalidArgument | Grpc::OutOfRange => Code::RequestInvalid,
        Grpc::NotFound => Code::NotFound,
        Grpc::AlreadyExists | Grpc::Aborted | Grpc::FailedPrecondition => Code::AlreadyExists,
        Grpc::PermissionDenied => Code::PermissionDenied,
        Grpc::Unauthenticated => Code::Unauthenticated,
        Grpc::ResourceExhausted => Code::RateLimited,
        Grpc::Unavailable => Code::Unavailable,
        Grpc::DeadlineExceeded | Grpc::Cancelled => Code::DeadlineExceeded,
        Grpc::Unimplemented => Code::Unimplemented,
        Grpc::Ok | Grpc::Unknown | Grpc::Internal | Grpc::DataLoss => Code::Internal,
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        // An id of another form names nothing.
        Self::not_found()
    }
}

impl From<QueryRejection> for Problem {
    fn from(why: QueryRejection) -> Self {
        let text = why.body_text();
        let field = unknown_field(&text);
        let code = if text.contains("unknown field") { Code::FieldUnknown } else { Code::RequestInvalid };
        Self::with_status(StatusCode::BAD_REQUEST, code.as_str()).at(&field).because(&text)
    }
}

impl From<FormRejection> for Problem {
    fn from(why: FormRejection) -> Self {
        Self::with_status(why.status(), Code::RequestInvalid.as_str()).because(&why.body_text())
    }
}

impl From<JsonRejection> for Problem {
    fn from(why: JsonRejection) -> Self {
        let text = why.body_text();
        let field = unknown_field(&text);
        let code = match why.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Code::InputTooLarge.as_str(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "request.media_type",
            _ if text.contains("unknown field") => Code::FieldUnknown.as_str(),
            _ if text.contains("missing field") => Code::FieldRequired.as_str(),
            _ => Code::RequestInvalid.as_str(),
        };
        Self::with_status(why.status(), code).at(&field).because(&text)
    }
}

/// The path that serde stopped at (`roles[0]`), with the field that it names between backticks.
fn unknown_field(text: &str) -> String {
    let told = ["target type: ", "query string: "].iter().find_map(|end| text.rsplit_once(end));
    let told = told.map_or(text, |(_, told)| told);
    let name = told
        .split_once("unknown field `")
        .or_else(|| told.split_once("missing field `"))
        .and_then(|(_, rest)| rest.split_once('`'))
        .map(|(field, _)| field)
        .unwrap_or_default();
    let path = told.split_once(": ").map(|(path, _)| path).filter(|path| !path.contains([' ', '`']));
    match (path.unwrap_or_default(), name) {
        ("", name) => name.to_owned(),
        (path, "") => path.to_owned(),
        // The path may already end with an unknown field's name.
        (path, name) if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        (path, name) => format!("{path}.{name}"),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body(Lang::of("en")))).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.retry_after > 0 {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after));
        }
        response.extensions_mut().insert(self);
        response
    }
}
