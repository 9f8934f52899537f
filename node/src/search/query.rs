//! From what somebody typed to a query. Nothing of it is a language: words and "phrases", whatever else stands there.
//!
//! All words must occur, in any field. If that finds nothing, a second, looser query is asked: half of the words will
//! do, Latin ones with a wrong letter, Chinese ones by the shorter words in them; a phrase stays a phrase.

use std::collections::BTreeMap;

use tantivy::{
    Searcher, Term,
    query::{
        Bm25StatisticsProvider, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery,
        FuzzyTermQuery, Occur, PhraseQuery, Query, TermQuery,
    },
    schema::{Field, IndexRecordOption},
};
use volbridge_proto::{Code, Refusal};

use super::{
    schema::Fields,
    words::{self, Cut, Word, says_nothing, words},
};

/// Characters of a query.
const LONGEST: usize = 200;

/// Words of a query, as blanks part them.
const WORDS: usize = 8;

/// Terms of a query; a long Chinese one has more than words between blanks.
const TERMS: usize = 32;

/// What opens and closes a phrase.
const QUOTES: &[char] = &['"', '“', '”', '„', '«', '»', '「', '」', '『', '』', '＂'];

/// Letters of a Latin word in which one may be wrong, left out, added, or changed places with the next.
const FUZZY: usize = 5;

/// What a word with a wrong letter is worth.
const NEARLY: f32 = 0.3;

/// What words side by side in the title add.
const SIDE_BY_SIDE: f32 = 2.0;

/// What somebody looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    parts: Vec<Part>,
}

/// Words that stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    words: Vec<Asked>,
    phrase: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    word: Word,
    /// As it is indexed.
    term: String,
}

impl Text {
    /// Reads what somebody typed.
    ///
    /// # Errors
    /// When it is longer, or has more words, than a search may take (T61).
    pub fn parse(typed: &str) -> Result<Self, Refusal> {
        let refused = |code, limit| Refusal::new(code).with("limit", limit).at("query.text");
        if typed.chars().count() > LONGEST {
            return Err(refused(Code::FieldTooLong, LONGEST));
        }
        if typed.split_whitespace().count() > WORDS {
            return Err(refused(Code::FieldTooMany, WORDS));
        }
        let mut stem = words::stemmer();
        let mut room = TERMS;
        let mut parts = Vec::new();
        let pieces: Vec<&str> = typed.split(QUOTES).collect();
        for (nth, piece) in pieces.iter().enumerate() {
            // Between the first quote and the second; one that isn't closed is none.
            let phrase = nth % 2 == 1 && nth + 1 < pieces.len();
            let chunks: Vec<&str> = if phrase { vec![*piece] } else { piece.split_whitespace().collect() };
            for chunk in chunks {
                let said = words(chunk, Cut::Once).into_iter().filter(|word| !says_nothing(&word.text));
                let words: Vec<Asked> = said
                    .take(room)
                    .map(|word| Asked { term: words::term(&mut stem, &word.text), word })
                    .collect();
                room -= words.len();
                if !words.is_empty() {
                    parts.push(Part { words, phrase });
                }
            }
        }
        Ok(Self { parts })
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn words(&self) -> impl Iterator<Item = &Asked> {
        self.parts.iter().flat_map(|part| &part.words)
    }

    /// All of it.
    #[must_use]
    pub fn strict(&self, fields: &Fields) -> Box<dyn Query> {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for part in &self.parts {
            if part.is_phrase() {
                clauses.push((Occur::Must, part.query(fields)));
            } else {
                clauses.extend(part.words.iter().map(|word| (Occur::Must, exactly(fields, &word.term))));
            }
        }
        let words: Vec<Asked> = self.words().cloned().collect();
        if words.len() > 1 {
            let title = side_by_side(fields.title, &in_a_row(&self.parts), 2);
            clauses.push((Occur::Should, Box::new(BoostQuery::new(title, SIDE_BY_SIDE))));
        }
        Box::new(BooleanQuery::new(clauses))
    }

    /// Some of it, or nearly.
    #[must_use]
    pub fn loose(&self, fields: &Fields) -> Box<dyn Query> {
        let (phrases, words): (Vec<&Part>, Vec<&Part>) = self.parts.iter().partition(|part| part.is_phrase());
        let words: Vec<Box<dyn Query>> =
            words.iter().flat_map(|part| &part.words).map(|word| nearly(fields, word)).collect();
        // Who puts words between quotes means just these.
        let mut clauses: Vec<(Occur, Box<dyn Query>)> =
            phrases.iter().map(|part| (Occur::Must, part.query(fields))).collect();
        let needed = words.len().div_ceil(2);
        if needed > 0 {
            let some = BooleanQuery::union_with_minimum_required_clauses(words, needed);
            clauses.push((Occur::Must, Box::new(some)));
        }
        Box::new(BooleanQuery::new(clauses))
    }

    /// The terms whose frequency decides what a word is worth, in a fixed order.
    #[must_use]
    fn terms(&self, fields: &Fields) -> Vec<Term> {
        let mut texts: Vec<String> = self.words().map(|word| word.term.clone()).collect();
        texts.extend(self.words().flat_map(finer));
        texts.sort_unstable();
        texts.dedup();
        let all = fields.prose();
        texts.iter().flat_map(|text| all.map(|(field, _)| Term::from_field_text(field, text))).collect()
    }
}

impl Part {
    fn is_phrase(&self) -> bool {
        self.phrase && self.words.len() > 1
    }

    /// Its words side by side.
    fn query(&self, fields: &Fields) -> Box<dyn Query> {
        in_fields(fields, |field| side_by_side(field, &self.words, 0))
    }
}

/// The words of several parts as one row.
fn in_a_row(parts: &[Part]) -> Vec<Asked> {
    let (mut row, mut start) = (Vec::new(), 0);
    for part in parts {
        let first = part.words.first().map_or(0, |word| word.word.position);
        let mut end = start;
        for asked in &part.words {
            let mut asked = asked.clone();
            asked.word.position = start + asked.word.position - first;
            let length = if asked.word.han { asked.word.text.chars().count() } else { 1 };
            end = asked.word.position + length;
            row.push(asked);
        }
        start = end;
    }
    row
}

/// The best of the fields counts, the others a little.
fn in_fields(fields: &Fields, query: impl Fn(Field) -> Box<dyn Query>) -> Box<dyn Query> {
    let all = fields
        .prose()
        .map(|(field, boost)| -> Box<dyn Query> { Box::new(BoostQuery::new(query(field), boost)) });
    Box::new(DisjunctionMaxQuery::with_tie_breaker(all.into(), 0.3))
}

fn exactly(fields: &Fields, term: &str) -> Box<dyn Query> {
    in_fields(fields, |field| {
        Box::new(TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs))
    })
}

fn side_by_side(field: Field, words: &[Asked], slop: u32) -> Box<dyn Query> {
    let mut terms: Vec<(usize, Term)> =
        words.iter().map(|asked| (asked.word.position, Term::from_field_text(field, &asked.term))).collect();
    terms.dedup_by_key(|(position, _)| *position);
    match terms.as_slice() {
        [(_, term)] => Box::new(TermQuery::new(term.clone(), IndexRecordOption::WithFreqs)),
        _ => Box::new(PhraseQuery::new_with_offset_and_slop(terms, slop)),
    }
}

fn nearly(fields: &Fields, asked: &Asked) -> Box<dyn Query> {
    let mut ways = vec![exactly(fields, &asked.term)];
    if asked.word.han {
        for shorter in finer(asked) {
            ways.push(Box::new(BoostQuery::new(exactly(fields, &shorter), NEARLY)));
        }
    } else {
        // A wrong letter near the end changes the stem as well: the word as it is spelled is tried, too.
        let spelled = (fields.spelled, 1.0, &asked.word.text);
        let stems = fields.prose().into_iter().take(2).map(|(field, boost)| (field, boost, &asked.term));
        for (field, boost, text) in stems.chain([spelled]) {
            if text.chars().count() >= FUZZY {
                let fuzzy = FuzzyTermQuery::new(Term::from_field_text(field, text), 1, true);
                ways.push(Box::new(ConstScoreQuery::new(Box::new(fuzzy), boost * NEARLY)));
            }
        }
    }
    Box::new(DisjunctionMaxQuery::with_tie_breaker(ways, 0.1))
}

/// The shorter words in a Chinese one.
fn finer(asked: &Asked) -> Vec<String> {
    if !asked.word.han || asked.word.text.chars().count() < 3 {
        return Vec::new();
    }
    let shorter = words(&asked.word.text, Cut::Fine).into_iter().map(|word| word.text);
    shorter.filter(|text| *text != asked.term).collect()
}

/// The frequencies that scores are worked out from. A cursor takes them along: on the next page each document has the
/// score that it had on the first, whatever was indexed meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    docs: u64,
    tokens: BTreeMap<Field, u64>,
    frequencies: BTreeMap<Term, u64>,
}

impl Statistics {
    /// Those of an index, for a text.
    ///
    /// # Errors
    /// When its files are damaged.
    pub fn of(searcher: &Searcher, fields: &Fields, text: &Text) -> tantivy::Result<Self> {
        let mut numbers = vec![searcher.total_num_docs()?];
        for (field, _) in fields.prose() {
            numbers.push(searcher.total_num_tokens(field)?);
        }
        for term in text.terms(fields) {
            numbers.push(searcher.doc_freq(&term)?);
        }
        Ok(Self::from_numbers(fields, text, &numbers))
    }

    /// What a cursor took along; what it lacks is nothing, and what can't be is put right.
    #[must_use]
    pub fn from_numbers(fields: &Fields, text: &Text, numbers: &[u64]) -> Self {
        let mut numbers = numbers.iter().copied();
        let docs = numbers.next().unwrap_or_default().clamp(1, u64::from(u32::MAX));
        let tokens = fields.prose().map(|(field, _)| (field, numbers.next().unwrap_or_default().max(1)));
        let terms = text.terms(fields).into_iter();
        let frequencies = terms.map(|term| (term, numbers.next().unwrap_or_default().min(docs))).collect();
        Self { docs, tokens: tokens.into(), frequencies }
    }

    /// To take along, in the order in which they are read back.
    #[must_use]
    pub fn numbers(&self, fields: &Fields, text: &Text) -> Vec<u64> {
        let tokens = fields.prose().map(|(field, _)| self.tokens.get(&field).copied().unwrap_or_default());
        let terms = text.terms(fields);
        let frequencies = terms.iter().map(|term| self.frequencies.get(term).copied().unwrap_or_default());
        [self.docs].into_iter().chain(tokens).chain(frequencies).collect()
    }
}

impl Bm25StatisticsProvider for Statistics {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        Ok(self.tokens.get(&field).copied().unwrap_or(1))
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.docs)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        Ok(self.frequencies.get(term).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(typed: &str) -> Vec<(bool, Vec<String>)> {
        let text = Text::parse(typed).unwrap();
        text.parts
            .iter()
            .map(|part| (part.phrase, part.words.iter().map(|word| word.term.clone()).collect()))
            .collect()
    }

    #[test]
    fn words_and_phrases_are_read_and_nothing_else() {
        assert_eq!(
            terms("teaching \"great wall\" the 长城"),
            [
                (false, vec!["teach".to_owned()]),
                (true, vec!["great".to_owned(), "wall".to_owned()]),
                (false, vec!["长城".to_owned()]),
            ]
        );
        assert_eq!(terms("“great wall”"), terms("「Great Wall」"));
        assert_eq!(terms("\"great wall"), terms("great wall"), "a quote that isn't closed");
        let words = |text: &str| terms(text).into_iter().flat_map(|(_, words)| words).collect::<Vec<_>>();
        assert_eq!(words("title:wall^9 +(a OR b)*"), words("title wall 9 b"), "no other syntax");
        assert_eq!(terms("... the — "), []);
    }

    #[test]
    fn t61_costly_queries_are_refused() {
        assert_eq!(Text::parse(&"a".repeat(201)).unwrap_err().code, Code::FieldTooLong);
        assert_eq!(Text::parse("a b c d e f g h i").unwrap_err().code, Code::FieldTooMany);
        let long: String = "志愿者服务长城北京".chars().cycle().take(200).collect();
        assert_eq!(Text::parse(&long).unwrap().words().count(), TERMS);
    }

    #[test]
    fn numbers_that_cannot_be_are_put_right() {
        let (fields, text) = (Fields::default(), Text::parse("wall").unwrap());
        let statistics = Statistics::from_numbers(&fields, &text, &[3, 0, 9, 9, u64::MAX, 1]);
        assert_eq!(statistics.numbers(&fields, &text), [3, 1, 9, 9, 3, 1, 0]);
    }
}
