//! `volbridge.disavowal.v1`: the partner no longer stands by these; undoes nothing.

use super::{
    ClassRule, KindInfo,
    faults::{Faults, Form},
};
use crate::{error::Refusal, record::limits, wire::record::v1::Disavowal};

/// The kind's name.
pub const KIND: &str = "volbridge.disavowal.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Disavowal", ClassRule::Public).for_ever();

/// Every fault of the payload.
pub fn validate(disavowal: &Disavowal) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.ids("ids", &disavowal.ids, 32, limits::NAMED_IDS);
    faults.text("reason", &disavowal.reason, Form::Text, limits::SUMMARY);
    faults.into_vec()
}
