//! What somebody may do, in words and as forms send it: `editor` for the whole partner, `editor:<uuid>` for one
//! organisation.

use volbridge_proto::{id::SubjectId, wire::node::v1 as node};

use crate::{names, texts::Lang};

/// From the widest to the nearest.
pub const ROLES: &[&str] = &["operator", "auditor", "administrator", "reviewer", "editor"];
/// Those that can be for one organisation.
pub const OF_ORGANISATIONS: &[&str] = &["administrator", "reviewer", "editor"];

/// "Editor: Green Beijing"
pub fn said(role: &node::Role, lang: Lang) -> String {
    let name = lang.code("role", &role.name);
    if role.organisation.is_empty() {
        return name;
    }
    lang.fill("role-of", &[("role", name), ("organisation", organisation(role, lang))])
}

/// The organisation's name, or its id.
pub fn organisation(role: &node::Role, lang: Lang) -> String {
    let named = names::local(&role.organisation_names, lang).map(|name| name.text.clone());
    named.unwrap_or_else(|| names::subject(&role.organisation))
}

/// As a form sends it.
pub fn value(role: &node::Role) -> String {
    match role.organisation.as_slice() {
        [] => role.name.clone(),
        organisation => format!("{}:{}", role.name, names::subject(organisation)),
    }
}

/// What a form sent; `None`: no role is written so.
pub fn parse(value: &str) -> Option<node::Role> {
    // An organisation that is left out by mistake doesn't make a role for the whole partner.
    let (name, known, organisation) = match value.split_once(':') {
        None => (value, ROLES, Vec::new()),
        Some((name, id)) => (name, OF_ORGANISATIONS, id.parse::<SubjectId>().ok()?.to_vec()),
    };
    let role = node::Role { name: name.to_owned(), organisation, organisation_names: Vec::new() };
    known.contains(&name).then_some(role)
}

/// The id of an organisation that was chosen from the list ("Green Beijing · 0193…") or pasted as an address.
pub fn organisation_id(text: &str) -> Option<SubjectId> {
    let word = text.trim().rsplit([' ', '/', '·']).next()?;
    word.split(['?', '#']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01930f6e-7c00-7000-8000-000000000002";

    #[test]
    fn a_role_is_read_as_it_was_written() {
        for written in ["operator".to_owned(), "editor".to_owned(), format!("editor:{ID}")] {
            assert_eq!(value(&parse(&written).unwrap()), written);
        }
        for other in ["", "emperor", "editor:", "operator:x", &format!("operator:{ID}")] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn an_organisation_is_chosen_from_the_list_or_by_its_address() {
        for text in [
            ID.to_owned(),
            format!("绿色北京 · {ID}"),
            format!("https://portal.example/organisations/{ID}?x#y"),
        ] {
            assert_eq!(organisation_id(&text).unwrap().to_string(), ID);
        }
        assert!(organisation_id("绿色北京").is_none());
    }
}
