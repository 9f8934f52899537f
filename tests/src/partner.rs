//! One partner's real node in this process, and what its staff does.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use volbridge_node::{
    Node,
    config::{Config, Sources},
    env::Env,
    init::{InitOptions, init},
};
use volbridge_proto::{
    PartnerId, Timestamp,
    wire::{node::v1 as wire, record::v1 as record},
};

use crate::{
    disk::FaultyDisk,
    kill::Process,
    place::{Database, Place},
};

/// How long something may take to arrive at another node on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A setting that only tests have: how long SQLite waits for another process.
pub const BUSY_MS: &str = "test.busy_ms";

/// Another: "true" for a database that keeps what it says it keeps. On PostgreSQL only a server of the test's own does.
pub const DURABLE: &str = "test.durable";

const ANY_PORT: &str = "127.0.0.1:0";

/// A partner: its folder, its database, and its node while that runs.
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// Its short name.
    pub name: String,
    folder: TempDir,
    place: Place,
    extra: Vec<(String, String)>,
    env: Env,
    pub(crate) host: Host,
    pub(crate) disk: Option<FaultyDisk>,
    address: String,
    channel: Channel,
    token: MetadataValue<Ascii>,
}

/// Where a node runs.
pub(crate) enum Host {
    Nowhere,
    /// In this process.
    Here(Box<Node>),
    /// In one of its own.
    Apart(Process),
}

impl Partner {
    /// A new partner whose node runs.
    pub async fn start(name: &str, database: Database) -> Self {
        Self::start_with(name, database, &[]).await
    }

    /// The same with settings: `("exchange.carriers", …)`.
    pub async fn start_with(name: &str, database: Database, settings: &[(&str, &str)]) -> Self {
        Self::start_at(name, database, settings, Env::system()).await
    }

    /// The same with a clock and a generator of the test's.
    pub async fn start_at(name: &str, database: Database, settings: &[(&str, &str)], env: Env) -> Self {
        let mut partner = Self::new(name, database, settings, env).await;
        partner.restart().await;
        partner
    }

    /// A new partner whose node doesn't run yet.
    pub(crate) async fn new(name: &str, database: Database, settings: &[(&str, &str)], env: Env) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the node");
        let place = Place::new(database);
        let extra =
            settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
        let config = load(arguments(folder.path(), &place, &extra, ANY_PORT));
        let options = InitOptions {
            names: vec![record::LocalText { language: "en".to_owned(), text: name.to_owned() }],
            kind: "organisation".to_owned(),
            country: "CN".to_owned(),
            domain: format!("{}.volbridge.example", name.to_lowercase()),
        };
        let id = init(&config, options, &env).await.expect("a new node");
        let token = fs::read_to_string(folder.path().join("keys/api-token")).expect("a token");
        let token = format!("Bearer {}", token.trim()).parse().expect("an ASCII token");
        let (host, address) = (Host::Nowhere, ANY_PORT.to_owned());
        let channel = Channel::from_static("http://nowhere.invalid").connect_lazy();
        let (name, disk) = (name.to_owned(), None);
        Self { id, name, folder, place, extra, env, host, disk, address, channel, token }
    }

    /// A setting that it was started with.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.extra.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Its node, which runs in this process.
    pub fn node(&self) -> &Node {
        match &self.host {
            Host::Here(node) => node,
            _ => panic!("{}'s node doesn't run in this process", self.name),
        }
    }

    /// Its API, over a pipe in this process.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its records are stored, for who looks past the node.
    pub fn database_url(&self) -> String {
        self.place.url()
    }

    /// The file of its API's token.
    pub fn token_file(&self) -> PathBuf {
        self.folder.path().join("keys/api-token")
    }

    /// The token of its API.
    pub fn token(&self) -> String {
        fs::read_to_string(self.token_file()).expect("a token").trim().to_owned()
    }

    /// Where partners reach it.
    pub fn exchange(&self) -> String {
        self.address.clone()
    }

    /// The time, as its node has it.
    pub fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// The size of its log, as its node says.
    pub async fn size(&self) -> u64 {
        let request = wire::LogRequest { partner: self.id.to_vec(), epoch: 0 };
        let mut logs = wire::logs_client::LogsClient::new(self.channel());
        let note = logs.checkpoint(self.staff(request)).await.expect("its checkpoint").into_inner().note;
        note.lines().nth(1).and_then(|size| size.parse().ok()).expect("a size in the second line")
    }

    /// Changes a setting for the next start.
    pub fn set(&mut self, key: &str, value: &str) {
        self.extra.retain(|(known, _)| known != key);
        self.extra.push((key.to_owned(), value.to_owned()));
    }

    /// Stops the node.
    pub async fn stop(&mut self) {
        match std::mem::replace(&mut self.host, Host::Nowhere) {
            Host::Here(node) => node.stop().await,
            Host::Apart(process) => process.stop().await,
            Host::Nowhere => {}
        }
    }

    /// Stops it if it runs, and starts it again at the same address.
    pub async fn restart(&mut self) {
        self.stop().await;
        let node = Node::start(load(self.arguments()), self.env.clone()).await.expect("the node starts");
        self.address = node.exchange_addr().map_or_else(String::new, |address| address.to_string());
        self.channel = node.channel();
        self.host = Host::Here(Box::new(node));
    }

    /// The settings of its node, at the address that it had.
    pub(crate) fn arguments(&self) -> Vec<(String, String)> {
        arguments(self.folder.path(), &self.place, &self.extra, &self.address)
    }

    /// Its node runs in a process of its own from now on.
    pub(crate) fn runs_apart(&mut self, process: Process) {
        self.address.clone_from(&process.exchange);
        let api = format!("http://{}", process.api);
        self.channel = Channel::from_shared(api).expect("an address").connect_lazy();
        self.host = Host::Apart(process);
    }

    /// What a second process on its folder would be told.
    pub async fn start_twice(&self) -> volbridge_node::Error {
        let config = load(arguments(self.folder.path(), &self.place, &self.extra, ANY_PORT));
        Node::start(config, Env::system()).await.map(drop).expect_err("a second node on one folder")
    }

    /// Waits until everything that is stored can be found.
    pub async fn indexes(&self) {
        let context = self.node().context();
        let newest = *context.changes.borrow();
        let reached = context.search.reaches(newest);
        tokio::time::timeout(PATIENCE, reached).await.expect("the index follows");
    }

    /// A request with the node's token.
    pub fn staff<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }

    /// Admits a partner and follows it at its address, or at this one: "" for none.
    pub async fn admit(&self, other: &Self, endpoint: Option<&str>) {
        let endpoint = endpoint.map_or_else(|| other.exchange(), str::to_owned);
        let mut partners = wire::partners_client::PartnersClient::new(other.channel());
        let descriptor = partners.self_(wire::SelfRequest {}).await.expect("itself").into_inner().descriptor;
        let endpoints = if endpoint.is_empty() { Vec::new() } else { vec![endpoint] };
        let message = wire::AddPartnerRequest { descriptor, endpoints, ..Default::default() };
        let mut partners = wire::partners_client::PartnersClient::new(self.channel());
        partners.add(self.staff(message)).await.expect("admitted");
    }

    /// Admits whoever has this first descriptor, at this address: "" for none.
    pub async fn admit_descriptor(&self, descriptor: Vec<u8>, endpoint: &str) {
        let endpoints = if endpoint.is_empty() { Vec::new() } else { vec![endpoint.to_owned()] };
        let message = wire::AddPartnerRequest { descriptor, endpoints, ..Default::default() };
        let mut partners = wire::partners_client::PartnersClient::new(self.channel());
        partners.add(self.staff(message)).await.expect("admitted");
    }

    /// Admits whoever has this first descriptor and calls here itself.
    pub async fn admit_without_address(&self, descriptor: Vec<u8>) {
        let message = wire::AddPartnerRequest { descriptor, ..Default::default() };
        let mut partners = wire::partners_client::PartnersClient::new(self.channel());
        partners.add(self.staff(message)).await.expect("admitted");
    }

    /// The hashes of its TLS keys.
    pub async fn tls_pins(&self) -> Vec<[u8; 32]> {
        let db = &self.node().context().db;
        let descriptor = volbridge_node::views::partners::descriptor(db, &self.id).await.expect("a database");
        let keys = descriptor.and_then(|descriptor| descriptor.keys).expect("a descriptor");
        keys.tls.iter().filter_map(|pin| pin.as_slice().try_into().ok()).collect()
    }

    /// Waits until `holds` is true of this node's status.
    pub async fn until(&self, what: &str, mut holds: impl FnMut(&wire::StatusResponse) -> bool) {
        let mut network = wire::network_client::NetworkClient::new(self.channel());
        let mut last = wire::StatusResponse::default();
        let arrived = async {
            let mut statuses = network
                .watch_status(self.staff(wire::StatusRequest {}))
                .await
                .expect("a status")
                .into_inner();
            while let Some(status) = statuses.message().await.expect("the node runs") {
                if holds(&status) {
                    return;
                }
                last = status;
            }
            panic!("{}: the status ended", self.name);
        };
        assert!(tokio::time::timeout(PATIENCE, arrived).await.is_ok(), "{}: {what}: {last:#?}", self.name);
    }

    /// Waits until this node has ended its connection to a peer for what that said.
    pub async fn gives_up(&self, peer: PartnerId) {
        let id = peer.to_vec();
        self.until("a peer isn't given up", |status| {
            let is_theirs = |peer: &wire::PeerStatus| {
                peer.partner.as_ref().is_some_and(|partner| partner.id == id) && !peer.error.is_empty()
            };
            status.peers.iter().any(is_theirs)
        })
        .await;
    }

    /// Waits until this node has all that the other's log holds now.
    pub async fn follows(&self, other: &Self) {
        let (id, size) = (other.id.to_vec(), other.size().await);
        self.until(&format!("has not {}'s {size} entries", other.name), |status| {
            status.logs.iter().any(|log| {
                log.partner.as_ref().is_some_and(|partner| partner.id == id)
                    && log.log.as_ref().is_some_and(|log| log.size >= size && log.fresh)
            })
        })
        .await;
    }

    /// How its last connection to a peer ended, and in which state that is.
    pub async fn end_of(&self, peer: PartnerId) -> Vec<String> {
        let mut network = wire::network_client::NetworkClient::new(self.channel());
        let status = network.status(self.staff(wire::StatusRequest {})).await.expect("a status").into_inner();
        let theirs = status
            .peers
            .iter()
            .filter(|known| known.partner.as_ref().is_some_and(|known| known.id == peer.to_vec()));
        theirs.map(|known| format!("{}: {} {}", known.state, known.error, known.detail)).collect()
    }

    /// What it knows of another's log.
    pub async fn log_of(&self, other: PartnerId) -> Option<wire::LogStatus> {
        let mut network = wire::network_client::NetworkClient::new(self.channel());
        let status = network.status(self.staff(wire::StatusRequest {})).await.expect("a status").into_inner();
        let is_theirs =
            |log: &wire::LogStatus| log.partner.as_ref().is_some_and(|partner| partner.id == other.to_vec());
        status.logs.into_iter().find(is_theirs)
    }
}

fn arguments(
    folder: &Path,
    place: &Place,
    extra: &[(String, String)],
    exchange: &str,
) -> Vec<(String, String)> {
    let url = place.url();
    let folder = folder.display().to_string();
    let settings = [
        ("node.data_dir", folder.as_str()),
        ("database.url", url.as_str()),
        ("api.listen", "127.0.0.1:0"),
        ("exchange.listen", exchange),
        ("exchange.allow_private_addresses", "true"),
        ("gateway.listen", ""),
        ("log.receipt_interval_seconds", "0"),
    ];
    let mut arguments: Vec<_> =
        settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    arguments.extend(extra.iter().cloned());
    arguments
}

/// The configuration of a test's node.
pub(crate) fn load(arguments: Vec<(String, String)>) -> Config {
    let (for_tests, arguments): (Vec<_>, Vec<_>) =
        arguments.into_iter().partition(|(key, _)| [BUSY_MS, DURABLE].contains(&key.as_str()));
    let mut config =
        Config::load(&Sources { arguments, ..Sources::default() }).expect("a valid configuration");
    config.database.durable = false;
    for (key, value) in for_tests {
        match key.as_str() {
            DURABLE => config.database.durable = value == "true",
            _ => config.database.busy = Duration::from_millis(value.parse().expect("milliseconds")),
        }
    }
    config
}
