//! Language tags: the part of BCP 47 that records use (RFC 5646).
//!
//! `zh-CN`, `zh-Hant-TW`, `en`, `es-419`

use crate::error::{Code, Refusal};

/// Checks `language[-Script][-REGION]` in the usual case. Subtags aren't looked up.
pub fn check_language(tag: &str) -> Result<(), Refusal> {
    let mut parts = tag.split('-');
    let language = parts.next().is_some_and(is_language);
    let mut next = parts.next();
    if next.is_some_and(is_script) {
        next = parts.next();
    }
    if next.is_some_and(is_region) {
        next = parts.next();
    }
    if language && next.is_none() { Ok(()) } else { Err(Refusal::new(Code::TextLanguage).with("found", tag)) }
}

fn is_language(part: &str) -> bool {
    (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_script(part: &str) -> bool {
    let (first, rest) = part.split_at_checked(1).unwrap_or_default();
    part.len() == 4
        && first.bytes().all(|byte| byte.is_ascii_uppercase())
        && rest.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_region(part: &str) -> bool {
    let letters = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_uppercase());
    letters || part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_tags_are_accepted() {
        for tag in ["zh", "zh-CN", "zh-Hant", "zh-Hant-TW", "es-419", "yue-HK"] {
            assert!(check_language(tag).is_ok(), "{tag}");
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for tag in ["", "z", "ZH", "zh_CN", "zh-cn", "zh-hant", "zh-CN-Hant", "zh-CN-x-a", "en-", "中文", "é"]
        {
            assert_eq!(check_language(tag).unwrap_err().code, Code::TextLanguage, "{tag}");
        }
    }
}
