//! How a partner, an organisation and a text are named: in the reader's language
//! if there is one, and a partner never by its name alone.

use volbridge_proto::{
    id::SubjectId,
    kinds,
    wire::{node::v1 as node, record::v1 as record},
};

use crate::{
    locale, routes,
    texts::{Lang, primary_of},
};

/// Groups of the fingerprint that stand beside a name; the whole is on the partner's page.
const SHORT_GROUPS: usize = 3;

/// The best of several texts for a reader: the same tag, the same language, English, the first.
pub fn best<'a, T>(texts: &'a [T], language: impl Fn(&'a T) -> &'a str, reader: Lang) -> Option<&'a T> {
    let tag = reader.tag();
    texts
        .iter()
        .find(|text| language(text).eq_ignore_ascii_case(&tag))
        .or_else(|| texts.iter().find(|text| primary_of(language(text)) == primary_of(&tag)))
        .or_else(|| texts.iter().find(|text| primary_of(language(text)) == "en"))
        .or_else(|| texts.first())
}

/// A partner as pages show it.
#[derive(Clone, Debug, Default)]
pub struct PartnerLine {
    pub name: String,
    /// Language of `name`.
    pub language: String,
    /// The name in another language.
    pub other: String,
    pub other_language: String,
    pub country_code: String,
    pub country: String,
    /// The whole fingerprint.
    pub fingerprint: String,
    /// Its first groups.
    pub short: String,
    pub href: String,
    /// Hex.
    pub id: String,
}

impl PartnerLine {
    pub fn new(partner: &node::PartnerName, reader: Lang) -> Self {
        let named = best(&partner.names, |text| &text.language, reader);
        let name = named.map(|text| text.text.clone()).unwrap_or_default();
        let language = named.map(|text| text.language.clone()).unwrap_or_default();
        let other = partner.names.iter().find(|text| text.language != language);
        let id = hex::encode(&partner.id);
        Self {
            // A partner without a name is still told apart.
            name: if name.is_empty() { partner.fingerprint.clone() } else { name },
            language,
            other: other.map(|text| text.text.clone()).unwrap_or_default(),
            other_language: other.map(|text| text.language.clone()).unwrap_or_default(),
            country: reader.code("country", &partner.country),
            country_code: partner.country.clone(),
            fingerprint: partner.fingerprint.clone(),
            short: partner.fingerprint.split(' ').take(SHORT_GROUPS).collect::<Vec<_>>().join(" "),
            href: routes::partner(&id),
            id,
        }
    }

    /// The same, of what may be absent.
    pub fn of(partner: Option<&node::PartnerName>, reader: Lang) -> Self {
        partner.map(|partner| Self::new(partner, reader)).unwrap_or_default()
    }
}

/// Who has what a partner says: another, once it has moved there with its organisation.
pub fn host<'a>(
    partner: Option<&'a node::PartnerName>,
    moved: Option<&'a node::Moved>,
) -> Option<&'a node::PartnerName> {
    moved.and_then(|moved| moved.to.as_ref()).or(partner)
}

/// How an organisation moved from one partner to another, and the two records that say so.
#[derive(Clone, Debug)]
pub struct MovedLine {
    /// "Moved from X to Y on 5 December 2026."
    pub said: String,
    pub first: String,
    pub second: String,
}

impl MovedLine {
    pub fn of(moved: Option<&node::Moved>, reader: Lang) -> Option<Self> {
        let moved = moved?;
        let name = |partner: &Option<node::PartnerName>| PartnerLine::of(partner.as_ref(), reader).name;
        let parts = [
            ("from", name(&moved.from)),
            ("to", name(&moved.to)),
            ("date", locale::date(reader, &moved.moved_on)),
        ];
        Some(Self {
            said: reader.fill("organisation-moved", &parts),
            first: routes::record(hex::encode(&moved.first)),
            second: routes::record(hex::encode(&moved.second)),
        })
    }
}

/// An organisation as other pages name it.
#[derive(Clone, Debug)]
pub struct OrganisationLine {
    pub name: String,
    pub language: String,
    pub level: String,
    pub href: String,
    /// "Checked by … on …", or that it has run out; empty: its partner says nothing of a check.
    pub check: String,
    pub check_run_out: bool,
}

impl OrganisationLine {
    pub fn new(view: &node::OrganisationView, reader: Lang) -> Option<Self> {
        let source = view.source.as_ref()?;
        let named = local(&source.names, reader)?;
        Some(Self {
            name: named.text.clone(),
            language: named.language.clone(),
            level: reader.code("level", &source.level),
            href: routes::organisation(subject(&view.subject)),
            check: check(view, reader),
            check_run_out: view.check() == node::OrganisationCheckState::RunOut,
        })
    }
}

/// Who checked an organisation and when; of a check that has run out, when it did.
pub fn check(view: &node::OrganisationView, reader: Lang) -> String {
    let Some(checked) = view.source.as_ref().and_then(|source| source.checked.as_ref()) else {
        return String::new();
    };
    let partner = PartnerLine::of(view.partner.as_ref(), reader).name;
    match view.check() {
        node::OrganisationCheckState::None => String::new(),
        node::OrganisationCheckState::Valid => reader.fill(
            "organisation-checked",
            &[("partner", partner), ("date", locale::date(reader, &checked.checked_on))],
        ),
        node::OrganisationCheckState::RunOut => reader.fill(
            "organisation-check-run-out",
            &[("partner", partner), ("date", locale::date(reader, &checked.valid_until))],
        ),
    }
}

/// The best of several names.
pub fn local(names: &[record::LocalText], reader: Lang) -> Option<&record::LocalText> {
    best(names, |text| &text.language, reader)
}

/// A subject as it stands in addresses; empty if the node sent something else.
pub fn subject(bytes: &[u8]) -> String {
    SubjectId::try_from(bytes).map(|id| id.to_string()).unwrap_or_default()
}

/// The name of a record's state in texts and answers.
pub fn state(state: node::RecordState) -> &'static str {
    match state {
        node::RecordState::Unspecified => "unknown",
        node::RecordState::Live => "live",
        node::RecordState::Superseded => "superseded",
        node::RecordState::Expired => "expired",
        node::RecordState::Erased => "erased",
        node::RecordState::ErasedWithSource => "erased-with-source",
        node::RecordState::Withheld => "withheld",
        node::RecordState::NotForUs => "not-for-us",
        node::RecordState::Unsupported => "unsupported",
        node::RecordState::Refused => "refused",
    }
}

/// All texts, the source first and whole even if the node sent only its record.
pub fn texts(view: &node::ListingView, source: &record::Listing) -> Vec<node::ListingText> {
    let mut texts = view.texts.clone();
    let own = match texts.iter().position(|text| text.origin == "source" || text.origin.is_empty()) {
        Some(at) => texts.remove(at),
        None => node::ListingText { language: source.language.clone(), ..Default::default() },
    };
    let mut own = node::ListingText { origin: "source".to_owned(), ..own };
    for (field, text) in prose_of(source) {
        own.fields.entry(field).or_insert(text);
    }
    texts.insert(0, own);
    texts
}

/// What a translation renders, and the contact, which no translation changes.
fn prose_of(source: &record::Listing) -> Vec<(String, String)> {
    let mut fields = kinds::listing::prose(source);
    fields.push(("contact".to_owned(), source.contact.clone()));
    fields
}
