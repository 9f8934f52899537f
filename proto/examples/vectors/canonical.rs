//! canonical: the one encoding of a message.

use serde_json::json;
use volbridge_proto::{Code, record::canonical::check};

use crate::Vectors;

pub fn canonical() -> Vectors {
    let mut vectors = Vectors::new(
        "canonical",
        "Bytes of a message of volbridge.record.v1. `critical_unknown`: whether it has an unknown field below 1024.",
    );
    for (name, message, bytes) in ACCEPTED {
        let found = check(&hex::decode(bytes).unwrap(), message).unwrap();
        let case = json!({ "message": message, "bytes": bytes, "critical_unknown": found.critical_unknown });
        vectors.accept(name, case);
    }
    for (name, code, message, bytes) in REFUSED {
        vectors.refuse(name, *code, json!({ "message": message, "bytes": bytes }));
    }
    vectors
}

const ACCEPTED: &[(&str, &str, &str)] = &[
    ("nothing set", "LocalText", ""),
    ("two texts", "LocalText", "0a0161120162"),
    ("a number of two bytes", "Listing", "50a801"),
    ("true", "Offer", "1001"),
    ("the largest uint64", "SeenLog", "10ffffffffffffffffff01"),
    ("a negative int64 takes ten bytes", "Statement", "28ffffffffffffffffff01"),
    ("a negative sint32", "Coordinates", "0801"),
    ("the largest sint32", "Coordinates", "08feffffff0f"),
    ("packed numbers, one of them 0", "Material", "5a03000111"),
    ("elements of a list one after the other", "AgreementTerms", "120161120162"),
    ("an empty element of a list", "AgreementTerms", "12001200"),
    ("an empty message in a list", "Conference", "1200"),
    ("an unknown critical number", "LocalText", "1801"),
    ("an unknown critical list", "LocalText", "1a001a0100"),
    ("an unknown critical field inside", "Conference", "12021801"),
    ("unknown fields that may be ignored", "LocalText", "80400182480100"),
];

const REFUSED: &[(&str, Code, &str, &str)] = &[
    ("fields in descending order", Code::CanonicalOrder, "LocalText", "1201620a0161"),
    ("a text twice", Code::CanonicalOrder, "LocalText", "0a01610a0161"),
    ("a number twice", Code::CanonicalOrder, "Offer", "10011001"),
    ("a sub-message twice", Code::CanonicalOrder, "Place", "2202080122021001"),
    ("a list interrupted", Code::CanonicalOrder, "AgreementTerms", "1201611a0162120163"),
    ("an unknown number twice", Code::CanonicalOrder, "LocalText", "18011801"),
    ("an unknown field before a known one", Code::CanonicalOrder, "LocalText", "1a01000a0161"),
    ("packed numbers in two pieces", Code::CanonicalOrder, "Material", "5a01015a0102"),
    ("empty text", Code::CanonicalDefault, "LocalText", "0a00"),
    ("empty bytes", Code::CanonicalDefault, "Listing", "1200"),
    ("false", Code::CanonicalDefault, "Offer", "1000"),
    ("zero", Code::CanonicalDefault, "Coordinates", "0800"),
    ("an empty sub-message", Code::CanonicalDefault, "Place", "2200"),
    ("no packed numbers", Code::CanonicalDefault, "Material", "5a00"),
    ("an unknown zero", Code::CanonicalDefault, "LocalText", "1800"),
    ("a padded number", Code::CanonicalVarint, "Offer", "108100"),
    ("a padded tag", Code::CanonicalVarint, "Offer", "900001"),
    ("a padded length", Code::CanonicalVarint, "LocalText", "0a810061"),
    ("a padded packed number", Code::CanonicalVarint, "Material", "5a028100"),
    ("a padded unknown number", Code::CanonicalVarint, "LocalText", "188100"),
    ("a bool of 2", Code::CanonicalVarint, "Offer", "1002"),
    ("a uint32 of 2^32", Code::CanonicalVarint, "Listing", "508080808010"),
    ("a sint32 of 2^32", Code::CanonicalVarint, "Coordinates", "088080808010"),
    ("a packed uint32 of 2^32", Code::CanonicalVarint, "Material", "5a058080808010"),
    ("a number above 64 bits", Code::CanonicalVarint, "SeenLog", "10ffffffffffffffffff02"),
    ("a number of eleven bytes", Code::CanonicalVarint, "SeenLog", "108080808080808080808001"),
    ("a number where text is meant", Code::CanonicalWireType, "LocalText", "0801"),
    ("text where a number is meant", Code::CanonicalWireType, "Offer", "120161"),
    ("repeated numbers that are not packed", Code::CanonicalWireType, "Material", "5801"),
    ("field number 0", Code::CanonicalTag, "LocalText", "0001"),
    ("a tag of 2^32", Code::CanonicalTag, "LocalText", "808080801000"),
    ("64 fixed bits", Code::CanonicalTag, "LocalText", "190000000000000001"),
    ("a group", Code::CanonicalTag, "LocalText", "1b1c"),
    ("32 fixed bits", Code::CanonicalTag, "LocalText", "1d00000001"),
    ("wire type 6", Code::CanonicalTag, "LocalText", "1e00"),
    ("wire type 7", Code::CanonicalTag, "LocalText", "1f00"),
    ("not UTF-8", Code::CanonicalUtf8, "LocalText", "0a01ff"),
    ("a surrogate in UTF-8", Code::CanonicalUtf8, "LocalText", "0a03eda080"),
    ("an overlong UTF-8 sequence", Code::CanonicalUtf8, "LocalText", "0a02c080"),
    ("a tag alone", Code::CanonicalTruncated, "LocalText", "0a"),
    ("a length beyond the end", Code::CanonicalTruncated, "LocalText", "0a0261"),
    ("a huge length", Code::CanonicalTruncated, "LocalText", "0affffffffffffffffff01"),
    ("a number without its last byte", Code::CanonicalTruncated, "Offer", "1080"),
    ("a sub-message that ends early", Code::CanonicalTruncated, "Place", "22020880"),
    ("an unknown field that ends early", Code::CanonicalTruncated, "LocalText", "1a05"),
];
