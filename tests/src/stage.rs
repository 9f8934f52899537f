//! A node that is attacked, and those who must get what they want from it all the same: a partner, staff, a browser.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::time::timeout;
use tonic::transport::Endpoint;
use volbridge_proto::wire::{
    exchange::v1::{self as exchange, exchange_client::ExchangeClient},
    node::v1::{self as wire, listings_client::ListingsClient},
};

use crate::{Database, Partner, Record, caller::Caller, desk, portal::Portal};

/// Who gets what it wants within this hasn't waited for the others to be hung up on.
const NORMAL: Duration = Duration::from_secs(20);

/// All handshakes may be under way at the same time, and none is given up while a test runs.
const ROOM: &[(&str, &str)] = &[("exchange.handshakes", "1000"), ("exchange.handshake_seconds", "60")];

const WORKS: &str = "whoever keeps to the rules is served";

/// Those who are to be served.
pub struct Stage {
    /// The one that is attacked.
    pub bvf: Partner,
    /// A partner that goes on with it.
    pub unv: Partner,
    /// A partner that only calls.
    modest: Caller,
    /// The attacked one's portal.
    pub portal: Portal,
    organisation: Record,
    browser: reqwest::Client,
}

impl Stage {
    /// All of them, and that they know each other.
    pub async fn new(database: Database) -> Self {
        // Whoever comes second finds it done.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let bvf = Partner::start_with("BVF", database, ROOM).await;
        let unv = Partner::start("UNV", database).await;
        bvf.admit(&unv, None).await;
        unv.admit(&bvf, None).await;
        let organisation = bvf.organisation().await;
        let modest = Caller::admitted_by(&bvf, "").await;
        let portal = Portal::start(&bvf).await;
        // A connection each time: one that was open before proves nothing.
        let browser = reqwest::Client::builder().pool_max_idle_per_host(0).build().expect(WORKS);
        Self { bvf, unv, modest, portal, organisation, browser }
    }

    /// Records both ways, staff, pages and what they are told of changes, all over new connections.
    pub async fn goes_on(&self, when: &str) {
        let done = timeout(NORMAL, async {
            let events = self.browser.get(self.portal.at("/events/changes")).send().await.expect(WORKS);
            let mut events = events.error_for_status().expect(WORKS).bytes_stream();
            let api = format!("http://{}", self.bvf.node().api_addr().expect(WORKS));
            let api = Endpoint::from_shared(api).expect(WORKS).connect().await.expect(WORKS);
            let listing = desk::listing(when, &self.organisation);
            let request = wire::PublishListingRequest { listing: Some(listing), ..Default::default() };
            ListingsClient::new(api).publish(self.bvf.staff(request)).await.expect(WORKS);
            self.unv.follows(&self.bvf).await;
            self.unv.organisation().await;
            self.bvf.follows(&self.unv).await;
            let mut exchange = ExchangeClient::new(self.modest.channel());
            exchange.describe(exchange::DescribeRequest {}).await.expect(WORKS);
            self.bvf.indexes().await;
            for page in ["/", "/listings", "/partners", "/api/v1/listings", "/healthz"] {
                let answer = self.browser.get(self.portal.at(page)).send().await.expect(WORKS);
                let text = answer.error_for_status().expect(WORKS).text().await.expect(WORKS);
                assert!(page != "/listings" || text.contains(when), "{when}: not on the page");
            }
            let mut told = Vec::new();
            while !String::from_utf8_lossy(&told).contains("event: listing") {
                told.extend_from_slice(&events.next().await.expect(WORKS).expect(WORKS));
            }
        });
        assert!(done.await.is_ok(), "{when}: somebody waits for the others");
    }
}
