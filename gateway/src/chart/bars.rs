//! Horizontal bars, two a row: places that are open, and those that are filled where that may be told. Drawn narrow, so that
//! the letters stay readable on a telephone; names and numbers stand in the picture, so that no colour says anything alone.

use std::fmt::Write as _;

use super::escaped;

const WIDTH: u32 = 340;
/// Of a row: a line of text, and two bars below it.
const ROW: u32 = 46;
const BASELINE: u32 = 14;
const BAR: u32 = 8;
/// Columns of letters that a name has room for; a Chinese one takes two.
const LETTERS: usize = 32;

/// One row.
#[derive(Clone, Debug, Default)]
pub struct Bar {
    pub name: String,
    pub open: u64,
    /// `None`: hidden.
    pub filled: Option<u64>,
    /// What is written at its end: "28 · 42".
    pub numbers: String,
}

/// The bars; `title` is the picture's name for those who don't see it.
pub fn bars(title: &str, rows: &[Bar]) -> String {
    let height = ROW * u32::try_from(rows.len()).unwrap_or(0);
    let mut svg = format!(
        "<svg class=\"rungs\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\"><title>{}</title>",
        escaped(title)
    );
    let most = rows.iter().flat_map(|row| [row.open, row.filled.unwrap_or(0)]).max().unwrap_or(0);
    for (row, top) in rows.iter().zip((0..).step_by(ROW as usize)) {
        let text = top + BASELINE;
        // Writing into a String can't fail.
        let _ = write!(
            svg,
            "<text x=\"0\" y=\"{text}\">{}</text><text x=\"{WIDTH}\" y=\"{text}\" text-anchor=\"end\">{}</text>",
            escaped(&shortened(&row.name)),
            escaped(&row.numbers)
        );
        for (class, count, below) in [("open", Some(row.open), 6), ("filled", row.filled, 16)] {
            let Some(count) = count.filter(|count| *count > 0) else { continue };
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"0\" y=\"{}\" width=\"{}\" height=\"{BAR}\" rx=\"2\"/>",
                text + below,
                width(count, most)
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

/// At least two units, so that a bar is seen.
fn width(part: u64, whole: u64) -> u64 {
    let units = u128::from(part) * u128::from(WIDTH) / u128::from(whole.max(1));
    u64::try_from(units).unwrap_or(u64::from(WIDTH)).max(2)
}

fn shortened(name: &str) -> String {
    let mut room = LETTERS;
    let mut short = String::new();
    for letter in name.chars() {
        let columns = if u32::from(letter) < 0x2e80 { 1 } else { 2 };
        if columns > room {
            short.push('…');
            break;
        }
        room -= columns;
        short.push(letter);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, open: u64, filled: Option<u64>) -> Bar {
        Bar { name: name.to_owned(), open, filled, numbers: open.to_string() }
    }

    #[test]
    fn bars_are_as_long_as_their_numbers_and_a_hidden_one_is_not_drawn() {
        let svg = bars("T", &[bar("CN", 100, Some(50)), bar("DE", 1, None), bar("FJ", 0, Some(0))]);
        assert!(svg.contains("class=\"open\" x=\"0\" y=\"20\" width=\"340\""), "{svg}");
        assert!(svg.contains("class=\"filled\" x=\"0\" y=\"30\" width=\"170\""), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 3);
        assert_eq!(width(u64::MAX, u64::MAX), 340);
        assert!(bars("T", &[]).contains("viewBox=\"0 0 340 0\""));
    }

    #[test]
    fn t53_names_stay_text_and_within_the_picture() {
        let svg = bars("<b>", &[bar(&"<script>alert(1)</script>".repeat(9), 1, None)]);
        assert!(!svg.contains("<script") && !svg.contains("<b>") && svg.contains('…'));
        assert_eq!(shortened("哈密巡回医疗队口译志愿者甲乙丙丁戊"), "哈密巡回医疗队口译志愿者甲乙丙丁…");
    }
}
