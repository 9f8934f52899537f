//! The judged listings among so many others, in a node's log: made once through the node's own publishing, without
//! waiting for the disk, and kept under `target/bench`, for later runs to copy.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use serde_json::Value;
use volbridge_node::{
    Node,
    context::Context,
    env::Env,
    publish::{Draft, PublishedRecord},
    store::migrate,
};
use volbridge_proto::{
    Ref, SubjectId,
    kinds::{self, Payload},
    wire::record::v1 as record,
};
use volbridge_tests::judged;

use super::distractors::{Bilingual, Distractors};
use crate::{
    Database, Outcome,
    authors::{Run, root},
    listings::organisation,
    nodes::Site,
    report::progress,
    usage,
};

/// Counts up when what is made here changes.
const VERSION: u32 = 1;

/// Listings published at once.
const GROUP: usize = 2_048;

/// The seed of the listings that nobody asks for.
const SEED: u64 = 20_261_127;

/// A listing of the collection.
pub struct Member {
    /// Of a judged one.
    pub id: Option<String>,
    /// Of its organisation, in all languages.
    pub names: Vec<String>,
    /// The organisation's place in `organisations`.
    organisation: usize,
    /// In its source language; without its organisation's subject.
    pub listing: record::Listing,
    /// Language and segments.
    pub translation: Option<(String, Vec<record::Segment>)>,
}

/// So many listings, the judged ones in their midst: neither the newest nor the oldest. At least the judged ones.
pub fn members(records: u64) -> impl Iterator<Item = Member> {
    let collection = judged::Collection::load();
    let others = records.saturating_sub(collection.listings.len() as u64);
    let mut judged = of_judged(&collection).into_iter();
    let mut distractors = Distractors::new(SEED).take(usize::try_from(others).unwrap_or(usize::MAX));
    let mut number = 0;
    std::iter::from_fn(move || {
        number += 1;
        let own = if number > others / 2 { judged.next() } else { None };
        own.or_else(|| distractors.next().map(of_others))
    })
}

fn of_others(one: Bilingual) -> Member {
    Member {
        id: None,
        names: names(&organisation()),
        organisation: 0,
        listing: one.listing,
        translation: Some((one.language.to_owned(), one.segments)),
    }
}

fn of_judged(collection: &judged::Collection) -> Vec<Member> {
    let member = |listing: &judged::Listing| {
        let place = collection.organisations.iter().position(|one| one.id == listing.organisation);
        let place = place.unwrap_or_default();
        Member {
            id: Some(listing.id.clone()),
            names: collection.organisations.get(place).map(|one| names(&one.record())).unwrap_or_default(),
            organisation: place + 1,
            listing: listing.record(&[]),
            translation: listing.translation().map(|(language, segments)| (language.to_owned(), segments)),
        }
    };
    collection.listings.iter().map(member).collect()
}

fn names(organisation: &record::Organisation) -> Vec<String> {
    organisation.names.iter().map(|name| name.text.clone()).collect()
}

/// A node's folder with all of them, and which subject is which judged listing.
pub struct Filled {
    folder: PathBuf,
    database: Database,
    /// Listings.
    pub records: u64,
    /// Ids of judged listings by their subjects.
    pub subjects: BTreeMap<SubjectId, String>,
}

/// The name of the node, and of its folder in a run's.
const NAME: &str = "directory";

impl Filled {
    /// Made if it isn't there yet.
    pub async fn with(records: u64, database: Database) -> Outcome<Self> {
        let made = format!("search-{VERSION}-{}-{database}-{records}", migrate::known_version());
        let folder = root()?.join(made);
        if !folder.exists() {
            let began = Instant::now();
            progress(&format!("filling a node with {records} listings ({database}), kept for later runs"));
            let unfinished = folder.with_extension("new");
            let _ = fs::remove_dir_all(&unfinished);
            fill(&unfinished, records, database).await?;
            fs::rename(&unfinished, &folder)?;
            progress(&format!("filled in {:.1} s", began.elapsed().as_secs_f64()));
        }
        let text = fs::read_to_string(folder.join(SUBJECTS))?;
        let named: BTreeMap<String, String> = serde_json::from_str(&text)?;
        let subject = |(subject, id): (String, String)| Ok((subject.parse()?, id));
        let subjects = named.into_iter().map(subject).collect::<Outcome<_>>()?;
        Ok(Self { folder, database, records, subjects })
    }

    /// A copy of it in a run's folder.
    pub fn copy(&self, run: &Run) -> Outcome<Site> {
        let folder = run.folder(&format!("{NAME}-{}", self.records));
        usage::copy(&self.folder, &folder)?;
        Site::open(&folder, NAME, self.database)
    }
}

/// Judged ids by subject, in the folder.
const SUBJECTS: &str = "subjects.json";

async fn fill(folder: &Path, records: u64, database: Database) -> Outcome<()> {
    let site = Site::make(folder, NAME, database).await?;
    let mut config =
        site.config(&[("api.listen", ""), ("exchange.listen", ""), ("log.checkpoint_interval_ms", "60000")])?;
    config.database.durable = false;
    let node = Node::start(config, Env::system()).await?;
    let context = node.context();
    let offering = organisations().iter().map(draft_of_organisation).collect::<Outcome<Vec<_>>>()?;
    let offering = context.publish(offering, None).await?;
    let mut members = members(records);
    let (mut subjects, mut done) = (serde_json::Map::new(), 0);
    loop {
        let group: Vec<Member> = members.by_ref().take(GROUP).collect();
        if group.is_empty() {
            break;
        }
        let published = publish(context, &group, &offering).await?;
        for (member, published) in group.iter().zip(&published) {
            if let Some(id) = &member.id {
                subjects.insert(published.subject.to_string(), Value::String(id.clone()));
            }
        }
        let before = done;
        done += group.len();
        if before / 100_000 != done / 100_000 {
            progress(&format!("{done} of {records}"));
        }
    }
    fs::write(folder.join(SUBJECTS), Value::Object(subjects).to_string())?;
    node.stop().await;
    Ok(())
}

/// Publishes listings, then their translations; gives the listings' places.
async fn publish(
    context: &Arc<Context>,
    group: &[Member],
    offering: &[PublishedRecord],
) -> Outcome<Vec<PublishedRecord>> {
    let drafts =
        group.iter().map(|member| draft_of_listing(member, offering)).collect::<Outcome<Vec<_>>>()?;
    let published = context.publish(drafts, None).await?;
    let translations = group.iter().zip(&published);
    let translations = translations.filter_map(|(member, source)| draft_of_translation(member, source));
    let translations = translations.collect::<Outcome<Vec<_>>>()?;
    if !translations.is_empty() {
        context.publish(translations, None).await?;
    }
    Ok(published)
}

/// That of the others first, then the judged ones.
fn organisations() -> Vec<record::Organisation> {
    let judged = judged::Collection::load().organisations;
    std::iter::once(organisation()).chain(judged.iter().map(judged::Organisation::record)).collect()
}

fn draft_of_organisation(organisation: &record::Organisation) -> Outcome<Draft> {
    let payload = Payload::Organisation(organisation.clone()).encode()?;
    Ok(Draft::public(kinds::organisation::KIND, payload))
}

fn draft_of_listing(member: &Member, offering: &[PublishedRecord]) -> Outcome<Draft> {
    let organisation = offering.get(member.organisation).ok_or("an organisation is missing")?;
    let listing =
        record::Listing { organisation: organisation.subject.as_bytes().to_vec(), ..member.listing.clone() };
    Ok(Draft::public(kinds::listing::KIND, Payload::Listing(listing).encode()?))
}

fn draft_of_translation(member: &Member, source: &PublishedRecord) -> Option<Outcome<Draft>> {
    let (language, segments) = member.translation.as_ref()?;
    let translation = record::Translation {
        of: Some(record::Subject { partner: Vec::new(), subject: source.subject.as_bytes().to_vec() }),
        language: language.clone(),
        segments: segments.clone(),
    };
    let payload = Payload::Translation(translation).encode();
    let sources = vec![Ref { partner: None, id: source.id }];
    Some(
        payload
            .map_err(Into::into)
            .map(|payload| Draft { sources, ..Draft::public(kinds::translation::KIND, payload) }),
    )
}
