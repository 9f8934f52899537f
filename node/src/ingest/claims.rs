//! What holders say of bodies that they don't have (protocol section 3.3). A claim is
//! kept, passed on and shown once the Withdrawal that it names is here. It never stands
//! against a body: claimed ones are asked for like withheld ones, and judged when they
//! come (T10).

use volbridge_proto::{
    Code, PartnerId, RecordId, Refusal,
    exchange::claim::{SourceClaim, Standing, standing},
};

use super::{Reader, erase, note_refusal};
use crate::store::{
    StoreError, Tx,
    causes::{self, Cause},
    entries::{self, State},
    logs::{self, LogRow},
};

/// Takes a claim about an entry of a log; of one that isn't missing it changes nothing. False if it is a lie.
pub(super) async fn take(
    tx: &mut Tx,
    reader: &Reader<'_>,
    log: &LogRow,
    claim: &SourceClaim,
) -> Result<bool, StoreError> {
    let entry = entries::at(tx, log.number, claim.index).await?;
    if log.own || entry.is_none_or(|entry| entry.state != State::Absent) {
        return Ok(true);
    }
    let withdrawn = erase::withdrawal_of(tx, claim.log.partner, claim.source).await?.is_some();
    match standing(withdrawn, is_read(tx, claim).await?) {
        Standing::Holds => {
            entries::set_state(tx, log.number, claim.index, State::ErasedAsClaimed).await?;
        }
        Standing::Open => {}
        Standing::False => {
            let refusal = Refusal::new(Code::FollowClaim).at("erased");
            note_refusal(tx, reader, log, claim.index, &refusal).await?;
            return Ok(false);
        }
    }
    causes::put(tx, log.number, &Cause { claim: *claim, claimed: true, at: reader.now }).await?;
    Ok(true)
}

/// Whether what stands where the Withdrawal should is held with its body.
async fn is_read(tx: &Tx, claim: &SourceClaim) -> Result<bool, StoreError> {
    let Some(log) = logs::find(tx, claim.log).await? else { return Ok(false) };
    let said = entries::at(tx, log.number, claim.withdrawal).await?;
    Ok(said.is_some_and(|said| said.state == State::Held))
}

/// A record is withdrawn: what is said to have been made from it counts as erased with it.
pub(super) async fn settle(tx: &mut Tx, author: PartnerId, source: RecordId) -> Result<(), StoreError> {
    for (log, index) in causes::claimed_of(tx, author, source).await? {
        let entry = entries::at(tx, log, index).await?;
        if entry.is_some_and(|entry| entry.state == State::Absent) {
            entries::set_state(tx, log, index, State::ErasedAsClaimed).await?;
        }
    }
    Ok(())
}
