//! A node's own exchange behind a second listener, where each peer's first `Follow` stream is cut after so many messages.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
};

use futures::{Stream, StreamExt as _};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, Streaming, transport::Server};
use volbridge_node::{
    exchange::server::ExchangeService,
    tls::{Acceptor, Limits, TlsIdentity},
};
use volbridge_proto::wire::exchange::v1::{
    self as wire,
    exchange_server::{Exchange, ExchangeServer},
};

use crate::Partner;

/// The second listener.
pub struct Cutter {
    /// Where.
    pub address: SocketAddr,
    server: tokio::task::JoinHandle<()>,
}

impl Cutter {
    /// Cuts the first stream after `messages`; later ones are whole.
    pub async fn start(node: &Partner, messages: usize) -> Self {
        let context = node.node().context();
        let tls = TlsIdentity::load_or_generate(&node.folder().join("keys")).expect("its TLS key");
        let acceptor = Acceptor::new(&tls, &context.pins, Limits::default()).expect("an acceptor");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let exchange = ExchangeService::new(std::sync::Arc::clone(context));
        let service = ExchangeServer::new(Service { exchange, messages, was_cut: AtomicBool::new(false) });
        let server = tokio::spawn(async move {
            let served =
                Server::builder().add_service(service).serve_with_incoming(acceptor.incoming(listener));
            served.await.expect("served");
        });
        Self { address, server }
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Service {
    exchange: ExchangeService,
    messages: usize,
    was_cut: AtomicBool,
}

#[tonic::async_trait]
impl Exchange for Service {
    type FollowStream = Pin<Box<dyn Stream<Item = Result<wire::FollowResponse, Status>> + Send>>;
    type FetchBodiesStream = <ExchangeService as Exchange>::FetchBodiesStream;
    type FetchBlobStream = <ExchangeService as Exchange>::FetchBlobStream;

    async fn describe(
        &self,
        request: Request<wire::DescribeRequest>,
    ) -> Result<Response<wire::DescribeResponse>, Status> {
        self.exchange.describe(request).await
    }

    async fn keys(
        &self,
        request: Request<wire::KeysRequest>,
    ) -> Result<Response<wire::KeysResponse>, Status> {
        self.exchange.keys(request).await
    }

    async fn follow(
        &self,
        request: Request<Streaming<wire::FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let answers = self.exchange.follow(request).await?.into_inner();
        if self.was_cut.swap(true, Ordering::Relaxed) {
            return Ok(Response::new(Box::pin(answers)));
        }
        let cut = futures::stream::once(async { Err(Status::unavailable("cut")) });
        Ok(Response::new(Box::pin(answers.take(self.messages).chain(cut))))
    }

    async fn fetch_bodies(
        &self,
        request: Request<wire::FetchBodiesRequest>,
    ) -> Result<Response<Self::FetchBodiesStream>, Status> {
        self.exchange.fetch_bodies(request).await
    }

    async fn fetch_blob(
        &self,
        request: Request<wire::FetchBlobRequest>,
    ) -> Result<Response<Self::FetchBlobStream>, Status> {
        self.exchange.fetch_blob(request).await
    }

    async fn heads(
        &self,
        request: Request<wire::HeadsRequest>,
    ) -> Result<Response<wire::HeadsResponse>, Status> {
        self.exchange.heads(request).await
    }
}
