//! A connection whose caller must say within a time that it speaks HTTP/2 (RFC 9113, section 3.4: 24 bytes). After that
//! the server's pings find out who is silent; before, nothing would, and such connections would stay for ever
//! (threats.md T21).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};
use tonic::transport::server::Connected;

/// Bytes of `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`.
const PREFACE: usize = 24;

/// The connection.
pub struct Punctual<S> {
    stream: S,
    /// Bytes of the preface that haven't come yet.
    missing: usize,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Punctual<S> {
    /// Its caller has so long from now on.
    pub fn new(stream: S, limit: Duration) -> Self {
        let timer = Box::pin(tokio::time::sleep_until(Instant::now() + limit));
        Self { stream, missing: PREFACE, timer: Some(timer) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Punctual<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let Some(timer) = &mut self.timer else { return read };
        if read.is_pending() {
            ready!(timer.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.missing = self.missing.saturating_sub(buffer.filled().len() - before);
        if self.missing == 0 {
            self.timer = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Punctual<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: Connected> Connected for Punctual<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> S::ConnectInfo {
        self.stream.connect_info()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(20);
    const SAID: &[u8; PREFACE] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    #[tokio::test]
    async fn t21_who_says_half_of_its_preface_is_hung_up_on_and_who_says_it_all_is_not() {
        for said in [&SAID[..0], &SAID[..12], &SAID[..23]] {
            let (mut caller, stream) = duplex(64);
            caller.write_all(said).await.unwrap();
            let ended = Punctual::new(stream, LIMIT).read_to_end(&mut Vec::new()).await.unwrap_err();
            assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
        }
        let (mut caller, stream) = duplex(64);
        let mut punctual = Punctual::new(stream, LIMIT);
        for half in SAID.chunks(PREFACE / 2) {
            caller.write_all(half).await.unwrap();
            punctual.read_exact(&mut [0; PREFACE / 2]).await.unwrap();
        }
        tokio::time::timeout(3 * LIMIT, punctual.read_u8()).await.expect_err("it is hung up on all the same");
    }
}
