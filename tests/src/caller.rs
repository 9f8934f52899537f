//! A partner that has keys and no node: it calls a node's exchange as a test likes.

use std::sync::Arc;

use tokio::net::TcpStream;
use tonic::transport::Channel;
use volbridge_node::{
    env::Env,
    tls::{Dialer, PeerStream, Pins, TlsIdentity},
};
use volbridge_proto::PartnerId;

use crate::{Partner, liar::LiarsLog};

/// Calls one node that has admitted it.
pub struct Caller {
    /// Who it is.
    pub log: LiarsLog,
    /// Its TLS key.
    pub tls: Arc<TlsIdentity>,
    dialer: Dialer,
    victim: PartnerId,
    address: String,
}

impl Caller {
    /// A new partner that `victim` admits, to be called at `endpoint`: "" for nowhere.
    pub async fn admitted_by(victim: &Partner, endpoint: &str) -> Self {
        let tls = Arc::new(TlsIdentity::generate().expect("a TLS key"));
        let log = LiarsLog::new(Env::system(), tls.hash());
        victim.admit_descriptor(log.descriptor(), endpoint).await;
        let pins = Pins::new();
        pins.set(victim.tls_pins().await.into_iter().map(|pin| (pin, victim.id)));
        let dialer = Dialer::new(Arc::clone(&tls), pins, true);
        // The smallest windows: what it doesn't read stays with the node.
        dialer.share_among(usize::MAX);
        Self { log, tls, dialer, victim: victim.id, address: victim.exchange() }
    }

    /// Its id.
    pub fn id(&self) -> PartnerId {
        self.log.id().partner
    }

    /// Calls over a connection of its own, made at the first.
    pub fn channel(&self) -> Channel {
        let address = self.address.parse().expect("an address");
        self.dialer.channel(address, self.victim).expect("a channel")
    }

    /// A bare connection after its handshake.
    pub async fn dial(&self) -> PeerStream<TcpStream> {
        let address = self.address.parse().expect("an address");
        self.dialer.dial(&address, self.victim).await.expect("a connection")
    }
}
