//! Fields of requests as typed values; each refusal names its field.

use prost::Message;
use sha2::{Digest, Sha256};
use volbridge_proto::{
    Code, LogId, PartnerId, RecordId, Refusal, SubjectId, Timestamp, text::lang::check_language,
};

use crate::{
    error::Error,
    publish::Idempotency,
    views::{Cursor, page},
};

/// Characters of an idempotency key.
const KEY: usize = 128;

/// A partner that may be left out.
pub(super) fn partner(bytes: &[u8]) -> Result<Option<PartnerId>, Error> {
    optional(bytes, "partner")
}

/// A subject that must be there.
pub(super) fn subject(bytes: &[u8]) -> Result<SubjectId, Error> {
    required(bytes, "subject")
}

/// A subject that may be left out.
pub(super) fn new_or_known(bytes: &[u8]) -> Result<Option<SubjectId>, Error> {
    optional(bytes, "subject")
}

/// The record that a request names as `hash`.
pub(super) fn record(bytes: &[u8]) -> Result<RecordId, Error> {
    required(bytes, "hash")
}

/// An id that must be there.
pub(super) fn required<T>(bytes: &[u8], field: &'static str) -> Result<T, Error>
where
    T: for<'a> TryFrom<&'a [u8], Error = Refusal>,
{
    optional(bytes, field)?.ok_or_else(|| Error::new(Code::FieldRequired).at(field))
}

/// An id that may be left out.
pub(super) fn optional<T>(bytes: &[u8], field: &'static str) -> Result<Option<T>, Error>
where
    T: for<'a> TryFrom<&'a [u8], Error = Refusal>,
{
    if bytes.is_empty() {
        return Ok(None);
    }
    T::try_from(bytes).map(Some).map_err(|refusal| refusal.at(field).into())
}

/// Bytes of one length: an account, a draft, a ceremony.
pub(super) fn bytes<const N: usize>(bytes: &[u8], field: &'static str) -> Result<[u8; N], Error> {
    match bytes {
        [] => Err(Error::new(Code::FieldRequired).at(field)),
        bytes => bytes.try_into().map_err(|_| Error::new(Code::IdMalformed).at(field)),
    }
}

/// A message that must be there.
pub(super) fn message<T>(value: Option<T>, field: &'static str) -> Result<T, Error> {
    value.ok_or_else(|| Error::new(Code::FieldRequired).at(field))
}

/// A moment; 0: none.
pub(super) fn moment(millis: i64) -> Option<Timestamp> {
    (millis > 0).then(|| Timestamp::from_millis(millis))
}

/// Where a page begins and how long it is.
pub(super) fn paging(cursor: &str, limit: u32) -> Result<(Option<Cursor>, u32), Error> {
    Ok((Cursor::parse(cursor)?, page::limit(limit)?))
}

/// A language tag that may be left out.
pub(super) fn language(text: &str) -> Result<Option<String>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    check_language(text).map_err(|refusal| refusal.at("language"))?;
    Ok(Some(text.to_owned()))
}

/// A country by ISO 3166-1 alpha-2 that may be left out.
pub(super) fn country(text: &str) -> Result<Option<String>, Error> {
    match text.as_bytes() {
        [] => Ok(None),
        [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Some(text.to_owned())),
        _ => Err(Error::new(Code::FieldInvalid).at("country").with("expected", "two capital letters")),
    }
}

/// A log by partner and epoch; without a partner the own one, epoch 0: the newest.
pub(super) fn log(partner: &[u8], epoch: u64, own: PartnerId) -> Result<LogId, Error> {
    Ok(LogId::new(optional(partner, "log.partner")?.unwrap_or(own), epoch))
}

/// What a request that may come twice is known by: the caller's key, taken out of the message, and the hash of the
/// method and the rest.
pub(super) fn idempotency<M: Message>(
    method: &str,
    message: &mut M,
    key: impl FnOnce(&mut M) -> &mut String,
) -> Result<Option<Idempotency>, Error> {
    let key = std::mem::take(key(message));
    if key.is_empty() {
        return Ok(None);
    }
    if key.len() > KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::new(Code::IdempotencyKey).at("idempotency_key").with("limit", KEY));
    }
    let mut hash = Sha256::new();
    hash.update(method.as_bytes());
    hash.update([0]);
    hash.update(message.encode_to_vec());
    Ok(Some(Idempotency { key, request: hash.finalize().into() }))
}

#[cfg(test)]
mod tests {
    use volbridge_proto::wire::node::v1::EndAgreementRequest;

    use super::*;

    fn request(key: &str, reason: &str) -> EndAgreementRequest {
        EndAgreementRequest {
            agreement: vec![1; 32],
            reason: reason.to_owned(),
            idempotency_key: key.to_owned(),
        }
    }

    fn known(key: &str, reason: &str) -> Result<Option<Idempotency>, Error> {
        idempotency("Agreements.End", &mut request(key, reason), |request| &mut request.idempotency_key)
    }

    #[test]
    fn a_request_is_known_by_all_but_its_key() {
        let one = known("a", "x").unwrap().unwrap();
        let other = known("b", "x").unwrap().unwrap();
        assert_eq!(one.request, other.request);
        assert_ne!(one.request, known("a", "y").unwrap().unwrap().request);
        assert_eq!(known("", "x").unwrap(), None);
    }

    #[test]
    fn odd_keys_are_refused() {
        for key in ["a b", "é", "a\0", &"x".repeat(129)] {
            assert_eq!(known(key, "x").unwrap_err().code, Code::IdempotencyKey, "{key:?}");
        }
    }

    #[test]
    fn each_refusal_names_its_field() {
        assert_eq!(partner(&[1; 31]).unwrap_err().field, "partner");
        assert_eq!(subject(&[]).unwrap_err().field, "subject");
        assert_eq!(country("cn").unwrap_err().field, "country");
        assert_eq!(language("x y").unwrap_err().field, "language");
        assert_eq!(record(&[1; 32]).unwrap(), RecordId::new([1; 32]));
    }
}
