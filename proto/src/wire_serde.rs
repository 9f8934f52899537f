//! How bytes of record messages look in JSON and YAML: lower-case hex, 16 bytes
//! (subjects) as a UUID. Both spellings are read for 16 bytes.

use serde::{Deserialize, Deserializer, Serializer, de::Error, ser::SerializeSeq};

use crate::id::SubjectId;

fn print(bytes: &[u8]) -> String {
    <[u8; 16]>::try_from(bytes).map_or_else(|_| hex::encode(bytes), |id| SubjectId::from(id).to_string())
}

fn read<E: Error>(text: &str) -> Result<Vec<u8>, E> {
    if let Ok(subject) = text.parse::<SubjectId>() {
        return Ok(subject.to_vec());
    }
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let bytes = hex::decode(text).ok().filter(|_| lower);
    bytes.ok_or_else(|| E::custom("expected lower-case hex digits or a UUID"))
}

pub(crate) mod bytes {
    use super::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::print(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        super::read(&String::deserialize(deserializer)?)
    }
}

pub(crate) mod bytes_list {
    use super::{Deserialize, Deserializer, SerializeSeq, Serializer};

    pub fn serialize<S: Serializer>(list: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(list.len()))?;
        for bytes in list {
            sequence.serialize_element(&super::print(bytes))?;
        }
        sequence.end()
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        Vec::<String>::deserialize(deserializer)?.iter().map(|text| super::read(text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::record::v1::{Listing, Withdrawal};

    #[test]
    fn bytes_are_hex_and_subjects_are_uuids() {
        let uuid = "01890a5d-ac96-774b-bcce-b302099a8057";
        for organisation in [uuid.to_owned(), uuid.replace('-', "")] {
            let text = format!(r#"{{"organisation":"{organisation}"}}"#);
            let listing: Listing = serde_json::from_str(&text).unwrap();
            let printed = serde_json::to_value(&listing).unwrap();
            assert_eq!(printed["organisation"], uuid);
        }
        let withdrawal = Withdrawal { ids: vec![vec![0xab; 32]], reason: String::new() };
        let printed = serde_json::to_string(&withdrawal).unwrap();
        assert_eq!(printed, format!(r#"{{"ids":["{}"],"reason":""}}"#, "ab".repeat(32)));
        assert_eq!(serde_json::from_str::<Withdrawal>(&printed).unwrap(), withdrawal);
    }

    #[test]
    fn a_misspelt_field_is_reported() {
        let refused = serde_json::from_str::<Listing>(r#"{"titel":"x"}"#).unwrap_err();
        assert!(refused.to_string().contains("titel"));
        assert!(serde_json::from_str::<Listing>(r#"{"organisation":"XY"}"#).is_err());
    }
}
