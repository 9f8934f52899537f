//! Texts: every key that is used exists in every language, and every key that
//! exists is used. A page never shows a key or another language's text by mistake.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use volbridge_proto::codes;

/// Keys that are put together from a family and a code.
const FAMILIES: &[&str] = &[
    "account-done",
    "alerts-every",
    "application-done",
    "benefit",
    "checking-done",
    "currency",
    "deed",
    "desk-done",
    "doer",
    "draft-state",
    "duration",
    "error-advice",
    "error-title",
    "facet",
    "field",
    "format",
    "handover-done",
    "import-done",
    "import-fault",
    "import-outcome",
    "import-state",
    "kind",
    "material",
    "media",
    "modality",
    "month",
    "partner-kind",
    "peer",
    "people-done",
    "problem",
    "purpose",
    "quality",
    "reason",
    "role",
    "role-why",
    "scope",
    "scope-why",
    "set-status",
    "sort",
    "state",
    "state-text",
    "status",
    "way",
    "wish",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Key → what stands after it, of a language.
fn texts(language: &str) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let mut last = String::new();
    for path in files(&root().join("i18n").join(language)) {
        for line in fs::read_to_string(&path).unwrap().lines() {
            match line.split_once(" = ") {
                Some((key, text)) if !line.starts_with([' ', '#']) => {
                    let twice = texts.insert(key.to_owned(), text.to_owned());
                    assert_eq!(twice, None, "{key} stands twice in {language}");
                    last = key.to_owned();
                }
                _ => texts.entry(last.clone()).or_default().push_str(line),
            }
        }
    }
    texts.remove("");
    texts
}

/// The literals that are looked up in sources and templates.
fn used() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for path in files(&root().join("src")).into_iter().chain(files(&root().join("templates"))) {
        let text = fs::read_to_string(&path).unwrap();
        for call in [
            "t(\"",
            "with(\"",
            "count(\"",
            "fill(\"",
            "maybe(\"",
            "say(\"",
            "said(\"",
            "fact(\"",
            "figure(\"",
            "lang.t(\"",
        ] {
            for (at, _) in text.match_indices(call) {
                let before = text[..at].chars().next_back().unwrap_or(' ');
                let literal: String =
                    text[at + call.len()..].chars().take_while(|next| *next != '"').collect();
                let key = !literal.is_empty()
                    && literal
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
                if key && !before.is_alphanumeric() && before != '_' {
                    keys.insert(literal);
                }
            }
        }
    }
    keys
}

/// Any literal in the sources, for keys that are chosen before they are looked up.
fn named_somewhere(key: &str) -> bool {
    let quoted = format!("\"{key}\"");
    files(&root().join("src")).iter().any(|path| fs::read_to_string(path).unwrap().contains(&quoted))
}

fn is_family(key: &str) -> bool {
    FAMILIES.iter().any(|family| key.starts_with(&format!("{family}-")))
}

#[test]
fn every_key_that_is_used_exists() {
    let english = texts("en");
    let absent: Vec<_> = used().into_iter().filter(|key| !english.contains_key(key)).collect();
    assert!(absent.is_empty(), "not in i18n/en: {absent:?}");
}

#[test]
fn every_language_has_the_same_keys() {
    let english: BTreeSet<String> = texts("en").into_keys().collect();
    for entry in fs::read_dir(root().join("i18n")).unwrap() {
        let language = entry.unwrap().file_name().into_string().unwrap();
        let keys: BTreeSet<String> = texts(&language).into_keys().collect();
        let different: Vec<_> = english.symmetric_difference(&keys).collect();
        assert!(different.is_empty(), "{language}: {different:?}");
    }
}

#[test]
fn every_language_fills_in_the_same_things() {
    let chinese = texts("zh-CN");
    for (key, english) in texts("en") {
        let names = |text: &str| -> BTreeSet<String> {
            text.split("{ $")
                .skip(1)
                .map(|rest| rest.chars().take_while(|next| next.is_alphanumeric()).collect::<String>())
                // Chinese has no plural to choose; a figure stands beside its number.
                .filter(|name| name != "count" && name != "n")
                .collect()
        };
        assert_eq!(names(&english), names(&chinese[&key]), "{key}");
    }
}

#[test]
fn every_key_that_exists_is_used() {
    let used = used();
    let idle: Vec<_> = texts("en")
        .into_keys()
        .filter(|key| !used.contains(key) && !is_family(key) && !named_somewhere(key))
        .collect();
    assert!(idle.is_empty(), "nobody uses {idle:?}");
}

#[test]
fn templates_hold_no_text_of_their_own() {
    for path in files(&root().join("templates")) {
        let text = fs::read_to_string(&path).unwrap();
        let mut prose = String::new();
        let (mut inside, mut rest) = (0i32, text.chars().peekable());
        while let Some(next) = rest.next() {
            match (next, rest.peek()) {
                ('<', _) | ('{', Some('{' | '%')) => inside += 1,
                ('>', _) => inside -= i32::from(inside > 0),
                ('}' | '%', Some('}')) => {
                    inside -= i32::from(inside > 0);
                    rest.next();
                }
                (next, _) if inside == 0 => prose.push(next),
                _ => {}
            }
        }
        let words: Vec<_> = prose
            .split_whitespace()
            .filter(|word| word.chars().filter(|letter| letter.is_alphabetic()).count() > 1)
            // The command on the page about proofs, and entities.
            .filter(|word| {
                !["volbridge", "record", "verify", "FILE.tlog-proof", "--policy", "FILE.policy"]
                    .contains(word)
            })
            .filter(|word| !word.contains("&nbsp;"))
            .collect();
        assert!(words.is_empty(), "{}: {words:?}", path.display());
    }
}

#[test]
fn every_code_of_the_lists_has_a_name() {
    let english = texts("en");
    let goals: Vec<String> = (1..=17).map(|goal: u32| goal.to_string()).collect();
    let goals: Vec<&str> = goals.iter().map(String::as_str).collect();
    let lists: [(&str, &[&str]); 12] = [
        ("applicants", codes::applicants::APPLICANTS),
        ("cause", codes::causes::CAUSES),
        ("cefr", codes::cefr::LEVELS),
        ("check", codes::checks::VOLUNTEER_CHECKS),
        ("country", codes::countries::COUNTRIES),
        ("education", codes::education::EDUCATION),
        ("language", codes::languages::LANGUAGES),
        ("level", codes::levels::LEVELS),
        ("offer", codes::benefits::BENEFITS),
        ("sdg", &goals),
        ("skill", codes::skills::SKILLS),
        ("status", codes::status::STATUS),
    ];
    for (family, list) in lists {
        for code in list {
            let key = format!("{family}-{code}");
            let named = codes::names::name("en", family, code).is_some();
            assert!(named != english.contains_key(&key), "{key} has one name, in one place");
        }
    }
    for key in ["state-not-for-us", "month-12"] {
        assert!(english.contains_key(key), "{key}");
    }
}
