//! What somebody saw when an organisation was checked. It stays in this table.

use volbridge_proto::{SubjectId, Timestamp};

use super::{Query, StoreError, Tx, accounts::AccountId, args, column};

/// A note.
#[derive(Clone, Debug, PartialEq)]
pub struct NoteRow {
    /// Which.
    pub id: [u8; 16],
    /// The organisation.
    pub subject: SubjectId,
    /// `documents`, `references` or `visit`
    pub what: String,
    /// In the words of who looked.
    pub note: String,
    /// `YYYY-MM-DD`
    pub seen_on: String,
    /// Who looked; none: whoever runs the machine.
    pub account: Option<AccountId>,
    /// When it was written.
    pub at: Timestamp,
}

type Raw = (Vec<u8>, Vec<u8>, String, String, String, Vec<u8>, i64);

/// The notes about an organisation, the latest day first; at most so many.
pub async fn of(q: &impl Query, subject: SubjectId, limit: u32) -> Result<Vec<NoteRow>, StoreError> {
    let rows: Vec<Raw> = q
        .rows(
            "SELECT id, subject, what, note, seen_on, account, at FROM organisation_note WHERE subject = $1
             ORDER BY seen_on DESC, at DESC, id LIMIT $2",
            args![subject, limit],
        )
        .await?;
    rows.into_iter().map(typed).collect()
}

fn typed((id, subject, what, note, seen_on, account, at): Raw) -> Result<NoteRow, StoreError> {
    let key = hex::encode(&id);
    let account = Some(account.as_slice()).filter(|bytes| !bytes.is_empty());
    Ok(NoteRow {
        id: column::id("organisation_note", &key, &id)?,
        subject: column::id("organisation_note", &key, &subject)?,
        what,
        note,
        seen_on,
        account: column::optional_id("organisation_note", &key, account)?,
        at: Timestamp::from_millis(at),
    })
}

/// Adds one.
pub async fn insert(tx: &mut Tx, row: &NoteRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO organisation_note (id, subject, what, note, seen_on, account, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            row.id,
            row.subject,
            &row.what,
            &row.note,
            &row.seen_on,
            row.account.map(Vec::from).unwrap_or_default(),
            row.at
        ],
    )
    .await?;
    Ok(())
}
