//! Records: bodies, what is sealed in them, statements, the payload of each kind.

use std::sync::LazyLock;

use prost::Message;
use volbridge_proto::{
    LogId, PartnerId,
    kinds::{self, Payload},
    partner_id,
    record::{
        Body, ContentVerdict, Statement,
        body::{head, identity_message},
        canonical, content_valid, entry_valid,
        verdict::public_content,
        withdraw,
    },
    record_id,
    seal::{self, DataKey, SealingSecret},
    tlog::entry::{Class, Leaf},
    wire::record::v1 as wire,
};

use super::{named, prints_back};
use crate::vectors::{self, Vectors};

/// The log in which a body says that it stands.
pub fn log_of(body: &wire::Body, bytes: &[u8]) -> LogId {
    match PartnerId::try_from(body.partner.as_slice()) {
        Ok(partner) => LogId::new(partner, body.epoch),
        Err(_) => LogId::new(partner_id(bytes), 1),
    }
}

/// A body, as the first entry of its log and as a later one.
pub fn body(bytes: &[u8]) {
    let claimed = wire::Body::decode(bytes).unwrap_or_default();
    let log = log_of(&claimed, bytes);
    let class = Class::from_number(claimed.class).unwrap_or(Class::Public);
    let leaf = Leaf { class, id: record_id(bytes) };
    for index in [0, 1] {
        if let Ok(body) = entry_valid(bytes, &leaf, &log, index) {
            accepted(bytes, &body, &log);
        }
    }
}

fn accepted(bytes: &[u8], body: &Body, log: &LogId) {
    assert_eq!(body.id, record_id(bytes));
    prints_back::<wire::Body>(bytes);
    assert!(head(bytes).is_ok_and(|head| bytes.starts_with(&head)));
    assert!(identity_message(bytes).is_ok_and(|message| message.len() < bytes.len() + 64));
    if let Some(verdict) = public_content(body) {
        judged(&verdict, log, bytes.len());
    }
}

fn judged(verdict: &ContentVerdict, log: &LogId, length: usize) {
    match verdict {
        ContentVerdict::Valid(payload) => {
            assert!(payload.encode().is_ok(), "valid, and without canonical bytes");
            assert!(payload.faults().is_empty());
            let prose = kinds::prose(payload).unwrap_or_default();
            assert!(prose.iter().map(|(_, text)| text.len()).sum::<usize>() <= length);
            if let Payload::Withdrawal(withdrawal) = payload {
                assert!(withdraw::ids(withdrawal).len() <= length / 32);
            }
        }
        // A report is no larger than what it is about.
        ContentVerdict::Invalid(faults) => {
            assert!(!faults.is_empty() && faults.len() <= length + 64, "{log}: {} faults", faults.len());
        }
        ContentVerdict::UnknownKind | ContentVerdict::NeedsNewer => {}
    }
}

/// Who can open the vectors' bodies.
struct Reader {
    partner: PartnerId,
    secret: SealingSecret,
}

static READERS: LazyLock<Vec<Reader>> = LazyLock::new(|| {
    let mut readers: Vec<Reader> = Vec::new();
    for case in Vectors::of("sealing").cases() {
        let partner = case["partner"].as_str().and_then(|partner| partner.parse().ok());
        let seed = vectors::bytes(&case["secret"]).and_then(|seed| seed.try_into().ok());
        if let (Some(partner), Some(seed)) = (partner, seed)
            && !readers.iter().any(|reader| reader.secret.seed() == &seed)
        {
            readers.push(Reader { partner, secret: SealingSecret::from_seed(seed) });
        }
    }
    readers
});

static DATA_KEYS: LazyLock<Vec<DataKey>> = LazyLock::new(|| {
    let vectors = Vectors::of("sealing");
    let keys = vectors.cases().filter_map(|case| vectors::bytes(&case["data_key"])?.try_into().ok());
    keys.map(DataKey::from_bytes).collect()
});

/// A sealed body, opened by those who can open the vectors' and with the keys that were given away.
pub fn sealed(bytes: &[u8]) {
    let claimed = wire::Body::decode(bytes).unwrap_or_default();
    let Ok(body) = Body::parse(bytes, &log_of(&claimed, bytes)) else { return };
    for reader in READERS.iter() {
        if let Ok(opened) = seal::open(&body, reader.partner, &reader.secret) {
            assert!(opened.nth > 0);
            named_statement(&opened.statement, reader.partner);
            let again = seal::open_with_data_key(&body, &opened.data_key);
            assert_eq!(again, Ok(opened.statement), "its data key opens something else");
        }
    }
    for key in DATA_KEYS.iter() {
        if let Ok(statement) = seal::open_with_data_key(&body, key) {
            assert_eq!(statement.class(), Class::Named);
        }
    }
}

fn named_statement(statement: &Statement, reader: PartnerId) {
    assert_eq!(statement.class(), Class::Named);
    assert!(statement.author == reader || statement.recipients.contains(&reader));
}

/// A statement of a log in its first and in a later epoch.
pub fn statement(bytes: &[u8]) {
    for epoch in [1, 2] {
        let log = LogId::new(PartnerId::new([0xb0; 32]), epoch);
        let Ok(statement) = Statement::parse(bytes, &log) else { continue };
        prints_back::<wire::Statement>(bytes);
        assert!(statement.recipients.is_sorted_by(|one, next| one < next));
        assert!(!statement.recipients.contains(&log.partner));
        judged(&content_valid(&statement), &log, bytes.len());
    }
}

/// The name of a kind in the first line, then a payload.
pub fn payload(bytes: &[u8]) {
    let Some((kind, payload)) = named(bytes) else { return };
    let verdict = kinds::validate(kind, payload);
    judged(&verdict, &LogId::new(PartnerId::new([0; 32]), 1), payload.len());
    if let ContentVerdict::Valid(value) = verdict {
        let again = value.encode().unwrap_or_default();
        assert!(again.len() < payload.len() || again == payload, "two encodings of one {kind}");
    }
}

/// The name of a message in the first line, then its canonical encoding.
pub fn canonical_form(bytes: &[u8]) {
    macro_rules! check {
        ($name:ident, $bytes:ident, $($message:ident)*) => {
            match $name {
                $(stringify!($message) => {
                    if canonical::check($bytes, stringify!($message)).is_ok() {
                        prints_back::<wire::$message>($bytes);
                    }
                })*
                _ => {}
            }
        };
    }
    let Some((name, bytes)) = named(bytes) else { return };
    check!(name, bytes, Body Statement Sealed LocalText Offer Listing Place Coordinates Translation Withdrawal Agreement
        AgreementTerms Consent Conference Material NodeInfo Organisation PartnerDescriptor Keys Statistics VolunteerProfile);
}
