//! Answers of the node as JSON, by the field names of the `.proto` files: ids as
//! hex or UUID, moments as RFC 3339, other bytes as base64. What stands in a log
//! also gets `id` and `record`, the two things that scripts want.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::encoding::{WireType, decode_key, decode_varint};
use serde_json::{Map, Value, json};
use volbridge_proto::{RecordId, SubjectId, Timestamp};

use crate::{
    input::message::is_moment,
    schema::{self, Field, Kind, Message},
};

/// A message of `volbridge.node.v1` by its short name.
pub fn node(name: &str, message: &impl prost::Message) -> Value {
    message_value(&format!(".volbridge.node.v1.{name}"), &message.encode_to_vec())
}

/// An encoded message by its full name; nothing if the bytes are not one.
pub fn message_value(name: &str, bytes: &[u8]) -> Value {
    schema::message(name).and_then(|message| object(message, bytes)).map_or(Value::Null, Value::Object)
}

fn object(message: &Message, mut bytes: &[u8]) -> Option<Map<String, Value>> {
    let mut values: Map<String, Value> =
        message.fields.iter().filter_map(|field| Some((field.name.clone(), default(field)?))).collect();
    while !bytes.is_empty() {
        let (number, wire_type) = decode_key(&mut bytes).ok()?;
        let raw = match wire_type {
            WireType::Varint => Raw::Number(decode_varint(&mut bytes).ok()?),
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                let (taken, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Raw::Bytes(taken)
            }
            _ => return None,
        };
        if let Some(field) = message.numbered(number) {
            put(&mut values, field, &raw)?;
        }
    }
    add_record(&mut values);
    Some(values)
}

enum Raw<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn put(values: &mut Map<String, Value>, field: &Field, raw: &Raw<'_>) -> Option<()> {
    if let (Kind::Message(name), Raw::Bytes(bytes)) = (&field.kind, raw)
        && let Some(entry) = schema::message(name).filter(|message| message.map_entry)
    {
        let mut entry = object(entry, bytes)?;
        let key = entry.remove("key")?.as_str()?.to_owned();
        let value = entry.remove("value")?;
        if !values.get(&field.name).is_some_and(Value::is_object) {
            values.insert(field.name.clone(), json!({}));
        }
        values.get_mut(&field.name)?.as_object_mut()?.insert(key, value);
        return Some(());
    }
    if !field.repeated {
        values.insert(field.name.clone(), single(field, raw)?);
        return Some(());
    }
    let list = values.get_mut(&field.name)?.as_array_mut()?;
    match (&field.kind, raw) {
        (Kind::String | Kind::Bytes | Kind::Message(_), _) | (_, Raw::Number(_)) => {
            list.push(single(field, raw)?);
        }
        (_, Raw::Bytes(packed)) => {
            let mut packed = *packed;
            while !packed.is_empty() {
                list.push(single(field, &Raw::Number(decode_varint(&mut packed).ok()?))?);
            }
        }
    }
    Some(())
}

fn single(field: &Field, raw: &Raw<'_>) -> Option<Value> {
    Some(match (&field.kind, raw) {
        (Kind::Bool, Raw::Number(number)) => json!(*number != 0),
        (Kind::Uint32 | Kind::Uint64, Raw::Number(number)) => json!(number),
        (Kind::Int64, Raw::Number(number)) if is_moment(&field.name) => {
            json!(Timestamp::from_millis(number.cast_signed()).to_string())
        }
        (Kind::Int64, Raw::Number(number)) => json!(number.cast_signed()),
        (Kind::Sint32, Raw::Number(number)) => {
            json!((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
        }
        (Kind::Enum(name), Raw::Number(number)) => {
            json!(schema::enum_word(name, i32::try_from(*number).ok()?))
        }
        (Kind::String, Raw::Bytes(bytes)) => json!(std::str::from_utf8(bytes).ok()?),
        (Kind::Bytes, Raw::Bytes(bytes)) => json!(id_or_base64(bytes)),
        (Kind::Message(name), Raw::Bytes(bytes)) => Value::Object(object(schema::message(name)?, bytes)?),
        _ => return None,
    })
}

/// What stands for a field that was left out; absent messages stay absent.
fn default(field: &Field) -> Option<Value> {
    if let Kind::Message(name) = &field.kind
        && schema::message(name).is_some_and(|message| message.map_entry)
    {
        return Some(json!({}));
    }
    if field.repeated {
        return Some(json!([]));
    }
    Some(match &field.kind {
        Kind::Bool => json!(false),
        Kind::Int64 if is_moment(&field.name) => Value::Null,
        Kind::Uint32 | Kind::Uint64 | Kind::Int64 | Kind::Sint32 => json!(0),
        Kind::String | Kind::Bytes => json!(""),
        Kind::Enum(name) => json!(schema::enum_word(name, 0)),
        Kind::Message(_) => return None,
    })
}

fn add_record(values: &mut Map<String, Value>) {
    if let Some(subject) = values.get("subject").filter(|subject| subject.is_string()).cloned() {
        values.insert("id".to_owned(), subject);
    }
    if let Some(provenance) = values.get("provenance") {
        let part = |name: &str| provenance.get(name).cloned().unwrap_or(Value::Null);
        let record = json!({
            "hash": part("hash"), "log": part("origin"), "epoch": part("epoch"), "index": part("index"),
        });
        values.insert("record".to_owned(), record);
    }
}

/// 32 bytes as hex, 16 as a UUID, all else as base64.
pub fn id_or_base64(bytes: &[u8]) -> String {
    match bytes.len() {
        16 => SubjectId::try_from(bytes).map(|id| id.to_string()).unwrap_or_default(),
        32 => RecordId::try_from(bytes).map(|id| id.to_string()).unwrap_or_default(),
        _ => STANDARD.encode(bytes),
    }
}

#[cfg(test)]
mod tests {
    use volbridge_proto::wire::node::v1::{ListingText, ListingView, PartnerName, Provenance, RecordState};

    use super::*;

    #[test]
    fn answers_are_printed_by_their_field_names() {
        let view = ListingView {
            subject: vec![1; 16],
            partner: Some(PartnerName { id: vec![0xab; 32], country: "CN".to_owned(), ..Default::default() }),
            provenance: Some(Provenance {
                hash: vec![2; 32],
                epoch: 1,
                index: 7,
                origin: "example.org/x".to_owned(),
                issued_at: 1_795_507_200_123,
                ..Default::default()
            }),
            state: RecordState::Live.into(),
            source: Some(Default::default()),
            texts: vec![ListingText {
                language: "en".to_owned(),
                fields: [("title".to_owned(), "T".to_owned())].into(),
                ..Default::default()
            }],
            slots: 3,
            ..Default::default()
        };
        let value = node("ListingView", &view);
        assert_eq!(value["id"], "01010101-0101-0101-0101-010101010101");
        assert_eq!(value["record"]["hash"], "02".repeat(32));
        assert_eq!(value["record"]["index"], 7);
        assert_eq!(value["state"], "live");
        assert_eq!(value["partner"]["id"], "ab".repeat(32));
        assert_eq!(value["provenance"]["issued_at"], "2026-11-24T08:00:00.123Z");
        assert_eq!(value["provenance"]["logged_at"], Value::Null);
        assert_eq!(value["texts"][0]["fields"]["title"], "T");
        assert_eq!(value["source"]["sdgs"], json!([]));
        assert!(value.get("organisation").is_none());
    }
}
