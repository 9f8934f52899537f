//! A listing as the two databases beside the node index it: its texts by language, in three columns of falling weight.

use volbridge_proto::wire::record::v1 as record;

use super::collection::Member;

/// Both languages.
#[derive(Default)]
pub struct Document {
    /// Chinese.
    pub chinese: Columns,
    /// English.
    pub english: Columns,
}

/// Texts of one language.
#[derive(Default)]
pub struct Columns {
    /// The title.
    pub title: String,
    /// The summary, and the names of role, organisation and place.
    pub summary: String,
    /// Everything else.
    pub body: String,
}

impl Document {
    /// Of a listing with its translation.
    pub fn of(member: &Member) -> Self {
        let mut document = Self::default();
        let listing = &member.listing;
        document.columns(&listing.language).fill(&source_fields(listing));
        if let Some((language, segments)) = &member.translation {
            let fields: Vec<_> =
                segments.iter().map(|segment| (segment.field.as_str(), segment.text.as_str())).collect();
            document.columns(language).fill(&fields);
        }
        let place = listing.place.clone().unwrap_or_default();
        for name in member.names.iter().chain([&place.city]) {
            let language = if name.is_ascii() { "en" } else { "zh-CN" };
            document.columns(language).summary.push_str(&format!("\n{name}"));
        }
        document
    }

    fn columns(&mut self, language: &str) -> &mut Columns {
        if language == "en" { &mut self.english } else { &mut self.chinese }
    }
}

fn source_fields(listing: &record::Listing) -> Vec<(&str, &str)> {
    let mut fields: Vec<(&str, &str)> = vec![
        ("title", &listing.title),
        ("summary", &listing.summary),
        ("description", &listing.description),
        ("how_to_apply", &listing.how_to_apply),
        ("costs", &listing.costs),
    ];
    fields.extend(listing.roles.iter().map(|role| ("roles.1.title", role.title.as_str())));
    fields
}

impl Columns {
    fn fill(&mut self, fields: &[(&str, &str)]) {
        for (field, text) in fields {
            let column = match *field {
                "title" => &mut self.title,
                "summary" | "roles.1.title" => &mut self.summary,
                _ => &mut self.body,
            };
            if !column.is_empty() {
                column.push('\n');
            }
            column.push_str(text);
        }
    }
}

/// A question's words: runs of Chinese characters, and of other letters and digits.
pub fn words(question: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut kind = None;
    for c in question.chars() {
        let next = match c {
            '\u{3400}'..='\u{9fff}' => Some(true),
            c if c.is_alphanumeric() => Some(false),
            _ => None,
        };
        match (next, words.last_mut()) {
            (Some(_), Some(word)) if next == kind => word.push(c),
            (Some(_), _) => words.push(c.to_string()),
            (None, _) => {}
        }
        kind = next;
    }
    words
}

/// Whether a word is Chinese.
pub fn is_chinese(word: &str) -> bool {
    word.starts_with(|c| matches!(c, '\u{3400}'..='\u{9fff}'))
}
