//! text, words: what text, language tags and dates may be.

use serde_json::json;
use volbridge_proto::Code;

use crate::Vectors;

pub fn text() -> Vectors {
    let mut vectors = Vectors::new(
        "text",
        "Text of one line (`line`), of several lines (`text`) or a name (`name`), under Unicode 16.0.",
    );
    let accepted = [
        ("nothing", "name", ""),
        ("Chinese", "name", "北京市志愿服务联合会"),
        ("composed letters", "name", "Zürich, São Paulo, Việt Nam"),
        ("beyond the basic plane", "line", "𠮷野家 🌍"),
        ("a mark of direction in text", "line", "a\u{200f}b"),
        ("line breaks in text", "text", "one\n\ntwo"),
        ("a character that is new in 16.0", "line", "\u{1fae9}"),
        ("a character for private use", "line", "\u{e000}"),
        ("Hangul syllable", "line", "각"),
    ];
    for (name, form, text) in accepted {
        vectors.accept(name, json!({ "form": form, "text": text }));
    }
    let refused = [
        ("a line break in a line", Code::TextLineBreak, "line", "a\nb"),
        ("a line break in a name", Code::TextLineBreak, "name", "a\n"),
        ("a tab", Code::TextControl, "text", "a\tb"),
        ("a carriage return", Code::TextControl, "text", "a\r\nb"),
        ("a null", Code::TextControl, "text", "\0"),
        ("a next line", Code::TextControl, "text", "a\u{85}b"),
        ("a delete", Code::TextControl, "line", "a\u{7f}"),
        ("an override of direction", Code::TextDirection, "text", "a\u{202e}b"),
        ("an embedding", Code::TextDirection, "line", "a\u{202a}b"),
        ("an isolate", Code::TextDirection, "text", "a\u{2066}b"),
        ("a zero-width space in a name", Code::TextInvisible, "name", "BV\u{200b}F"),
        ("a mark of direction in a name", Code::TextInvisible, "name", "BVF\u{200e}"),
        ("a word joiner in a name", Code::TextInvisible, "name", "\u{2060}BVF"),
        ("a byte order mark in a name", Code::TextInvisible, "name", "\u{feff}BVF"),
        ("a letter and a mark instead of one", Code::TextNotNormal, "line", "u\u{308}"),
        ("marks in the wrong order", Code::TextNotNormal, "line", "q\u{307}\u{323}"),
        ("a compatibility ideograph", Code::TextNotNormal, "line", "\u{f900}"),
        ("Hangul in parts", Code::TextNotNormal, "line", "\u{1100}\u{1161}"),
        ("an ångström sign", Code::TextNotNormal, "line", "\u{212b}"),
        ("a code point without a character", Code::TextUnassigned, "line", "\u{378}"),
        ("a noncharacter", Code::TextUnassigned, "line", "\u{ffff}"),
        ("a character that is new in 17.0", Code::TextUnassigned, "line", "\u{20c1}"),
    ];
    for (name, code, form, text) in refused {
        vectors.refuse(name, code, json!({ "form": form, "text": text }));
    }
    vectors
}

pub fn words() -> Vectors {
    let mut vectors = Vectors::new("words", "Language tags (`language`) and days (`date`).");
    for tag in ["zh", "zh-CN", "zh-Hant", "zh-Hant-TW", "en", "es-419", "yue-HK"] {
        vectors.accept(tag, json!({ "form": "language", "text": tag }));
    }
    for day in ["2026-11-24", "2024-02-29", "0001-01-01", "9999-12-31"] {
        vectors.accept(day, json!({ "form": "date", "text": day }));
    }
    for tag in ["", "z", "engl", "EN", "zh_CN", "zh-cn", "zh-hant", "zh-CN-Hant", "zh-", "zh-CN-x-private"] {
        vectors.refuse(tag, Code::TextLanguage, json!({ "form": "language", "text": tag }));
    }
    for day in [
        "",
        "2023-02-29",
        "2026-11-31",
        "2026-1-1",
        "20261124",
        "2026-11-24T00",
        "0000-01-01",
        "２０２６-11-24",
    ] {
        vectors.refuse(day, Code::DateMalformed, json!({ "form": "date", "text": day }));
    }
    vectors
}
