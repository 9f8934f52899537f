//! `volbridge.withdrawal.v1`: these records are taken back (protocol section 6).

use super::{ClassRule, KindInfo, faults::Faults};
use crate::{error::Refusal, record::limits, wire::record::v1::Withdrawal};

/// The kind's name.
pub const KIND: &str = "volbridge.withdrawal.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Withdrawal", ClassRule::Public).for_ever();

/// Why public records are taken back.
pub const REASONS: &[&str] = &["withdrawn", "expired", "superseded", "ordered"];

/// Every fault of the payload. Without a reason it is about named records.
pub fn validate(withdrawal: &Withdrawal) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.ids("ids", &withdrawal.ids, 32, limits::WITHDRAWN);
    if !withdrawal.reason.is_empty() {
        faults.choice("reason", &withdrawal.reason, REASONS);
    }
    faults.into_vec()
}
