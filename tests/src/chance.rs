//! What authors do by chance: they publish, revise, translate and withdraw, as a seed decides.

use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use volbridge_proto::wire::node::v1::{self as wire, listings_client::ListingsClient};

use crate::{Partner, Record, desk};

/// What an author has published and not taken back.
#[derive(Default)]
pub struct Desk {
    organisation: Option<Record>,
    /// Of these there is a current revision.
    pub listings: Vec<Record>,
    /// Of listings, its own and others'.
    pub translations: Vec<Record>,
}

/// Everything that was ever published.
pub type Archive = Vec<Record>;

async fn publish_listing(author: &Partner, title: String, organisation: &Record, subject: Vec<u8>) -> Record {
    let listing = Some(desk::listing(&title, organisation));
    let message = wire::PublishListingRequest { listing, subject, ..Default::default() };
    let mut client = ListingsClient::new(author.channel());
    client.publish(author.staff(message)).await.expect("published").into_inner().into()
}

/// One thing that an author does; the dice decide which. `others` are listings of others.
pub async fn step(
    rng: &mut StdRng,
    number: usize,
    author: &Partner,
    desk: &mut Desk,
    others: &[Record],
    archive: &mut Archive,
) {
    let Some(organisation) = desk.organisation.clone() else {
        desk.organisation = Some(author.organisation().await);
        return;
    };
    let name = &author.name;
    match rng.random_range(0..10) {
        0..4 => {
            let listing =
                publish_listing(author, format!("{name} {number}"), &organisation, Vec::new()).await;
            desk.listings.push(listing);
        }
        4 | 5 if !desk.listings.is_empty() => {
            let place = rng.random_range(0..desk.listings.len());
            let subject = desk.listings[place].subject.clone();
            let title = format!("{name} {number}, revised");
            let revised = publish_listing(author, title, &organisation, subject).await;
            // Now and then only the new revision goes, and the one before counts again.
            if rng.random_bool(0.3) {
                author.withdraw(&[&revised]).await;
                archive.push(revised);
            } else {
                archive.push(std::mem::replace(&mut desk.listings[place], revised));
            }
        }
        6 if !desk.listings.is_empty() => {
            let gone = desk.listings.swap_remove(rng.random_range(0..desk.listings.len()));
            author.withdraw(&[&gone]).await;
            archive.push(gone);
        }
        7 if !desk.translations.is_empty() => {
            let gone = desk.translations.swap_remove(rng.random_range(0..desk.translations.len()));
            // It may have gone with its source already.
            let _ = author.try_withdraw(&[&gone]).await;
            archive.push(gone);
        }
        _ => {
            let known = others.iter().chain(&desk.listings).collect::<Vec<_>>();
            let Some(source) = known.choose(rng) else { return };
            let language = *["zh-CN", "en-AU", "de"].choose(rng).expect("one of three");
            if let Some(translation) =
                author.try_translation(source, language, &format!("{name} {number}")).await
            {
                desk.translations.push(translation);
            }
        }
    }
}
