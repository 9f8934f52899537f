//! The values of cells that aren't texts in a language: printed, and read as people write them.

use volbridge_proto::{
    Code, SubjectId,
    wire::record::v1::{Coordinates, LanguageSkill, Listing, Offer, Place, Role},
};

use super::{cell, column::Field};
use crate::{Entry, moment};

/// What stands in a cell; empty for nothing, 0 and no.
pub(crate) fn print(entry: &Entry, role: Option<&Role>, field: Field) -> String {
    let listing = &entry.listing;
    match field {
        Field::Reference => entry.reference.clone(),
        Field::Subject => entry.subject.as_ref().map_or_else(String::new, ToString::to_string),
        Field::Partner => entry.partner.clone(),
        Field::Link => entry.link.clone(),
        Field::PublishedAt => entry.published_at.map_or_else(String::new, |moment| moment.to_string()),
        Field::UpdatedAt => entry.updated_at.map_or_else(String::new, |moment| moment.to_string()),
        Field::ImportedFrom => {
            listing.imported_from.as_ref().map_or_else(String::new, |from| from.publisher.clone())
        }
        Field::Country | Field::Region | Field::City | Field::Latitude | Field::Longitude => {
            listing.place.as_ref().map_or_else(String::new, |place| print_place(place, field))
        }
        _ if field.is_of_role() => role.map_or_else(String::new, |role| print_role(role, field)),
        _ => print_listing(listing, field),
    }
}

fn print_listing(listing: &Listing, field: Field) -> String {
    match field {
        Field::Language => listing.language.clone(),
        Field::Organisation => {
            let id = <[u8; 16]>::try_from(listing.organisation.as_slice());
            id.map_or_else(|_| String::new(), |id| SubjectId::from(id).to_string())
        }
        Field::Status => listing.status.clone(),
        Field::Remote => yes(listing.remote),
        Field::StartsOn => listing.starts_on.clone(),
        Field::EndsOn => listing.ends_on.clone(),
        Field::ApplyBy => listing.apply_by.clone(),
        Field::HoursPerWeek => number(listing.hours_per_week),
        Field::Weeks => number(listing.weeks),
        Field::Applicants => listing.applicants.clone(),
        Field::MinAge => number(listing.min_age),
        Field::MaxAge => number(listing.max_age),
        Field::Causes => listing.causes.join(";"),
        Field::Sdgs => listing.sdgs.iter().map(u32::to_string).collect::<Vec<_>>().join(";"),
        Field::Checks => listing.checks.join(";"),
        Field::Contact => listing.contact.clone(),
        _ => String::new(),
    }
}

fn print_place(place: &Place, field: Field) -> String {
    match field {
        Field::Country => place.country.clone(),
        Field::Region => place.region.clone(),
        Field::City => place.city.clone(),
        _ => place.coordinates.as_ref().map_or_else(String::new, |at| {
            degrees(if field == Field::Latitude { at.latitude_e6 } else { at.longitude_e6 })
        }),
    }
}

fn print_role(role: &Role, field: Field) -> String {
    let offer = role.offer.as_ref();
    match field {
        // Also 0, which no valid listing has: a role whose other cells are empty is one still.
        Field::RoleNumber => role.number.to_string(),
        Field::RoleSlots => number(role.slots),
        Field::RoleFilled => number(role.filled),
        Field::RoleSkills => role.skills.join(";"),
        Field::RoleWished => role.wished_skills.join(";"),
        Field::RoleLanguages => {
            let spoken = role.languages.iter().map(|skill| format!("{}:{}", skill.language, skill.level));
            spoken.collect::<Vec<_>>().join(";")
        }
        Field::RoleEducation => role.education.clone(),
        Field::RoleExperience => number(role.experience_years),
        Field::RoleStipend => offer.map_or_else(String::new, |offer| offer.stipend.clone()),
        Field::RoleBenefits => offer.map_or_else(String::new, |offer| {
            let given = benefits(&mut offer.clone()).map(|(name, given)| given.then_some(name));
            given.into_iter().flatten().collect::<Vec<_>>().join(";")
        }),
        _ => String::new(),
    }
}

fn benefits(offer: &mut Offer) -> [(&'static str, &mut bool); 7] {
    [
        ("housing", &mut offer.housing),
        ("meals", &mut offer.meals),
        ("travel", &mut offer.travel),
        ("insurance", &mut offer.insurance),
        ("visa", &mut offer.visa),
        ("training", &mut offer.training),
        ("certificate", &mut offer.certificate),
    ]
}

fn yes(value: bool) -> String {
    if value { "yes".to_owned() } else { String::new() }
}

fn number(value: u32) -> String {
    if value == 0 { String::new() } else { value.to_string() }
}

/// Millionths as degrees: `-33.868800`.
pub(crate) fn degrees(millionths: i32) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let size = millionths.unsigned_abs();
    format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000)
}

/// Puts a cell of a listing into it.
pub(crate) fn read(entry: &mut Entry, field: Field, text: &str) -> Result<(), Code> {
    let listing = &mut entry.listing;
    let word = || text.trim().to_owned();
    match field {
        Field::Reference => entry.reference = text.to_owned(),
        Field::Subject => entry.subject = Some(text.trim().parse().map_err(|_| Code::IdMalformed)?),
        Field::Partner => entry.partner = text.to_owned(),
        Field::Link => entry.link = word(),
        Field::PublishedAt => entry.published_at = Some(moment::parse(text).ok_or(Code::TimeMalformed)?),
        Field::UpdatedAt => entry.updated_at = Some(moment::parse(text).ok_or(Code::TimeMalformed)?),
        // Who passes on what isn't theirs says where it was read: a table doesn't.
        Field::ImportedFrom => {}
        Field::Language => listing.language = word(),
        Field::Organisation => {
            let id: SubjectId = text.trim().parse().map_err(|_| Code::IdMalformed)?;
            listing.organisation = id.to_vec();
        }
        Field::Status => listing.status = one_of(text, STATUSES),
        Field::Country => listing.place.get_or_insert_default().country = word(),
        Field::Region => listing.place.get_or_insert_default().region = text.to_owned(),
        Field::City => listing.place.get_or_insert_default().city = text.to_owned(),
        Field::Latitude => at(listing).latitude_e6 = parse_degrees(text, 90)?,
        Field::Longitude => at(listing).longitude_e6 = parse_degrees(text, 180)?,
        Field::Remote => listing.remote = parse_yes(text)?,
        Field::StartsOn => listing.starts_on = parse_day(text)?,
        Field::EndsOn => listing.ends_on = parse_day(text)?,
        Field::ApplyBy => listing.apply_by = parse_day(text)?,
        Field::HoursPerWeek => listing.hours_per_week = parse_number(text)?,
        Field::Weeks => listing.weeks = parse_number(text)?,
        Field::Applicants => listing.applicants = one_of(text, APPLICANTS),
        Field::MinAge => listing.min_age = parse_number(text)?,
        Field::MaxAge => listing.max_age = parse_number(text)?,
        Field::Causes => listing.causes = words(text),
        Field::Sdgs => listing.sdgs = cell::list(text).map(parse_number).collect::<Result<_, _>>()?,
        Field::Checks => listing.checks = words(text),
        Field::Contact => listing.contact = text.to_owned(),
        _ => return Err(Code::FieldUnknown),
    }
    Ok(())
}

/// Puts a cell of a role into it.
pub(crate) fn read_role(role: &mut Role, field: Field, text: &str) -> Result<(), Code> {
    match field {
        Field::RoleNumber => role.number = parse_number(text)?,
        Field::RoleSlots => role.slots = parse_number(text)?,
        Field::RoleFilled => role.filled = parse_number(text)?,
        Field::RoleSkills => role.skills = words(text),
        Field::RoleWished => role.wished_skills = words(text),
        Field::RoleLanguages => {
            role.languages = cell::list(text).map(parse_spoken).collect::<Result<_, _>>()?;
        }
        Field::RoleEducation => role.education = one_of(text, EDUCATION),
        Field::RoleExperience => role.experience_years = parse_number(text)?,
        Field::RoleStipend => role.offer.get_or_insert_default().stipend = text.to_owned(),
        Field::RoleBenefits => {
            let mut offer = role.offer.take().unwrap_or_default();
            let found = cell::list(text).try_for_each(|word| {
                let known = one_of(word, BENEFITS);
                let mut names = benefits(&mut offer).into_iter();
                let given = names.find(|(name, _)| *name == known).ok_or(Code::FieldInvalid)?;
                *given.1 = true;
                Ok(())
            });
            role.offer = Some(offer);
            found?;
        }
        _ => return Err(Code::FieldUnknown),
    }
    Ok(())
}

const STATUSES: &[(&str, &str)] = &[
    ("招募中", ""),
    ("open", ""),
    ("已满", "full"),
    ("满员", "full"),
    ("暂停", "paused"),
    ("已结束", "closed"),
    ("关闭", "closed"),
];
const APPLICANTS: &[(&str, &str)] = &[
    ("不限", "all"),
    ("全部", "all"),
    ("本国公民", "nationals"),
    ("本地居民", "residents"),
    ("国际", "international"),
];
const EDUCATION: &[(&str, &str)] = &[
    ("高中", "secondary"),
    ("中专", "vocational"),
    ("大专", "vocational"),
    ("本科", "bachelor"),
    ("学士", "bachelor"),
    ("硕士", "master"),
    ("博士", "doctorate"),
    ("不限", ""),
];
const BENEFITS: &[(&str, &str)] = &[
    ("住宿", "housing"),
    ("餐饮", "meals"),
    ("用餐", "meals"),
    ("交通", "travel"),
    ("保险", "insurance"),
    ("签证", "visa"),
    ("培训", "training"),
    ("证书", "certificate"),
    ("服务证明", "certificate"),
];

/// A code, or the word for it in Chinese; whether there is such a code, the rule says.
fn one_of(text: &str, words: &[(&str, &str)]) -> String {
    let text = text.trim();
    let known = words.iter().find(|(word, _)| *word == text);
    known.map_or(text, |(_, code)| code).to_owned()
}

fn words(text: &str) -> Vec<String> {
    cell::list(text).map(str::to_owned).collect()
}

/// `en:B2`
fn parse_spoken(text: &str) -> Result<LanguageSkill, Code> {
    let (language, level) = text.split_once([':', '：']).ok_or(Code::FieldInvalid)?;
    Ok(LanguageSkill { language: language.trim().to_owned(), level: level.trim().to_owned() })
}

fn parse_number(text: &str) -> Result<u32, Code> {
    let text = text.trim();
    // A spreadsheet may have made 30 into 30.0.
    let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|digit| digit == b'0'));
    let digits = whole.map_or(text, |(whole, _)| whole);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Code::FieldInvalid);
    }
    digits.parse().map_err(|_| Code::FieldOutOfRange)
}

fn parse_yes(text: &str) -> Result<bool, Code> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "是" | "可" | "有" | "✓" => Ok(true),
        "no" | "n" | "false" | "0" | "否" | "不可" | "无" => Ok(false),
        _ => Err(Code::FieldInvalid),
    }
}

fn parse_day(text: &str) -> Result<String, Code> {
    moment::day(text).ok_or(Code::DateMalformed)
}

fn at(listing: &mut Listing) -> &mut Coordinates {
    listing.place.get_or_insert_default().coordinates.get_or_insert_default()
}

/// Degrees as millionths, to six digits after the point; further ones are finer than a hand's breadth and left out.
pub(crate) fn parse_degrees(text: &str, most: i32) -> Result<i32, Code> {
    let text = text.trim();
    let (negative, size) = text.strip_prefix('-').map_or((false, text), |size| (true, size));
    let (whole, rest) = size.split_once('.').unwrap_or((size, ""));
    let digits = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(rest) {
        return Err(Code::FieldInvalid);
    }
    let fraction = rest.get(..6).map_or_else(|| format!("{rest:0<6}"), str::to_owned);
    let millionths = format!("{whole}{fraction}").parse::<i32>().map_err(|_| Code::FieldOutOfRange)?;
    if millionths > most * 1_000_000 {
        return Err(Code::FieldOutOfRange);
    }
    Ok(if negative { -millionths } else { millionths })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_come_back_to_the_last_digit() {
        for millionths in [0, 1, -1, 999_999, -33_868_800, 180_000_000, -180_000_000] {
            assert_eq!(parse_degrees(&degrees(millionths), 180), Ok(millionths));
        }
        assert_eq!(parse_degrees("39.9042", 90), Ok(39_904_200));
        assert_eq!(parse_degrees("39.90421234567", 90), Ok(39_904_212));
        for (text, code) in
            [("90.1", Code::FieldOutOfRange), ("北", Code::FieldInvalid), ("1e3", Code::FieldInvalid)]
        {
            assert_eq!(parse_degrees(text, 90), Err(code), "{text}");
        }
    }

    #[test]
    fn numbers_are_whole_and_not_negative() {
        assert_eq!(parse_number(" 30.0 "), Ok(30));
        for text in ["-1", "3.5", "", "三", "+3", "1e3"] {
            assert_eq!(parse_number(text), Err(Code::FieldInvalid), "{text}");
        }
        assert_eq!(parse_number("99999999999"), Err(Code::FieldOutOfRange));
    }
}
