//! Records to make vectors of: one of every kind, with every field filled.

use volbridge_proto::{
    PartnerId, RecordId, SubjectId,
    kinds::Payload,
    record::canonical,
    statistics::{self, Month},
    wire::record::v1::*,
};

pub fn home() -> PartnerId {
    PartnerId::from([0xb0; 32])
}

pub fn host() -> PartnerId {
    PartnerId::from([0xa1; 32])
}

pub fn other() -> PartnerId {
    PartnerId::from([0xc2; 32])
}

pub fn record(number: u8) -> RecordId {
    RecordId::from([number; 32])
}

pub fn public_subject() -> SubjectId {
    SubjectId::v7(1_795_507_200_000, [0x5a; 10])
}

pub fn named_subject() -> SubjectId {
    SubjectId::v4([0x5a; 16])
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn local(language: &str, text: &str) -> LocalText {
    LocalText { language: language.to_owned(), text: text.to_owned() }
}

pub fn beijing() -> Place {
    Place {
        country: "CN".into(),
        region: "CN-BJ".into(),
        city: "北京".into(),
        coordinates: Some(Coordinates { latitude_e6: 39_904_200, longitude_e6: 116_407_400 }),
    }
}

/// A public statement about `public_subject`, revision 1.
pub fn public(payload: &Payload) -> Statement {
    Statement {
        kind: payload.info().name.to_owned(),
        subject: public_subject().to_vec(),
        revision: 1,
        issued_at: 1_795_507_200_000,
        payload: payload.encode().unwrap(),
        ..Statement::default()
    }
}

/// A named statement from `home` to `host`.
pub fn named(payload: &Payload) -> Statement {
    Statement { subject: named_subject().to_vec(), recipients: vec![host().to_vec()], ..public(payload) }
}

pub fn authority(consent: Option<Ref>) -> Authority {
    Authority {
        purpose: "placement".into(),
        own_agreement: Some(Ref { partner: vec![], id: record(1).to_vec() }),
        other_agreement: Some(Ref { partner: host().to_vec(), id: record(2).to_vec() }),
        consent,
        seen: Some(SeenLog { partner: host().to_vec(), epoch: 1, size: 40 }),
    }
}

pub fn profile_statement() -> Statement {
    let consent = Ref { partner: vec![], id: record(3).to_vec() };
    Statement {
        authority: Some(authority(Some(consent))),
        expires_at: 1_827_043_200_000,
        ..named(&Payload::VolunteerProfile(profile()))
    }
}

pub fn consent_statement() -> Statement {
    Statement { authority: Some(authority(None)), ..named(&Payload::Consent(consent())) }
}

pub fn translation_statement() -> Statement {
    let source = Ref { partner: host().to_vec(), id: record(9).to_vec() };
    Statement { sources: vec![source], ..public(&Payload::Translation(translation())) }
}

pub fn descriptor() -> PartnerDescriptor {
    let pair = |fill: u8| SigningKeys { ed25519: vec![fill; 32], mldsa44: vec![fill; 1312] };
    PartnerDescriptor {
        names: vec![
            local("zh-CN", "北京市志愿服务联合会"),
            local("en", "Beijing Volunteer Service Federation"),
        ],
        kind: "federation".into(),
        country: "CN".into(),
        domain: "bvf.example.org".into(),
        keys: Some(Keys {
            identity: Some(pair(1)),
            next_identity: vec![2; 32],
            log: Some(pair(3)),
            witness: vec![4; 32],
            mirror: vec![5; 32],
            sealing: vec![6; 1216],
            tls: vec![vec![7; 32], vec![8; 32]],
            credential: vec![9; 32],
        }),
    }
}

pub fn continuation() -> Continuation {
    Continuation {
        descriptor: Some(descriptor()),
        last_size: 812,
        last_root: vec![0x77; 32],
        highest_checkpoint: b"bvf.example.org/log\n815\n".to_vec(),
    }
}

pub fn node_info() -> NodeInfo {
    NodeInfo {
        endpoints: strings(&["node.bvf.example.org:7443", "192.0.2.7:7443", "[2001:db8::7]:7443"]),
        portal: "https://bvf.example.org/".into(),
        carriers: vec![host().to_vec(), other().to_vec()],
        kinds: strings(&["volbridge.listing.v1", "volbridge.translation.v1"]),
        software: "volbridge 0.1.0".into(),
    }
}

pub fn statistics() -> Statistics {
    let counts = |listings, open_slots, filled: Option<u64>| {
        let (filled_slots, filled_hidden) = (filled.unwrap_or(0), filled.is_none());
        Some(StatisticsCounts { listings, open_slots, filled_slots, filled_hidden })
    };
    let group = |dimension: &str, group: &str, counts| StatisticsGroup {
        dimension: dimension.into(),
        group: group.into(),
        counts,
    };
    Statistics {
        month: "2026-11".into(),
        country: "CN".into(),
        region: "CN-BJ".into(),
        total: counts(9, 41, Some(57)),
        groups: vec![
            group("country", "", counts(1, 0, None)),
            group("country", "CN", counts(6, 38, Some(40))),
            group("country", "DE", counts(2, 3, None)),
            group("month", "", counts(2, 12, Some(0))),
            group("month", "2027-03", counts(4, 9, Some(27))),
            group("month", "later", counts(3, 20, Some(30))),
            group("sdg", "04", counts(5, 20, Some(31))),
            group("sdg", "13", counts(3, 2, Some(0))),
        ],
    }
}

/// With the subject of its month.
pub fn statistics_statement(value: Statistics) -> Statement {
    let month = Month::parse("2026-11").unwrap();
    let subject = statistics::subject(home(), month, &value.country, &value.region);
    Statement { subject: subject.to_vec(), ..public(&Payload::Statistics(value)) }
}

pub fn agreement() -> Agreement {
    Agreement {
        terms: Some(AgreementTerms {
            parties: vec![host().to_vec(), home().to_vec()],
            purposes: strings(&["placement"]),
            categories: strings(&["contact", "identity", "profile"]),
            legal_basis: "Standard contract, article 38 PIPL".into(),
            retention_days: 365,
            starts_on: "2026-11-01".into(),
            ends_on: "2028-10-31".into(),
            assessment: "TIA-2026-014".into(),
            language: "en".into(),
            text: "The parties exchange volunteers' data for placements.\nNothing else.".into(),
        }),
    }
}

pub fn organisation() -> Organisation {
    Organisation {
        language: "zh-CN".into(),
        names: vec![
            local("zh-CN", "北京志愿服务发展研究会"),
            local("en", "Beijing Volunteerism Development Research Society"),
        ],
        description: "联系实践与研究。".into(),
        level: "city".into(),
        place: Some(beijing()),
        website: "https://bvdrs.example.org/".into(),
        parent: public_subject().to_vec(),
        ..Organisation::default()
    }
}

pub fn listing() -> Listing {
    Listing {
        language: "en".into(),
        organisation: public_subject().to_vec(),
        title: "Teach English at a community school".into(),
        summary: "Two terms in Beijing with pupils aged 8 to 12.".into(),
        description: "You plan and give lessons.\n\nA local teacher works with you.".into(),
        place: Some(beijing()),
        starts_on: "2027-03-01".into(),
        ends_on: "2027-12-17".into(),
        apply_by: "2027-01-15".into(),
        hours_per_week: 24,
        roles: vec![Role {
            number: 1,
            title: "English teacher".into(),
            tasks: "Lessons, clubs, parents' evenings.".into(),
            slots: 3,
            skills: strings(&["esco:teach-languages"]),
            languages: vec![LanguageSkill { language: "en".into(), level: "C1".into() }],
            offer: Some(Offer {
                stipend: "CNY 3000 per month".into(),
                housing: true,
                visa: true,
                ..Offer::default()
            }),
            ..Role::default()
        }],
        sdgs: vec![4, 17],
        requirements: "A degree, and patience.".into(),
        how_to_apply: "Through your home partner.".into(),
        contact: "placements@example.org".into(),
        safety: "Police check.".into(),
        costs: "none".into(),
        min_age: 21,
        max_age: 65,
        applicants: "international".into(),
        ..Listing::default()
    }
}

/// Nothing but what must be there.
pub fn small_listing() -> Listing {
    Listing {
        language: "zh-CN".into(),
        organisation: public_subject().to_vec(),
        title: "线上翻译志愿者".into(),
        summary: "翻译英文版网站。".into(),
        description: "每周三小时。".into(),
        roles: vec![Role { number: 1, title: "译者".into(), slots: 1, ..Role::default() }],
        contact: "translate@example.org".into(),
        costs: "无".into(),
        applicants: "all".into(),
        ..Listing::default()
    }
}

pub fn translation() -> Translation {
    let segment = |field: &str, text: &str, origin: &str, engine: &str| Segment {
        field: field.into(),
        text: text.into(),
        origin: origin.into(),
        engine: engine.into(),
        reviewed_by: String::new(),
    };
    Translation {
        of: Some(Subject { partner: host().to_vec(), subject: public_subject().to_vec() }),
        language: "zh-CN".into(),
        segments: vec![
            segment("roles.1.title", "英语教师", "memory", ""),
            segment("summary", "在北京两个学期。", "machine", "ct2 opus-en-zh"),
            segment("title", "社区学校英语教学", "human", ""),
        ],
    }
}

pub fn conference() -> Conference {
    Conference {
        language: "en".into(),
        names: vec![local("en", "International Volunteering Service Exchange Conference")],
        theme: "Sixty years of international volunteering".into(),
        description: "Two days of sessions and an exhibition.".into(),
        starts_on: "2027-10-12".into(),
        ends_on: "2027-10-13".into(),
        time_zone: "Asia/Shanghai".into(),
        place: Some(beijing()),
        organisers: vec![host().to_vec(), home().to_vec()],
        topics: strings(&["Policy in middle-income countries", "Effect on public services"]),
        website: "https://conference.example.org/2027".into(),
    }
}

pub fn material() -> Material {
    Material {
        language: "en".into(),
        conference: public_subject().to_vec(),
        title: "Measuring what volunteers change".into(),
        kind: "slides".into(),
        authors: strings(&["Li Hua", "A. Smith"]),
        organisation: "Beijing Volunteerism Development Research Society".into(),
        date: "2027-10-12".into(),
        version: "1.1".into(),
        licence: "CC-BY-4.0".into(),
        r#abstract: "Indicators that can be collected in passing.".into(),
        sdgs: vec![17],
        blob: Some(Blob {
            hash: vec![0x3b; 32],
            size: 1_048_577,
            media_type: "application/pdf".into(),
            filename: "measuring.pdf".into(),
            key: vec![],
        }),
    }
}

pub fn profile() -> VolunteerProfile {
    VolunteerProfile {
        language: "en".into(),
        name: "王小明".into(),
        latin_name: "Wang Xiaoming".into(),
        birth_year: 1998,
        nationality: "CN".into(),
        languages: vec![
            LanguageSkill { language: "zh".into(), level: "C2".into() },
            LanguageSkill { language: "en".into(), level: "B2".into() },
        ],
        skills: strings(&["esco:first-aid"]),
        experience: "Three summers at the Garden Expo.".into(),
        available_from: "2027-02-01".into(),
        available_until: "2027-12-31".into(),
        contact: "through BVF".into(),
        identity: Some(IdentityCheck {
            checked_by: "BVF".into(),
            checked_on: "2026-10-30".into(),
            method: "national-id".into(),
        }),
    }
}

pub fn consent() -> Consent {
    Consent {
        profile: named_subject().to_vec(),
        purposes: strings(&["placement"]),
        recipients: vec![host().to_vec()],
        categories: strings(&["contact", "identity", "profile"]),
        notice_language: "zh-CN".into(),
        notice_hash: vec![0x4e; 32],
        given_by: "attested".into(),
        given_at: 1_795_400_000_000,
        expires_at: 1_827_043_200_000,
        how_to_withdraw: "At your home partner, on the page where you gave it.".into(),
    }
}

/// `home` lets `host` take an organisation over.
pub fn handover() -> Handover {
    Handover {
        organisation: Some(Subject { partner: Vec::new(), subject: public_subject().to_vec() }),
        to: host().to_vec(),
        until: "2026-12-31".into(),
        ..Handover::default()
    }
}

/// `home` takes over what `host` lets it.
pub fn takeover() -> Handover {
    Handover {
        organisation: Some(Subject { partner: host().to_vec(), subject: public_subject().to_vec() }),
        first: Some(Ref { partner: host().to_vec(), id: record(1).to_vec() }),
        moved_on: "2026-12-05".into(),
        ..Handover::default()
    }
}

fn ids() -> Vec<Vec<u8>> {
    vec![record(3).to_vec(), record(4).to_vec()]
}

/// Every kind, each in a statement that goes with it, by name.
pub fn statements() -> Vec<(&'static str, Statement)> {
    let reason = || "By agreement.".to_owned();
    let erased = ErasedLog { partner: host().to_vec(), epoch: 1, size: 900 };
    let request = Payload::ErasureRequest(ErasureRequest { ids: ids(), reason: reason() });
    let receipt =
        ErasureReceipt { logs: vec![erased], erased_at: 1_795_500_000_000, backups_by: 1_798_100_000_000 };
    let endorsement = Endorsement { partner: host().to_vec(), checked_by: "video call, 2026-11-02".into() };
    let mut sealed_material = material();
    if let Some(blob) = &mut sealed_material.blob {
        blob.key = vec![0x6b; 32];
    }
    vec![
        ("agreement", public(&Payload::Agreement(agreement()))),
        (
            "agreement-end",
            public(&Payload::AgreementEnd(AgreementEnd { agreement: record(1).to_vec(), reason: reason() })),
        ),
        ("conference", public(&Payload::Conference(conference()))),
        ("consent", consent_statement()),
        ("continuation", public(&Payload::Continuation(continuation()))),
        ("disavowal", public(&Payload::Disavowal(Disavowal { ids: ids(), reason: reason() }))),
        ("endorsement", public(&Payload::Endorsement(endorsement))),
        (
            "endorsement-end",
            public(&Payload::EndorsementEnd(EndorsementEnd {
                endorsement: record(1).to_vec(),
                reason: reason(),
            })),
        ),
        ("erasure-receipt", public(&Payload::ErasureReceipt(receipt))),
        ("erasure-request", named(&request)),
        ("handover, its first half", public(&Payload::Handover(handover()))),
        ("handover, its second half", public(&Payload::Handover(takeover()))),
        ("listing", public(&Payload::Listing(listing()))),
        ("listing with what must be there alone", public(&Payload::Listing(small_listing()))),
        ("listing for one partner", named(&Payload::Listing(listing()))),
        ("material", public(&Payload::Material(material()))),
        ("material for one partner", named(&Payload::Material(sealed_material))),
        ("node-info", public(&Payload::NodeInfo(node_info()))),
        ("organisation", public(&Payload::Organisation(organisation()))),
        ("partner-descriptor", public(&Payload::PartnerDescriptor(descriptor()))),
        ("statistics", statistics_statement(statistics())),
        ("translation of another's listing", translation_statement()),
        ("volunteer-profile", profile_statement()),
        (
            "withdrawal of public records",
            public(&Payload::Withdrawal(Withdrawal { ids: ids(), reason: "withdrawn".into() })),
        ),
        (
            "withdrawal of named records",
            public(&Payload::Withdrawal(Withdrawal { ids: ids(), reason: String::new() })),
        ),
    ]
}

pub fn encoded(statement: &Statement) -> Vec<u8> {
    canonical::encode(statement, "Statement").unwrap()
}

/// Signatures of the right length. Whether they verify is for other vectors.
pub fn placeholder_signatures() -> IdentitySignatures {
    IdentitySignatures { ed25519: vec![0xed; 64], mldsa44: vec![0xd4; 2420] }
}
