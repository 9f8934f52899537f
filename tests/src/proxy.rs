//! A TCP proxy whose line a test can cut, stall and repair.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// The state of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Bytes pass both ways.
    Up,
    /// Connections stay open and nothing passes: a black hole.
    Stalled,
    /// What the caller sends doesn't arrive; it still hears the other side.
    CallerUnheard,
    /// What is answered doesn't arrive; the caller is still heard.
    AnswersLost,
    /// Bytes pass in small pieces, each after a while.
    Slow,
    /// Connections are closed, new ones too.
    Cut,
}

/// Of a slow line: 100 KB a second.
const PIECE: usize = 512;
const PAUSE: Duration = Duration::from_millis(5);

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From who called.
    Calls,
    /// From who was called.
    Answers,
}

impl Line {
    fn stalls(self, way: Way) -> bool {
        match self {
            Self::Up | Self::Slow | Self::Cut => false,
            Self::Stalled => true,
            Self::CallerUnheard => way == Way::Calls,
            Self::AnswersLost => way == Way::Answers,
        }
    }
}

/// Each connection is cut after so many TLS records one way: `first`, then one more with each, up to `last`.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    /// Which way records are counted.
    pub way: Way,
    /// After how many the first connection is cut.
    pub first: u64,
    /// And the last; then the line is whole.
    pub last: u64,
}

/// A proxy in front of one address.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    line: watch::Sender<Line>,
    cuts: Arc<AtomicU64>,
}

impl Proxy {
    /// Begins to pass connections on.
    pub async fn start(to: String) -> Self {
        Self::serve(to, None).await
    }

    /// The same, and cuts its first connections.
    pub async fn sweeping(to: String, sweep: Sweep) -> Self {
        Self::serve(to, Some(sweep)).await
    }

    async fn serve(to: String, sweep: Option<Sweep>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (line, cuts) = (watch::Sender::new(Line::Up), Arc::new(AtomicU64::new(0)));
        let (state, done) = (line.subscribe(), Arc::clone(&cuts));
        tokio::spawn(async move {
            let mut connections = 0;
            while let Ok((near, _)) = listener.accept().await {
                if *state.borrow() == Line::Cut {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&to).await else { continue };
                let budget = sweep
                    .map(|sweep| (sweep.way, sweep.first + connections))
                    .filter(|(_, records)| sweep.is_some_and(|sweep| *records <= sweep.last));
                connections += 1;
                let cut = CancellationToken::new();
                let pass = |way, from, to| Pass {
                    way,
                    from,
                    to,
                    line: state.clone(),
                    records: budget.filter(|(swept, _)| *swept == way).map(|(_, records)| records),
                    cut: cut.clone(),
                    cuts: Arc::clone(&done),
                };
                let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                tokio::spawn(pass(Way::Calls, from_near, to_far).run());
                tokio::spawn(pass(Way::Answers, from_far, to_near).run());
            }
        });
        Self { address, line, cuts }
    }

    /// Changes the line's state, for open connections too.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// How many connections were cut in its sweep.
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }
}

/// One way of one connection.
struct Pass {
    way: Way,
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    line: watch::Receiver<Line>,
    /// TLS records until both ways are cut.
    records: Option<u64>,
    cut: CancellationToken,
    cuts: Arc<AtomicU64>,
}

impl Pass {
    async fn run(mut self) {
        let cut = self.cut.clone();
        tokio::select! {
            () = self.pass() => cut.cancel(),
            () = cut.cancelled() => {}
        }
    }

    async fn pass(&mut self) {
        let mut buffer = vec![0; 20 << 10];
        loop {
            if self.records == Some(0) {
                self.cuts.fetch_add(1, Ordering::Relaxed);
                return;
            }
            let mut line = self.line.clone();
            let read = tokio::select! {
                read = self.read(&mut buffer) => read,
                cut = line.wait_for(|line| *line == Line::Cut) => { drop(cut); return },
            };
            let Some(length @ 1..) = read else { return };
            let way = self.way;
            let line = self.line.wait_for(|line| !line.stalls(way)).await.map(|line| *line);
            let written = match line {
                Ok(Line::Cut) | Err(_) => return,
                Ok(Line::Slow) => self.write_slowly(&buffer[..length]).await,
                Ok(_) => self.to.write_all(&buffer[..length]).await,
            };
            if written.is_err() {
                return;
            }
        }
    }

    /// While the line stays slow.
    async fn write_slowly(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while *self.line.borrow() == Line::Slow && bytes.len() > PIECE {
            let (piece, rest) = bytes.split_at(PIECE);
            sleep(PAUSE).await;
            self.to.write_all(piece).await?;
            bytes = rest;
        }
        sleep(PAUSE).await;
        self.to.write_all(bytes).await
    }

    /// Some bytes, or one whole TLS record (RFC 8446, 5.1) where they are counted.
    async fn read(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let Some(records) = &mut self.records else { return self.from.read(buffer).await.ok() };
        self.from.read_exact(&mut buffer[..5]).await.ok()?;
        let length = 5 + usize::from(u16::from_be_bytes([buffer[3], buffer[4]]));
        self.from.read_exact(buffer.get_mut(5..length)?).await.ok()?;
        *records -= 1;
        Some(length)
    }
}
