//! The fields of every record message, as the `.proto` files declare them.
//! The table is written by build.rs.

/// One message of `volbridge.record.v1`.
pub(super) struct MessageSchema {
    pub name: &'static str,
    /// Ascending by number.
    pub fields: &'static [FieldSchema],
}

/// One field of a message.
pub(super) struct FieldSchema {
    pub number: u32,
    pub name: &'static str,
    pub kind: Kind,
    pub repeated: bool,
}

/// What a field holds. Records use no other types.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Bool,
    Uint32,
    Uint64,
    Int64,
    Sint32,
    String,
    Bytes,
    /// Its place in `MESSAGES`.
    Message(usize),
}

impl Kind {
    /// Whether it is encoded as a varint, and packed if repeated.
    pub fn is_scalar(self) -> bool {
        !matches!(self, Self::String | Self::Bytes | Self::Message(_))
    }
}

include!(concat!(env!("OUT_DIR"), "/schema.rs"));

/// The schema of the message with this name.
pub(super) fn message(name: &str) -> Option<&'static MessageSchema> {
    let place = MESSAGES.binary_search_by(|message| message.name.cmp(name)).ok()?;
    MESSAGES.get(place)
}
