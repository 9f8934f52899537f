//! Between async streams and the blocking code of bao-tree: bounded channels, read and written like files.

use std::io::{self, Read, Write};

use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt};

use super::{BlobError, PIECE};

/// Pieces under way: with the one being made and the one being sent, 1 MiB a stream.
const UNDER_WAY: usize = 2;

/// A piece of bytes, or what went wrong.
pub(super) type Piece = Result<Vec<u8>, BlobError>;

pub(super) fn channel() -> (mpsc::Sender<Piece>, mpsc::Receiver<Piece>) {
    mpsc::channel(UNDER_WAY)
}

/// Passes a stream on until it ends, fails, or nobody reads any more.
pub(super) async fn forward<E: std::fmt::Display>(
    stream: impl Stream<Item = Result<Vec<u8>, E>>,
    to: mpsc::Sender<Piece>,
) {
    tokio::pin!(stream);
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| BlobError::Source(error.to_string()));
        let failed = piece.is_err();
        if to.send(piece).await.is_err() || failed {
            return;
        }
    }
}

/// Reads what comes through a channel. An error in it is kept for [`Reader::failure`].
pub(super) struct Reader {
    from: mpsc::Receiver<Piece>,
    piece: io::Cursor<Vec<u8>>,
    failure: Option<BlobError>,
}

impl Reader {
    pub(super) fn new(from: mpsc::Receiver<Piece>) -> Self {
        Self { from, piece: io::Cursor::default(), failure: None }
    }

    /// Why reading failed, if the stream itself did.
    pub(super) fn failure(&mut self) -> Option<BlobError> {
        self.failure.take()
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.from.blocking_recv() {
                Some(Ok(piece)) => self.piece = io::Cursor::new(piece),
                Some(Err(failure)) => {
                    self.failure = Some(failure);
                    return Err(io::Error::other("the stream failed"));
                }
                None => return Ok(0),
            }
        }
    }
}

/// Sends what is written through a channel, in pieces of at most [`PIECE`].
pub(super) struct Writer {
    to: mpsc::Sender<Piece>,
    piece: Vec<u8>,
}

impl Writer {
    pub(super) fn new(to: mpsc::Sender<Piece>) -> Self {
        Self { to, piece: Vec::with_capacity(PIECE) }
    }

    /// Sends the rest, or what went wrong.
    pub(super) fn finish(mut self, result: Result<(), BlobError>) {
        match result {
            Ok(()) => drop(self.flush()),
            Err(error) => drop(self.to.blocking_send(Err(error))),
        }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        let take = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..take]);
        Ok(take)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.to.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
