//! From a draft to a body: checked, numbered, sealed.

use volbridge_proto::{
    Code, LogId, PartnerId, Ref, Refusal, SubjectId, Timestamp, kinds,
    record::{
        ContentVerdict, EncodedBody,
        body::encode_public,
        canonical, content_valid, limits,
        statement::{Authority, Statement, Subject},
    },
    record_id,
    seal::{self, SealingPublic},
    wire::record::v1 as wire,
};

use super::{Draft, PublishedRecord};
use crate::{
    context::Context,
    error::Error,
    store::{
        StoreError, Tx, entries,
        logs::LogNumber,
        recipients::{self, Recipient},
        revisions,
    },
    views,
};

/// What of a draft can be judged without the log.
pub fn validate(draft: &Draft) -> Result<(), Refusal> {
    match kinds::validate(draft.kind, &draft.payload) {
        ContentVerdict::Valid(payload) => kinds::unlisted(&payload).into_iter().next().map_or(Ok(()), Err),
        ContentVerdict::Invalid(mut refusals) if !refusals.is_empty() => Err(refusals.swap_remove(0)),
        ContentVerdict::Invalid(_) => Err(Refusal::new(Code::FieldInvalid)),
        ContentVerdict::UnknownKind => Err(Refusal::new(Code::StatementKindUnknown)),
        ContentVerdict::NeedsNewer => Err(Refusal::new(Code::RecordNeedsNewer)),
    }
}

/// Bytes of a body around its statement or ciphertext, at most: head, commitment, tags, lengths.
const ENVELOPE: usize = 256;

/// Bytes around each slot's two fields.
const SLOT_FRAME: usize = 16;

/// A draft with its subject, revision and recipients' keys: nothing more can be refused.
pub struct Ready {
    statement: wire::Statement,
    subject: SubjectId,
    recipients: Vec<(PartnerId, SealingPublic)>,
}

/// Gives a draft its place among the revisions of its subject and finds the recipients' keys.
pub async fn prepare(context: &Context, tx: &Tx, draft: &Draft) -> Result<Ready, Error> {
    let (subject, revision, previous) = match draft.subject {
        None if draft.recipients.is_empty() => (context.env.new_public_subject(), 1, None),
        None => (context.env.new_named_subject(), 1, None),
        Some(subject) => {
            let rows = revisions::of_subject(tx, context.own.id.partner, subject).await?;
            let current = rows.iter().find(|row| row.current);
            match (draft.begins, rows.is_empty()) {
                (true, false) => return Err(Error::new(Code::AlreadyExists).at("subject")),
                (false, true) => return Err(Error::new(Code::NotFound).at("subject")),
                _ => {}
            }
            if current.is_some_and(|row| row.kind != draft.kind) {
                return Err(Error::new(Code::FieldMismatch).at("subject"));
            }
            let number = rows.iter().map(|row| row.revision.number).max().unwrap_or(0);
            (subject, number + 1, current.map(|row| row.revision.id))
        }
    };
    // What once went on from another's goes on from it in each revision, or links would lose their end.
    let continues = match draft.continues {
        None if revision > 1 => views::handovers::continued_by(tx, context.own.number, subject).await?,
        given => given,
    };
    let recipients = keys_of_recipients(context, tx, &draft.recipients).await?;
    let statement = wire::Statement {
        kind: draft.kind.to_owned(),
        subject: subject.to_vec(),
        revision,
        previous: previous.map(|id| id.to_vec()).unwrap_or_default(),
        issued_at: context.env.now().as_millis(),
        expires_at: draft.expires_at.map_or(0, |at| at.as_millis()),
        sources: draft.sources.iter().map(ref_message).collect(),
        authority: draft.authority.as_ref().map(authority_message),
        recipients: others(&recipients, context.own.id.partner),
        continues: continues.as_ref().map(subject_message),
        republishes: Vec::new(),
        payload: draft.payload.clone(),
    };
    check(&statement, recipients.len(), &context.own.id)?;
    Ok(Ready { statement, subject, recipients })
}

/// Whether everybody will accept it: after this only the database can fail.
fn check(statement: &wire::Statement, recipients: usize, log: &LogId) -> Result<(), Refusal> {
    let bytes = canonical::encode(statement, "Statement")?;
    if let ContentVerdict::Invalid(mut refusals) = content_valid(&Statement::parse(&bytes, log)?)
        && !refusals.is_empty()
    {
        return Err(refusals.swap_remove(0));
    }
    let size = match recipients {
        0 => bytes.len(),
        slots => {
            seal::padme(4 + bytes.len())
                + slots.next_power_of_two() * (seal::SLOT_ENC + seal::SLOT_BOX + SLOT_FRAME)
        }
    };
    if size + ENVELOPE > limits::BODY {
        return Err(Refusal::new(Code::RecordTooLarge)
            .with("limit", limits::BODY)
            .with("found", size + ENVELOPE));
    }
    Ok(())
}

/// Who a statement names as its recipients: the author can always read it and isn't named.
fn others(recipients: &[(PartnerId, SealingPublic)], me: PartnerId) -> Vec<Vec<u8>> {
    recipients
        .iter()
        .map(|(partner, _)| *partner)
        .filter(|partner| *partner != me)
        .map(PartnerId::to_vec)
        .collect()
}

/// The sealing keys of the recipients and of this partner itself, which always can read what it said.
async fn keys_of_recipients(
    context: &Context,
    tx: &Tx,
    recipients: &[PartnerId],
) -> Result<Vec<(PartnerId, SealingPublic)>, Error> {
    if recipients.is_empty() {
        return Ok(Vec::new());
    }
    let me = context.own.id.partner;
    let mut partners = recipients.to_vec();
    partners.push(me);
    partners.sort_unstable();
    partners.dedup();
    let mut keys = Vec::with_capacity(partners.len());
    for partner in partners {
        let descriptor = views::partners::descriptor(tx, &partner).await?;
        let sealing = descriptor.and_then(|descriptor| descriptor.keys).map(|keys| keys.sealing);
        let sealing = sealing.ok_or_else(|| Error::new(Code::PeerUnknown).at("recipient"))?;
        keys.push((partner, SealingPublic::parse(&sealing)?));
    }
    Ok(keys)
}

impl Ready {
    /// Encodes a public draft, or numbers and seals a named one; `index` is where it will stand.
    pub async fn encode(
        self,
        context: &Context,
        tx: &mut Tx,
        index: u64,
    ) -> Result<(EncodedBody, PublishedRecord), Error> {
        let LogId { partner, epoch } = context.own.id;
        let body = if self.recipients.is_empty() {
            encode_public(context.env.bytes(), Some(partner), epoch, &self.statement, None)?
        } else {
            let mut slots = Vec::with_capacity(self.recipients.len());
            for (recipient, key) in self.recipients {
                let nth = recipients::next_nth(tx, context.own.number, recipient).await?;
                let delivered = recipient == partner;
                let row = Recipient { partner: recipient, nth: Some(nth), delivered, kept_until: None };
                recipients::add(tx, context.own.number, index, &row).await?;
                slots.push((recipient, key, nth));
            }
            seal::seal(context.env.bytes(), partner, epoch, &self.statement, &slots, &mut context.env.rng())?
        };
        let record = PublishedRecord {
            index,
            id: body.id,
            subject: self.subject,
            revision: self.statement.revision,
            issued_at: Timestamp::from_millis(self.statement.issued_at),
        };
        Ok((body, record))
    }
}

fn ref_message(value: &Ref) -> wire::Ref {
    wire::Ref { partner: value.partner.map(PartnerId::to_vec).unwrap_or_default(), id: value.id.to_vec() }
}

fn subject_message(value: &Subject) -> wire::Subject {
    wire::Subject {
        partner: value.partner.map(PartnerId::to_vec).unwrap_or_default(),
        subject: value.subject.to_vec(),
    }
}

fn authority_message(value: &Authority) -> wire::Authority {
    let own = Ref { partner: None, id: value.own_agreement };
    wire::Authority {
        purpose: value.purpose.clone(),
        own_agreement: Some(ref_message(&own)),
        other_agreement: Some(ref_message(&value.other_agreement)),
        consent: value.consent.as_ref().map(ref_message),
        seen: Some(wire::SeenLog {
            partner: value.seen.log.partner.to_vec(),
            epoch: value.seen.log.epoch,
            size: value.seen.size,
        }),
    }
}

/// Reads a group back from the database and hashes it: what is stored must be what is signed, or the
/// checkpoint would promise bytes that nobody has (T09).
pub async fn read_back(tx: &Tx, log: LogNumber, start: u64, leaves: &[Vec<u8>]) -> Result<(), Error> {
    let rows = entries::range(tx, log, start..start + leaves.len() as u64).await?;
    let mut rows = rows.into_iter();
    for (index, leaf) in (start..).zip(leaves) {
        let as_written = rows.next().is_some_and(|row| {
            let body_hashes = row.body.as_deref().is_none_or(|body| Some(record_id(body)) == row.id());
            row.index == index && row.leaf == *leaf && body_hashes
        });
        if !as_written {
            let key = format!("{log}/{index}");
            return Err(
                StoreError::corrupt("entry", key, "was read back otherwise than it was written").into()
            );
        }
    }
    Ok(())
}
