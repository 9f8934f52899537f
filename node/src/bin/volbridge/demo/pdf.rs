//! Small PDF files for the demonstration's materials: A4, text only, Latin and
//! Chinese. No font is shipped: Latin uses the standard Helvetica, Chinese the
//! predefined font STSong-Light with the CMap UniGB-UCS2-H, which every reader
//! replaces by a font of its own (ISO 32000-1, 9.7.5.2). The same text gives the
//! same bytes, so a material's hash is the same on every run.

use pdf_writer::{
    Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{CidFontType, FontFlags, SystemInfo},
};

/// Stands at the head of every page.
pub const MARK: &str = "Demonstration data · 演示数据";

const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 64.0;
const BODY: f32 = 12.0;
const HEADING: f32 = 15.0;
const LEADING: f32 = 19.0;
const LATIN: Name<'static> = Name(b"L");
const CHINESE: Name<'static> = Name(b"C");

/// Advance widths of Helvetica, U+0020 to U+007E, in thousandths of the size.
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// A document with a title block and one or more sheets for each of `pages`; a
/// page is a list of paragraphs, of which those that begin with "# " are headings,
/// and what doesn't fit goes on to another sheet.
pub fn pdf(title: &str, subtitle: &str, pages: &[Vec<String>]) -> Vec<u8> {
    let mut sheets = Vec::new();
    let mut head = Sheet::new();
    head.space(24.0);
    head.paragraph(title, 22.0, 30.0, &mut sheets);
    head.space(6.0);
    head.paragraph(subtitle, 13.0, LEADING, &mut sheets);
    head.space(24.0);
    let mut sheet = Some(head);
    for page in pages {
        let mut current = sheet.take().unwrap_or_else(Sheet::new);
        for paragraph in page {
            match paragraph.strip_prefix("# ") {
                Some(heading) => {
                    current.space(6.0);
                    current.paragraph(heading, HEADING, LEADING, &mut sheets);
                }
                None if paragraph.is_empty() => {}
                None => current.paragraph(paragraph, BODY, LEADING, &mut sheets),
            }
            current.space(8.0);
        }
        sheets.push(current);
    }
    sheets.extend(sheet);
    write(title, sheets)
}

/// One sheet of paper while it fills up from the top.
struct Sheet {
    content: Content,
    y: f32,
}

impl Sheet {
    fn new() -> Self {
        let mut sheet = Self { content: Content::new(), y: HEIGHT - 40.0 };
        sheet.line(MARK, 9.0);
        sheet.y = HEIGHT - MARGIN - BODY;
        sheet
    }

    fn space(&mut self, points: f32) {
        self.y -= points;
    }

    fn paragraph(&mut self, text: &str, size: f32, leading: f32, full: &mut Vec<Self>) {
        for line in wrap(text, size, WIDTH - 2.0 * MARGIN) {
            if self.y < MARGIN {
                full.push(std::mem::replace(self, Self::new()));
            }
            self.line(&line, size);
            self.y -= leading;
        }
    }

    fn line(&mut self, text: &str, size: f32) {
        self.content.begin_text();
        self.content.set_text_matrix([1.0, 0.0, 0.0, 1.0, MARGIN, self.y]);
        for run in runs(text) {
            self.content.set_font(if run.latin { LATIN } else { CHINESE }, size);
            self.content.show(Str(&run.bytes));
        }
        self.content.end_text();
    }
}

/// Neighbouring characters of one font, encoded for it.
struct Run {
    latin: bool,
    bytes: Vec<u8>,
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for character in text.chars() {
        let latin = is_latin(character);
        if runs.last().is_none_or(|run| run.latin != latin) {
            runs.push(Run { latin, bytes: Vec::new() });
        }
        let Some(run) = runs.last_mut() else { continue };
        match (latin, u8::try_from(u32::from(character)), u16::try_from(u32::from(character))) {
            (true, Ok(byte), _) => run.bytes.push(byte),
            (false, _, Ok(unit)) => run.bytes.extend(unit.to_be_bytes()),
            // Beyond the basic plane the CMap has nothing: U+3013 is the usual stand-in.
            _ => run.bytes.extend(0x3013_u16.to_be_bytes()),
        }
    }
    runs
}

/// What WinAnsiEncoding writes as the same single byte.
fn is_latin(character: char) -> bool {
    matches!(u32::from(character), 0x20..=0x7E | 0xA0..=0xFF)
}

fn width(text: &str, size: f32) -> f32 {
    let thousandths: f32 = text
        .chars()
        .map(|character| {
            let offset = usize::try_from(u32::from(character)).ok().and_then(|code| code.checked_sub(0x20));
            match offset.and_then(|offset| HELVETICA.get(offset)) {
                Some(width) => f32::from(*width),
                None if is_latin(character) => 556.0,
                None => 1000.0,
            }
        })
        .sum();
    thousandths * size / 1000.0
}

/// Lines no wider than `limit`: broken between words and between Chinese characters,
/// never before closing punctuation.
fn wrap(text: &str, size: f32, limit: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for unit in units(paragraph) {
            let fits = width(&line, size) + width(unit.trim_end(), size) <= limit;
            if !fits && !line.is_empty() && !unit.starts_with(closes) {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            line.push_str(unit);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Words with the blank after them, and single Chinese characters.
fn units(text: &str) -> Vec<&str> {
    let mut units = Vec::new();
    let mut start = 0;
    let mut previous = None;
    for (position, character) in text.char_indices() {
        let boundary = match previous {
            None => false,
            Some(' ') => character != ' ',
            Some(before) => !is_latin(before) || !is_latin(character),
        };
        if boundary && let Some(unit) = text.get(start..position) {
            units.push(unit);
            start = position;
        }
        previous = Some(character);
    }
    units.extend(text.get(start..).filter(|unit| !unit.is_empty()));
    units
}

fn closes(character: char) -> bool {
    "，。、；：？！”’）》」』】…".contains(character)
}

fn write(title: &str, sheets: Vec<Sheet>) -> Vec<u8> {
    let mut next = 0;
    let mut new_ref = || {
        next += 1;
        Ref::new(next)
    };
    let (catalog, tree, latin, info) = (new_ref(), new_ref(), new_ref(), new_ref());
    let chinese = [new_ref(), new_ref(), new_ref()];
    let total = sheets.len();
    let kids: Vec<(Ref, Ref)> = sheets.iter().map(|_| (new_ref(), new_ref())).collect();

    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).title(TextStr(title)).subject(TextStr(MARK)).producer(TextStr("Volbridge"));
    pdf.pages(tree).kids(kids.iter().map(|(page, _)| *page)).count(i32::try_from(total).unwrap_or(i32::MAX));
    for (index, ((page_ref, content_ref), mut sheet)) in kids.into_iter().zip(sheets).enumerate() {
        sheet.y = 36.0;
        sheet.line(&format!("{} / {total}", index + 1), 9.0);
        let mut page = pdf.page(page_ref);
        page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(content_ref);
        page.resources().fonts().pair(LATIN, latin).pair(CHINESE, chinese[0]);
        page.finish();
        pdf.stream(content_ref, &sheet.content.finish());
    }
    pdf.type1_font(latin).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    write_chinese_font(&mut pdf, chinese);
    pdf.finish()
}

fn write_chinese_font(pdf: &mut Pdf, [font, descendant, descriptor]: [Ref; 3]) {
    pdf.type0_font(font)
        .base_font(Name(b"STSong-Light-UniGB-UCS2-H"))
        .encoding_predefined(Name(b"UniGB-UCS2-H"))
        .descendant_font(descendant);
    pdf.cid_font(descendant)
        .subtype(CidFontType::Type0)
        .base_font(Name(b"STSong-Light"))
        .system_info(SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"GB1"), supplement: 4 })
        .font_descriptor(descriptor)
        .default_width(1000.0);
    pdf.font_descriptor(descriptor)
        .name(Name(b"STSong-Light"))
        .flags(FontFlags::SERIF | FontFlags::SYMBOLIC)
        .bbox(Rect::new(-25.0, -254.0, 1000.0, 880.0))
        .italic_angle(0.0)
        .ascent(880.0)
        .descent(-120.0)
        .cap_height(880.0)
        .stem_v(93.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Vec<Vec<String>> {
        vec![vec![text.to_owned()]]
    }

    #[test]
    fn a_document_is_a_pdf_and_the_same_every_time() {
        let first = pdf("志愿 Volunteering", "2013", &page("第一天 Day one"));
        assert!(first.starts_with(b"%PDF-1."));
        assert!(first.ends_with(b"%%EOF"));
        assert_eq!(first, pdf("志愿 Volunteering", "2013", &page("第一天 Day one")));
    }

    #[test]
    fn every_page_is_marked_as_demonstration_data() {
        let bytes = pdf("t", "s", &[vec!["one".to_owned()], vec!["two".to_owned()]]);
        let text = String::from_utf8_lossy(&bytes);
        // A string with a byte above 127 is written in hexadecimal: "Demonstration".
        assert_eq!(text.matches("<44656D6F6E7374726174696F6E").count(), 2);
    }

    #[test]
    fn what_does_not_fit_goes_on_to_another_sheet() {
        let bytes = pdf("t", "s", &page(&"一段很长的文字。".repeat(400)));
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("/Count 3"), "a long page takes several sheets");
    }

    #[test]
    fn lines_break_between_words_and_never_before_closing_punctuation() {
        for line in wrap(&"志愿者，在北京。".repeat(20), BODY, 120.0) {
            assert!(!line.starts_with(closes), "{line}");
        }
        assert_eq!(wrap("one two three", BODY, width("one two", BODY) + 0.1), ["one two", "three"]);
    }

    #[test]
    fn nothing_is_lost_when_a_text_is_split_into_units() {
        let text = "BVF 北京，Bonn and  墨尔本 2027";
        assert_eq!(units(text).concat(), text);
    }
}
