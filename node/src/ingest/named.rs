//! Named records: opened with this node's key, and kept only if an agreement in
//! force and a consent cover them (protocol section 6; D13).

use volbridge_proto::{
    Code, Refusal,
    kinds::{
        AuthorityRule, Payload,
        agreement::{self, Moment},
        consent, volunteer_profile,
    },
    record::{Body, Statement},
    seal,
};

use super::{Counted, Reader, apply};
use crate::{
    store::{StoreError, Tx},
    views,
};

/// What this node's key makes of a sealed body.
pub(super) enum Opening {
    /// Addressed to this node, or by it; and its number.
    Ours(Box<Statement>, u64),
    /// Opens, but what is inside breaks the rules.
    Broken(Refusal),
    /// Sealed to others.
    Others,
}

pub(super) fn open(reader: &Reader<'_>, body: &Body) -> Opening {
    match seal::open(body, reader.partner, reader.sealing) {
        Ok(opened) => Opening::Ours(Box::new(opened.statement), opened.nth),
        Err(refusal) if refusal.code == Code::SealCannotOpen => Opening::Others,
        Err(refusal) => Opening::Broken(refusal),
    }
}

/// Whether a record about a person is covered: by both agreements that it names, and by the consent.
/// Own records were checked before they were sealed; what isn't about people needs nothing.
pub(super) async fn covered(
    tx: &Tx,
    reader: &Reader<'_>,
    counted: &Counted<'_>,
) -> Result<Result<(), Refusal>, StoreError> {
    let Some(payload) = &counted.payload else { return Ok(Ok(())) };
    if counted.log.own || payload.info().authority == AuthorityRule::Absent {
        return Ok(Ok(()));
    }
    match check(tx, reader, counted, payload).await {
        Ok(()) => Ok(Ok(())),
        Err(NotCovered::Refused(refusal)) => Ok(Err(refusal)),
        Err(NotCovered::Store(error)) => Err(error),
    }
}

/// Why a record isn't covered, or why that couldn't be found out.
enum NotCovered {
    Refused(Refusal),
    Store(StoreError),
}

impl From<Refusal> for NotCovered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for NotCovered {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

async fn check(
    tx: &Tx,
    reader: &Reader<'_>,
    counted: &Counted<'_>,
    payload: &Payload,
) -> Result<(), NotCovered> {
    let author = counted.log.id.partner;
    let authority = counted.statement.authority.as_ref();
    let authority = authority.ok_or_else(|| Refusal::new(Code::StatementAuthority).at("authority"))?;
    let theirs = views::agreements::half(tx, &author, &authority.own_agreement).await?;
    let ours = views::agreements::half(tx, &reader.partner, &authority.other_agreement.id).await?;
    let (Some(theirs), Some(ours)) = (theirs, ours) else {
        return Err(Refusal::new(Code::AgreementNone).into());
    };
    let at = Moment { own_size: counted.index, other_size: authority.seen.size, now: reader.now };
    agreement::in_force(&theirs, &ours, &at)?;
    let categories = match payload {
        Payload::VolunteerProfile(profile) => volunteer_profile::categories(profile),
        _ => Vec::new(),
    };
    if !agreement::covers(&theirs.terms, &authority.purpose, &categories) {
        return Err(Refusal::new(Code::AgreementNone).at("authority.purpose").into());
    }
    if payload.info().authority == AuthorityRule::WithoutConsent {
        return Ok(());
    }
    let none = || Refusal::new(Code::ConsentNone);
    let named = authority.consent.as_ref().ok_or_else(none)?;
    let row = views::consents::by_id(tx, counted.log.number, &named.id).await?.ok_or_else(none)?;
    let given = apply::load(tx, reader, counted.log, row.index).await?.ok_or_else(none)?;
    let Some(Payload::Consent(given)) = &given.payload else { return Err(none().into()) };
    if given.profile != counted.statement.subject.as_bytes() {
        return Err(none().into());
    }
    consent::check_covers(given, reader.partner, &authority.purpose, &categories, reader.now)?;
    Ok(())
}
