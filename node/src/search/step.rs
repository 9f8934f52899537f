//! One step of the index: the next listings of one that is being built, or the next changes of one that follows.

use std::collections::BTreeSet;

use volbridge_proto::{SubjectId, kinds};

use super::{
    document::{of_organisation, of_translation},
    follow::{BATCH, FollowError, Work, named as named_index},
    history::mark_of,
    index::Progress,
};
use crate::{
    context::Context,
    store::{
        Tx,
        changes::{self, Change, STEP},
        logs,
    },
    views::{
        Viewer, handovers,
        indexed::{self, Indexed, Key},
    },
};

/// Documents that wait for a commit while more follow.
const UNCOMMITTED: usize = 10_000;

/// Changes without documents that wait for one.
const UNNOTED: i64 = 1_000 * STEP;

/// Adds the next listings to an index that is being built.
pub(super) async fn build(context: &Context, work: &mut Work) -> Result<(), FollowError> {
    let Some((log, subject)) = work.pending.building.clone() else { return Ok(()) };
    let after = parse_key(log, &subject);
    let tx = context.db.snapshot().await?;
    let (rows, next) = indexed::after(&tx, Viewer::Public, false, after, BATCH).await?;
    work.uncommitted += rows.len();
    work.with(move |live| live.apply([], &rows.iter().collect::<Vec<_>>())).await?;
    work.pending.building = next.map(|(log, subject)| (log, hex::encode(subject.as_bytes())));
    if work.pending.building.is_none() || work.uncommitted >= UNCOMMITTED {
        work.commit().await?;
    }
    Ok(())
}

fn parse_key(log: i64, subject: &str) -> Option<Key> {
    let subject = SubjectId::try_from(hex::decode(subject).ok()?.as_slice()).ok()?;
    (log >= 0).then_some((log, subject))
}

/// Applies the next changes; whether there are more.
pub(super) async fn follow(
    context: &Context,
    public: &mut Work,
    named: &mut Option<Work>,
) -> Result<bool, FollowError> {
    let changes = changes::since(&context.db, public.pending.number, BATCH).await?;
    let full = changes.len() == usize::try_from(BATCH).unwrap_or(usize::MAX);
    if let Some((number, change)) = changes.last() {
        if public.uncommitted > 0 && changes.iter().any(|(_, change)| change.kind != kinds::listing::KIND) {
            // Which documents they concern is looked up in the index.
            public.commit().await?;
        }
        let (number, mark) = (*number, mark_of(change));
        apply(context, public, named, &changes).await?;
        (public.pending.number, public.pending.mark) = (number, mark);
    }
    let much = public.uncommitted >= UNCOMMITTED;
    let unnoted = public.live.as_ref().map_or(0, |live| public.pending.number - live.progress.number);
    if (public.uncommitted > 0 && (much || !full)) || unnoted > UNNOTED {
        public.commit().await?;
    }
    Ok(full)
}

async fn apply(
    context: &Context,
    public: &mut Work,
    named: &mut Option<Work>,
    changes: &[(i64, Change)],
) -> Result<(), FollowError> {
    let tx = context.db.snapshot().await?;
    let (mut open, mut sealed) = (BTreeSet::new(), BTreeSet::new());
    for (number, change) in changes {
        let keys = concerned(&tx, public, named.as_ref(), change).await?;
        // Numbers of sealed records' changes stand between those of public ones.
        if number % STEP == 0 { open.extend(keys) } else { sealed.extend(keys) }
    }
    for keys in Vec::from_iter(open.clone()).chunks(BATCH as usize) {
        // One that takes another's place, or leaves it.
        open.extend(handovers::listings_before(&tx, &keys.iter().copied().collect()).await?);
    }
    let all: Vec<Key> = open.union(&sealed).copied().collect();
    for keys in all.chunks(BATCH as usize) {
        let keys: BTreeSet<Key> = keys.iter().copied().collect();
        let shown = indexed::by_keys(&tx, Viewer::Public, &keys).await?;
        let seen: BTreeSet<Key> = shown.iter().map(Indexed::key).collect();
        let rest: BTreeSet<Key> = keys.difference(&seen).copied().collect();
        let mut hidden = indexed::by_keys(&tx, Viewer::Staff(context), &rest).await?;
        hidden.retain(Indexed::is_named);
        let mut gone: Vec<Key> = rest.intersection(&open).copied().collect();
        gone.extend(now_sealed(public, &hidden).await?);
        if !gone.is_empty() || !shown.is_empty() {
            public.uncommitted += gone.len() + shown.len();
            public.with(move |live| live.apply(&gone, &shown.iter().collect::<Vec<_>>())).await?;
        }
        if named.is_some() || !hidden.is_empty() {
            let named = named_index(named)?;
            named
                .with(move |live| {
                    live.apply(&keys, &hidden.iter().collect::<Vec<_>>())?;
                    live.commit(Progress::default())
                })
                .await?;
        }
    }
    Ok(())
}

/// Of listings that are sealed now, those that were public before.
async fn now_sealed(public: &mut Work, hidden: &[Indexed]) -> Result<Vec<Key>, FollowError> {
    if hidden.is_empty() {
        return Ok(Vec::new());
    }
    if public.uncommitted > 0 {
        public.commit().await?;
    }
    let Some(live) = &public.live else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for key in hidden.iter().map(Indexed::key) {
        if live.reader().holds(&key)? {
            found.push(key);
        }
    }
    Ok(found)
}

/// The listings whose documents a change concerns.
async fn concerned(
    tx: &Tx,
    public: &Work,
    named: Option<&Work>,
    change: &Change,
) -> Result<Vec<Key>, FollowError> {
    let part = match change.kind.as_str() {
        kinds::listing::KIND => return Ok(vec![(change.log, change.subject)]),
        kinds::translation::KIND => of_translation(change.log, change.subject),
        kinds::organisation::KIND => {
            of_organisation(logs::load(tx, change.log).await?.id.partner, change.subject.as_bytes())
        }
        kinds::handover::KIND => match handovers::organisation_at(tx, change.log, change.index).await? {
            Some((partner, subject)) => of_organisation(partner, subject.as_bytes()),
            None => return Ok(Vec::new()),
        },
        _ => return Ok(Vec::new()),
    };
    let mut keys = Vec::new();
    if change.kind == kinds::translation::KIND {
        keys = indexed::translated_by(tx, change.log, change.subject).await?;
    }
    for live in [Some(public), named].into_iter().flatten().filter_map(|work| work.live.as_ref()) {
        keys.extend(live.reader().made_from(&part)?);
    }
    Ok(keys)
}
