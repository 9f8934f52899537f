//! The bytes of a material. A stranger's file never runs on this origin: it is an
//! attachment, its type isn't guessed, and a sandbox surrounds it (threats T50, T51).

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::Response,
};
use futures::{StreamExt, TryStreamExt, stream};
use http::{HeaderValue, header};
use volbridge_proto::{error::Code, id::SubjectId, wire::node::v1 as node};

use super::listings::encoded;
use crate::{app::App, extract::Path, problem::Problem};

/// Types that are named to the browser; all others are bytes.
const KNOWN: &[&str] = &[
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.oasis.opendocument.presentation",
    "application/epub+zip",
    "image/png",
    "image/jpeg",
    "video/mp4",
];

/// `GET /materials/{id}/file`
pub async fn file(State(app): State<App>, Path(id): Path<SubjectId>) -> Result<Response, Problem> {
    let request = node::GetSubjectRequest { subject: id.to_vec(), partner: Vec::new() };
    let material = app.node().material(request).await?;
    let blob = material.source.and_then(|source| source.blob).ok_or_else(Problem::not_found)?;
    let mut chunks = app.node().fetch_blob(node::FetchBlobRequest { hash: blob.hash, offset: 0 }).await?;
    let first = chunks.message().await?.ok_or_else(|| Problem::new(Code::BlobUnknown))?;
    let media_type = KNOWN.iter().find(|known| **known == first.media_type);
    let name = if first.filename.is_empty() { blob.filename } else { first.filename.clone() };
    let disposition = disposition(&name, id);
    let size = first.size;
    let rest = chunks.map_ok(|chunk| Bytes::from(chunk.data)).map_err(std::io::Error::other);
    let body = stream::once(std::future::ready(Ok(Bytes::from(first.data)))).chain(rest);
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media_type.copied().unwrap_or("application/octet-stream")),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// RFC 6266: an ASCII name for the old, the real one percent-encoded (RFC 8187).
fn disposition(name: &str, id: SubjectId) -> HeaderValue {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|character| !character.is_control()).take(120).collect();
    let clean = clean.trim_matches(['.', ' ']);
    let extension: String = match clean.rsplit_once('.') {
        Some((_, end)) => end.chars().filter(char::is_ascii_alphanumeric).take(8).collect(),
        None => String::new(),
    };
    let plain = if extension.is_empty() { id.to_string() } else { format!("{id}.{extension}") };
    let name = if clean.is_empty() { &plain } else { clean };
    HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", encoded(name)))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t51_hostile_names_stay_names() {
        let id = SubjectId::from([7; 16]);
        for name in [
            "../../etc/passwd",
            "a\r\nSet-Cookie: x=1",
            "\u{0}",
            "",
            "..",
            "报告\u{202e}fdp.exe",
            "a\"; x=\"b.pdf",
        ] {
            let value = disposition(name, id);
            let text = value.to_str().expect("a header in ASCII");
            assert!(text.starts_with("attachment; filename=\"07070707-"), "{text}");
            assert_eq!(text.matches('"').count(), 2, "{text}");
            assert!(!text.contains('/'), "{text}");
        }
    }
}
