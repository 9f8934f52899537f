//! A partner's figures of a month that is over: counted once it has ended, signed, and published under a subject that
//! follows from the month, so that neither a second run nor a second process publishes them again.

use std::sync::Arc;

use volbridge_proto::{
    Code, SubjectId, kinds, record::canonical, statistics, statistics::Month, wire::record::v1 as wire,
};

use crate::{
    context::Context,
    error::Error,
    publish::Draft,
    store::revisions,
    views::statistics::{Counted, figures},
};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They are in the log now.
    Published(SubjectId),
    /// They were there, or had been and were withdrawn.
    Already(SubjectId),
    /// This partner had no public listing then.
    Nothing,
}

/// The last month that is over.
pub fn last(context: &Context) -> Month {
    Month::at(context.now()).plus(-1)
}

/// Publishes the figures of a month, unless that was done before.
///
/// # Errors
/// `field.out_of_range` if it isn't over; when the database fails or the log takes no entries.
pub async fn publish(context: &Arc<Context>, month: Month) -> Result<Outcome, Error> {
    if month > last(context) {
        return Err(Error::new(Code::FieldOutOfRange).at("month").with("latest", last(context)));
    }
    let me = context.own.id.partner;
    let subject = statistics::subject(me, month, "", "");
    if !revisions::of_subject(&context.db, me, subject).await?.is_empty() {
        return Ok(Outcome::Already(subject));
    }
    let figures = figures(&context.db.snapshot().await?, Counted::AtEnd(month, me)).await?;
    if figures.total.listings == 0 {
        return Ok(Outcome::Nothing);
    }
    let record = wire::Statistics {
        month: month.to_string(),
        total: Some(figures.total),
        groups: figures.groups,
        ..wire::Statistics::default()
    };
    let draft = Draft {
        subject: Some(subject),
        begins: true,
        ..Draft::public(kinds::statistics::KIND, canonical::encode(&record, "Statistics")?)
    };
    match context.publish(vec![draft], None).await {
        Ok(_) => Ok(Outcome::Published(subject)),
        Err(error) if error.code == Code::AlreadyExists => Ok(Outcome::Already(subject)),
        Err(error) => Err(error),
    }
}

/// Publishes the last month's, if that is still to be done.
///
/// # Errors
/// When the database fails.
pub async fn publish_last(context: &Arc<Context>) -> Result<(), Error> {
    match publish(context, last(context)).await {
        // An old copy of the database may not append: the next round tries again.
        Err(error) if error.code == Code::LogBehind => Ok(()),
        result => result.map(drop),
    }
}
