//! Plain tables for people: no frames, columns aligned also where characters are
//! two cells wide, the last column cut to the terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Between two columns.
const GAP: &str = "  ";

/// The rows under their headings. `width`: of the terminal, if the output goes to one.
pub fn table(headings: &[&str], rows: &[Vec<String>], width: Option<usize>) -> String {
    let columns = headings.len();
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    if let (Some(total), Some((last, others))) = (width, widths.split_last_mut()) {
        let used: usize = others.iter().map(|width| width + GAP.len()).sum();
        *last = (*last).min(total.saturating_sub(used).max(20));
    }
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    std::iter::once(&headings)
        .chain(rows)
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(at, (cell, width))| {
                    pad(&cut(cell, *width), if at + 1 == columns { 0 } else { *width })
                })
                .collect();
            cells.join(GAP).trim_end().to_owned()
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// At most `width` cells; what is cut ends in `…`.
pub fn cut(text: &str, width: usize) -> String {
    let text = text.lines().next().unwrap_or_default();
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_keep_the_columns_aligned() {
        let rows = [vec!["北京".to_owned(), "a".to_owned()], vec!["Bonn".to_owned(), "b".to_owned()]];
        assert_eq!(table(&["city", "x"], &rows, None), "city  x\n北京  a\nBonn  b");
    }

    #[test]
    fn long_texts_are_cut_at_the_width() {
        assert_eq!(cut("国际志愿服务", 7), "国际志…");
        assert_eq!(cut("short", 7), "short");
        assert_eq!(cut("two\nlines", 20), "two");
    }
}
