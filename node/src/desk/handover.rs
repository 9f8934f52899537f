//! An organisation is given to another partner, or taken over: what is asked before this node publishes its half of a
//! handover, and what it publishes with it (docs/decisions/0009-handover.md).
//!
//! Taking over is one step after the other, each known by a key of its own: the half with the organisation, then its
//! listings, each with this partner's translations of it. Whoever says it again after a crash goes on where it ended.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use volbridge_proto::{
    Code, PartnerId, RecordId, Ref, SubjectId,
    error::Fault,
    kinds::{self, Payload},
    record::statement::Subject,
    time::Date,
    wire::record::v1 as record,
};

use crate::{
    context::Context,
    error::Error,
    publish::{Draft, Idempotency, PublishedRecord},
    store::logs,
    views::{
        Viewer,
        handovers::{self, Of, Offer},
        listings, organisations, partners, translations,
    },
};

use super::publish::translate;

/// Days for which an organisation is offered at most.
const DAYS: i64 = 180;

/// Listings that are read at a time, and about as many of one call.
pub const STEP: u32 = 200;

/// What was taken over.
pub struct Taken {
    /// The organisation's subject here.
    pub organisation: SubjectId,
    /// Listings of this call.
    pub listings: u32,
}

/// What becomes of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may be taken up.
    Open,
    /// It was.
    Moved,
    /// It is too late, or the organisation has moved otherwise.
    RunOut,
}

/// How an offer stands today.
#[must_use]
pub fn state(offer: &Offer, today: Date) -> State {
    match &offer.moved {
        Some(moved) if moved.first == offer.id => State::Moved,
        Some(_) => State::RunOut,
        None if offer.until.parse().is_ok_and(|until: Date| today <= until) => State::Open,
        None => State::RunOut,
    }
}

/// Publishes the first half: `to` may take an own organisation over until the end of a day.
///
/// # Errors
/// `not_found`, `already_exists` while another offer of it is open or it has moved, `peer.unknown`, `field.out_of_range`
pub async fn offer(
    context: &Arc<Context>,
    organisation: SubjectId,
    to: PartnerId,
    until: &str,
    idempotency: Option<Idempotency>,
) -> Result<PublishedRecord, Error> {
    let own = context.own.id.partner;
    let today = context.now().date();
    let last: Date = until.parse().map_err(|refusal| Error::from(refusal).at("until"))?;
    let days = today.days_until(last);
    if !(0..=DAYS).contains(&days) {
        return Err(Error::new(Code::FieldOutOfRange).at("until").with("most", DAYS));
    }
    if organisations::get(&context.db, Some(own), organisation).await?.is_none() {
        return Err(Error::new(Code::NotFound).at("organisation"));
    }
    if to == own {
        return Err(Error::new(Code::FieldInvalid).at("to"));
    }
    if partners::get(&context.db, &to).await?.is_none() {
        return Err(Error::new(Code::PeerUnknown).at("to"));
    }
    let offers = handovers::offers(&context.db, own).await?;
    let of = (own, organisation);
    if offers.iter().any(|offer| offer.of == of && state(offer, today) != State::RunOut) {
        return Err(Error::new(Code::AlreadyExists).at("organisation"));
    }
    let handover = record::Handover {
        organisation: Some(record::Subject { partner: Vec::new(), subject: organisation.to_vec() }),
        to: to.to_vec(),
        until: until.to_owned(),
        ..record::Handover::default()
    };
    let draft = Draft::public(kinds::handover::KIND, Payload::Handover(handover).encode()?);
    only(context.publish(vec![draft], idempotency).await?)
}

/// Publishes the second half with the organisation, then its listings that are still to be taken over.
///
/// # Errors
/// `not_found`, `handover.over`
pub async fn accept(context: &Arc<Context>, partner: PartnerId, first: RecordId) -> Result<Taken, Error> {
    let own = context.own.id.partner;
    let today = context.now().date();
    let offers = handovers::offers(&context.db, own).await?;
    let offer = offers.iter().find(|offer| offer.of.0 == partner && offer.to == own && offer.id == first);
    let offer = offer.ok_or_else(|| Error::new(Code::NotFound).at("first"))?;
    let organisation = match state(offer, today) {
        State::RunOut => return Err(Error::new(Code::HandoverOver).at("first")),
        State::Open => half(context, offer, today).await?,
        State::Moved => match handovers::last_organisation(&context.db, offer.of).await? {
            Some((_, subject)) => subject,
            None => half(context, offer, today).await?,
        },
    };
    let listings = take_listings(context, offer.of, organisation).await?;
    Ok(Taken { organisation, listings })
}

/// The second half, and the organisation as an own one: its check and what stood above it were its former partner's.
async fn half(context: &Arc<Context>, offer: &Offer, today: Date) -> Result<SubjectId, Error> {
    let (partner, subject) = offer.of;
    let found = organisations::get(&context.db, Some(partner), subject).await?;
    let found = found.ok_or_else(|| Error::new(Code::NotFound).at("organisation"))?;
    let handover = record::Handover {
        organisation: Some(record::Subject { partner: partner.to_vec(), subject: subject.to_vec() }),
        first: Some(record::Ref { partner: partner.to_vec(), id: offer.id.to_vec() }),
        moved_on: today.to_string(),
        ..record::Handover::default()
    };
    let organisation = record::Organisation { checked: None, parent: Vec::new(), ..found.content };
    let drafts = vec![
        Draft::public(kinds::handover::KIND, Payload::Handover(handover).encode()?),
        Draft {
            continues: Some(Subject { partner: Some(partner), subject }),
            ..Draft::public(kinds::organisation::KIND, Payload::Organisation(organisation).encode()?)
        },
    ];
    let records = context.publish(drafts, Some(key("handover", offer.id.as_bytes()))).await?;
    records.last().map(|record| record.subject).ok_or_else(|| Error::new(Code::Internal))
}

async fn take_listings(context: &Arc<Context>, of: Of, organisation: SubjectId) -> Result<u32, Error> {
    let (mut after, mut taken) = (None, 0);
    loop {
        let subjects = handovers::listings_of(&context.db, of, context.now(), after, STEP).await?;
        for subject in &subjects {
            taken += u32::from(take_listing(context, of.0, *subject, organisation).await?);
        }
        after = subjects.last().copied();
        if taken >= STEP || subjects.len() < STEP as usize {
            return Ok(taken);
        }
    }
}

/// A listing of the former partner as an own one, with its author's own translations.
async fn take_listing(
    context: &Arc<Context>,
    partner: PartnerId,
    subject: SubjectId,
    organisation: SubjectId,
) -> Result<bool, Error> {
    let found = listings::get(&context.db, Viewer::Public, Some(partner), subject).await?;
    let Some(found) = found else { return Ok(false) };
    let listing = record::Listing { organisation: organisation.to_vec(), ..found.content };
    let draft = Draft {
        continues: Some(Subject { partner: Some(partner), subject }),
        expires_at: found.statement.expires_at,
        ..Draft::public(kinds::listing::KIND, Payload::Listing(listing).encode()?)
    };
    let name = [partner.as_bytes().as_slice(), subject.as_bytes()].concat();
    let published = match context.publish(vec![draft], Some(key("handover-listing", &name))).await {
        Ok(records) => only(records)?,
        Err(error) if error.code.fault() == Fault::Internal => return Err(error),
        Err(error) => {
            // One that this partner withdrew meanwhile, or whose codes it doesn't list, keeps none of the others.
            tracing::warn!(%error, listing = %subject, "a listing can't be taken over with its organisation");
            return Ok(false);
        }
    };
    for log in logs::of_partner(&context.db, partner).await? {
        for translation in translations::own(&context.db, log.number, subject).await? {
            let fresh = translation.statement.sources == [Ref { partner: None, id: found.place.id }];
            if fresh {
                let key = format!("handover/{}/{}", published.subject, translation.content.language);
                translate(context, translation.content, published.subject, &published, key).await?;
            }
        }
    }
    Ok(true)
}

/// What has moved away is no longer changed here; none: it is the partner's own.
///
/// # Errors
/// `organisation.moved`
pub async fn refuse_moved(context: &Context, organisation: Option<SubjectId>) -> Result<(), Error> {
    let Some(organisation) = organisation else { return Ok(()) };
    let own = context.own.id.partner;
    let moves = handovers::moves(&context.db, [(own, organisation)]).await?;
    match moves.values().next() {
        Some(moved) if moved.from == own => {
            Err(Error::new(Code::OrganisationMoved).with("partner", moved.to.fingerprint()))
        }
        _ => Ok(()),
    }
}

/// What a step is known by, whoever takes it again.
fn key(step: &str, of: &[u8]) -> Idempotency {
    let request = Sha256::digest(of).into();
    Idempotency { key: format!("{step}/{}", hex::encode(of)), request }
}

fn only(records: Vec<PublishedRecord>) -> Result<PublishedRecord, Error> {
    records.into_iter().next().ok_or_else(|| Error::new(Code::Internal))
}
