//! `volbridge.organisation.v1`: a volunteer organisation that a partner hosts and vouches for.

use super::{
    ClassRule, KindInfo,
    common::{names, place},
    faults::{Faults, Form},
};
use crate::{error::Refusal, record::limits, wire::record::v1::Organisation};

/// The kind's name.
pub const KIND: &str = "volbridge.organisation.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "Organisation", ClassRule::Public);

/// How far an organisation reaches.
pub const LEVELS: &[&str] = &["national", "province", "city", "district", "community", "international"];

/// Every fault of the payload.
pub fn validate(organisation: &Organisation) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.language("language", &organisation.language);
    names(&mut faults, "names", &organisation.names);
    faults.text("description", &organisation.description, Form::Text, limits::PROSE);
    faults.choice("level", &organisation.level, LEVELS);
    if let Some(at) = &organisation.place {
        place(&mut faults, "place", at);
    }
    faults.url("website", &organisation.website);
    faults.optional_bytes("parent", &organisation.parent, 16);
    faults.into_vec()
}
