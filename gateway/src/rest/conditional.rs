//! Conditional requests (RFC 9110 13): each resource answers with an `ETag`, and with
//! 304 to whoever holds it already. The tag is weak, for the same answer may come
//! packed or not; streams and large files go by without one.

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};

/// The largest answer that is given a tag.
const LARGEST: u64 = 4 << 20;
/// Bytes of the hash that stand in a tag.
const TAG: usize = 16;

/// Gives a tag to what was asked for, or says that it is the same as before.
pub async fn answers(request: Request, next: Next) -> Response {
    let held: Vec<HeaderValue> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    // What HEAD answers has lost its content, and with it its tag.
    let reads = request.method() == Method::GET;
    let response = next.run(request).await;
    let small = response.body().size_hint().exact().is_some_and(|size| size <= LARGEST);
    if !reads || !small || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = parts.headers.get(header::ETAG).cloned().or_else(|| tag(&bytes));
    let Some(tag) = tag else { return Response::from_parts(parts, bytes.into()) };
    let known = held.iter().any(|line| holds(line, &tag));
    parts.headers.insert(header::ETAG, tag);
    if known {
        parts.status = StatusCode::NOT_MODIFIED;
        without_content(&mut parts.headers);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, bytes.into())
}

fn tag(bytes: &[u8]) -> Option<HeaderValue> {
    let digest = Sha256::digest(bytes);
    let text = format!("W/\"{}\"", hex::encode(digest.get(..TAG)?));
    HeaderValue::from_str(&text).ok()
}

/// Whether a line of `If-None-Match` names a tag; weak and strong count alike.
fn holds(line: &HeaderValue, tag: &HeaderValue) -> bool {
    let plain = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let (Ok(line), Ok(tag)) = (line.to_str(), tag.to_str()) else { return false };
    line.trim() == "*" || line.split(',').any(|held| plain(held) == plain(tag))
}

fn without_content(headers: &mut HeaderMap) {
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_DISPOSITION] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_in_any_place_of_the_line_weak_or_strong() {
        let tag = tag(b"listing").unwrap();
        let text = tag.to_str().unwrap();
        let strong = text.trim_start_matches("W/");
        for (line, known) in [
            (text.to_owned(), true),
            (strong.to_owned(), true),
            (format!("\"a\", {text} , \"b\""), true),
            ("*".to_owned(), true),
            ("\"a\"".to_owned(), false),
            (text.trim_matches('"').to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(holds(&line.parse().unwrap(), &tag), known, "{line}");
        }
    }
}
