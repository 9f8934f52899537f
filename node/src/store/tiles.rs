//! Hashes of a log's tree above its leaves, in tiles of 256 as in [C2SP tlog-tiles](https://c2sp.org/tlog-tiles).
//!
//! Leaf hashes aren't stored: they are computed from the leaves, so level 0 can't disagree with the entries.

use std::collections::BTreeSet;

use volbridge_proto::{
    Refusal,
    tlog::{
        checkpoint::Checkpoint,
        entry::{Hash, leaf_hash},
        proof,
        tile::{self, TileId, Tiles, WIDTH},
        tree::{self, HashSource},
    },
};

use super::{Query, StoreError, Tx, args, column, entries, logs::LogNumber};

/// Adds the hashes that `leaves` complete, appended behind a log of `size` entries. The entries may already be stored.
pub async fn append(tx: &mut Tx, log: LogNumber, size: u64, leaves: &[Hash]) -> Result<(), StoreError> {
    let edge = size - size % WIDTH;
    let mut hashes = leaf_hashes(tx, log, edge..size).await?;
    hashes.extend_from_slice(leaves);
    let mut start = edge;
    for level in 1.. {
        // Each full tile below is one hash here.
        let complete: Vec<Hash> = hashes.chunks_exact(256).map(tree::root).collect();
        if complete.is_empty() {
            break;
        }
        start /= WIDTH;
        (start, hashes) = extend_level(tx, log, level, start, complete).await?;
    }
    Ok(())
}

/// Writes new hashes of a level from index `first` on; returns the hashes from the start of the tile that `first` lies in.
async fn extend_level(
    tx: &mut Tx,
    log: LogNumber,
    level: i64,
    first: u64,
    new: Vec<Hash>,
) -> Result<(u64, Vec<Hash>), StoreError> {
    let edge = first - first % WIDTH;
    let mut hashes = match first - edge {
        0 => Vec::new(),
        width => stored(tx, log, level, edge / WIDTH, width).await?,
    };
    hashes.extend(new);
    let rows = hashes.chunks(256).zip(edge / WIDTH..);
    let rows = rows.map(|(tile, number)| args![log, level, number, tile::encode(tile)]);
    tx.insert_rows(
        "INSERT INTO tile (log, level, number, hashes)",
        "ON CONFLICT (log, level, number) DO UPDATE SET hashes = excluded.hashes",
        rows,
    )
    .await?;
    Ok((edge, hashes))
}

/// Loads tiles, as the pure functions of `proto` want them.
pub async fn load(q: &impl Query, log: LogNumber, ids: &[TileId]) -> Result<Tiles, StoreError> {
    let mut tiles = Tiles::new();
    for id in ids {
        let hashes = hashes(q, log, *id).await?;
        tiles.insert(id.level, id.number, hashes);
    }
    Ok(tiles)
}

/// Makes a proof about the tree of `size` from the tiles that it needs.
pub async fn prove<T>(
    q: &impl Query,
    log: LogNumber,
    size: u64,
    make: impl Fn(&dyn HashSource) -> Result<T, Refusal>,
) -> Result<T, StoreError> {
    let tiles = load(q, log, &proof::plan(size, &make)).await?;
    make(&tiles).map_err(|refusal| StoreError::corrupt("tile", log, refusal))
}

/// The tree of one checkpoint, whose tiles are loaded once: for whoever proves all of it, part by part.
#[derive(Debug)]
pub struct Tree {
    log: LogNumber,
    stated: Checkpoint,
    tiles: Tiles,
    loaded: BTreeSet<TileId>,
}

impl Tree {
    /// Of a log, as a checkpoint states it.
    #[must_use]
    pub fn new(log: LogNumber, stated: Checkpoint) -> Self {
        Self { log, stated, tiles: Tiles::new(), loaded: BTreeSet::new() }
    }

    /// Its size.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.stated.size
    }

    /// Proves that these leaves, from `start` on and within one tile, stand in it, and gives the proof of the tile's
    /// leaves up to the last of them. Damaged ones are named and never served (F12).
    pub async fn prove_leaves<'a>(
        &mut self,
        q: &impl Query,
        start: u64,
        leaves: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Vec<Hash>, StoreError> {
        let aligned = start - start % WIDTH;
        let mut hashes = leaf_hashes(q, self.log, aligned..start).await?;
        hashes.extend(leaves.map(leaf_hash));
        let (end, size) = (aligned.saturating_add(hashes.len() as u64), self.stated.size);
        let proof = self.prove(q, |source| proof::subtree(source, aligned, end, size)).await?;
        proof::verify_subtree(aligned, end, &tree::root(&hashes), size, &self.stated.root, &proof).map_err(
            |_| {
                let key = format!("{}/{start}..{end}", self.log);
                StoreError::corrupt("entry", key, "doesn't stand in the tree of the checkpoint")
            },
        )?;
        Ok(proof)
    }

    async fn prove<T>(
        &mut self,
        q: &impl Query,
        make: impl Fn(&dyn HashSource) -> Result<T, Refusal>,
    ) -> Result<T, StoreError> {
        for id in proof::plan(self.stated.size, &make) {
            if !self.loaded.contains(&id) {
                self.tiles.insert(id.level, id.number, hashes(q, self.log, id).await?);
                self.loaded.insert(id);
            }
        }
        make(&self.tiles).map_err(|refusal| StoreError::corrupt("tile", self.log, refusal))
    }
}

/// The hashes of one tile.
pub async fn hashes(q: &impl Query, log: LogNumber, id: TileId) -> Result<Vec<Hash>, StoreError> {
    let width = u64::from(id.width);
    if id.level == 0 {
        let start = id.number.saturating_mul(WIDTH);
        leaf_hashes(q, log, start..start.saturating_add(width)).await
    } else {
        stored(q, log, id.level.into(), id.number, width).await
    }
}

/// The hashes of one tile, if they stand in the tree of `size` with this root: damaged ones are named and never
/// served (F12).
pub async fn sound(
    q: &impl Query,
    log: LogNumber,
    id: TileId,
    size: u64,
    root: &Hash,
) -> Result<Vec<Hash>, StoreError> {
    let hashes = hashes(q, log, id).await?;
    let key = format!("{log}/{}/{}", id.level, id.number);
    // How many leaves stand under one of the hashes.
    let leaves = 1_u64.checked_shl(id.level.saturating_mul(8)).unwrap_or(u64::MAX);
    let start = id.number.saturating_mul(WIDTH).saturating_mul(leaves);
    let end = start.saturating_add(leaves.saturating_mul(id.width.into()));
    let proof = prove(q, log, size, move |source| proof::subtree(source, start, end, size)).await?;
    proof::verify_subtree(start, end, &tree::root(&hashes), size, root, &proof)
        .map_err(|_| StoreError::corrupt("tile", key, "doesn't stand in the tree of the checkpoint"))?;
    Ok(hashes)
}

/// Whether these leaves, from `start` on, stand in the tree that a checkpoint states (F12).
pub async fn check_leaves(
    q: &impl Query,
    log: LogNumber,
    start: u64,
    leaves: &[&[u8]],
    stated: Checkpoint,
) -> Result<(), StoreError> {
    let mut tree = Tree::new(log, stated);
    let mut rest = leaves;
    for range in tile::ranges(start, start.saturating_add(leaves.len() as u64)) {
        let length = usize::try_from(range.end - range.start).unwrap_or(rest.len()).min(rest.len());
        let (part, after) = rest.split_at(length);
        tree.prove_leaves(q, range.start, part.iter().copied()).await?;
        rest = after;
    }
    Ok(())
}

async fn leaf_hashes(
    q: &impl Query,
    log: LogNumber,
    range: std::ops::Range<u64>,
) -> Result<Vec<Hash>, StoreError> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let leaves = entries::leaves(q, log, range).await?;
    Ok(leaves.iter().map(|leaf| leaf_hash(leaf)).collect())
}

async fn stored(
    q: &impl Query,
    log: LogNumber,
    level: i64,
    number: u64,
    width: u64,
) -> Result<Vec<Hash>, StoreError> {
    let key = format!("{log}/{level}/{number}");
    let row: Option<(Vec<u8>,)> = q
        .row_opt(
            "SELECT hashes FROM tile WHERE log = $1 AND level = $2 AND number = $3",
            args![log, level, number],
        )
        .await?;
    let bytes = row.map(|(bytes,)| bytes).unwrap_or_default();
    let (hashes, _) = bytes.as_chunks::<32>();
    let width = usize::try_from(width).unwrap_or(usize::MAX);
    match hashes.get(..width) {
        Some(hashes) => Ok(hashes.to_vec()),
        None => Err(StoreError::corrupt("tile", key, format!("{} hashes, not {width}", hashes.len()))),
    }
}

/// Whether the stored tiles of a log are what its leaf hashes give; names the first that isn't.
pub async fn check(
    q: &impl Query,
    log: LogNumber,
    leaves: Vec<Hash>,
) -> Result<Result<(), String>, StoreError> {
    let mut hashes = leaves;
    for level in 1.. {
        hashes = hashes.chunks_exact(256).map(tree::root).collect();
        if hashes.is_empty() {
            break;
        }
        for (number, expected) in (0_u64..).zip(hashes.chunks(256)) {
            match stored(q, log, level, number, expected.len() as u64).await {
                Ok(found) if found == expected => {}
                Ok(_) | Err(StoreError::Corrupt { .. }) => {
                    return Ok(Err(format!("tile {level}/{number} is damaged")));
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(Ok(()))
}

/// Forgets the tiles of a log, to write them anew from its entries.
pub async fn clear(tx: &mut Tx, log: LogNumber) -> Result<(), StoreError> {
    tx.execute("DELETE FROM tile WHERE log = $1", args![log]).await?;
    Ok(())
}

/// How many tiles above the leaves are stored for a log.
pub async fn count(q: &impl Query, log: LogNumber) -> Result<u64, StoreError> {
    let (count,): (i64,) = q.row("SELECT count(*) FROM tile WHERE log = $1", args![log]).await?;
    column::count("tile", log, count)
}
