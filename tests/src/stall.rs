//! Connections that stall: each says the beginning of something and no more, or one byte a second, or takes no answer.
//! HTTP/2 is written by hand: a client that keeps to the rules can't stop where these do.

use std::time::Duration;

use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    task::JoinHandle,
    time::interval,
};

/// Where a connection stalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before anything is agreed: half of a handshake, or nothing.
    Opening,
    /// In the middle of what it asks for.
    Headers,
    /// In the middle of what it sends: half of them for ever, half of them with a byte a second.
    Body,
    /// It takes nothing of its answer.
    Unread,
    /// It begins a stream, and neither says anything nor ends it.
    Idle,
}

/// All, in their order.
pub const PHASES: [Phase; 5] = [Phase::Opening, Phase::Headers, Phase::Body, Phase::Unread, Phase::Idle];

/// Stalled connections, until they are dropped.
pub struct Stalled {
    holder: JoinHandle<()>,
}

impl Drop for Stalled {
    fn drop(&mut self) {
        self.holder.abort();
    }
}

impl Stalled {
    /// Holds connections that have said their beginnings; the marked ones say a zero each second.
    pub fn hold<S: AsyncWrite + Send + Unpin + 'static>(mut connections: Vec<(S, bool)>) -> Self {
        let holder = tokio::spawn(async move {
            let mut seconds = interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                for (connection, trickles) in &mut connections {
                    if *trickles {
                        // It may have been hung up on: then it has its answer.
                        let _ = connection.write_all(&[0]).await;
                        let _ = connection.flush().await;
                    }
                }
            }
        });
        Self { holder }
    }
}

/// The gRPC calls that stalled connections make to one listener.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// A call with a body.
    pub body: &'static str,
    /// A call with an answer, and its message.
    pub unread: (&'static str, Vec<u8>),
    /// A call whose answer goes on, and what it says first.
    pub idle: (&'static str, Vec<u8>),
    /// What they show.
    pub token: String,
}

impl Calls {
    /// What the `number`th connection says before it stalls.
    pub fn beginning(&self, phase: Phase, number: usize) -> Vec<u8> {
        let is_odd = !number.is_multiple_of(2);
        let mut said = match phase {
            Phase::Opening => return Vec::new(),
            Phase::Headers if is_odd => return PREFACE[..13].to_vec(),
            // A window of nothing: it says itself that it takes nothing.
            Phase::Unread if is_odd => [PREFACE, &frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])].concat(),
            _ => [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat(),
        };
        match phase {
            Phase::Opening => {}
            Phase::Headers => {
                let headers = self.headers(self.body, 1);
                said.extend_from_slice(&headers[..headers.len() / 2]);
            }
            Phase::Body => {
                said.extend(self.headers(self.body, 1));
                let message = frame(DATA, 0, 1, &message(&[0; 1_000]));
                said.extend_from_slice(&message[..100]);
            }
            Phase::Unread => {
                for stream in [1, 3, 5] {
                    said.extend(self.headers(self.unread.0, stream));
                    said.extend(frame(DATA, END_STREAM, stream, &message(&self.unread.1)));
                }
            }
            Phase::Idle => {
                said.extend(self.headers(self.idle.0, 1));
                // Only Follow listens on; all others wait for the end of what they are asked.
                let flags = if self.idle.0.ends_with("Follow") { 0 } else { END_STREAM };
                said.extend(frame(DATA, flags, 1, &message(&self.idle.1)));
            }
        }
        said
    }

    fn headers(&self, path: &str, stream: u32) -> Vec<u8> {
        frame(HEADERS, END_HEADERS, stream, &self.block(path))
    }

    /// The headers of a call, as HPACK writes them.
    pub fn block(&self, path: &str) -> Vec<u8> {
        let mut block = Vec::new();
        let authorization = format!("Bearer {}", self.token);
        for (name, value) in [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "localhost"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("authorization", authorization.as_str()),
        ] {
            // RFC 7541, section 6.2.2: a literal with its name, and never a code.
            block.push(0);
            for text in [name, value] {
                assert!(text.len() < 127, "a length of one byte");
                block.push(u8::try_from(text.len()).expect("a length of one byte"));
                block.extend_from_slice(text.as_bytes());
            }
        }
        block
    }
}

/// The first record of a TLS handshake, up to its middle.
pub const HALF_HELLO: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 7, 7, 7, 7];

/// What an HTTP/2 connection begins with.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A type of frame (RFC 9113, section 6).
pub const DATA: u8 = 0;
/// The same.
pub const HEADERS: u8 = 1;
/// The same.
pub const SETTINGS: u8 = 4;
/// A flag of one.
pub const END_STREAM: u8 = 1;
/// The same.
pub const END_HEADERS: u8 = 4;

/// A frame with its head of nine bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn message(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a short message").to_be_bytes();
    [&[0], length.as_slice(), bytes].concat()
}
