//! What mails say, in both languages.

use super::Letter;

/// The language of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// By its tag; other languages than Chinese get English.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }

    /// Its tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}

/// Asks whoever reads an address whether they saved this search.
#[must_use]
pub fn confirm(language: Language, portal: &str, label: &str, link: &str) -> Letter {
    let label = one_line(label);
    let (subject, body) = match language {
        Language::Chinese => (
            "请确认：新志愿项目邮件提醒".to_owned(),
            format!(
                "您好：\n\n有人在 {portal} 为此邮箱保存了以下搜索，希望收到新项目的提醒：\n\n  {label}\n\n\
                 如果是您本人，请打开以下链接并确认：\n\n  {link}\n\n\
                 如果不是，无须任何操作：不会再有邮件，七天后此邮箱地址将被删除。\n"
            ),
        ),
        Language::English => (
            "Please confirm: new volunteering projects by mail".to_owned(),
            format!(
                "Hello,\n\nsomebody saved this search at {portal} and wants to be told of new projects at your address:\n\n  \
                 {label}\n\nIf it was you, open this link and confirm:\n\n  {link}\n\n\
                 If it wasn't, do nothing: there will be no other mail, and after seven days your address is erased.\n"
            ),
        ),
    };
    Letter { subject, body, stop: String::new() }
}

/// New listings of a saved search: title and link of each, and how many more there are.
#[must_use]
pub fn digest(
    language: Language,
    label: &str,
    listings: &[(String, String)],
    more: u64,
    link: &str,
) -> Letter {
    let label = one_line(label);
    let mut list = String::new();
    for (title, at) in listings {
        list += &format!("  {}\n  {at}\n\n", one_line(title));
    }
    let count = u64::try_from(listings.len()).unwrap_or(u64::MAX).saturating_add(more);
    let (subject, body) = match language {
        Language::Chinese => {
            let rest = if more > 0 { format!("另有 {more} 个新项目。\n\n") } else { String::new() };
            (
                format!("{count} 个新的志愿项目"),
                format!(
                    "您保存的搜索“{label}”有新的志愿项目：\n\n{list}{rest}查看此搜索或停止提醒：\n\n  {link}\n"
                ),
            )
        }
        Language::English => {
            let rest = if more > 0 { format!("And {more} more.\n\n") } else { String::new() };
            let what = if count == 1 { "a new volunteering project" } else { "new volunteering projects" };
            (
                if count == 1 {
                    "A new volunteering project".to_owned()
                } else {
                    format!("{count} new volunteering projects")
                },
                format!(
                    "Your saved search “{label}” has {what}:\n\n{list}{rest}Look at this search, or stop these mails:\n\n  {link}\n"
                ),
            )
        }
    };
    Letter { subject, body, stop: format!("{link}/remove") }
}

/// What others wrote can't begin a line of its own.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_partners_wrote_stays_on_its_line() {
        for language in [Language::Chinese, Language::English] {
            let hostile = "Teach\r\nBcc: everybody\n\nhttps://evil.example".to_owned();
            let letter =
                digest(language, &hostile, &[(hostile.clone(), "https://p/l".to_owned())], 0, "https://p/a");
            assert!(!letter.subject.contains("evil") && !letter.subject.contains('\n'));
            let alone = letter.body.lines().filter(|line| line.trim_start().starts_with("https://evil"));
            assert_eq!(alone.count(), 0, "{}", letter.body);
        }
    }

    #[test]
    fn numbers_read_right_in_both_languages() {
        let one = [("Teach".to_owned(), "https://p/l".to_owned())];
        assert_eq!(digest(Language::English, "x", &one, 0, "l").subject, "A new volunteering project");
        assert_eq!(digest(Language::English, "x", &one, 3, "l").subject, "4 new volunteering projects");
        assert_eq!(digest(Language::Chinese, "x", &one, 3, "l").subject, "4 个新的志愿项目");
    }
}
