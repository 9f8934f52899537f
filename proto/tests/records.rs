//! Properties of records: what was encoded is read back, what was reshaped is
//! refused, folds don't depend on when bodies were erased, seals open for the named.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::convert::Infallible;

use proptest::prelude::*;
use prost::Message;
use rand::{TryCryptoRng, TryRng};
use volbridge_proto::{
    Code, LogId, PartnerId, RecordId, SubjectId,
    record::{
        Body, body, canonical, entry_valid,
        revision::{RevisionEntry, current},
    },
    seal::{self, SealingSecret, padme},
    tlog::entry::Leaf,
    wire::record::v1 as wire,
};

/// A small generator for tests: xorshift.
struct Seeded(u64);

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| u32::try_from(number >> 32).unwrap_or_default())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Ok(self.0)
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        for byte in target {
            *byte = self.try_next_u64()?.to_be_bytes()[0];
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

/// Found inputs are kept beside this file.
fn config(cases: u32) -> ProptestConfig {
    let persistence = proptest::test_runner::FileFailurePersistence::WithSource("regressions");
    ProptestConfig { cases, failure_persistence: Some(Box::new(persistence)), ..ProptestConfig::default() }
}

fn partner(number: u8) -> PartnerId {
    PartnerId::from([number; 32])
}

fn log() -> LogId {
    LogId::new(partner(1), 1)
}

fn statement(revision: u64, payload: Vec<u8>, recipients: &[PartnerId]) -> wire::Statement {
    let subject = if recipients.is_empty() { SubjectId::v7(1, [7; 10]) } else { SubjectId::v4([7; 16]) };
    wire::Statement {
        kind: "org.example.note.v1".into(),
        subject: subject.to_vec(),
        revision,
        previous: if revision > 1 { vec![9; 32] } else { vec![] },
        recipients: recipients.iter().map(|id| id.to_vec()).collect(),
        payload,
        ..wire::Statement::default()
    }
}

fn encoded(salt: [u8; 32], statement: &wire::Statement) -> Vec<u8> {
    body::encode_public(salt, Some(partner(1)), 1, statement, None).unwrap().bytes
}

/// Top-level fields as tag-and-value pieces.
fn pieces(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let before = rest;
        let (number, wire) = prost::encoding::decode_key(&mut rest).unwrap();
        let context = prost::encoding::DecodeContext::default();
        prost::encoding::skip_field(wire, number, &mut rest, context).unwrap();
        pieces.push(before[..before.len() - rest.len()].to_vec());
    }
    pieces
}

/// Nobody may read `bytes`, as if they had been published with their own leaf.
fn is_refused(bytes: &[u8]) -> bool {
    let leaf =
        Leaf { class: volbridge_proto::tlog::entry::Class::Public, id: volbridge_proto::record_id(bytes) };
    entry_valid(bytes, &leaf, &log(), 3).is_err()
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn a_body_is_read_back_as_it_was_encoded(
        salt: [u8; 32],
        revision in 1..u64::MAX,
        payload in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let said = statement(revision, payload.clone(), &[]);
        let bytes = encoded(salt, &said);
        let read = Body::parse(&bytes, &log()).unwrap();
        let found = read.statement().unwrap();
        prop_assert_eq!(found.revision, revision);
        prop_assert_eq!(&found.payload, &payload);
        prop_assert_eq!(canonical::encode(&wire::Body::decode(bytes.as_slice()).unwrap(), "Body").unwrap(), bytes);
    }

    #[test]
    fn t03_a_body_with_fields_reordered_repeated_or_appended_is_refused(
        salt: [u8; 32],
        payload in proptest::collection::vec(any::<u8>(), 0..40),
        first in 0..5_usize,
        second in 0..5_usize,
        appended in proptest::collection::vec(any::<u8>(), 1..6),
    ) {
        let bytes = encoded(salt, &statement(1, payload, &[]));
        let fields = pieces(&bytes);
        prop_assume!(first < fields.len() && second < fields.len());
        if first != second {
            let mut swapped = fields.clone();
            swapped.swap(first, second);
            prop_assert!(is_refused(&swapped.concat()));
        }
        let mut doubled = fields.clone();
        doubled.insert(first, fields[first].clone());
        prop_assert!(is_refused(&doubled.concat()));
        let mut missing = fields;
        missing.remove(first);
        prop_assert!(is_refused(&missing.concat()));
        let longer = [bytes, appended].concat();
        let ignorable = canonical::check(&longer, "Body").is_ok_and(|found| !found.critical_unknown);
        prop_assert!(ignorable || is_refused(&longer));
    }

    #[test]
    fn t03_padding_any_varint_is_refused(
        salt: [u8; 32],
        payload in proptest::collection::vec(any::<u8>(), 1..40),
        field in 0..4_usize,
    ) {
        let bytes = encoded(salt, &statement(1, payload, &[]));
        let mut fields = pieces(&bytes);
        // Pads the field's tag: the same number, one byte longer.
        let tag = fields[field][0];
        fields[field].splice(..1, [tag | 0x80, 0]);
        prop_assert!(is_refused(&fields.concat()));
    }

    #[test]
    fn t16_strangers_bytes_are_judged_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        for message in ["Body", "Statement", "Listing", "PartnerDescriptor", "Withdrawal"] {
            let _ = canonical::check(&bytes, message);
        }
        let _ = Body::parse(&bytes, &log());
        for info in volbridge_proto::kinds::KINDS {
            let _ = volbridge_proto::kinds::validate(info.name, &bytes);
        }
        let _ = Leaf::parse(&bytes);
    }

    #[test]
    fn t16_a_changed_payload_is_judged_without_panic(
        place in any::<prop::sample::Index>(),
        value: u8,
    ) {
        let listing = wire::Listing { title: "志愿".into(), roles: vec![wire::Role::default(); 3], sdgs: vec![1, 2], ..wire::Listing::default() };
        let mut bytes = listing.encode_to_vec();
        let place = place.index(bytes.len());
        bytes[place] = value;
        let _ = volbridge_proto::kinds::validate("volbridge.listing.v1", &bytes);
    }

    #[test]
    fn t32_a_salt_hides_what_is_said(first: [u8; 32], second: [u8; 32]) {
        prop_assume!(first != second);
        let said = statement(1, b"the same".to_vec(), &[]);
        prop_assert_ne!(
            volbridge_proto::record_id(&encoded(first, &said)),
            volbridge_proto::record_id(&encoded(second, &said))
        );
    }

    #[test]
    fn t33_padding_hides_the_length_within_an_eighth(length in 2..10_000_000_usize) {
        let padded = padme(length);
        prop_assert!(padded >= length && padded - length <= length / 8 + 1);
        prop_assert_eq!(padme(padded), padded);
    }

    /// Two holders of the same log: one erased each body as its withdrawal arrived and
    /// folds what it has left, the other saw everything at once.
    #[test]
    fn the_fold_needs_no_erased_body(
        chain in proptest::collection::vec((1..6_u64, proptest::option::of(0..8_u8), any::<bool>()), 0..9),
    ) {
        let all: Vec<(RevisionEntry, bool)> = chain
            .iter()
            .enumerate()
            .map(|(place, (number, previous, withdrawn))| {
                let id = RecordId::from([u8::try_from(place).unwrap(); 32]);
                let previous = previous.map(|number| RecordId::from([number; 32]));
                let entry = RevisionEntry { id, number: *number, previous, republishes: None, audience: [0; 32] };
                (entry, *withdrawn)
            })
            .collect();
        let gone = |id: &RecordId| all.iter().any(|(entry, withdrawn)| *withdrawn && entry.id == *id);
        let remaining: Vec<RevisionEntry> =
            all.iter().filter(|(_, withdrawn)| !withdrawn).map(|(entry, _)| entry.clone()).collect();
        let place = current(&remaining, gone);
        prop_assert_eq!(place.is_some(), !remaining.is_empty());
        if let Some(place) = place {
            // What was accepted later never has a lower number than the beginning.
            prop_assert!(remaining[place].number >= remaining[0].number);
            // What comes after the current one can be erased without changing it.
            prop_assert_eq!(current(&remaining[..=place], gone), Some(place));
        }
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn t30_a_seal_opens_for_the_named_and_for_nobody_else(
        seed in 1..u64::MAX,
        payload in proptest::collection::vec(any::<u8>(), 0..2000),
        recipients in 1..5_u8,
    ) {
        let mut rng = Seeded(seed);
        let author = partner(1);
        let named: Vec<PartnerId> = (2..2 + recipients).map(partner).collect();
        let secrets: Vec<(PartnerId, SealingSecret)> =
            named.iter().chain([&author]).map(|id| (*id, SealingSecret::generate(&mut rng))).collect();
        let slots: Vec<_> = secrets.iter().map(|(id, secret)| (*id, secret.public().unwrap(), 5)).collect();
        let said = statement(1, payload.clone(), &named);
        let sealed = seal::seal([0xee; 32], author, 1, &said, &slots, &mut rng).unwrap();
        let body = entry_valid(&sealed.bytes, &sealed.leaf(), &log(), 8).unwrap();
        for (id, secret) in &secrets {
            let opened = seal::open(&body, *id, secret).unwrap();
            prop_assert_eq!(&opened.statement.payload, &payload);
            prop_assert_eq!(opened.nth, 5);
        }
        let stranger = SealingSecret::generate(&mut rng);
        let refusal = seal::open(&body, named[0], &stranger).map(drop).unwrap_err();
        prop_assert_eq!(refusal.code, Code::SealCannotOpen);
        // No recipient's id, and nothing of the statement, stands in what others see.
        let shows = |needle: &[u8]| sealed.bytes.windows(needle.len()).any(|window| window == needle);
        prop_assert!(named.iter().all(|id| !shows(id.as_bytes())) && !shows(said.kind.as_bytes()));
    }
}

fn key(number: u8) -> SealingSecret {
    SealingSecret::from_seed([number; 32])
}

#[test]
fn slots_must_be_those_of_the_recipients_and_the_author() {
    let slot = |number: u8, nth| (partner(number), key(number).public().unwrap(), nth);
    let said = statement(1, vec![1], &[partner(2)]);
    let code = |slots: &[_]| {
        let sealed = seal::seal([0xee; 32], partner(1), 1, &said, slots, &mut Seeded(7));
        sealed.map(drop).unwrap_err().code
    };
    assert_eq!(code(&[slot(2, 1)]), Code::SealRecipients, "without the author");
    assert_eq!(code(&[slot(1, 1)]), Code::SealRecipients, "without the recipient");
    assert_eq!(code(&[slot(1, 1), slot(2, 1), slot(3, 1)]), Code::SealRecipients, "one too many");
    assert_eq!(code(&[slot(1, 1), slot(2, 1), slot(2, 2)]), Code::SealRecipients, "one twice");
    assert_eq!(code(&[slot(1, 1), slot(2, 0)]), Code::SealRecipients, "not numbered");
}

#[test]
fn t36_a_sealing_key_of_small_order_is_refused() {
    let good = key(1).public().unwrap().as_bytes().to_vec();
    assert_eq!(seal::SealingPublic::parse(&good).unwrap().as_bytes(), good);
    for fill in [0_u8, 1] {
        let mut weak = good.clone();
        weak[1184..].fill(0);
        weak[1184] = fill;
        assert_eq!(seal::SealingPublic::parse(&weak).unwrap_err().code, Code::KeyWeak);
        weak[1215] |= 0x80;
        assert_eq!(seal::SealingPublic::parse(&weak).unwrap_err().code, Code::KeyWeak);
    }
    assert_eq!(seal::SealingPublic::parse(&good[1..]).unwrap_err().code, Code::SealKey);
}

#[test]
fn t33_sealed_records_of_similar_length_have_one_size() {
    let sealed = |length| {
        let said = statement(1, vec![1; length], &[partner(2)]);
        let slots = [1, 2].map(|number| (partner(number), key(number).public().unwrap(), 1));
        seal::seal([0xee; 32], partner(1), 1, &said, &slots, &mut Seeded(7)).unwrap().bytes.len()
    };
    let sizes: std::collections::BTreeSet<usize> = (1000..1128).map(sealed).collect();
    assert!(sizes.len() <= 3, "{sizes:?}");
}

#[test]
fn a_body_of_256_kib_is_the_largest() {
    let size = |length| encoded([1; 32], &statement(1, vec![1; length], &[])).len();
    let overhead = size(200_000) - 200_000;
    assert_eq!(size(262_144 - overhead), 262_144);
    let larger = statement(1, vec![1; 262_145 - overhead], &[]);
    let refusal = body::encode_public([1; 32], Some(partner(1)), 1, &larger, None).unwrap_err();
    assert_eq!(refusal.code, Code::RecordTooLarge);
}

#[test]
fn an_author_cannot_encode_what_others_would_refuse() {
    let code = |said: &wire::Statement, salted| {
        body::encode_public(salted, Some(partner(1)), 1, said, None).unwrap_err().code
    };
    let mut nameless = statement(1, vec![1], &[]);
    nameless.kind.clear();
    assert_eq!(code(&nameless, [1; 32]), Code::StatementKind);
    let named = statement(1, vec![1], &[partner(2)]);
    assert_eq!(code(&named, [1; 32]), Code::FieldUnexpected);
}
