//! Connections of the portal (threat T21). Each must say what it wants, and take what
//! it is given, within a time; there are only so many, and so many of one address.
//! HTTP/1.1 alone: TLS and HTTP/2 end at the reverse proxy.

mod stall;

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tower::ServiceExt as _;

use self::stall::Stall;
use crate::limit::{Place, Places};

/// How long open connections may go on after the wish to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// From the connection, or from the last answer, to the end of a request's headers.
const HEADER_TIME: Duration = Duration::from_secs(15);
/// Bytes of a request's line and headers; a link of the tour with all its ids has two thousand.
const HEADER_BYTES: usize = 32 << 10;
const HEADERS: usize = 100;
/// Connections at a time.
const CONNECTIONS: usize = 4096;
/// Of one address on the internet. A proxy comes from this machine or from a private network.
const CONNECTIONS_OF_ONE: usize = 256;
/// The next try when the system gives no more connections.
const NO_MORE: Duration = Duration::from_secs(1);

/// Serves until `shutdown`, then lets open requests end; streams are cut after some seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let places = Arc::new(Places::new(CONNECTIONS, CONNECTIONS_OF_ONE));
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // Who has too many is hung up on: an answer would cost what is to be saved.
                    if let Some(place) = places.take(counted(peer.ip()).map(Into::into)) {
                        connections.spawn(talk(stream, peer, router.clone(), stopping.clone(), place));
                    }
                }
                Err(error) if of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no more connections for the moment");
                    tokio::time::sleep(NO_MORE).await;
                }
            },
        }
    }
    drop(listener);
    // An error means that there is no connection.
    let _ = stop.send(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    // What isn't done by then is cut when the set is dropped.
    let _ = tokio::time::timeout(DRAIN, ended).await;
    Ok(())
}

fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Addresses whose connections are counted one by one.
fn counted(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    let near = match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    };
    (!near).then_some(address)
}

async fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut stopping: watch::Receiver<bool>,
    _place: Place,
) {
    // Without it small answers wait for the other side; an error changes nothing else.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_headers(HEADERS)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(Stall::new(stream)), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended_with(ended),
        _ = stopping.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    ended_with(connection.await);
}

fn ended_with(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
