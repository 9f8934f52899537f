//! The picture of a listing for those who share it: 1200 × 630 as SVG, the size that
//! previews of links use. Its colours stand in it, for it is shown without our style sheet.

use std::fmt::Write as _;

use super::escaped;

const WIDTH: u32 = 1200;
const HEIGHT: u32 = 630;
const MARGIN: u32 = 80;
/// Letters of a line of the title; a Chinese one counts twice.
const LINE: usize = 34;
const LINES: usize = 4;

/// What the picture says, from top to bottom.
#[derive(Debug)]
pub struct Picture<'a> {
    pub site: &'a str,
    pub title: &'a str,
    pub place: &'a str,
    pub when: &'a str,
    pub slots: &'a str,
    pub partner: &'a str,
    /// Said on demonstration data.
    pub mark: &'a str,
}

/// The picture.
pub fn picture(of: &Picture<'_>) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif\">\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#f3f7fb\"/><rect width=\"{WIDTH}\" height=\"14\" fill=\"#0f4c81\"/>"
    );
    let mut line = |y: u32, size: u32, weight: u32, colour: &str, text: &str| {
        // Writing into a String can't fail.
        let _ = write!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{y}\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{colour}\">{}</text>",
            escaped(text)
        );
    };
    line(92, 30, 700, "#0f4c81", of.site);
    for (row, text) in (0..).zip(wrapped(of.title, LINE, LINES)) {
        line(178 + row * 68, 54, 700, "#17212b", &text);
    }
    for (row, text) in (0..).zip([of.place, of.when, of.slots]) {
        line(448 + row * 42, 30, 400, "#51606f", text);
    }
    line(590, 28, 600, "#0f4c81", of.partner);
    if !of.mark.is_empty() {
        line(622, 20, 400, "#8f3806", of.mark);
    }
    svg.push_str("</svg>");
    svg
}

/// Lines of at most so many letters; what doesn't fit ends with "…".
fn wrapped(text: &str, letters: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words(text) {
        let room = letters.saturating_sub(lines.last().map_or(0, |line| width(line)));
        if width(word.trim_end()) > room && lines.last().is_some_and(|line| !line.is_empty()) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
        }
    }
    let cut = lines.len() > most;
    lines.truncate(most);
    for line in &mut lines {
        *line = line.trim_end().to_owned();
        while width(line) > letters {
            line.pop();
        }
    }
    if let Some(last) = lines.last_mut().filter(|_| cut) {
        last.push('…');
    }
    lines
}

/// Pieces between which a line may break: after a space, and around each letter that needs none.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        if letter.is_whitespace() || !narrow(letter) {
            if !narrow(letter) && at > start {
                words.extend(text.get(start..at));
                start = at;
            }
            words.extend(text.get(start..end));
            start = end;
        }
    }
    words.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    words
}

fn width(text: &str) -> usize {
    text.chars().map(|letter| if narrow(letter) { 1 } else { 2 }).sum()
}

fn narrow(letter: char) -> bool {
    u32::from(letter) < 0x2e80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_between_chinese_letters() {
        assert_eq!(
            wrapped("Show the way at the Great Wall", 12, 4),
            ["Show the way", "at the Great", "Wall"]
        );
        assert_eq!(wrapped("哈密巡回医疗队口译志愿者", 10, 2), ["哈密巡回医", "疗队口译志…"]);
        assert_eq!(wrapped("Supercalifragilistic", 5, 2), ["Super"]);
        assert_eq!(wrapped("", 5, 2), [""]);
    }

    #[test]
    fn t53_what_an_author_writes_stays_text_in_the_picture() {
        let hostile = "\"'><script>alert(1)</script>";
        let svg = picture(&Picture {
            site: hostile,
            title: hostile,
            place: hostile,
            when: hostile,
            slots: hostile,
            partner: hostile,
            mark: hostile,
        });
        assert!(!svg.contains("<script") && svg.starts_with("<svg ") && svg.ends_with("</svg>"));
    }
}
