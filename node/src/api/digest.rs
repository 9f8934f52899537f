//! Tells the owners of saved searches of new listings, by mail. What a search finds is what the public finds: nothing
//! sealed is ever mailed (threats.md T30).

use std::{collections::BTreeSet, time::Duration};

use futures::FutureExt as _;
use prost::Message as _;
use volbridge_proto::{Code, PartnerId, SubjectId, Timestamp, wire::node::v1 as wire};

use super::{Api, alerts, permit::Caller, search};
use crate::{
    error::Error,
    mail::{self, Language},
    store::saved::{self, SavedRow},
};

/// How often is looked for searches whose time has come.
const PAUSE: Duration = Duration::from_secs(60);

/// Searches of one step.
const STEP: u32 = 100;

/// Listings that are looked at, and named in one mail.
const NEWEST: u32 = 100;
const NAMED: usize = 20;

/// What was told so long ago isn't among the newest any more, ms.
const REMEMBERED: i64 = 400 * 24 * 60 * 60 * 1000;

/// After a mail server's failure is tried again, ms.
const AGAIN: i64 = 60 * 60 * 1000;

/// A listing.
type Key = (PartnerId, SubjectId);

impl Api {
    /// Works until the node stops.
    pub async fn send_digests(self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = self.context.stopping() => return,
            }
            if let Err(error) = self.send_due_digests().await {
                tracing::error!(%error, "saved searches wait; they are looked at again in a minute");
            }
        }
    }

    /// Looks at every saved search whose time has come.
    ///
    /// # Errors
    /// What the database says. A mail that isn't taken is sent later and stops no other.
    pub async fn send_due_digests(&self) -> Result<(), Error> {
        for row in saved::due(&self.context.db, self.context.now(), STEP).await? {
            self.digest(&row).await?;
        }
        Ok(())
    }

    /// The newest listings of a saved search, as keys.
    pub(super) async fn newest_of(&self, row: &SavedRow) -> Result<Vec<Key>, Error> {
        let found = self.search_of(row).await?;
        Ok(found.hits.iter().filter_map(|hit| key(hit.listing.as_ref()?)).collect())
    }

    async fn search_of(&self, row: &SavedRow) -> Result<wire::SearchListingsResponse, Error> {
        let query = wire::ListingQuery::decode(row.query.as_slice());
        let query = query.map_err(|error| Error::new(Code::StoreCorrupt).because(error))?;
        let request = wire::SearchListingsRequest {
            query: Some(query),
            sort: wire::ListingSort::Newest.into(),
            limit: NEWEST,
            ..wire::SearchListingsRequest::default()
        };
        search::find(self, Caller::PUBLIC, &request).await
    }

    async fn digest(&self, row: &SavedRow) -> Result<(), Error> {
        let (id, now) = (row.id()?, self.context.now());
        let found = self.search_of(row).await?;
        let told: BTreeSet<Key> = saved::told(&self.context.db, id).await?.into_iter().collect();
        let fresh: Vec<&wire::ListingView> = found
            .hits
            .iter()
            .filter_map(|hit| hit.listing.as_ref())
            .filter(|listing| key(listing).is_some_and(|key| !told.contains(&key)))
            .collect();
        let keys: Vec<Key> = fresh.iter().filter_map(|listing| key(listing)).collect();
        let sent = !fresh.is_empty();
        if sent && let Err(error) = self.tell(row, &fresh).await {
            tracing::warn!(code = %error.code, "a saved search's mail waits an hour");
            return self.looked(id, now.plus(AGAIN), None, Vec::new()).await;
        }
        self.looked(id, now.plus(row.every_ms), Some(now).filter(|_| sent), keys).await
    }

    /// Nothing is noted as told before the server has taken it: a crash between tells twice rather than never.
    async fn looked(
        &self,
        id: saved::SavedId,
        next_at: Timestamp,
        sent_at: Option<Timestamp>,
        told: Vec<Key>,
    ) -> Result<(), Error> {
        let now = self.context.now();
        let write = self.context.db.write(move |tx| {
            async move {
                saved::tell(tx, id, &told, now).await?;
                saved::forget_told(tx, id, now.plus(-REMEMBERED)).await?;
                saved::looked(tx, id, next_at, sent_at).await
            }
            .boxed()
        });
        Ok(write.await?)
    }

    async fn tell(&self, row: &SavedRow, fresh: &[&wire::ListingView]) -> Result<(), Error> {
        let context = &self.context;
        let (language, portal) = (Language::of(&row.language), context.config.gateway.public_url.as_str());
        let portal = portal.trim_end_matches('/');
        let named =
            fresh.iter().take(NAMED).map(|listing| (title(listing, language), address(portal, listing)));
        let named: Vec<(String, String)> = named.collect();
        let more = u64::try_from(fresh.len().saturating_sub(NAMED)).unwrap_or(0);
        let link = alerts::link(portal, &context.addresses.link_of(&row.id()?));
        let letter = mail::digest(language, &row.label, &named, more, &link);
        context.mailer.send(&context.addresses.open(&row.mail)?, &letter).await
    }
}

fn key(listing: &wire::ListingView) -> Option<Key> {
    let partner = PartnerId::try_from(listing.partner.as_ref()?.id.as_slice()).ok()?;
    Some((partner, SubjectId::try_from(listing.subject.as_slice()).ok()?))
}

/// In the reader's language, where there is a translation.
fn title(listing: &wire::ListingView, language: Language) -> String {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let wanted = primary(language.tag());
    let own = listing.texts.iter().find(|text| primary(&text.language) == wanted);
    let title = own.and_then(|text| text.fields.get("title"));
    title
        .cloned()
        .unwrap_or_else(|| listing.source.as_ref().map(|source| source.title.clone()).unwrap_or_default())
}

fn address(portal: &str, listing: &wire::ListingView) -> String {
    match key(listing) {
        Some((_, subject)) => format!("{portal}/listings/{subject}"),
        None => portal.to_owned(),
    }
}
