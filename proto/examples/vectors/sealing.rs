//! padme, sealing.

use serde_json::json;
use volbridge_proto::{
    Code, LogId, PartnerId,
    kinds::Payload,
    record::{Body, EncodedBody},
    seal::{self, SealingPublic, SealingSecret},
    wire::record::v1::Statement,
};

use crate::{Vectors, samples, stream::Stream};

fn secret(partner: PartnerId) -> SealingSecret {
    SealingSecret::from_seed(*partner.as_bytes())
}

fn slot(partner: PartnerId, nth: u64) -> (PartnerId, SealingPublic, u64) {
    (partner, secret(partner).public().unwrap(), nth)
}

fn sealed(statement: &Statement, slots: &[(PartnerId, SealingPublic, u64)]) -> EncodedBody {
    let mut rng = Stream::new("sealing");
    seal::seal([0x5a; 32], samples::home(), 1, statement, slots, &mut rng).unwrap()
}

/// A profile sealed by the home partner to the host.
pub fn profile() -> EncodedBody {
    sealed(&samples::profile_statement(), &[slot(samples::home(), 31), slot(samples::host(), 7)])
}

pub fn padme() -> Vectors {
    let mut vectors = Vectors::new("padme", "Padmé(length) = padded.");
    for length in [
        0, 1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 31, 33, 63, 65, 100, 129, 1000, 1025, 4097, 65_537, 262_145,
        1_048_577,
    ] {
        vectors.accept(&length.to_string(), json!({ "length": length, "padded": seal::padme(length) }));
    }
    vectors
}

pub fn sealing() -> Vectors {
    let mut vectors = Vectors::new(
        "sealing",
        "A sealed body of `log`, opened by `partner` with the X-Wing seed `secret`, gives `statement`, `nth` and `data_key`. \
         `refused` bodies are entry-valid.",
    );
    let mut shared = samples::named(&Payload::Listing(samples::small_listing()));
    shared.recipients = vec![samples::host().to_vec(), samples::other().to_vec()];
    let three =
        sealed(&shared, &[slot(samples::home(), 1), slot(samples::host(), 1), slot(samples::other(), 9)]);
    let cases = [
        ("the recipient opens a profile", profile(), samples::host()),
        ("its author opens it", profile(), samples::home()),
        ("one of two recipients, among a filler", three, samples::other()),
    ];
    for (name, body, partner) in cases {
        vectors.accept(name, opened(&body, partner));
    }
    let body = profile();
    vectors.refuse("t30: another partner's key", Code::SealCannotOpen, case(&body.bytes, samples::other()));
    let not_named =
        sealed(&samples::profile_statement(), &[slot(samples::home(), 31), slot(samples::host(), 7)]);
    let mut imposter = case(&not_named.bytes, samples::other());
    imposter["secret"] = json!(hex::encode(secret(samples::host()).seed()));
    vectors.refuse("a slot for who isn't named", Code::SealNotNamed, imposter);
    for (name, code, change) in CHANGES {
        vectors.refuse(name, *code, case(&changed(&body, *change), samples::host()));
    }
    vectors
}

fn case(body: &[u8], partner: PartnerId) -> serde_json::Value {
    json!({
        "log": LogId::new(samples::home(), 1),
        "body": hex::encode(body),
        "partner": partner,
        "secret": hex::encode(secret(partner).seed()),
    })
}

fn opened(body: &EncodedBody, partner: PartnerId) -> serde_json::Value {
    let read = Body::parse(&body.bytes, &LogId::new(samples::home(), 1)).unwrap();
    let opened = seal::open(&read, partner, &secret(partner)).unwrap();
    let mut case = case(&body.bytes, partner);
    case["kind"] = json!(opened.statement.kind);
    case["payload"] = json!(hex::encode(&opened.statement.payload));
    case["nth"] = json!(opened.nth);
    case["data_key"] = json!(hex::encode(opened.data_key.as_bytes()));
    case
}

type Wire = volbridge_proto::wire::record::v1::Body;
type Change = fn(&mut Wire);

const CHANGES: &[(&str, Code, Change)] = &[
    ("another salt: the seal is bound to its body", Code::SealCannotOpen, |body| body.salt[0] ^= 1),
    ("another commitment", Code::SealCannotOpen, |body| body.sealed.as_mut().unwrap().commitment[0] ^= 1),
    ("a changed byte of the ciphertext", Code::SealContent, |body| {
        body.sealed.as_mut().unwrap().ciphertext[9] ^= 1;
    }),
    ("all boxes changed", Code::SealCannotOpen, |body| {
        body.sealed.as_mut().unwrap().slots.iter_mut().for_each(|slot| slot.r#box[0] ^= 1);
    }),
    ("all encapsulations changed", Code::SealCannotOpen, |body| {
        body.sealed.as_mut().unwrap().slots.iter_mut().for_each(|slot| slot.enc[1100] ^= 1);
    }),
];

fn changed(body: &EncodedBody, change: Change) -> Vec<u8> {
    use prost::Message;
    let mut wire = Wire::decode(body.bytes.as_slice()).unwrap();
    change(&mut wire);
    wire.encode_to_vec()
}
