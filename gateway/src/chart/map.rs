//! The world with open slots: an equirectangular outline from 84° N to 58° S with the
//! Pacific in the middle, where the partners face one another, and a circle a city,
//! whose area grows with the slots. The largest are named where there is room.

use std::fmt::Write as _;

use super::escaped;
use crate::assets::LAND;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 284.0;
/// The map begins here, in degrees, and goes once around.
const WEST: f64 = -28.0;
/// Units a degree.
const SCALE: f64 = 2.0;
const NORTH: f64 = 84.0;
const SMALLEST: f64 = 4.0;
const LARGEST: f64 = 16.0;
/// Names that are written, and how far they keep from one another.
const NAMES: usize = 12;
const NAME_HEIGHT: f64 = 14.0;
/// About the width of a letter; of a Chinese one twice as much.
const LETTER: f64 = 6.2;
/// Between a circle and its name.
const GAP: f64 = 3.0;

/// One place on the map.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Degrees × 1,000,000.
    pub latitude_e6: i32,
    /// Degrees × 1,000,000.
    pub longitude_e6: i32,
    pub slots: u64,
    /// What is read out: "Beijing, China: 12 open slots".
    pub label: String,
    /// What is written beside it: "Beijing".
    pub name: String,
    pub href: String,
}

/// The map; `title` is its name for those who don't see it.
pub fn map(title: &str, spots: &[Spot]) -> String {
    // The outline begins at 180° W; what lies west of the edge comes round on the right.
    let shift = (WEST + 180.0) * SCALE;
    let mut svg = format!(
        "<svg class=\"map\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"group\" aria-label=\"{}\">\
         <path id=\"land\" class=\"land\" transform=\"translate({} 0)\" d=\"{}\"/>\
         <use href=\"#land\" x=\"{WIDTH}\"/>",
        escaped(title),
        -shift,
        LAND.trim_end()
    );
    let most = spots.iter().map(|spot| spot.slots).max().unwrap_or(1).max(1);
    let mut ordered: Vec<&Spot> = spots.iter().collect();
    // The small ones on top, so that none is hidden.
    ordered.sort_by_key(|spot| std::cmp::Reverse(spot.slots));
    let circles: Vec<Circle> = ordered.iter().map(|spot| circle(spot, most)).collect();
    let mut names = Names::default();
    for (rank, (spot, circle)) in ordered.into_iter().zip(&circles).enumerate() {
        // Writing into a String can't fail.
        let _ = write!(
            svg,
            "<a href=\"{}\" aria-label=\"{label}\"><title>{label}</title>\
             <circle class=\"spot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.1}\"/></a>",
            escaped(&spot.href),
            circle.x,
            circle.y,
            circle.radius,
            label = escaped(&spot.label),
        );
        if rank < NAMES {
            names.add(spot, circle, &circles);
        }
    }
    svg.push_str(&names.svg);
    svg.push_str("</svg>");
    svg
}

struct Circle {
    x: f64,
    y: f64,
    radius: f64,
}

fn circle(spot: &Spot, most: u64) -> Circle {
    let x = (f64::from(spot.longitude_e6) / 1e6 - WEST).rem_euclid(360.0) * SCALE;
    let y = (NORTH - f64::from(spot.latitude_e6) / 1e6) * SCALE;
    let radius = SMALLEST + (LARGEST - SMALLEST) * share(spot.slots, most).sqrt();
    Circle { x, y: y.clamp(0.0, HEIGHT), radius }
}

/// Names right or left of their circles; one that would run across another name or
/// circle, or out of the map, is left out.
#[derive(Default)]
struct Names {
    svg: String,
    /// Left, right and middle of each.
    written: Vec<(f64, f64, f64)>,
}

impl Names {
    fn add(&mut self, spot: &Spot, own: &Circle, circles: &[Circle]) {
        let letters: f64 = spot.name.chars().map(|letter| if letter.is_ascii() { 1.0 } else { 2.0 }).sum();
        let width = letters * LETTER;
        let (right, left) = (own.x + own.radius + GAP, own.x - own.radius - GAP);
        let sides = [(right, right, "start"), (left - width, left, "end")];
        let free = sides.into_iter().find(|(from, ..)| self.is_free(*from, width, own, circles));
        let Some((from, at, anchor)) = free else { return };
        self.written.push((from, from + width, own.y));
        // Decoration: the circle's link is read out with the same name.
        let _ = write!(
            self.svg,
            "<text class=\"place\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" aria-hidden=\"true\">{}</text>",
            own.y + 4.0,
            escaped(&spot.name)
        );
    }

    fn is_free(&self, left: f64, width: f64, own: &Circle, circles: &[Circle]) -> bool {
        let right = left + width;
        let crosses_name = |(from, to, middle): &(f64, f64, f64)| {
            left < *to && right > *from && (own.y - middle).abs() < NAME_HEIGHT
        };
        let crosses_circle = |other: &Circle| {
            !std::ptr::eq(other, own)
                && left < other.x + other.radius
                && right > other.x - other.radius
                && (own.y - other.y).abs() < other.radius + NAME_HEIGHT / 2.0
        };
        left > 0.0
            && right < WIDTH
            && !self.written.iter().any(crosses_name)
            && !circles.iter().any(crosses_circle)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "slots are small numbers, and this only sizes a circle")]
    let share = part as f64 / whole as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beijing_lies_where_beijing_is_and_its_name_stays_text() {
        let spot = Spot {
            latitude_e6: 39_900_000,
            longitude_e6: 116_400_000,
            slots: 3,
            label: "<script>alert(1)</script>".to_owned(),
            name: "<b>".to_owned(),
            href: "/listings?q=\"".to_owned(),
        };
        let svg = map("Map", &[spot]);
        assert!(svg.contains("cx=\"288.8\" cy=\"88.2\""));
        assert!(!svg.contains("<script") && !svg.contains("<b>"));
        assert!(svg.contains("href=\"/listings?q=&quot;\""));
    }

    #[test]
    fn names_never_run_into_one_another_or_out_of_the_map() {
        let spot = |longitude_e6, slots, name: &str| Spot {
            latitude_e6: 0,
            longitude_e6,
            slots,
            label: String::new(),
            name: name.to_owned(),
            href: String::new(),
        };
        let spots = [
            spot(0, 9, "Large"),
            spot(1_000_000, 1, "Beneath it"),
            spot(-29_000_000, 1, "At the edge"),
            spot(-27_000_000, 1, "Across"),
        ];
        let svg = map("Map", &spots);
        assert!(svg.contains(">Large<") && !svg.contains(">Beneath it<") && !svg.contains(">Across<"));
        assert_eq!(svg.matches("<circle").count(), 4, "each has its circle all the same");
    }
}
