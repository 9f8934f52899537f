//! Agreements, half by half: every one that a partner published, and the first end of each (protocol section 6).
//! Whether two halves are in force is judged by `proto::kinds::agreement`.

use volbridge_proto::{
    id::{PartnerId, RecordId},
    kinds::agreement::{AgreementHalf, terms_hash},
    wire::record::v1 as wire,
};

use super::{
    Current, Shown, Viewer,
    content::{EntryRow, select_entries},
};
use crate::{
    args,
    store::{Query, StoreError, Tx, Value, select::Select},
};

/// One partner's Agreement.
#[derive(Clone, Debug, PartialEq)]
pub struct Half {
    /// The record.
    pub current: Current<wire::Agreement>,
    /// Where the first AgreementEnd that names it stands.
    pub ended_at: Option<u64>,
}

impl Half {
    /// As the rules read it.
    #[must_use]
    pub fn side(&self) -> AgreementHalf {
        AgreementHalf {
            partner: self.current.partner(),
            id: self.current.place.id,
            index: self.current.place.index,
            ended_at: self.ended_at,
            terms: self.current.content.terms.clone().unwrap_or_default(),
        }
    }

    /// Whom it is with.
    #[must_use]
    pub fn other(&self) -> Option<PartnerId> {
        other(self.current.partner(), self.current.content.terms.as_ref()?)
    }
}

fn other(partner: PartnerId, terms: &wire::AgreementTerms) -> Option<PartnerId> {
    let parties = terms.parties.iter().filter_map(|party| PartnerId::try_from(party.as_slice()).ok());
    parties.into_iter().find(|party| *party != partner)
}

/// Takes note of an Agreement.
pub(super) async fn note(
    tx: &mut Tx,
    shown: &Shown<'_>,
    agreement: &wire::Agreement,
) -> Result<(), StoreError> {
    let Some(terms) = &agreement.terms else { return Ok(()) };
    let Some(other) = other(shown.log_id.partner, terms) else { return Ok(()) };
    tx.execute(
        "INSERT INTO agreement (log, entry_index, id, other, terms) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (log, entry_index) DO NOTHING",
        args![shown.log, shown.index, shown.id.as_bytes(), other.as_bytes(), terms_hash(terms)],
    )
    .await
    .map(drop)
}

/// Takes note of an AgreementEnd; the first in the log counts, in whatever order they come.
pub(super) async fn note_end(
    tx: &mut Tx,
    shown: &Shown<'_>,
    end: &wire::AgreementEnd,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO agreement_end (log, agreement, entry_index) VALUES ($1, $2, $3) \
         ON CONFLICT (log, agreement) DO UPDATE SET entry_index = excluded.entry_index \
         WHERE excluded.entry_index < agreement_end.entry_index",
        args![shown.log, &end.agreement, shown.index],
    )
    .await
    .map(drop)
}

/// A partner's Agreement with this record id.
pub async fn half(
    on: &impl Query,
    partner: &PartnerId,
    id: &RecordId,
) -> Result<Option<AgreementHalf>, StoreError> {
    let mut select = base();
    select.add(" WHERE v.id = ? AND l.partner = ?", args![id.as_bytes(), partner.as_bytes()]);
    Ok(load(on, select).await?.first().map(Half::side))
}

/// All halves between two partners, of both.
pub async fn halves(on: &impl Query, a: &PartnerId, b: &PartnerId) -> Result<Vec<AgreementHalf>, StoreError> {
    let mut select = base();
    select.add(
        " WHERE (l.partner = ? AND v.other = ?) OR (l.partner = ? AND v.other = ?)",
        args![a.as_bytes(), b.as_bytes(), b.as_bytes(), a.as_bytes()],
    );
    Ok(load(on, select).await?.iter().map(Half::side).collect())
}

/// Every half that is known, oldest logs first.
pub async fn list(on: &impl Query) -> Result<Vec<Half>, StoreError> {
    load(on, base()).await
}

fn base() -> Select {
    Select::new(select_entries!("agreement", "CAST(0 AS BIGINT)", "v.id", ""), args![])
}

async fn load(on: &impl Query, mut select: Select) -> Result<Vec<Half>, StoreError> {
    select.add(" ORDER BY v.log, v.entry_index", args![]);
    let mut halves = Vec::new();
    for row in select.rows::<EntryRow>(on).await? {
        if let Some(current) = row.read::<wire::Agreement>(Viewer::Public)? {
            let ended_at = ended_at(on, current.place.log, &current.place.id).await?;
            halves.push(Half { current, ended_at });
        }
    }
    Ok(halves)
}

async fn ended_at(on: &impl Query, log: i64, id: &RecordId) -> Result<Option<u64>, StoreError> {
    let row: Option<(i64,)> = on
        .row_opt(
            "SELECT entry_index FROM agreement_end WHERE log = $1 AND agreement = $2",
            vec![Value::from(log), Value::from(id.as_bytes())],
        )
        .await?;
    Ok(row.and_then(|(index,)| u64::try_from(index).ok()))
}
