//! Charts as plain SVG, drawn on the server by pure functions. Each has a table
//! beside it on its page; colours come from the style sheet by class.

mod bars;
mod countries;
mod graph;
mod map;
mod picture;

pub use bars::{Bar, bars};
pub use countries::middle;
pub use graph::{Link, Node, graph};
pub use map::{Spot, map};
pub use picture::{Picture, picture};

/// Text as SVG content or attribute value.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
