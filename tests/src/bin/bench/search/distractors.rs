//! Listings among which the judged ones must be found: bilingual, of subjects and places that no judged question asks
//! for, but of the same everyday words. The same seed gives the same listings.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use volbridge_proto::wire::record::v1 as record;
use volbridge_tests::judged::segment;

/// Chinese and English.
type Pair = (&'static str, &'static str);

/// What it is about.
pub const THEMES: &[Pair] = &[
    ("围棋俱乐部", "Go club"),
    ("天文台公众夜", "public evenings at the observatory"),
    ("铁路模型展", "model railway show"),
    ("集邮沙龙", "stamp collectors' meeting"),
    ("陶艺坊", "pottery workshop"),
    ("编织小组", "knitting circle"),
    ("帆船俱乐部", "sailing club"),
    ("攀岩馆", "climbing hall"),
    ("播客工作室", "podcast studio"),
    ("烘焙课", "baking class"),
    ("木工车间", "carpentry workshop"),
    ("摄影暗房", "darkroom"),
    ("乐器租借站", "instrument lending station"),
    ("家谱整理", "family tree collection"),
    ("灯塔开放日", "lighthouse open day"),
    ("植物标本室", "herbarium"),
    ("化石修复室", "fossil preparation room"),
    ("古籍装订", "book binding"),
    ("机器人联赛", "robot league"),
    ("滑板公园", "skate park"),
    ("冰壶队", "curling team"),
    ("合作商店", "cooperative store"),
    ("钟楼维护", "clock tower upkeep"),
    ("蘑菇棚", "mushroom house"),
    ("家具仓库", "furniture store"),
    ("涂鸦墙", "graffiti wall"),
    ("诗歌朗读会", "poetry evening"),
    ("业余剧团", "amateur players"),
    ("戏服库", "costume store"),
    ("蒸汽机车", "steam engine"),
    ("校友会", "alumni office"),
    ("气象站", "weather station"),
    ("滑翔伞队", "paragliding team"),
    ("雕塑公园", "sculpture park"),
    ("手工纸坊", "paper mill"),
    ("香料园", "herb garden"),
    ("皮划艇站", "kayak station"),
    ("桌游夜", "board game night"),
    ("选举观察", "election observation"),
    ("街头乐队", "street band"),
];

const ROLES: &[Pair] = &[
    ("接待员", "receptionist"),
    ("场地管理员", "caretaker"),
    ("器材保管员", "keeper of equipment"),
    ("排班协调员", "shift coordinator"),
    ("宣传员", "publicist"),
    ("秘书", "secretary"),
    ("摄影师", "photographer"),
    ("助理", "assistant"),
];

/// Country, region, Chinese and English name, degrees north and east.
type Place = (&'static str, &'static str, &'static str, &'static str, f64, f64);

/// Where.
pub const PLACES: &[Place] = &[
    ("CN", "CN-ZJ", "宁波", "Ningbo", 29.87, 121.55),
    ("CN", "CN-JS", "徐州", "Xuzhou", 34.26, 117.19),
    ("CN", "CN-HB", "宜昌", "Yichang", 30.69, 111.29),
    ("CN", "CN-FJ", "泉州", "Quanzhou", 24.87, 118.68),
    ("CN", "CN-SD", "烟台", "Yantai", 37.46, 121.45),
    ("CN", "CN-LN", "锦州", "Jinzhou", 41.10, 121.13),
    ("CN", "CN-JL", "延吉", "Yanji", 42.89, 129.51),
    ("CN", "CN-GX", "桂林", "Guilin", 25.27, 110.29),
    ("CN", "CN-SX", "大同", "Datong", 40.08, 113.30),
    ("CN", "CN-AH", "黄山", "Huangshan", 29.71, 118.34),
    ("CN", "CN-NM", "包头", "Baotou", 40.66, 109.84),
    ("JP", "JP-26", "京都", "Kyoto", 35.01, 135.77),
    ("KR", "KR-26", "釜山", "Busan", 35.18, 129.08),
    ("IN", "IN-MH", "浦那", "Pune", 18.52, 73.86),
    ("ZA", "ZA-KZN", "德班", "Durban", -29.86, 31.02),
    ("BR", "BR-PE", "累西腓", "Recife", -8.05, -34.88),
    ("AR", "AR-S", "罗萨里奥", "Rosario", -32.95, -60.65),
    ("ES", "ES-PV", "毕尔巴鄂", "Bilbao", 43.26, -2.93),
    ("FR", "FR-HDF", "里尔", "Lille", 50.63, 3.06),
    ("PL", "PL-22", "格但斯克", "Gdańsk", 54.35, 18.65),
    ("SE", "SE-M", "马尔默", "Malmö", 55.60, 13.00),
    ("NO", "NO-46", "卑尔根", "Bergen", 60.39, 5.32),
    ("FI", "FI-11", "坦佩雷", "Tampere", 61.50, 23.76),
    ("NG", "NG-OY", "伊巴丹", "Ibadan", 7.38, 3.95),
    ("MX", "MX-YUC", "梅里达", "Mérida", 20.97, -89.62),
    ("CA", "CA-NS", "哈利法克斯", "Halifax", 44.65, -63.58),
    ("US", "US-AZ", "图森", "Tucson", 32.22, -110.97),
    ("CL", "CL-LR", "瓦尔迪维亚", "Valdivia", -39.81, -73.25),
    ("MY", "MY-13", "古晋", "Kuching", 1.55, 110.36),
    ("ID", "ID-JB", "万隆", "Bandung", -6.92, 107.61),
    ("LK", "LK-2", "康提", "Kandy", 7.29, 80.63),
    ("PT", "PT-13", "波尔图", "Porto", 41.15, -8.61),
    ("IT", "IT-21", "都灵", "Turin", 45.07, 7.69),
    ("AT", "AT-6", "格拉茨", "Graz", 47.07, 15.44),
];

const DETAILS: &[Pair] = &[
    (
        "上岗前有两次培训，由老志愿者带着做。",
        "Two trainings come first; experienced volunteers show you around.",
    ),
    ("服务时长计入志愿者档案。", "Your hours are entered in your volunteer record."),
    (
        "每月开一次例会，大家一起安排下个月的班次。",
        "Once a month all meet and settle the shifts of the next.",
    ),
    ("组织提供工作服和午餐。", "Clothes and lunch are provided."),
    (
        "需要守时、细心，能独立完成登记。",
        "You should be punctual and careful, and keep the register by yourself.",
    ),
    ("欢迎没有经验的人，也欢迎带朋友一起来。", "No experience is needed, and friends are welcome."),
    ("周末和节假日是最忙的时候。", "Weekends and holidays are the busiest time."),
    ("活动在室内进行，场地可以乘公共汽车到达。", "It takes place indoors and can be reached by bus."),
    ("期满三个月后可以申请成为小组长。", "After three months you may become leader of a group."),
    ("需要搬运器材，请穿方便的鞋子。", "There is equipment to carry: wear sensible shoes."),
    ("工作语言是当地语言，会一点英语更好。", "The local language is spoken; a little English is useful."),
    ("报名后一周内会收到答复。", "You hear from us within a week."),
    ("我们为每位成员购买意外保险。", "Each member is insured against accidents."),
    (
        "参加者来自各行各业，年龄从十八岁到七十岁。",
        "Members come from all walks of life and are between eighteen and seventy.",
    ),
    (
        "结束时举办一次展示，邀请邻居和家人参观。",
        "It ends with a show to which neighbours and families are invited.",
    ),
    ("请先在网上看一遍安全须知。", "Please read the rules of safety first."),
];

const NAMES: &[Pair] = &[
    ("琥珀", "Amber"),
    ("银杏", "Ginkgo"),
    ("青石", "Bluestone"),
    ("云杉", "Spruce"),
    ("远山", "Farhill"),
    ("白帆", "Whitesail"),
    ("晨光", "Daybreak"),
    ("松涛", "Pinewind"),
    ("蓝铃", "Bluebell"),
    ("金桂", "Osmanthus"),
    ("北斗", "Dipper"),
    ("飞鸿", "Wildgoose"),
    ("新月", "Crescent"),
    ("知春", "Springtide"),
    ("听雨", "Raintree"),
    ("长风", "Longwind"),
];

const DAYS: &[Pair] = &[
    ("周一", "Mondays"),
    ("周二", "Tuesdays"),
    ("周三", "Wednesdays"),
    ("周四", "Thursdays"),
    ("周五", "Fridays"),
    ("周六", "Saturdays"),
    ("周日", "Sundays"),
];

const SKILLS: &[&str] = &["teaching", "event-support", "administration", "photography", "repair", "design"];

/// A listing and its translation.
pub struct Bilingual {
    /// In its source language.
    pub listing: record::Listing,
    /// Of the translation.
    pub language: &'static str,
    /// The translation.
    pub segments: Vec<record::Segment>,
}

/// An endless series of them.
pub struct Distractors {
    rng: StdRng,
    number: u64,
}

impl Distractors {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), number: 0 }
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.choose(&mut self.rng).copied()
    }
}

impl Iterator for Distractors {
    type Item = Bilingual;

    fn next(&mut self) -> Option<Bilingual> {
        self.number += 1;
        let place = self.pick(PLACES)?;
        let (zh, en) = self.prose(place)?;
        let (source, other, language, translated) =
            if self.rng.random_bool(0.6) { (zh, en, "zh-CN", "en") } else { (en, zh, "en", "zh-CN") };
        let mut listing = source.listing(language);
        listing.place = Some(self.place(place, language));
        self.dates(&mut listing);
        self.role(&mut listing)?;
        let goals = (self.rng.random_range(1..=8), self.rng.random_range(9..=17));
        listing.sdgs = vec![goals.0, goals.1];
        Some(Bilingual { listing, language: translated, segments: other.segments() })
    }
}

impl Distractors {
    fn prose(&mut self, place: Place) -> Option<(Prose, Prose)> {
        let (theme, role, name, day) =
            (self.pick(THEMES)?, self.pick(ROLES)?, self.pick(NAMES)?, self.pick(DAYS)?);
        let details: Vec<Pair> = DETAILS.sample(&mut self.rng, 3).copied().collect();
        let joined =
            |one: fn(&Pair) -> &str, with: &str| details.iter().map(one).collect::<Vec<_>>().join(with);
        let number = self.number;
        let zh = Prose {
            title: format!("{}{}{}（{number}）", place.2, name.0, theme.0),
            summary: format!("{}的{}每{}开放，招募{}。", place.2, theme.0, day.0, role.0),
            description: joined(|pair| pair.0, ""),
            role: role.0.to_owned(),
            apply: "在所在组织的门户提交申请。",
            costs: "无费用。",
        };
        let en = Prose {
            title: format!("{} {} in {} ({number})", name.1, theme.1, place.3),
            summary: format!("On {} the {} in {} is open and needs a {}.", day.1, theme.1, place.3, role.1),
            description: joined(|pair| pair.1, " "),
            role: role.1.to_owned(),
            apply: "Apply in the portal of your organisation.",
            costs: "none",
        };
        Some((zh, en))
    }

    fn place(&mut self, place: Place, language: &str) -> record::Place {
        let (country, region, zh, en, latitude, longitude) = place;
        // Some 20 km around.
        #[expect(clippy::cast_possible_truncation, reason = "degrees")]
        let degrees = |centre: f64, off: f64| ((centre + off) * 1e6) as i32;
        record::Place {
            country: country.to_owned(),
            region: region.to_owned(),
            city: if language == "en" { en } else { zh }.to_owned(),
            coordinates: Some(record::Coordinates {
                latitude_e6: degrees(latitude, self.rng.random_range(-0.2..0.2)),
                longitude_e6: degrees(longitude, self.rng.random_range(-0.2..0.2)),
            }),
        }
    }

    fn dates(&mut self, listing: &mut record::Listing) {
        let (year, month) = (self.rng.random_range(2027..=2028), self.rng.random_range(1..=9));
        let months = self.rng.random_range(0..=3);
        listing.starts_on = format!("{year}-{month:02}-01");
        listing.ends_on = format!("{year}-{:02}-28", month + months);
        listing.hours_per_week = self.rng.random_range(2..=40);
    }

    fn role(&mut self, listing: &mut record::Listing) -> Option<()> {
        let skill = self.pick(SKILLS)?;
        let languages = match listing.language.as_str() {
            "en" => vec![("en", "B2")],
            _ => vec![("zh", "C1")],
        };
        let language = |(language, level): (&str, &str)| record::LanguageSkill {
            language: language.to_owned(),
            level: level.to_owned(),
        };
        let role = listing.roles.first_mut()?;
        role.slots = self.rng.random_range(1..=60);
        role.filled = self.rng.random_range(0..=role.slots);
        role.skills = vec![skill.to_owned()];
        role.languages = languages.into_iter().map(language).collect();
        role.offer = Some(record::Offer {
            meals: self.rng.random_bool(0.5),
            insurance: self.rng.random_bool(0.5),
            housing: self.rng.random_bool(0.1),
            training: true,
            ..Default::default()
        });
        Some(())
    }
}

/// The texts of one language.
struct Prose {
    title: String,
    summary: String,
    description: String,
    role: String,
    apply: &'static str,
    costs: &'static str,
}

impl Prose {
    fn listing(self, language: &str) -> record::Listing {
        record::Listing {
            language: language.to_owned(),
            title: self.title,
            summary: self.summary,
            description: self.description,
            roles: vec![record::Role { number: 1, title: self.role, slots: 1, ..Default::default() }],
            how_to_apply: self.apply.to_owned(),
            costs: self.costs.to_owned(),
            applicants: "all".to_owned(),
            ..Default::default()
        }
    }

    /// Ascending by field.
    fn segments(&self) -> Vec<record::Segment> {
        vec![
            segment("costs", self.costs),
            segment("description", &self.description),
            segment("how_to_apply", self.apply),
            segment("roles.1.title", &self.role),
            segment("summary", &self.summary),
            segment("title", &self.title),
        ]
    }
}
