//! A federation checks the organisations that it vouches for: somebody looks at documents, asks references or goes there,
//! and notes what was seen; then the partner publishes by what kinds of evidence, and until when it holds. The notes stay
//! at home.

use std::{collections::BTreeSet, sync::Arc};

use futures::FutureExt as _;
use volbridge_proto::{
    Code, SubjectId,
    codes::checks::ORGANISATION_CHECKS,
    kinds::{self, Payload},
    text,
    time::Date,
    wire::record::v1 as record,
};

use super::handover::refuse_moved;
use crate::{
    context::Context,
    error::Error,
    publish::{Draft, Idempotency, PublishedRecord},
    store::{
        accounts::AccountId,
        notes::{self, NoteRow},
    },
    views::{Current, organisations},
};

/// Days before a check ends from which on it is to be renewed.
pub const REMIND_DAYS: i64 = 60;

/// Days for which what was seen counts towards a check.
pub const LOOK_DAYS: i64 = 90;

/// Notes that are read of an organisation.
pub const NOTES: u32 = 200;

/// Letters of a note.
const NOTE: usize = 4_000;

/// An own organisation.
///
/// # Errors
/// `not_found`
pub async fn organisation(
    context: &Context,
    subject: SubjectId,
) -> Result<Current<record::Organisation>, Error> {
    let found = organisations::get(&context.db, Some(context.own.id.partner), subject).await?;
    found.ok_or_else(|| Error::new(Code::NotFound).at("organisation"))
}

/// What somebody has seen, to be noted.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// `documents`, `references` or `visit`
    pub what: String,
    /// In their words.
    pub note: String,
    /// `YYYY-MM-DD`
    pub on: String,
}

/// Notes what somebody has seen.
///
/// # Errors
/// `not_found`, or what is wrong with a field
pub async fn note(
    context: &Arc<Context>,
    subject: SubjectId,
    seen: Seen,
    by: Option<AccountId>,
) -> Result<(), Error> {
    organisation(context, subject).await?;
    refuse_moved(context, Some(subject)).await?;
    if !ORGANISATION_CHECKS.contains(&seen.what.as_str()) {
        let one_of = ORGANISATION_CHECKS.join(", ");
        return Err(Error::new(Code::FieldInvalid).at("what").with("one_of", one_of));
    }
    let note = seen.note.trim();
    if note.is_empty() {
        return Err(Error::new(Code::FieldRequired).at("note"));
    }
    if note.chars().count() > NOTE {
        return Err(Error::new(Code::FieldTooLong).at("note").with("limit", NOTE));
    }
    let note = note.replace("\r\n", "\n");
    text::check_text(&note).map_err(|refusal| Error::from(refusal).at("note"))?;
    let day: Date = seen.on.parse().map_err(|refusal| Error::from(refusal).at("seen_on"))?;
    if !(0..=LOOK_DAYS).contains(&day.days_until(context.now().date())) {
        return Err(Error::new(Code::FieldOutOfRange).at("seen_on").with("most", LOOK_DAYS));
    }
    let row = NoteRow {
        id: context.env.bytes(),
        subject,
        what: seen.what,
        note,
        seen_on: seen.on,
        account: by,
        at: context.now(),
    };
    context.db.write(move |tx| async move { notes::insert(tx, &row).await }.boxed()).await?;
    Ok(())
}

/// The check that follows from what was noted: by which kinds of evidence of the last days, from the latest of them on.
///
/// # Errors
/// `check.nothing_seen`
pub fn evidence(
    notes: &[NoteRow],
    today: Date,
    valid_until: &str,
) -> Result<record::OrganisationCheck, Error> {
    let counts = |note: &&NoteRow| {
        note.seen_on.parse().is_ok_and(|day: Date| (0..=LOOK_DAYS).contains(&day.days_until(today)))
    };
    let counted: Vec<&NoteRow> = notes.iter().filter(counts).collect();
    let Some(last) = counted.iter().map(|note| &note.seen_on).max() else {
        return Err(Error::new(Code::CheckNothingSeen).with("days", LOOK_DAYS));
    };
    let by: BTreeSet<&String> = counted.iter().map(|note| &note.what).collect();
    Ok(record::OrganisationCheck {
        checked_on: last.clone(),
        valid_until: valid_until.to_owned(),
        by: by.into_iter().cloned().collect(),
    })
}

/// Publishes an organisation as checked.
///
/// # Errors
/// `not_found`, `check.nothing_seen`, `organisation.moved`, what the record's rule says of the dates
pub async fn publish(
    context: &Arc<Context>,
    subject: SubjectId,
    valid_until: &str,
    idempotency: Option<Idempotency>,
) -> Result<PublishedRecord, Error> {
    let found = organisation(context, subject).await?;
    refuse_moved(context, Some(subject)).await?;
    let today = context.now().date();
    let last: Date = valid_until.parse().map_err(|refusal| Error::from(refusal).at("valid_until"))?;
    if today.days_until(last) < 1 {
        return Err(Error::new(Code::FieldOutOfRange).at("valid_until"));
    }
    let noted = notes::of(&context.db, subject, NOTES).await?;
    let checked = evidence(&noted, today, valid_until)?;
    let organisation = record::Organisation { checked: Some(checked), ..found.content };
    let draft = Draft {
        subject: Some(subject),
        expires_at: found.statement.expires_at,
        ..Draft::public(kinds::organisation::KIND, Payload::Organisation(organisation).encode()?)
    };
    let records = context.publish(vec![draft], idempotency).await.map_err(|mut error| {
        // The field of the record is the form's.
        if let Some(field) = error.field.strip_prefix("checked.") {
            error.field = field.to_owned();
        }
        error
    })?;
    records.into_iter().next().ok_or_else(|| Error::new(Code::Internal))
}

#[cfg(test)]
mod tests {
    use volbridge_proto::Timestamp;

    use super::*;

    fn note(what: &str, seen_on: &str) -> NoteRow {
        NoteRow {
            id: [1; 16],
            subject: SubjectId::v7(1, [1; 10]),
            what: what.to_owned(),
            note: "Seen.".to_owned(),
            seen_on: seen_on.to_owned(),
            account: None,
            at: Timestamp::from_millis(1),
        }
    }

    #[test]
    fn a_check_rests_on_what_was_seen_in_the_last_days() {
        let today = "2026-11-28".parse().unwrap();
        let notes = [
            note("visit", "2026-11-20"),
            note("documents", "2026-10-01"),
            note("documents", "2026-11-02"),
            note("references", "2026-06-01"),
        ];
        let check = evidence(&notes, today, "2027-11-30").unwrap();
        assert_eq!((check.checked_on.as_str(), check.valid_until.as_str()), ("2026-11-20", "2027-11-30"));
        assert_eq!(check.by, ["documents", "visit"]);
        for none in [&notes[3..], &[note("visit", "2026-12-01")], &[]] {
            assert_eq!(evidence(none, today, "2027-11-30").unwrap_err().code, Code::CheckNothingSeen);
        }
    }
}
