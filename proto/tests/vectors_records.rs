//! Every vector of records, verdicts, folds and text comes out as its file says.
//! The files are read here and never written: see `examples/vectors`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::{fs, path::Path};

use serde_json::Value;
use volbridge_proto::{
    Code, Date, LogId, PartnerId, RecordId, Refusal, Timestamp,
    exchange::claim::{Standing, standing},
    kinds::{
        agreement::{AgreementHalf, Moment, in_force, terms_hash},
        listing,
    },
    partner_id,
    record::{
        Body, Content, ContentVerdict, Statement, body, canonical, content_valid, entry_valid,
        revision::{RevisionEntry, current},
        withdraw::{LeafState, Target, is_effective, leaf_state},
    },
    record_id,
    seal::{self, DataKey, SealingSecret},
    text,
    tlog::entry::{Class, Leaf, leaf_hash},
    wire::record::v1 as wire,
};

struct Case(Value);

impl Case {
    fn name(&self) -> &str {
        self.text("name")
    }

    fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_else(|| panic!("{field} of {}", self.0["name"]))
    }

    fn bytes(&self, field: &str) -> Vec<u8> {
        hex::decode(self.text(field)).unwrap()
    }

    fn number(&self, field: &str) -> u64 {
        self.0[field].as_u64().unwrap()
    }

    fn flag(&self, field: &str) -> bool {
        self.0[field].as_bool().unwrap()
    }

    fn log(&self) -> LogId {
        self.text("log").parse().unwrap()
    }

    fn inner(&self, field: &str) -> Case {
        Case(self.0[field].clone())
    }

    fn code(&self) -> Code {
        self.text("code").parse().unwrap()
    }
}

struct File {
    accepted: Vec<Case>,
    refused: Vec<Case>,
}

fn file(rule: &str) -> File {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(format!("{rule}.json"));
    let value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(value["rule"], rule);
    let cases = |list: &str| value[list].as_array().unwrap().iter().cloned().map(Case).collect();
    File { accepted: cases("accepted"), refused: cases("refused") }
}

/// Checks that each refused case is refused with its code.
fn refused(file: &File, judge: impl Fn(&Case) -> Result<(), Refusal>) {
    for case in &file.refused {
        match judge(case) {
            Ok(()) => panic!("accepted: {}", case.name()),
            Err(refusal) => assert_eq!(refusal.code, case.code(), "{}: {refusal}", case.name()),
        }
    }
}

#[test]
fn ids_are_hashes_of_the_received_bytes() {
    for case in file("record-id").accepted {
        assert_eq!(record_id(&case.bytes("body")).to_string(), case.text("id"), "{}", case.name());
    }
    for case in file("partner-id").accepted {
        let partner = partner_id(&case.bytes("body"));
        assert_eq!(partner.to_string(), case.text("id"), "{}", case.name());
        assert_eq!(partner.fingerprint(), case.text("fingerprint"), "{}", case.name());
    }
}

#[test]
fn leaves_are_read_or_kept_as_they_are() {
    let file = file("leaf");
    for case in &file.accepted {
        let leaf = Leaf::parse(&case.bytes("leaf")).unwrap();
        assert_eq!(u64::from(leaf.class.number()), case.number("class"), "{}", case.name());
        assert_eq!(leaf.id.to_string(), case.text("id"), "{}", case.name());
        assert_eq!(leaf.encode().as_slice(), case.bytes("leaf"), "{}", case.name());
    }
    for case in &file.refused {
        assert_eq!(Leaf::parse(&case.bytes("leaf")), None, "{}", case.name());
    }
    for case in file.accepted.iter().chain(&file.refused) {
        assert_eq!(leaf_hash(&case.bytes("leaf")).as_slice(), case.bytes("hash"), "{}", case.name());
    }
}

/// `check` takes names that live as long as the program, as its callers have them.
fn message(case: &Case) -> &'static str {
    case.text("message").to_owned().leak()
}

#[test]
fn t03_one_meaning_has_one_encoding() {
    let file = file("canonical");
    for case in &file.accepted {
        let found = canonical::check(&case.bytes("bytes"), message(case));
        let critical = found.map(|found| found.critical_unknown);
        assert_eq!(critical, Ok(case.flag("critical_unknown")), "{}", case.name());
    }
    refused(&file, |case| canonical::check(&case.bytes("bytes"), message(case)).map(drop));
}

#[test]
fn t01_a_body_counts_only_where_it_belongs() {
    let file = file("entry-valid");
    let judge = |case: &Case| {
        let leaf = Leaf::parse(&case.bytes("leaf")).unwrap();
        entry_valid(&case.bytes("body"), &leaf, &case.log(), case.number("index"))
    };
    for case in &file.accepted {
        let body = judge(case).unwrap_or_else(|refusal| panic!("{}: {refusal}", case.name()));
        assert_eq!(u64::from(body.class.number()), case.number("class"), "{}", case.name());
        let kind = body.statement().map(|statement| statement.kind.as_str());
        assert_eq!(kind, case.0["kind"].as_str(), "{}", case.name());
        let newer = body.statement().is_some_and(|statement| statement.needs_newer);
        assert_eq!(newer, case.flag("needs_newer"), "{}", case.name());
    }
    refused(&file, |case| judge(case).map(drop));
}

#[test]
fn identity_keys_sign_the_body_without_field_8() {
    for case in file("identity-message").accepted {
        let message = body::identity_message(&case.bytes("body")).unwrap();
        assert_eq!(message, case.bytes("message"), "{}", case.name());
    }
}

#[test]
fn content_is_judged_by_the_rule_of_its_kind() {
    let file = file("content-valid");
    let judge = |case: &Case| {
        let statement = Statement::parse(&case.bytes("statement"), &case.log());
        content_valid(&statement.unwrap_or_else(|refusal| panic!("{}: {refusal}", case.name())))
    };
    for case in &file.accepted {
        let verdict = match judge(case) {
            ContentVerdict::Valid(_) => "valid".to_owned(),
            ContentVerdict::UnknownKind => "unknown kind".to_owned(),
            ContentVerdict::NeedsNewer => "needs newer".to_owned(),
            ContentVerdict::Invalid(faults) => format!("{faults:?}"),
        };
        assert_eq!(verdict, case.text("verdict"), "{}", case.name());
    }
    for case in &file.refused {
        let ContentVerdict::Invalid(faults) = judge(case) else { panic!("accepted: {}", case.name()) };
        let found: Vec<Value> =
            faults.iter().map(|fault| serde_json::json!([fault.field, fault.code.as_str()])).collect();
        assert_eq!(Value::Array(found), case.0["faults"], "{}", case.name());
    }
}

#[test]
fn every_kind_has_an_accepted_vector() {
    let file = file("content-valid");
    let kinds: Vec<String> = file
        .accepted
        .iter()
        .map(|case| Statement::parse(&case.bytes("statement"), &case.log()).unwrap().kind)
        .collect();
    for info in volbridge_proto::kinds::KINDS {
        assert!(kinds.iter().any(|kind| kind == info.name), "{}", info.name);
    }
}

#[test]
fn t30_a_sealed_record_opens_for_its_recipients_alone() {
    let file = file("sealing");
    let open = |case: &Case| {
        let body = Body::parse(&case.bytes("body"), &case.log()).unwrap();
        let secret = SealingSecret::from_seed(case.bytes("secret").try_into().unwrap());
        let partner: PartnerId = case.text("partner").parse().unwrap();
        (seal::open(&body, partner, &secret), body)
    };
    for case in &file.accepted {
        let (opened, body) = open(case);
        let opened = opened.unwrap();
        assert_eq!(opened.nth, case.number("nth"), "{}", case.name());
        assert_eq!(opened.statement.kind, case.text("kind"), "{}", case.name());
        assert_eq!(opened.statement.payload, case.bytes("payload"), "{}", case.name());
        assert_eq!(opened.data_key.as_bytes().as_slice(), case.bytes("data_key"), "{}", case.name());
        let key = DataKey::from_bytes(case.bytes("data_key").try_into().unwrap());
        assert_eq!(seal::open_with_data_key(&body, &key), Ok(opened.statement), "{}", case.name());
    }
    refused(&file, |case| open(case).0.map(drop));
}

#[test]
fn t33_sizes_are_padded() {
    for case in file("padme").accepted {
        let length = usize::try_from(case.number("length")).unwrap();
        assert_eq!(u64::try_from(seal::padme(length)), Ok(case.number("padded")), "{}", case.name());
    }
}

#[test]
fn the_current_revision_is_a_fold_over_what_remains() {
    for case in file("revisions").accepted {
        let id = |value: &Value| value.as_str().map(|text| text.parse::<RecordId>().unwrap());
        let entries: Vec<RevisionEntry> = case.0["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| RevisionEntry {
                id: id(&entry["id"]).unwrap(),
                number: entry["number"].as_u64().unwrap(),
                previous: id(&entry["previous"]),
                republishes: id(&entry["republishes"]),
                audience: [u8::try_from(entry["audience"].as_u64().unwrap()).unwrap(); 32],
            })
            .collect();
        let withdrawn: Vec<RecordId> =
            case.0["withdrawn"].as_array().unwrap().iter().filter_map(id).collect();
        let place = current(&entries, |id| withdrawn.contains(id));
        let expected = case.0["current"].as_u64().map(|place| usize::try_from(place).unwrap());
        assert_eq!(place, expected, "{}", case.name());
    }
}

#[test]
fn a_withdrawal_takes_back_what_it_may() {
    for case in file("withdrawal").accepted {
        let target = case.inner("target");
        let withdrawal = wire::Withdrawal { ids: vec![], reason: case.text("reason").to_owned() };
        let target = Target {
            log: target.log(),
            index: target.number("index"),
            class: Class::from_number(u32::try_from(target.number("class")).unwrap()).unwrap(),
            kind: target.0["kind"].as_str(),
        };
        let effective = is_effective(&withdrawal, &case.log(), case.number("index"), &target);
        assert_eq!(effective, case.flag("effective"), "{}", case.name());
    }
}

#[test]
fn t10_every_leaf_has_a_state() {
    for case in file("leaf-state").accepted {
        let class = if case.number("class") == 0 { Class::Public } else { Class::Named };
        let state =
            leaf_state(class, case.flag("held"), case.flag("withdrawn"), case.flag("source_withdrawn"));
        let name = match state {
            LeafState::Live => "live",
            LeafState::Erased => "erased",
            LeafState::ErasedWithSource => "erased with its source",
            LeafState::Withheld => "withheld",
            LeafState::NotForUs => "not for us",
        };
        assert_eq!(name, case.text("state"));
    }
}

#[test]
fn t10_a_claim_about_a_source_is_judged_by_what_is_held() {
    for case in file("source-claim").accepted {
        let name = match standing(case.flag("withdrawn"), case.flag("read")) {
            Standing::Holds => "holds",
            Standing::Open => "open",
            Standing::False => "false",
        };
        assert_eq!(name, case.text("standing"));
    }
}

#[test]
fn an_agreement_is_judged_at_sizes_and_a_day() {
    let file = file("agreement");
    let half = |case: &Case| {
        let terms = case.bytes("terms");
        let (terms, _) = canonical::decode::<wire::AgreementTerms>(&terms, "AgreementTerms").unwrap();
        assert_eq!(terms_hash(&terms).as_slice(), case.bytes("terms_hash"));
        AgreementHalf {
            partner: case.text("partner").parse().unwrap(),
            id: RecordId::from([0; 32]),
            index: case.number("index"),
            ended_at: case.0["ended_at"].as_u64(),
            terms,
        }
    };
    let judge = |case: &Case| {
        let now = Timestamp::from_millis(case.0["now"].as_i64().unwrap());
        let at = Moment { own_size: case.number("own_size"), other_size: case.number("other_size"), now };
        in_force(&half(&case.inner("own")), &half(&case.inner("other")), &at)
    };
    for case in &file.accepted {
        assert_eq!(judge(case), Ok(()), "{}", case.name());
    }
    refused(&file, judge);
}

#[test]
fn text_is_judged_by_unicode_16() {
    let judge = |case: &Case| match case.text("form") {
        "line" => text::check_line(case.text("text")),
        "text" => text::check_text(case.text("text")),
        "name" => text::check_name(case.text("text")),
        "language" => text::check_language(case.text("text")),
        "date" => case.text("text").parse::<Date>().map(drop),
        form => panic!("{form}"),
    };
    for file in [file("text"), file("words")] {
        for case in &file.accepted {
            assert_eq!(judge(case), Ok(()), "{}", case.name());
        }
        refused(&file, judge);
    }
}

/// Flips every bit of every accepted body: no other bytes pass for the same leaf.
#[test]
fn t01_no_changed_byte_passes_for_the_same_leaf() {
    for case in file("entry-valid").accepted {
        let leaf = Leaf::parse(&case.bytes("leaf")).unwrap();
        let mut bytes = case.bytes("body");
        for place in 0..bytes.len() {
            bytes[place] ^= 1 << (place % 8);
            let verdict = entry_valid(&bytes, &leaf, &case.log(), case.number("index"));
            assert_eq!(verdict.unwrap_err().code, Code::RecordId, "{} at {place}", case.name());
            bytes[place] ^= 1 << (place % 8);
        }
    }
}

#[test]
fn t33_a_sealed_body_shows_no_recipient_and_no_kind() {
    let case = &file("sealing").accepted[0];
    let bytes = case.bytes("body");
    let body = Body::parse(&bytes, &case.log()).unwrap();
    assert!(matches!(body.content, Content::Sealed(_)) && body.statement().is_none());
    let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let recipient: PartnerId = case.text("partner").parse().unwrap();
    assert!(!contains(recipient.as_bytes()) && !contains(case.text("kind").as_bytes()));
}

#[test]
fn prose_of_a_listing_has_the_names_that_translations_use() {
    let case = file("content-valid");
    let listing = case.accepted.iter().find(|case| case.name() == "listing").unwrap();
    let statement = Statement::parse(&listing.bytes("statement"), &listing.log()).unwrap();
    let Some(volbridge_proto::kinds::Payload::Listing(value)) = content_valid(&statement).payload() else {
        panic!("a listing")
    };
    let fields: Vec<String> = listing::prose(&value).into_iter().map(|(field, _)| field).collect();
    let expected = [
        "costs",
        "description",
        "how_to_apply",
        "requirements",
        "roles.1.tasks",
        "roles.1.title",
        "safety",
        "summary",
        "title",
    ];
    assert_eq!(fields, expected);
}
