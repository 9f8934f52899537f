//! Where help is wanted, as spots of a map: one a country, or one a place.

use std::{cmp::Reverse, collections::BTreeMap};

use volbridge_proto::wire::node::v1 as node;

use crate::{
    chart::{self, Spot},
    facts, names, routes,
    shell::Shell,
};

/// One spot a country that is known, the most first; `href` leads to what is there.
pub fn by_country<'a>(
    counts: impl Iterator<Item = (&'a str, u64)>,
    href: impl Fn(&str) -> String,
    ui: &Shell,
) -> Vec<Spot> {
    let mut spots: Vec<Spot> = counts
        .filter_map(|(code, count)| {
            let (latitude_e6, longitude_e6) = chart::middle(code)?;
            let name = ui.lang.code("country", code);
            let parts = [("place", name.clone()), ("slots", ui.count("listings-count", count))];
            let label = ui.lang.fill("map-spot", &parts);
            Some(Spot { latitude_e6, longitude_e6, slots: count, label, name, href: href(code) })
        })
        .collect();
    spots.sort_by_key(|spot| Reverse(spot.slots));
    spots
}

/// One spot a place with coordinates, the most slots first; one with a single listing leads to it.
pub fn by_place<'a>(
    listings: impl Iterator<Item = &'a node::ListingView>,
    href: impl Fn(&node::ListingView) -> String,
    ui: &Shell,
) -> Vec<Spot> {
    let mut places: BTreeMap<(i32, i32), Spot> = BTreeMap::new();
    for view in listings {
        let Some(place) = view.source.as_ref().and_then(|source| source.place.as_ref()) else { continue };
        let Some(at) = &place.coordinates else { continue };
        let known = places.contains_key(&(at.latitude_e6, at.longitude_e6));
        let spot = places.entry((at.latitude_e6, at.longitude_e6)).or_insert_with(|| Spot {
            latitude_e6: at.latitude_e6,
            longitude_e6: at.longitude_e6,
            slots: 0,
            label: facts::place(place, ui.lang),
            name: facts::city_or_region(place, ui.lang),
            href: routes::listing(names::subject(&view.subject)),
        });
        if known {
            spot.href = href(view);
        }
        spot.slots += u64::from(view.slots);
    }
    let mut spots: Vec<Spot> = places.into_values().collect();
    spots.sort_by_key(|spot| Reverse(spot.slots));
    for spot in &mut spots {
        let parts =
            [("place", std::mem::take(&mut spot.label)), ("slots", ui.count("open-slots", spot.slots))];
        spot.label = ui.lang.fill("map-spot", &parts);
    }
    spots
}
