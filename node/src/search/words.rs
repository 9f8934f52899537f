//! From text to words, the same way for what is indexed and what is asked for: Unicode NFKC, lower case, simplified
//! Chinese, no accents; Chinese is segmented by a dictionary, English is stemmed, and one text may hold both.
//!
//! Chinese words get the place of their first character as their position, all others the next one: a phrase is found
//! whatever longer or shorter words lie over each other.

use std::sync::LazyLock;

use ferrous_opencc::{OpenCC, config::BuiltinConfig};
use jieba_rs::Jieba;
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, RawTokenizer, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer,
};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Characters of the longest word; of longer ones only these count.
const LONGEST: usize = 64;

/// English words that say nothing, and Chinese ones.
const STOP: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "no", "not",
    "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was",
    "will", "with", "的", "了", "和", "与", "在", "是", "及", "等", "或",
];

/// Chinese words, each with how often it occurs.
const DICTIONARY: &str = include_str!("../../data/words/words.txt");

static JIEBA: LazyLock<Jieba> = LazyLock::new(|| {
    Jieba::with_dict(&mut DICTIONARY.as_bytes())
        .inspect_err(|error| tracing::error!(%error, "Chinese is cut into single characters"))
        .unwrap_or_else(|_| Jieba::empty())
});

static SIMPLIFY: LazyLock<Option<OpenCC>> = LazyLock::new(|| {
    OpenCC::from_config(BuiltinConfig::T2s)
        .inspect_err(|error| tracing::error!(%error, "traditional Chinese isn't folded"))
        .ok()
});

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Folded, not stemmed.
    pub text: String,
    /// As it was written.
    pub written: String,
    /// Its place in the text.
    pub position: usize,
    /// Chinese.
    pub han: bool,
}

/// Whether short words within long ones count, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Each character belongs to one word: for queries and suggestions.
    Once,
    /// Short words, then the long one that they are a part of: for what is indexed.
    Fine,
}

/// The words of a text, in its order.
#[must_use]
pub fn words(text: &str, cut: Cut) -> Vec<Word> {
    let mut words = Vec::new();
    let mut position = 0;
    for (han, run) in runs(text) {
        let folded = fold(run);
        if han {
            position = segment(run, &folded, cut, position, &mut words);
        } else {
            // Folding may have taken it apart, as with fractions.
            for part in folded.split(|c: char| !is_letter(c)).filter(|part| !part.is_empty()) {
                let text: String = part.chars().take(LONGEST).collect();
                words.push(Word { text, written: run.to_owned(), position, han });
                position += 1;
            }
        }
    }
    words
}

/// Whether a word says nothing by itself.
#[must_use]
pub fn says_nothing(word: &str) -> bool {
    STOP.contains(&word)
}

/// What both sides of a comparison become.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    if lower.chars().any(is_han)
        && let Some(simplify) = &*SIMPLIFY
    {
        return simplify.convert(&lower).nfkc().collect();
    }
    // Accents of Latin, Greek and Cyrillic letters; marks of other scripts are part of the word.
    lower.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).nfc().collect()
}

fn segment(run: &str, folded: &str, cut: Cut, start: usize, words: &mut Vec<Word>) -> usize {
    let written: Vec<char> = run.chars().collect();
    let length = folded.chars().count();
    let tokens = match cut {
        Cut::Once => JIEBA.cut(folded, false),
        Cut::Fine => JIEBA.cut_for_search(folded, false),
    };
    for token in tokens {
        let (from, to) = (token.start, token.end);
        let original = written.get(from..to).filter(|_| written.len() == length);
        words.push(Word {
            text: token.word.chars().take(LONGEST).collect(),
            written: original.map_or_else(|| token.word.to_owned(), |part| part.iter().collect()),
            position: start + from,
            han: true,
        });
    }
    start + length
}

/// Runs of Chinese characters, and of other letters and digits.
fn runs(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| !is_letter(c));
        let han = rest.chars().next().map(is_han)?;
        let end = rest.find(|c| !is_letter(c) || is_han(c) != han).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end)?;
        rest = after;
        Some((han, run))
    })
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Ideographs, with the sign of repetition and zero.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// What the index makes of a text.
#[must_use]
pub fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Splitter).filter(AsciiFoldingFilter).filter(Stemmer::new(Language::English)).build()
}

/// The term that a folded word is indexed as.
#[must_use]
pub fn term(stem: &mut TextAnalyzer, word: &str) -> String {
    stem.token_stream(word).next().map_or_else(|| word.to_owned(), |token| token.text.clone())
}

/// Stems a word that is folded already.
#[must_use]
pub fn stemmer() -> TextAnalyzer {
    TextAnalyzer::builder(RawTokenizer::default())
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Splits a text to be indexed.
#[derive(Clone)]
struct Splitter;

impl Tokenizer for Splitter {
    type TokenStream<'a> = Split;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Split {
        let words = words(text, Cut::Fine).into_iter().filter(|word| !says_nothing(&word.text));
        Split { words: words.collect::<Vec<_>>().into_iter(), token: Token::default() }
    }
}

struct Split {
    words: std::vec::IntoIter<Word>,
    token: Token,
}

impl TokenStream for Split {
    fn advance(&mut self) -> bool {
        let Some(word) = self.words.next() else { return false };
        // Offsets are for snippets, which there are none of.
        self.token = Token { position: word.position, text: word.text, ..Token::default() };
        self.token.offset_to = self.token.text.len();
        self.token.offset_from = 0;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexed(text: &str) -> Vec<(String, usize)> {
        let mut analyzer = analyzer();
        let mut stream = analyzer.token_stream(text);
        let mut found = Vec::new();
        while let Some(token) = stream.next() {
            found.push((token.text.clone(), token.position));
        }
        found
    }

    #[test]
    fn english_is_stemmed_and_chinese_is_cut_into_words() {
        let words = indexed("Teaching at the Great Wall, 长城志愿者服务");
        let texts: Vec<&str> = words.iter().map(|(text, _)| text.as_str()).collect();
        for wanted in ["teach", "great", "wall", "长城", "志愿者", "志愿", "服务"] {
            assert!(texts.contains(&wanted), "{wanted}: {texts:?}");
        }
        assert!(!texts.contains(&"the"));
    }

    #[test]
    fn all_ways_to_write_a_word_are_one() {
        assert_eq!(indexed("Ｇｒｅａｔ ÉTÉ Straße ﬁeld"), indexed("great ete strasse field"));
        assert_eq!(indexed("長城志願者"), indexed("长城志愿者"));
    }

    #[test]
    fn a_word_is_shown_as_it_was_written() {
        let words = words("長城 Guide", Cut::Once);
        let pairs: Vec<_> = words.iter().map(|word| (word.text.as_str(), word.written.as_str())).collect();
        assert_eq!(pairs, [("长城", "長城"), ("guide", "Guide")]);
    }

    #[test]
    fn positions_count_characters_of_chinese_and_words_of_the_rest() {
        let words = words("教 English 长城", Cut::Once);
        let positions: Vec<_> = words.iter().map(|word| (word.text.as_str(), word.position)).collect();
        assert_eq!(positions, [("教", 0), ("english", 1), ("长城", 2)]);
    }
}
