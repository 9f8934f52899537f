//! The code lists of the directory, as data: one file per list, with their names in each language ([`names`]).
//!
//! Two kinds of lists, because whether a record is content-valid must come out the same at every partner and at any
//! time (protocol section 3):
//! - **Closed** lists are words of the protocol itself: applicants, CEFR levels, checks, education, organisation checks,
//!   levels, statuses, goals. A rule of a kind's version refuses any other word; a longer list needs a new version.
//! - **Open** lists follow the world: countries, languages, causes, skills. A rule asks for the *form* alone, so a record
//!   that names a country founded after this build, or one that a later list dropped, is read as before. What isn't
//!   listed is refused to an author, before anything is signed (`kinds::unlisted`), and to nobody else.
//!
//! A federation adds causes and skills of its own under its domain: `x:bvf.example:first-responder`. Other lists
//! are named by what stands before the colon: `esco:…`, `https://data.europa.eu/esco/skill/…`.

pub mod applicants;
pub mod benefits;
pub mod causes;
pub mod cefr;
pub mod checks;
pub mod countries;
pub mod education;
pub mod languages;
pub mod levels;
pub mod names;
pub mod regions;
pub mod sdgs;
pub mod skills;
pub mod status;

/// Whether a code belongs to somebody else's list: that which the part before the colon names.
pub fn is_elsewhere(code: &str) -> bool {
    code.split_once(':').is_some_and(|(list, own)| !list.is_empty() && !own.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_ascending_where_they_are_searched() {
        for list in [countries::COUNTRIES, languages::LANGUAGES, causes::CAUSES, skills::SKILLS] {
            assert!(list.is_sorted_by(|before, after| before < after), "{list:?}");
        }
    }

    #[test]
    fn all_assigned_countries_are_listed_and_nothing_else() {
        assert_eq!(countries::COUNTRIES.len(), 249);
        for code in ["CN", "HK", "MO", "TW", "AU", "DE", "TL", "SS"] {
            assert!(countries::COUNTRIES.contains(&code), "{code}");
        }
        for code in ["EU", "UN", "XX", "ZZ", "SU"] {
            assert!(!countries::COUNTRIES.contains(&code), "{code}");
        }
    }

    #[test]
    fn a_code_of_another_list_names_it() {
        for code in ["x:bvf.example:first-responder", "esco:first-aid"] {
            assert!(is_elsewhere(code), "{code}");
        }
        for code in ["first-aid", ":first-aid", "esco:", ""] {
            assert!(!is_elsewhere(code), "{code}");
        }
    }
}
