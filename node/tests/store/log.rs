//! Logs, entries, tiles.

use rstest::rstest;
use volbridge_node::store::{
    Db, Query, StoreError, Tx, args,
    entries::{self, EntryRow, State, Verdict},
    logs::{self, LogNumber, LogRow},
    tiles,
};
use volbridge_proto::{
    LogId, PartnerId, RecordId, Timestamp,
    tlog::{
        entry::{Class, Hash, Leaf},
        frontier::Frontier,
        proof,
        tile::{self, TileId},
        tree::{HashSource, MemoryTree},
    },
};

use crate::place::{Place, postgres, sqlite};

const NOW: Timestamp = Timestamp::from_millis(1_000);

pub fn partner(byte: u8) -> PartnerId {
    PartnerId::from([byte; 32])
}

fn leaf(number: u64) -> Leaf {
    let mut id = [1; 32];
    id[24..].copy_from_slice(&number.to_be_bytes());
    Leaf { class: Class::Public, id: RecordId::from(id) }
}

fn entry(log: LogNumber, index: u64) -> EntryRow {
    EntryRow {
        log,
        index,
        leaf: leaf(index).encode().to_vec(),
        state: State::Held,
        verdict: Verdict::Counts,
        body: Some(format!("body {index}").into_bytes()),
    }
}

pub async fn new_log(db: &Db, byte: u8) -> LogRow {
    let mut tx = db.begin().await.unwrap();
    let id = LogId::new(partner(byte), 1);
    let log = logs::insert(&mut tx, id, "bj.example/log/x/1", byte == 0, NOW).await.unwrap();
    tx.commit().await.unwrap();
    log
}

/// Appends `count` entries in the way that ingest does.
async fn append(tx: &mut Tx, log: &mut LogRow, count: u64) {
    let from = log.size;
    let new: Vec<EntryRow> = (from..from + count).map(|index| entry(log.number, index)).collect();
    let hashes: Vec<Hash> = new.iter().map(|entry| entry.parsed().unwrap().hash()).collect();
    hashes.iter().for_each(|hash| log.frontier.push(*hash));
    tiles::append(tx, log.number, from, &hashes).await.unwrap();
    entries::insert(tx, new).await.unwrap();
    assert!(logs::advance(tx, log.number, from, &log.frontier, NOW).await.unwrap());
    *log = logs::load(tx, log.number).await.unwrap();
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn a_log_is_found_by_its_id_and_starts_empty(#[case] place: Place) {
    let db = place.open().await;
    let own = new_log(&db, 0).await;
    let other = new_log(&db, 1).await;
    assert_eq!((own.number, other.number, own.size), (1, 2, 0));
    assert_eq!(logs::find(&db, other.id).await.unwrap(), Some(other.clone()));
    assert_eq!(logs::find(&db, LogId::new(partner(1), 2)).await.unwrap(), None);
    assert_eq!(logs::all(&db).await.unwrap(), [own.clone(), other.clone()]);
    assert_eq!(logs::own(&db).await.unwrap(), [own]);
    assert_eq!(logs::of_partner(&db, partner(1)).await.unwrap(), [other]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t05_size_and_checkpoint_of_a_log_never_fall(#[case] place: Place) {
    let db = place.open().await;
    let mut log = new_log(&db, 1).await;
    let mut tx = db.begin().await.unwrap();
    append(&mut tx, &mut log, 3).await;
    assert!(!logs::advance(&mut tx, log.number, 0, &log.frontier, NOW).await.unwrap());
    assert!(!logs::advance(&mut tx, log.number, 3, &Frontier::new(), NOW).await.unwrap());
    assert!(logs::set_checkpoint(&mut tx, log.number, "note 3", 3, Some(NOW), NOW).await.unwrap());
    assert!(logs::set_checkpoint(&mut tx, log.number, "note 3, cosigned", 3, Some(NOW), NOW).await.unwrap());
    assert!(!logs::set_checkpoint(&mut tx, log.number, "note 2", 2, None, NOW).await.unwrap());
    logs::note_known_size(&mut tx, log.number, 9).await.unwrap();
    logs::note_known_size(&mut tx, log.number, 5).await.unwrap();
    let log = logs::load(&tx, log.number).await.unwrap();
    assert_eq!((log.size, log.known_size, log.signed_at), (3, 9, Some(NOW)));
    assert_eq!(log.checkpoint, "note 3, cosigned");
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn f15_a_signer_whose_clock_was_put_right_is_believed_again(#[case] place: Place) {
    let db = place.open().await;
    let mut log = new_log(&db, 1).await;
    let mut tx = db.begin().await.unwrap();
    append(&mut tx, &mut log, 4).await;
    let year = NOW.plus(365 * 24 * 60 * 60 * 1000);
    let mut signed_at = async |size: u64, at: Option<Timestamp>| {
        logs::set_checkpoint(&mut tx, log.number, "note", size, at, NOW).await.unwrap();
        logs::load(&tx, log.number).await.unwrap().signed_at
    };
    assert_eq!(signed_at(1, Some(NOW)).await, Some(NOW));
    assert_eq!(signed_at(2, Some(year)).await, Some(year));
    // The same size again, with another's line: the newest of its times.
    assert_eq!(signed_at(2, Some(NOW)).await, Some(year));
    assert_eq!(signed_at(3, None).await, Some(year), "without a line of its own");
    assert_eq!(signed_at(4, Some(NOW.plus(1))).await, Some(NOW.plus(1)));
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn evidence_freezes_a_log_and_stays(#[case] place: Place) {
    let db = place.open().await;
    let log = new_log(&db, 1).await.number;
    let mut tx = db.begin().await.unwrap();
    logs::freeze(&mut tx, log, b"two heads", NOW).await.unwrap();
    logs::add_group_end(&mut tx, log, 8, "note 8").await.unwrap();
    logs::add_group_end(&mut tx, log, 8, "note 8").await.unwrap();
    tx.commit().await.unwrap();
    assert!(logs::load(&db, log).await.unwrap().frozen);
    assert_eq!(logs::evidence(&db, log).await.unwrap(), [(NOW, b"two heads".to_vec())]);
    assert_eq!(logs::group_ends(&db, log, 7).await.unwrap(), [(8, "note 8".to_owned())]);
    assert_eq!(logs::group_ends(&db, log, 8).await.unwrap(), []);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn f12_a_damaged_log_row_is_named_and_not_used(#[case] place: Place) {
    let db = place.open().await;
    let log = new_log(&db, 1).await.number;
    let mut tx = db.begin().await.unwrap();
    tx.execute("UPDATE log SET size = 7 WHERE number = $1", args![log]).await.unwrap();
    let error = logs::load(&tx, log).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { table: "log", .. }), "{error}");
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn entries_are_found_by_place_and_by_id_in_every_log(#[case] place: Place) {
    let db = place.open().await;
    let (mut one, mut two) = (new_log(&db, 1).await, new_log(&db, 2).await);
    let mut tx = db.begin().await.unwrap();
    append(&mut tx, &mut one, 5).await;
    append(&mut tx, &mut two, 3).await;
    let (a, b) = (one.number, two.number);
    assert_eq!(entries::range(&tx, a, 1..3).await.unwrap(), [entry(a, 1), entry(a, 2)]);
    assert_eq!(entries::at(&tx, a, 5).await.unwrap(), None);
    assert_eq!(entries::at(&tx, a, u64::MAX).await.unwrap(), None);
    // All of these ids share their first 8 bytes.
    assert_eq!(entries::find(&tx, leaf(2).id).await.unwrap(), [entry(a, 2), entry(b, 2)]);
    assert_eq!(entries::find_in(&tx, b, leaf(4).id).await.unwrap(), None);
    let places = entries::at_places(&tx, &[(a, 4), (b, 0), (b, 77)]).await.unwrap();
    assert_eq!(places.len(), 2);
    assert!(entries::leaves(&tx, a, 3..6).await.is_err());
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn absent_entries_are_ranges_until_filled_and_erased_ones_are_never_filled(#[case] place: Place) {
    let db = place.open().await;
    let log = new_log(&db, 1).await.number;
    let mut tx = db.begin().await.unwrap();
    let mut rows: Vec<EntryRow> = (0..8).map(|index| entry(log, index)).collect();
    for index in [1, 2, 3, 6] {
        rows[index].state = State::Absent;
        rows[index].body = None;
    }
    rows[7].verdict = Verdict::NotContentValid;
    entries::insert(&mut tx, rows).await.unwrap();
    assert_eq!(entries::in_states(&tx, log, &[State::Absent], 0, 9).await.unwrap(), [1..4, 6..7]);
    assert_eq!(
        entries::in_states(&tx, log, &[State::Absent], 2, 1).await.unwrap(),
        std::slice::from_ref(&(2..3))
    );

    assert!(entries::fill(&mut tx, log, 2, b"late".to_vec(), Verdict::Counts).await.unwrap());
    assert!(!entries::fill(&mut tx, log, 2, b"again".to_vec(), Verdict::Counts).await.unwrap());
    entries::erase(&mut tx, log, 0, State::Erased).await.unwrap();
    entries::erase(&mut tx, log, 1, State::ErasedWithSource).await.unwrap();
    assert!(!entries::fill(&mut tx, log, 0, b"back".to_vec(), Verdict::Counts).await.unwrap());
    assert_eq!(entries::at(&tx, log, 0).await.unwrap().unwrap().body, None);
    assert_eq!(entries::at(&tx, log, 2).await.unwrap().unwrap().body, Some(b"late".to_vec()));
    assert_eq!(
        entries::counts(&tx, log).await.unwrap(),
        [(State::Absent, 2), (State::Erased, 1), (State::ErasedWithSource, 1)]
    );
    let unused = entries::without_effect(&tx, log, 0, 9).await.unwrap();
    assert_eq!(unused.iter().map(|e| e.index).collect::<Vec<_>>(), [7]);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn tiles_grow_with_the_log_and_give_the_same_tree(#[case] place: Place) {
    let db = place.open().await;
    let mut log = new_log(&db, 1).await;
    let mut tree = MemoryTree::new();
    let mut tx = db.begin().await.unwrap();
    for count in [1, 254, 1, 1, 600, 39, 1_000] {
        let from = log.size;
        append(&mut tx, &mut log, count).await;
        (from..log.size).for_each(|index| tree.push(leaf(index).hash()));
        assert_eq!(log.frontier.root(), tree.root());
        assert_same(&tx, log.number, &tree).await;
    }
    let size = log.size;
    let plan = proof::plan(size, |source| proof::consistency(source, 700, size));
    let loaded = tiles::load(&tx, log.number, &plan).await.unwrap();
    assert_eq!(proof::consistency(&loaded, 700, size), proof::consistency(&tree, 700, size));
    assert_eq!(tiles::count(&tx, log.number).await.unwrap(), 1);
}

async fn assert_same(q: &impl Query, log: LogNumber, tree: &MemoryTree) {
    for id in tile::changed(0, tree.size()) {
        let start = id.number * 256;
        let expected: Vec<Hash> = (start..start + u64::from(id.width))
            .map(|index| tree.hash(id.level * 8, index).unwrap())
            .collect();
        assert_eq!(tiles::hashes(q, log, id).await.unwrap(), expected, "{id:?}");
    }
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn tiles_reach_the_second_level_and_missing_ones_are_damage(#[case] place: Place) {
    let db = place.open().await;
    let log = new_log(&db, 1).await.number;
    let mut tx = db.begin().await.unwrap();
    // Level 1 gets one hash for each 256 leaves; 66,000 leaves complete its first tile.
    let leaves: Vec<Hash> = (0..66_000).map(|index| leaf(index).hash()).collect();
    let tree = MemoryTree::from_leaf_hashes(&leaves);
    tiles::append(&mut tx, log, 0, &leaves[..65_536]).await.unwrap();
    tiles::append(&mut tx, log, 65_536, &leaves[65_536..]).await.unwrap();
    for id in tile::changed(0, tree.size()).into_iter().filter(|id| id.level > 0) {
        let hashes = tiles::hashes(&tx, log, id).await.unwrap();
        assert_eq!(hashes[0], tree.hash(id.level * 8, id.number * 256).unwrap(), "{id:?}");
        assert_eq!(hashes.len(), id.width as usize);
    }
    let missing = TileId { level: 1, number: 2, width: 3 };
    assert!(matches!(tiles::hashes(&tx, log, missing).await, Err(StoreError::Corrupt { table: "tile", .. })));
    tiles::clear(&mut tx, log).await.unwrap();
    assert_eq!(tiles::count(&tx, log).await.unwrap(), 0);
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t37_an_erased_body_is_gone_from_the_disk(#[case] place: Place) {
    let db = place.open().await;
    let log = new_log(&db, 1).await.number;
    let mut tx = db.begin().await.unwrap();
    let canary = "canary-7c1f".repeat(900);
    let mut row = entry(log, 0);
    row.body = Some(canary.clone().into_bytes());
    entries::insert(&mut tx, vec![row]).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    entries::erase(&mut tx, log, 0, State::Erased).await.unwrap();
    tx.commit().await.unwrap();
    db.erase_hard().await.unwrap();
    let Place::Sqlite(folder) = &place else { return };
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(11).any(|window| window == b"canary-7c1f"));
    }
}
