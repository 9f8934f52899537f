//! Collects the faults of a payload, each with the path of its field, so that a
//! person who wrote a file of a hundred listings sees all of them at once.

use crate::{
    codes::sdgs,
    error::{Code, Refusal},
    record::{limits, statement::is_token},
    text,
    time::{Date, LAST_MOMENT},
};

/// Faults that are told: a list of a hundred thousand equal elements must not cost as many (threats.md T20).
const TOLD: usize = 1_000;

/// The faults found so far, all below one path.
#[derive(Default)]
pub(super) struct Faults {
    found: Vec<Refusal>,
    path: String,
}

/// How text may look.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// One line.
    Line,
    /// Several lines.
    Text,
    /// One line without invisible characters.
    Name,
}

impl Faults {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn into_vec(self) -> Vec<Refusal> {
        self.found
    }

    /// Checks what is below `path`.
    pub fn within(&mut self, path: impl AsRef<str>, check: impl FnOnce(&mut Self)) {
        let outer = self.path.clone();
        self.path = self.join(path.as_ref());
        check(self);
        self.path = outer;
    }

    /// Checks each element of a list with at most `limit` elements.
    pub fn each<T>(&mut self, field: &str, list: &[T], limit: usize, mut check: impl FnMut(&mut Self, &T)) {
        if list.len() > limit {
            self.push(field, Refusal::new(Code::FieldTooMany).with("limit", limit).with("found", list.len()));
        }
        for (place, element) in list.iter().enumerate().take(limit) {
            self.within(format!("{field}[{place}]"), |faults| check(faults, element));
        }
    }

    pub fn push(&mut self, field: &str, refusal: Refusal) {
        if self.found.len() < TOLD {
            self.found.push(refusal.at(self.join(field)));
        }
    }

    pub fn code(&mut self, field: &str, code: Code) {
        self.push(field, Refusal::new(code));
    }

    pub fn result(&mut self, field: &str, result: Result<(), Refusal>) {
        if let Err(refusal) = result {
            self.push(field, refusal);
        }
    }

    pub fn demand(&mut self, holds: bool, field: &str, code: Code) {
        if !holds {
            self.code(field, code);
        }
    }

    fn join(&self, field: &str) -> String {
        match (self.path.as_str(), field) {
            ("", field) => field.to_owned(),
            (path, "") => path.to_owned(),
            (path, field) if field.starts_with('[') => format!("{path}{field}"),
            (path, field) => format!("{path}.{field}"),
        }
    }

    /// Text that may be left out.
    pub fn text(&mut self, field: &str, value: &str, form: Form, limit: usize) {
        let length = value.chars().count();
        if length > limit {
            self.push(field, Refusal::new(Code::FieldTooLong).with("limit", limit).with("found", length));
        } else if !value.is_empty() && text::normalise::is_blank(value) {
            self.code(field, Code::TextBlank);
        } else {
            self.result(
                field,
                match form {
                    Form::Line => text::check_line(value),
                    Form::Text => text::check_text(value),
                    Form::Name => text::check_name(value),
                },
            );
        }
    }

    /// Text that must be there.
    pub fn required(&mut self, field: &str, value: &str, form: Form, limit: usize) {
        self.demand(!value.is_empty(), field, Code::FieldRequired);
        self.text(field, value, form, limit);
    }

    pub fn language(&mut self, field: &str, tag: &str) {
        if tag.is_empty() {
            self.code(field, Code::FieldRequired);
        } else {
            self.result(field, text::check_language(tag));
        }
    }

    /// A word of a fixed list.
    pub fn choice(&mut self, field: &str, value: &str, words: &[&str]) {
        if value.is_empty() {
            self.push(field, Refusal::new(Code::FieldRequired).with("one_of", words.join(", ")));
        } else if !words.contains(&value) {
            self.push(field, Refusal::new(Code::FieldInvalid).with("one_of", words.join(", ")));
        }
    }

    /// A word of a fixed list, or none.
    pub fn choice_or_none(&mut self, field: &str, value: &str, words: &[&str]) {
        if !value.is_empty() {
            self.choice(field, value, words);
        }
    }

    /// Words of a fixed list, ascending; may be left out.
    pub fn choices(&mut self, field: &str, values: &[String], words: &[&str]) {
        self.each(field, values, words.len(), |faults, value| faults.choice("", value, words));
        self.ascending(field, values);
    }

    /// Two capital letters, as in ISO 3166-1: the form alone (`codes`).
    pub fn country(&mut self, field: &str, code: &str) {
        let shaped = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if code.is_empty() {
            self.code(field, Code::FieldRequired);
        } else if !shaped {
            self.push(field, Refusal::new(Code::FieldInvalid).with("expected", "ISO 3166-1 alpha-2"));
        }
    }

    /// A day that may be left out.
    pub fn date(&mut self, field: &str, text: &str) -> Option<Date> {
        if text.is_empty() {
            return None;
        }
        text.parse().map_err(|refusal| self.push(field, refusal)).ok()
    }

    /// A day that must be there.
    pub fn required_date(&mut self, field: &str, text: &str) -> Option<Date> {
        self.demand(!text.is_empty(), field, Code::FieldRequired);
        self.date(field, text)
    }

    /// Two days of which the second, where both are known, isn't before the first.
    pub fn in_order(&mut self, field: &str, first: Option<Date>, second: Option<Date>) {
        let ordered = first.zip(second).is_none_or(|(first, second)| first <= second);
        self.demand(ordered, field, Code::FieldMismatch);
    }

    /// Unix milliseconds from 1970 to 9999; 0 means: not given.
    pub fn moment(&mut self, field: &str, millis: i64) {
        self.demand((0..=LAST_MOMENT.as_millis()).contains(&millis), field, Code::TimeMalformed);
    }

    pub fn number(&mut self, field: &str, number: u32, least: u32, most: u32) {
        if !(least..=most).contains(&number) {
            let code = if number == 0 { Code::FieldRequired } else { Code::FieldOutOfRange };
            self.push(field, Refusal::new(code).with("least", least).with("most", most));
        }
    }

    pub fn bytes(&mut self, field: &str, bytes: &[u8], length: usize) {
        if bytes.is_empty() {
            self.code(field, Code::FieldRequired);
        } else if bytes.len() != length {
            let refusal = Refusal::new(Code::FieldLength).with("expected", length);
            self.push(field, refusal.with("found", bytes.len()));
        }
    }

    pub fn optional_bytes(&mut self, field: &str, bytes: &[u8], length: usize) {
        if !bytes.is_empty() {
            self.bytes(field, bytes, length);
        }
    }

    /// Each element greater than the one before.
    pub fn ascending<T: Ord>(&mut self, field: &str, list: &[T]) {
        for (place, pair) in list.windows(2).enumerate() {
            let [before, after] = pair else { continue };
            let code = match before.cmp(after) {
                std::cmp::Ordering::Less => continue,
                std::cmp::Ordering::Equal => Code::FieldDuplicate,
                std::cmp::Ordering::Greater => Code::FieldUnsorted,
            };
            self.code(&format!("{field}[{}]", place + 1), code);
        }
    }

    /// No element twice.
    pub fn distinct<T: Ord>(&mut self, field: &str, list: impl IntoIterator<Item = T>) {
        let mut seen = std::collections::BTreeSet::new();
        for (place, element) in list.into_iter().enumerate() {
            if !seen.insert(element) {
                self.code(&format!("{field}[{place}]"), Code::FieldDuplicate);
            }
        }
    }

    /// Ids of one length, ascending; at least one.
    pub fn ids(&mut self, field: &str, ids: &[Vec<u8>], length: usize, limit: usize) {
        self.demand(!ids.is_empty(), field, Code::FieldRequired);
        self.each(field, ids, limit, |faults, id| faults.bytes("", id, length));
        self.ascending(field, ids);
    }

    /// Ids of one length, ascending; may be left out.
    pub fn ids_or_none(&mut self, field: &str, ids: &[Vec<u8>], length: usize, limit: usize) {
        if !ids.is_empty() {
            self.ids(field, ids, length, limit);
        }
    }

    /// Purposes or categories, ascending; at least one.
    pub fn tokens(&mut self, field: &str, tokens: &[String]) {
        self.demand(!tokens.is_empty(), field, Code::FieldRequired);
        self.each(field, tokens, limits::SHORT_LIST, |faults, token| {
            faults.demand(is_token(token), "", Code::FieldInvalid);
        });
        self.ascending(field, tokens);
    }

    /// Codes of an open list (`codes`): 1 to 128 of A-Z, a-z, 0-9 and `. _ : / # -` each.
    pub fn open_codes(&mut self, field: &str, codes: &[String]) {
        self.each(field, codes, limits::SHORT_LIST, |faults, code| {
            let shaped = (1..=128).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:/#-".contains(&byte));
            faults.demand(shaped, "", Code::FieldInvalid);
        });
    }

    /// Codes of skills, none twice.
    pub fn skills(&mut self, field: &str, skills: &[String]) {
        self.open_codes(field, skills);
        self.distinct(field, skills);
    }

    /// Goals of the United Nations, 1 to 17, ascending.
    pub fn sdgs(&mut self, field: &str, goals: &[u32]) {
        let most = sdgs::LAST as usize;
        self.each(field, goals, most, |faults, goal| faults.number("", *goal, 1, sdgs::LAST));
        self.ascending(field, goals);
    }

    /// An address that begins with `https://`, of printable ASCII; may be left out.
    pub fn url(&mut self, field: &str, url: &str) {
        let host = url.strip_prefix("https://").unwrap_or_default();
        let shaped = host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[')
            && url.len() <= limits::URL
            && url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
        if !url.is_empty() && !shaped {
            self.push(field, Refusal::new(Code::FieldInvalid).with("expected", "https://…"));
        }
    }
}
