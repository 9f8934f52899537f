//! Cells that a spreadsheet could take for a formula (T63): `=`, `+`, `-`, `@`, tab, line end and their full-width
//! forms at the beginning, also behind blanks and apostrophes. They get one `'` more, which reading takes away again, so
//! that each text comes back as it was.

/// The text as it is written.
pub(crate) fn encode(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text that was meant.
pub(crate) fn decode(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

fn is_formula(text: &str) -> bool {
    let starts =
        |first: char| matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    let passed =
        |first: char| first == '\'' || first == '\u{feff}' || (first.is_whitespace() && !starts(first));
    text.trim_start_matches(passed).starts_with(starts)
}

/// The parts of a list: `;` between them, or what a Chinese keyboard writes for it.
pub(crate) fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([';', '；', '、', '\n']).map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t63_what_could_be_a_formula_begins_with_an_apostrophe_and_comes_back() {
        for text in [
            "=1",
            "+1",
            "-1",
            "@a",
            "\t=",
            "\ra",
            "\n=",
            "＝1",
            "＋",
            "－1",
            "＠",
            "'=1",
            " =1",
            "\u{feff}=1",
        ] {
            assert_eq!(encode(text), format!("'{text}"));
            assert_eq!(decode(&encode(text)), text);
        }
        for text in ["a=b", "'a", "", "'", "1-2", "志愿者"] {
            assert_eq!(encode(text), text);
            assert_eq!(decode(text), text);
        }
    }
}
