//! The network as a graph: the own node in the middle, its partners around it;
//! a line shows how exchange goes.

use std::{f64::consts::TAU, fmt::Write as _};

use super::escaped;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
const HORIZONTAL: f64 = 250.0;
const VERTICAL: f64 = 105.0;
const RADIUS: f64 = 9.0;
const LABEL_BELOW: f64 = 28.0;
/// Characters of a label that fit.
const LABEL: usize = 30;

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
    let mut svg = format!(
        "<svg class=\"graph\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"group\" aria-label=\"{}\">",
        escaped(title)
    );
    let middle = (WIDTH / 2.0, HEIGHT / 2.0 - 10.0);
    let places: Vec<(f64, f64)> = (0..partners.len()).map(|at| place(at, partners.len(), middle)).collect();
    for ((_, link), (x, y)) in partners.iter().zip(&places) {
        let _ = write!(
            svg,
            "<line class=\"link {}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{y:.1}\"><title>{}</title></line>",
            link.state,
            middle.0,
            middle.1,
            escaped(&link.label)
        );
    }
    for ((node, _), place) in partners.iter().zip(&places) {
        draw(&mut svg, node, *place);
    }
    draw(&mut svg, own, middle);
    svg.push_str("</svg>");
    svg
}

/// Evenly around the middle, beginning at its left.
fn place(at: usize, count: usize, middle: (f64, f64)) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "a handful of partners")]
    let turn = at as f64 / count as f64 * TAU;
    (middle.0 - turn.cos() * HORIZONTAL, middle.1 - turn.sin() * VERTICAL)
}

fn draw(svg: &mut String, node: &Node, (x, y): (f64, f64)) {
    let label = if node.label.chars().count() > LABEL {
        format!("{}…", node.label.chars().take(LABEL - 1).collect::<String>())
    } else {
        node.label.clone()
    };
    let _ = write!(
        svg,
        "<a href=\"{}\"><title>{}</title><circle class=\"node {}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{RADIUS}\"/>\
         <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text></a>",
        escaped(&node.href),
        escaped(&node.label),
        node.state,
        y + LABEL_BELOW,
        escaped(&label)
    );
}
