//! Every method of `volbridge.node.v1` as the descriptors have it, called with any bytes: a method or a field that is new
//! is tried without being named here.

use std::collections::VecDeque;

use prost::bytes::{Buf, BufMut};
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use volbridge_proto::wire;

/// How deep messages within messages are filled.
const DEPTH: usize = 3;

/// One method.
#[derive(Clone, Debug)]
pub struct Method {
    /// `Listings.List`
    pub name: String,
    /// What it takes.
    pub input: MessageDescriptor,
    /// What it answers.
    pub output: MessageDescriptor,
    /// Whether its answers may go on for ever.
    pub streams: bool,
    path: String,
}

/// All of them.
pub fn all() -> Vec<Method> {
    let pool = DescriptorPool::decode(wire::DESCRIPTORS).expect("our own descriptors");
    let services = pool.services().filter(|service| service.package_name() == "volbridge.node.v1");
    let methods: Vec<_> = services.flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
    methods
        .into_iter()
        .map(|method| Method {
            name: format!("{}.{}", method.parent_service().name(), method.name()),
            input: method.input(),
            output: method.output(),
            streams: method.is_server_streaming(),
            path: format!("/{}/{}", method.parent_service().full_name(), method.name()),
        })
        .collect()
}

impl Method {
    /// Whether calling it is no wish to change anything.
    pub fn only_reads(&self) -> bool {
        let verb = self.name.split('.').nth(1).unwrap_or_default();
        let writes = [
            "Add",
            "Begin",
            "Cancel",
            "Configure",
            "Confirm",
            "Create",
            "Decide",
            "Discard",
            "End",
            "Finish",
            "Fsck",
            "Invite",
            "Publish",
            "RebuildViews",
            "Remove",
            "Revoke",
            "Save",
            "Set",
            "Sign",
            "Start",
            "Store",
            "Submit",
            "Upload",
            "Withdraw",
        ];
        !writes.iter().any(|write| verb.starts_with(write))
    }

    /// Its first answer; none if it streams, and has begun to.
    pub async fn call(
        &self,
        channel: Channel,
        token: Option<MetadataValue<Ascii>>,
        message: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, Status> {
        let mut client = Grpc::new(channel);
        client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let mut request = Request::new(message);
        if let Some(token) = token {
            request.metadata_mut().insert("authorization", token);
        }
        let path = PathAndQuery::try_from(self.path.as_str()).expect("a path");
        let mut answers = client.server_streaming(request, path, Bytes).await?.into_inner();
        if self.streams {
            return Ok(None);
        }
        answers.message().await
    }
}

/// The fields of a message that hold a value, those of messages within it too: each by its path.
pub fn leaves(message: &MessageDescriptor) -> Vec<Vec<FieldDescriptor>> {
    let mut found = Vec::new();
    let mut open = VecDeque::from([(Vec::<FieldDescriptor>::new(), message.clone())]);
    while let Some((path, message)) = open.pop_front() {
        for field in message.fields().filter(|field| !field.is_map()) {
            let path: Vec<_> = path.iter().cloned().chain([field.clone()]).collect();
            match field.kind() {
                Kind::Message(inner) if path.len() < DEPTH => open.push_back((path, inner)),
                Kind::Message(_) | Kind::Enum(_) => {}
                _ => found.push(path),
            }
        }
    }
    found
}

/// Sets what stands at a path, and what is needed on the way to it.
pub fn set(message: &mut DynamicMessage, path: &[FieldDescriptor], value: Value) {
    let [field, rest @ ..] = path else { return };
    let value = match field.kind() {
        Kind::Message(inner) if !rest.is_empty() => {
            let mut within = match message.get_field(field).into_owned() {
                Value::Message(within) => within,
                _ => DynamicMessage::new(inner),
            };
            set(&mut within, rest, value);
            Value::Message(within)
        }
        _ => value,
    };
    message.set_field(field, if field.is_list() { Value::List(vec![value]) } else { value });
}

/// Messages as the bytes that they are.
#[derive(Clone, Copy, Debug)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, bytes: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&bytes);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length).to_vec()))
    }
}
