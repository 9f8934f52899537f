//! From an async stream to the blocking code that hashes and verifies: a bounded channel that is read like a file.
//! Who sends must send on: too long a pause, or a trickle, ends the stream.

use std::{
    fmt::Display,
    io::{self, Read},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_stream::{Stream, StreamExt};

use super::{BlobError, GROUP};

/// Pieces under way: with the one being taken, less than 1 MiB a stream.
const UNDER_WAY: usize = 2;

/// A piece of bytes, or what went wrong. An empty one is the end: a channel that just closes broke off.
type Piece = Result<Vec<u8>, BlobError>;

/// The end of a channel that a stream is passed into.
pub(super) struct Inlet(mpsc::Sender<Piece>);

pub(super) fn channel() -> (Inlet, Reader) {
    let (to, from) = mpsc::channel(UNDER_WAY);
    (Inlet(to), Reader { from, piece: io::Cursor::default(), ended: false, failure: None })
}

impl Inlet {
    /// Passes a stream on until it ends, fails, pauses for longer than `patience`, nobody reads any more, or `given_up`
    /// resolves. Each [`GROUP`] of bytes is worth the whole patience again: single bytes are not.
    pub(super) async fn forward<E: Display>(
        self,
        stream: impl Stream<Item = Result<Vec<u8>, E>>,
        patience: Duration,
        given_up: impl Future<Output = BlobError>,
    ) {
        tokio::pin!(stream, given_up);
        let (mut left, mut bytes) = (patience, 0);
        loop {
            let since = Instant::now();
            let next = tokio::select! {
                biased;
                why = &mut given_up => Some(Err(why)),
                // Pieces that are always ready leave a timer no turn.
                () = std::future::ready(()), if left.is_zero() => Some(Err(BlobError::Slow)),
                // A byte was wrong, or the disk is full.
                () = self.0.closed() => return,
                next = timeout(left, stream.next()) => match next {
                    Ok(next) => next.map(|piece| piece.map_err(|error| BlobError::Source(error.to_string()))),
                    Err(_) => Some(Err(BlobError::Slow)),
                },
            };
            // The disk's slowness is not the sender's.
            left = left.saturating_sub(since.elapsed());
            let ended = !matches!(next, Some(Ok(_)));
            let piece = next.unwrap_or_else(|| Ok(Vec::new()));
            match &piece {
                Ok(piece) if piece.is_empty() && !ended => continue,
                Ok(piece) => bytes += piece.len() as u64,
                Err(_) => {}
            }
            if bytes >= GROUP {
                (left, bytes) = (patience, 0);
            }
            if self.0.send(piece).await.is_err() || ended {
                return;
            }
        }
    }
}

/// Reads what comes through a channel. An error in it is kept for [`Reader::failure`].
pub(super) struct Reader {
    from: mpsc::Receiver<Piece>,
    piece: io::Cursor<Vec<u8>>,
    ended: bool,
    failure: Option<BlobError>,
}

impl Reader {
    /// Why reading failed, if the stream itself did.
    pub(super) fn failure(&mut self) -> Option<BlobError> {
        self.failure.take()
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.ended {
                return Ok(read);
            }
            let piece = self.from.blocking_recv();
            match piece.unwrap_or_else(|| Err(BlobError::Source("it has gone".to_owned()))) {
                Ok(piece) => {
                    self.ended = piece.is_empty();
                    self.piece = io::Cursor::new(piece);
                }
                Err(failure) => {
                    self.failure = Some(failure);
                    return Err(io::Error::other("the stream failed"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;

    use super::*;

    /// What arrives of a stream, and how it ends.
    async fn arrives(
        pieces: impl Stream<Item = Result<Vec<u8>, Infallible>>,
        patience: Duration,
    ) -> (usize, Option<BlobError>) {
        let (inlet, mut reader) = channel();
        let taken = async {
            let mut bytes = 0;
            while let Some(piece) = reader.from.recv().await {
                match piece {
                    Ok(piece) if piece.is_empty() => return (bytes, None),
                    Ok(piece) => bytes += piece.len(),
                    Err(error) => return (bytes, Some(error)),
                }
            }
            (bytes, Some(BlobError::Source("no end".to_owned())))
        };
        tokio::join!(inlet.forward(pieces, patience, std::future::pending()), taken).1
    }

    /// Pieces of a size, one a millisecond.
    fn pieces(size: usize) -> impl Stream<Item = Result<Vec<u8>, Infallible>> {
        stream::unfold(tokio::time::interval(Duration::from_millis(1)), move |mut ticks| async move {
            ticks.tick().await;
            Some((Ok(vec![7; size]), ticks))
        })
    }

    #[tokio::test]
    async fn t21_a_pause_ends_a_stream_and_so_does_a_trickle() {
        let (short, long) = (Duration::from_millis(100), Duration::from_secs(30));
        let group = usize::try_from(GROUP).unwrap();
        let (bytes, error) = arrives(StreamExt::take(pieces(group), 20), long).await;
        assert!(bytes == 20 * group && error.is_none(), "{bytes}, {error:?}");
        let one = StreamExt::chain(StreamExt::take(pieces(group), 1), stream::pending());
        let (bytes, error) = arrives(one, short).await;
        assert!(bytes == group && matches!(error, Some(BlobError::Slow)), "{bytes}, {error:?}");
        let (bytes, error) = arrives(pieces(1), short).await;
        assert!(bytes < group && matches!(error, Some(BlobError::Slow)), "{bytes}, {error:?}");
        // Empty pieces neither end a stream nor keep it.
        let (bytes, error) = arrives(pieces(0), short).await;
        assert!(bytes == 0 && matches!(error, Some(BlobError::Slow)), "{bytes}, {error:?}");
    }
}
