//! The bytes of a material. A stranger's file never runs on this origin: it is an
//! attachment, its type isn't guessed, and a sandbox surrounds it (threats T50, T51).

use std::{io, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    response::Response,
};
use futures::{Stream, StreamExt, stream};
use http::{HeaderValue, header};
use tokio::time::timeout;
use volbridge_proto::{error::Code, id::SubjectId, wire::node::v1 as node};

use crate::{app::App, client::NodeClient, extract::Path, problem::Problem, query::encoded};

/// Bytes asked for at a time.
const PART: u64 = 256 << 10;

/// How long they may take.
const DEADLINE: Duration = Duration::from_secs(30);

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
    let first = part(app.node(), &blob.hash, 0).await?;
    let media_type = KNOWN.iter().find(|known| **known == first.media_type);
    let name = if first.filename.is_empty() { blob.filename } else { first.filename.clone() };
    let disposition = disposition(&name, id);
    let size = first.size;
    let body = body(app.node().clone(), blob.hash, first);
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

/// The first part, and the others as the browser takes them. Ends without an error after the last byte alone.
fn body(
    node: NodeClient,
    hash: Vec<u8>,
    first: node::FetchBlobResponse,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let (size, sent) = (first.size, first.data.len() as u64);
    let rest = stream::try_unfold((node, hash, sent), move |(node, hash, sent)| async move {
        if sent == size {
            return Ok(None);
        }
        let part = part(&node, &hash, sent).await.map_err(|problem| io::Error::other(problem.code))?;
        if part.data.is_empty() || part.size != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let sent = sent + part.data.len() as u64;
        Ok(Some((Bytes::from(part.data), (node, hash, sent))))
    });
    stream::once(std::future::ready(Ok(Bytes::from(first.data)))).chain(rest)
}

/// The bytes from an offset on, at most [`PART`] of them, all taken at once: a stream that waits for a browser would
/// fill the connection that all browsers share (T21).
async fn part(node: &NodeClient, hash: &[u8], offset: u64) -> Result<node::FetchBlobResponse, Problem> {
    let taken = async {
        let request = node::FetchBlobRequest { hash: hash.to_vec(), offset, length: PART };
        let mut pieces = node.fetch_blob(request).await?;
        let mut part = pieces.message().await?.ok_or_else(|| Problem::new(Code::BlobUnknown))?;
        while let Some(piece) = pieces.message().await? {
            part.data.extend(piece.data);
        }
        Ok(part)
    };
    timeout(DEADLINE, taken).await.unwrap_or_else(|_| Err(Problem::new(Code::DeadlineExceeded)))
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
