//! A partner that is admitted and nothing else: what a node's exchange tells it, whatever it asks.

use std::sync::Arc;

use prost::Message as _;
use tonic::{Status, transport::Channel};
use volbridge_node::{
    env::Env,
    tls::{Dialer, Pins, TlsIdentity},
};
use volbridge_proto::wire::exchange::v1::{
    self as wire, exchange_client::ExchangeClient, follow_request, follow_response,
};

use crate::{Partner, liar::LiarsLog, outlets::Seen};

/// The exchange of a node, for whoever has this TLS key.
pub async fn connect(node: &Partner, tls: TlsIdentity) -> ExchangeClient<Channel> {
    let pins = Pins::new();
    pins.set(node.tls_pins().await.into_iter().map(|pin| (pin, node.id)));
    let address = node.exchange().parse().expect("an address");
    let channel = Dialer::new(Arc::new(tls), pins, true).channel(address, node.id).expect("a channel");
    ExchangeClient::new(channel)
}

/// Its connection to one node.
pub struct Stranger {
    /// The exchange as it sees it.
    pub client: ExchangeClient<Channel>,
    /// Its log: who it is.
    pub log: LiarsLog,
}

impl Stranger {
    /// Admitted by this node, and connected.
    pub async fn at(node: &Partner) -> Self {
        let tls = TlsIdentity::generate().expect("a TLS key");
        let log = LiarsLog::new(Env::system(), tls.hash());
        // It has no address: the node waits for its calls.
        node.admit_without_address(log.descriptor()).await;
        Self { client: connect(node, tls).await, log }
    }

    /// Everything of a log that Follow gives, asked for with a claim to carry for these.
    pub async fn follow(
        &mut self,
        log: &wire::Log,
        size: u64,
        deliver_for: &[Vec<u8>],
    ) -> Result<Vec<wire::FollowResponse>, Status> {
        let subscribe =
            wire::Subscribe { log: Some(log.clone()), from: 0, deliver_for: deliver_for.to_vec(), number: 1 };
        let request = follow_request::Request::Subscribe(subscribe);
        let requests = tokio_stream::once(wire::FollowRequest { request: Some(request) });
        let requests = tokio_stream::StreamExt::chain(requests, tokio_stream::pending());
        let mut answers = self.client.follow(requests).await?.into_inner();
        let (mut seen, mut leaves) = (Vec::new(), 0);
        while leaves < size {
            let Some(answer) = answers.message().await? else { break };
            leaves += match &answer.response {
                Some(follow_response::Response::Tail(tail)) => tail.leaves.len() as u64,
                Some(follow_response::Response::Range(range)) => range.leaves.len() as u64,
                Some(follow_response::Response::Ended(_)) => size,
                _ => 0,
            };
            seen.push(answer);
        }
        Ok(seen)
    }

    /// The bodies of a log that FetchBodies gives.
    pub async fn bodies(&mut self, log: &wire::Log, size: u64) -> Result<Vec<wire::IndexedBody>, Status> {
        let ranges = vec![wire::IndexRange { start: 0, end: size }];
        let request = wire::FetchBodiesRequest { log: Some(log.clone()), ranges };
        let mut answers = self.client.fetch_bodies(request).await?.into_inner();
        let mut bodies = Vec::new();
        while let Some(message) = answers.message().await? {
            bodies.extend(message.bodies);
        }
        Ok(bodies)
    }

    /// The pieces of a blob.
    pub async fn blob(&mut self, hash: &[u8]) -> Result<Vec<u8>, Status> {
        let request = wire::FetchBlobRequest { hash: hash.to_vec(), offset: 0, length: 0 };
        let mut answers = self.client.fetch_blob(request).await?.into_inner();
        let mut pieces = Vec::new();
        while let Some(chunk) = answers.message().await? {
            pieces.extend(chunk.encoded);
        }
        Ok(pieces)
    }

    /// Every call, about every log that the node holds.
    pub async fn everything(&mut self, node: &Partner, everybody: &[Vec<u8>], blobs: &[Vec<u8>]) -> Seen {
        let mut seen = Seen::of(&node.name);
        let described = self.client.describe(wire::DescribeRequest {}).await;
        seen.answer("Describe", described);
        let mut asked = Vec::new();
        for head in node.node().context().heads.all() {
            let log = wire::Log { partner: head.log.partner.to_vec(), epoch: head.log.epoch };
            let name = head.log.to_string();
            let keys = self.client.keys(wire::KeysRequest { log: Some(log.clone()), from: 0 }).await;
            seen.answer(&format!("Keys {name}"), keys);
            let answers = self.follow(&log, head.size, everybody).await.unwrap_or_default();
            for answer in answers {
                seen.bytes(&format!("Follow {name}"), answer.encode_to_vec());
            }
            for body in self.bodies(&log, head.size).await.unwrap_or_default() {
                seen.bytes(&format!("FetchBodies {name}"), body.encode_to_vec());
            }
            asked.push(wire::Head { log: Some(log), ..Default::default() });
        }
        seen.answer("Heads", self.client.heads(wire::HeadsRequest { heads: asked }).await);
        for hash in blobs {
            match self.blob(hash).await {
                Ok(bytes) => seen.bytes("FetchBlob", bytes),
                Err(status) => seen.refused("FetchBlob", &status),
            }
        }
        seen
    }
}
