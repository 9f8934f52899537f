//! What is asked of the index of listings, as it stands in an address: read with the
//! parameter that is at fault, and written again for links that add a choice, drop
//! one or turn the page. Several values stand repeated or with commas:
//! `?countries=CN,FJ&sdgs=4&sdgs=13`.

use volbridge_proto::{
    codes::benefits::BENEFITS,
    error::Code,
    id::{PartnerId, SubjectId},
    wire::node::v1 as node,
};

use crate::problem::Problem;

/// Parameters with several values, named as the fields of `ListingQuery`, in the order in which people choose.
pub const CHOICES: &[&str] = &[
    "countries",
    "regions",
    "modalities",
    "causes",
    "sdgs",
    "skills",
    "languages",
    "months",
    "durations",
    "benefits",
    "partners",
];
/// Where a volunteer serves.
pub const MODALITIES: &[&str] = &["onsite", "online", "hybrid"];
/// For how long at most, the shortest first.
pub const DURATIONS: &[&str] = &["week", "month", "season", "halfyear", "year", "longer"];
/// Orders of a list.
pub const SORTS: &[(&str, node::ListingSort)] = &[
    ("relevance", node::ListingSort::Relevance),
    ("newest", node::ListingSort::Newest),
    ("starts", node::ListingSort::Starts),
    ("apply_by", node::ListingSort::ApplyBy),
    ("distance", node::ListingSort::Distance),
];
/// Distance if only a place was told.
pub const NEARBY_KM: u32 = 100;

/// Parameters with one value.
const SINGLE: &[&str] =
    &["q", "readable_in", "organisation", "near", "km", "open", "sort", "limit", "cursor"];
/// Characters of the words.
const TEXT: usize = 200;
/// Characters of a code.
const CODE: usize = 80;
/// Characters of a cursor.
const CURSOR: usize = 512;
/// Values of one parameter.
const MANY: usize = 50;
const FARTHEST_KM: u32 = 20_000;
const LISTED: u32 = 100;

/// A query, checked as far as its form goes; whether a code means anything the index knows.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub query: node::ListingQuery,
    pub sort: node::ListingSort,
    /// 0: as many as the node thinks right.
    pub limit: u32,
    pub cursor: String,
    /// What was said, one value a pair, without the cursor.
    said: Vec<(&'static str, String)>,
}

impl Asked {
    /// Reads what is known here; the other pairs are handed back.
    pub fn read(pairs: Vec<(String, String)>) -> Result<(Self, Vec<(String, String)>), Problem> {
        let mut asked = Self::default();
        let mut rest = Vec::new();
        for (name, value) in pairs {
            match CHOICES.iter().chain(SINGLE).find(|known| **known == name) {
                Some(name) => asked.take(name, value.trim()).map_err(|problem| problem.at(name))?,
                None => rest.push((name, value)),
            }
        }
        asked.check_place()?;
        Ok((asked, rest))
    }

    /// The call for it.
    pub fn request(&self) -> node::SearchListingsRequest {
        node::SearchListingsRequest {
            query: Some(self.query.clone()),
            sort: self.sort.into(),
            limit: self.limit,
            cursor: self.cursor.clone(),
            ..Default::default()
        }
    }

    /// Whether this value was chosen.
    pub fn holds(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|chosen| chosen == value)
    }

    /// What was said for a parameter.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.said.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The one value of a parameter; empty if it wasn't given.
    pub fn value(&self, name: &str) -> &str {
        self.said.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// All that narrows the list: everything but its order and length.
    pub fn narrowing(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let narrows = |name: &str| !["sort", "limit", "km"].contains(&name);
        self.said.iter().filter(move |(name, _)| narrows(name)).map(|(name, value)| (*name, value.as_str()))
    }

    /// The same with one value more: `q=a&countries=CN`.
    pub fn and(&self, name: &str, value: &str) -> String {
        written(self.pairs().chain([(name, value)]))
    }

    /// The same without one value; a distance goes with its place.
    pub fn without(&self, name: &str, value: &str) -> String {
        let near = name == "near";
        let dropped = |known: &str, given: &str| {
            (known == name && given == value)
                || (near && (known == "km" || (known == "sort" && given == "distance")))
        };
        written(self.pairs().filter(|(known, given)| !dropped(known, given)))
    }

    /// The next page.
    pub fn onward(&self, cursor: &str) -> String {
        written(self.pairs().chain([("cursor", cursor)]))
    }

    /// All of it, without the page.
    pub fn whole(&self) -> String {
        written(self.pairs())
    }

    /// All that was said, without the page.
    pub fn said(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs()
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.said.iter().map(|(name, value)| (*name, value.as_str()))
    }

    fn take(&mut self, name: &'static str, text: &str) -> Result<(), Problem> {
        if CHOICES.contains(&name) {
            return text
                .split(',')
                .map(str::trim)
                .filter(|value| !value.is_empty())
                .try_for_each(|value| self.choose(name, value));
        }
        // A form sends the fields that were left empty too.
        if text.is_empty() {
            return Ok(());
        }
        if self.said.iter().any(|(said, _)| *said == name) {
            return Err(Problem::new(Code::FieldDuplicate));
        }
        match name {
            "q" => self.query.text = bounded(text, TEXT)?,
            "readable_in" => self.query.readable_in = language(text)?,
            "organisation" => self.query.organisation = subject(text)?,
            "near" => {
                let place = near(text)?;
                let km = self.query.near.map_or(NEARBY_KM, |near| near.km);
                self.query.near = Some(node::Near { km, ..place });
            }
            "km" => self.query.near.get_or_insert_default().km = number(text, 1..=FARTHEST_KM)?,
            "open" => self.query.open = yes(text)?,
            "sort" => self.sort = sort(text)?,
            "limit" => self.limit = number(text, 1..=LISTED)?,
            _ => {
                self.cursor = bounded(text, CURSOR)?;
                return Ok(());
            }
        }
        self.said.push((name, text.to_owned()));
        Ok(())
    }

    fn choose(&mut self, name: &'static str, value: &str) -> Result<(), Problem> {
        if self.holds(name, value) {
            return Ok(());
        }
        if self.values(name).count() >= MANY {
            return Err(Problem::new(Code::FieldTooMany));
        }
        let code = bounded(value, CODE)?;
        let query = &mut self.query;
        match name {
            "countries" => query.countries.push(checked(code, is_country)?),
            "regions" => query.regions.push(code),
            "sdgs" => query.sdgs.push(number(value, 1..=17)?),
            "skills" => query.skills.push(code),
            "languages" => query.languages.push(language(value)?),
            "modalities" => query.modalities.push(checked(code, |code| MODALITIES.contains(&code))?),
            "durations" => query.durations.push(checked(code, |code| DURATIONS.contains(&code))?),
            "months" => query.months.push(month(value)?),
            "partners" => query.partners.push(partner(value)?),
            "benefits" => query.benefits.push(checked(code, |code| BENEFITS.contains(&code))?),
            _ => query.causes.push(code),
        }
        self.said.push((name, value.to_owned()));
        Ok(())
    }

    /// A distance and an order by it need a place.
    fn check_place(&self) -> Result<(), Problem> {
        let needed = !self.value("km").is_empty() || self.sort == node::ListingSort::Distance;
        if needed && self.value("near").is_empty() {
            return Err(Problem::new(Code::FieldRequired).at("near"));
        }
        Ok(())
    }
}

/// A query that the node kept, as the parameters of an address.
pub fn of(query: &node::ListingQuery) -> String {
    let lists: [(&'static str, &[String]); 9] = [
        ("countries", &query.countries),
        ("regions", &query.regions),
        ("skills", &query.skills),
        ("languages", &query.languages),
        ("modalities", &query.modalities),
        ("durations", &query.durations),
        ("months", &query.months),
        ("benefits", &query.benefits),
        ("causes", &query.causes),
    ];
    let mut pairs: Vec<(&str, String)> = Vec::new();
    let mut one = |name, value: String| {
        if !value.is_empty() {
            pairs.push((name, value));
        }
    };
    one("q", query.text.clone());
    one("readable_in", query.readable_in.clone());
    one(
        "organisation",
        SubjectId::try_from(query.organisation.as_slice())
            .map_or_else(|_| String::new(), |id| id.to_string()),
    );
    one("open", if query.open { "true".to_owned() } else { String::new() });
    if let Some(near) = &query.near {
        one("near", format!("{},{}", degrees(near.latitude_e6), degrees(near.longitude_e6)));
        one("km", near.km.to_string());
    }
    query.sdgs.iter().for_each(|goal| one("sdgs", goal.to_string()));
    for partner in &query.partners {
        one("partners", hex::encode(partner));
    }
    for (name, values) in lists {
        values.iter().for_each(|value| one(name, value.clone()));
    }
    written(pairs.iter().map(|(name, value)| (*name, value.as_str())))
}

/// Millionths of a degree, as they stand in an address.
fn degrees(millionths: i32) -> String {
    let (sign, whole) = (if millionths < 0 { "-" } else { "" }, millionths.unsigned_abs());
    format!("{sign}{}.{:06}", whole / 1_000_000, whole % 1_000_000)
}

/// Pairs as the query of an address.
pub fn written<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    pairs.join("&")
}

/// A path with a query, if there is one.
pub fn address(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A text as a value in a query.
pub fn encoded(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("%{byte:02X}"));
        }
    }
    safe
}

/// What the node found fault with, named as the parameter that it came from.
pub fn as_asked(problem: Problem) -> Problem {
    let field = problem.field.strip_prefix("query.").unwrap_or(&problem.field);
    let name = match field {
        "text" => "q",
        "near.km" => "km",
        near if near.starts_with("near") => "near",
        other => other.split(['[', '.']).next().unwrap_or_default(),
    }
    .to_owned();
    problem.at(&name)
}

/// `39.9,116.4`: degrees north and east.
pub fn near(text: &str) -> Result<node::Near, Problem> {
    let (latitude, longitude) = text.split_once(',').ok_or_else(|| Problem::new(Code::FieldInvalid))?;
    Ok(node::Near {
        latitude_e6: millionths(latitude, 90.0)?,
        longitude_e6: millionths(longitude, 180.0)?,
        km: NEARBY_KM,
    })
}

/// Coordinates as they stand in an address: `39.9042,116.4074`.
pub fn coordinates(latitude_e6: i32, longitude_e6: i32) -> String {
    format!("{},{}", f64::from(latitude_e6) / 1e6, f64::from(longitude_e6) / 1e6)
}

fn millionths(text: &str, most: f64) -> Result<i32, Problem> {
    let degrees: f64 = text.trim().parse().map_err(|_| Problem::new(Code::FieldInvalid))?;
    if !degrees.is_finite() || degrees.abs() > most {
        return Err(Problem::new(Code::FieldOutOfRange));
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 180,000,000 by the check above")]
    let whole = (degrees * 1e6).round() as i32;
    Ok(whole)
}

/// `2027-03`
pub fn month(text: &str) -> Result<String, Problem> {
    let (year, month) = text.split_once('-').unwrap_or_default();
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    let known =
        digits(year, 4) && digits(month, 2) && month.parse().is_ok_and(|month: u8| (1..=12).contains(&month));
    if known { Ok(text.to_owned()) } else { Err(Problem::new(Code::DateMalformed)) }
}

/// A number within bounds.
pub fn number(text: &str, bounds: std::ops::RangeInclusive<u32>) -> Result<u32, Problem> {
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| Problem::new(Code::FieldOutOfRange))
}

/// A language tag, by its form.
pub fn language(text: &str) -> Result<String, Problem> {
    let part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    checked(bounded(text, CODE)?, |text| text.split('-').all(part))
}

/// ISO 3166-1 alpha-2 by its form, or what has no place.
pub fn is_country(code: &str) -> bool {
    code == "online" || (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// A text of at most so many characters, none of which steers anything.
pub fn bounded(text: &str, most: usize) -> Result<String, Problem> {
    if text.chars().count() > most {
        return Err(Problem::new(Code::FieldTooLong));
    }
    checked(text.to_owned(), |text| !text.chars().any(char::is_control))
}

/// A value, if it is one of those that fit.
pub fn checked(text: String, fits: impl Fn(&str) -> bool) -> Result<String, Problem> {
    if fits(&text) { Ok(text) } else { Err(Problem::new(Code::FieldInvalid)) }
}

fn partner(text: &str) -> Result<Vec<u8>, Problem> {
    text.parse().map(PartnerId::to_vec).map_err(|_| Problem::new(Code::IdMalformed))
}

fn subject(text: &str) -> Result<Vec<u8>, Problem> {
    text.parse().map(SubjectId::to_vec).map_err(|_| Problem::new(Code::IdMalformed))
}

fn yes(text: &str) -> Result<bool, Problem> {
    match text {
        "true" | "1" | "on" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Problem::new(Code::FieldInvalid)),
    }
}

fn sort(text: &str) -> Result<node::ListingSort, Problem> {
    let known = SORTS.iter().find(|(name, _)| *name == text);
    known.map(|(_, sort)| *sort).ok_or_else(|| Problem::new(Code::FieldInvalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Result<(Asked, Vec<(String, String)>), Problem> {
        Asked::read(query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn values_stand_repeated_or_with_commas_and_links_repeat_what_was_said() {
        let (asked, rest) = read(&[
            ("q", " 教师 & teacher "),
            ("countries", "CN,FJ"),
            ("countries", "CN"),
            ("sdgs", "4"),
            ("months", ""),
            ("near", "39.9042,116.4074"),
            ("km", "50"),
            ("sort", "distance"),
            ("cursor", "abc"),
            ("lang", "en"),
        ])
        .unwrap();
        assert_eq!(asked.query.countries, ["CN", "FJ"]);
        assert_eq!(
            asked.query.near,
            Some(node::Near { latitude_e6: 39_904_200, longitude_e6: 116_407_400, km: 50 })
        );
        assert_eq!((asked.cursor.as_str(), rest.len()), ("abc", 1));
        let q = "q=%E6%95%99%E5%B8%88%20%26%20teacher";
        assert_eq!(
            asked.without("countries", "CN"),
            format!("{q}&countries=FJ&sdgs=4&near=39.9042%2C116.4074&km=50&sort=distance")
        );
        assert_eq!(
            asked.without("near", "39.9042,116.4074"),
            format!("{q}&countries=CN&countries=FJ&sdgs=4")
        );
        assert!(asked.and("benefits", "visa").ends_with("&sort=distance&benefits=visa"));
        assert!(asked.onward("d&e").ends_with("&cursor=d%26e") && !asked.whole().contains("cursor"));
        assert_eq!(coordinates(39_904_200, 116_407_400), "39.9042,116.4074");
    }

    #[test]
    fn t62_each_parameter_that_is_out_of_form_is_named() {
        let long = "x".repeat(201);
        let many = (1..=60).map(|n| format!("s{n}")).collect::<Vec<_>>().join(",");
        for (name, value, code) in [
            ("q", long.as_str(), "field.too_long"),
            ("q", "a\u{0}b", "field.invalid"),
            ("readable_in", "en_US' OR 1", "field.invalid"),
            ("countries", "china", "field.invalid"),
            ("sdgs", "18", "field.out_of_range"),
            ("sdgs", "-1", "field.out_of_range"),
            ("skills", &many, "field.too_many"),
            ("modalities", "anywhere", "field.invalid"),
            ("durations", "eternity", "field.invalid"),
            ("months", "2027-13", "date.malformed"),
            ("months", "2027-+3", "date.malformed"),
            ("benefits", "gold", "field.invalid"),
            ("partners", "zz", "id.malformed"),
            ("organisation", "1", "id.malformed"),
            ("near", "Beijing", "field.invalid"),
            ("near", "91,0", "field.out_of_range"),
            ("near", "NaN,0", "field.out_of_range"),
            ("open", "maybe", "field.invalid"),
            ("sort", "best", "field.invalid"),
            ("limit", "0", "field.out_of_range"),
            ("limit", "101", "field.out_of_range"),
        ] {
            let problem = read(&[(name, value)]).unwrap_err();
            assert_eq!((problem.field.as_str(), problem.code.as_str()), (name, code), "{name}={value}");
        }
        for pair in [("km", "5"), ("sort", "distance")] {
            let problem = read(&[pair]).unwrap_err();
            assert_eq!((problem.field.as_str(), problem.code.as_str()), ("near", "field.required"));
        }
        let twice = read(&[("q", "a"), ("q", "b")]).unwrap_err();
        assert_eq!((twice.field.as_str(), twice.code.as_str()), ("q", "field.duplicate"));
        let far = read(&[("near", "0,0"), ("km", "20001")]).unwrap_err();
        assert_eq!((far.field.as_str(), far.code.as_str()), ("km", "field.out_of_range"));
    }

    #[test]
    fn what_the_node_finds_fault_with_is_named_as_it_was_asked() {
        for (field, name) in [
            ("query.text", "q"),
            ("query.countries[2]", "countries"),
            ("query.near.km", "km"),
            ("query.near.latitude_e6", "near"),
            ("languages.level", "languages"),
            ("cursor", "cursor"),
            ("", ""),
        ] {
            assert_eq!(as_asked(Problem::invalid(field)).field, name);
        }
    }
}
