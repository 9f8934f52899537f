//! Requests as no client of ours sends them, to any method of a node: bytes that come out large, deep or many.

use std::{future::poll_fn, pin::Pin};

use futures::stream::iter;
use prost::encoding::encode_varint;
use tokio::time::timeout;
use tonic::{
    body::Body,
    codegen::{
        Body as _, Bytes, Service as _,
        http::{HeaderMap, Request},
    },
    transport::Channel,
};

use crate::{
    packed::{gzip, zstd},
    partner::PATIENCE,
};

/// A gRPC message, in pieces, and how it says that it is packed.
#[derive(Clone)]
pub struct Bomb {
    /// For a test that fails.
    pub name: &'static str,
    encoding: Option<&'static str>,
    length: usize,
    /// Comes so often.
    piece: (Bytes, usize),
}

impl Bomb {
    /// A message as it is.
    pub fn plain(name: &'static str, message: Vec<u8>) -> Self {
        Self { name, encoding: None, length: message.len(), piece: (message.into(), 1) }
    }

    /// So many empty members of the list that is field 1; they aren't held in memory here.
    pub fn members(name: &'static str, count: usize) -> Self {
        let piece = [0x0a, 0].repeat(10_000);
        let times = count / 10_000;
        Self { name, encoding: None, length: piece.len() * times, piece: (piece.into(), times) }
    }

    /// 32 KiB of Zstandard that come out as 1 GiB.
    pub fn zstd() -> Self {
        Self { encoding: Some("zstd"), ..Self::plain("zstd", zstd()) }
    }

    /// 400 KiB of gzip that come out as 400 MiB.
    pub fn gzip() -> Self {
        Self { encoding: Some("gzip"), ..Self::plain("gzip", gzip(400 << 10)) }
    }

    /// Sends it to a method, `/package.Service/Method`; the answer's gRPC status.
    ///
    /// # Panics
    /// If the connection breaks, or the answer has no status.
    pub async fn send(&self, channel: &mut Channel, path: &str, token: &str) -> i32 {
        let answered = timeout(PATIENCE / 6, self.exchange(channel, path, token)).await;
        answered.unwrap_or_else(|_| panic!("{path}, {}: no answer", self.name))
    }

    async fn exchange(&self, channel: &mut Channel, path: &str, token: &str) -> i32 {
        let mut head = vec![u8::from(self.encoding.is_some())];
        head.extend(u32::try_from(self.length).expect("a length in 32 bits").to_be_bytes());
        let (piece, times) = self.piece.clone();
        let pieces =
            futures::StreamExt::chain(iter([Bytes::from(head)]), iter(std::iter::repeat_n(piece, times)));
        let pieces = futures::StreamExt::map(pieces, Ok::<_, std::io::Error>);
        let mut request =
            Request::post(path).header("content-type", "application/grpc").header("te", "trailers");
        request = request.header("authorization", format!("Bearer {token}"));
        if let Some(encoding) = self.encoding {
            request = request.header("grpc-encoding", encoding);
        }
        let body = Body::new(reqwest::Body::wrap_stream(pieces));
        let request = request.body(body).expect("a request");
        poll_fn(|cx| channel.poll_ready(cx)).await.expect("a connection");
        let answer = channel.call(request).await;
        let answer = answer.unwrap_or_else(|error| panic!("{path}, {}: {error:?}", self.name));
        let (parts, mut body) = answer.into_parts();
        let mut status = code(&parts.headers);
        // Who watches is told for ever.
        if status.is_none() && path.contains("/Watch") {
            return 0;
        }
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let frame = frame.unwrap_or_else(|error| panic!("{path}, {}: {error:?}", self.name));
            status = status.or_else(|| frame.trailers_ref().and_then(code));
        }
        status.unwrap_or_else(|| panic!("{path}, {}: no status", self.name))
    }
}

fn code(headers: &HeaderMap) -> Option<i32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// Field `number` with these bytes.
pub fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    encode_varint(u64::from(number) << 3 | 2, &mut message);
    encode_varint(bytes.len() as u64, &mut message);
    message.extend_from_slice(bytes);
    message
}

/// Groups within groups, all of a field that no message has.
pub fn deep(levels: usize) -> Vec<u8> {
    let (begin, end) = ([0xfb, 0x7f], [0xfc, 0x7f]);
    [begin.repeat(levels), end.repeat(levels)].concat()
}
