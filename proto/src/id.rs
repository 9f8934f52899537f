//! Names of partners, records, subjects, blobs and logs (protocol sections 1 and 3).
//! Each is a newtype over its bytes, so that one can't be passed for another.
//! Shown, parsed and serialised as lower-case hex; subjects as UUIDs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::error::{Code, Refusal};

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The id with these bytes.
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The bytes, as the wire messages hold them.
            pub fn to_vec(self) -> Vec<u8> {
                self.0.to_vec()
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = Refusal;

            fn try_from(bytes: &[u8]) -> Result<Self, Refusal> {
                Ok(Self(exactly(bytes)?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Refusal;

            fn from_str(text: &str) -> Result<Self, Refusal> {
                lower_hex(text).map(Self)
            }
        }

        display_serde!($name);
    };
}

macro_rules! display_serde {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

hex_id!(
    /// A partner: the hash of its first descriptor's body.
    PartnerId
);
hex_id!(
    /// A record: the hash of its body.
    RecordId
);
hex_id!(
    /// BLAKE3 of a blob's bytes.
    BlobHash
);

impl PartnerId {
    /// What people compare: the first 16 bytes in groups of four digits.
    ///
    /// `3f1c 9ab0 … ` (eight groups)
    pub fn fingerprint(&self) -> String {
        let digits = hex::encode(&self.0[..16]);
        let groups: Vec<&str> = (0..8).map(|group| &digits[group * 4..group * 4 + 4]).collect();
        groups.join(" ")
    }
}

impl RecordId {
    /// The first eight bytes, big-endian: a narrow key for indexes.
    pub fn prefix(&self) -> i64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        i64::from_be_bytes(first)
    }
}

/// The id of a record: H(`"volbridge/record-id/v1\n"` ‖ body).
pub fn record_id(body: &[u8]) -> RecordId {
    RecordId(prefixed_hash(b"volbridge/record-id/v1\n", body))
}

/// The id of a partner: H(`"volbridge/partner-id/v1\n"` ‖ the body of entry 0 of epoch 1).
pub fn partner_id(first_body: &[u8]) -> PartnerId {
    PartnerId(prefixed_hash(b"volbridge/partner-id/v1\n", first_body))
}

/// SHA-256 over a statement's prefix and its bytes.
pub(crate) fn prefixed_hash(prefix: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(prefix);
    hash.update(bytes);
    hash.finalize().into()
}

/// What a record is about: a UUID, unique within its partner.
/// Version 7 for public records, version 4 for named ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectId([u8; 16]);

impl SubjectId {
    /// A subject of public records: 48 bits of time, the rest random.
    pub fn v7(unix_ms: i64, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&unix_ms.max(0).to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        Self::stamped(bytes, 7)
    }

    /// A subject of named records: all random, so that two hosts can't link theirs.
    pub fn v4(random: [u8; 16]) -> Self {
        Self::stamped(random, 4)
    }

    fn stamped(mut bytes: [u8; 16], version: u8) -> Self {
        bytes[6] = bytes[6] & 0x0f | version << 4;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    /// Whether it is fit for a public record.
    pub fn is_v7(&self) -> bool {
        self.is_version(7)
    }

    /// Whether it is fit for a named record.
    pub fn is_v4(&self) -> bool {
        self.is_version(4)
    }

    fn is_version(&self, version: u8) -> bool {
        self.0[6] >> 4 == version && self.0[8] >> 6 == 0b10
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The bytes, as the wire messages hold them.
    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl From<[u8; 16]> for SubjectId {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for SubjectId {
    type Error = Refusal;

    fn try_from(bytes: &[u8]) -> Result<Self, Refusal> {
        Ok(Self(exactly(bytes)?))
    }
}

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex::encode(self.0);
        let (a, rest) = digits.split_at(8);
        let (b, rest) = rest.split_at(4);
        let (c, rest) = rest.split_at(4);
        let (d, e) = rest.split_at(4);
        write!(f, "{a}-{b}-{c}-{d}-{e}")
    }
}

impl fmt::Debug for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SubjectId {
    type Err = Refusal;

    /// Reads `01890a5d-ac96-774b-bcce-b302099a8057`, lower case, hyphens in their places.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let id = Self(lower_hex(&text.replace('-', ""))?);
        if id.to_string() == text { Ok(id) } else { Err(Refusal::new(Code::IdMalformed)) }
    }
}

display_serde!(SubjectId);

/// One log: a partner's, in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// Whose log it is.
    pub partner: PartnerId,
    /// From 1.
    pub epoch: u64,
}

impl LogId {
    /// A partner's log in an epoch.
    pub fn new(partner: PartnerId, epoch: u64) -> Self {
        Self { partner, epoch }
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partner, self.epoch)
    }
}

impl FromStr for LogId {
    type Err = Refusal;

    /// Reads `<64 hex digits>/<epoch>`.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Code::IdMalformed);
        let (partner, epoch) = text.split_once('/').ok_or_else(malformed)?;
        let log = Self { partner: partner.parse()?, epoch: epoch.parse().map_err(|_| malformed())? };
        if log.epoch > 0 && log.to_string() == text { Ok(log) } else { Err(malformed()) }
    }
}

display_serde!(LogId);

/// A record of some partner; without one: of the partner that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref {
    /// Absent: the author's own.
    pub partner: Option<PartnerId>,
    /// Which record.
    pub id: RecordId,
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Refusal> {
    bytes
        .try_into()
        .map_err(|_| Refusal::new(Code::FieldLength).with("expected", N).with("found", bytes.len()))
}

fn lower_hex<const N: usize>(text: &str) -> Result<[u8; N], Refusal> {
    let malformed = || Refusal::new(Code::IdMalformed);
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(malformed());
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| malformed())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_back_the_text_that_they_were_read_from() {
        let text = "00ff".repeat(16);
        assert_eq!(text.parse::<RecordId>().unwrap().to_string(), text);
        let uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(uuid.parse::<SubjectId>().unwrap().to_string(), uuid);
        let log = format!("{text}/12");
        assert_eq!(log.parse::<LogId>().unwrap().to_string(), log);
    }

    #[test]
    fn other_spellings_of_an_id_are_refused() {
        for text in ["", "00", &"00FF".repeat(16), &"0g".repeat(32)] {
            assert_eq!(text.parse::<PartnerId>().unwrap_err().code, Code::IdMalformed, "{text}");
        }
        for text in ["01890a5dac96774bbcceb302099a8057", "01890A5D-ac96-774b-bcce-b302099a8057"] {
            assert!(text.parse::<SubjectId>().is_err(), "{text}");
        }
        for text in ["/1", &format!("{}/0", "00".repeat(32)), &format!("{}/01", "00".repeat(32))] {
            assert!(text.parse::<LogId>().is_err(), "{text}");
        }
    }

    #[test]
    fn subjects_carry_their_version_and_time() {
        let public = SubjectId::v7(0x0189_0a5d_ac96, [0xff; 10]);
        assert!(public.is_v7() && !public.is_v4());
        assert_eq!(public.to_string(), "01890a5d-ac96-7fff-bfff-ffffffffffff");
        assert!(SubjectId::v4([0; 16]).is_v4());
    }

    #[test]
    fn fingerprints_are_eight_groups() {
        let partner = PartnerId::from(std::array::from_fn(|byte| u8::try_from(byte).unwrap()));
        assert_eq!(partner.fingerprint(), "0001 0203 0405 0607 0809 0a0b 0c0d 0e0f");
    }
}
