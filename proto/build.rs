//! Compiles `volbridge/**/*.proto` without protoc, writes the descriptor set for
//! gRPC reflection, and turns the record messages into the table that the
//! canonical-form check walks (`record::canonical`).

use std::{
    collections::{BTreeSet, HashMap},
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::Path,
};

use prost::Message;
use prost_types::{
    DescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

const FILES: &[&str] = &[
    "volbridge/record/v1/agreement.proto",
    "volbridge/record/v1/common.proto",
    "volbridge/record/v1/conference.proto",
    "volbridge/record/v1/continuation.proto",
    "volbridge/record/v1/endorsement.proto",
    "volbridge/record/v1/envelope.proto",
    "volbridge/record/v1/handover.proto",
    "volbridge/record/v1/listing.proto",
    "volbridge/record/v1/material.proto",
    "volbridge/record/v1/node_info.proto",
    "volbridge/record/v1/organisation.proto",
    "volbridge/record/v1/partner_descriptor.proto",
    "volbridge/record/v1/statistics.proto",
    "volbridge/record/v1/translation.proto",
    "volbridge/record/v1/volunteer_profile.proto",
    "volbridge/record/v1/withdrawal.proto",
    "volbridge/exchange/v1/exchange.proto",
    "volbridge/node/v1/accounts.proto",
    "volbridge/node/v1/alerts.proto",
    "volbridge/node/v1/checks.proto",
    "volbridge/node/v1/desk.proto",
    "volbridge/node/v1/directory.proto",
    "volbridge/node/v1/imports.proto",
    "volbridge/node/v1/handovers.proto",
    "volbridge/node/v1/network.proto",
    "volbridge/node/v1/people.proto",
    "volbridge/node/v1/records.proto",
    "volbridge/node/v1/search.proto",
    "volbridge/node/v1/statistics.proto",
];

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write by the environment")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=volbridge");
    let out = env::var("OUT_DIR")?;
    let descriptors = protox::compile(FILES, ["."])?;
    fs::write(Path::new(&out).join("descriptors.bin"), descriptors.encode_to_vec())?;
    fs::write(Path::new(&out).join("schema.rs"), schema(&descriptors)?)?;
    fs::write(Path::new(&out).join("shapes.rs"), shapes(&descriptors)?)?;
    let mut builder = tonic_prost_build::configure().codec_path("crate::wire::codec::BoundedCodec");
    for (field, repeated) in bytes_fields(&descriptors) {
        let form = if repeated { "bytes_list" } else { "bytes" };
        builder = builder.field_attribute(field, format!("#[serde(with = \"crate::wire_serde::{form}\")]"));
    }
    builder
        .build_client(env::var_os("CARGO_FEATURE_CLIENT").is_some())
        .build_server(env::var_os("CARGO_FEATURE_SERVER").is_some())
        .btree_map(".")
        .type_attribute(".volbridge.record.v1", "#[derive(serde::Serialize, serde::Deserialize)]")
        .type_attribute(".volbridge.record.v1", "#[serde(default, deny_unknown_fields)]")
        .compile_fds(descriptors)?;
    Ok(())
}

/// What the codec counts (`wire::codec`): of each message of the exchange the fields that take memory of their own, with
/// the message that each holds; and for every message of a call its place among them, if strangers send it.
fn shapes(set: &FileDescriptorSet) -> Result<String, Box<dyn Error>> {
    let exchange = set.file.iter().filter(|file| file.package() == "volbridge.exchange.v1");
    let messages: Vec<&DescriptorProto> = exchange.flat_map(|file| &file.message_type).collect();
    let full = |message: &DescriptorProto| format!(".volbridge.exchange.v1.{}", message.name());
    let place = |name: &str| messages.iter().position(|message| full(message) == name);
    let mut text = String::from("pub(super) static SHAPES: &[&[Member]] = &[\n");
    for message in &messages {
        text.push_str("    &[");
        for field in &message.field {
            let holds = match field.r#type() {
                Type::String | Type::Bytes => None,
                Type::Message => Some(place(field.type_name()).ok_or("a message of another package")?),
                _ => continue,
            };
            write!(text, "Member {{ number: {}, holds: {holds:?} }}, ", field.number())?;
        }
        text.push_str("],\n");
    }
    text.push_str("];\n");
    let calls = set.file.iter().flat_map(|file| &file.service).flat_map(|service| &service.method);
    let named: BTreeSet<&str> = calls.flat_map(|call| [call.input_type(), call.output_type()]).collect();
    for name in named {
        let path = name.trim_start_matches(".volbridge.").replace('.', "::");
        writeln!(
            text,
            "impl Counted for crate::wire::{path} {{ const SHAPE: Option<usize> = {:?}; }}",
            place(name)
        )?;
    }
    Ok(text)
}

/// Paths of all bytes fields of records, and whether they are repeated.
fn bytes_fields(set: &FileDescriptorSet) -> Vec<(String, bool)> {
    let mut fields = Vec::new();
    for message in record_messages(set) {
        for field in message.field.iter().filter(|field| field.r#type() == Type::Bytes) {
            let path = format!(".volbridge.record.v1.{}.{}", message.name(), field.name());
            fields.push((path, field.label() == Label::Repeated));
        }
    }
    fields
}

fn record_messages(set: &FileDescriptorSet) -> Vec<&DescriptorProto> {
    let files = set.file.iter().filter(|file| file.package() == "volbridge.record.v1");
    files.flat_map(|file| &file.message_type).collect()
}

/// One `MessageSchema` for each message of `volbridge.record.v1`, ascending by name.
fn schema(set: &FileDescriptorSet) -> Result<String, Box<dyn Error>> {
    let mut messages = record_messages(set);
    messages.sort_by_key(|message| message.name().to_owned());
    let index: HashMap<String, usize> = messages
        .iter()
        .enumerate()
        .map(|(number, message)| (format!(".volbridge.record.v1.{}", message.name()), number))
        .collect();
    let mut text = String::from("pub(super) static MESSAGES: &[MessageSchema] = &[\n");
    for message in messages {
        writeln!(text, "    MessageSchema {{ name: {:?}, fields: &[", message.name())?;
        let mut fields: Vec<_> = message.field.iter().collect();
        fields.sort_by_key(|field| field.number());
        for field in fields {
            let kind = match field.r#type() {
                Type::Bool => "Kind::Bool".to_owned(),
                Type::Uint32 => "Kind::Uint32".to_owned(),
                Type::Uint64 => "Kind::Uint64".to_owned(),
                Type::Int64 => "Kind::Int64".to_owned(),
                Type::Sint32 => "Kind::Sint32".to_owned(),
                Type::String => "Kind::String".to_owned(),
                Type::Bytes => "Kind::Bytes".to_owned(),
                Type::Message => format!("Kind::Message({})", index[field.type_name()]),
                other => {
                    return Err(
                        format!("{}.{}: no {other:?} in records", message.name(), field.name()).into()
                    );
                }
            };
            let repeated = field.label() == Label::Repeated;
            writeln!(
                text,
                "        FieldSchema {{ number: {}, name: {:?}, kind: {kind}, repeated: {repeated} }},",
                field.number(),
                field.name()
            )?;
        }
        text.push_str("    ] },\n");
    }
    text.push_str("];\n");
    Ok(text)
}
