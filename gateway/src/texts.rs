//! The portal's texts: `i18n/<language>/*.ftl`, compiled in; names of codes are those of `proto`.

use std::{borrow::Cow, collections::HashMap, fmt};

use fluent_templates::{LanguageIdentifier, Loader, fluent_bundle::FluentValue, static_loader};
use volbridge_proto::codes::names;

static_loader! {
    static TEXTS = {
        locales: "./i18n",
        fallback_language: "en",
        // Isolation marks would end up in what people copy.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// A language that the portal speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Lang(&'static LanguageIdentifier);

impl Lang {
    /// The portal's language for a tag: the same one, else one of the same primary language.
    pub fn of(tag: &str) -> Option<Self> {
        let mut primary = None;
        for known in TEXTS.locales() {
            let name = known.to_string();
            if name.eq_ignore_ascii_case(tag) {
                return Some(Self(known));
            }
            if primary_of(&name).eq_ignore_ascii_case(primary_of(tag)) {
                primary = Some(Self(known));
            }
        }
        primary
    }

    /// English, which is always there.
    pub fn fallback() -> Self {
        static ENGLISH: LanguageIdentifier = fluent_templates::langid!("en");
        Self(&ENGLISH)
    }

    /// BCP 47: `zh-CN`.
    pub fn tag(self) -> String {
        self.0.to_string()
    }

    /// The text of a key.
    pub fn t(self, key: &str) -> String {
        TEXTS.lookup(self.0, key)
    }

    /// The text of a key, if there is one.
    pub fn maybe(self, key: &str) -> Option<String> {
        TEXTS.try_lookup(self.0, key)
    }

    /// The text of a key with one thing filled in.
    pub fn with(self, key: &str, name: &'static str, value: impl fmt::Display) -> String {
        self.fill(key, &[(name, value.to_string())])
    }

    /// The text of a key with several things filled in.
    pub fn fill(self, key: &str, values: &[(&'static str, String)]) -> String {
        let values: HashMap<Cow<'static, str>, FluentValue<'_>> = values
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), FluentValue::from(value.as_str())))
            .collect();
        TEXTS.lookup_with_args(self.0, key, &values)
    }

    /// The text of a key that counts: `$count` chooses the form, `$n` is what is written.
    pub fn count(self, key: &str, count: u64) -> String {
        let values = HashMap::from([
            (Cow::Borrowed("count"), FluentValue::from(count)),
            (Cow::Borrowed("n"), FluentValue::from(grouped(count))),
        ]);
        TEXTS.lookup_with_args(self.0, key, &values)
    }

    /// The name of a code (`country`, `CN`), or the code itself. A language tag that has no name of its own goes by
    /// that of its language: `en-NZ` is English.
    pub fn code(self, family: &str, code: &str) -> String {
        let broader = || (family == "language").then(|| self.named(family, primary_of(code))).flatten();
        self.named(family, code).or_else(broader).unwrap_or_else(|| code.to_owned())
    }

    /// The name of a code, if it has one.
    pub fn named(self, family: &str, code: &str) -> Option<String> {
        let listed = names::name(&self.tag(), family, code).map(str::to_owned);
        listed.or_else(|| TEXTS.try_lookup(self.0, &format!("{family}-{}", code.replace('.', "-"))))
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Lang {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// `zh` of `zh-Hans-CN`.
pub fn primary_of(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}

/// 1,234,567: read alike in both languages.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
