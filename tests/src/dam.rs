//! A TCP proxy that stops after a number of bytes from behind it, and lets some more through
//! when a test says so.
//!
//! Only tokio: other packages' tests include this file with `#[path]`.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
};

/// The state of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Bytes pass both ways.
    Open,
    /// Connections stay open and nothing passes.
    Shut,
    /// Connections are closed, new ones too.
    Broken,
}

/// A proxy in front of one address.
pub struct Dam {
    /// Where it listens.
    pub address: SocketAddr,
    flow: watch::Sender<Flow>,
    meter: Meter,
}

/// Counts the bytes that come from behind.
#[derive(Clone)]
struct Meter {
    passed: watch::Sender<u64>,
    /// After so many the flow changes.
    limit: watch::Sender<Option<(u64, Flow)>>,
}

impl Dam {
    /// Begins to pass connections on.
    pub async fn start(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let flow = watch::Sender::new(Flow::Open);
        let meter = Meter { passed: watch::Sender::new(0), limit: watch::Sender::new(None) };
        let (state, counting) = (flow.clone(), meter.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *state.borrow() == Flow::Broken {
                    continue;
                }
                if let Ok(far) = TcpStream::connect(&to).await {
                    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                    tokio::spawn(pass(from_near, to_far, state.clone(), None));
                    tokio::spawn(pass(from_far, to_near, state.clone(), Some(counting.clone())));
                }
            }
        });
        Self { address, flow, meter }
    }

    /// Changes the flow, of open connections too.
    pub fn set(&self, flow: Flow) {
        self.flow.send_replace(flow);
    }

    /// Changes it as soon as so many bytes more have come from behind.
    pub fn set_after(&self, bytes: u64, flow: Flow) {
        let passed = *self.meter.passed.borrow();
        self.meter.limit.send_replace(Some((passed + bytes, flow)));
    }

    /// Waits until the flow is this.
    pub async fn reached(&self, flow: Flow) {
        let _ = self.flow.subscribe().wait_for(|now| *now == flow).await;
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: watch::Sender<Flow>,
    meter: Option<Meter>,
) {
    let mut flow = state.subscribe();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            broken = flow.wait_for(|flow| *flow == Flow::Broken) => { drop(broken); return },
        };
        let Ok(length @ 1..) = read else { return };
        match flow.wait_for(|flow| *flow != Flow::Shut).await.map(|flow| *flow) {
            Ok(Flow::Open) => {}
            _ => return,
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        let Some(meter) = &meter else { continue };
        meter.passed.send_modify(|passed| *passed += length as u64);
        let passed = *meter.passed.borrow();
        meter.limit.send_if_modified(|limit| {
            let reached = limit.filter(|(bytes, _)| passed >= *bytes);
            if let Some((_, then)) = reached {
                *limit = None;
                state.send_replace(then);
            }
            reached.is_some()
        });
    }
}
