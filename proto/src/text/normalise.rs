//! Characters and normal form of text in records (protocol section 7). Bound to
//! Unicode 16.0 for ever: who reads a record in ten years must come to the same
//! verdict. Later versions of Unicode normalise text of assigned characters alike
//! (<https://www.unicode.org/policies/stability_policy.html>), so text with
//! characters that 16.0 doesn't have is refused, and a newer table does no harm.

use unicode_normalization::is_nfc;

use super::assigned::is_assigned;
use crate::error::{Code, Refusal};

/// Checks text of several lines.
pub fn check_text(text: &str) -> Result<(), Refusal> {
    check(text, |character| character == '\n', |_| false)
}

/// Checks text of one line.
pub fn check_line(text: &str) -> Result<(), Refusal> {
    check(text, |_| false, |_| false)
}

/// Checks a name: one line without invisible characters.
pub fn check_name(text: &str) -> Result<(), Refusal> {
    check(text, |_| false, is_invisible)
}

/// Whether there is nothing to read: only spaces, ideographic spaces and line breaks.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|character| matches!(character, ' ' | '\n' | '\u{3000}'))
}

fn check(
    text: &str,
    allows_break: impl Fn(char) -> bool,
    forbids: impl Fn(char) -> bool,
) -> Result<(), Refusal> {
    let mut everyday = true;
    for (place, character) in text.chars().enumerate() {
        everyday &= is_everyday(character);
        let code = if allows_break(character) {
            continue;
        } else if character == '\n' {
            Code::TextLineBreak
        } else if character.is_control() {
            Code::TextControl
        } else if is_direction(character) {
            Code::TextDirection
        } else if forbids(character) {
            Code::TextInvisible
        } else if !is_everyday(character) && !is_assigned(character) {
            Code::TextUnassigned
        } else {
            continue;
        };
        let point = format!("U+{:04X}", u32::from(character));
        return Err(Refusal::new(code).with("character", point).with("position", place));
    }
    if everyday || is_nfc(text) { Ok(()) } else { Err(Refusal::new(Code::TextNotNormal)) }
}

/// Most of what Chinese and English texts are made of: assigned, and in normal form whatever stands beside it.
/// The tables need not be asked.
fn is_everyday(character: char) -> bool {
    matches!(character,
        '\0'..='\u{2ff}' | '\u{2010}'..='\u{2027}' | '\u{3001}'..='\u{3020}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ff01}'..='\u{ff5e}')
}

/// Embeddings, overrides and isolates.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Zero-width characters and marks of direction.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use unicode_normalization::{IsNormalized, char::canonical_combining_class, is_nfc_quick};

    use super::*;

    #[test]
    fn the_tables_say_the_same_of_everyday_characters() {
        for character in ('\0'..=char::MAX).filter(|character| is_everyday(*character)) {
            let point = u32::from(character);
            assert!(is_assigned(character), "U+{point:04X}");
            assert_eq!(canonical_combining_class(character), 0, "U+{point:04X}");
            assert_eq!(is_nfc_quick(std::iter::once(character)), IsNormalized::Yes, "U+{point:04X}");
        }
    }

    #[test]
    fn text_in_any_script_is_accepted() {
        for text in ["", "志愿服务", "Zürich 🌍", "नमस्ते", "a\u{200f}b", "𠮷野家"] {
            assert!(check_line(text).is_ok(), "{text}");
        }
        assert!(check_text("one\n\ntwo").is_ok());
    }

    #[test]
    fn t65_characters_that_hide_or_reorder_text_are_refused() {
        let code = |text| check_text(text).unwrap_err().code;
        assert_eq!(code("a\tb"), Code::TextControl);
        assert_eq!(code("a\rb"), Code::TextControl);
        assert_eq!(code("a\u{7f}b"), Code::TextControl);
        assert_eq!(code("a\u{85}b"), Code::TextControl);
        assert_eq!(code("a\u{202e}b"), Code::TextDirection);
        assert_eq!(code("a\u{2066}b"), Code::TextDirection);
        assert_eq!(check_line("a\nb").unwrap_err().code, Code::TextLineBreak);
        assert_eq!(check_name("a\u{200b}b").unwrap_err().code, Code::TextInvisible);
    }

    #[test]
    fn only_normal_form_c_of_unicode_16_is_accepted() {
        assert_eq!(check_line("e\u{301}").unwrap_err().code, Code::TextNotNormal);
        assert_eq!(check_line("\u{f900}").unwrap_err().code, Code::TextNotNormal);
        assert!(check_line("\u{e9}").is_ok());
    }

    #[test]
    fn characters_that_unicode_16_does_not_have_are_refused() {
        for text in ["\u{378}", "\u{fdd0}", "\u{ffff}", "\u{10ffff}", "\u{1fac8}"] {
            assert_eq!(check_line(text).unwrap_err().code, Code::TextUnassigned, "{text:?}");
        }
        assert!(check_line("\u{e000}").is_ok(), "private use is assigned");
        assert!(check_line("\u{1fae9}").is_ok(), "new in 16.0");
    }

    #[test]
    fn blank_is_what_shows_nothing() {
        assert!(is_blank("") && is_blank(" \u{3000}\n"));
        assert!(!is_blank(" a"));
    }
}
