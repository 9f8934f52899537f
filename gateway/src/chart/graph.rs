//! The network as a graph: the own node above its partners while they fit in a row,
//! in the middle of them when they don't; a line shows how exchange goes.

use std::{f64::consts::TAU, fmt::Write as _};

use super::escaped;

const WIDTH: f64 = 720.0;
const ROW_HEIGHT: f64 = 270.0;
const CIRCLE_HEIGHT: f64 = 320.0;
/// Partners that stand in a row.
const ROW: usize = 4;
const HORIZONTAL: f64 = 250.0;
const VERTICAL: f64 = 105.0;
const RADIUS: f64 = 9.0;
/// Labels stand below the partners and above the own node, where no line runs.
const LABEL_BELOW: f64 = 28.0;
const LABEL_ABOVE: f64 = -20.0;
/// Letters of a line; Chinese ones are as wide as two. Narrow screens show them largest.
const LETTER: f64 = 12.0;
/// Letters of a line where partners stand around the own node.
const AROUND: usize = 22;
/// Lines of a label.
const LINES: usize = 3;

/// A partner.
#[derive(Clone, Debug)]
pub struct Node {
    pub label: String,
    pub href: String,
    /// Class for its colour: `own`, `fresh`, `stale`, `frozen`.
    pub state: &'static str,
}

/// How the own node is joined to a partner.
#[derive(Clone, Debug)]
pub struct Link {
    /// Class for its line: `connected`, `waiting`, `broken`, `through`.
    pub state: &'static str,
    /// What is read out.
    pub label: String,
}

/// The graph: the own node, and each partner with its link.
pub fn graph(title: &str, own: &Node, partners: &[(Node, Link)]) -> String {
    let in_row = partners.len() <= ROW;
    let height = if in_row { ROW_HEIGHT } else { CIRCLE_HEIGHT };
    let own_place = (WIDTH / 2.0, if in_row { 44.0 } else { CIRCLE_HEIGHT / 2.0 - 10.0 });
    let mut svg = format!(
        "<svg class=\"graph\" viewBox=\"0 0 {WIDTH} {height}\" role=\"group\" aria-label=\"{}\">",
        escaped(title)
    );
    let places: Vec<(f64, f64)> = (0..partners.len())
        .map(|at| if in_row { in_a_row(at, partners.len()) } else { around(at, partners.len(), own_place) })
        .collect();
    for ((_, link), (x, y)) in partners.iter().zip(&places) {
        let _ = write!(
            svg,
            "<line class=\"link {}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{y:.1}\"><title>{}</title></line>",
            link.state,
            own_place.0,
            own_place.1,
            escaped(&link.label)
        );
    }
    let beside = if in_row { letters(partners.len()) } else { AROUND };
    for ((node, _), place) in partners.iter().zip(&places) {
        draw(&mut svg, node, *place, LABEL_BELOW, beside);
    }
    draw(&mut svg, own, own_place, LABEL_ABOVE, letters(1));
    svg.push_str("</svg>");
    svg
}

#[expect(clippy::cast_precision_loss, reason = "a handful of partners")]
fn in_a_row(at: usize, count: usize) -> (f64, f64) {
    (WIDTH * (at as f64 + 0.5) / count as f64, ROW_HEIGHT - 90.0)
}

/// Evenly around the middle, beginning at its left.
#[expect(clippy::cast_precision_loss, reason = "a handful of partners")]
fn around(at: usize, count: usize, middle: (f64, f64)) -> (f64, f64) {
    let turn = at as f64 / count as f64 * TAU;
    (middle.0 - turn.cos() * HORIZONTAL, middle.1 - turn.sin() * VERTICAL)
}

/// Letters of a line when so many stand in a row.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a handful of partners on some hundred units"
)]
fn letters(count: usize) -> usize {
    (WIDTH / count.max(1) as f64 / LETTER) as usize - 1
}

/// The label in lines of so many letters, broken between words; what doesn't fit is left out.
fn lines(label: &str, letters: usize) -> Vec<String> {
    let width = |text: &str| text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum::<usize>();
    let mut lines: Vec<String> = Vec::new();
    for word in label.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let cut = lines.len() > LINES;
    lines.truncate(LINES);
    if let Some(last) = lines.last_mut()
        && (cut || width(last) > letters)
    {
        while width(last) >= letters {
            last.pop();
        }
        last.push('…');
    }
    lines
}

fn draw(svg: &mut String, node: &Node, (x, y): (f64, f64), label_at: f64, letters: usize) {
    let _ = write!(
        svg,
        "<a href=\"{}\"><title>{}</title><circle class=\"node {}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{RADIUS}\"/>\
         <text y=\"{:.1}\" text-anchor=\"middle\">",
        escaped(&node.href),
        escaped(&node.label),
        node.state,
        y + label_at
    );
    for (nth, line) in lines(&node.label, letters).iter().enumerate() {
        let down = if nth == 0 { "0" } else { "1.2em" };
        let _ = write!(svg, "<tspan x=\"{x:.1}\" dy=\"{down}\">{}</tspan>", escaped(line));
    }
    svg.push_str("</text></a>");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partners(count: usize) -> Vec<(Node, Link)> {
        let node = Node { label: "<b>".to_owned(), href: "/p".to_owned(), state: "fresh" };
        let link = Link { state: "connected", label: "\"".to_owned() };
        vec![(node, link); count]
    }

    #[test]
    fn every_partner_has_a_node_and_a_line_however_many_there_are() {
        let own = Node { label: "own".to_owned(), href: "/own".to_owned(), state: "own" };
        for count in [0, 1, 2, 4, 5, 30] {
            let svg = graph("Network", &own, &partners(count));
            assert_eq!(svg.matches("<line").count(), count);
            assert_eq!(svg.matches("<circle").count(), count + 1);
            assert!(!svg.contains("<b>") && !svg.contains("NaN"));
        }
    }

    #[test]
    fn a_label_breaks_between_words_and_stays_within_its_place() {
        assert_eq!(
            lines("Beijing Volunteer Service Federation", 22),
            ["Beijing Volunteer", "Service Federation"]
        );
        assert_eq!(lines("北京市志愿服务联合会", 29), ["北京市志愿服务联合会"]);
        assert_eq!(lines("one two three four", 5), ["one", "two", "thre…"]);
        assert_eq!(lines("", 9), [""; 0]);
    }
}
