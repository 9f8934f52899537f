//! What `fsck` found, put right where what is left proves how it was (threats.md F12, F13): trees from their leaves, a
//! leaf from its body, both under the checkpoint; damaged bodies and blobs are given up and asked for again.

use std::sync::Arc;

use futures::FutureExt as _;
use volbridge_proto::{
    record::Body,
    tlog::{
        entry::{Class, Hash, Leaf, leaf_hash},
        frontier::Frontier,
        tree,
    },
};

use crate::{
    context::Context,
    error::Error,
    fsck, ingest,
    store::{
        StoreError, Tx, blobs,
        entries::{self, EntryRow, State},
        logs::{self, LogRow},
        received, tiles,
    },
};

/// Entries read at a time.
const STEP: u64 = 1_024;

/// Puts right what can be; says what was done, readable.
///
/// # Errors
/// When the database can't be read or written.
pub async fn node(context: &Arc<Context>) -> Result<Vec<String>, Error> {
    let mut done = Vec::new();
    for row in logs::all(&context.db).await? {
        let mended = context.db.write(move |tx| {
            async move {
                // What was appended since counts, too.
                let row = logs::load(tx, row.number).await?;
                Ok::<_, Error>(log(tx, &row).await?)
            }
            .boxed()
        });
        done.extend(mended.await?);
    }
    for blob in fsck::damaged_blobs(context).await? {
        context.blobs.delete(blob.hash).await?;
        context.db.write(move |tx| async move { blobs::set_held(tx, blob, false).await }.boxed()).await?;
        done.push(format!("blob {}: asked for again", blob.hash));
    }
    let tables = fsck::derived(context).await?;
    if !tables.is_empty() {
        derive_anew(context).await?;
        // What a body that was given up took with it needs no words of its own.
        if done.is_empty() {
            done.extend(tables.iter().map(|table| format!("{table}: derived anew")));
        }
    }
    Ok(done)
}

/// Derives anew what is derived from entries; returns how many there are.
///
/// # Errors
/// When the database can't be read or written.
pub async fn derive_anew(context: &Arc<Context>) -> Result<u64, Error> {
    let reader = Arc::clone(context);
    let rebuilt =
        context.db.write(move |tx| async move { ingest::rebuild(tx, &reader.reader()).await }.boxed());
    let (entries, effects) = rebuilt.await?;
    context.after(effects);
    context.search.rebuild().await;
    Ok(entries)
}

/// An entry whose body isn't what its leaf says: one of the two is damaged.
struct Odd {
    row: EntryRow,
    /// The leaf that the body would have.
    leaf: Option<Leaf>,
}

async fn log(tx: &mut Tx, row: &LogRow) -> Result<Vec<String>, StoreError> {
    let (mut hashes, mut odd) = read(tx, row).await?;
    let Ok(stated) = row.stated() else { return Ok(Vec::new()) };
    let mut done = Vec::new();
    let mut note = |what: String| done.push(format!("{}: {what}", row.origin));
    if root_at(&hashes, stated.size) != Some(stated.root) {
        let from_bodies = with_leaves_of_bodies(&hashes, &odd);
        if root_at(&from_bodies, stated.size) != Some(stated.root) {
            note("the leaves can't be put right: restore them from a backup".to_owned());
            return Ok(done);
        }
        hashes = from_bodies;
        for Odd { row: entry, leaf } in odd.drain(..) {
            let Some(leaf) = leaf else { continue };
            entries::set_leaf(tx, entry.log, entry.index, leaf).await?;
            note(format!("entry {}: the leaf was put right", entry.index));
        }
    }
    let frontier = hashes.iter().fold(Frontier::new(), |mut frontier, hash| {
        frontier.push(*hash);
        frontier
    });
    if frontier.size() == row.size && frontier != row.frontier {
        logs::set_frontier(tx, row.number, &frontier).await?;
        note("the stored tree was put right".to_owned());
    }
    for Odd { row: entry, .. } in odd {
        give_up(tx, row, &entry).await?;
        note(format!("entry {}: the body is asked for again", entry.index));
    }
    if let Err(which) = tiles::check(tx, row.number, hashes.clone()).await? {
        tiles::clear(tx, row.number).await?;
        tiles::append(tx, row.number, 0, &hashes).await?;
        note(format!("{which}: all tiles were written anew"));
    }
    Ok(done)
}

async fn read(tx: &Tx, row: &LogRow) -> Result<(Vec<Hash>, Vec<Odd>), StoreError> {
    let (mut hashes, mut odd) = (Vec::new(), Vec::new());
    let mut start = 0;
    while start < row.size {
        let end = row.size.min(start + STEP);
        for entry in entries::range(tx, row.number, start..end).await? {
            hashes.push(leaf_hash(&entry.leaf));
            if let (Some(bytes), None) = (&entry.body, entry.sound_body()) {
                let leaf =
                    Body::parse(bytes, &row.id).ok().map(|body| Leaf { class: body.class, id: body.id });
                odd.push(Odd { row: entry, leaf });
            }
        }
        start = end;
    }
    Ok((hashes, odd))
}

fn root_at(hashes: &[Hash], size: u64) -> Option<Hash> {
    hashes.get(..usize::try_from(size).ok()?).map(tree::root)
}

fn with_leaves_of_bodies(hashes: &[Hash], odd: &[Odd]) -> Vec<Hash> {
    let mut hashes = hashes.to_vec();
    for Odd { row, leaf } in odd {
        let place = usize::try_from(row.index).ok().and_then(|index| hashes.get_mut(index));
        if let (Some(place), Some(leaf)) = (place, leaf) {
            *place = leaf_hash(&leaf.encode());
        }
    }
    hashes
}

/// The body goes, and is wanted again if it is this node's to read; what was only carried its recipient gets elsewhere.
async fn give_up(tx: &mut Tx, log: &LogRow, entry: &EntryRow) -> Result<(), StoreError> {
    entries::miss(tx, entry.log, entry.index).await?;
    let named = entry.parsed().is_some_and(|leaf| leaf.class == Class::Named);
    if named && !log.own && !received::holds(tx, entry.log, entry.index).await? {
        entries::set_state(tx, entry.log, entry.index, State::NotForUs).await?;
    }
    Ok(())
}
