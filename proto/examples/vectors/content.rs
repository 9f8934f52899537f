//! content-valid: one accepted statement of every kind, and what is refused.

use prost::Message;
use serde_json::{Value, json};
use volbridge_proto::{Code, LogId, kinds::Payload, wire::record::v1::*};

use crate::{Vectors, directory, handover, samples};

fn case(statement: &[u8]) -> Value {
    json!({ "log": LogId::new(samples::home(), 1), "statement": hex::encode(statement) })
}

pub fn content_valid() -> Vectors {
    let mut vectors = Vectors::new(
        "content-valid",
        "A statement of `log`, and the verdict: valid, unknown kind, needs newer. `refused`: `faults` are all its faults as [field, code]; \
         `code` is the first one's.",
    );
    for (name, statement) in samples::statements().into_iter().chain(directory::statements()) {
        let mut case = case(&samples::encoded(&statement));
        case["verdict"] = json!("valid");
        vectors.accept(name, case);
    }
    for (name, verdict, statement) in open_cases() {
        let mut case = case(&statement);
        case["verdict"] = json!(verdict);
        vectors.accept(name, case);
    }
    let all = statement_cases().into_iter().chain(listing_cases()).chain(other_cases()).chain(people_cases());
    let all = all
        .chain(statistics_cases())
        .chain(handover::cases())
        .chain(directory::listing_cases())
        .chain(directory::organisation_cases());
    for (name, statement, faults) in all {
        let mut case = case(&samples::encoded(&statement));
        let Some((_, first)) = faults.first() else { continue };
        case["faults"] = faults.iter().map(|(field, code)| json!([field, code.as_str()])).collect();
        vectors.refuse(name, *first, case);
    }
    vectors
}

fn open_cases() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let listing = || samples::public(&Payload::Listing(samples::small_listing()));
    let mut foreign = listing();
    foreign.kind = "org.example.drill.v1".into();
    let mut newer_payload = listing();
    newer_payload.payload.extend([0xa8, 0x06, 1]);
    let mut ignorable = listing();
    ignorable.payload.extend([0x80, 0x40, 1]);
    let newer_statement = [samples::encoded(&listing()), vec![0x68, 1]].concat();
    vec![
        ("someone else's kind", "unknown kind", samples::encoded(&foreign)),
        ("a listing with an unknown field 101", "needs newer", samples::encoded(&newer_payload)),
        ("a listing with an unknown field 1024", "valid", samples::encoded(&ignorable)),
        ("a statement with an unknown field 13", "needs newer", newer_statement),
    ]
}

pub type Refused = (&'static str, Statement, Vec<(&'static str, Code)>);

fn listing(change: impl FnOnce(&mut Listing)) -> Statement {
    let mut listing = samples::listing();
    change(&mut listing);
    samples::public(&Payload::Listing(listing))
}

fn listing_cases() -> Vec<Refused> {
    let pair = |field, code| vec![(field, code)];
    vec![
        (
            "an empty listing",
            samples::public(&Payload::Listing(Listing::default())),
            vec![
                ("language", Code::FieldRequired),
                ("organisation", Code::FieldRequired),
                ("title", Code::FieldRequired),
                ("summary", Code::FieldRequired),
                ("description", Code::FieldRequired),
                ("roles", Code::FieldRequired),
                ("contact", Code::FieldRequired),
                ("costs", Code::FieldRequired),
                ("applicants", Code::FieldRequired),
            ],
        ),
        (
            "a role without anything",
            listing(|listing| listing.roles.push(Role::default())),
            vec![
                ("roles[1].number", Code::FieldRequired),
                ("roles[1].title", Code::FieldRequired),
                ("roles[1].slots", Code::FieldRequired),
            ],
        ),
        (
            "two roles of one number",
            listing(|listing| listing.roles.push(listing.roles[0].clone())),
            pair("roles[1]", Code::FieldDuplicate),
        ),
        (
            "ends before it starts",
            listing(|listing| listing.ends_on = "2027-02-28".into()),
            pair("ends_on", Code::FieldMismatch),
        ),
        (
            "apply after the end",
            listing(|listing| listing.apply_by = "2028-01-01".into()),
            pair("apply_by", Code::FieldMismatch),
        ),
        (
            "a day that isn't",
            listing(|listing| listing.starts_on = "2027-02-30".into()),
            pair("starts_on", Code::DateMalformed),
        ),
        (
            "169 hours a week",
            listing(|listing| listing.hours_per_week = 169),
            pair("hours_per_week", Code::FieldOutOfRange),
        ),
        ("goal 18", listing(|listing| listing.sdgs = vec![4, 18]), pair("sdgs[1]", Code::FieldOutOfRange)),
        (
            "goals out of order",
            listing(|listing| listing.sdgs = vec![5, 4]),
            pair("sdgs[1]", Code::FieldUnsorted),
        ),
        ("a goal twice", listing(|listing| listing.sdgs = vec![4, 4]), pair("sdgs[1]", Code::FieldDuplicate)),
        ("too old to begin", listing(|listing| listing.max_age = 20), pair("max_age", Code::FieldMismatch)),
        (
            "a title of 201 characters",
            listing(|listing| listing.title = "志".repeat(201)),
            pair("title", Code::FieldTooLong),
        ),
        (
            "a title of two lines",
            listing(|listing| listing.title = "a\nb".into()),
            pair("title", Code::TextLineBreak),
        ),
        (
            "a blank title",
            listing(|listing| listing.title = " \u{3000}".into()),
            pair("title", Code::TextBlank),
        ),
        (
            "a summary out of normal form",
            listing(|listing| listing.summary = "u\u{308}".into()),
            pair("summary", Code::TextNotNormal),
        ),
        (
            "a country in small letters",
            listing(|listing| listing.place = Some(Place { country: "cn".into(), ..samples::beijing() })),
            pair("place.country", Code::FieldInvalid),
        ),
        (
            "beyond the pole",
            listing(|listing| {
                let coordinates = Some(Coordinates { latitude_e6: 90_000_001, longitude_e6: 0 });
                listing.place = Some(Place { coordinates, ..samples::beijing() });
            }),
            pair("place.coordinates.latitude_e6", Code::FieldOutOfRange),
        ),
        (
            "applicants of another word",
            listing(|listing| listing.applicants = "everyone".into()),
            pair("applicants", Code::FieldInvalid),
        ),
        (
            "a level that isn't",
            listing(|listing| listing.roles[0].languages[0].level = "C3".into()),
            pair("roles[0].languages[0].level", Code::FieldInvalid),
        ),
        (
            "a skill in prose",
            listing(|listing| listing.roles[0].skills = vec!["first aid".into()]),
            pair("roles[0].skills[0]", Code::FieldInvalid),
        ),
        (
            "no slot",
            listing(|listing| listing.roles[0].slots = 0),
            pair("roles[0].slots", Code::FieldRequired),
        ),
        (
            "an organisation of 15 bytes",
            listing(|listing| listing.organisation.truncate(15)),
            pair("organisation", Code::FieldLength),
        ),
        (
            "65 roles",
            listing(|listing| {
                listing.roles = (1..=65).map(|number| Role { number, ..listing.roles[0].clone() }).collect();
            }),
            pair("roles", Code::FieldTooMany),
        ),
    ]
}

fn statistics_cases() -> Vec<Refused> {
    let pair = |field, code| vec![(field, code)];
    let statistics = |change: fn(&mut Statistics)| {
        let mut value = samples::statistics();
        change(&mut value);
        samples::statistics_statement(value)
    };
    let counts = |value: &mut Statistics, place: usize, filled_slots, filled_hidden| {
        let counts = value.groups[place].counts.as_mut().unwrap();
        (counts.filled_slots, counts.filled_hidden) = (filled_slots, filled_hidden);
    };
    let mut nine = samples::statistics();
    counts(&mut nine, 7, 9, false);
    let mut alone = samples::statistics();
    counts(&mut alone, 0, 0, false);
    let mut tight = samples::statistics();
    counts(&mut tight, 1, 47, false);
    let mut told = samples::statistics();
    counts(&mut told, 0, 3, true);
    vec![
        (
            "empty statistics",
            samples::public(&Payload::Statistics(Statistics::default())),
            vec![("month", Code::FieldRequired), ("total", Code::FieldRequired)],
        ),
        (
            "a month in short",
            statistics(|value| value.month = "2026-1".into()),
            pair("month", Code::DateMalformed),
        ),
        (
            "a region without its country",
            statistics(|value| value.country.clear()),
            pair("country", Code::FieldRequired),
        ),
        (
            "figures of a subject of their author's choice",
            samples::public(&Payload::Statistics(samples::statistics())),
            pair("statement.subject", Code::FieldMismatch),
        ),
        (
            "a dimension that isn't",
            statistics(|value| value.groups[7].dimension = "skill".into()),
            pair("groups[7].dimension", Code::FieldInvalid),
        ),
        (
            "goal 18 in figures",
            statistics(|value| value.groups[7].group = "18".into()),
            pair("groups[7].group", Code::FieldInvalid),
        ),
        (
            "groups out of order",
            statistics(|value| value.groups.swap(1, 2)),
            pair("groups[2]", Code::FieldUnsorted),
        ),
        (
            "countries that don't add up to the listings",
            statistics(|value| value.groups[1].counts.as_mut().unwrap().listings = 7),
            pair("groups", Code::FieldMismatch),
        ),
        (
            "nine people told",
            samples::statistics_statement(nine),
            pair("groups[7].counts.filled_slots", Code::StatisticsSmall),
        ),
        (
            "one hidden figure that subtraction gives",
            samples::statistics_statement(alone),
            pair("groups", Code::StatisticsSmall),
        ),
        (
            "two hidden figures of ten people together",
            samples::statistics_statement(tight),
            pair("groups", Code::StatisticsSmall),
        ),
        (
            "a hidden figure that is told all the same",
            samples::statistics_statement(told),
            pair("groups[0].counts.filled_slots", Code::FieldUnexpected),
        ),
    ]
}

fn statement_cases() -> Vec<Refused> {
    let listing = || samples::public(&Payload::Listing(samples::small_listing()));
    let mut padded = listing();
    padded.payload.push(0);
    let organisation = samples::named(&Payload::Organisation(samples::organisation()));
    let public_profile = samples::public(&Payload::VolunteerProfile(samples::profile()));
    let mut two = samples::translation_statement();
    two.sources.push(Ref { partner: vec![], id: samples::record(2).to_vec() });
    let mut elsewhere = samples::translation_statement();
    elsewhere.sources[0].partner = samples::other().to_vec();
    let mut sourceless = samples::translation_statement();
    sourceless.sources.clear();
    let authorised = Statement { authority: Some(samples::authority(None)), ..listing() };
    vec![
        ("t03: a payload with a byte after the end", padded, vec![("", Code::CanonicalTag)]),
        ("a named organisation", organisation, vec![("statement.kind", Code::StatementClass)]),
        (
            "t30: a public profile",
            public_profile,
            vec![("statement.kind", Code::StatementClass), ("statement.authority", Code::StatementAuthority)],
        ),
        ("a listing with an authority", authorised, vec![("statement.authority", Code::StatementAuthority)]),
        ("a translation with two sources", two, vec![("statement.sources", Code::StatementSources)]),
        ("a translation without source", sourceless, vec![("statement.sources", Code::StatementSources)]),
        (
            "a translation of one partner's subject from another's record",
            elsewhere,
            vec![("of.partner", Code::FieldMismatch)],
        ),
    ]
}

fn other_cases() -> Vec<Refused> {
    let pair = |field, code| vec![(field, code)];
    let descriptor = |change: fn(&mut PartnerDescriptor)| {
        let mut value = samples::descriptor();
        change(&mut value);
        samples::public(&Payload::PartnerDescriptor(value))
    };
    let translation = |change: fn(&mut Translation)| {
        let mut value = samples::translation();
        change(&mut value);
        let payload = value.encode_to_vec();
        Statement { payload, ..samples::translation_statement() }
    };
    let agreement = |change: fn(&mut AgreementTerms)| {
        let mut value = samples::agreement();
        value.terms.iter_mut().for_each(change);
        samples::public(&Payload::Agreement(value))
    };
    let material = |change: fn(&mut Material)| {
        let mut value = samples::material();
        change(&mut value);
        samples::public(&Payload::Material(value))
    };
    let node_info = |change: fn(&mut NodeInfo)| {
        let mut value = samples::node_info();
        change(&mut value);
        samples::public(&Payload::NodeInfo(value))
    };
    let withdrawal = |ids: Vec<u8>, reason: &str| {
        let ids = ids.into_iter().map(|number| samples::record(number).to_vec()).collect();
        samples::public(&Payload::Withdrawal(Withdrawal { ids, reason: reason.into() }))
    };
    let mut continuation = samples::continuation();
    continuation.last_size = 0;
    continuation.descriptor = None;
    vec![
        ("no keys", descriptor(|value| value.keys = None), pair("keys", Code::FieldRequired)),
        (
            "t01: one key with two roles",
            descriptor(|value| {
                let keys = value.keys.as_mut().unwrap();
                keys.mirror = keys.witness.clone();
            }),
            pair("keys", Code::FieldDuplicate),
        ),
        (
            "a sealing key of another length",
            descriptor(|value| value.keys.as_mut().unwrap().sealing.truncate(1184)),
            pair("keys.sealing", Code::FieldLength),
        ),
        (
            "a domain in capitals",
            descriptor(|value| value.domain = "BVF.example.org".into()),
            pair("domain", Code::FieldInvalid),
        ),
        (
            "two names in one language",
            descriptor(|value| value.names[1].language = "zh-CN".into()),
            pair("names[1]", Code::FieldDuplicate),
        ),
        (
            "t65: an invisible character in a name",
            descriptor(|value| value.names[1].text = "BV\u{200b}F".into()),
            pair("names[1].text", Code::TextInvisible),
        ),
        (
            "a continuation of nothing",
            samples::public(&Payload::Continuation(continuation)),
            vec![("descriptor", Code::FieldRequired), ("last_size", Code::FieldRequired)],
        ),
        (
            "segments out of order",
            translation(|value| value.segments.swap(0, 1)),
            pair("segments[1]", Code::FieldUnsorted),
        ),
        (
            "a machine without its name",
            translation(|value| value.segments[1].engine.clear()),
            pair("segments[1].engine", Code::FieldRequired),
        ),
        (
            "a person with an engine",
            translation(|value| value.segments[2].engine = "x".into()),
            pair("segments[2].engine", Code::FieldUnexpected),
        ),
        (
            "a field that can't be",
            translation(|value| value.segments[0].field = "Roles".into()),
            pair("segments[0].field", Code::FieldInvalid),
        ),
        (
            "an agreement with oneself missing",
            agreement(|value| {
                value.parties = vec![samples::host().to_vec(), samples::other().to_vec()];
            }),
            pair("terms.parties", Code::FieldMismatch),
        ),
        (
            "one party",
            agreement(|value| value.parties.truncate(1)),
            pair("terms.parties", Code::FieldRequired),
        ),
        (
            "purposes out of order",
            agreement(|value| value.purposes = vec!["b".into(), "a".into()]),
            pair("terms.purposes[1]", Code::FieldUnsorted),
        ),
        (
            "a purpose in prose",
            agreement(|value| value.purposes = vec!["a b".into()]),
            pair("terms.purposes[0]", Code::FieldInvalid),
        ),
        (
            "a public blob with a key",
            material(|value| value.blob.as_mut().unwrap().key = vec![1; 32]),
            pair("blob.key", Code::FieldUnexpected),
        ),
        (
            "a file name that is a path",
            material(|value| value.blob.as_mut().unwrap().filename = "../a.pdf".into()),
            pair("blob.filename", Code::FieldInvalid),
        ),
        (
            "a media type with parameters",
            material(|value| value.blob.as_mut().unwrap().media_type = "text/html; charset=utf-8".into()),
            pair("blob.media_type", Code::FieldInvalid),
        ),
        ("no blob", material(|value| value.blob = None), pair("blob", Code::FieldRequired)),
        (
            "an endpoint without port",
            node_info(|value| value.endpoints = vec!["node.example.org".into()]),
            pair("endpoints[0]", Code::FieldInvalid),
        ),
        (
            "a portal in clear",
            node_info(|value| value.portal = "http://bvf.example.org/".into()),
            pair("portal", Code::FieldInvalid),
        ),
        (
            "carriers out of order",
            node_info(|value| value.carriers.reverse()),
            pair("carriers[1]", Code::FieldUnsorted),
        ),
        ("a withdrawal of nothing", withdrawal(vec![], "withdrawn"), pair("ids", Code::FieldRequired)),
        (
            "withdrawn ids out of order",
            withdrawal(vec![2, 1], "withdrawn"),
            pair("ids[1]", Code::FieldUnsorted),
        ),
        ("a withdrawn id twice", withdrawal(vec![1, 1], "withdrawn"), pair("ids[1]", Code::FieldDuplicate)),
        ("another reason", withdrawal(vec![1], "regretted"), pair("reason", Code::FieldInvalid)),
        (
            "an endorsement of oneself",
            {
                let endorsement = Endorsement { partner: samples::home().to_vec(), checked_by: "x".into() };
                samples::public(&Payload::Endorsement(endorsement))
            },
            pair("partner", Code::FieldInvalid),
        ),
    ]
}

fn people_cases() -> Vec<Refused> {
    let mut no_consent = samples::profile_statement();
    no_consent.authority.as_mut().unwrap().consent = None;
    let mut third = samples::profile_statement();
    third.recipients = vec![samples::other().to_vec()];
    let mut no_authority = samples::profile_statement();
    no_authority.authority = None;
    let mut consented = samples::consent_statement();
    consented.authority.as_mut().unwrap().consent =
        Some(Ref { partner: vec![], id: samples::record(1).to_vec() });
    let mut consent = samples::consent();
    consent.recipients = vec![samples::other().to_vec()];
    let unnamed = Statement { payload: consent.encode_to_vec(), ..samples::consent_statement() };
    let mut consent = samples::consent();
    consent.expires_at = consent.given_at - 1;
    let expired = Statement { payload: consent.encode_to_vec(), ..samples::consent_statement() };
    vec![
        (
            "a profile without consent",
            no_consent,
            vec![("statement.authority.consent", Code::StatementAuthority)],
        ),
        (
            "a profile to another than the agreement's partner",
            third,
            vec![("statement.recipients", Code::FieldMismatch)],
        ),
        (
            "a profile without authority",
            no_authority,
            vec![("statement.authority", Code::StatementAuthority)],
        ),
        (
            "a consent that names a consent",
            consented,
            vec![("statement.authority.consent", Code::StatementAuthority)],
        ),
        ("a consent shown to whom it doesn't name", unnamed, vec![("recipients", Code::FieldMismatch)]),
        ("a consent that expires before it is given", expired, vec![("expires_at", Code::FieldMismatch)]),
    ]
}
