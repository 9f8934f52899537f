//! Partners that know each other's endpoint and fingerprint, and nothing else yet.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use prost::Message as _;
use rstest::rstest;
use tokio::{net::TcpListener, task::JoinHandle};
use volbridge_node::{
    store::logs,
    tls::{Acceptor, Dialer, HostPort, Limits, Pins, TlsIdentity},
};
use volbridge_proto::wire::node::v1 as wire;
use volbridge_tests::{Database, Partner, liar::LiarsLog};

/// Adds whoever has an id that begins like this; the code and the parameters if it is refused.
async fn add(node: &Partner, told: &[u8], endpoint: &str) -> Result<wire::PartnerView, wire::Problem> {
    let message = wire::AddPartnerRequest {
        partner: told.to_vec(),
        endpoints: vec![endpoint.to_owned()],
        ..Default::default()
    };
    let mut partners = wire::partners_client::PartnersClient::new(node.channel());
    let added = partners.add(node.staff(message)).await;
    added.map(tonic::Response::into_inner).map_err(|status| wire::Problem::decode(status.details()).unwrap())
}

async fn known(node: &Partner) -> usize {
    let mut partners = wire::partners_client::PartnersClient::new(node.channel());
    partners.list(wire::ListPartnersRequest {}).await.unwrap().into_inner().partners.len()
}

#[rstest]
#[tokio::test]
async fn a_fingerprint_and_an_endpoint_are_enough_if_both_sides_have_them(
    #[values(Database::Sqlite, Database::Postgres)] database: Database,
) {
    let mut bvf = Partner::start("BVF", database).await;
    let unv = Partner::start("UNV", database).await;
    let added = add(&bvf, &unv.id.as_bytes()[..16], &unv.exchange()).await.unwrap();
    assert_eq!(added.name.unwrap().id, unv.id.to_vec());
    bvf.until("UNV doesn't refuse it", |status| {
        status.peers.iter().any(|peer| peer.error == "peer.refused" && peer.entries == 0)
    })
    .await;
    assert!(bvf.log_of(unv.id).await.is_none(), "nothing comes before UNV has added BVF");

    // What introduced it is there after a restart.
    bvf.restart().await;
    add(&unv, bvf.id.as_bytes(), &bvf.exchange()).await.unwrap();
    let organisation = unv.organisation().await;
    unv.listing("Readers", &organisation).await;
    bvf.follows(&unv).await;
    unv.follows(&bvf).await;

    // Known by now: told again, only its address changes, and nobody is asked.
    let moved = add(&bvf, &unv.id.as_bytes()[..16], "127.0.0.1:1").await.unwrap();
    assert_eq!(moved.endpoints, ["127.0.0.1:1"]);
}

/// A TLS server that shows these descriptors and no partner lets in.
struct Shows {
    endpoint: String,
    server: JoinHandle<()>,
}

impl Shows {
    async fn start(identity: &TlsIdentity) -> Self {
        let acceptor = Acceptor::new(identity, &Pins::new(), Limits::default()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        let server = tokio::spawn(async move {
            while let Ok((stream, address)) = listener.accept().await {
                let _ = acceptor.accept(stream, address).await;
            }
        });
        Self { endpoint, server }
    }
}

impl Drop for Shows {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What a node shows to whoever calls.
async fn shown_by(node: &Partner) -> Vec<u8> {
    let stranger = Dialer::new(Arc::new(TlsIdentity::generate().unwrap()), Pins::new(), true);
    let place: HostPort = node.exchange().parse().unwrap();
    stranger.introduction(&place).await.unwrap().descriptors
}

#[rstest]
#[tokio::test]
async fn t24_who_shows_anothers_descriptor_is_not_taken_for_it(
    #[values(Database::Sqlite, Database::Postgres)] database: Database,
) {
    let bvf = Partner::start("BVF", database).await;
    let unv = Partner::start("UNV", database).await;
    let (told, descriptors) = (unv.id.as_bytes()[..16].to_vec(), shown_by(&unv).await);
    let key = || TlsIdentity::generate().unwrap();

    // UNV's descriptors, another's key: the descriptor names UNV's.
    let copied = Shows::start(&key().introducing(&descriptors).unwrap()).await;
    assert_eq!(add(&bvf, &told, &copied.endpoint).await.unwrap_err().code, "peer.key");

    // Another partner, with all that belongs to it.
    let own = key();
    let other = LiarsLog::new(volbridge_node::env::Env::system(), own.hash());
    let other_id = other.id().partner;
    let another = Shows::start(&own.introducing(&other.descriptor()).unwrap()).await;
    let refused = add(&bvf, &told, &another.endpoint).await.unwrap_err();
    assert_eq!((refused.code.as_str(), refused.field.as_str()), ("identity.partner", "endpoints[0]"));
    assert_eq!(refused.params["found"], other_id.fingerprint());

    // UNV's with one bit changed, bytes that mean nothing, as many as fit, none at all.
    let mut touched = descriptors.clone();
    touched[descriptors.len() / 2] ^= 1;
    for (shown, code) in [(Some(touched), None), (Some(vec![7; 60_000]), None), (None, Some("peer.protocol"))]
    {
        let identity = shown.map_or_else(key, |shown| key().introducing(&shown).unwrap());
        let refused = add(&bvf, &told, &Shows::start(&identity).await.endpoint).await.unwrap_err();
        assert!(code.is_none_or(|code| code == refused.code), "{refused:?}");
    }
    assert_eq!(known(&bvf).await, 1, "nobody but itself");
    // What was told is right, and so is who answers there.
    add(&bvf, &told, &unv.exchange()).await.unwrap();
    // A stranger was shown who it is, and nothing else.
    assert_eq!(known(&unv).await, 1);
}

#[rstest]
#[tokio::test]
async fn a_partner_whose_log_is_frozen_is_not_admitted(
    #[values(Database::Sqlite, Database::Postgres)] database: Database,
) {
    let bvf = Partner::start("BVF", database).await;
    let unv = Partner::start("UNV", database).await;
    let context = bvf.node().context();
    let (id, origin, now) = (unv.node().context().own.id, "unv.volbridge.example/log", context.env.now());
    let mut tx = context.db.begin().await.unwrap();
    let log = logs::insert(&mut tx, id, origin, false, now).await.unwrap();
    logs::set_frozen(&mut tx, log.number, true, now).await.unwrap();
    tx.commit().await.unwrap();
    let refused = add(&bvf, &unv.id.as_bytes()[..16], &unv.exchange()).await.unwrap_err();
    assert_eq!(refused.code, "log.frozen");
    assert_eq!(known(&bvf).await, 1);
}
