//! The fields of a listing's document. Nothing is stored: what is found is read from the database, by log and subject,
//! so that an answer holds what counts now, and an erased text isn't in two places.

use tantivy::{
    Term,
    schema::{
        BytesOptions, FAST, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
    },
};
use volbridge_proto::SubjectId;

use crate::views::indexed::Key;

/// Raised whenever documents or words are made differently: an index of another version is built anew.
pub const VERSION: u32 = 2;

/// The tokenizer of texts, by the name that the schema knows it under.
pub const TEXT: &str = "text";

/// The schema and its fields.
#[derive(Clone, Debug)]
pub struct Fields {
    /// Of these.
    pub schema: Schema,
    /// [`Key`]: log, then subject.
    pub key: Field,
    /// What else the document was made from: its organisation, its translations.
    pub part: Field,
    /// Titles, in all languages.
    pub title: Field,
    /// Summaries, titles of roles, places, the organisation.
    pub summary: Field,
    /// All other prose.
    pub text: Field,
    /// What facets count and filters choose: `name`, a blank, the value.
    pub choice: Field,
    /// Words to suggest: folded, NUL, as it was written.
    pub word: Field,
    /// Words of titles and summaries as they are spelled, for those that are typed wrong.
    pub spelled: Field,
}

/// Names of the columns that are read by document.
pub mod column {
    /// Unix milliseconds of the first revision.
    pub const PUBLISHED: &str = "published";
    /// Unix milliseconds; absent: never.
    pub const EXPIRES: &str = "expires";
    /// Days since 1970-01-01; absent: not said.
    pub const STARTS: &str = "starts";
    /// As above: the last day to apply.
    pub const APPLY_BY: &str = "apply_by";
    /// Degrees × 1,000,000; absent: no coordinates.
    pub const LATITUDE: &str = "latitude";
    /// As above.
    pub const LONGITUDE: &str = "longitude";
    /// The key's parts.
    pub const LOG: &str = "log";
    /// The first eight bytes of the subject.
    pub const SUBJECT_HIGH: &str = "subject_high";
    /// The last eight.
    pub const SUBJECT_LOW: &str = "subject_low";
    /// See [`super::Fields::choice`].
    pub const CHOICE: &str = "choice";
}

impl Default for Fields {
    fn default() -> Self {
        let mut schema = Schema::builder();
        let raw = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic);
        let raw = TextOptions::default().set_indexing_options(raw);
        let prose = TextFieldIndexing::default()
            .set_tokenizer(TEXT)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let prose = TextOptions::default().set_indexing_options(prose);
        let number: NumericOptions = FAST.into();
        let fields = [
            schema.add_bytes_field("key", BytesOptions::default().set_indexed()),
            schema.add_text_field("part", raw.clone()),
            schema.add_text_field("title", prose.clone()),
            schema.add_text_field("summary", prose.clone()),
            schema.add_text_field("text", prose),
            schema.add_text_field(column::CHOICE, raw.clone().set_fast("raw")),
            schema.add_text_field("word", raw.clone()),
            schema.add_text_field("spelled", raw),
        ];
        for name in [
            column::PUBLISHED,
            column::EXPIRES,
            column::STARTS,
            column::APPLY_BY,
            column::LATITUDE,
            column::LONGITUDE,
            column::LOG,
        ] {
            schema.add_i64_field(name, number.clone());
        }
        for name in [column::SUBJECT_HIGH, column::SUBJECT_LOW] {
            schema.add_u64_field(name, number.clone());
        }
        let [key, part, title, summary, text, choice, word, spelled] = fields;
        Self { schema: schema.build(), key, part, title, summary, text, choice, word, spelled }
    }
}

impl Fields {
    /// The fields that words are looked for in, with what a hit there is worth.
    #[must_use]
    pub fn prose(&self) -> [(Field, f32); 3] {
        [(self.title, 3.0), (self.summary, 1.5), (self.text, 1.0)]
    }

    /// The field of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Field> {
        self.schema.get_field(name).ok()
    }

    /// Names one document.
    #[must_use]
    pub fn key_term(&self, key: &Key) -> Term {
        Term::from_field_bytes(self.key, &key_bytes(key))
    }

    /// Names the documents that were made from something.
    #[must_use]
    pub fn part_term(&self, part: &str) -> Term {
        Term::from_field_text(self.part, part)
    }

    /// Names the documents with a choice.
    #[must_use]
    pub fn choice_term(&self, choice: &str) -> Term {
        Term::from_field_text(self.choice, choice)
    }
}

/// A key as the index has it.
#[must_use]
pub fn key_bytes(key: &Key) -> Vec<u8> {
    [key.0.to_be_bytes().as_slice(), key.1.as_bytes()].concat()
}

/// The subject's halves, for its two columns.
#[must_use]
pub fn halves(subject: SubjectId) -> (u64, u64) {
    let whole = u128::from_be_bytes(*subject.as_bytes());
    let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
    (half(whole >> 64), half(whole))
}

/// The subject from its halves.
#[must_use]
pub fn joined(high: u64, low: u64) -> SubjectId {
    SubjectId::from(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
}
