//! What would make a listing better, beyond what it must have: hints, which stop nobody.

use volbridge_proto::wire::{node::v1 as node, record::v1 as record};

use super::fields::{PROSE, ROLE_PROSE, prose};

/// Characters of a title that says something.
const TITLE: usize = 10;
/// The same in Chinese, where a character says more.
const TITLE_HAN: usize = 6;
/// Characters of a description that answers questions.
const DESCRIPTION: usize = 80;

/// A hint: the form's field, and which one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub field: String,
    /// End of the text's key.
    pub code: &'static str,
}

/// All that could be better, in the order of the form.
pub fn hints(
    listing: &record::Listing,
    translation: Option<&node::DraftTranslation>,
    today: &str,
) -> Vec<Hint> {
    let mut hints = Vec::new();
    let mut unless = |good: bool, field: &str, code: &'static str| {
        if !good {
            hints.push(Hint { field: field.to_owned(), code });
        }
    };
    unless(listing.title.is_empty() || speaks(&listing.title), "title", "title");
    unless(!listing.summary.is_empty(), "summary", "summary");
    unless(listing.description.chars().count() >= DESCRIPTION, "description", "description");
    unless(!listing.costs.is_empty(), "costs", "costs");
    unless(!listing.how_to_apply.is_empty(), "how_to_apply", "apply");
    unless(!listing.safety.is_empty(), "safety", "safety");
    unless(!listing.selection.is_empty(), "selection", "selection");
    unless(!listing.contact.is_empty(), "contact", "contact");
    match lacking(listing, translation) {
        None => unless(false, "t.language", "translation"),
        Some(fields) => fields.iter().for_each(|field| unless(false, field, "lacking")),
    }
    unless(!listing.starts_on.is_empty(), "starts_on", "dates");
    // Days compare as texts.
    let past = |day: &str| !day.is_empty() && day < today;
    unless(!past(&listing.ends_on), "ends_on", "past");
    unless(!past(&listing.apply_by), "apply_by", "past");
    let town = listing.place.as_ref().is_none_or(|place| !place.city.is_empty() || !place.region.is_empty());
    unless(town, "place.city", "city");
    unless(listing.hours_per_week > 0 || listing.weeks > 0, "hours_per_week", "hours");
    unless(!listing.causes.is_empty() || !listing.sdgs.is_empty(), "causes", "causes");
    for (at, role) in listing.roles.iter().enumerate() {
        unless(!role.tasks.is_empty(), &format!("roles.{at}.tasks"), "tasks");
        unless(role.offer.is_some(), &format!("roles.{at}.offer"), "offer");
    }
    hints
}

fn speaks(title: &str) -> bool {
    let han = title.chars().filter(|letter| ('\u{4e00}'..='\u{9fff}').contains(letter)).count();
    title.chars().count() > TITLE || han >= TITLE_HAN
}

/// Fields that the source has and the translation lacks; `None`: there is no translation at all.
fn lacking(listing: &record::Listing, translation: Option<&node::DraftTranslation>) -> Option<Vec<String>> {
    let translation = translation?;
    let there = |field: &str| translation.fields.get(field).is_some_and(|text| !text.is_empty());
    let mut fields: Vec<String> = PROSE
        .iter()
        .filter(|field| !prose(listing, field).is_empty() && !there(field))
        .map(|field| format!("t.{field}"))
        .collect();
    for (at, role) in listing.roles.iter().enumerate() {
        for field in ROLE_PROSE {
            let text = if *field == "title" { &role.title } else { &role.tasks };
            if !text.is_empty() && !there(&format!("roles.{}.{field}", role.number)) {
                fields.push(format!("t.roles.{at}.{field}"));
            }
        }
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2027-01-10";

    fn good() -> (record::Listing, node::DraftTranslation) {
        let listing = record::Listing {
            title: "社区图书馆周末志愿者".to_owned(),
            summary: "帮助孩子们阅读。".to_owned(),
            description: "每个周末两小时。".repeat(12),
            costs: "无。".to_owned(),
            how_to_apply: "发邮件。".to_owned(),
            safety: "有保险。".to_owned(),
            selection: "面谈。".to_owned(),
            contact: "a@b.example".to_owned(),
            starts_on: "2027-03-01".to_owned(),
            hours_per_week: 4,
            causes: vec!["education".to_owned()],
            place: Some(record::Place { city: "北京".to_owned(), ..Default::default() }),
            roles: vec![record::Role {
                number: 1,
                title: "伴读".to_owned(),
                tasks: "一起读书。".to_owned(),
                offer: Some(record::Offer { meals: true, ..Default::default() }),
                ..Default::default()
            }],
            ..Default::default()
        };
        let fields = PROSE.iter().map(|field| (*field).to_owned());
        let fields = fields.chain(["roles.1.title".to_owned(), "roles.1.tasks".to_owned()]);
        let translation = node::DraftTranslation {
            language: "en".to_owned(),
            fields: fields.map(|field| (field, "text".to_owned())).collect(),
        };
        (listing, translation)
    }

    fn told(
        listing: &record::Listing,
        translation: Option<&node::DraftTranslation>,
    ) -> Vec<(String, &'static str)> {
        hints(listing, translation, TODAY).into_iter().map(|hint| (hint.field, hint.code)).collect()
    }

    #[test]
    fn nothing_is_said_of_a_good_listing() {
        let (listing, translation) = good();
        assert_eq!(told(&listing, Some(&translation)), []);
    }

    #[test]
    fn each_hint_has_its_field() {
        let (listing, translation) = good();
        let changed = |change: fn(&mut record::Listing)| {
            let mut listing = listing.clone();
            change(&mut listing);
            told(&listing, Some(&translation))
        };
        let one = |field: &str, code: &'static str| vec![(field.to_owned(), code)];
        assert_eq!(changed(|listing| listing.title = "招募".to_owned()), one("title", "title"));
        assert_eq!(changed(|listing| listing.title = "Help us".to_owned()), one("title", "title"));
        assert_eq!(changed(|listing| listing.summary.clear()), one("summary", "summary"));
        assert_eq!(changed(|listing| listing.costs.clear()), one("costs", "costs"));
        assert_eq!(changed(|listing| listing.contact.clear()), one("contact", "contact"));
        assert_eq!(changed(|listing| listing.safety.clear()), one("safety", "safety"));
        assert_eq!(changed(|listing| listing.apply_by = "2027-01-09".to_owned()), one("apply_by", "past"));
        assert_eq!(changed(|listing| listing.apply_by = TODAY.to_owned()), []);
        assert_eq!(changed(|listing| listing.roles[0].offer = None), one("roles.0.offer", "offer"));
    }

    #[test]
    fn what_the_other_language_lacks_is_named() {
        let (listing, mut translation) = good();
        translation.fields.remove("roles.1.tasks");
        assert_eq!(told(&listing, Some(&translation)), [("t.roles.0.tasks".to_owned(), "lacking")]);
        assert_eq!(told(&listing, None), [("t.language".to_owned(), "translation")]);
    }
}
