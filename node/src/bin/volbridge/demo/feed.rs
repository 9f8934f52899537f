//! While the demonstration runs it publishes a listing now and then, so that who
//! watches sees it arrive elsewhere; the oldest ones are withdrawn, so that their
//! number stays bounded.

use std::time::Duration;

use prost::Message as _;
use volbridge_proto::wire::node::v1 as node;

use super::{
    content::PartnerContent,
    network::Network,
    publish,
    state::{Fed, State},
};
use crate::{lang::say, noun::Noun, output::Output};

const INTERVAL: Duration = Duration::from_secs(20);
/// Listings of the feed that stand at the same time.
const STANDING: usize = 6;

/// Publishes until it is dropped.
pub async fn run(network: &Network, content: &[PartnerContent], state: &mut State, output: Output) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let round = state.next_round();
        // A node that is down is passed over this time.
        if let Some(said) = one(network, content, state, round).await {
            let lang = output.lang;
            output.hint(&say!(lang, "published: {said}", "已发布：{said}"));
        }
        withdraw_oldest(network, state).await;
        if let Err(error) = state.save() {
            tracing::warn!(%error, "the demonstration's state could not be written");
        }
    }
}

/// One more place of a listing that the partner has.
async fn one(network: &Network, content: &[PartnerContent], state: &mut State, round: u64) -> Option<String> {
    let turn = usize::try_from(round).unwrap_or_default();
    let partner = content.get(turn % content.len().max(1))?;
    let entry = partner.listings.get(turn / content.len().max(1) % partner.listings.len().max(1))?;
    let member = network.member(partner.key)?;
    let mut listing = entry.listing.clone();
    let organisation = state.done(&format!("{}/organisation/{}", partner.key, entry.organisation))?;
    listing.organisation = organisation.subject.to_vec();
    let more = if listing.language.starts_with("zh") { "补招：" } else { "More places: " };
    listing.title = format!("{more}{}", listing.title);
    let title = listing.title.clone();
    let request = node::PublishListingRequest { listing: Some(listing), ..Default::default() };
    let key = format!("demo/feed/{round}");
    let done = publish::put(member, Noun::Listing, &request.encode_to_vec(), &key).await.ok()?;
    state.fed().push(Fed { partner: partner.key.to_owned(), subject: done.subject });
    Some(format!("{}  {}  {title}", member.site.short(), done.subject))
}

async fn withdraw_oldest(network: &Network, state: &mut State) {
    while state.fed().len() > STANDING {
        let oldest = state.fed().remove(0);
        let Some(member) = network.member(&oldest.partner) else { continue };
        let request = node::WithdrawRequest {
            subject: oldest.subject.to_vec(),
            reason: "expired".to_owned(),
            idempotency_key: format!("demo/feed/end/{}", oldest.subject),
            ..Default::default()
        };
        if member.client.records().withdraw(request).await.is_err() {
            // Its turn comes again with the next listing.
            state.fed().insert(0, oldest);
            return;
        }
    }
}
