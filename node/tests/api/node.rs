//! A node of one test, and its clients.

use std::{path::Path, time::Duration};

use prost::Message;
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use volbridge_node::{
    Node,
    config::{Config, Sources},
    env::{Env, ManualClock},
    init::{InitOptions, init},
};
use volbridge_proto::{
    PartnerId, Timestamp,
    wire::{
        node::v1::{
            self as wire, Problem, listings_client::ListingsClient, network_client::NetworkClient,
            organisations_client::OrganisationsClient, partners_client::PartnersClient,
            records_client::RecordsClient,
        },
        record::v1 as record,
    },
};

use crate::place::Place;

/// 2026-11-24T08:00:00Z
pub const NOW: i64 = 1_795_507_200_000;

/// How long something may take to arrive at another node.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct TestNode {
    pub node: Node,
    pub clock: ManualClock,
    pub channel: Channel,
    pub token: MetadataValue<Ascii>,
    pub partner: PartnerId,
    _folder: tempfile::TempDir,
    _place: Place,
}

impl TestNode {
    /// A new partner with this name, alone.
    pub async fn start(place: Place, name: &str) -> Self {
        Self::start_with(place, name, &[]).await
    }

    /// The same, with other settings.
    pub async fn start_with(place: Place, name: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let argument = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let mut config = Config::load(&Sources {
            arguments: vec![
                argument("node.data_dir", &folder.path().display().to_string()),
                argument("database.url", &place.url()),
                argument("api.listen", "127.0.0.1:0"),
                argument("exchange.listen", "127.0.0.1:0"),
                argument("exchange.allow_private_addresses", "true"),
                argument("gateway.listen", ""),
            ]
            .into_iter()
            .chain(settings.iter().map(|(key, value)| argument(key, value)))
            .collect(),
            ..Sources::default()
        })
        .unwrap();
        config.database.durable = false;
        let seed = name.bytes().map(u64::from).sum();
        let (env, clock) = Env::manual(Timestamp::from_millis(NOW), seed);
        init(&config, options(name), &env).await.unwrap();
        let node = Node::start(config, env).await.unwrap();
        let channel = Channel::from_shared(format!("http://{}", node.api_addr().unwrap())).unwrap();
        let channel = channel.connect().await.unwrap();
        let token = std::fs::read_to_string(folder.path().join("keys/api-token")).unwrap();
        let token = format!("Bearer {}", token.trim()).parse().unwrap();
        let partner = node.context().own.id.partner;
        Self { node, clock, channel, token, partner, _folder: folder, _place: place }
    }

    /// Stops, does something to the folder and the database that lie still, and starts again.
    pub async fn again(self, between: impl FnOnce(&Path, &Path)) -> Self {
        let context = self.node.context();
        let (config, env) = (context.config.clone(), context.env.clone());
        self.node.stop().await;
        between(&config.node.data_dir, Path::new(&config.database.url));
        let node = Node::start(config, env).await.unwrap();
        let channel = Channel::from_shared(format!("http://{}", node.api_addr().unwrap())).unwrap();
        let channel = channel.connect().await.unwrap();
        Self { node, channel, ..self }
    }

    /// The node, and what it needs to be started again.
    pub fn split(self) -> (Node, (tempfile::TempDir, Place)) {
        (self.node, (self._folder, self._place))
    }

    /// A request with the node's token.
    pub fn staff<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }

    pub fn listings(&self) -> ListingsClient<Channel> {
        ListingsClient::new(self.channel.clone())
    }

    pub fn records(&self) -> RecordsClient<Channel> {
        RecordsClient::new(self.channel.clone())
    }

    /// Publishes an organisation; returns its subject.
    pub async fn organisation(&self) -> Vec<u8> {
        let organisation = record::Organisation {
            language: "en".to_owned(),
            names: vec![record::LocalText {
                language: "en".to_owned(),
                text: "Harbour Volunteers".to_owned(),
            }],
            level: "city".to_owned(),
            ..record::Organisation::default()
        };
        let message =
            wire::PublishOrganisationRequest { organisation: Some(organisation), ..Default::default() };
        let mut client = OrganisationsClient::new(self.channel.clone());
        client.publish(self.staff(message)).await.unwrap().into_inner().subject
    }

    /// Publishes a listing.
    pub async fn publish(&self, listing: record::Listing) -> wire::Published {
        let message = wire::PublishListingRequest { listing: Some(listing), ..Default::default() };
        self.listings().publish(self.staff(message)).await.unwrap().into_inner()
    }

    /// Takes records back.
    pub async fn withdraw(&self, hash: &[u8]) -> wire::Published {
        let message = wire::WithdrawRequest { hashes: vec![hash.to_vec()], ..Default::default() };
        self.records().withdraw(self.staff(message)).await.unwrap().into_inner()
    }

    /// A record as staff sees it.
    pub async fn record(&self, hash: &[u8]) -> wire::Record {
        let message = wire::GetRecordRequest { hash: hash.to_vec() };
        self.records().get(self.staff(message)).await.unwrap().into_inner()
    }

    /// Lets another node's partner in and follows it.
    pub async fn add(&self, other: &Self) {
        let me = PartnersClient::new(other.channel.clone())
            .self_(wire::SelfRequest {})
            .await
            .unwrap()
            .into_inner();
        let message = wire::AddPartnerRequest {
            descriptor: me.descriptor,
            endpoints: vec![other.node.exchange_addr().unwrap().to_string()],
            ..Default::default()
        };
        PartnersClient::new(self.channel.clone()).add(self.staff(message)).await.unwrap();
    }

    /// Waits until this node has what the other's log holds.
    pub async fn follows(&self, other: &Self) {
        let wanted = other.node.context().own_size().unwrap();
        let mut status = NetworkClient::new(self.channel.clone());
        let mut status = status.watch_status(self.staff(wire::StatusRequest {})).await.unwrap().into_inner();
        let arrived = async {
            while let Some(status) = status.message().await.unwrap() {
                let has = |log: &wire::LogStatus| {
                    log.partner.as_ref().is_some_and(|partner| partner.id == other.partner.to_vec())
                        && log.log.as_ref().is_some_and(|log| log.size >= wanted && log.fresh)
                };
                if status.logs.iter().any(has) {
                    return;
                }
            }
            panic!("the status ended");
        };
        tokio::time::timeout(PATIENCE, arrived).await.expect("the other's log never arrived");
    }
}

fn options(name: &str) -> InitOptions {
    InitOptions {
        names: vec![record::LocalText { language: "en".to_owned(), text: name.to_owned() }],
        kind: "organisation".to_owned(),
        country: "CN".to_owned(),
        domain: format!("{}.volbridge.example", name.to_lowercase()),
    }
}

/// A listing that holds to its rules.
pub fn listing(title: &str, organisation: &[u8]) -> record::Listing {
    record::Listing {
        language: "en".to_owned(),
        organisation: organisation.to_vec(),
        title: title.to_owned(),
        summary: "Two hours a week".to_owned(),
        description: "Show visitors the way.".to_owned(),
        place: Some(record::Place {
            country: "CN".to_owned(),
            city: "Beijing".to_owned(),
            ..Default::default()
        }),
        roles: vec![record::Role {
            number: 1,
            title: "Guide".to_owned(),
            tasks: "Guide visitors".to_owned(),
            slots: 3,
            ..Default::default()
        }],
        how_to_apply: "Write to us".to_owned(),
        costs: "none".to_owned(),
        applicants: "all".to_owned(),
        ..Default::default()
    }
}

/// Code of the gRPC status, stable code and field of an error.
pub fn problem(status: &Status) -> (Code, String, String) {
    let problem = Problem::decode(status.details()).unwrap();
    (status.code(), problem.code, problem.field)
}
