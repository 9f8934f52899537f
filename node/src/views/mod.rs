//! Read models: the directory of what this node has verified (design.md section 8).
//!
//! Derived from entries alone, in the transaction that stores them, and dropped and rebuilt at will: the same
//! records give the same rows in whatever order they came. A row points at its entry; content is read from there.
//! One file per kind: its rows, and the questions that are asked of them. Every question whose answer could hold
//! something sealed takes a [`Viewer`]; the public sees what it would see if the sealed record weren't there (T31).

pub mod agreements;
pub mod conferences;
pub mod consents;
pub mod content;
pub mod handovers;
pub mod indexed;
pub mod listings;
pub mod materials;
pub mod organisations;
pub mod page;
pub mod partners;
pub mod profiles;
pub mod statistics;
pub mod translations;
pub mod viewer;
pub mod words;

use volbridge_proto::{
    id::{LogId, RecordId, SubjectId},
    kinds::{self, Payload},
    record::Statement,
    time::Timestamp,
};

pub use self::{
    content::{Current, Place},
    page::{Cursor, NamedCursor, Page},
    viewer::{Opens, Viewer},
};
use crate::store::{Query, StoreError, Tx};

/// The current revision of a subject, as ingest found it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The log's number in this database.
    pub log: i64,
    /// Whose log.
    pub log_id: LogId,
    /// Its entry.
    pub index: u64,
    /// Its id.
    pub id: RecordId,
    /// What it says.
    pub statement: &'a Statement,
    /// Its content, valid.
    pub payload: &'a Payload,
    /// When the first revision was issued.
    pub first_issued_at: Timestamp,
    /// Of this node's own log.
    pub own: bool,
}

impl Shown<'_> {
    /// Whether it is sealed: shown to this node's staff only.
    fn named(&self) -> bool {
        !self.statement.recipients.is_empty()
    }

    fn expires_at(&self) -> i64 {
        self.statement.expires_at.map_or(0, Timestamp::as_millis)
    }
}

/// Shows the current revisions of subjects in the views of their kinds. `new`: no revision of them was ever shown.
pub async fn show(tx: &mut Tx, shown: &[Shown<'_>], new: bool) -> Result<(), StoreError> {
    let (mut listings, mut organisations, mut conferences) = (Vec::new(), Vec::new(), Vec::new());
    for shown in shown {
        match shown.payload {
            Payload::Listing(listing) => listings.push((shown, listing)),
            Payload::Organisation(organisation) => organisations.push((shown, organisation)),
            Payload::Conference(conference) => conferences.push((shown, conference)),
            Payload::NodeInfo(_) => partners::show_node_info(tx, shown).await?,
            Payload::Translation(translation) => translations::show(tx, shown, translation).await?,
            Payload::Material(material) => materials::show(tx, shown, material).await?,
            Payload::VolunteerProfile(_) => profiles::show(tx, shown).await?,
            Payload::Statistics(figures) => statistics::show(tx, shown, figures).await?,
            Payload::Consent(consent) => consents::show(tx, shown, consent).await?,
            _ => event(tx, shown).await?,
        }
    }
    handovers::note_continued(tx, shown, new).await?;
    listings::write(tx, &listings, new).await?;
    organisations::write(tx, &organisations, new).await?;
    conferences::write(tx, &conferences, new).await
}

/// Takes note of a record that counts whether or not a later one replaces it: descriptors, agreements and
/// their ends, halves of handovers. Other kinds change nothing here. Called for each such entry, in any order, any number of times.
pub async fn event(tx: &mut Tx, shown: &Shown<'_>) -> Result<(), StoreError> {
    match shown.payload {
        Payload::PartnerDescriptor(descriptor) => partners::note_descriptor(tx, shown, descriptor).await,
        Payload::Continuation(continuation) => match &continuation.descriptor {
            Some(descriptor) => partners::note_descriptor(tx, shown, descriptor).await,
            None => Ok(()),
        },
        Payload::Agreement(agreement) => agreements::note(tx, shown, agreement).await,
        Payload::AgreementEnd(end) => agreements::note_end(tx, shown, end).await,
        Payload::Handover(handover) => handovers::note(tx, shown, handover).await,
        _ => Ok(()),
    }
}

/// Takes a subject out of the view of its kind: it has no revision left.
pub async fn hide(tx: &mut Tx, kind: &str, log: i64, subject: SubjectId) -> Result<(), StoreError> {
    if matches!(kind, kinds::organisation::KIND | kinds::listing::KIND) {
        handovers::forget_continued(tx, log, subject).await?;
    }
    let delete = match kind {
        kinds::organisation::KIND => "DELETE FROM organisation WHERE log = $1 AND subject = $2",
        kinds::listing::KIND => "DELETE FROM listing WHERE log = $1 AND subject = $2",
        kinds::translation::KIND => "DELETE FROM translation WHERE log = $1 AND subject = $2",
        kinds::conference::KIND => "DELETE FROM conference WHERE log = $1 AND subject = $2",
        kinds::material::KIND => "DELETE FROM material WHERE log = $1 AND subject = $2",
        kinds::volunteer_profile::KIND => "DELETE FROM profile WHERE log = $1 AND subject = $2",
        kinds::consent::KIND => "DELETE FROM consent WHERE log = $1 AND subject = $2",
        kinds::statistics::KIND => "DELETE FROM statistics WHERE log = $1 AND subject = $2",
        // Partners and agreements can't be withdrawn, and of other kinds there is no view.
        _ => return Ok(()),
    };
    tx.execute(delete, crate::args![log, subject.as_bytes()]).await.map(drop)
}

/// Whether a migration took rows away that only a rebuild brings back.
pub async fn are_stale(on: &impl Query) -> Result<bool, StoreError> {
    let stale: Option<(String,)> = on.row_opt("SELECT name FROM stale_view LIMIT 1", Vec::new()).await?;
    Ok(stale.is_some())
}

/// Empties all views, before a rebuild.
pub async fn clear(tx: &mut Tx) -> Result<(), StoreError> {
    for delete in [
        "DELETE FROM partner",
        "DELETE FROM descriptor",
        "DELETE FROM organisation",
        "DELETE FROM listing",
        "DELETE FROM translation",
        "DELETE FROM conference",
        "DELETE FROM material",
        "DELETE FROM agreement",
        "DELETE FROM agreement_end",
        "DELETE FROM handover",
        "DELETE FROM moved",
        "DELETE FROM continued",
        "DELETE FROM profile",
        "DELETE FROM consent",
        "DELETE FROM statistics",
        "DELETE FROM stale_view",
    ] {
        tx.execute(delete, Vec::new()).await?;
    }
    Ok(())
}
