//! A node in memory with canned bilingual data, for tests and screenshots.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::panic,
    reason = "each test uses a part; data is small and known"
)]

mod alerts;
mod data;
mod desk;
pub mod people;
mod search;
mod services;
mod statistics;

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use hyper_util::rt::TokioIo;
use tokio::sync::broadcast;
use tonic::transport::{Channel, Endpoint, Server};
use volbridge_gateway::{Clock, DemoConfig, DemoPartner, GatewayConfig, NodeClient};
use volbridge_proto::wire::node::v1::{
    self as node, accounts_server::AccountsServer, agreements_server::AgreementsServer,
    alerts_server::AlertsServer, blobs_server::BlobsServer, conferences_server::ConferencesServer,
    desk_server::DeskServer, listings_server::ListingsServer, logs_server::LogsServer,
    materials_server::MaterialsServer, network_server::NetworkServer,
    organisations_server::OrganisationsServer, partners_server::PartnersServer,
    profiles_server::ProfilesServer, records_server::RecordsServer, search_server::SearchServer,
    statistics_server::StatisticsServer, translations_server::TranslationsServer,
};

/// 24 November 2026, 08:00 UTC.
pub const NOW: i64 = 1_795_507_200_000;
/// What the operator bears.
pub const TOKEN: &str = "operator-token";

/// What all nodes of the network hold.
pub struct Shared {
    pub partners: Vec<node::PartnerView>,
    pub organisations: Vec<node::OrganisationView>,
    pub listings: Vec<node::ListingView>,
    pub conferences: Vec<node::ConferenceView>,
    pub materials: Vec<node::MaterialView>,
    pub agreements: Vec<node::AgreementView>,
    /// How often a profile was asked for in the clear.
    pub openings: u32,
    /// Profile record, recipient, profile.
    pub profiles: Vec<(Vec<u8>, Vec<u8>, volbridge_proto::wire::record::v1::VolunteerProfile)>,
    pub withdrawn: Vec<Vec<u8>>,
    pub published: Vec<node::PublishListingRequest>,
    /// What the index was asked.
    pub searched: Vec<node::SearchListingsRequest>,
    pub index_is_built_anew: bool,
    /// After which change somebody went on.
    pub watched: Vec<String>,
    /// Changes that are told to whoever comes with a number.
    pub changed: Vec<node::Change>,
    /// Of the directory; none: the node can't tell.
    pub version: Option<String>,
    pub next: u64,
    /// Whose each session is.
    pub sessions: BTreeMap<String, node::Account>,
    pub drafts: Vec<node::Draft>,
    pub templates: Vec<node::Template>,
    pub review: bool,
    /// What was asked of accounts and the desk, in brief.
    pub calls: Vec<String>,
}

/// One node: the shared data seen by one partner.
#[derive(Clone)]
pub struct Fake {
    pub shared: Arc<Mutex<Shared>>,
    pub changes: broadcast::Sender<node::Change>,
    /// Index of its partner.
    pub me: usize,
}

impl Fake {
    /// Three partners with listings, a conference and materials.
    pub fn new() -> Self {
        Self { shared: Arc::new(Mutex::new(data::shared(None))), changes: broadcast::channel(64).0, me: 0 }
    }

    /// The same with `payload` in every text.
    pub fn hostile(payload: &str) -> Self {
        let shared = Arc::new(Mutex::new(data::shared(Some(payload))));
        Self { shared, changes: broadcast::channel(64).0, me: 0 }
    }

    /// The same network seen by another partner.
    pub fn seen_by(&self, me: usize) -> Self {
        Self { me, ..self.clone() }
    }

    /// Tells everybody about a listing.
    pub fn announce(&self, at: usize) {
        let listing = self.shared.lock().unwrap().listings[at].clone();
        let from = listing.provenance.unwrap();
        let _ = self.changes.send(node::Change {
            cursor: format!("c{}", from.index),
            kind: "volbridge.listing.v1".to_owned(),
            subject: listing.subject,
            partner: from.partner,
            hash: from.hash,
            action: "published".to_owned(),
            at: NOW,
        });
    }

    /// Something happened to a subject before anybody asks.
    pub fn remember(&self, kind: &str, subject: &[u8], action: &str) {
        let mut shared = self.shared.lock().unwrap();
        let change = node::Change {
            cursor: (shared.changed.len() + 1).to_string(),
            kind: kind.to_owned(),
            subject: subject.to_vec(),
            action: action.to_owned(),
            at: NOW,
            ..Default::default()
        };
        shared.changed.push(change);
    }

    /// A client joined to it in memory.
    pub async fn client(&self) -> NodeClient {
        let (near, far) = tokio::io::duplex(1 << 20);
        let services = Server::builder()
            .add_service(AccountsServer::new(self.clone()))
            .add_service(AlertsServer::new(self.clone()))
            .add_service(DeskServer::new(self.clone()))
            .add_service(ListingsServer::new(self.clone()))
            .add_service(SearchServer::new(self.clone()))
            .add_service(StatisticsServer::new(self.clone()))
            .add_service(OrganisationsServer::new(self.clone()))
            .add_service(ConferencesServer::new(self.clone()))
            .add_service(MaterialsServer::new(self.clone()))
            .add_service(BlobsServer::new(self.clone()))
            .add_service(TranslationsServer::new(self.clone()))
            .add_service(AgreementsServer::new(self.clone()))
            .add_service(PartnersServer::new(self.clone()))
            .add_service(NetworkServer::new(self.clone()))
            .add_service(LogsServer::new(self.clone()))
            .add_service(RecordsServer::new(self.clone()))
            .add_service(ProfilesServer::new(self.clone()))
            .serve_with_incoming(tokio_stream::once(Ok::<_, io::Error>(far)));
        tokio::spawn(services);
        NodeClient::new(joined(near).await)
    }
}

async fn joined(stream: tokio::io::DuplexStream) -> Channel {
    let mut stream = Some(TokioIo::new(stream));
    Endpoint::from_static("http://node")
        .connect_with_connector(tower::service_fn(move |_| {
            let stream = stream.take();
            async move { stream.ok_or_else(|| io::Error::other("there is one connection")) }
        }))
        .await
        .unwrap()
}

/// A portal without the tour.
pub fn config() -> GatewayConfig {
    GatewayConfig::new("https://portal.example", Clock::new(|| NOW))
}

/// A portal of the demonstration network.
pub async fn demo_config(fake: &Fake, portals: [&str; 3]) -> GatewayConfig {
    let cast = [("BVF", "北京", "Beijing"), ("UNV", "波恩", "Bonn"), ("AVI", "墨尔本", "Melbourne")];
    let mut partners = Vec::new();
    for (at, (short, chinese, english)) in cast.into_iter().enumerate() {
        let names = fake.shared.lock().unwrap().partners[at].name.clone().unwrap().names;
        let pair =
            |zh: &str, en: &str| vec![("zh-CN".to_owned(), zh.to_owned()), ("en".to_owned(), en.to_owned())];
        partners.push(DemoPartner {
            short: short.to_owned(),
            names: names.into_iter().map(|text| (text.language, text.text)).collect(),
            cities: pair(chinese, english),
            portal: portals[at].to_owned(),
            api: "127.0.0.1:50051".to_owned(),
            api_token: TOKEN.to_owned(),
            client: fake.seen_by(at).client().await.with_token(TOKEN).unwrap(),
        });
    }
    GatewayConfig { demo: Some(DemoConfig { partners }), public_url: portals[0].to_owned(), ..config() }
}
