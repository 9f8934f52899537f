//! Who may read what is sealed, over every way out of a node: three partners of which one carries for the others, one
//! that follows all of them and is nobody's recipient, and whoever calls (threats.md T30, T39).
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use rstest::rstest;
use volbridge_node::{
    store::{Query as _, args, entries},
    tls::TlsIdentity,
};
use volbridge_proto::{
    tlog::entry::{Class, Leaf},
    wire::{
        exchange::v1 as exchange,
        node::v1::{EntriesRequest, LogRequest, Record as Shown, RecordState, logs_client::LogsClient},
    },
};
use volbridge_tests::{
    Database, Partner, Record,
    outlets::{self, Caller, Hints, Seen},
    partner::PATIENCE,
    portal::Portal,
    sealed::{PERSON, WORDS},
    stranger::{Stranger, connect},
    trace,
};

/// BVF — UNV — AVI, and EVE, whom all three admit.
struct Net {
    bvf: Partner,
    unv: Partner,
    avi: Partner,
    eve: Partner,
}

impl Net {
    async fn start(database: Database) -> Self {
        let unv = Partner::start("UNV", database).await;
        let carriers = format!("[\"{}\"]", unv.id);
        let bvf = Partner::start_with("BVF", database, &[("exchange.carriers", &carriers)]).await;
        let avi = Partner::start_with("AVI", database, &[("exchange.carriers", &carriers)]).await;
        let eve = Partner::start("EVE", database).await;
        let net = Self { bvf, unv, avi, eve };
        for one in net.all() {
            for other in net.all() {
                let apart =
                    [&one.name, &other.name].iter().all(|name| ["BVF", "AVI"].contains(&name.as_str()));
                if one.id != other.id {
                    one.admit(other, if apart { Some("") } else { None }).await;
                }
            }
        }
        net.bvf.agree(&net.avi).await;
        net.avi.agree(&net.bvf).await;
        net.settled().await;
        net
    }

    fn all(&self) -> [&Partner; 4] {
        [&self.bvf, &self.unv, &self.avi, &self.eve]
    }

    async fn settled(&self) {
        for one in self.all() {
            for other in self.all() {
                if one.id != other.id {
                    one.follows(other).await;
                }
            }
        }
    }

    /// What is about the sealed records, and what everybody may see beside them.
    fn hints(&self, records: &[Record]) -> Hints {
        Hints {
            records: records.iter().map(|record| record.hash.clone()).collect(),
            subjects: records.iter().map(|record| record.subject.clone()).collect(),
            // Parts of the canaries: who searches for a word is shown the word.
            words: vec![WORDS[..8].to_owned(), PERSON[..8].to_owned()],
            ..Hints::default()
        }
    }
}

/// The stored body of a BVF record at a node.
async fn held(node: &Partner, author: &Partner, index: u64) -> (entries::State, Option<Vec<u8>>) {
    let number = node.node().context().heads.newest(&author.id).unwrap().number;
    let row = entries::at(&node.node().context().db, number, index).await.unwrap().unwrap();
    (row.state, row.body)
}

/// Waits until a node reads a record: through a relay that doesn't carry for it only the leaf came.
async fn arrives(node: &Partner, record: &Record) {
    let read = async {
        let mut changes = node.node().context().changes.subscribe();
        while node.record(&record.hash).await.state() == RecordState::NotForUs {
            tokio::select! {
                changed = changes.changed() => changed.unwrap(),
                // Not every kind has a view: look again.
                () = tokio::task::yield_now() => {}
            }
        }
    };
    assert!(tokio::time::timeout(PATIENCE, read).await.is_ok(), "entry {} didn't come", record.index);
}

/// Sixty-four bytes out of the middle: in no other record.
fn piece(body: &[u8]) -> &[u8] {
    &body[body.len() / 2..body.len() / 2 + 64]
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn t30_t39_what_is_sealed_comes_out_for_its_author_and_recipient_alone(#[case] database: Database) {
    trace::capture();
    let mut net = Net::start(database).await;
    let organisation = net.bvf.organisation().await;
    net.bvf.listing("Open to all", &organisation).await;

    // AVI is away: UNV holds what it is to get, as ciphertext.
    net.avi.stop().await;
    let sealed = net.bvf.seal_all(&net.avi).await;
    let last = net.bvf.listing("Open to all, too", &organisation).await;
    net.unv.follows(&net.bvf).await;
    net.eve.follows(&net.bvf).await;
    let mut bodies = Vec::new();
    for record in &sealed {
        let body = net.bvf.record(&record.hash).await.body;
        assert!(held(&net.unv, &net.bvf, record.index).await == (entries::State::Held, Some(body.clone())));
        bodies.push(body);
    }
    // The carrier gives it to who has AVI's key, and to nobody else.
    let tls = TlsIdentity::load_or_generate(&net.avi.folder().join("keys")).unwrap();
    let mut recipient = Stranger { client: connect(&net.unv, tls).await, ..Stranger::at(&net.unv).await };
    let log = exchange::Log { partner: net.bvf.id.to_vec(), epoch: 1 };
    let size = net.bvf.node().context().own_size().unwrap();
    let fetched = recipient.bodies(&log, size).await.unwrap();
    for (record, body) in sealed.iter().zip(&bodies) {
        assert!(fetched.iter().any(|found| found.index == record.index && found.body == *body));
    }
    let carried: Vec<Seen> = vec![outlets::of_api(&net.unv, Caller::Staff, &net.hints(&sealed)).await];
    net.avi.restart().await;
    net.settled().await;
    for record in &sealed {
        arrives(&net.avi, record).await;
    }

    // It reads all of it, and shows it to its staff.
    for (record, body) in sealed.iter().zip(&bodies) {
        let shown = net.avi.record(&record.hash).await;
        assert_eq!(shown.state(), RecordState::Live, "entry {}", record.index);
        assert!(shown.body == *body, "{}", shown.kind);
    }
    let hints = net.hints(&sealed);
    for reader in [&net.bvf, &net.avi] {
        let staff = outlets::of_api(reader, Caller::Staff, &hints).await;
        assert!(!staff.holding(PERSON.as_bytes()).is_empty(), "{}", reader.name);
        assert!(
            staff.holding(WORDS.as_bytes()).len() >= 5,
            "{}: {:?}",
            reader.name,
            staff.holding(WORDS.as_bytes())
        );
    }

    let everybody: Vec<Vec<u8>> = net.all().iter().map(|partner| partner.id.to_vec()).collect();
    let mut closed = carried;
    let mut bytes_too = Vec::new();
    for node in net.all() {
        let portal = Portal::start(node).await;
        bytes_too.push(outlets::of_portal(&portal, node, &hints).await);
        bytes_too.push(outlets::of_api(node, Caller::Anybody, &hints).await);
        bytes_too.push(outlets::of_api(node, Caller::Impostor, &hints).await);
        bytes_too.push(Stranger::at(node).await.everything(node, &everybody, &blobs(&net).await).await);
    }
    closed.push(outlets::of_api(&net.unv, Caller::Staff, &hints).await);
    bytes_too.push(outlets::of_api(&net.eve, Caller::Staff, &hints).await);
    assert!(bytes_too.iter().map(Seen::len).sum::<usize>() > 1_000);
    for seen in closed.iter().chain(&bytes_too) {
        for canary in [PERSON, WORDS] {
            assert_eq!(seen.holding(canary.as_bytes()), Vec::<&str>::new(), "{canary}");
        }
    }
    for (record, body) in sealed.iter().zip(&bodies) {
        for seen in &bytes_too {
            assert_eq!(seen.holding(piece(body)), Vec::<&str>::new(), "entry {}", record.index);
        }
    }
    one_leaf_each(&net.eve, &net.bvf, &sealed).await;
    assert!(net.eve.verifies(&net.bvf).await && net.unv.verifies(&net.bvf).await);
    assert_eq!(net.eve.record(&last.hash).await.state(), RecordState::Live);
    nothing_on_disk(&net, database, &bodies).await;
    nothing_in_logs(&net);
}

/// Hashes of the files that sealed materials name.
async fn blobs(net: &Net) -> Vec<Vec<u8>> {
    let db = &net.bvf.node().context().db;
    let rows: Vec<(Vec<u8>,)> = db.rows("SELECT hash FROM blob", args![]).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.into_iter().map(|(hash,)| hash).collect()
}

/// Of each sealed record somebody else sees its leaf, where it stands, and nothing more.
async fn one_leaf_each(viewer: &Partner, author: &Partner, sealed: &[Record]) {
    let log = Some(LogRequest { partner: author.id.to_vec(), epoch: 1 });
    let mut logs = LogsClient::new(viewer.channel());
    for staff in [false, true] {
        let request = EntriesRequest { log: log.clone(), start: 0, limit: 100 };
        let request = if staff { viewer.staff(request) } else { tonic::Request::new(request) };
        let answer = logs.entries(request).await.unwrap().into_inner();
        assert_eq!(answer.size, author.node().context().own_size().unwrap());
        for record in sealed {
            let found: Vec<&Shown> = answer
                .entries
                .iter()
                .filter(|shown| shown.provenance.as_ref().is_some_and(|place| place.hash == record.hash))
                .collect();
            let [shown] = found.as_slice() else { unreachable!("{} leaves", found.len()) };
            let place = shown.provenance.clone().unwrap();
            assert_eq!((place.revision, place.issued_at), (0, 0));
            let bare = Shown {
                provenance: shown.provenance.clone(),
                state: RecordState::NotForUs.into(),
                class: 2,
                ..Shown::default()
            };
            assert_eq!(**shown, bare);
        }
    }
    for record in sealed {
        let (state, body) = held(viewer, author, record.index).await;
        assert_eq!((state, body), (entries::State::NotForUs, None));
        let number = viewer.node().context().heads.newest(&author.id).unwrap().number;
        let row = entries::at(&viewer.node().context().db, number, record.index).await.unwrap().unwrap();
        assert_eq!(Leaf::parse(&row.leaf).unwrap().class, Class::Named);
    }
}

const TABLES: &[&str] = &[
    "SELECT CAST(t AS TEXT) FROM entry t",
    "SELECT CAST(t AS TEXT) FROM change t",
    "SELECT CAST(t AS TEXT) FROM refusal t",
    "SELECT CAST(t AS TEXT) FROM access t",
    "SELECT CAST(t AS TEXT) FROM revision t",
    "SELECT CAST(t AS TEXT) FROM received t",
    "SELECT CAST(t AS TEXT) FROM recipient t",
    "SELECT CAST(t AS TEXT) FROM blob t",
    "SELECT CAST(t AS TEXT) FROM listing t",
    "SELECT CAST(t AS TEXT) FROM translation t",
    "SELECT CAST(t AS TEXT) FROM conference t",
    "SELECT CAST(t AS TEXT) FROM material t",
    "SELECT CAST(t AS TEXT) FROM organisation t",
    "SELECT CAST(t AS TEXT) FROM profile t",
    "SELECT CAST(t AS TEXT) FROM consent t",
    "SELECT CAST(t AS TEXT) FROM partner t",
    "SELECT CAST(t AS TEXT) FROM idempotency t",
];

/// Whether a node's tables or files hold these bytes.
async fn stored(node: &Partner, database: Database, needle: &[u8]) -> bool {
    if !outlets::files_with(node.folder(), needle).is_empty() {
        return true;
    }
    if database == Database::Sqlite {
        return false;
    }
    let needles = outlets::spellings(needle);
    for select in TABLES {
        let rows: Vec<(String,)> = node.node().context().db.rows(select, args![]).await.unwrap();
        let holds = |row: &str| needles.iter().any(|needle| outlets::contains(row.as_bytes(), needle));
        if rows.iter().any(|(row,)| holds(row)) {
            return true;
        }
    }
    false
}

/// A person's data is in clear nowhere, not even where it may be read; other sealed words only there.
async fn nothing_on_disk(net: &Net, database: Database, bodies: &[Vec<u8>]) {
    for node in net.all() {
        assert!(!stored(node, database, PERSON.as_bytes()).await, "{}", node.name);
    }
    for node in [&net.unv, &net.eve] {
        assert!(!stored(node, database, WORDS.as_bytes()).await, "{}", node.name);
    }
    for body in bodies {
        assert!(stored(&net.avi, database, piece(body)).await);
        assert!(!stored(&net.eve, database, piece(body)).await);
    }
}

/// T39: no personal data, no token, no key in any line, whatever the level.
fn nothing_in_logs(net: &Net) {
    for canary in [PERSON, WORDS] {
        assert_eq!(trace::lines_with(canary.as_bytes()), Vec::<String>::new());
    }
    for node in net.all() {
        for entry in fs::read_dir(node.folder().join("keys")).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read(&path).unwrap();
            let lines = text.split(|byte| *byte == b'\n').filter(|line| line.len() >= 32 && line[0] != b'-');
            let mut secrets: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
            assert!(!secrets.is_empty(), "{}", path.display());
            let raw = unhex(&secrets[0]).unwrap_or_default();
            secrets.extend(raw.chunks(32).map(<[u8]>::to_vec));
            for secret in secrets {
                assert_eq!(trace::lines_with(&secret), Vec::<String>::new(), "{}", path.display());
            }
        }
    }
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() % 2 == 0)?;
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
