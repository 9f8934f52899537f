//! A record's bytes: encoded once by the author, decoded strictly by everybody
//! else, hashed as received (protocol section 1).

use super::{Statement, canonical, limits};
use crate::{
    error::{Code, Refusal},
    id::{LogId, PartnerId, RecordId, partner_id, record_id},
    kinds,
    seal::SealedBody,
    tlog::entry::{Class, Leaf},
    wire::record::v1 as wire,
};

/// The format of bodies that this code writes and reads.
pub const FORMAT: u32 = 1;

/// Bytes of an Ed25519 signature.
const ED25519_SIGNATURE: usize = 64;
/// Bytes of an ML-DSA-44 signature.
const MLDSA44_SIGNATURE: usize = 2420;

/// A body that holds to the rules of the envelopes.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// The hash of its bytes.
    pub id: RecordId,
    /// Who may read it.
    pub class: Class,
    /// Absent in the very first record of a partner.
    pub partner: Option<PartnerId>,
    /// From 1.
    pub epoch: u64,
    /// What it says, or what is sealed.
    pub content: Content,
    /// Both identity signatures; not verified here.
    pub identity: Option<wire::IdentitySignatures>,
}

/// What a body says, or what is sealed.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "most records are public, and few are held at once")]
pub enum Content {
    /// For everybody.
    Public(Statement),
    /// For the recipients.
    Sealed(SealedBody),
}

/// A body as its author encoded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedBody {
    /// What is hashed, stored and sent.
    pub bytes: Vec<u8>,
    /// Their hash.
    pub id: RecordId,
    /// Who may read it.
    pub class: Class,
}

impl EncodedBody {
    /// The log's entry for it.
    pub fn leaf(&self) -> Leaf {
        Leaf { class: self.class, id: self.id }
    }
}

impl Body {
    /// Reads a body of `log`. Where it stands in the log is for `entry_valid` to judge.
    pub fn parse(bytes: &[u8], log: &LogId) -> Result<Self, Refusal> {
        if bytes.len() > limits::BODY {
            return Err(Refusal::new(Code::RecordTooLarge)
                .with("limit", limits::BODY)
                .with("found", bytes.len()));
        }
        let (value, found) = canonical::decode::<wire::Body>(bytes, "Body")?;
        if value.format != FORMAT {
            return Err(Refusal::new(Code::RecordFormat).with("found", value.format).at("format"));
        }
        if let Some(field) = found.critical_in.iter().find(|field| **field != 6) {
            return Err(Refusal::new(Code::RecordNeedsNewer).with("field", field));
        }
        if value.salt.len() != limits::SALT {
            return Err(Refusal::new(Code::FieldLength).with("expected", limits::SALT).at("salt"));
        }
        let partner = partner(&value.partner, bytes, log)?;
        if value.epoch != log.epoch {
            let refusal = Refusal::new(Code::RecordEpoch).with("expected", log.epoch);
            return Err(refusal.with("found", value.epoch).at("epoch"));
        }
        let class = Class::from_number(value.class)
            .ok_or_else(|| Refusal::new(Code::RecordClass).with("found", value.class).at("class"))?;
        let identity = value.identity;
        let content = match (class, value.statement, value.sealed) {
            (Class::Public, Some(statement), None) => {
                let needs_newer = found.critical_in.contains(&6);
                let statement = Statement::from_wire(statement, log, needs_newer);
                Content::Public(statement.map_err(|refusal| refusal.at("statement"))?)
            }
            (Class::Named, None, Some(sealed)) => Content::Sealed(SealedBody::new(head(bytes)?, sealed)?),
            _ => return Err(Refusal::new(Code::RecordContent)),
        };
        check_content(&content, partner, identity.as_ref())?;
        Ok(Self { id: record_id(bytes), class, partner, epoch: value.epoch, content, identity })
    }

    /// The statement of a public record.
    pub fn statement(&self) -> Option<&Statement> {
        match &self.content {
            Content::Public(statement) => Some(statement),
            Content::Sealed(_) => None,
        }
    }
}

/// The partner that the body names; a first body names none and is the partner.
fn partner(named: &[u8], bytes: &[u8], log: &LogId) -> Result<Option<PartnerId>, Refusal> {
    let refused = || Refusal::new(Code::RecordPartner).at("partner");
    if named.is_empty() {
        return if partner_id(bytes) == log.partner && log.epoch == 1 { Ok(None) } else { Err(refused()) };
    }
    let partner = PartnerId::try_from(named).map_err(|refusal| refusal.at("partner"))?;
    if partner == log.partner { Ok(Some(partner)) } else { Err(refused()) }
}

fn check_content(
    content: &Content,
    partner: Option<PartnerId>,
    identity: Option<&wire::IdentitySignatures>,
) -> Result<(), Refusal> {
    let statement = match content {
        Content::Public(statement) => Some(statement),
        Content::Sealed(_) => None,
    };
    if statement.is_some_and(|statement| statement.class() != Class::Public) {
        return Err(Refusal::new(Code::FieldUnexpected).at("recipients").at("statement"));
    }
    let kind = statement.map_or("", |statement| statement.kind.as_str());
    if partner.is_none() && kind != kinds::partner_descriptor::KIND {
        return Err(Refusal::new(Code::RecordPartner).at("partner"));
    }
    let signed = kind == kinds::partner_descriptor::KIND || kind == kinds::continuation::KIND;
    match identity {
        None if signed => Err(Refusal::new(Code::RecordIdentity).at("identity")),
        Some(_) if !signed => Err(Refusal::new(Code::RecordIdentity).at("identity")),
        Some(both) if both.ed25519.len() != ED25519_SIGNATURE => {
            Err(Refusal::new(Code::FieldLength).with("expected", ED25519_SIGNATURE).at("identity.ed25519"))
        }
        Some(both) if both.mldsa44.len() != MLDSA44_SIGNATURE => {
            Err(Refusal::new(Code::FieldLength).with("expected", MLDSA44_SIGNATURE).at("identity.mldsa44"))
        }
        _ => Ok(()),
    }
}

/// Encodes a public record. PartnerDescriptor and Continuation need `identity`
/// over `identity_draft` of the same values; only a partner's first record has no `partner`.
pub fn encode_public(
    salt: [u8; 32],
    partner: Option<PartnerId>,
    epoch: u64,
    statement: &wire::Statement,
    identity: Option<wire::IdentitySignatures>,
) -> Result<EncodedBody, Refusal> {
    let bytes = canonical::encode(&public(salt, partner, epoch, statement, identity), "Body")?;
    finish(bytes, partner, epoch)
}

/// What the identity keys sign for a body that isn't signed yet.
pub fn identity_draft(
    salt: [u8; 32],
    partner: Option<PartnerId>,
    epoch: u64,
    statement: &wire::Statement,
) -> Result<Vec<u8>, Refusal> {
    let bytes = canonical::encode(&public(salt, partner, epoch, statement, None), "Body")?;
    identity_message(&bytes)
}

/// What the identity keys sign: `"volbridge/identity/v1\n"` ‖ the body's bytes without field 8.
pub fn identity_message(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut message = b"volbridge/identity/v1\n".to_vec();
    for (number, span) in canonical::spans(body)? {
        if number != 8 {
            message.extend_from_slice(body.get(span).unwrap_or_default());
        }
    }
    Ok(message)
}

/// The bytes of fields 1 to 5, which a seal is bound to.
pub fn head(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let spans = canonical::spans(body)?;
    let end = spans.iter().take_while(|(number, _)| *number <= 5).last().map_or(0, |(_, span)| span.end);
    Ok(body.get(..end).unwrap_or_default().to_vec())
}

fn public(
    salt: [u8; 32],
    partner: Option<PartnerId>,
    epoch: u64,
    statement: &wire::Statement,
    identity: Option<wire::IdentitySignatures>,
) -> wire::Body {
    wire::Body {
        salt: salt.to_vec(),
        format: FORMAT,
        partner: partner.map(PartnerId::to_vec).unwrap_or_default(),
        epoch,
        class: 0,
        statement: Some(statement.clone()),
        sealed: None,
        identity,
    }
}

/// Reads back what was encoded, so that nothing is published that others would refuse.
pub(crate) fn finish(bytes: Vec<u8>, partner: Option<PartnerId>, epoch: u64) -> Result<EncodedBody, Refusal> {
    let log = LogId::new(partner.unwrap_or_else(|| partner_id(&bytes)), epoch);
    let body = Body::parse(&bytes, &log)?;
    Ok(EncodedBody { id: body.id, class: body.class, bytes })
}
