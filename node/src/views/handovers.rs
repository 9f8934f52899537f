//! Organisations that moved from one partner to another: every half of a handover, which of them stand together by
//! `proto::kinds::handover`, and which records of the receiving partner take the place of older ones. Rows follow from the
//! sets of halves and of current revisions, so that the order in which logs arrive changes nothing (P8).

use std::collections::{BTreeMap, BTreeSet};

use volbridge_proto::{
    id::{PartnerId, RecordId, SubjectId},
    kinds::{
        self,
        handover::{Half, standing},
    },
    record::statement::Subject,
    time::Timestamp,
    wire::record::v1 as wire,
};

use super::{Shown, indexed::Key};
use crate::{
    args,
    store::{Query, StoreError, Tx, Value, select::Select},
};

/// A subject of a partner.
pub type Of = (PartnerId, SubjectId);

/// From one partner to the next, at most so often for one link.
const STEPS: usize = 16;

/// `v` is a listing in whose place a newer one of the receiving partner stands, or not.
pub(super) const LISTING_IS_LAST: &str = " AND NOT EXISTS (SELECT 1 FROM continued c \
    JOIN log o ON o.partner = c.of_partner JOIN log t ON t.number = c.log \
    JOIN moved m ON m.partner = c.of_partner AND m.receiver = t.partner AND m.subject = v.organisation \
    WHERE c.of_subject = v.subject AND o.number = v.log AND c.kind = 'volbridge.listing.v1')";

/// The same of an organisation.
pub(super) const ORGANISATION_IS_LAST: &str = " AND NOT EXISTS (SELECT 1 FROM continued c \
    JOIN log o ON o.partner = c.of_partner JOIN log t ON t.number = c.log \
    JOIN moved m ON m.partner = c.of_partner AND m.receiver = t.partner AND m.subject = v.subject \
    WHERE c.of_subject = v.subject AND o.number = v.log AND c.kind = 'volbridge.organisation.v1')";

/// `v` is a listing that this partner has: its own that didn't move, or another's that did. Takes the partner twice.
pub(super) const LISTING_IS_WITH: &str = " AND ((l.partner = ? AND NOT EXISTS (SELECT 1 FROM moved m \
    WHERE m.partner = l.partner AND m.subject = v.organisation)) OR EXISTS (SELECT 1 FROM moved m \
    WHERE m.partner = l.partner AND m.subject = v.organisation AND m.receiver = ?))";

/// The same of an organisation, without its log at hand; `+` as where lists are read.
pub(super) const ORGANISATION_IS_WITH: &str = " AND ((+v.log IN (SELECT number FROM log WHERE partner = ?) \
    AND NOT EXISTS (SELECT 1 FROM moved m JOIN log o ON o.partner = m.partner \
    WHERE o.number = v.log AND m.subject = v.subject)) OR EXISTS (SELECT 1 FROM moved m \
    JOIN log o ON o.partner = m.partner WHERE o.number = v.log AND m.subject = v.subject AND m.receiver = ?))";

/// An organisation's move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Who had it.
    pub from: PartnerId,
    /// Who has it.
    pub to: PartnerId,
    /// What it was about there.
    pub subject: SubjectId,
    /// `YYYY-MM-DD`
    pub on: String,
    /// The record of the one.
    pub first: RecordId,
    /// And of the other.
    pub second: RecordId,
}

/// A first half, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The record.
    pub id: RecordId,
    /// Which organisation, of whom.
    pub of: Of,
    /// Who may take it over.
    pub to: PartnerId,
    /// Its last day, `YYYY-MM-DD`.
    pub until: String,
    /// How the organisation has moved, by this half or another.
    pub moved: Option<Move>,
}

/// Takes note of a half, and of what stands now.
pub(super) async fn note(
    tx: &mut Tx,
    shown: &Shown<'_>,
    handover: &wire::Handover,
) -> Result<(), StoreError> {
    let author = shown.log_id.partner;
    let Some(organisation) = &handover.organisation else { return Ok(()) };
    let (partner, receiver, first, day) = match &handover.first {
        None => (author.to_vec(), handover.to.clone(), Vec::new(), &handover.until),
        Some(first) => (organisation.partner.clone(), author.to_vec(), first.id.clone(), &handover.moved_on),
    };
    tx.execute(
        "INSERT INTO handover (log, entry_index, id, partner, organisation, receiver, first, day) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (log, entry_index) DO NOTHING",
        args![
            shown.log,
            shown.index,
            shown.id.as_bytes(),
            &partner,
            &organisation.subject,
            receiver,
            first,
            day
        ],
    )
    .await?;
    fold(tx, &partner, &organisation.subject).await
}

#[derive(sqlx::FromRow)]
struct HalfRow {
    id: Vec<u8>,
    epoch: i64,
    entry_index: i64,
    receiver: Vec<u8>,
    first: Vec<u8>,
    day: String,
}

impl HalfRow {
    fn half(self) -> Result<Half, StoreError> {
        let natural = |number: i64| u64::try_from(number).unwrap_or_default();
        let place = (natural(self.epoch), natural(self.entry_index));
        let corrupt = |why: &dyn std::fmt::Display| StoreError::corrupt("handover", place.1, why);
        Ok(Half {
            id: RecordId::try_from(self.id.as_slice()).map_err(|why| corrupt(&why))?,
            place,
            receiver: PartnerId::try_from(self.receiver.as_slice()).map_err(|why| corrupt(&why))?,
            first: match self.first.as_slice() {
                [] => None,
                id => Some(RecordId::try_from(id).map_err(|why| corrupt(&why))?),
            },
            day: self.day.parse().map_err(|why| corrupt(&why))?,
        })
    }
}

/// Which halves of an organisation's handovers stand together.
async fn fold(tx: &mut Tx, partner: &[u8], subject: &[u8]) -> Result<(), StoreError> {
    let rows: Vec<HalfRow> = tx
        .rows(
            "SELECT h.id, l.epoch, h.entry_index, h.receiver, h.first, h.day FROM handover h \
             JOIN log l ON l.number = h.log WHERE h.partner = $1 AND h.organisation = $2",
            args![partner.to_vec(), subject.to_vec()],
        )
        .await?;
    let halves = rows.into_iter().map(HalfRow::half).collect::<Result<Vec<_>, _>>()?;
    tx.execute(
        "DELETE FROM moved WHERE partner = $1 AND subject = $2",
        args![partner.to_vec(), subject.to_vec()],
    )
    .await?;
    let Some((first, second)) = standing(&halves) else { return Ok(()) };
    tx.execute(
        "INSERT INTO moved (partner, subject, receiver, moved_on, first, second) VALUES ($1, $2, $3, $4, $5, $6)",
        args![
            partner.to_vec(),
            subject.to_vec(),
            second.receiver.as_bytes(),
            second.day.to_string(),
            first.id.as_bytes(),
            second.id.as_bytes()
        ],
    )
    .await
    .map(drop)
}

/// Takes note of what current revisions say that they go on from. `new`: none of their subjects was shown before.
pub(super) async fn note_continued(tx: &mut Tx, shown: &[Shown<'_>], new: bool) -> Result<(), StoreError> {
    for shown in shown {
        let kind = shown.payload.info().name;
        if !matches!(kind, kinds::listing::KIND | kinds::organisation::KIND) || shown.named() {
            continue;
        }
        if !new {
            forget_continued(tx, shown.log, shown.statement.subject).await?;
        }
        let Some(Subject { partner: Some(partner), subject }) = shown.statement.continues else { continue };
        tx.execute(
            "INSERT INTO continued (log, subject, kind, of_partner, of_subject) VALUES ($1, $2, $3, $4, $5)",
            args![
                shown.log,
                shown.statement.subject.as_bytes(),
                kind,
                partner.as_bytes(),
                subject.as_bytes()
            ],
        )
        .await?;
    }
    Ok(())
}

/// A subject is no longer shown.
pub(super) async fn forget_continued(tx: &mut Tx, log: i64, subject: SubjectId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM continued WHERE log = $1 AND subject = $2", args![log, subject.as_bytes()])
        .await
        .map(drop)
}

/// What a subject's current revision goes on from.
pub async fn continued_by(
    on: &impl Query,
    log: i64,
    subject: SubjectId,
) -> Result<Option<Subject>, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>)> = on
        .row_opt(
            "SELECT of_partner, of_subject FROM continued WHERE log = $1 AND subject = $2",
            args![log, subject.as_bytes()],
        )
        .await?;
    row.map(|(partner, subject)| {
        let (partner, subject) = of("continued", &partner, &subject)?;
        Ok(Subject { partner: Some(partner), subject })
    })
    .transpose()
}

#[derive(sqlx::FromRow)]
struct MoveRow {
    /// Whose organisation is asked about, and which.
    asked_partner: Vec<u8>,
    asked_subject: Vec<u8>,
    partner: Vec<u8>,
    subject: Vec<u8>,
    receiver: Vec<u8>,
    moved_on: String,
    first: Vec<u8>,
    second: Vec<u8>,
}

impl MoveRow {
    fn read(self) -> Result<(Of, Move), StoreError> {
        let asked = of("moved", &self.asked_partner, &self.asked_subject)?;
        let (from, subject) = of("moved", &self.partner, &self.subject)?;
        let corrupt = |refusal| StoreError::corrupt("moved", subject, refusal);
        let moved = Move {
            from,
            to: PartnerId::try_from(self.receiver.as_slice()).map_err(corrupt)?,
            subject,
            on: self.moved_on,
            first: RecordId::try_from(self.first.as_slice()).map_err(corrupt)?,
            second: RecordId::try_from(self.second.as_slice()).map_err(corrupt)?,
        };
        Ok((asked, moved))
    }
}

fn of(table: &'static str, partner: &[u8], subject: &[u8]) -> Result<Of, StoreError> {
    let corrupt = |refusal| StoreError::corrupt(table, hex::encode(subject), refusal);
    Ok((PartnerId::try_from(partner).map_err(corrupt)?, SubjectId::try_from(subject).map_err(corrupt)?))
}

const GIVEN: &str = "SELECT m.partner AS asked_partner, m.subject AS asked_subject, m.partner, m.subject, m.receiver, \
    m.moved_on, m.first, m.second FROM moved m WHERE m.subject IN ";

const TAKEN: &str = "SELECT t.partner AS asked_partner, c.subject AS asked_subject, m.partner, m.subject, m.receiver, \
    m.moved_on, m.first, m.second FROM continued c JOIN log t ON t.number = c.log \
    JOIN moved m ON m.partner = c.of_partner AND m.subject = c.of_subject AND m.receiver = t.partner \
    WHERE c.kind = 'volbridge.organisation.v1' AND c.subject IN ";

/// How these organisations have moved: away from their partner, or else to it.
pub async fn moves(
    on: &impl Query,
    organisations: impl IntoIterator<Item = Of>,
) -> Result<BTreeMap<Of, Move>, StoreError> {
    let asked: BTreeSet<Of> = organisations.into_iter().collect();
    let mut found = BTreeMap::new();
    if asked.is_empty() {
        return Ok(found);
    }
    let subjects: BTreeSet<SubjectId> = asked.iter().map(|(_, subject)| *subject).collect();
    for text in [TAKEN, GIVEN] {
        let mut select = Select::new(text, args![]);
        select.add_list("", subjects.iter().map(|subject| Value::from(subject.as_bytes())).collect());
        for row in select.rows::<MoveRow>(on).await? {
            let (key, moved) = row.read()?;
            if asked.contains(&key) {
                found.insert(key, moved);
            }
        }
    }
    Ok(found)
}

/// Who has what an organisation's partner says about it.
#[must_use]
pub fn host(moves: &BTreeMap<Of, Move>, organisation: Option<Of>, author: PartnerId) -> PartnerId {
    organisation.and_then(|of| moves.get(&of)).map_or(author, |moved| moved.to)
}

/// What stands in an organisation's place now; none: it is the last itself.
pub async fn last_organisation(on: &impl Query, organisation: Of) -> Result<Option<Of>, StoreError> {
    const NEXT: &str = "SELECT t.partner, c.subject FROM continued c JOIN log t ON t.number = c.log \
        JOIN moved m ON m.partner = c.of_partner AND m.receiver = t.partner AND m.subject = c.of_subject \
        WHERE c.of_partner = $1 AND c.of_subject = $2 AND c.kind = 'volbridge.organisation.v1' \
        ORDER BY c.subject LIMIT 1";
    last(on, NEXT, organisation).await
}

/// What stands in a listing's place now; none: it is the last itself, or isn't shown.
pub async fn last_listing(on: &impl Query, listing: Of) -> Result<Option<Of>, StoreError> {
    const NEXT: &str = "SELECT t.partner, c.subject FROM continued c JOIN log t ON t.number = c.log \
        JOIN log o ON o.partner = c.of_partner JOIN listing v ON v.log = o.number AND v.subject = c.of_subject \
        JOIN moved m ON m.partner = c.of_partner AND m.receiver = t.partner AND m.subject = v.organisation \
        WHERE c.of_partner = $1 AND c.of_subject = $2 AND c.kind = 'volbridge.listing.v1' \
        ORDER BY c.subject LIMIT 1";
    last(on, NEXT, listing).await
}

/// From one to the next. Two that go on from each other end where they began.
async fn last(on: &impl Query, next: &'static str, from: Of) -> Result<Option<Of>, StoreError> {
    let (mut seen, mut now) = (BTreeSet::from([from]), from);
    for _ in 0..STEPS {
        let row: Option<(Vec<u8>, Vec<u8>)> =
            on.row_opt(next, args![now.0.as_bytes(), now.1.as_bytes()]).await?;
        let Some((partner, subject)) = row else { break };
        let found = of("continued", &partner, &subject)?;
        if !seen.insert(found) {
            return Ok(None);
        }
        now = found;
    }
    Ok(Some(now).filter(|now| *now != from))
}

/// The listings that these say they go on from.
pub async fn listings_before(on: &impl Query, keys: &BTreeSet<Key>) -> Result<Vec<Key>, StoreError> {
    let mut select = Select::new(
        "SELECT c.log, c.subject, v.log, v.subject FROM continued c JOIN log o ON o.partner = c.of_partner \
         JOIN listing v ON v.log = o.number AND v.subject = c.of_subject WHERE c.subject IN ",
        args![],
    );
    select.add_list("", keys.iter().map(|(_, subject)| Value::from(subject.as_bytes())).collect());
    let rows: Vec<(i64, Vec<u8>, i64, Vec<u8>)> = select.rows(on).await?;
    let subject = |bytes: &[u8]| {
        SubjectId::try_from(bytes)
            .map_err(|refusal| StoreError::corrupt("continued", hex::encode(bytes), refusal))
    };
    let mut before = Vec::new();
    for (log, continued, of_log, of) in rows {
        if keys.contains(&(log, subject(&continued)?)) {
            before.push((of_log, subject(&of)?));
        }
    }
    Ok(before)
}

/// Which organisation a half is about.
pub async fn organisation_at(on: &impl Query, log: i64, index: u64) -> Result<Option<Of>, StoreError> {
    let row: Option<(Vec<u8>, Vec<u8>)> = on
        .row_opt(
            "SELECT partner, organisation FROM handover WHERE log = $1 AND entry_index = $2",
            args![log, index],
        )
        .await?;
    row.map(|(partner, subject)| of("handover", &partner, &subject)).transpose()
}

#[derive(sqlx::FromRow)]
struct OfferRow {
    id: Vec<u8>,
    partner: Vec<u8>,
    organisation: Vec<u8>,
    receiver: Vec<u8>,
    day: String,
}

/// The first halves that a partner has published or may answer, the newest day first.
pub async fn offers(on: &impl Query, partner: PartnerId) -> Result<Vec<Offer>, StoreError> {
    let rows: Vec<OfferRow> = on
        .rows(
            "SELECT h.id, h.partner, h.organisation, h.receiver, h.day FROM handover h JOIN log l ON l.number = h.log \
             WHERE h.first = $1 AND l.partner = h.partner AND (h.partner = $2 OR h.receiver = $3) \
             ORDER BY h.day DESC, h.id",
            args![Vec::<u8>::new(), partner.as_bytes(), partner.as_bytes()],
        )
        .await?;
    let mut offers = Vec::with_capacity(rows.len());
    for row in rows {
        let of = of("handover", &row.partner, &row.organisation)?;
        let corrupt = |refusal| StoreError::corrupt("handover", hex::encode(&row.id), refusal);
        offers.push(Offer {
            id: RecordId::try_from(row.id.as_slice()).map_err(corrupt)?,
            of,
            to: PartnerId::try_from(row.receiver.as_slice()).map_err(corrupt)?,
            until: row.day,
            moved: None,
        });
    }
    let moves = moves(on, offers.iter().map(|offer| offer.of)).await?;
    for offer in &mut offers {
        // Of its way here it tells nothing.
        offer.moved = moves.get(&offer.of).filter(|moved| moved.from == offer.of.0).cloned();
    }
    Ok(offers)
}

/// Public listings of a partner's organisation that haven't expired and in whose place no other stands yet, up to
/// `limit` above a subject.
pub async fn listings_of(
    on: &impl Query,
    organisation: Of,
    now: Timestamp,
    after: Option<SubjectId>,
    limit: u32,
) -> Result<Vec<SubjectId>, StoreError> {
    let mut select = Select::new(
        "SELECT v.subject FROM listing v JOIN log l ON l.number = v.log \
         WHERE l.partner = ? AND v.organisation = ? AND NOT v.named AND (v.expires_at = 0 OR v.expires_at > ?)",
        args![organisation.0.as_bytes(), organisation.1.as_bytes(), now],
    );
    select.add(LISTING_IS_LAST, args![]);
    select.add_some(" AND v.subject > ?", after.map(SubjectId::to_vec));
    select.add(" ORDER BY v.subject LIMIT ?", args![limit]);
    let rows: Vec<(Vec<u8>,)> = select.rows(on).await?;
    rows.into_iter()
        .map(|(subject,)| {
            SubjectId::try_from(subject.as_slice())
                .map_err(|refusal| StoreError::corrupt("listing", hex::encode(&subject), refusal))
        })
        .collect()
}
