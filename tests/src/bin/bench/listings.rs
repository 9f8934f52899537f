//! Listings as organisations write them, half in Chinese and half in English: bodies of about 600 bytes. The same seed
//! gives the same listings.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use volbridge_proto::wire::record::v1 as record;

/// Words of one language.
struct Words {
    language: &'static str,
    works: &'static [&'static str],
    places: &'static [(&'static str, &'static str, &'static str)],
    summaries: &'static [&'static str],
    details: &'static [&'static str],
    apply: &'static str,
    costs: &'static str,
    role: &'static str,
    tasks: &'static [&'static str],
}

const CHINESE: Words = Words {
    language: "zh-CN",
    works: &[
        "社区图书馆助读",
        "冬奥场馆语言服务",
        "乡村小学英语课堂",
        "湿地鸟类调查",
        "老年人手机课堂",
        "博物馆讲解",
        "马拉松赛会服务",
    ],
    places: &[
        ("CN", "北京市", "朝阳区"),
        ("CN", "四川省", "凉山州"),
        ("CN", "云南省", "大理市"),
        ("CN", "青海省", "玉树市"),
    ],
    summaries: &[
        "每周两个半天，面向外国访客提供中英文引导。",
        "周末到站，陪孩子读完一本书。",
        "赛期十天，集中上岗，统一培训。",
    ],
    details: &[
        "上岗前有两次线上培训和一次实地走访，由老志愿者带着做。",
        "服务结束后由组织出具证明，时长记入志愿者档案。",
        "需要能与当地居民耐心沟通，愿意记录每天的情况。",
        "交通和午餐由组织安排，住宿在附近的青年旅舍。",
    ],
    apply: "在所在组织的门户提交申请，两周内答复。",
    costs: "无费用。",
    role: "现场志愿者",
    tasks: &["引导访客，回答常见问题。", "整理资料，登记来访人数。", "协助老师上课，批改练习。"],
};

const ENGLISH: Words = Words {
    language: "en",
    works: &[
        "Reading hours at the library",
        "Language help at the games",
        "Village school assistants",
        "Wetland bird count",
        "Phones for the elderly",
        "Museum guides",
        "Marathon stewards",
    ],
    places: &[
        ("DE", "Nordrhein-Westfalen", "Bonn"),
        ("AU", "Victoria", "Melbourne"),
        ("KE", "Nairobi", "Nairobi"),
        ("NP", "Bagmati", "Kathmandu"),
    ],
    summaries: &[
        "Two half days a week, guiding visitors in Chinese and English.",
        "Weekends with children, one book at a time.",
        "Ten days on site with one team and one training.",
    ],
    details: &[
        "Two online trainings and a visit come first; experienced volunteers show you around.",
        "The organisation certifies your hours when you finish.",
        "You should be patient with neighbours and ready to keep a diary.",
        "Transport and lunch are arranged; a hostel is nearby.",
    ],
    apply: "Apply at your organisation's portal; we answer within two weeks.",
    costs: "none",
    role: "Volunteer on site",
    tasks: &[
        "Guide visitors and answer questions.",
        "Keep the register of visitors.",
        "Help the teacher and mark exercises.",
    ],
};

/// An endless series of listings.
pub struct Listings {
    rng: StdRng,
    organisation: Vec<u8>,
    number: u64,
}

impl Listings {
    /// Of an organisation, from a seed.
    pub fn new(organisation: &[u8], seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), organisation: organisation.to_vec(), number: 0 }
    }
}

impl Iterator for Listings {
    type Item = record::Listing;

    fn next(&mut self) -> Option<record::Listing> {
        self.number += 1;
        let words = if self.rng.random_bool(0.5) { &CHINESE } else { &ENGLISH };
        let rng = &mut self.rng;
        let month = rng.random_range(1..=9);
        let place = words.places.choose(rng)?;
        let details: Vec<&str> = words.details.sample(rng, 2).copied().collect();
        Some(record::Listing {
            language: words.language.to_owned(),
            organisation: self.organisation.clone(),
            title: format!("{} {}", words.works.choose(rng)?, self.number),
            summary: (*words.summaries.choose(rng)?).to_owned(),
            description: details.join(" "),
            place: Some(record::Place {
                country: place.0.to_owned(),
                region: place.1.to_owned(),
                city: place.2.to_owned(),
                coordinates: None,
            }),
            starts_on: format!("2027-{month:02}-01"),
            ends_on: format!("2027-{:02}-28", month + 2),
            hours_per_week: rng.random_range(4..=40),
            roles: vec![record::Role {
                number: 1,
                title: words.role.to_owned(),
                tasks: (*words.tasks.choose(rng)?).to_owned(),
                slots: rng.random_range(1..=60),
                ..record::Role::default()
            }],
            sdgs: vec![rng.random_range(1..=8), rng.random_range(9..=17)],
            how_to_apply: words.apply.to_owned(),
            costs: words.costs.to_owned(),
            min_age: 18,
            applicants: "all".to_owned(),
            ..record::Listing::default()
        })
    }
}

/// The organisation that offers them.
pub fn organisation() -> record::Organisation {
    let name = |language: &str, text: &str| record::LocalText {
        language: language.to_owned(),
        text: text.to_owned(),
    };
    record::Organisation {
        language: "zh-CN".to_owned(),
        names: vec![name("en", "Benchmark Volunteers"), name("zh-CN", "基准志愿者协会")],
        level: "city".to_owned(),
        ..record::Organisation::default()
    }
}
