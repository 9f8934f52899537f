//! `volbridge.partner-descriptor.v1`: who a partner is, and its keys (protocol
//! section 5). Whether the keys sign what they must is for `identity` to say.

use super::{
    ClassRule, KindInfo,
    common::{is_domain, names},
    faults::Faults,
};
use crate::{
    error::{Code, Refusal},
    record::limits,
    wire::record::v1::{Keys, PartnerDescriptor, SigningKeys},
};

/// The kind's name.
pub const KIND: &str = "volbridge.partner-descriptor.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "PartnerDescriptor", ClassRule::Public).for_ever();

/// What a partner can be.
pub const KINDS: &[&str] = &["federation", "un-agency", "organisation", "government", "research"];

const ED25519: usize = 32;
const MLDSA44: usize = 1312;
const XWING: usize = 1216;

/// Every fault of the payload.
pub fn validate(descriptor: &PartnerDescriptor) -> Vec<Refusal> {
    let mut faults = Faults::new();
    check(&mut faults, descriptor);
    faults.into_vec()
}

pub(super) fn check(faults: &mut Faults, descriptor: &PartnerDescriptor) {
    names(faults, "names", &descriptor.names);
    faults.choice("kind", &descriptor.kind, KINDS);
    faults.country("country", &descriptor.country);
    faults.demand(is_domain(&descriptor.domain), "domain", Code::FieldInvalid);
    match &descriptor.keys {
        Some(given) => faults.within("keys", |faults| keys(faults, given)),
        None => faults.code("keys", Code::FieldRequired),
    }
}

fn keys(faults: &mut Faults, keys: &Keys) {
    signing(faults, "identity", keys.identity.as_ref());
    faults.bytes("next_identity", &keys.next_identity, 32);
    signing(faults, "log", keys.log.as_ref());
    faults.bytes("witness", &keys.witness, ED25519);
    faults.bytes("mirror", &keys.mirror, ED25519);
    faults.bytes("sealing", &keys.sealing, XWING);
    faults.ids("tls", &keys.tls, 32, limits::TLS_KEYS);
    faults.bytes("credential", &keys.credential, ED25519);
    let roles = [
        keys.identity.as_ref().map(|pair| &pair.ed25519),
        keys.log.as_ref().map(|pair| &pair.ed25519),
        Some(&keys.witness),
        Some(&keys.mirror),
        Some(&keys.credential),
    ];
    let mut seen = std::collections::BTreeSet::new();
    let one_role_a_key =
        roles.into_iter().flatten().filter(|key| !key.is_empty()).all(|key| seen.insert(key));
    faults.demand(one_role_a_key, "", Code::FieldDuplicate);
}

fn signing(faults: &mut Faults, field: &str, pair: Option<&SigningKeys>) {
    let Some(pair) = pair else { return faults.code(field, Code::FieldRequired) };
    faults.within(field, |faults| {
        faults.bytes("ed25519", &pair.ed25519, ED25519);
        faults.bytes("mldsa44", &pair.mldsa44, MLDSA44);
    });
}
