//! The one encoding of a record message: Protobuf as Cosmos ADR-027 restricts it
//! (protocol section 1). Walks the received bytes by the schema, because a decoder
//! drops unknown fields and forgives padded numbers; nothing is ever re-encoded.
//! <https://docs.cosmos.network/main/build/architecture/adr-027-deterministic-protobuf-serialization>

use std::ops::Range;

use prost::Message;

use super::{
    limits,
    schema::{FieldSchema, Kind, MESSAGES, MessageSchema, message},
};
use crate::error::{Code, Refusal};

/// What the walk found in canonical bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canonical {
    /// Whether an unknown field below 1024 stands anywhere in the message.
    pub critical_unknown: bool,
    /// Top-level fields that are, or contain, such a field; ascending.
    pub critical_in: Vec<u32>,
}

/// Checks that `bytes` are the canonical encoding of the message `name` of `volbridge.record.v1`.
pub fn check(bytes: &[u8], name: &'static str) -> Result<Canonical, Refusal> {
    let schema = message(name).ok_or_else(|| Refusal::new(Code::CanonicalSchema).with("message", name))?;
    let critical_in = walk(bytes, schema, 1)?;
    Ok(Canonical { critical_unknown: !critical_in.is_empty(), critical_in })
}

/// Encodes a message and checks that the encoding is canonical.
pub fn encode(value: &impl Message, name: &'static str) -> Result<Vec<u8>, Refusal> {
    let bytes = value.encode_to_vec();
    check(&bytes, name)?;
    Ok(bytes)
}

/// Checks, refuses what needs a newer node, and decodes.
pub fn decode<M: Message + Default>(bytes: &[u8], name: &'static str) -> Result<(M, Canonical), Refusal> {
    let canonical = check(bytes, name)?;
    let value = M::decode(bytes).map_err(|_| Refusal::new(Code::CanonicalTruncated))?;
    Ok((value, canonical))
}

/// The fields of a message one level deep: number and where tag and value stand.
pub(crate) fn spans(bytes: &[u8]) -> Result<Vec<(u32, Range<usize>)>, Refusal> {
    let mut reader = Reader { bytes, at: 0 };
    let mut spans = Vec::new();
    while !reader.is_done() {
        let start = reader.at;
        let (number, wire) = reader.tag()?;
        match wire {
            Wire::Varint => drop(reader.varint()?),
            Wire::Len => drop(reader.chunk()?),
        }
        spans.push((number, start..reader.at));
    }
    Ok(spans)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wire {
    Varint,
    Len,
}

/// Walks one message; the answer names the fields with something critical and unknown.
fn walk(bytes: &[u8], schema: &MessageSchema, depth: usize) -> Result<Vec<u32>, Refusal> {
    if depth > limits::NESTING {
        return Err(Refusal::new(Code::CanonicalNesting).with("limit", limits::NESTING));
    }
    let mut reader = Reader { bytes, at: 0 };
    let mut critical = Vec::new();
    let mut last: Option<(u32, Wire)> = None;
    let mut nth = 0_usize;
    while !reader.is_done() {
        let (number, wire) = reader.tag()?;
        let known = schema.fields.iter().find(|field| field.number == number);
        let again = last.is_some_and(|(before, _)| before == number);
        nth = if again { nth + 1 } else { 0 };
        let place = || place(known, number, nth);
        if !may_follow(last, number, wire, known) {
            return Err(Refusal::new(Code::CanonicalOrder).at(place()));
        }
        let is_critical = match known {
            Some(field) => value(&mut reader, field, wire, depth),
            None => unknown(&mut reader, number, wire),
        }
        .map_err(|refusal| refusal.at(place()))?;
        if is_critical && critical.last() != Some(&number) {
            critical.push(number);
        }
        last = Some((number, wire));
    }
    Ok(critical)
}

fn place(known: Option<&FieldSchema>, number: u32, nth: usize) -> String {
    match known {
        Some(field) if field.repeated && !field.kind.is_scalar() => format!("{}[{nth}]", field.name),
        Some(field) => field.name.to_owned(),
        None => format!("#{number}"),
    }
}

/// Ascending; the same number again only for elements of a list that isn't packed.
fn may_follow(last: Option<(u32, Wire)>, number: u32, wire: Wire, known: Option<&FieldSchema>) -> bool {
    let Some((before, before_wire)) = last else { return true };
    let list = match known {
        Some(field) => field.repeated && !field.kind.is_scalar(),
        None => wire == Wire::Len && before_wire == Wire::Len,
    };
    number > before || number == before && list
}

/// Reads the value of a known field; the answer is whether it holds something critical and unknown.
fn value(reader: &mut Reader<'_>, field: &FieldSchema, wire: Wire, depth: usize) -> Result<bool, Refusal> {
    let scalar = field.kind.is_scalar();
    let expected = if scalar && !field.repeated { Wire::Varint } else { Wire::Len };
    if wire != expected {
        return Err(Refusal::new(Code::CanonicalWireType));
    }
    if wire == Wire::Varint {
        let number = reader.varint()?;
        return scalar_fits(number, field.kind, false).map(|()| false);
    }
    let chunk = reader.chunk()?;
    // An element of a list may be empty; a single value must then be left out, and so must an empty list.
    if chunk.is_empty() && (scalar || !field.repeated) {
        return Err(Refusal::new(Code::CanonicalDefault));
    }
    match field.kind {
        Kind::String if std::str::from_utf8(chunk).is_err() => Err(Refusal::new(Code::CanonicalUtf8)),
        Kind::String | Kind::Bytes => Ok(false),
        Kind::Message(place) => {
            let schema = MESSAGES.get(place).ok_or_else(|| Refusal::new(Code::CanonicalSchema))?;
            walk(chunk, schema, depth + 1).map(|critical| !critical.is_empty())
        }
        _ => packed(chunk, field.kind).map(|()| false),
    }
}

fn packed(chunk: &[u8], kind: Kind) -> Result<(), Refusal> {
    let mut reader = Reader { bytes: chunk, at: 0 };
    while !reader.is_done() {
        scalar_fits(reader.varint()?, kind, true)?;
    }
    Ok(())
}

fn scalar_fits(number: u64, kind: Kind, in_list: bool) -> Result<(), Refusal> {
    let largest = match kind {
        Kind::Bool => 1,
        Kind::Uint32 | Kind::Sint32 => u64::from(u32::MAX),
        _ => u64::MAX,
    };
    if number > largest {
        Err(Refusal::new(Code::CanonicalVarint))
    } else if number == 0 && !in_list {
        Err(Refusal::new(Code::CanonicalDefault))
    } else {
        Ok(())
    }
}

/// Reads the value of an unknown field as far as its form shows; the answer is whether it is critical.
fn unknown(reader: &mut Reader<'_>, number: u32, wire: Wire) -> Result<bool, Refusal> {
    match wire {
        Wire::Varint if reader.varint()? == 0 => return Err(Refusal::new(Code::CanonicalDefault)),
        Wire::Varint => {}
        Wire::Len => drop(reader.chunk()?),
    }
    Ok(number < limits::FIRST_IGNORABLE_FIELD)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn is_done(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// A field number from 1 to 2^29 - 1 and one of the two wire types in use.
    fn tag(&mut self) -> Result<(u32, Wire), Refusal> {
        let malformed = || Refusal::new(Code::CanonicalTag);
        let tag = u32::try_from(self.varint()?).map_err(|_| malformed())?;
        let wire = match tag & 7 {
            0 => Wire::Varint,
            2 => Wire::Len,
            _ => return Err(malformed()),
        };
        if tag >> 3 == 0 { Err(malformed()) } else { Ok((tag >> 3, wire)) }
    }

    /// A number in as few bytes as it needs, at most 64 bits.
    fn varint(&mut self) -> Result<u64, Refusal> {
        let mut number = 0_u64;
        for group in 0..10 {
            let byte = *self.bytes.get(self.at).ok_or_else(|| Refusal::new(Code::CanonicalTruncated))?;
            self.at += 1;
            if group == 9 && byte > 1 || group > 0 && byte == 0 {
                return Err(Refusal::new(Code::CanonicalVarint));
            }
            number |= u64::from(byte & 0x7f) << (7 * group);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Refusal::new(Code::CanonicalVarint))
    }

    fn chunk(&mut self) -> Result<&'a [u8], Refusal> {
        let truncated = || Refusal::new(Code::CanonicalTruncated);
        let length = usize::try_from(self.varint()?).map_err(|_| truncated())?;
        let end = self.at.checked_add(length).ok_or_else(truncated)?;
        let chunk = self.bytes.get(self.at..end).ok_or_else(truncated)?;
        self.at = end;
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: &[u8], name: &'static str) -> Code {
        check(bytes, name).unwrap_err().code
    }

    #[test]
    fn fields_stand_once_and_ascending() {
        assert!(check(&[0x0a, 1, b'a', 0x12, 1, b'b'], "LocalText").is_ok());
        assert_eq!(code(&[0x12, 1, b'b', 0x0a, 1, b'a'], "LocalText"), Code::CanonicalOrder);
        assert_eq!(code(&[0x0a, 1, b'a', 0x0a, 1, b'a'], "LocalText"), Code::CanonicalOrder);
    }

    #[test]
    fn defaults_are_left_out() {
        assert_eq!(code(&[0x0a, 0], "LocalText"), Code::CanonicalDefault);
        assert_eq!(code(&[0x08, 0], "Coordinates"), Code::CanonicalDefault);
        assert_eq!(code(&[0x22, 0], "Place"), Code::CanonicalDefault);
        assert_eq!(code(&[0x5a, 0], "Material"), Code::CanonicalDefault);
    }

    #[test]
    fn numbers_take_as_few_bytes_as_they_need() {
        assert!(check(&[0x10, 1], "Offer").is_ok());
        assert_eq!(code(&[0x10, 0x81, 0], "Offer"), Code::CanonicalVarint);
        assert_eq!(code(&[0x90, 0x00, 1], "Offer"), Code::CanonicalVarint);
        assert_eq!(code(&[0x0a, 0x81, 0, b'a'], "LocalText"), Code::CanonicalVarint);
        assert_eq!(code(&[0x10, 2], "Offer"), Code::CanonicalVarint);
        let five_bytes = [0x08, 0xff, 0xff, 0xff, 0xff, 0x1f];
        assert_eq!(code(&five_bytes, "Coordinates"), Code::CanonicalVarint);
    }

    #[test]
    fn repeated_numbers_are_packed() {
        assert!(check(&[0x5a, 2, 1, 17], "Material").is_ok());
        assert_eq!(code(&[0x58, 1], "Material"), Code::CanonicalWireType);
        assert_eq!(code(&[0x5a, 1, 1, 0x5a, 1, 2], "Material"), Code::CanonicalOrder);
    }

    #[test]
    fn groups_and_fixed_numbers_are_not_in_use() {
        for wire in [1, 3, 4, 5, 6, 7] {
            assert_eq!(code(&[0x08 | wire, 0], "LocalText"), Code::CanonicalTag, "{wire}");
        }
        assert_eq!(code(&[0x02, 0], "LocalText"), Code::CanonicalTag);
    }

    #[test]
    fn what_ends_early_is_refused() {
        for bytes in [&[0x0a][..], &[0x0a, 2, b'a'], &[0x80], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]] {
            assert_eq!(code(bytes, "LocalText"), Code::CanonicalTruncated);
        }
    }

    #[test]
    fn unknown_fields_are_critical_below_1024() {
        let ignorable = check(&[0x82, 0x40, 0], "LocalText").unwrap();
        assert!(!ignorable.critical_unknown);
        let critical = check(&[0x1a, 1, 0, 0x1a, 0], "LocalText").unwrap();
        assert_eq!(critical.critical_in, [3]);
        assert_eq!(code(&[0x18, 0], "LocalText"), Code::CanonicalDefault);
        assert_eq!(code(&[0x18, 1, 0x18, 1], "LocalText"), Code::CanonicalOrder);
    }

    #[test]
    fn a_refusal_names_the_field_by_its_path() {
        // Conference.names[1].language is not UTF-8.
        let bytes = [0x12, 3, 0x0a, 1, b'a', 0x12, 3, 0x0a, 1, 0xff];
        let refusal = check(&bytes, "Conference").unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_str()), (Code::CanonicalUtf8, "names[1].language"));
    }
}
