//! One listing of a file: published, revised, or there already. A listing is known again by its subject, or by its
//! organisation and its giver's own id, as `volbridge import` knows it; so a file can come again, and whatever is interrupted
//! is done again from the beginning of the same batch.

use std::sync::Arc;

use prost::Message as _;
use sha2::{Digest, Sha256};
use volbridge_formats::{Entry, Translation};
use volbridge_proto::{
    Code, RecordId, SubjectId, Timestamp,
    kinds::{self, Payload},
    wire::{node::v1::PublishListingRequest, record::v1 as record},
};

use super::{read, rights};
use crate::{
    context::Context,
    desk::publish::rendering,
    error::Error,
    publish::{Draft, Idempotency, PublishedRecord},
    store::{accounts::AccountId, entries, idempotency},
    views::{Current, Viewer, listings, translations},
};

/// What became of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Published,
    /// It says something else than before, or in one language more.
    Revised,
    /// It was there as it is.
    Unchanged,
}

impl Outcome {
    /// Its name in messages and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Revised => "revised",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Publishes a listing and its translations, as far as they aren't there. What was published `since` then is this
/// import's own, done before an interruption.
///
/// # Errors
/// What publishing refuses; `record.erased` if it was withdrawn.
pub async fn publish(
    context: &Arc<Context>,
    entry: &Entry,
    key: &str,
    by: Option<AccountId>,
    since: Timestamp,
) -> Result<(SubjectId, Outcome), Error> {
    let Some(known) = find(context, entry, key).await? else {
        let record = first(context, &entry.listing, key).await?;
        translate(context, entry, record.subject, record.id).await?;
        return Ok((record.subject, Outcome::Published));
    };
    rights::check(context, by, &known.content.organisation).await?;
    let subject = known.subject();
    let mut listing = entry.listing.clone();
    if listing.status.is_empty() {
        // What was paused or closed at the desk stays so.
        listing.status.clone_from(&known.content.status);
    }
    if listing == known.content {
        let translated = translate(context, entry, subject, known.place.id).await?;
        let own = known.statement.issued_at >= since;
        let outcome = match (own, translated, known.statement.revision) {
            (true, _, 1) => Outcome::Published,
            (false, false, _) => Outcome::Unchanged,
            _ => Outcome::Revised,
        };
        return Ok((subject, outcome));
    }
    let draft = Draft {
        subject: Some(subject),
        expires_at: known.statement.expires_at,
        ..Draft::public(kinds::listing::KIND, Payload::Listing(listing).encode()?)
    };
    let record = one(context, draft, None).await?;
    translate(context, entry, subject, record.id).await?;
    Ok((subject, Outcome::Revised))
}

/// What is published of it already.
async fn find(
    context: &Context,
    entry: &Entry,
    key: &str,
) -> Result<Option<Current<record::Listing>>, Error> {
    let own = Some(context.own.id.partner);
    if let Some(subject) = entry.subject {
        let found = listings::get(&context.db, Viewer::Public, own, subject).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let done = idempotency::find(&context.db, &[key]).await?.remove(key);
    let Some(index) = done.and_then(|done| done.indexes.first().copied()) else { return Ok(None) };
    let row = entries::at(&context.db, context.own.number, index).await?;
    let row = row.ok_or_else(|| Error::new(Code::Internal))?;
    let withdrawn = || Error::new(Code::RecordErased);
    let statement = context.own_statement(&row)?.ok_or_else(withdrawn)?;
    let found = listings::get(&context.db, Viewer::Public, own, statement.subject).await?;
    found.map(Some).ok_or_else(withdrawn)
}

/// A new listing, by the same key and request as `volbridge import` sends.
async fn first(
    context: &Arc<Context>,
    listing: &record::Listing,
    key: &str,
) -> Result<PublishedRecord, Error> {
    let request = PublishListingRequest { listing: Some(listing.clone()), ..Default::default() };
    let mut hash = Sha256::new();
    hash.update("Listings.Publish\0");
    hash.update(request.encode_to_vec());
    let idempotency = Idempotency { key: key.to_owned(), request: hash.finalize().into() };
    let draft = Draft::public(kinds::listing::KIND, Payload::Listing(listing.clone()).encode()?);
    one(context, draft, Some(idempotency)).await
}

async fn one(
    context: &Arc<Context>,
    draft: Draft,
    idempotency: Option<Idempotency>,
) -> Result<PublishedRecord, Error> {
    let records = context.publish(vec![draft], idempotency).await?;
    records.first().copied().ok_or_else(|| Error::new(Code::Internal))
}

/// Publishes the translations of just this revision that aren't there as they are; says whether there were any.
async fn translate(
    context: &Arc<Context>,
    entry: &Entry,
    subject: SubjectId,
    source: RecordId,
) -> Result<bool, Error> {
    let mut published = false;
    if entry.translations.is_empty() {
        return Ok(published);
    }
    let known = translations::own(&context.db, context.own.number, subject).await?;
    for translation in &entry.translations {
        let record = read::record(entry, translation);
        if !known.iter().any(|known| is_same(known, translation, &record, source)) {
            let draft = rendering(context, record, subject, source).await?;
            one(context, draft, None).await?;
            published = true;
        }
    }
    Ok(published)
}

fn is_same(
    known: &Current<record::Translation>,
    translation: &Translation,
    record: &record::Translation,
    source: RecordId,
) -> bool {
    known.content.language.eq_ignore_ascii_case(&translation.language)
        && known.statement.sources.first().map(|of| of.id) == Some(source)
        && known.content.segments == record.segments
}
