//! A relay between a victim and an honest node, whose answers it passes on: changed, or
//! up to one point, from which on it says nothing more and keeps its connections open.

use std::{net::SocketAddr, pin::Pin};

use futures::{FutureExt as _, Stream, StreamExt as _, stream};
use tokio::{net::TcpListener, sync::watch};
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Channel, Server},
};
use volbridge_node::tls::{Acceptor, Limits, Pins};
use volbridge_proto::{
    PartnerId,
    wire::exchange::v1::{
        self as wire,
        exchange_client::ExchangeClient,
        exchange_server::{Exchange, ExchangeServer},
        follow_response::Response as Told,
    },
};

use crate::{Partner, caller::Caller};

/// Where it falls silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silent {
    /// It doesn't answer who it is.
    Describe,
    /// It opens no stream.
    Follow,
    /// It gives no keys.
    Keys,
    /// It says how long a log is, and sends nothing of it.
    AfterTarget,
    /// It sends leaves, and not their bodies.
    AfterRange,
}

/// What it changes of the honest node's answers.
#[derive(Clone, Copy)]
pub struct Twist {
    /// Each message of a stream.
    pub told: fn(&mut Told),
    /// Each answer to `Keys`.
    pub keys: fn(&mut wire::KeysResponse),
}

impl Twist {
    /// Nothing.
    pub const NONE: Self = Self { told: |_| {}, keys: |_| {} };
}

/// The relay.
pub struct Relay {
    /// Its id.
    pub id: PartnerId,
    reached: watch::Receiver<bool>,
    server: tokio::task::JoinHandle<()>,
}

impl Relay {
    /// One that falls silent; both admit it.
    pub async fn silent(victim: &Partner, honest: &Partner, silent: Silent) -> Self {
        Self::between(victim, honest, Some(silent), Twist::NONE).await
    }

    /// One that lies; both admit it.
    pub async fn lying(victim: &Partner, honest: &Partner, twist: Twist) -> Self {
        Self::between(victim, honest, None, twist).await
    }

    async fn between(victim: &Partner, honest: &Partner, silent: Option<Silent>, twist: Twist) -> Self {
        let caller = Caller::admitted_by(honest, "").await;
        let pins = Pins::new();
        pins.set(victim.tls_pins().await.into_iter().map(|pin| (pin, victim.id)));
        let acceptor = Acceptor::new(&caller.tls, &pins, Limits::default()).expect("an acceptor");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("its address");
        let (reach, reached) = watch::channel(false);
        let honest = ExchangeClient::new(caller.channel());
        let service =
            ExchangeServer::new(Service { id: caller.id(), honest, silent, twist, reach, _pins: pins });
        let server = tokio::spawn(async move {
            let server = Server::builder().add_service(service);
            server.serve_with_incoming(acceptor.incoming(listener)).await.expect("served");
        });
        victim.admit_descriptor(caller.log.descriptor(), &address.to_string()).await;
        Self { id: caller.id(), reached, server }
    }

    /// Waits until the victim waits for what never comes.
    pub async fn fallen_silent(&self) {
        let mut reached = self.reached.clone();
        let waited =
            tokio::time::timeout(crate::partner::PATIENCE, reached.wait_for(|reached| *reached)).await;
        assert!(waited.is_ok(), "nobody called so far");
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Service {
    id: PartnerId,
    honest: ExchangeClient<Channel>,
    silent: Option<Silent>,
    twist: Twist,
    reach: watch::Sender<bool>,
    _pins: std::sync::Arc<Pins>,
}

impl Service {
    async fn pause(&self, at: Silent) {
        if self.silent == Some(at) {
            self.reach.send_replace(true);
            std::future::pending::<()>().await;
        }
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Exchange for Service {
    type FollowStream = Answers<wire::FollowResponse>;
    type FetchBodiesStream = Streaming<wire::Bodies>;
    type FetchBlobStream = Streaming<wire::BlobChunk>;

    async fn describe(
        &self,
        request: Request<wire::DescribeRequest>,
    ) -> Result<Response<wire::DescribeResponse>, Status> {
        self.pause(Silent::Describe).await;
        let mut answer = self.honest.clone().describe(request.into_inner()).await?;
        answer.get_mut().partner = self.id.to_vec();
        Ok(answer)
    }

    async fn keys(
        &self,
        request: Request<wire::KeysRequest>,
    ) -> Result<Response<wire::KeysResponse>, Status> {
        self.pause(Silent::Keys).await;
        let mut answer = self.honest.clone().keys(request.into_inner()).await?;
        (self.twist.keys)(answer.get_mut());
        Ok(answer)
    }

    async fn follow(
        &self,
        request: Request<Streaming<wire::FollowRequest>>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        self.pause(Silent::Follow).await;
        let requests = request.into_inner().filter_map(|request| std::future::ready(request.ok()));
        let answers = self.honest.clone().follow(requests).await?.into_inner();
        let (silent, twist, reach) = (self.silent, self.twist, self.reach.clone());
        let is_last = move |answer: &wire::FollowResponse| match answer.response {
            Some(Told::Target(_)) => silent == Some(Silent::AfterTarget),
            Some(Told::Range(_)) => silent == Some(Silent::AfterRange),
            _ => false,
        };
        let told = stream::unfold((answers, false), move |(mut answers, over)| {
            let reach = reach.clone();
            async move {
                if over {
                    reach.send_replace(true);
                    std::future::pending::<()>().await;
                }
                let mut answer = answers.next().await?;
                if let Ok(answer) = &mut answer {
                    answer.response.iter_mut().for_each(twist.told);
                }
                let over = answer.as_ref().is_ok_and(is_last);
                Some((answer, (answers, over)))
            }
            .boxed()
        });
        Ok(Response::new(Box::pin(told)))
    }

    async fn fetch_bodies(
        &self,
        request: Request<wire::FetchBodiesRequest>,
    ) -> Result<Response<Self::FetchBodiesStream>, Status> {
        self.honest.clone().fetch_bodies(request.into_inner()).await
    }

    async fn fetch_blob(
        &self,
        request: Request<wire::FetchBlobRequest>,
    ) -> Result<Response<Self::FetchBlobStream>, Status> {
        self.honest.clone().fetch_blob(request.into_inner()).await
    }

    async fn heads(&self, _: Request<wire::HeadsRequest>) -> Result<Response<wire::HeadsResponse>, Status> {
        Ok(Response::new(wire::HeadsResponse::default()))
    }
}
