//! The messages of the node's API as its own descriptor set has them: input files
//! are read and answers are printed by field names, so that neither can differ
//! from the published `.proto` files.

use std::{collections::HashMap, sync::LazyLock};

use prost::Message as _;
use prost_types::{
    DescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};
use volbridge_proto::wire;

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Uint32,
    Uint64,
    Int64,
    Sint32,
    String,
    Bytes,
    /// Full name of an enumeration.
    Enum(String),
    /// Full name of a message.
    Message(String),
}

/// One field of a message.
#[derive(Clone, Debug)]
pub struct Field {
    pub number: u32,
    pub name: String,
    pub kind: Kind,
    pub repeated: bool,
}

/// One message: its fields, ascending by number.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub fields: Vec<Field>,
    /// An entry of a `map<…>`.
    pub map_entry: bool,
}

impl Message {
    /// A field by its name.
    pub fn named(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// A field by its number.
    pub fn numbered(&self, number: u32) -> Option<&Field> {
        self.fields.iter().find(|field| field.number == number)
    }
}

#[derive(Default)]
struct Schema {
    messages: HashMap<String, Message>,
    enums: HashMap<String, HashMap<i32, String>>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    // The descriptor set is part of this binary; if it can't be read nothing has fields.
    let files = FileDescriptorSet::decode(wire::DESCRIPTORS).unwrap_or_default().file;
    let mut schema = Schema::default();
    for file in &files {
        let package = format!(".{}", file.package());
        for message in &file.message_type {
            add(&mut schema, &package, message);
        }
        for values in &file.enum_type {
            let names = values.value.iter().map(|value| (value.number(), value.name().to_owned())).collect();
            schema.enums.insert(format!("{package}.{}", values.name()), names);
        }
    }
    schema
});

fn add(schema: &mut Schema, parent: &str, message: &DescriptorProto) {
    let name = format!("{parent}.{}", message.name());
    let mut fields: Vec<Field> = message
        .field
        .iter()
        .filter_map(|field| {
            let kind = match field.r#type() {
                Type::Bool => Kind::Bool,
                Type::Uint32 => Kind::Uint32,
                Type::Uint64 => Kind::Uint64,
                Type::Int64 => Kind::Int64,
                Type::Sint32 => Kind::Sint32,
                Type::String => Kind::String,
                Type::Bytes => Kind::Bytes,
                Type::Enum => Kind::Enum(field.type_name().to_owned()),
                Type::Message => Kind::Message(field.type_name().to_owned()),
                _ => return None,
            };
            let number = u32::try_from(field.number()).ok()?;
            Some(Field {
                number,
                name: field.name().to_owned(),
                kind,
                repeated: field.label() == Label::Repeated,
            })
        })
        .collect();
    fields.sort_by_key(|field| field.number);
    for nested in &message.nested_type {
        add(schema, &name, nested);
    }
    let map_entry = message.options.as_ref().is_some_and(|options| options.map_entry());
    schema.messages.insert(name, Message { fields, map_entry });
}

/// A message by its full name (`.volbridge.record.v1.Listing`).
pub fn message(name: &str) -> Option<&'static Message> {
    SCHEMA.messages.get(name)
}

/// The word for a number of an enumeration: `live` for `RECORD_STATE_LIVE`.
pub fn enum_word(name: &str, number: i32) -> String {
    let Some(word) = SCHEMA.enums.get(name).and_then(|names| names.get(&number)) else {
        return number.to_string();
    };
    let short = name.rsplit('.').next().unwrap_or_default();
    let prefix: String = short
        .chars()
        .enumerate()
        .flat_map(|(at, c)| {
            (at > 0 && c.is_ascii_uppercase()).then_some('_').into_iter().chain([c.to_ascii_uppercase()])
        })
        .collect();
    let word = word.strip_prefix(&prefix).unwrap_or(word);
    word.trim_start_matches('_').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_the_published_messages() {
        let listing = message(".volbridge.record.v1.Listing").unwrap();
        assert_eq!(
            listing.named("roles").unwrap().kind,
            Kind::Message(".volbridge.record.v1.Role".to_owned())
        );
        assert!(listing.named("roles").unwrap().repeated);
        assert_eq!(enum_word(".volbridge.node.v1.RecordState", 5), "erased_with_source");
        assert!(message(".volbridge.node.v1.ListingText.FieldsEntry").unwrap().map_entry);
    }
}
