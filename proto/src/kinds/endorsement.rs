//! `volbridge.endorsement.v1` and `volbridge.endorsement-end.v1`: a partner vouches
//! for another's identity, until it no longer does.

use super::{
    ClassRule, KindInfo,
    faults::{Faults, Form},
};
use crate::{
    error::Refusal,
    record::limits,
    wire::record::v1::{Endorsement, EndorsementEnd},
};

/// The kind's name.
pub const KIND: &str = "volbridge.endorsement.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Endorsement", ClassRule::Public).for_ever();
/// The name of the kind that ends it.
pub const END_KIND: &str = "volbridge.endorsement-end.v1";
/// What goes for that kind as a whole.
pub const END_INFO: KindInfo = KindInfo::new(END_KIND, "EndorsementEnd", ClassRule::Public).for_ever();

/// Every fault of the payload.
pub fn validate(endorsement: &Endorsement) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.bytes("partner", &endorsement.partner, 32);
    faults.required("checked_by", &endorsement.checked_by, Form::Line, limits::LINE);
    faults.into_vec()
}

/// Every fault of the payload.
pub fn validate_end(end: &EndorsementEnd) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.bytes("endorsement", &end.endorsement, 32);
    faults.text("reason", &end.reason, Form::Text, limits::SUMMARY);
    faults.into_vec()
}
