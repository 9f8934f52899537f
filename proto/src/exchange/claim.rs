//! What a holder says of a public body that it doesn't have: it was made from a record
//! that its author withdrew, and went with it (protocol section 3.3). The Withdrawal is
//! there to be looked up; that the lost body named this source, nobody can check any more.

use crate::{
    error::{Code, Refusal},
    id::{LogId, PartnerId, RecordId},
    tlog::entry::{Class, Leaf},
    wire::exchange::v1 as wire,
};

/// Why a public entry has no body, as its holder says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceClaim {
    /// The entry without body.
    pub index: u64,
    /// What it was made from, directly or through others that went too.
    pub source: RecordId,
    /// The log in which the source's author withdrew it.
    pub log: LogId,
    /// Where in that log.
    pub withdrawal: u64,
}

impl SourceClaim {
    /// Reads a claim.
    pub fn parse(claim: &wire::SourceErased) -> Result<Self, Refusal> {
        let source = RecordId::try_from(claim.source.as_slice()).map_err(|refusal| refusal.at("source"))?;
        let log = claim.log.as_ref().ok_or_else(|| Refusal::new(Code::FieldRequired).at("log"))?;
        let partner =
            PartnerId::try_from(log.partner.as_slice()).map_err(|refusal| refusal.at("partner").at("log"))?;
        // Entry 0 is a descriptor, never a Withdrawal.
        if log.epoch == 0 || claim.withdrawal == 0 {
            let field = if log.epoch == 0 { "log.epoch" } else { "withdrawal" };
            return Err(Refusal::new(Code::FieldOutOfRange).at(field));
        }
        let log = LogId::new(partner, log.epoch);
        Ok(Self { index: claim.index, source, log, withdrawal: claim.withdrawal })
    }

    /// As it is sent.
    pub fn to_wire(&self) -> wire::SourceErased {
        wire::SourceErased {
            index: self.index,
            source: self.source.to_vec(),
            log: Some(wire::Log { partner: self.log.partner.to_vec(), epoch: self.log.epoch }),
            withdrawal: self.withdrawal,
        }
    }
}

/// The claims of a package whose leaves begin at `start`: ascending, each of a public leaf. Of named
/// ones nobody is told what they were made from.
pub fn claims(
    erased: &[wire::SourceErased],
    start: u64,
    leaves: &[Vec<u8>],
) -> Result<Vec<SourceClaim>, Refusal> {
    let mut claims: Vec<SourceClaim> = Vec::with_capacity(erased.len().min(leaves.len()));
    for claim in erased {
        let claim = SourceClaim::parse(claim).map_err(|refusal| refusal.at("erased"))?;
        let ascends = claims.last().is_none_or(|last| last.index < claim.index);
        let place = claim.index.checked_sub(start).and_then(|place| usize::try_from(place).ok());
        let leaf = place.and_then(|place| leaves.get(place)).and_then(|leaf| Leaf::parse(leaf));
        if !ascends || leaf.is_none_or(|leaf| leaf.class != Class::Public) {
            return Err(Refusal::new(Code::FollowErased).at("erased").with("index", claim.index));
        }
        claims.push(claim);
    }
    Ok(claims)
}

/// Refuses the body of an entry that is said to be erased.
pub fn check_unclaimed(claims: &[SourceClaim], index: u64) -> Result<(), Refusal> {
    match claims.iter().any(|claim| claim.index == index) {
        true => Err(Refusal::new(Code::FollowErased).at("bodies").with("index", index)),
        false => Ok(()),
    }
}

/// What a claim is worth to who receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The source is withdrawn: its leaf counts as erased with its source.
    Holds,
    /// The Withdrawal isn't held here (yet): the leaf stays withheld, and the claim is kept.
    Open,
    /// What stands there isn't a Withdrawal of this source: the claim is false.
    False,
}

/// Judges a claim. `withdrawn`: an effective Withdrawal of the source is held here, in any of its author's
/// logs; `read`: the entry that the claim names is held here with its body.
pub fn standing(withdrawn: bool, read: bool) -> Standing {
    match (withdrawn, read) {
        (true, _) => Standing::Holds,
        (false, false) => Standing::Open,
        (false, true) => Standing::False,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(index: u64) -> SourceClaim {
        let log = LogId::new(PartnerId::from([3; 32]), 1);
        SourceClaim { index, source: RecordId::from([4; 32]), log, withdrawal: 9 }
    }

    fn leaves() -> Vec<Vec<u8>> {
        let leaf = |class| Leaf { class, id: RecordId::from([7; 32]) }.encode().to_vec();
        vec![leaf(Class::Public), leaf(Class::Named), leaf(Class::Public), vec![9; 35]]
    }

    fn code(change: impl FnOnce(&mut wire::SourceErased)) -> Code {
        let mut message = claim(12).to_wire();
        change(&mut message);
        claims(&[message], 10, &leaves()).unwrap_err().code
    }

    #[test]
    fn a_claim_comes_back_as_it_was_sent() {
        let sent = [claim(10), claim(12)];
        let messages = sent.map(|claim| claim.to_wire());
        assert_eq!(claims(&messages, 10, &leaves()).unwrap(), sent);
        assert_eq!(claims(&[], 10, &leaves()).unwrap(), []);
    }

    #[test]
    fn claims_are_about_public_leaves_of_the_package_in_order() {
        let order = |indexes: &[u64]| {
            let messages: Vec<_> = indexes.iter().map(|index| claim(*index).to_wire()).collect();
            claims(&messages, 10, &leaves()).unwrap_err().code
        };
        for indexes in [&[9][..], &[11], &[13], &[14], &[12, 10], &[10, 10], &[u64::MAX]] {
            assert_eq!(order(indexes), Code::FollowErased, "{indexes:?}");
        }
        assert_eq!(code(|message| message.log = None), Code::FieldRequired);
        assert_eq!(code(|message| message.withdrawal = 0), Code::FieldOutOfRange);
        assert_eq!(code(|message| message.log.as_mut().unwrap().epoch = 0), Code::FieldOutOfRange);
        assert_eq!(code(|message| _ = message.source.pop()), Code::FieldLength);
        assert_eq!(code(|message| _ = message.log.as_mut().unwrap().partner.pop()), Code::FieldLength);
    }

    #[test]
    fn t10_a_claim_holds_only_with_the_withdrawal_that_it_names() {
        assert_eq!(standing(true, true), Standing::Holds);
        assert_eq!(standing(true, false), Standing::Holds);
        assert_eq!(standing(false, false), Standing::Open);
        assert_eq!(standing(false, true), Standing::False);
    }
}
