//! Whether a partner is admitted: pinned by the operator, or endorsed by k of the
//! sponsors that the operator trusts. Blocking comes before everything. Pure: endorsements
//! come from verified logs, the policy from the configuration.

use std::collections::BTreeSet;

use crate::id::PartnerId;

/// Whom an operator admits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustPolicy {
    /// Admitted by hand, after comparing fingerprints.
    pub pinned: BTreeSet<PartnerId>,
    /// Never admitted.
    pub blocked: BTreeSet<PartnerId>,
    /// Those whose endorsements count.
    pub sponsors: BTreeSet<PartnerId>,
    /// How many of them must endorse; 0: endorsements admit nobody.
    pub needed: usize,
}

/// What a policy says of a partner, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Shut out by the operator.
    Blocked,
    /// Admitted by the operator.
    Pinned,
    /// Admitted because of these sponsors.
    Endorsed(BTreeSet<PartnerId>),
    /// Not admitted; these sponsors speak for it.
    Unknown(BTreeSet<PartnerId>),
}

impl Trust {
    /// Whether the partner is admitted.
    pub fn is_admitted(&self) -> bool {
        matches!(self, Self::Pinned | Self::Endorsed(_))
    }
}

/// Judges a partner by the endorsements in force, as (sponsor, endorsed).
/// Nobody counts for itself, blocked sponsors don't count, each counts once.
pub fn judge<'a>(
    policy: &TrustPolicy,
    partner: &PartnerId,
    endorsements: impl IntoIterator<Item = &'a (PartnerId, PartnerId)>,
) -> Trust {
    if policy.blocked.contains(partner) {
        return Trust::Blocked;
    }
    if policy.pinned.contains(partner) {
        return Trust::Pinned;
    }
    let counts = |sponsor: &PartnerId| {
        policy.sponsors.contains(sponsor) && !policy.blocked.contains(sponsor) && sponsor != partner
    };
    let sponsors: BTreeSet<PartnerId> = endorsements
        .into_iter()
        .filter(|(sponsor, endorsed)| endorsed == partner && counts(sponsor))
        .map(|(sponsor, _)| *sponsor)
        .collect();
    if policy.needed > 0 && sponsors.len() >= policy.needed {
        Trust::Endorsed(sponsors)
    } else {
        Trust::Unknown(sponsors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partner(number: u8) -> PartnerId {
        PartnerId::from([number; 32])
    }

    fn policy(needed: usize) -> TrustPolicy {
        TrustPolicy { sponsors: [1, 2, 3].map(partner).into(), needed, ..TrustPolicy::default() }
    }

    #[test]
    fn k_of_the_trusted_sponsors_admit() {
        let says = [(partner(1), partner(9)), (partner(1), partner(9)), (partner(7), partner(9))];
        assert!(!judge(&policy(2), &partner(9), &says).is_admitted());
        let says = [says.as_slice(), &[(partner(2), partner(9))]].concat();
        assert_eq!(judge(&policy(2), &partner(9), &says), Trust::Endorsed([1, 2].map(partner).into()));
        assert!(!judge(&policy(3), &partner(9), &says).is_admitted());
        assert!(!judge(&policy(0), &partner(9), &says).is_admitted());
        assert!(!judge(&policy(1), &partner(8), &says).is_admitted());
    }

    #[test]
    fn nobody_vouches_for_itself_and_blocked_sponsors_do_not_count() {
        let says = [(partner(1), partner(1)), (partner(2), partner(9))];
        assert!(!judge(&policy(1), &partner(1), &says).is_admitted());
        let mut policy = policy(1);
        policy.blocked.insert(partner(2));
        assert!(!judge(&policy, &partner(9), &says).is_admitted());
    }

    #[test]
    fn blocking_comes_before_pinning() {
        let mut policy = policy(1);
        policy.pinned.insert(partner(5));
        assert_eq!(judge(&policy, &partner(5), &[]), Trust::Pinned);
        policy.blocked.insert(partner(5));
        assert_eq!(judge(&policy, &partner(5), &[]), Trust::Blocked);
    }
}
