//! The canned data.

use std::collections::BTreeMap;

use volbridge_proto::{
    id::PartnerId,
    wire::{node::v1 as node, record::v1 as record},
};

use super::{NOW, Shared};

/// Everything; with a payload, every text that an author may write is the payload.
pub fn shared(payload: Option<&str>) -> Shared {
    let say = |text: &str| payload.map_or_else(|| text.to_owned(), |payload| format!("{payload}{text}"));
    let partners = partners(&say);
    let organisations = organisations(&partners, &say);
    let listings = listings(&partners, &organisations, &say);
    let (conferences, materials) = conferences(&partners, &say);
    let agreements = agreements(&partners);
    Shared {
        partners,
        organisations,
        listings,
        conferences,
        materials,
        agreements,
        profiles: Vec::new(),
        openings: 0,
        withdrawn: Vec::new(),
        published: Vec::new(),
        searched: Vec::new(),
        index_is_built_anew: false,
        watched: Vec::new(),
        changed: Vec::new(),
        version: None,
        next: 58,
        sessions: BTreeMap::new(),
        drafts: Vec::new(),
        templates: Vec::new(),
        review: false,
        calls: Vec::new(),
    }
}

fn text(language: &str, text: String) -> node::Text {
    node::Text { language: language.to_owned(), text, ..Default::default() }
}

fn local(language: &str, text: String) -> record::LocalText {
    record::LocalText { language: language.to_owned(), text }
}

pub fn provenance(partner: &node::PartnerView, index: u64) -> node::Provenance {
    let id = partner.name.as_ref().unwrap().id.clone();
    let mut hash = id.clone();
    hash[0] = (index % 251) as u8;
    hash[31] = (index / 251) as u8;
    let witness = if partner.domain.starts_with("unv") { "bvf.example" } else { "unv.example" };
    node::Provenance {
        hash,
        origin: format!("{}/log/{}/1", partner.domain, hex::encode(&id)),
        partner: id,
        epoch: 1,
        index,
        revision: 1,
        issued_at: NOW - 86_400_000,
        logged_at: NOW - 86_399_000,
        checkpoint_size: 60,
        cosigners: vec![format!("{witness}/witness"), "avi.example/mirror".to_owned()],
        fresh: true,
        demonstration: true,
    }
}

pub fn subject(number: u8) -> Vec<u8> {
    let mut bytes = vec![0x01, 0x93, 0x0f, 0x6e, 0x7c, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, number];
    bytes[4] = number;
    bytes
}

fn partners(say: &impl Fn(&str) -> String) -> Vec<node::PartnerView> {
    let list = [
        (
            0x3f,
            "北京市志愿服务联合会",
            "Beijing Volunteer Service Federation",
            "federation",
            "CN",
            "bvf.example",
        ),
        (0x8c, "联合国志愿人员组织", "United Nations Volunteers", "un-agency", "DE", "unv.example"),
        (
            0xd1,
            "澳大利亚国际志愿者组织",
            "Australian Volunteers International",
            "organisation",
            "AU",
            "avi.example",
        ),
    ];
    list.into_iter()
        .map(|(seed, chinese, english, kind, country, domain)| {
            let id: [u8; 32] = std::array::from_fn(|at| (at as u8).wrapping_mul(37) ^ seed);
            let mut view = node::PartnerView {
                name: Some(node::PartnerName {
                    id: id.to_vec(),
                    names: vec![text("zh-CN", say(chinese)), text("en", say(english))],
                    country: country.to_owned(),
                    fingerprint: PartnerId::from(id).fingerprint(),
                }),
                kind: kind.to_owned(),
                domain: domain.to_owned(),
                portal: format!("https://portal.{domain}"),
                endpoints: vec![format!("{domain}:7443")],
                log: Some(node::LogView {
                    origin: format!("{domain}/log/{}/1", hex::encode(id)),
                    epoch: 1,
                    size: 60,
                    root: vec![seed; 32],
                    checkpoint: format!("{domain}/log/{}/1\n60\n\n", hex::encode(id)),
                    vkeys: vec![format!(
                        "{domain}/log+0a1b2c3d+AT9kZXNjcmlwdGlvbiBvZiBhIGtleSBvZiAzMiBieXRlcw=="
                    )],
                    fresh: true,
                    frozen: false,
                }),
                organisations: 4,
                listings: 3,
                ..Default::default()
            };
            view.provenance = Some(provenance(&view, 0));
            view
        })
        .collect()
}

/// Of the first two organisations: from, until, and how it stands. The third was never checked.
const CHECKS: [(&str, &str, node::OrganisationCheckState); 2] = [
    ("2026-09-14", "2027-09-30", node::OrganisationCheckState::Valid),
    ("2024-09-14", "2025-09-30", node::OrganisationCheckState::RunOut),
];

fn organisations(
    partners: &[node::PartnerView],
    say: &impl Fn(&str) -> String,
) -> Vec<node::OrganisationView> {
    let list = [
        (
            0,
            "北京社区青年汇",
            "Beijing Community Youth Clubs",
            "city",
            "zh-CN",
            "三百五十家社区青年汇的联络机构，组织培训、交流和志愿服务。",
        ),
        (
            1,
            "联合国志愿人员组织亚太处",
            "UNV Asia and the Pacific",
            "international",
            "en",
            "Places UN Volunteers with partners in East Asia and the Pacific.",
        ),
        (
            2,
            "澳大利亚志愿者计划",
            "Australian Volunteers Program",
            "national",
            "en",
            "Skilled volunteers for partner organisations in Asia and the Pacific.",
        ),
    ];
    list.into_iter()
        .enumerate()
        .map(|(at, (partner, chinese, english, level, language, description))| node::OrganisationView {
            subject: subject(100 + at as u8),
            partner: partners[partner].name.clone(),
            provenance: Some(provenance(&partners[partner], 2)),
            source: Some(record::Organisation {
                language: language.to_owned(),
                names: vec![local("zh-CN", say(chinese)), local("en", say(english))],
                description: say(description),
                level: level.to_owned(),
                place: Some(place("CN", "北京", 39_904_200, 116_407_400)),
                website: "https://example.org".to_owned(),
                parent: Vec::new(),
                checked: CHECKS.get(at).map(|(from, until, _)| record::OrganisationCheck {
                    checked_on: (*from).to_owned(),
                    valid_until: (*until).to_owned(),
                    by: vec!["documents".to_owned()],
                }),
            }),
            check: CHECKS.get(at).map_or(0, |(_, _, state)| i32::from(*state)),
            // The last is part of the first.
            parent: (at == 2).then(|| node::OrganisationName {
                subject: subject(100),
                names: vec![local("en", "Beijing Community Youth Clubs".to_owned())],
            }),
            moved: None,
        })
        .collect()
}

fn place(country: &str, city: &str, latitude_e6: i32, longitude_e6: i32) -> record::Place {
    record::Place {
        country: country.to_owned(),
        region: String::new(),
        city: city.to_owned(),
        coordinates: Some(record::Coordinates { latitude_e6, longitude_e6 }),
    }
}

struct Told {
    partner: usize,
    language: &'static str,
    title: [&'static str; 2],
    summary: [&'static str; 2],
    place: Option<(&'static str, &'static str, i32, i32)>,
    slots: u32,
    origin: &'static str,
    reviewed_by: &'static str,
    sdgs: &'static [u32],
    causes: &'static [&'static str],
}

const TOLD: &[Told] = &[
    Told {
        partner: 0,
        language: "zh-CN",
        title: ["绿色社区日活动协助志愿者", "Helpers for green community days"],
        summary: [
            "在朝阳、通州、海淀的社区协助开展十天环保活动，向居民介绍垃圾分类和旧电池回收。",
            "Ten days of environmental activities in Chaoyang, Tongzhou and Haidian: show residents how waste is sorted and batteries are collected.",
        ],
        place: Some(("CN", "北京", 39_904_200, 116_407_400)),
        slots: 12,
        origin: "human",
        reviewed_by: "UNV",
        sdgs: &[11, 12, 13],
        causes: &["environment"],
    },
    Told {
        partner: 1,
        language: "en",
        title: ["减轻灾害风险青年项目官员", "Youth programme officer, disaster risk reduction"],
        summary: [
            "支持苏瓦的地方政府培训青年应急志愿者，制定社区预案。",
            "Support local authorities in Suva in training young emergency volunteers and writing community plans.",
        ],
        place: Some(("FJ", "Suva", -18_141_600, 178_441_900)),
        slots: 2,
        origin: "machine",
        reviewed_by: "",
        sdgs: &[11, 13],
        causes: &["environment"],
    },
    Told {
        partner: 2,
        language: "en",
        title: ["护理教育导师", "Nurse educator"],
        summary: [
            "在帝力国家医院带教护士，编写临床教学材料。",
            "Mentor nurses at the national hospital in Dili and write material for teaching at the bedside.",
        ],
        place: Some(("TL", "Dili", -8_556_900, 125_560_300)),
        slots: 1,
        origin: "human",
        reviewed_by: "",
        sdgs: &[3, 4],
        causes: &[],
    },
    Told {
        partner: 0,
        language: "zh-CN",
        title: ["英文版在线翻译志愿者", "Online translators for the English edition"],
        summary: [
            "把招募信息和活动报道译成英文，每周两篇，由第二位译者审校。",
            "Translate calls and reports into English, two a week, each checked by a second reader.",
        ],
        place: None,
        slots: 8,
        origin: "human",
        reviewed_by: "AVI",
        sdgs: &[4, 17],
        causes: &[],
    },
    Told {
        partner: 2,
        language: "en",
        title: ["供水工程师", "Water engineer"],
        summary: [
            "与万象省的村委会一起设计重力供水系统。",
            "Design gravity-fed water systems together with village committees in Vientiane Province.",
        ],
        place: Some(("LA", "Vientiane", 17_975_700, 102_633_100)),
        slots: 2,
        origin: "",
        reviewed_by: "",
        sdgs: &[6],
        causes: &[],
    },
    Told {
        partner: 0,
        language: "zh-CN",
        title: ["哈密巡回医疗队口译志愿者", "Interpreters for the medical team in Hami"],
        summary: [
            "随医疗队在哈密各乡义诊，为医患之间做汉语和维吾尔语口译。",
            "Travel with the medical team through the townships of Hami and interpret between doctors and patients.",
        ],
        place: Some(("CN", "哈密", 42_818_500, 93_514_100)),
        slots: 4,
        origin: "memory",
        reviewed_by: "",
        sdgs: &[3, 10],
        causes: &[],
    },
    Told {
        partner: 1,
        language: "en",
        title: ["传播志愿者", "Communications volunteer"],
        summary: [
            "在波恩总部撰写各国志愿服务故事，协助筹备伙伴关系研讨会。",
            "Write stories of volunteers at headquarters in Bonn and help prepare the partnership symposium.",
        ],
        place: Some(("DE", "Bonn", 50_737_400, 7_098_200)),
        slots: 1,
        origin: "machine",
        reviewed_by: "BVF",
        sdgs: &[17],
        causes: &[],
    },
];

fn listings(
    partners: &[node::PartnerView],
    organisations: &[node::OrganisationView],
    say: &impl Fn(&str) -> String,
) -> Vec<node::ListingView> {
    TOLD.iter()
        .enumerate()
        .map(|(at, told)| {
            let own = usize::from(told.language == "en");
            let partner = &partners[told.partner];
            let index = 17 + at as u64;
            let fields = |side: usize| fields(told, side, say);
            let source = source(told, own, &organisations[told.partner].subject, say);
            let mut texts = vec![node::ListingText {
                language: told.language.to_owned(),
                origin: "source".to_owned(),
                provenance: Some(provenance(partner, index)),
                fields: fields(own),
                ..Default::default()
            }];
            if !told.origin.is_empty() {
                let translator = &partners[(told.partner + 1) % 3];
                texts.push(node::ListingText {
                    language: if own == 1 { "zh-CN" } else { "en" }.to_owned(),
                    origin: told.origin.to_owned(),
                    engine: if told.origin == "machine" { say("ct2 opus-en-zh") } else { String::new() },
                    reviewed_by: if told.reviewed_by.is_empty() {
                        String::new()
                    } else {
                        say(told.reviewed_by)
                    },
                    translator: translator.name.clone(),
                    provenance: Some(provenance(translator, 30 + at as u64)),
                    fields: fields(1 - own),
                });
            }
            node::ListingView {
                subject: subject(1 + at as u8),
                partner: partner.name.clone(),
                organisation: Some(organisations[told.partner].clone()),
                provenance: Some(provenance(partner, index)),
                state: node::RecordState::Live.into(),
                slots: source.roles.iter().map(|role| role.slots).sum(),
                source: Some(source),
                texts,
                moved: None,
            }
        })
        .collect()
}

fn prose(side: usize) -> [(&'static str, &'static str); 6] {
    if side == 0 {
        [
            (
                "description",
                "活动为期十天，志愿者分组进入社区，与居委会和居民一起开展活动。\n\n出发前有半天培训，内容包括环保知识、沟通方法和安全须知。",
            ),
            ("requirements", "年满十八周岁，能用普通话与居民交流，愿意参加户外活动。"),
            ("how_to_apply", "请通过您所属的志愿者机构提交申请，截止日期后一周内答复。"),
            ("contact", "项目办公室，project@example.org"),
            ("safety", "户外活动配备随队医务人员；雾霾橙色预警以上活动改期。"),
            ("costs", "不收费。往返现场的市内交通自理。"),
        ]
    } else {
        [
            (
                "description",
                "For ten days volunteers go out in groups and work in the communities, together with residents’ committees.\n\nHalf a day of training comes first: the subject, how to talk with people, and safety.",
            ),
            (
                "requirements",
                "You are 18 or older, can talk with residents in Mandarin, and like to be outdoors.",
            ),
            (
                "how_to_apply",
                "Apply through your home partner. You get an answer within a week after the deadline.",
            ),
            ("contact", "Project office, project@example.org"),
            ("safety", "A medic is with each outdoor group. Activities are moved on days of heavy smog."),
            ("costs", "None. You pay your own way within the city."),
        ]
    }
}

const ROLES: [[(&str, &str); 2]; 2] = [
    [
        ("社区讲解员", "向居民讲解垃圾分类，带领孩子做环保游戏。"),
        ("活动摄影", "记录活动，整理照片并写说明。"),
    ],
    [
        ("Community guide", "Explain how waste is sorted, and play games about it with children."),
        ("Photographer", "Record the days, sort the pictures and write captions."),
    ],
];

fn fields(told: &Told, side: usize, say: &impl Fn(&str) -> String) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> =
        prose(side).into_iter().map(|(name, text)| (name.to_owned(), say(text))).collect();
    fields.insert("title".to_owned(), say(told.title[side]));
    fields.insert("summary".to_owned(), say(told.summary[side]));
    for (number, (title, tasks)) in (1..).zip(ROLES[side]) {
        fields.insert(format!("roles.{number}.title"), say(title));
        fields.insert(format!("roles.{number}.tasks"), say(tasks));
    }
    fields
}

fn source(told: &Told, side: usize, organisation: &[u8], say: &impl Fn(&str) -> String) -> record::Listing {
    let fields = fields(told, side, say);
    let read = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let role = |number: u32, slots: u32| record::Role {
        number,
        title: read(&format!("roles.{number}.title")),
        tasks: read(&format!("roles.{number}.tasks")),
        slots,
        skills: vec![say("teaching")],
        languages: vec![
            record::LanguageSkill { language: "zh-CN".to_owned(), level: "B1".to_owned() },
            record::LanguageSkill { language: "en".to_owned(), level: "A2".to_owned() },
        ],
        offer: Some(record::Offer {
            stipend: say("CNY 100 per day"),
            meals: true,
            insurance: true,
            training: true,
            certificate: true,
            ..Default::default()
        }),
        wished_skills: vec![say("photography")],
        education: say("bachelor"),
        experience_years: 2,
        filled: 1,
    };
    let mut roles = vec![role(1, told.slots)];
    if told.slots > 4 {
        roles.push(role(2, 2));
    }
    record::Listing {
        language: told.language.to_owned(),
        organisation: organisation.to_vec(),
        title: read("title"),
        summary: read("summary"),
        description: read("description"),
        place: told.place.map(|(country, city, latitude, longitude)| {
            place(country, &if country == "CN" { city.to_owned() } else { say(city) }, latitude, longitude)
        }),
        starts_on: "2027-03-01".to_owned(),
        ends_on: "2027-08-31".to_owned(),
        apply_by: "2027-01-15".to_owned(),
        hours_per_week: 16,
        roles,
        sdgs: told.sdgs.to_vec(),
        requirements: read("requirements"),
        how_to_apply: read("how_to_apply"),
        contact: read("contact"),
        safety: read("safety"),
        costs: read("costs"),
        min_age: 18,
        max_age: 0,
        applicants: "international".to_owned(),
        causes: told.causes.iter().map(|cause| say(cause)).collect(),
        checks: vec![say("background")],
        accessibility: say("Step-free."),
        selection: say("A talk by video."),
        remote: true,
        status: String::new(),
        weeks: 12,
        imported_from: None,
    }
}

fn conferences(
    partners: &[node::PartnerView],
    say: &impl Fn(&str) -> String,
) -> (Vec<node::ConferenceView>, Vec<node::MaterialView>) {
    let conference = subject(200);
    let material = |number: u8, title: &str, kind: &str, held: bool| node::MaterialView {
        subject: subject(210 + number),
        partner: partners[0].name.clone(),
        provenance: Some(provenance(&partners[0], 40 + u64::from(number))),
        source: Some(record::Material {
            language: "zh-CN".to_owned(),
            conference: conference.clone(),
            title: say(title),
            kind: kind.to_owned(),
            authors: vec![say("北京志愿服务发展研究会")],
            organisation: say("北京市志愿服务联合会"),
            date: "2026-10-12".to_owned(),
            version: "1".to_owned(),
            licence: "CC-BY-4.0".to_owned(),
            r#abstract: say("回顾国际志愿服务六十年，提出面向可持续发展目标的合作建议。"),
            sdgs: vec![17],
            blob: Some(record::Blob {
                hash: vec![number; 32],
                size: 1_240_000,
                media_type: "application/pdf".to_owned(),
                filename: say("报告 <1>.pdf"),
                key: Vec::new(),
            }),
        }),
        held,
    };
    let materials = vec![
        material(1, "国际志愿服务六十年", "slides", true),
        material(2, "中等收入国家的志愿服务政策", "paper", false),
    ];
    let view = node::ConferenceView {
        subject: conference,
        partner: partners[0].name.clone(),
        provenance: Some(provenance(&partners[0], 39)),
        source: Some(record::Conference {
            language: "zh-CN".to_owned(),
            names: vec![
                local("zh-CN", say("国际志愿服务交流大会")),
                local("en", say("International Volunteering Service Exchange Conference")),
            ],
            theme: say("国际志愿服务六十年"),
            description: say("来自十八个国家的代表交流政策与经验，附图书与资料展。"),
            starts_on: "2027-10-12".to_owned(),
            ends_on: "2027-10-13".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            place: Some(place("CN", "北京", 39_904_200, 116_407_400)),
            organisers: Vec::new(),
            topics: vec![say("中等收入国家的政策"), say("成功项目")],
            website: "https://conference.example.org".to_owned(),
        }),
        materials: materials.clone(),
        organisers: vec![partners[0].name.clone().unwrap(), partners[1].name.clone().unwrap()],
    };
    (vec![view], materials)
}

fn agreements(partners: &[node::PartnerView]) -> Vec<node::AgreementView> {
    vec![node::AgreementView {
        subject: subject(240),
        partner: partners[0].name.clone(),
        other: partners[2].name.clone(),
        provenance: Some(provenance(&partners[0], 5)),
        terms: Some(record::AgreementTerms {
            purposes: vec!["placement".to_owned()],
            categories: vec!["profile".to_owned()],
            starts_on: "2026-01-01".to_owned(),
            ends_on: "2028-12-31".to_owned(),
            ..Default::default()
        }),
        in_force: true,
    }]
}
