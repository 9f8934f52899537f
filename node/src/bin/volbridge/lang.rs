//! The two languages in which the command line speaks to people. JSON, field
//! names and codes are the same in both.

/// A language for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    En,
    Zh,
}

impl Lang {
    /// From a tag (`zh-CN`) or a locale (`zh_CN.UTF-8`).
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.', '@']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// For `--lang`.
    pub fn parse(tag: &str) -> Result<Self, String> {
        Self::of(tag).ok_or_else(|| "known are zh-CN and en".to_owned())
    }

    /// From the environment, in POSIX's order.
    #[expect(clippy::disallowed_methods, reason = "the reader's language is not configuration of the node")]
    pub fn of_environment() -> Self {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty())
            .and_then(|value| Self::of(&value))
            .unwrap_or_default()
    }
}

/// A sentence in the reader's language: `say!(lang, "in English {x}", "中文 {x}")`.
macro_rules! say {
    ($lang:expr, $en:literal, $zh:literal) => {
        match $lang {
            $crate::lang::Lang::En => format!($en),
            $crate::lang::Lang::Zh => format!($zh),
        }
    };
}
pub(crate) use say;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_and_tags_name_a_language() {
        assert_eq!(Lang::of("zh_CN.UTF-8"), Some(Lang::Zh));
        assert_eq!(Lang::of("zh-Hans"), Some(Lang::Zh));
        assert_eq!(Lang::of("en_US"), Some(Lang::En));
        assert_eq!(Lang::of("C.UTF-8"), None);
    }
}
