//! The kinds of records: one file per kind with its name and its rule (design
//! section 9). A rule looks at the payload alone and names every fault; what ties
//! the payload to its statement is `statement_faults`.

pub mod agreement;
pub mod common;
pub mod conference;
pub mod consent;
pub mod continuation;
pub mod disavowal;
pub mod endorsement;
pub mod erasure;
mod faults;
pub mod handover;
pub mod listing;
pub mod material;
pub mod node_info;
pub mod organisation;
pub mod partner_descriptor;
mod statement;
pub mod statistics;
pub mod translation;
mod unlisted;
pub mod volunteer_profile;
pub mod withdrawal;

use prost::Message;

pub use statement::statement_faults;
pub use unlisted::unlisted;

use crate::{
    error::Refusal,
    record::{ContentVerdict, canonical},
    tlog::entry::Class,
    wire::record::v1 as wire,
};

/// What goes for a kind as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// `volbridge.listing.v1`
    pub name: &'static str,
    /// The payload's message in `volbridge.record.v1`.
    pub message: &'static str,
    /// Which classes it may have.
    pub class: ClassRule,
    /// Whether a Withdrawal can take it back.
    pub withdrawable: bool,
    /// Whether it needs an agreement and a consent.
    pub authority: AuthorityRule,
}

impl KindInfo {
    const fn new(name: &'static str, message: &'static str, class: ClassRule) -> Self {
        Self { name, message, class, withdrawable: true, authority: AuthorityRule::Absent }
    }

    const fn for_ever(mut self) -> Self {
        self.withdrawable = false;
        self
    }

    const fn about_people(mut self, rule: AuthorityRule) -> Self {
        self.authority = rule;
        self
    }
}

/// Which classes a kind may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassRule {
    /// Public alone.
    Public,
    /// Named alone.
    Named,
    /// Its author chooses.
    Either,
}

impl ClassRule {
    /// Whether it allows this class.
    pub fn allows(self, class: Class) -> bool {
        match self {
            Self::Public => class == Class::Public,
            Self::Named => class == Class::Named,
            Self::Either => true,
        }
    }
}

/// What `Statement.authority` must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityRule {
    /// Not people's data: nothing.
    Absent,
    /// Both agreements and the consent.
    WithConsent,
    /// Both agreements: it is the consent.
    WithoutConsent,
}

macro_rules! payloads {
    ($($variant:ident $info:path, $validate:path;)*) => {
        /// A payload that holds to the rule of its kind.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "most payloads are listings: a box would cost each an allocation")]
        pub enum Payload {
            $(#[doc = concat!("`", stringify!($variant), "`")] $variant(wire::$variant),)*
        }

        impl Payload {
            /// What goes for its kind.
            pub fn info(&self) -> &'static KindInfo {
                match self { $(Self::$variant(_) => &$info,)* }
            }

            /// Every fault of the payload by itself.
            pub fn faults(&self) -> Vec<Refusal> {
                match self { $(Self::$variant(value) => $validate(value),)* }
            }

            /// The canonical bytes, refused if the message can't have any.
            pub fn encode(&self) -> Result<Vec<u8>, Refusal> {
                match self { $(Self::$variant(value) => canonical::encode(value, $info.message),)* }
            }
        }

        /// All kinds that this version knows, in alphabetical order of their messages.
        pub const KINDS: &[KindInfo] = &[$($info,)*];

        fn decode(info: &KindInfo, bytes: &[u8]) -> Result<(Payload, bool), Refusal> {
            $(if info.name == $info.name {
                let (value, found) = canonical::decode(bytes, $info.message)?;
                return Ok((Payload::$variant(value), found.critical_unknown));
            })*
            Err(Refusal::new(crate::error::Code::StatementKindUnknown))
        }
    };
}

payloads! {
    Agreement agreement::INFO, agreement::validate;
    AgreementEnd agreement::END_INFO, agreement::validate_end;
    Conference conference::INFO, conference::validate;
    Consent consent::INFO, consent::validate;
    Continuation continuation::INFO, continuation::validate;
    Disavowal disavowal::INFO, disavowal::validate;
    Endorsement endorsement::INFO, endorsement::validate;
    EndorsementEnd endorsement::END_INFO, endorsement::validate_end;
    ErasureReceipt erasure::RECEIPT_INFO, erasure::validate_receipt;
    ErasureRequest erasure::REQUEST_INFO, erasure::validate_request;
    Handover handover::INFO, handover::validate;
    Listing listing::INFO, listing::validate;
    Material material::INFO, material::validate;
    NodeInfo node_info::INFO, node_info::validate;
    Organisation organisation::INFO, organisation::validate;
    PartnerDescriptor partner_descriptor::INFO, partner_descriptor::validate;
    Statistics statistics::INFO, statistics::validate;
    Translation translation::INFO, translation::validate;
    VolunteerProfile volunteer_profile::INFO, volunteer_profile::validate;
    Withdrawal withdrawal::INFO, withdrawal::validate;
}

/// What goes for the kind with this name, if this version knows it.
pub fn of(kind: &str) -> Option<&'static KindInfo> {
    KINDS.iter().find(|info| info.name == kind)
}

/// Judges payload bytes by the rule of a kind, without its statement.
pub fn validate(kind: &str, payload: &[u8]) -> ContentVerdict {
    let Some(info) = of(kind) else { return ContentVerdict::UnknownKind };
    match decode(info, payload) {
        Err(refusal) => ContentVerdict::Invalid(vec![refusal]),
        Ok((_, true)) => ContentVerdict::NeedsNewer,
        Ok((payload, false)) => {
            let faults = payload.faults();
            if faults.is_empty() { ContentVerdict::Valid(payload) } else { ContentVerdict::Invalid(faults) }
        }
    }
}

/// What a translation of this payload renders; `None` for kinds that aren't translated.
pub fn prose(payload: &Payload) -> Option<Vec<(String, String)>> {
    match payload {
        Payload::Listing(value) => Some(listing::prose(value)),
        Payload::Conference(value) => Some(conference::prose(value)),
        Payload::Material(value) => Some(material::prose(value)),
        _ => None,
    }
}

/// Ascending by field, without what is empty.
fn sorted_prose(mut prose: Vec<(String, String)>) -> Vec<(String, String)> {
    prose.retain(|(_, text)| !text.is_empty());
    prose.sort();
    prose
}

fn canonical_bytes(message: &impl Message) -> Vec<u8> {
    message.encode_to_vec()
}
