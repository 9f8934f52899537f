//! Bytes of materials, in and out (threats.md T50 to T52).

use std::pin::Pin;

use futures::{FutureExt as _, Stream, StreamExt as _, stream};
use tonic::{Request, Response, Status, Streaming};
use volbridge_proto::{
    BlobHash, Code,
    wire::node::v1::{self as wire, blobs_server::Blobs},
};

use super::{Api, answer, permit::Caller, request, status};
use crate::{
    blobs::BlobError,
    error::Error,
    store::blobs::{self, BlobName},
    views::materials,
};

/// Bytes in one message of `Store`.
const PIECE: usize = 1 << 20;

/// Bytes by which the media type is told.
const BEGINNING: u64 = 4_096;

type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Blobs for Api {
    type FetchStream = Messages<wire::FetchBlobResponse>;

    async fn store(
        &self,
        request: Request<Streaming<wire::StoreBlobRequest>>,
    ) -> Result<Response<wire::StoreBlobResponse>, Status> {
        self.permit("Blobs.Store", request.metadata()).await?;
        answer(store(self, request.into_inner()).await)
    }

    async fn fetch(
        &self,
        request: Request<wire::FetchBlobRequest>,
    ) -> Result<Response<Self::FetchStream>, Status> {
        let caller = self.permit("Blobs.Fetch", request.metadata()).await?;
        answer(fetch(self, caller, &request.into_inner()).await)
    }
}

async fn store(
    api: &Api,
    messages: Streaming<wire::StoreBlobRequest>,
) -> Result<wire::StoreBlobResponse, Error> {
    let pieces = messages.map(|message| match message {
        Ok(message) if message.data.len() > PIECE => Err("a piece is larger than 1 MiB".to_owned()),
        Ok(message) => Ok(message.data),
        Err(status) => Err(status.message().to_owned()),
    });
    let kept = api.context.blobs.put_all(pieces).await?;
    let blob = BlobName { hash: kept.hash, size: kept.size };
    api.context.db.write(move |tx| async move { blobs::set_held(tx, blob, true).await }.boxed()).await?;
    Ok(wire::StoreBlobResponse { hash: blob.hash.to_vec(), size: blob.size })
}

async fn fetch(
    api: &Api,
    caller: Caller,
    request: &wire::FetchBlobRequest,
) -> Result<Messages<wire::FetchBlobResponse>, Error> {
    let hash: BlobHash = request::required(&request.hash, "hash")?;
    let reading = api.read(caller).await?;
    // One answer for "not here" and "not for you".
    let unknown = || Error::new(Code::BlobUnknown).at("hash");
    let material = materials::naming(&reading.tx, reading.viewer, &hash).await?.ok_or_else(unknown)?;
    let held = blobs::held(&reading.tx, hash).await?.ok_or_else(unknown)?;
    drop(reading);
    if request.offset > held.size {
        return Err(Error::new(Code::BlobRange).at("offset").with("size", held.size));
    }
    let beginning = read(api, hash, 0, held.size.min(BEGINNING)).await?;
    let first = wire::FetchBlobResponse {
        size: held.size,
        data: Vec::new(),
        media_type: media_type(&beginning).to_owned(),
        filename: material.content.blob.map(|blob| blob.filename).unwrap_or_default(),
    };
    let rest = held.size - request.offset;
    let length = if request.length == 0 { rest } else { request.length.min(rest) };
    let pieces = api.context.blobs.read(hash, request.offset, length).map_err(cut_short)?;
    let pieces = pieces.map(|piece| {
        piece
            .map(|data| wire::FetchBlobResponse { data, ..Default::default() })
            .map_err(|error| status(error.into()))
    });
    Ok(Box::pin(stream::iter([Ok(first)]).chain(pieces)))
}

/// A range that lies in the blob and not in its file: the file is shorter than it was (threats.md F13).
fn cut_short(error: BlobError) -> Error {
    match error {
        BlobError::Range => Error::new(Code::StoreCorrupt).because(error),
        error => error.into(),
    }
}

async fn read(api: &Api, hash: BlobHash, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut pieces = Box::pin(api.context.blobs.read(hash, offset, length).map_err(cut_short)?);
    while let Some(piece) = pieces.next().await {
        bytes.extend(piece?);
    }
    Ok(bytes)
}

/// The media type by content, from a short list; nothing that a browser would run. What its author says it is
/// counts for nothing.
fn media_type(beginning: &[u8]) -> &'static str {
    let starts = |magic: &[u8]| beginning.starts_with(magic);
    let holds = |name: &[u8]| beginning.windows(name.len()).any(|window| window == name);
    match beginning {
        _ if starts(b"%PDF-") => "application/pdf",
        _ if starts(b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if starts(b"\xff\xd8\xff") => "image/jpeg",
        _ if beginning.get(4..8) == Some(b"ftyp") => "video/mp4",
        _ if starts(b"PK\x03\x04") && holds(b"[Content_Types].xml")
            || starts(b"PK\x03\x04") && holds(b"_rels/") =>
        {
            office(beginning)
        }
        _ if is_plain_text(beginning) => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Office Open XML by the folder that its parts stand in; without one within the beginning, not told apart.
fn office(beginning: &[u8]) -> &'static str {
    let holds = |name: &[u8]| beginning.windows(name.len()).any(|window| window == name);
    if holds(b"ppt/") {
        "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    } else if holds(b"word/") {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    } else if holds(b"xl/") {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    } else {
        "application/octet-stream"
    }
}

/// UTF-8 without control characters, and nothing that begins like markup.
fn is_plain_text(beginning: &[u8]) -> bool {
    let text = match std::str::from_utf8(beginning) {
        Ok(text) => text,
        // A character may be cut at the end.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(beginning.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let clean = !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    clean && !text.trim_start().is_empty() && !text.contains('<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t50_the_media_type_follows_the_content_alone() {
        for (beginning, expected) in [
            (b"%PDF-1.7\n".as_slice(), "application/pdf"),
            (b"\x89PNG\r\n\x1a\n....", "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"\0\0\0\x18ftypmp42", "video/mp4"),
            ("北京 volunteers\n".as_bytes(), "text/plain; charset=utf-8"),
            (
                b"PK\x03\x04....[Content_Types].xml....ppt/presentation.xml",
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            ),
            (b"PK\x03\x04....evil.html", "application/octet-stream"),
            (b"<html><script>alert(1)</script>", "application/octet-stream"),
            (b"  <svg xmlns='http://www.w3.org/2000/svg'>", "application/octet-stream"),
            (b"\x00\x01\x02", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(media_type(beginning), expected, "{:?}", String::from_utf8_lossy(beginning));
        }
    }
}
