//! Listings for the round trips: an ordinary one, hostile texts, and any that proptest thinks of.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, sample::select};
use volbridge_formats::{Entry, Translation};
use volbridge_proto::{
    SubjectId, Timestamp,
    kinds::listing::prose,
    wire::record::v1::{Coordinates, LanguageSkill, Listing, LocalText, Offer, Place, Role},
};

/// What means something to a spreadsheet, to XML, to JSON, to a terminal or to a hasty parser.
pub const HOSTILE: &[&str] = &[
    "=1+1",
    "+86 10 1234",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "'=1+1",
    "''@x",
    "'plain",
    "' =1",
    " =1",
    "=HYPERLINK(\"http://evil.example\",\"点击\")",
    "=cmd|'/c calc'!A1",
    "\"quoted\" and \"\"doubled\"\"",
    "a,b;c；d\te",
    "line\nbreak\r\nand another\r",
    "\u{0}null\u{1}\u{8}\u{b}\u{1f}\u{7f}",
    "\u{202e}gnirts\u{202c} \u{2066}x\u{2069}",
    "\u{feff}bom\u{200b}",
    "שלום مرحبا",
    "😀👩‍👩‍👧‍👦🇨🇳𠮷",
    "_x0041_ _x000D_",
    "<b>&amp;</b> ]]> <!-- ",
    "</script><script>alert(1)</script>",
    "\\; \\n \\",
    "{{7*7}}",
    "  spaces  ",
    "\u{fffe}\u{ffff}",
    "NULL",
    "1e5",
    "2027-03-01",
];

/// A listing of two roles, Chinese with an English translation.
pub fn ordinary() -> Entry {
    let teacher = Role {
        number: 1,
        title: "英语教师".into(),
        tasks: "每周授课。".into(),
        slots: 20,
        skills: vec!["coaching".into(), "first-aid".into()],
        languages: vec![LanguageSkill { language: "en".into(), level: "B2".into() }],
        offer: Some(Offer {
            stipend: "CNY 3000 per month".into(),
            housing: true,
            certificate: true,
            ..Offer::default()
        }),
        wished_skills: vec!["driving".into()],
        education: "bachelor".into(),
        experience_years: 2,
        filled: 7,
    };
    let cook = Role { number: 3, title: "厨师".into(), slots: 2, ..Role::default() };
    let listing = Listing {
        language: "zh-CN".into(),
        organisation: vec![7; 16],
        title: "乡村支教".into(),
        summary: "在云南乡村小学支教一学期。".into(),
        description: "第一段。\n\n第二段。".into(),
        place: Some(Place {
            country: "CN".into(),
            region: "CN-YN".into(),
            city: "大理".into(),
            coordinates: Some(Coordinates { latitude_e6: 25_606_500, longitude_e6: -100_267_600 }),
        }),
        starts_on: "2027-03-01".into(),
        ends_on: "2027-07-15".into(),
        apply_by: "2027-01-31".into(),
        hours_per_week: 30,
        roles: vec![teacher, cook],
        sdgs: vec![4, 10],
        requirements: "身体健康".into(),
        how_to_apply: "发邮件".into(),
        contact: "zhijiao@bvf.example".into(),
        safety: "有保险".into(),
        costs: "无".into(),
        min_age: 18,
        max_age: 60,
        applicants: "all".into(),
        causes: vec!["children-youth".into(), "education".into()],
        checks: vec!["health".into()],
        accessibility: "无台阶".into(),
        selection: "面试".into(),
        remote: true,
        status: String::new(),
        weeks: 12,
        imported_from: None,
    };
    let english = [
        ("title", "Teaching in the countryside"),
        ("summary", "A term at a village school in Yunnan."),
        ("roles.1.title", "English teacher"),
        ("roles.1.tasks", "Teach every week."),
        ("roles.3.title", "Cook"),
    ];
    let fields = english.map(|(field, text)| (field.to_owned(), text.to_owned())).into();
    let name = |language: &str, text: &str| LocalText { language: language.into(), text: text.into() };
    Entry {
        subject: Some(SubjectId::v7(1_700_000_000_000, [9; 10])),
        reference: "2027-014".into(),
        listing,
        translations: vec![Translation { language: "en".into(), fields, ..Translation::default() }],
        organisation: vec![name("en", "Beijing Volunteer Federation"), name("zh-CN", "北京市志愿服务联合会")],
        partner: "bvf.example".into(),
        link: "https://bvf.example/listings/1".into(),
        published_at: Some(Timestamp::from_millis(1_790_000_000_000)),
        updated_at: Some(Timestamp::from_millis(1_795_000_000_123)),
    }
}

/// The ordinary one with a text in all its prose, names and free fields.
pub fn filled_with(text: &str) -> Entry {
    let mut entry = ordinary();
    let listing = &mut entry.listing;
    for field in [
        &mut listing.title,
        &mut listing.summary,
        &mut listing.description,
        &mut listing.requirements,
        &mut listing.how_to_apply,
        &mut listing.contact,
        &mut listing.safety,
        &mut listing.costs,
        &mut listing.accessibility,
        &mut listing.selection,
    ] {
        *field = text.to_owned();
    }
    for role in &mut listing.roles {
        role.title = text.to_owned();
        role.tasks = text.to_owned();
        role.offer.get_or_insert_default().stipend = text.to_owned();
    }
    let place = listing.place.get_or_insert_default();
    place.region = text.to_owned();
    place.city = text.to_owned();
    for translation in &mut entry.translations {
        translation.fields = prose(&entry.listing).into_iter().collect();
    }
    for name in &mut entry.organisation {
        name.text = text.to_owned();
    }
    entry.partner = text.to_owned();
    entry
}

/// Ten thousand characters, each of four bytes.
pub fn long() -> String {
    "𠮷".repeat(10_000)
}

/// Any text: ordinary, hostile, or whatever comes.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z 一-龥]{1,12}",
        2 => select(HOSTILE).prop_map(str::to_owned),
        1 => any::<String>().prop_filter("not empty", |text| !text.is_empty()),
    ]
}

fn maybe() -> impl Strategy<Value = String> {
    prop_oneof![1 => Just(String::new()), 3 => text()]
}

fn code() -> impl Strategy<Value = String> {
    "[a-z]{2,8}(-[a-z]{1,5})?"
}

fn day() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        (2020..2090, 1..=12, 1..=28).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}"))
    ]
}

fn offer() -> impl Strategy<Value = Offer> {
    (text(), any::<[bool; 7]>()).prop_map(
        |(stipend, [housing, meals, travel, insurance, visa, training, certificate])| Offer {
            stipend,
            housing,
            meals,
            travel,
            insurance,
            visa,
            training,
            certificate,
        },
    )
}

fn role() -> impl Strategy<Value = Role> {
    let words = (maybe(), maybe(), maybe_of(&["bachelor", "secondary"]));
    let lists = (vec(code(), 0..3), vec(code(), 0..3), vec(code(), 0..3));
    (words, lists, option::of(offer()), 0..200_u32, 0..200_u32, 0..60_u32).prop_map(
        |(
            (title, tasks, education),
            (skills, wished_skills, languages),
            offer,
            slots,
            filled,
            experience_years,
        )| {
            let speak = |language| LanguageSkill { language, level: "B1".to_owned() };
            let languages = languages.into_iter().map(speak).collect();
            Role {
                number: 0,
                title,
                tasks,
                slots,
                skills,
                languages,
                offer,
                wished_skills,
                education,
                experience_years,
                filled,
            }
        },
    )
}

fn maybe_of(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), select(words).prop_map(str::to_owned)]
}

fn place() -> impl Strategy<Value = Place> {
    let at = option::of((-90_000_000..=90_000_000, -180_000_000..=180_000_000));
    ("[A-Z]{2}", maybe(), maybe(), at).prop_map(|(country, region, city, at)| Place {
        country,
        region,
        city,
        coordinates: at.map(|(latitude_e6, longitude_e6)| Coordinates { latitude_e6, longitude_e6 }),
    })
}

fn listing() -> impl Strategy<Value = Listing> {
    let words = (select(&["zh-CN", "en", "fr"][..]), text(), text(), vec(maybe(), 8));
    let days = (day(), day(), day());
    let numbers = (0..168_u32, 0..120_u32, 0..120_u32, 0..520_u32, vec(1..=17_u32, 0..4));
    let codes = (
        vec(code(), 0..3),
        vec(code(), 0..3),
        maybe_of(&["full", "paused"]),
        maybe_of(&["all", "residents"]),
    );
    (words, days, numbers, codes, option::of(place()), vec(role(), 1..4), any::<bool>()).prop_map(
        |((language, title, summary, prose), days, numbers, codes, place, mut roles, remote)| {
            for (number, role) in (1..).zip(&mut roles) {
                role.number = number * 2;
            }
            let mut prose = prose.into_iter();
            let mut next = || prose.next().unwrap_or_default();
            Listing {
                language: language.to_owned(),
                organisation: vec![5; 16],
                title,
                summary,
                description: next(),
                requirements: next(),
                how_to_apply: next(),
                contact: next(),
                safety: next(),
                costs: next(),
                accessibility: next(),
                selection: next(),
                place,
                roles,
                remote,
                starts_on: days.0,
                ends_on: days.1,
                apply_by: days.2,
                hours_per_week: numbers.0,
                min_age: numbers.1,
                max_age: numbers.2,
                weeks: numbers.3,
                sdgs: numbers.4,
                causes: codes.0,
                checks: codes.1,
                status: codes.2,
                applicants: codes.3,
                imported_from: None,
            }
        },
    )
}

/// Any entry that is translated into at most one language more, with each field or not.
pub fn entry() -> impl Strategy<Value = Entry> {
    (
        listing(),
        vec(option::of(text()), 16),
        text(),
        text(),
        option::of(0..4_000_000_000_000_i64),
        any::<[u8; 10]>(),
    )
        .prop_map(|(listing, words, partner, name, moment, random)| {
            let language = if listing.language == "en" { "zh-CN" } else { "en" };
            let fields = prose(&listing).into_iter().zip(words);
            let fields: BTreeMap<_, _> =
                fields.filter_map(|((field, _), text)| Some((field, text?))).collect();
            let translation = Translation { language: language.to_owned(), fields, ..Translation::default() };
            let translations = if translation.fields.is_empty() { Vec::new() } else { vec![translation] };
            Entry {
                subject: Some(SubjectId::v7(1_700_000_000_000, random)),
                reference: partner.clone(),
                listing,
                translations,
                organisation: vec![LocalText { language: "en".to_owned(), text: name }],
                partner,
                link: "https://bvf.example/listings/1".to_owned(),
                published_at: moment.map(Timestamp::from_millis),
                updated_at: moment.map(Timestamp::from_millis),
            }
        })
}
