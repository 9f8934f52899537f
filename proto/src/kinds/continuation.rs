//! `volbridge.continuation.v1`: entry 0 of an epoch that follows a loss (protocol section 5).

use super::{ClassRule, KindInfo, faults::Faults, partner_descriptor};
use crate::{
    error::{Code, Refusal},
    record::limits,
    wire::record::v1::Continuation,
};

/// The kind's name.
pub const KIND: &str = "volbridge.continuation.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Continuation", ClassRule::Public).for_ever();

/// Every fault of the payload. `highest_checkpoint` may be absent: nobody returned one.
pub fn validate(continuation: &Continuation) -> Vec<Refusal> {
    let mut faults = Faults::new();
    match &continuation.descriptor {
        Some(descriptor) => {
            faults.within("descriptor", |faults| partner_descriptor::check(faults, descriptor));
        }
        None => faults.code("descriptor", Code::FieldRequired),
    }
    if continuation.last_size == 0 {
        faults.code("last_size", Code::FieldRequired);
    }
    faults.bytes("last_root", &continuation.last_root, 32);
    let note = &continuation.highest_checkpoint;
    if note.len() > limits::NOTE {
        faults.push("highest_checkpoint", Refusal::new(Code::FieldTooLong).with("limit", limits::NOTE));
    }
    faults.demand(std::str::from_utf8(note).is_ok(), "highest_checkpoint", Code::FieldInvalid);
    faults.into_vec()
}
