//! Names as lists are searched in: folded, so that full-width letters, capitals and ligatures are no obstacle.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

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
    fn texts_are_folded() {
        assert_eq!(searched(["Ｇｒｅａｔ Wall", "", "志愿 ﬁeld"]), "great wall\n志愿 field");
    }

    #[test]
    fn what_like_reads_as_its_own_is_escaped() {
        assert_eq!(escaped(r"100% a_b \ \0"), r"100\% a\_b \\ \\0");
    }
}
