//! Tiles: the hashes of a tree in files of at most 256, and bundles of entries.
//! [C2SP tlog-tiles](https://c2sp.org/tlog-tiles). Paths: `tile/0/x001/234`,
//! `tile/1/000.p/5`, `tile/entries/x001/234`. Tile `number` of tile level `level`
//! holds the hashes of perfect subtrees of 256^level leaves each.

use std::collections::BTreeMap;

use crate::{
    error::{Code, Refusal},
    tlog::{
        entry::Hash,
        tree::{HashSource, subtree_hash},
    },
};

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u64 = 256;

/// The highest tile level that a tree of 2^64 leaves can have.
const MAX_LEVEL: u32 = 7;

/// Which tile, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// From 0 for leaf hashes; each is 8 levels of the tree.
    pub level: u32,
    /// Position within the level.
    pub number: u64,
    /// Hashes that it holds: 1 to 256.
    pub width: u32,
}

impl TileId {
    /// The tile as a tree of `size` has it: full, partial, or none.
    pub fn in_tree(level: u32, number: u64, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(level.checked_mul(8)?).unwrap_or(0);
        let start = number.checked_mul(WIDTH)?;
        let width = hashes.checked_sub(start)?.min(WIDTH);
        (width > 0).then_some(Self { level, number, width: u32::try_from(width).ok()? })
    }

    /// The path below a log's prefix.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, number_path(self.number, self.width))
    }

    /// The tile that a path names; strict: prints back the same.
    pub fn parse_path(path: &str) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Code::TileMalformed).at("path");
        let rest = path.strip_prefix("tile/").ok_or_else(malformed)?;
        let (level, rest) = rest.split_once('/').ok_or_else(malformed)?;
        let level = level.parse().ok().filter(|level| *level < 64).ok_or_else(malformed)?;
        let (number, width) = parse_number_path(rest).ok_or_else(malformed)?;
        let tile = Self { level, number, width };
        if tile.path() == path { Ok(tile) } else { Err(malformed()) }
    }
}

/// The path of an entry bundle below a log's prefix.
pub fn entries_path(number: u64, width: u32) -> String {
    format!("tile/entries/{}", number_path(number, width))
}

/// The bundle that a path names: number and width; strict.
pub fn parse_entries_path(path: &str) -> Result<(u64, u32), Refusal> {
    let bundle = path.strip_prefix("tile/entries/").and_then(parse_number_path);
    bundle
        .filter(|(number, width)| entries_path(*number, *width) == path)
        .ok_or_else(|| Refusal::new(Code::TileMalformed).at("path"))
}

fn number_path(mut number: u64, width: u32) -> String {
    let mut path = format!("{:03}", number % 1000);
    while number >= 1000 {
        number /= 1000;
        path = format!("x{:03}/{path}", number % 1000);
    }
    if u64::from(width) < WIDTH { format!("{path}.p/{width}") } else { path }
}

fn parse_number_path(path: &str) -> Option<(u64, u32)> {
    let (path, width) = match path.split_once(".p/") {
        Some((path, width)) => (path, width.parse().ok().filter(|width| (1..256).contains(width))?),
        None => (path, 256),
    };
    let mut number = 0_u64;
    for part in path.split('/') {
        let digits = part.strip_prefix('x').unwrap_or(part);
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some((number, width))
}

/// The tile that holds what the hash at (tree level, index) is made of, as a tree of `size` has it.
pub(crate) fn tiles_of(level: u32, index: u64, size: u64) -> Option<TileId> {
    let (tile, inner) = position(level, index)?;
    TileId::in_tree(tile, inner / WIDTH, size)
}

/// Tile level, and the index there of the first hash below (tree level, index).
fn position(level: u32, index: u64) -> Option<(u32, u64)> {
    // A perfect subtree of 256 hashes is one hash of the level above.
    let tile = level / 8;
    (tile <= MAX_LEVEL).then_some(())?;
    Some((tile, index.checked_mul(1 << (level % 8))?))
}

/// All tiles of a tree of `size` that a tree of size `from` has not or has narrower.
pub fn changed(from: u64, size: u64) -> Vec<TileId> {
    let mut tiles = Vec::new();
    for level in 0..=MAX_LEVEL {
        let (old, new) = (from >> (8 * level), size >> (8 * level));
        if old < new {
            let numbers = old / WIDTH..=(new - 1) / WIDTH;
            tiles.extend(numbers.filter_map(|number| TileId::in_tree(level, number, size)));
        }
    }
    tiles
}

/// Cuts `[from, to)` at multiples of 256, as C2SP tlog-mirror does with `add-entries`.
pub fn ranges(from: u64, to: u64) -> impl Iterator<Item = std::ops::Range<u64>> {
    let mut start = from;
    std::iter::from_fn(move || {
        let end = (start / WIDTH).saturating_add(1).saturating_mul(WIDTH).min(to);
        let range = start..end;
        start = end;
        (range.start < range.end).then_some(range)
    })
}

/// The hashes of a tile as its file has them.
pub fn encode(hashes: &[Hash]) -> Vec<u8> {
    hashes.concat()
}

/// The hashes of a tile's file: exactly as many as its id says.
pub fn decode(tile: TileId, bytes: &[u8]) -> Result<Vec<Hash>, Refusal> {
    let (hashes, spare) = bytes.as_chunks::<32>();
    if spare.is_empty() && hashes.len() as u64 == u64::from(tile.width) && u64::from(tile.width) <= WIDTH {
        Ok(hashes.to_vec())
    } else {
        Err(Refusal::new(Code::TileMalformed).at(tile.path()))
    }
}

/// A bundle of entries: each behind its length in two bytes. `None` if one is longer than that.
pub fn encode_entries<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut bundle = Vec::new();
    for entry in entries {
        bundle.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
        bundle.extend(entry);
    }
    Some(bundle)
}

/// The entries of a bundle: exactly `width`.
pub fn decode_entries(bundle: &[u8], width: u32) -> Result<Vec<Vec<u8>>, Refusal> {
    let malformed = || Refusal::new(Code::TileMalformed).at("entries");
    let mut rest = bundle;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>().ok_or_else(malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or_else(malformed)?;
        entries.push(entry.to_vec());
        rest = after;
        if entries.len() as u64 > WIDTH {
            return Err(malformed());
        }
    }
    if entries.len() as u64 == u64::from(width) { Ok(entries) } else { Err(malformed()) }
}

/// Tiles that were loaded, as a source of hashes.
#[derive(Clone, Debug, Default)]
pub struct Tiles {
    tiles: BTreeMap<(u32, u64), Vec<Hash>>,
}

impl Tiles {
    /// No tiles yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tile's hashes; a wider one replaces a narrower one.
    pub fn insert(&mut self, level: u32, number: u64, hashes: Vec<Hash>) {
        let held = self.tiles.entry((level, number)).or_default();
        if hashes.len() > held.len() {
            *held = hashes;
        }
    }

    fn tile_hash(&self, tile: u32, index: u64) -> Option<Hash> {
        let hashes = self.tiles.get(&(tile, index / WIDTH))?;
        hashes.get(usize::try_from(index % WIDTH).ok()?).copied()
    }
}

impl HashSource for Tiles {
    fn hash(&self, level: u32, index: u64) -> Option<Hash> {
        let (tile, first) = position(level, index)?;
        let inside = Inside { tiles: self, tile };
        subtree_hash(&inside, first, first.checked_add(1 << (level % 8))?)
    }
}

/// The at most 8 tree levels within the tiles of one level.
struct Inside<'a> {
    tiles: &'a Tiles,
    tile: u32,
}

impl HashSource for Inside<'_> {
    fn hash(&self, level: u32, index: u64) -> Option<Hash> {
        if level == 0 {
            return self.tiles.tile_hash(self.tile, index);
        }
        let left = self.hash(level - 1, index.checked_mul(2)?)?;
        let right = self.hash(level - 1, index.checked_mul(2)?.checked_add(1)?)?;
        Some(super::entry::node_hash(&left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::{
        entry::leaf_hash,
        proof,
        tree::{MemoryTree, root},
    };

    fn hashes(count: u32) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
    }

    /// Every tile of the tree, cut out of its levels.
    fn tiles(tree: &MemoryTree) -> Tiles {
        let mut tiles = Tiles::new();
        for id in changed(0, tree.size()) {
            let start = id.number * WIDTH;
            let row =
                (start..start + u64::from(id.width)).map(|index| tree.hash(id.level * 8, index).unwrap());
            tiles.insert(id.level, id.number, row.collect());
        }
        tiles
    }

    #[test]
    fn the_tree_of_the_specification_has_its_tiles() {
        let tiles = changed(0, 70_000);
        let full = |level| tiles.iter().filter(|tile| tile.level == level && tile.width == 256).count();
        let partial = |level| tiles.iter().find(|tile| tile.level == level && tile.width < 256);
        assert_eq!((full(0), partial(0).unwrap().width), (273, 112));
        assert_eq!((full(1), partial(1).unwrap().width), (1, 17));
        assert_eq!((full(2), partial(2).unwrap().width), (0, 1));
        assert_eq!(changed(0, 256).last(), Some(&TileId { level: 1, number: 0, width: 1 }));
    }

    #[test]
    fn appending_changes_only_the_tiles_at_the_edge() {
        assert_eq!(changed(300, 301), [TileId { level: 0, number: 1, width: 45 }]);
        assert_eq!(
            changed(511, 513),
            [
                TileId { level: 0, number: 1, width: 256 },
                TileId { level: 0, number: 2, width: 1 },
                TileId { level: 1, number: 0, width: 2 },
            ]
        );
        assert_eq!(changed(7, 7), []);
    }

    #[test]
    fn ranges_are_cut_at_multiples_of_256() {
        assert_eq!(ranges(300, 800).collect::<Vec<_>>(), [300..512, 512..768, 768..800]);
        assert_eq!(ranges(256, 512).next(), Some(256..512));
        assert_eq!(ranges(7, 7).count() + ranges(8, 7).count(), 0);
        assert_eq!(ranges(u64::MAX - 1, u64::MAX).count(), 1);
    }

    #[test]
    fn paths_print_back_the_same() {
        for (path, tile) in [
            ("tile/0/x001/x234/067", TileId { level: 0, number: 1_234_067, width: 256 }),
            ("tile/1/000.p/5", TileId { level: 1, number: 0, width: 5 }),
            ("tile/0/x001/000", TileId { level: 0, number: 1000, width: 256 }),
        ] {
            assert_eq!(TileId::parse_path(path), Ok(tile));
            assert_eq!(tile.path(), path);
        }
        for path in [
            "tile/0/1",
            "tile/00/001",
            "tile/0/x000/001",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/05",
            "tile/64/001",
            "tile/0/x001",
            "tile/0/001/002",
            "tile/0/",
            "tile/0/+01",
            "tile/-1/001",
            "/tile/0/001",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/entries/001",
        ] {
            assert!(TileId::parse_path(path).is_err(), "{path}");
        }
        assert_eq!(parse_entries_path("tile/entries/x001/234.p/7"), Ok((1234, 7)));
        assert!(parse_entries_path("tile/entries/x001/x234").is_err());
    }

    #[test]
    fn tiles_give_the_same_hashes_as_the_tree() {
        let tree = MemoryTree::from_leaf_hashes(&hashes(1500));
        let tiles = tiles(&tree);
        for level in 0..12 {
            for index in 0..=1500 >> level {
                assert_eq!(tiles.hash(level, index), tree.hash(level, index), "{level} {index}");
            }
        }
    }

    #[test]
    fn a_plan_names_all_that_a_proof_needs_and_only_tiles_that_exist() {
        let all = hashes(70_000);
        let tree = MemoryTree::from_leaf_hashes(&all);
        let whole = tiles(&tree);
        for (index, size) in [(0, 70_000), (69_999, 70_000), (300, 513), (65_535, 65_537), (0, 1)] {
            let mut some = Tiles::new();
            for id in proof::plan(size, |source| proof::inclusion(source, index, size)) {
                let hashes = whole.tiles[&(id.level, id.number)][..id.width as usize].to_vec();
                some.insert(id.level, id.number, hashes);
            }
            let proof = proof::inclusion(&some, index, size).unwrap();
            let root = root(&all[..size as usize]);
            proof::verify_inclusion(&all[index as usize], index, size, &proof, &root).unwrap();
        }
    }

    #[test]
    fn a_proof_over_missing_tiles_names_what_is_missing() {
        let refusal = proof::inclusion(&Tiles::new(), 3, 9).unwrap_err();
        assert_eq!(refusal.code, Code::TileMissing);
    }

    #[test]
    fn bundles_hold_entries_of_any_length_up_to_two_bytes() {
        let entries: Vec<Vec<u8>> = vec![vec![], vec![1; 34], vec![2; 65_535]];
        let bundle = encode_entries(entries.iter().map(Vec::as_slice)).unwrap();
        assert_eq!(decode_entries(&bundle, 3), Ok(entries));
        assert!(decode_entries(&bundle, 2).is_err());
        assert!(decode_entries(&bundle[..bundle.len() - 1], 3).is_err());
        assert!(encode_entries([[0; 65_536].as_slice()]).is_none());
        assert!(decode_entries(&[0; 2 * 257], 257).is_err());
    }

    #[test]
    fn a_tile_file_has_exactly_its_hashes() {
        let id = TileId { level: 0, number: 0, width: 3 };
        assert_eq!(decode(id, &encode(&hashes(3))), Ok(hashes(3)));
        assert!(decode(id, &encode(&hashes(4))).is_err());
        assert!(decode(id, &[0; 95]).is_err());
    }
}
