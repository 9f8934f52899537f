//! entry-valid, identity-message.

use prost::Message;
use serde_json::{Value, json};
use volbridge_proto::{
    Code, LogId, PartnerId,
    kinds::Payload,
    partner_id,
    record::{
        body::{encode_public, identity_message as message},
        canonical,
    },
    record_id,
    tlog::entry::{Class, Leaf},
    wire::record::v1::{Body, Sealed, Statement},
};

use crate::{Vectors, samples, sealing};

/// A body and where it stands.
struct Entry {
    bytes: Vec<u8>,
    class: Class,
    log: LogId,
    index: u64,
}

impl Entry {
    /// Entry 5 of the home partner's log.
    fn of(body: &Body) -> Self {
        let class = if body.class == 2 { Class::Named } else { Class::Public };
        Self { bytes: body.encode_to_vec(), class, log: LogId::new(samples::home(), 1), index: 5 }
    }

    fn at(mut self, log: LogId, index: u64) -> Self {
        (self.log, self.index) = (log, index);
        self
    }

    fn case(&self) -> Value {
        let leaf = Leaf { class: self.class, id: record_id(&self.bytes) };
        json!({
            "body": hex::encode(&self.bytes),
            "leaf": hex::encode(leaf.encode()),
            "log": self.log,
            "index": self.index,
        })
    }
}

fn body(statement: Statement) -> Body {
    let home = samples::home().to_vec();
    Body {
        salt: vec![0x5a; 32],
        format: 1,
        partner: home,
        epoch: 1,
        statement: Some(statement),
        ..Body::default()
    }
}

fn listing() -> Body {
    body(samples::public(&Payload::Listing(samples::small_listing())))
}

fn descriptor() -> Body {
    let statement = samples::public(&Payload::PartnerDescriptor(samples::descriptor()));
    Body { identity: Some(samples::placeholder_signatures()), ..body(statement) }
}

fn first() -> Body {
    Body { partner: vec![], ..descriptor() }
}

fn continuation() -> Body {
    let statement = samples::public(&Payload::Continuation(samples::continuation()));
    Body { epoch: 2, identity: Some(samples::placeholder_signatures()), ..body(statement) }
}

fn sealed() -> Body {
    Body::decode(sealing::profile().bytes.as_slice()).unwrap()
}

fn altered(mut body: Body, change: impl FnOnce(&mut Body)) -> Entry {
    change(&mut body);
    Entry::of(&body)
}

fn stated(change: impl FnOnce(&mut Statement)) -> Entry {
    altered(listing(), |body| change(body.statement.as_mut().unwrap()))
}

fn own_log() -> LogId {
    LogId::new(partner_id(&first().encode_to_vec()), 1)
}

pub fn entry_valid() -> Vectors {
    let mut vectors = Vectors::new(
        "entry-valid",
        "A body, its leaf, the log (partner/epoch) and the index at which it stands. Identity signatures have the right length \
         and are not verified here. `class`, `kind` (public only) and `needs_newer` come out.",
    );
    for (name, entry) in accepted() {
        let mut case = entry.case();
        let read = Body::decode(entry.bytes.as_slice()).unwrap();
        case["class"] = json!(read.class);
        case["kind"] = json!(read.statement.map(|statement| statement.kind));
        case["needs_newer"] = json!(name.contains("newer node"));
        vectors.accept(name, case);
    }
    for (name, code, entry) in refused_bodies().into_iter().chain(refused_statements()).chain(refused_seals())
    {
        vectors.refuse(name, code, entry.case());
    }
    let mut case = Entry::of(&listing()).case();
    case["leaf"] = json!(hex::encode(Leaf { class: Class::Public, id: samples::record(1) }.encode()));
    vectors.refuse("t10: another body than the leaf's", Code::RecordId, case);
    let mut case = Entry { class: Class::Named, ..Entry::of(&listing()) }.case();
    case["index"] = json!(5);
    vectors.refuse("t10: a public body under a named leaf", Code::RecordClass, case);
    vectors
}

fn accepted() -> Vec<(&'static str, Entry)> {
    let unknown_kind = stated(|statement| statement.kind = "org.example.drill.v12".into());
    let mut ignorable = Entry::of(&listing());
    ignorable.bytes.extend([0x80, 0x40, 1]);
    vec![
        ("a first descriptor", Entry::of(&first()).at(own_log(), 0)),
        ("a later descriptor", Entry::of(&descriptor())),
        ("a continuation", Entry::of(&continuation()).at(LogId::new(samples::home(), 2), 0)),
        ("a listing", Entry::of(&listing())),
        ("a sealed record", Entry::of(&sealed())),
        ("a kind of someone else's", unknown_kind),
        ("a payload that makes no sense", stated(|statement| statement.payload = vec![0xff])),
        ("a body with a field that may be ignored", ignorable),
        (
            "a statement for a newer node",
            Entry { bytes: with_statement_field(&[0x68, 1]), ..Entry::of(&listing()) },
        ),
        (
            "a second revision",
            stated(|statement| {
                statement.revision = 2;
                statement.previous = samples::record(1).to_vec();
            }),
        ),
        ("republished in epoch 2", republished()),
    ]
}

fn republished() -> Entry {
    let entry = altered(listing(), |body| {
        body.epoch = 2;
        body.statement.as_mut().unwrap().republishes = samples::record(1).to_vec();
    });
    entry.at(LogId::new(samples::home(), 2), 5)
}

/// A listing's body whose statement ends with these bytes.
fn with_statement_field(field: &[u8]) -> Vec<u8> {
    let mut body = listing();
    let statement = [body.statement.take().unwrap().encode_to_vec(), field.to_vec()].concat();
    let mut bytes = body.encode_to_vec();
    bytes.push(0x32);
    prost::encoding::encode_varint(u64::try_from(statement.len()).unwrap(), &mut bytes);
    bytes.extend(statement);
    bytes
}

type Refused = (&'static str, Code, Entry);

fn refused_bodies() -> Vec<Refused> {
    let mut newer = Entry::of(&listing());
    newer.bytes.extend([0x48, 1]);
    let mut trailing = Entry::of(&listing());
    trailing.bytes.push(0);
    let mut swapped = Entry::of(&listing());
    swapped.bytes[..36].rotate_left(34);
    vec![
        (
            "t01: another partner's log",
            Code::RecordPartner,
            Entry::of(&listing()).at(LogId::new(samples::host(), 1), 5),
        ),
        (
            "t01: another epoch's log",
            Code::RecordEpoch,
            Entry::of(&listing()).at(LogId::new(samples::home(), 2), 5),
        ),
        (
            "t01: a first descriptor in another's log",
            Code::RecordPartner,
            Entry::of(&first()).at(LogId::new(samples::home(), 1), 0),
        ),
        (
            "a descriptor without partner later in its log",
            Code::RecordPartner,
            Entry::of(&first()).at(own_log(), 5),
        ),
        (
            "a first descriptor that names a partner",
            Code::RecordPartner,
            Entry::of(&descriptor()).at(LogId::new(samples::home(), 1), 0),
        ),
        (
            "a log that begins with a listing",
            Code::RecordFirst,
            Entry::of(&listing()).at(LogId::new(samples::home(), 1), 0),
        ),
        ("an epoch that begins with a descriptor", Code::RecordFirst, {
            altered(descriptor(), |body| body.epoch = 2).at(LogId::new(samples::home(), 2), 0)
        }),
        (
            "a continuation later in its log",
            Code::RecordFirst,
            Entry::of(&continuation()).at(LogId::new(samples::home(), 2), 1),
        ),
        ("a continuation in epoch 1", Code::RecordFirst, {
            altered(continuation(), |body| body.epoch = 1).at(LogId::new(samples::home(), 1), 4)
        }),
        ("a salt of 31 bytes", Code::FieldLength, altered(listing(), |body| body.salt.truncate(31))),
        ("no salt", Code::FieldLength, altered(listing(), |body| body.salt.clear())),
        ("format 2", Code::RecordFormat, altered(listing(), |body| body.format = 2)),
        ("no format", Code::RecordFormat, altered(listing(), |body| body.format = 0)),
        ("no epoch", Code::RecordEpoch, altered(listing(), |body| body.epoch = 0)),
        ("a partner of 31 bytes", Code::FieldLength, altered(listing(), |body| body.partner.truncate(31))),
        ("class 1", Code::RecordClass, altered(listing(), |body| body.class = 1)),
        ("class 2 with a statement", Code::RecordContent, altered(listing(), |body| body.class = 2)),
        (
            "class 0 with a seal",
            Code::RecordContent,
            Entry { class: Class::Public, ..altered(sealed(), |body| body.class = 0) },
        ),
        ("statement and seal", Code::RecordContent, altered(listing(), |body| body.sealed = sealed().sealed)),
        ("neither statement nor seal", Code::RecordContent, altered(listing(), |body| body.statement = None)),
        ("a listing with identity signatures", Code::RecordIdentity, {
            altered(listing(), |body| body.identity = Some(samples::placeholder_signatures()))
        }),
        (
            "a descriptor without identity signatures",
            Code::RecordIdentity,
            altered(descriptor(), |body| body.identity = None),
        ),
        ("an Ed25519 signature of 63 bytes", Code::FieldLength, {
            altered(descriptor(), |body| body.identity.as_mut().unwrap().ed25519.truncate(63))
        }),
        ("no ML-DSA-44 signature", Code::FieldLength, {
            altered(descriptor(), |body| body.identity.as_mut().unwrap().mldsa44.clear())
        }),
        ("t03: a critical field that nobody knows", Code::RecordNeedsNewer, newer),
        ("t03: a byte after the end", Code::CanonicalTag, trailing),
        ("t03: format before salt", Code::CanonicalOrder, swapped),
    ]
}

fn refused_statements() -> Vec<Refused> {
    let own = samples::home().to_vec();
    let kind = |kind: &str| stated(|statement| statement.kind = kind.to_owned());
    let reference = |partner: PartnerId| volbridge_proto::wire::record::v1::Ref {
        partner: partner.to_vec(),
        id: samples::record(1).to_vec(),
    };
    vec![
        ("no kind", Code::StatementKind, kind("")),
        ("a kind of two labels", Code::StatementKind, kind("listing.v1")),
        ("a kind without version", Code::StatementKind, kind("volbridge.listing.one")),
        ("a kind with version 0", Code::StatementKind, kind("volbridge.listing.v0")),
        ("a kind in capitals", Code::StatementKind, kind("volbridge.Listing.v1")),
        ("a kind with an empty label", Code::StatementKind, kind("volbridge..v1")),
        ("a kind of 65 characters", Code::StatementKind, kind(&format!("org.{}.v1", "a".repeat(58)))),
        ("a subject of 15 bytes", Code::FieldLength, stated(|statement| statement.subject.truncate(15))),
        ("a public subject of version 4", Code::FieldInvalid, {
            stated(|statement| statement.subject = samples::named_subject().to_vec())
        }),
        ("no revision", Code::FieldRequired, stated(|statement| statement.revision = 0)),
        ("revision 1 with a previous one", Code::FieldUnexpected, {
            stated(|statement| statement.previous = samples::record(1).to_vec())
        }),
        (
            "revision 2 without a previous one",
            Code::FieldRequired,
            stated(|statement| statement.revision = 2),
        ),
        ("issued before 1970", Code::TimeMalformed, stated(|statement| statement.issued_at = -1)),
        (
            "expires after 9999",
            Code::TimeMalformed,
            stated(|statement| statement.expires_at = 253_402_300_800_000),
        ),
        ("65 sources", Code::FieldTooMany, {
            stated(|statement| {
                statement.sources = (0..65).map(|number| reference(PartnerId::from([number; 32]))).collect();
            })
        }),
        ("a source twice", Code::FieldDuplicate, {
            stated(|statement| {
                statement.sources = vec![reference(samples::host()), reference(samples::host())];
            })
        }),
        ("an own source that names the partner", Code::FieldUnexpected, {
            stated(|statement| statement.sources = vec![reference(samples::home())])
        }),
        ("recipients of a public record", Code::FieldUnexpected, {
            stated(|statement| {
                statement.subject = samples::named_subject().to_vec();
                statement.recipients = vec![samples::host().to_vec()];
            })
        }),
        (
            "itself among the recipients",
            Code::FieldUnexpected,
            stated(|statement| statement.recipients = vec![own]),
        ),
        ("an authority without purpose", Code::FieldInvalid, {
            stated(|statement| {
                let mut authority = samples::authority(None);
                authority.purpose.clear();
                statement.authority = Some(authority);
            })
        }),
        ("an authority that saw another's log", Code::FieldMismatch, {
            stated(|statement| {
                let mut authority = samples::authority(None);
                authority.seen.as_mut().unwrap().partner = samples::other().to_vec();
                statement.authority = Some(authority);
            })
        }),
        ("republished in epoch 1", Code::FieldUnexpected, {
            stated(|statement| statement.republishes = samples::record(1).to_vec())
        }),
    ]
}

fn refused_seals() -> Vec<Refused> {
    let seal = |change: fn(&mut Sealed)| altered(sealed(), |body| change(body.sealed.as_mut().unwrap()));
    vec![
        ("suite 2", Code::SealSuite, seal(|sealed| sealed.suite = 2)),
        ("a commitment of 31 bytes", Code::FieldLength, seal(|sealed| sealed.commitment.truncate(31))),
        ("no slot", Code::SealSlots, seal(|sealed| sealed.slots.clear())),
        ("three slots", Code::SealSlots, seal(|sealed| sealed.slots.push(sealed.slots[0].clone()))),
        (
            "an encapsulation of 1,119 bytes",
            Code::FieldLength,
            seal(|sealed| sealed.slots[0].enc.truncate(1119)),
        ),
        ("a box of 57 bytes", Code::FieldLength, seal(|sealed| sealed.slots[1].r#box.push(0))),
        ("a ciphertext of an unpadded length", Code::SealLength, seal(|sealed| sealed.ciphertext.push(0))),
        ("a ciphertext of a tag alone", Code::SealLength, seal(|sealed| sealed.ciphertext.truncate(16))),
        (
            "a sealed record without partner",
            Code::RecordPartner,
            altered(sealed(), |body| body.partner.clear()),
        ),
        ("a sealed record with identity signatures", Code::RecordIdentity, {
            altered(sealed(), |body| body.identity = Some(samples::placeholder_signatures()))
        }),
    ]
}

pub fn identity_message() -> Vectors {
    let mut vectors = Vectors::new(
        "identity-message",
        "What both identity keys sign for a body: the prefix ‖ the body without field 8.",
    );
    let statement = samples::public(&Payload::PartnerDescriptor(samples::descriptor()));
    let signed = Some(samples::placeholder_signatures());
    let bytes = encode_public([1; 32], None, 1, &statement, signed).unwrap().bytes;
    let extended = [bytes.as_slice(), &[0x80, 0x40, 1]].concat();
    canonical::check(&extended, "Body").unwrap();
    for (name, body) in [("a first descriptor", bytes), ("a field from 1024 on stays", extended)] {
        let case = json!({ "body": hex::encode(&body), "message": hex::encode(message(&body).unwrap()) });
        vectors.accept(name, case);
    }
    vectors
}
