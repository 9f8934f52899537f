//! Introductions (proto/README.md, section 9): what this node's certificate says about it, and asking an endpoint
//! for the descriptors of a partner of whom the operator was told the fingerprint.

use std::time::Duration;

use prost::Message as _;
use tokio::time::timeout;
use volbridge_proto::{
    Code, PartnerId,
    identity::{introduction, rotation::KeyHistory},
};

use super::fetch;
use crate::{
    context::Context,
    error::Error,
    tls::{HostPort, IntroduceError, Introduced},
};

/// A certificate stays well below the 64 KiB of a TLS handshake message.
const LARGEST: usize = 48 << 10;

/// For all endpoints together; an operator waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What this node's certificate says: all its descriptors, proven. Nothing if they are too many.
pub async fn own(context: &Context) -> Result<Option<Vec<u8>>, Error> {
    let answer = fetch::keys(context, &context.own.id, 0).await?;
    let bytes = answer.encode_to_vec();
    let fits = context.own.id.epoch == 1 && answer.next == 0 && bytes.len() <= LARGEST;
    if !fits {
        tracing::warn!(
            "the own descriptors don't fit into a certificate: partners need a descriptor file to add this one"
        );
    }
    Ok(fits.then_some(bytes))
}

/// The descriptors of the partner whose id begins with `told`, from the first of its endpoints that answers.
pub async fn ask(
    context: &Context,
    told: &[u8],
    endpoints: &[HostPort],
) -> Result<(PartnerId, Vec<u8>), Error> {
    let asked = timeout(PATIENCE, ask_each(context, told, endpoints)).await;
    asked.unwrap_or_else(|_| Err(Error::new(Code::PeerSlow).at("endpoints")))
}

async fn ask_each(
    context: &Context,
    told: &[u8],
    endpoints: &[HostPort],
) -> Result<(PartnerId, Vec<u8>), Error> {
    let limit = context.config.exchange.handshake_timeout();
    let mut last = Error::new(Code::FieldRequired).at("endpoints");
    for (place, endpoint) in endpoints.iter().enumerate() {
        let at = |error: Error| error.at(format!("endpoints[{place}]")).with("endpoint", endpoint);
        let asked = timeout(limit, context.dialer.introduction(endpoint)).await;
        match asked.unwrap_or_else(|_| Err(IntroduceError::Slow { place: endpoint.clone() })) {
            // Whoever answers is who was meant, or the operator must know.
            Ok(introduced) => return judge(told, introduced).map_err(at),
            Err(error) => last = at(failed(error)),
        }
    }
    Err(last)
}

fn failed(error: IntroduceError) -> Error {
    Error::new(error.code()).with("why", error.to_string()).because(error)
}

/// Believed is what hashes to what was told, and a server that holds a key which follows from there.
fn judge(told: &[u8], introduced: Introduced) -> Result<(PartnerId, Vec<u8>), Error> {
    let Introduced { descriptors, key } = introduced;
    let history: KeyHistory = introduction::read(&descriptors)?;
    let partner = history.partner();
    if !partner.as_bytes().starts_with(told) {
        return Err(Error::new(Code::IdentityPartner).with("found", partner.fingerprint()));
    }
    if !history.newest().keys().tls.contains(&key) {
        return Err(Error::new(Code::PeerKey));
    }
    Ok((partner, introduction::shortest(&history, descriptors)))
}
