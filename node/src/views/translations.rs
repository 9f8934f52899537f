//! Translations, and which of them a reader gets (design.md section 10): the owner's human one, a reviewed one, a
//! human one, a machine's; of equals the newest. One that renders an older revision is stale and comes last.

use std::collections::BTreeMap;

use volbridge_proto::{
    id::{PartnerId, RecordId, SubjectId},
    time::Timestamp,
    wire::record::v1 as wire,
};

use super::{
    Current, Shown, Viewer,
    content::{self, select_entries},
};
use crate::{
    args,
    store::{Query, StoreError, Tx, Value, select::Select},
};

/// How much a translation is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// Some of it nobody has read.
    Machine = 1,
    /// By people.
    Human = 2,
    /// Reviewed throughout.
    Reviewed = 3,
    /// By people of the partner whose text it is.
    Owner = 4,
}

impl Quality {
    /// Of a translation by `author` of a text of `owner`: that of its worst segment.
    #[must_use]
    pub fn of(translation: &wire::Translation, author: PartnerId, owner: PartnerId) -> Self {
        let human = translation.segments.iter().all(|segment| segment.origin == "human");
        if author == owner && human && !translation.segments.is_empty() {
            return Self::Owner;
        }
        let worth = |segment: &wire::Segment| match segment.origin.as_str() {
            _ if !segment.reviewed_by.is_empty() => Self::Reviewed,
            "human" => Self::Human,
            _ => Self::Machine,
        };
        translation.segments.iter().map(worth).min().unwrap_or(Self::Machine)
    }
}

/// A text that may have translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original<'a> {
    /// Whose.
    pub partner: PartnerId,
    /// Which subject.
    pub subject: SubjectId,
    /// Its current revision.
    pub id: RecordId,
    /// What it is written in.
    pub language: &'a str,
}

/// The best translation into a language.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// The translation.
    pub current: Current<wire::Translation>,
    /// What it is worth.
    pub quality: Quality,
    /// It renders another revision than the current one.
    pub stale: bool,
}

impl Best {
    fn rank(&self) -> (bool, Quality, Timestamp, RecordId) {
        (!self.stale, self.quality, self.current.statement.issued_at, self.current.place.id)
    }
}

pub(super) async fn show(
    tx: &mut Tx,
    shown: &Shown<'_>,
    translation: &wire::Translation,
) -> Result<(), StoreError> {
    let author = shown.log_id.partner;
    let (Some(of), Some(source)) = (&translation.of, shown.statement.sources.first()) else {
        return Ok(());
    };
    let owner = PartnerId::try_from(of.partner.as_slice()).unwrap_or(author);
    tx.execute(
        "INSERT INTO translation (log, subject, entry_index, named, of_partner, of_subject, source, language, quality) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (log, subject) DO UPDATE SET entry_index = excluded.entry_index, named = excluded.named, \
         of_partner = excluded.of_partner, of_subject = excluded.of_subject, source = excluded.source, \
         language = excluded.language, quality = excluded.quality",
        args![
            shown.log,
            shown.statement.subject.as_bytes(),
            shown.index,
            shown.named(),
            owner.as_bytes(),
            of.subject.clone(),
            source.id.as_bytes(),
            translation.language.to_ascii_lowercase(),
            Quality::of(translation, author, owner) as i64
        ],
    )
    .await
    .map(drop)
}

/// The best translation of each text into each language but its own, by language.
pub async fn best(
    on: &impl Query,
    viewer: Viewer<'_>,
    originals: &[Original<'_>],
) -> Result<BTreeMap<(PartnerId, SubjectId), Vec<Best>>, StoreError> {
    let mut select = Select::new(
        select_entries!("translation", "v.quality", "v.subject", "WHERE v.of_subject IN "),
        args![],
    );
    select.add_list("", originals.iter().map(|original| Value::from(original.subject.as_bytes())).collect());
    if !viewer.sees_named() {
        select.add(" AND NOT v.named", args![]);
    }
    let mut chosen: BTreeMap<(PartnerId, SubjectId), BTreeMap<String, Best>> = BTreeMap::new();
    for current in content::read_all::<wire::Translation>(select.rows(on).await?, viewer)? {
        let Some((original, best)) = judged(current, originals) else { continue };
        let languages = chosen.entry((original.partner, original.subject)).or_default();
        let language = best.current.content.language.to_ascii_lowercase();
        match languages.get(&language) {
            Some(better) if better.rank() >= best.rank() => {}
            _ => drop(languages.insert(language, best)),
        }
    }
    Ok(chosen.into_iter().map(|(of, languages)| (of, languages.into_values().collect())).collect())
}

/// The translations of one text that its own log holds, also those of older revisions.
pub async fn own(
    on: &impl Query,
    log: i64,
    of: SubjectId,
) -> Result<Vec<Current<wire::Translation>>, StoreError> {
    let mut select = Select::new(
        select_entries!(
            "translation",
            "v.quality",
            "v.subject",
            "WHERE NOT v.named AND v.of_subject = ? AND v.log = ?"
        ),
        args![of.as_bytes(), log],
    );
    select.add(" ORDER BY v.language, v.subject", args![]);
    content::read_all(select.rows(on).await?, Viewer::Public)
}

/// Which text it translates, and how well; none if it is none of these, or into the text's own language.
fn judged<'a, 'o>(
    current: Current<wire::Translation>,
    originals: &'a [Original<'o>],
) -> Option<(&'a Original<'o>, Best)> {
    let author = current.partner();
    let of = current.content.of.as_ref()?;
    let owner = PartnerId::try_from(of.partner.as_slice()).unwrap_or(author);
    let original = originals
        .iter()
        .find(|original| original.partner == owner && of.subject == original.subject.as_bytes())?;
    if current.content.language.eq_ignore_ascii_case(original.language) {
        return None;
    }
    let quality = Quality::of(&current.content, author, owner);
    let stale = current.statement.sources.first().map(|source| source.id) != Some(original.id);
    Some((original, Best { current, quality, stale }))
}
