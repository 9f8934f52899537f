//! From an approved draft to records: the listing, then its translation, which names it. A crash between the two, or
//! before the draft is noted as published, costs nothing: the same step finds both records again by their keys.

use std::{sync::Arc, time::Duration};

use futures::FutureExt as _;
use sha2::{Digest, Sha256};
use volbridge_proto::{
    Code, RecordId, Ref, SubjectId,
    kinds::{self, Payload},
    wire::record::v1 as record,
};

use super::{State, Step, after, content, handover::refuse_moved};
use crate::{
    context::Context,
    error::Error,
    publish::{Draft, Idempotency, PublishedRecord},
    store::{
        StoreError,
        drafts::{self, DraftRow},
        events::{self, Deed, Doer, What},
    },
    views::{Viewer, listings, organisations, translations},
};

/// How often is looked for drafts whose time has come.
const PAUSE: Duration = Duration::from_secs(15);

/// Drafts of one step.
const STEP: u32 = 50;

/// What a draft became.
pub struct Records {
    /// The listing, or the organisation.
    pub listing: PublishedRecord,
    /// Its translation, if one was written.
    pub translation: Option<PublishedRecord>,
}

/// Publishes an approved draft, and notes who did.
///
/// # Errors
/// `draft.state`, `draft.faulty` with the first fault's field, `draft.changed`, what publishing refuses.
pub async fn publish(context: &Arc<Context>, row: &DraftRow, by: Doer) -> Result<(DraftRow, Records), Error> {
    let state = after(row.state, Step::Publish)?;
    refuse_moved(context, row.organisation).await?;
    let content = content::decode(&row.content)?;
    if let Some(fault) = content::faults(&content).into_iter().next() {
        return Err(Error::new(Code::DraftFaulty).at(fault.field));
    }
    if let Some(organisation) = content.organisation {
        let published = of_organisation(context, row, organisation).await?;
        let noted = note(context, row, state, by).await?;
        return Ok((noted, Records { listing: published, translation: None }));
    }
    let listing = content.listing.ok_or_else(|| Error::new(Code::DraftFaulty))?;
    let key = format!("desk/{}/{}", hex::encode(row.id), row.version);
    let draft = Draft {
        subject: Some(row.subject),
        begins: !row.revises,
        ..Draft::public(kinds::listing::KIND, Payload::Listing(listing.clone()).encode()?)
    };
    let published = one(context, draft, format!("{key}/listing")).await?;
    let translation = match content.translation.filter(content::is_given) {
        Some(given) => {
            let record = content::record_of(&given, row.subject, &listing);
            Some(translate(context, record, row.subject, &published, format!("{key}/translation")).await?)
        }
        None => None,
    };
    let noted = note(context, row, state, by).await?;
    Ok((noted, Records { listing: published, translation }))
}

/// An organisation's record. What its partner says of it stays as it is by now: the check, and what stands above it.
async fn of_organisation(
    context: &Arc<Context>,
    row: &DraftRow,
    organisation: record::Organisation,
) -> Result<PublishedRecord, Error> {
    let mut organisation = organisation;
    if row.revises {
        let now = organisations::get(&context.db, Some(context.own.id.partner), row.subject).await?;
        let now = now.ok_or_else(|| Error::new(Code::NotFound).at("id"))?.content;
        (organisation.checked, organisation.parent) = (now.checked, now.parent);
    }
    let draft = Draft {
        subject: Some(row.subject),
        begins: !row.revises,
        ..Draft::public(kinds::organisation::KIND, Payload::Organisation(organisation).encode()?)
    };
    let key = format!("desk/{}/{}/organisation", hex::encode(row.id), row.version);
    one(context, draft, key).await
}

/// Notes that a draft is published, and by whom.
async fn note(context: &Arc<Context>, row: &DraftRow, state: State, by: Doer) -> Result<DraftRow, Error> {
    let noted = DraftRow {
        version: row.version + 1,
        state,
        revises: true,
        submitted: row.content.clone(),
        changed_by: match by {
            Doer::Node => row.decided_by,
            by => by.account(),
        },
        changed_at: context.now(),
        publish_at: None,
        ..row.clone()
    };
    let stored = noted.clone();
    let deed = Deed::new(context.env.now(), by, What::DraftPublished).about(row.author);
    let deed = deed.with(row.subject.to_string());
    let write = context.db.write(move |tx| {
        async move {
            let done = drafts::update(tx, &stored).await?;
            if done {
                events::add(tx, &deed).await?;
            }
            Ok::<_, StoreError>(done)
        }
        .boxed()
    });
    if !write.await? {
        return Err(Error::new(Code::DraftChanged).at("version"));
    }
    Ok(noted)
}

/// A translation of what was just published: a new revision of the one that was there in this language.
pub(super) async fn translate(
    context: &Arc<Context>,
    translation: record::Translation,
    of: SubjectId,
    source: &PublishedRecord,
    key: String,
) -> Result<PublishedRecord, Error> {
    one(context, rendering(context, translation, of, source.id).await?, key).await
}

/// The translation of a published revision as a draft.
pub(crate) async fn rendering(
    context: &Context,
    mut translation: record::Translation,
    of: SubjectId,
    source: RecordId,
) -> Result<Draft, Error> {
    let known = translations::own(&context.db, context.own.number, of).await?;
    let same = |known: &&crate::views::Current<record::Translation>| {
        known.content.language.eq_ignore_ascii_case(&translation.language)
    };
    let subject = known.iter().find(same).map(crate::views::Current::subject);
    translation.of = Some(record::Subject { partner: Vec::new(), subject: of.to_vec() });
    Ok(Draft {
        subject,
        sources: vec![Ref { partner: None, id: source }],
        ..Draft::public(kinds::translation::KIND, Payload::Translation(translation).encode()?)
    })
}

async fn one(context: &Arc<Context>, draft: Draft, key: String) -> Result<PublishedRecord, Error> {
    let request = Sha256::digest(&draft.payload).into();
    let records = context.publish(vec![draft], Some(Idempotency { key, request })).await?;
    records.first().copied().ok_or_else(|| Error::new(Code::Internal))
}

/// Says that a published listing is open again (`""`), `full`, `paused` or `closed`. Its own translations go on to the new
/// revision: nothing of what they render has changed.
///
/// # Errors
/// `not_found`, `field.invalid`
pub async fn set_status(
    context: &Arc<Context>,
    subject: SubjectId,
    status: &str,
    key: &str,
) -> Result<PublishedRecord, Error> {
    let own = Some(context.own.id.partner);
    let found = listings::get(&context.db, Viewer::Public, own, subject).await?;
    let found = found.ok_or_else(|| Error::new(Code::NotFound).at("listings"))?;
    let mut listing = found.content;
    refuse_moved(context, SubjectId::try_from(listing.organisation.as_slice()).ok()).await?;
    status.clone_into(&mut listing.status);
    let draft = Draft {
        subject: Some(subject),
        expires_at: found.statement.expires_at,
        ..Draft::public(kinds::listing::KIND, Payload::Listing(listing).encode()?)
    };
    let known = translations::own(&context.db, context.own.number, subject).await?;
    let published = one(context, draft, format!("{key}/{subject}")).await?;
    for translation in known {
        let fresh = translation.statement.sources.first().map(|source| source.id) == Some(found.place.id);
        if fresh {
            let key = format!("{key}/{subject}/{}", translation.content.language);
            translate(context, translation.content, subject, &published, key).await?;
        }
    }
    Ok(published)
}

/// Publishes what was approved for a later time, until the node stops.
pub async fn run(context: Arc<Context>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = context.stopping() => return,
        }
        if let Err(error) = publish_due(&context).await {
            tracing::error!(%error, "drafts whose time has come can't be published; they are tried again");
        }
    }
}

/// Publishes every draft whose time has come; one that can't be goes back to its editors with the reason.
///
/// # Errors
/// What the database says.
pub async fn publish_due(context: &Arc<Context>) -> Result<(), Error> {
    for row in drafts::due(&context.db, context.now(), STEP).await? {
        match publish(context, &row, Doer::Node).await {
            Ok(_) => {}
            Err(error) if matches!(error.code, Code::DraftFaulty | Code::OrganisationMoved) => {
                let back = DraftRow {
                    version: row.version + 1,
                    state: State::ChangesAsked,
                    publish_at: None,
                    changed_at: context.now(),
                    ..row
                };
                context.db.write(move |tx| async move { drafts::update(tx, &back).await }.boxed()).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
