//! What lists are searched in and for: folded the same way on both sides, so that full-width letters, capitals and
//! ligatures are no obstacle. A word matches anywhere in the text, which also serves scripts without spaces.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use volbridge_proto::error::{Code, Refusal};

/// Characters of a query.
const QUERY: usize = 200;

/// Words of a query: each is a scan of the texts (T61).
const WORDS: usize = 8;

/// The text that a row is found by.
pub(super) fn searched<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut folded = String::new();
    for text in texts.into_iter().filter(|text| !text.is_empty()) {
        if !folded.is_empty() {
            folded.push('\n');
        }
        folded.push_str(&fold(text));
    }
    folded
}

/// The first bytes of a text, folded, for lists that are ordered by it. Whole characters, at most `limit` bytes.
pub(super) fn folded_start(text: &str, limit: usize) -> Vec<u8> {
    let mut folded = fold(text);
    let end = (0..=limit.min(folded.len())).rev().find(|at| folded.is_char_boundary(*at)).unwrap_or(0);
    folded.truncate(end);
    folded.into_bytes()
}

/// NFKC, lower case, NFKC; most texts are in NFKC before and after.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower: String = match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => text.chars().flat_map(char::to_lowercase).collect(),
        _ => text.nfkc().flat_map(char::to_lowercase).collect(),
    };
    match is_nfkc_quick(lower.chars()) {
        IsNormalized::Yes => lower,
        _ => lower.nfkc().collect(),
    }
}

/// The words of a query, all of which must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// Reads what somebody typed.
    ///
    /// # Errors
    /// When it is longer, or has more words, than a search may take.
    pub fn parse(query: &str) -> Result<Self, Refusal> {
        let at = |code, limit| Refusal::new(code).with("limit", limit).at("query");
        if query.chars().count() > QUERY {
            return Err(at(Code::FieldTooLong, QUERY));
        }
        let folded = fold(query);
        let words: Vec<String> = folded
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        if words.len() > WORDS { Err(at(Code::FieldTooMany, WORDS)) } else { Ok(Self(words)) }
    }

    /// A LIKE pattern for each word, with `\` before what LIKE would read as its own (T62).
    pub(super) fn patterns(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|word| format!("%{}%", escaped(word)))
    }
}

/// Text for LIKE … ESCAPE '\': stands for itself alone.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_folded_alike() {
        let text = searched(["Ｇｒｅａｔ Wall", "", "志愿 ﬁeld"]);
        assert_eq!(text, "great wall\n志愿 field");
        let words = Words::parse("  GREAT\u{3000}Field ").unwrap();
        assert_eq!(words.patterns().collect::<Vec<_>>(), ["%great%", "%field%"]);
    }

    #[test]
    fn what_like_reads_as_its_own_is_escaped() {
        let words = Words::parse(r"100% a_b \ \0").unwrap();
        assert_eq!(words.patterns().collect::<Vec<_>>(), [r"%100\%%", r"%a\_b%", r"%\\%", r"%\\0%"]);
        assert_eq!(Words::parse("a\0b\u{7}"), Words::parse("a b"));
    }

    #[test]
    fn what_lists_are_ordered_by_ends_with_a_whole_character() {
        assert_eq!(folded_start("Ｂeijing", 64), b"beijing");
        assert_eq!(folded_start("志愿", 5), "志".as_bytes());
        assert_eq!(folded_start("志愿", 2), b"");
    }

    #[test]
    fn costly_queries_are_refused() {
        assert_eq!(Words::parse(&"a".repeat(201)).unwrap_err().code, Code::FieldTooLong);
        assert_eq!(Words::parse("a b c d e f g h i").unwrap_err().code, Code::FieldTooMany);
    }
}
