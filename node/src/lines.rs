//! What is logged, one line an event: texts of strangers in it can't begin a line of their own, nor steer a terminal that
//! shows the log (threats.md T64).

use std::io;

/// A writer of events that writes each as one line, without a control character.
///
/// `tracing-subscriber` hands over an event at a time, its line break included.
#[derive(Debug)]
pub struct Lines<W>(pub W);

impl<W: io::Write> io::Write for Lines<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut line = String::with_capacity(text.len() + 1);
        for letter in text.strip_suffix('\n').unwrap_or(&text).chars() {
            if steers(letter) {
                // As JSON has it, for a log in that form.
                line.push_str(&format!("\\u{:04x}", u32::from(letter)));
            } else {
                line.push(letter);
            }
        }
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Control characters, other line breaks, and what turns the direction of reading around.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}')
        || matches!(letter, '\u{61c}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn t64_an_event_is_one_line_whatever_stands_in_it() {
        let mut lines = Lines(Vec::new());
        lines.write_all("a\r\nb\u{1b}[31m\u{9b}\u{2028}\u{202e}志\tc\u{7f}\n".as_bytes()).unwrap();
        lines.write_all(b"next\n").unwrap();
        let text = String::from_utf8(lines.0).unwrap();
        assert_eq!(text, "a\\u000d\\u000ab\\u001b[31m\\u009b\\u2028\\u202e志\\u0009c\\u007f\nnext\n");
    }
}
