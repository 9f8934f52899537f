//! The world with open slots: an equirectangular outline from 84° N to 58° S and
//! a circle a city, whose area grows with the slots.

use std::fmt::Write as _;

use super::escaped;
use crate::assets::LAND;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 284.0;
/// Units a degree.
const SCALE: f64 = 2.0;
const NORTH: f64 = 84.0;
const SMALLEST: f64 = 4.0;
const LARGEST: f64 = 16.0;

/// One place on the map.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Degrees × 1,000,000.
    pub latitude_e6: i32,
    /// Degrees × 1,000,000.
    pub longitude_e6: i32,
    pub slots: u64,
    /// What is read out: "Beijing: 12 open slots".
    pub label: String,
    pub href: String,
}

/// The map; `title` is its name for those who don't see it.
pub fn map(title: &str, spots: &[Spot]) -> String {
    let mut svg = format!(
        "<svg class=\"map\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"group\" aria-label=\"{}\">\
         <path class=\"land\" d=\"{}\"/>",
        escaped(title),
        LAND.trim_end()
    );
    let most = spots.iter().map(|spot| spot.slots).max().unwrap_or(1).max(1);
    let mut ordered: Vec<&Spot> = spots.iter().collect();
    // The small ones on top, so that none is hidden.
    ordered.sort_by_key(|spot| std::cmp::Reverse(spot.slots));
    for spot in ordered {
        let x = (f64::from(spot.longitude_e6) / 1e6 + 180.0) * SCALE;
        let y = (NORTH - f64::from(spot.latitude_e6) / 1e6) * SCALE;
        let radius = SMALLEST + (LARGEST - SMALLEST) * share(spot.slots, most).sqrt();
        // Writing into a String can't fail.
        let _ = write!(
            svg,
            "<a href=\"{}\" aria-label=\"{label}\"><title>{label}</title>\
             <circle class=\"spot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\"/></a>",
            escaped(&spot.href),
            x.clamp(0.0, WIDTH),
            y.clamp(0.0, HEIGHT),
            label = escaped(&spot.label),
        );
    }
    svg.push_str("</svg>");
    svg
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
            href: "/listings?q=\"".to_owned(),
        };
        let svg = map("Map", &[spot]);
        assert!(svg.contains("cx=\"592.8\" cy=\"88.2\""));
        assert!(!svg.contains("<script"));
        assert!(svg.contains("href=\"/listings?q=&quot;\""));
    }
}
