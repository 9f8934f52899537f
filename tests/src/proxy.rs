//! A TCP proxy whose line a test can cut, stall and repair.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
};

/// The state of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Bytes pass both ways.
    Up,
    /// Connections stay open and nothing passes: a black hole.
    Stalled,
    /// Connections are closed, new ones too.
    Cut,
}

/// A proxy in front of one address.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    line: watch::Sender<Line>,
}

impl Proxy {
    /// Begins to pass connections on.
    pub async fn start(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let line = watch::Sender::new(Line::Up);
        let state = line.subscribe();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *state.borrow() == Line::Cut {
                    continue;
                }
                if let Ok(far) = TcpStream::connect(&to).await {
                    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                    tokio::spawn(pass(from_near, to_far, state.clone()));
                    tokio::spawn(pass(from_far, to_near, state.clone()));
                }
            }
        });
        Self { address, line }
    }

    /// Changes the line's state, for open connections too.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            cut = line.wait_for(|line| *line == Line::Cut) => { drop(cut); return },
        };
        let Ok(length @ 1..) = read else { return };
        match line.wait_for(|line| *line != Line::Stalled).await.map(|line| *line) {
            Ok(Line::Up) => {}
            _ => return,
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
