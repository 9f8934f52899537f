//! A tree into the bytes of a message, by the message's own fields. Everything
//! that doesn't fit is noted, none of it stops the reading: one report for all.

use prost::encoding::{WireType, encode_key, encode_varint};
use volbridge_proto::{Code, PartnerId, Refusal, SubjectId, Timestamp};

use super::tree::{Key, Node, Place, Scalar, Style, Value};
use crate::schema::{self, Field, Kind, Message};

/// What is wrong, and where.
pub type Fault = (Place, Refusal);

/// The encoded message, as far as the tree fits it; faults name fields from `root` on.
pub fn encode(message: &str, root: &Node, faults: &mut Vec<Fault>) -> Vec<u8> {
    let mut out = Vec::new();
    let Some(message) = schema::message(message) else { return out };
    Encoder { faults }.message(message, root, "", &mut out);
    out
}

struct Encoder<'a> {
    faults: &'a mut Vec<Fault>,
}

impl Encoder<'_> {
    fn message(&mut self, message: &Message, node: &Node, path: &str, out: &mut Vec<u8>) {
        let Value::Map(fields) = &node.value else { return self.wrong(node, path, "fields") };
        self.names(message, fields, path);
        for field in &message.fields {
            if let Some((_, value)) = fields.iter().find(|(key, _)| key.name == field.name) {
                self.field(field, value, &join(path, &field.name), out);
            }
        }
    }

    /// Every name must be one of the message's fields, once.
    fn names(&mut self, message: &Message, fields: &[(Key, Node)], path: &str) {
        for (at, (key, _)) in fields.iter().enumerate() {
            let here = join(path, &key.name);
            if message.named(&key.name).is_none() {
                let mut refusal = Refusal::new(Code::FieldUnknown).at(here);
                if let Some(nearest) = nearest(&key.name, message) {
                    refusal = refusal.with("nearest", nearest);
                }
                self.faults.push((key.place, refusal));
            } else if fields[..at].iter().any(|(earlier, _)| earlier.name == key.name) {
                self.faults.push((key.place, Refusal::new(Code::FieldDuplicate).at(here)));
            }
        }
    }

    fn field(&mut self, field: &Field, node: &Node, path: &str, out: &mut Vec<u8>) {
        if matches!(node.value, Value::Null) {
            return;
        }
        if !field.repeated {
            return self.single(field, node, path, out);
        }
        let Value::List(nodes) = &node.value else { return self.wrong(node, path, "list") };
        let packed = !matches!(field.kind, Kind::String | Kind::Bytes | Kind::Message(_));
        let mut numbers = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            let path = format!("{path}[{at}]");
            match self.value(&field.kind, &field.name, node, &path) {
                Some(Encoded::Number(number)) if packed => encode_varint(number, &mut numbers),
                Some(encoded) => encoded.put(field.number, out),
                None => {}
            }
        }
        if packed && !numbers.is_empty() {
            Encoded::Bytes(numbers).put(field.number, out);
        }
    }

    fn single(&mut self, field: &Field, node: &Node, path: &str, out: &mut Vec<u8>) {
        if let Some(encoded) = self.value(&field.kind, &field.name, node, path)
            && (!encoded.is_default() || matches!(field.kind, Kind::Message(_)))
        {
            encoded.put(field.number, out);
        }
    }

    fn value(&mut self, kind: &Kind, name: &str, node: &Node, path: &str) -> Option<Encoded> {
        if let Kind::Message(message) = kind {
            let mut inner = Vec::new();
            self.message(schema::message(message)?, node, path, &mut inner);
            return Some(Encoded::Bytes(inner));
        }
        let expected = expected(kind, name);
        let Value::Scalar(scalar) = &node.value else {
            self.wrong(node, path, expected);
            return None;
        };
        let encoded = scalar_value(kind, name, scalar);
        if encoded.is_none() {
            self.wrong(node, path, expected);
        }
        encoded
    }

    fn wrong(&mut self, node: &Node, path: &str, expected: &'static str) {
        let mut refusal = Refusal::new(Code::FieldInvalid).at(path).with("expected", expected);
        refusal = match &node.value {
            Value::Scalar(scalar) => refusal.with("found", shortened(&scalar.text)),
            _ => refusal.with("found", node.shape()),
        };
        self.faults.push((node.place, refusal));
    }
}

enum Encoded {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Encoded {
    fn is_default(&self) -> bool {
        match self {
            Self::Number(number) => *number == 0,
            Self::Bytes(bytes) => bytes.is_empty(),
        }
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        match self {
            Self::Number(value) => {
                encode_key(number, WireType::Varint, out);
                encode_varint(*value, out);
            }
            Self::Bytes(bytes) => {
                encode_key(number, WireType::LengthDelimited, out);
                encode_varint(bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
        }
    }
}

fn scalar_value(kind: &Kind, name: &str, scalar: &Scalar) -> Option<Encoded> {
    let text = scalar.text.as_str();
    let unquoted = scalar.style != Style::Text;
    Some(match kind {
        Kind::String if scalar.style != Style::Bare => Encoded::Bytes(text.as_bytes().to_vec()),
        Kind::Bytes if scalar.style != Style::Bare => Encoded::Bytes(id(text)?),
        Kind::Bool if unquoted => Encoded::Number(u64::from(text.parse::<bool>().ok()?)),
        Kind::Uint32 if unquoted => Encoded::Number(text.parse::<u32>().ok()?.into()),
        Kind::Uint64 if unquoted => Encoded::Number(text.parse::<u64>().ok()?),
        Kind::Int64 if is_moment(name) => Encoded::Number(moment(text)?.cast_unsigned()),
        Kind::Int64 if unquoted => Encoded::Number(text.parse::<i64>().ok()?.cast_unsigned()),
        Kind::Sint32 if unquoted => {
            let number = text.parse::<i32>().ok()?;
            Encoded::Number(((number << 1) ^ (number >> 31)).cast_unsigned().into())
        }
        _ => return None,
    })
}

/// What a report says that the field holds.
fn expected(kind: &Kind, name: &str) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::Uint32 | Kind::Uint64 => "whole number from 0",
        Kind::Int64 if is_moment(name) => "moment such as 2026-11-24T08:00:00Z",
        Kind::Int64 | Kind::Sint32 => "whole number",
        Kind::String => "text",
        Kind::Bytes => "id (UUID or 64 hex digits)",
        Kind::Enum(_) => "word",
        Kind::Message(_) => "fields",
    }
}

/// Fields of Unix milliseconds end so.
pub fn is_moment(field: &str) -> bool {
    field.ends_with("_at") || field == "now" || field == "since" || field == "at"
}

/// A UUID, or 32 bytes as hex.
pub fn id(text: &str) -> Option<Vec<u8>> {
    let text = text.to_ascii_lowercase();
    match text.parse::<SubjectId>() {
        Ok(subject) => Some(subject.to_vec()),
        Err(_) => text.parse::<PartnerId>().ok().map(PartnerId::to_vec),
    }
}

/// Unix milliseconds, or RFC 3339 with an offset.
fn moment(text: &str) -> Option<i64> {
    if let Ok(millis) = text.parse::<i64>() {
        return Some(millis);
    }
    let parsed: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(parsed.as_millisecond()).as_millis())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("\"{short}\"")
}

/// The field that was probably meant.
fn nearest<'a>(name: &str, message: &'a Message) -> Option<&'a str> {
    let near = message.fields.iter().map(|field| (distance(name, &field.name), field.name.as_str())).min()?;
    (near.0 <= 1 + name.chars().count() / 4).then_some(near.1)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (j, to) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or_default();
            let cost = (diagonal + usize::from(from != *to)).min(above + 1).min(left + 1);
            if let Some(cell) = row.get_mut(j) {
                *cell = left;
            }
            (diagonal, left) = (above, cost);
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use volbridge_proto::wire::record::v1::Listing;

    use super::{
        super::parse::{Form, documents},
        *,
    };

    fn listing(text: &str) -> (Listing, Vec<(usize, String)>) {
        let node = documents(text, Form::Yaml).remove(0).unwrap();
        let mut faults = Vec::new();
        let bytes = encode(".volbridge.record.v1.Listing", &node, &mut faults);
        let faults = faults.into_iter().map(|(place, refusal)| (place.line, refusal.to_string())).collect();
        (Listing::decode(bytes.as_slice()).unwrap(), faults)
    }

    #[test]
    fn every_type_of_field_is_read() {
        let (listing, faults) = listing(
            "title: 2026\nstarts_on: 2026-11-24\norganisation: 01890a5d-ac96-774b-bcce-b302099a8057\n\
             place: {country: NO, coordinates: {latitude_e6: -39904200}}\nsdgs: [4, 13]\n\
             roles:\n- number: 1\n  skills: [a, b]\n  offer: {housing: true, meals: false}\n",
        );
        assert_eq!(faults, []);
        assert_eq!((listing.title.as_str(), listing.starts_on.as_str()), ("2026", "2026-11-24"));
        assert_eq!(listing.organisation.len(), 16);
        let place = listing.place.unwrap();
        assert_eq!((place.country.as_str(), place.coordinates.unwrap().latitude_e6), ("NO", -39_904_200));
        assert_eq!(listing.sdgs, [4, 13]);
        assert_eq!(listing.roles[0].skills, ["a", "b"]);
        assert!(listing.roles[0].offer.as_ref().unwrap().housing);
    }

    #[test]
    fn every_fault_is_reported_with_its_line_and_field() {
        let (_, faults) = listing(
            "titel: x\nhours_per_week: many\nroles:\n- slots: \"3\"\n  skills: cooking\n- none\nsdgs: [1, x]\n\
             title: [a]\ntitle: b\n",
        );
        let found: Vec<(usize, &str)> =
            faults.iter().map(|(line, text)| (*line, text.split(':').next().unwrap())).collect();
        assert!(faults[0].1.contains("nearest title"), "{faults:?}");
        for expected in [
            (1, "titel"),
            (2, "hours_per_week"),
            (4, "roles[0].slots"),
            (5, "roles[0].skills"),
            (6, "roles[1]"),
            (7, "sdgs[1]"),
            (8, "title"),
            (9, "title"),
        ] {
            assert!(found.contains(&expected), "{expected:?} in {found:?}");
        }
        assert_eq!(found.len(), 8);
    }

    #[test]
    fn distances_are_those_of_levenshtein() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("titel", "title"), 2);
    }
}
