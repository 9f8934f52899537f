//! What a draft's form says, as the node takes it. What can't be read is told at its field; nothing is guessed.

use std::collections::BTreeMap;

use volbridge_proto::{
    error::Code,
    wire::{node::v1 as node, record::v1 as record},
};

use super::fields::{Fields, PROSE, ROLE_PROSE};
use crate::pages::roles::organisation_id;

/// What a form says.
pub struct Read {
    pub organisation: Vec<u8>,
    pub version: u64,
    pub listing: record::Listing,
    pub translation: Option<node::DraftTranslation>,
    /// Fields that can't be read, each with the code of why.
    pub faults: Vec<(String, Code)>,
}

impl Fields {
    /// What the form says; all that can be read.
    pub fn read(&self) -> Read {
        let mut reader = Reader { fields: self, faults: Vec::new() };
        let listing = reader.listing();
        let translation = reader.translation(&listing);
        let organisation = match self.one("organisation").trim() {
            "" => Vec::new(),
            text => match organisation_id(text) {
                Some(id) => id.to_vec(),
                None => reader.fault("organisation", Code::IdMalformed),
            },
        };
        Read {
            listing: record::Listing { organisation: organisation.clone(), ..listing },
            organisation,
            version: self.one("version").parse().unwrap_or(0),
            translation,
            faults: reader.faults,
        }
    }
}

struct Reader<'a> {
    fields: &'a Fields,
    faults: Vec<(String, Code)>,
}

impl Reader<'_> {
    fn fault<T: Default>(&mut self, name: &str, code: Code) -> T {
        self.faults.push((name.to_owned(), code));
        T::default()
    }

    /// One line, or prose with line ends as records have them.
    fn text(&self, name: &str) -> String {
        self.fields.one(name).replace("\r\n", "\n").trim().to_owned()
    }

    fn number(&mut self, name: &str) -> u32 {
        match self.fields.one(name).trim() {
            "" => 0,
            text => text.parse().unwrap_or_else(|_| self.fault(name, Code::FieldOutOfRange)),
        }
    }

    fn codes(&self, name: &str) -> Vec<String> {
        let mut codes: Vec<String> =
            self.fields.all(name).into_iter().filter(|code| !code.is_empty()).map(str::to_owned).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    fn listing(&mut self) -> record::Listing {
        let place = (self.fields.one("where") != "online").then(|| self.place());
        let mut sdgs: Vec<u32> =
            self.fields.all("sdgs").iter().filter_map(|goal| goal.parse().ok()).collect();
        sdgs.sort_unstable();
        sdgs.dedup();
        record::Listing {
            // The node knows whether it was read in somebody's feed.
            imported_from: None,
            language: self.text("language"),
            organisation: Vec::new(),
            title: self.text("title"),
            summary: self.text("summary"),
            description: self.text("description"),
            remote: place.is_some() && self.fields.one("where") == "hybrid",
            place,
            starts_on: self.text("starts_on"),
            ends_on: self.text("ends_on"),
            apply_by: self.text("apply_by"),
            hours_per_week: self.number("hours_per_week"),
            roles: (0..self.fields.how_many("roles", "number")).map(|at| self.role(at)).collect(),
            sdgs,
            requirements: self.text("requirements"),
            how_to_apply: self.text("how_to_apply"),
            contact: self.text("contact"),
            safety: self.text("safety"),
            costs: self.text("costs"),
            min_age: self.number("min_age"),
            max_age: self.number("max_age"),
            applicants: self.text("applicants"),
            causes: self.codes("causes"),
            checks: self.codes("checks"),
            accessibility: self.text("accessibility"),
            selection: self.text("selection"),
            status: self.text("status"),
            weeks: self.number("weeks"),
        }
    }

    fn place(&mut self) -> record::Place {
        let latitude = self.millionths("place.latitude", 90);
        let longitude = self.millionths("place.longitude", 180);
        let coordinates = match (latitude, longitude) {
            (Some(latitude_e6), Some(longitude_e6)) => {
                Some(record::Coordinates { latitude_e6, longitude_e6 })
            }
            (Some(_), None) => self.fault("place.longitude", Code::FieldRequired),
            (None, Some(_)) => self.fault("place.latitude", Code::FieldRequired),
            (None, None) => None,
        };
        record::Place {
            country: self.text("place.country"),
            region: self.text("place.region"),
            city: self.text("place.city"),
            coordinates,
        }
    }

    /// "39.9042" → 39904200
    fn millionths(&mut self, name: &str, most: i32) -> Option<i32> {
        let text = self.fields.one(name).trim();
        if text.is_empty() {
            return None;
        }
        let read = text.parse::<f64>().ok().filter(|degrees| degrees.abs() <= f64::from(most));
        #[expect(clippy::cast_possible_truncation, reason = "at most 180,000,000 by the check above")]
        let whole = read.map(|degrees| (degrees * 1e6).round() as i32);
        // One that can't be read is told once, and isn't lacking as well.
        whole.or_else(|| Some(self.fault(name, Code::FieldOutOfRange)))
    }

    fn role(&mut self, at: usize) -> record::Role {
        let name = |field: &str| format!("roles.{at}.{field}");
        let languages = self.fields.how_many(&format!("roles.{at}.languages"), "language");
        let offer = record::Offer {
            stipend: self.text(&name("offer.stipend")),
            housing: self.fields.has(&name("offer"), "housing"),
            meals: self.fields.has(&name("offer"), "meals"),
            travel: self.fields.has(&name("offer"), "travel"),
            insurance: self.fields.has(&name("offer"), "insurance"),
            visa: self.fields.has(&name("offer"), "visa"),
            training: self.fields.has(&name("offer"), "training"),
            certificate: self.fields.has(&name("offer"), "certificate"),
        };
        record::Role {
            number: self.number(&name("number")),
            title: self.text(&name("title")),
            tasks: self.text(&name("tasks")),
            slots: self.number(&name("slots")),
            skills: self.codes(&name("skills")),
            languages: (0..languages)
                .map(|one| record::LanguageSkill {
                    language: self.text(&name(&format!("languages.{one}.language"))),
                    level: self.text(&name(&format!("languages.{one}.level"))),
                })
                .filter(|skill| !skill.language.is_empty())
                .collect(),
            offer: (offer != record::Offer::default()).then_some(offer),
            wished_skills: self.codes(&name("wished_skills")),
            education: self.text(&name("education")),
            experience_years: self.number(&name("experience_years")),
            filled: self.number(&name("filled")),
        }
    }

    /// `None`: no language was chosen, or nothing was written in it.
    fn translation(&self, listing: &record::Listing) -> Option<node::DraftTranslation> {
        let mut fields = BTreeMap::new();
        let mut say = |field: String, text: String| {
            if !text.is_empty() {
                fields.insert(field, text);
            }
        };
        for field in PROSE {
            say((*field).to_owned(), self.text(&format!("t.{field}")));
        }
        for (at, role) in listing.roles.iter().enumerate() {
            for field in ROLE_PROSE {
                let text = self.text(&format!("t.roles.{at}.{field}"));
                say(format!("roles.{}.{field}", role.number), text);
            }
        }
        let language = self.text("t.language");
        let said = !language.is_empty() && !fields.is_empty();
        said.then(|| node::DraftTranslation { language, fields: fields.into_iter().collect() })
    }
}
