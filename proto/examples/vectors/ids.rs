//! record-id, partner-id, leaf.

use serde_json::json;
use volbridge_proto::{
    Code, kinds::Payload, partner_id as partner, record::body::encode_public, record_id as id, tlog::entry,
};

use crate::{Vectors, samples};

pub fn record_id() -> Vectors {
    let mut vectors = Vectors::new(
        "record-id",
        "H(\"volbridge/record-id/v1\\n\" ‖ body) = id. The first two cases are not bodies: the hash doesn't care.",
    );
    let listing = samples::public(&Payload::Listing(samples::small_listing()));
    let body = encode_public([1; 32], Some(samples::home()), 1, &listing, None).unwrap().bytes;
    let salted = encode_public([2; 32], Some(samples::home()), 1, &listing, None).unwrap().bytes;
    let cases: [(&str, &[u8]); 4] = [
        ("no bytes", b""),
        ("three bytes", b"abc"),
        ("a listing", &body),
        ("t32: the same listing with another salt", &salted),
    ];
    for (name, body) in cases {
        vectors.accept(name, json!({ "body": hex::encode(body), "id": id(body) }));
    }
    vectors
}

pub fn partner_id() -> Vectors {
    let mut vectors = Vectors::new(
        "partner-id",
        "H(\"volbridge/partner-id/v1\\n\" ‖ body of entry 0 of epoch 1) = id; fingerprint for people.",
    );
    let statement = samples::public(&Payload::PartnerDescriptor(samples::descriptor()));
    let signed = Some(samples::placeholder_signatures());
    let body = encode_public([1; 32], None, 1, &statement, signed).unwrap().bytes;
    for (name, body) in [("no bytes", Vec::new()), ("a first descriptor", body)] {
        let partner = partner(&body);
        let case = json!({ "body": hex::encode(&body), "id": partner, "fingerprint": partner.fingerprint() });
        vectors.accept(name, case);
    }
    vectors
}

pub fn leaf() -> Vectors {
    let mut vectors = Vectors::new(
        "leaf",
        "0x01 ‖ class ‖ record id, and the RFC 6962 hash of it. `refused`: kept in the tree as they are, never asked for.",
    );
    for (name, class) in [("public", entry::Class::Public), ("named", entry::Class::Named)] {
        let leaf = entry::Leaf { class, id: samples::record(7) };
        let case = json!({
            "leaf": hex::encode(leaf.encode()),
            "class": class.number(),
            "id": leaf.id,
            "hash": hex::encode(leaf.hash()),
        });
        vectors.accept(name, case);
    }
    let id = [7; 32];
    let unsupported = [
        ("no bytes", vec![]),
        ("version 0", [&[0, 0], id.as_slice()].concat()),
        ("version 2", [&[2, 0], id.as_slice()].concat()),
        ("class 1", [&[1, 1], id.as_slice()].concat()),
        ("class 3", [&[1, 3], id.as_slice()].concat()),
        ("too short", [&[1, 0], &id[1..]].concat()),
        ("too long", [&[1, 0], id.as_slice(), &[0]].concat()),
    ];
    for (name, leaf) in unsupported {
        let case = json!({ "leaf": hex::encode(&leaf), "hash": hex::encode(entry::leaf_hash(&leaf)) });
        vectors.refuse(name, Code::LeafUnsupported, case);
    }
    vectors
}
