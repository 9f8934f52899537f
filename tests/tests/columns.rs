//! A bit flips in each column of each table, as the database's own catalogue names them: what a node then answers is what
//! it answered before, nothing, or an error; `fsck` names what isn't so and puts it right (threats.md F12).
//! Portal and REST API draw on these calls alone.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, stream};
use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, ReflectMessage as _, Value};
use rstest::rstest;
use volbridge_node::store::{Query as _, StoreError, Value as Stored, args};
use volbridge_proto::wire::node::v1::{FsckRequest, FsckResponse, maintenance_client::MaintenanceClient};
use volbridge_tests::{
    Database, Partner, Record,
    methods::{self, Method},
    partner::PATIENCE,
    tables::{self, Column, sql},
};

/// How long a proof is waited for.
const WITNESSES: Duration = Duration::from_millis(200);

/// How often what is said may change before it is settled.
const ROUNDS: usize = 20;

static PANICS: AtomicU32 = AtomicU32::new(0);

/// What a damaged table that isn't a view may change in an answer until `fsck` has found it, or partners are told apart
/// again: where a record is said to stand and how far it is witnessed, never what it says. Named in docs/defences.md.
const KNOWN: &[(&str, &[&str])] = &[
    ("entry", &["Logs.Policy", "Provenance.", "Record.state", "Records.Proof"]),
    (
        "log",
        &["Logs.Policy", "PartnerView.log", "Provenance.", "Record.refused", "Record.state", "Records.Proof"],
    ),
    ("partner", &["Logs.Policy", "Records.Proof"]),
    ("peer", &["PartnerName.", "PartnerView.endpoints", "PartnerView.exchange"]),
    ("revision", &["Record.state"]),
    ("signed_size", &["Provenance.logged_at", "Records.Proof"]),
];

/// A call that only reads, with its message, by staff or by anybody.
struct Call {
    method: Method,
    message: Vec<u8>,
    staff: bool,
}

impl Call {
    /// The answer, if it is one.
    async fn answer(&self, node: &Partner) -> Option<Vec<u8>> {
        let token = node.staff(()).metadata().get("authorization").cloned().filter(|_| self.staff);
        let call = self.method.call(node.channel(), token, self.message.clone());
        // A proof waits some seconds for witnesses, who are gone.
        let patience = if self.method.name == "Records.Proof" { WITNESSES } else { PATIENCE };
        tokio::time::timeout(patience, call).await.ok()?.ok().flatten()
    }
}

/// For each record, partner or call: what is said of it, field by field.
type Claims = BTreeMap<(String, String), BTreeSet<String>>;

/// UNV, which follows BVF, with something of each kind, open and sealed, live, revised, translated and withdrawn.
async fn pair(database: Database) -> (Partner, Partner, Vec<Record>) {
    let (bvf, unv) = (Partner::start("BVF", database).await, Partner::start("UNV", database).await);
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    unv.follows(&bvf).await;
    bvf.follows(&unv).await;
    let mut records = vec![bvf.agree(&unv).await, unv.agree(&bvf).await];
    bvf.follows(&unv).await;
    let organisation = bvf.organisation().await;
    let listing = bvf.listing("Open", &organisation).await;
    let withdrawn = bvf.listing("Withdrawn", &organisation).await;
    let conference = bvf.conference().await;
    let (material, _) = bvf.material(&conference, b"%PDF-1.4 words").await;
    let (profile, consent) = bvf.profile(&unv, "Lin").await;
    records.push(unv.translation(&listing, "zh-CN", "开放").await);
    bvf.withdraw(&[&withdrawn]).await;
    let ours = unv.organisation().await;
    records.push(unv.listing("Ours", &ours).await);
    unv.follows(&bvf).await;
    records.extend([organisation, listing, withdrawn, conference, material, profile, consent, ours]);
    (bvf, unv, records)
}

/// Each reading call about each of these records, logs and partners that has an answer; anybody's, where it is another
/// than staff's.
async fn calls(node: &Partner, other: &Partner, records: &[Record]) -> Vec<Call> {
    let mut calls = Vec::new();
    for method in methods::all().into_iter().filter(|method| method.only_reads() && !method.streams) {
        let leaves = methods::leaves(&method.input);
        let named =
            |name: &str| leaves.iter().find(|path| path.last().is_some_and(|field| field.name() == name));
        let mut messages = Vec::new();
        let hashes = records.iter().map(|record| record.hash.clone());
        let subjects = records.iter().map(|record| record.subject.clone());
        let partners = [node, other].map(|partner| partner.id.to_vec());
        for (name, values) in [
            ("hash", hashes.collect::<Vec<_>>()),
            ("subject", subjects.collect()),
            ("partner", if named("subject").is_some() { Vec::new() } else { partners.to_vec() }),
        ] {
            let Some(path) = named(name) else { continue };
            // Proofs are long in the making.
            let most = if method.name == "Records.Proof" { 3 } else { values.len() };
            for value in values.into_iter().take(most) {
                let mut message = DynamicMessage::new(method.input.clone());
                methods::set(&mut message, path, Value::Bytes(value.into()));
                messages.push(message);
            }
        }
        if messages.is_empty() || method.name.ends_with(".List") {
            messages.push(DynamicMessage::new(method.input.clone()));
        }
        for mut message in messages {
            for (name, value) in
                [("width", Value::U32(4)), ("purpose", Value::String("placement".to_owned()))]
            {
                if let Some(path) = named(name) {
                    methods::set(&mut message, path, value);
                }
            }
            let call = |staff| Call { method: method.clone(), message: message.encode_to_vec(), staff };
            let (public, staff) = (call(false).answer(node).await, call(true).answer(node).await);
            if public.is_some() && public != staff {
                calls.push(call(false));
            }
            if staff.is_some() {
                calls.push(call(true));
            }
        }
    }
    calls
}

/// What all calls say once they say it again: proofs wait for cosignatures that are still under way.
async fn settled(node: &Partner, calls: &[Call]) -> Claims {
    let mut before = claims(node, calls).await;
    for _ in 0..ROUNDS {
        let again = claims(node, calls).await;
        if again == before {
            break;
        }
        before = again;
    }
    before
}

/// What all calls say.
async fn claims(node: &Partner, calls: &[Call]) -> Claims {
    let mut claims = Claims::new();
    let answers = stream::iter(calls).map(|call| async move { (call, call.answer(node).await) });
    let mut answers = answers.buffer_unordered(8);
    while let Some((call, answer)) = answers.next().await {
        let Some(bytes) = answer else { continue };
        let message = DynamicMessage::decode(call.method.output.clone(), bytes.as_slice()).unwrap();
        // Signed notes, tiles, proofs: the whole answer to just this call.
        let whole = ["Logs.Tile", "Logs.EntryBundle", "Logs.Checkpoint", "Logs.Policy", "Records.Proof"];
        if whole.contains(&call.method.name.as_str()) {
            let key = format!("{} {:?}", call.method.name, call.message);
            claims.entry((key, call.method.name.clone())).or_default().insert(message.to_string());
        } else {
            note(&message, &mut claims);
        }
    }
    claims
}

/// What a message says of the record or partner that it names, and what messages within it do.
fn note(message: &DynamicMessage, claims: &mut Claims) {
    let of = |name: &str| message.get_field_by_name(name).map(std::borrow::Cow::into_owned);
    let provenance = of("provenance").filter(|_| message.has_field_by_name("provenance"));
    let key = match (&provenance, of("id")) {
        (Some(Value::Message(place)), _) => place.get_field_by_name("hash").map(|hash| hash.to_string()),
        (None, Some(id)) if message.has_field_by_name("names") => Some(id.to_string()),
        _ => None,
    };
    for (field, value) in message.fields() {
        let within: Vec<&Value> = match value {
            Value::List(values) => values.iter().collect(),
            value => vec![value],
        };
        let name = format!("{}.{}", message.descriptor().name(), field.name());
        if let Kind::Message(_) = field.kind() {
            for value in &within {
                if let Value::Message(inner) = value {
                    note(inner, claims);
                }
            }
        }
        let Some(key) = &key else { continue };
        if field.name() == "provenance" {
            let Value::Message(place) = value else { continue };
            for (field, value) in place.fields() {
                let name = format!("Provenance.{}", field.name());
                claims.entry((key.clone(), name)).or_default().insert(value.to_string());
            }
        } else if !holds_others(value) {
            claims.entry((key.clone(), name)).or_default().insert(value.to_string());
        }
    }
}

/// Whether this is or holds a message about another record or partner, which speaks for itself.
fn holds_others(value: &Value) -> bool {
    match value {
        Value::Message(message) => {
            message.descriptor().get_field_by_name("provenance").is_some()
                || message.descriptor().name() == "PartnerName"
                || message.fields().any(|(_, value)| holds_others(value))
        }
        Value::List(values) => values.iter().any(holds_others),
        _ => false,
    }
}

/// What is claimed now and never was before.
fn news(before: &Claims, now: &Claims) -> BTreeSet<String> {
    let none = BTreeSet::new();
    let mut news = BTreeSet::new();
    for ((key, field), values) in now {
        let known = before.get(&(key.clone(), field.clone())).unwrap_or(&none);
        if values.iter().any(|value| !known.contains(value)) {
            news.insert(field.clone());
        }
    }
    news
}

/// The statement that puts a value in the place of another, and both; none if the table is empty.
async fn flip(node: &Partner, column: &Column) -> Option<(&'static str, Vec<Stored>, Vec<Stored>)> {
    let db = &node.node().context().db;
    let Column { table, name, form } = column;
    let select = sql(format!("SELECT DISTINCT {name} FROM {table} WHERE {name} IS NOT NULL ORDER BY {name}"));
    let update = sql(format!("UPDATE {table} SET {name} = $1 WHERE {name} = $2"));
    let both = |old: Stored, new: Stored| (vec![new.clone(), old.clone()], vec![old, new]);
    let (there, back) = match form.as_str() {
        "bigint" => {
            let values: Vec<(i64,)> = db.rows(select, args![]).await.unwrap();
            let (old,) = *values.get(values.len() / 2)?;
            let new = (0..40).map(|bit| old ^ (1 << bit)).find(|new| !values.contains(&(*new,)))?;
            both(Stored::from(old), Stored::from(new))
        }
        "text" => {
            let values: Vec<(String,)> = db.rows(select, args![]).await.unwrap();
            let old = values.get(values.len() / 2)?.0.clone();
            let mut letters: Vec<char> = old.chars().collect();
            let middle = letters.len() / 2;
            match letters.get_mut(middle) {
                Some(letter) => *letter = if *letter == 'q' { 'z' } else { 'q' },
                None => letters.push('q'),
            }
            both(Stored::from(old), Stored::from(letters.into_iter().collect::<String>()))
        }
        "bytea" => {
            let values: Vec<(Vec<u8>,)> = db.rows(select, args![]).await.unwrap();
            let old = values.get(values.len() / 2)?.0.clone();
            let mut new = old.clone();
            let middle = new.len() / 2;
            match new.get_mut(middle) {
                Some(byte) => *byte ^= 4,
                None => new.push(4),
            }
            both(Stored::from(old), Stored::from(new))
        }
        _ => {
            let (rows,): (i64,) =
                db.row(sql(format!("SELECT count(*) FROM {table}")), args![]).await.unwrap();
            let update = sql(format!("UPDATE {table} SET {name} = NOT {name}"));
            return (rows > 0).then(|| (update, args![], args![]));
        }
    };
    Some((update, there, back))
}

async fn update(node: &Partner, statement: &'static str, values: Vec<Stored>) {
    let updated = node.node().context().db.write(move |tx| {
        async move {
            assert!(tx.execute(statement, values).await? > 0, "{statement}");
            Ok::<_, StoreError>(())
        }
        .boxed()
    });
    updated.await.unwrap();
}

async fn fsck(node: &Partner, repair: bool) -> Result<FsckResponse, tonic::Status> {
    let mut client = MaintenanceClient::new(node.channel());
    client.fsck(node.staff(FsckRequest { repair })).await.map(tonic::Response::into_inner)
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f12_no_column_that_a_bit_flips_in_makes_another_content_of_a_record(#[case] database: Database) {
    std::panic::set_hook(Box::new(|panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        eprintln!("{panic}");
    }));
    let (mut bvf, unv, records) = pair(database).await;
    let calls = calls(&unv, &bvf, &records).await;
    // Nothing comes while the node is looked at.
    bvf.stop().await;
    assert_eq!(fsck(&unv, false).await.unwrap().faults, Vec::<String>::new());
    let before = settled(&unv, &calls).await;
    assert!(before.len() > 100, "{} claims by {} calls", before.len(), calls.len());
    let (mut faults, mut flipped, mut empty) = (Vec::new(), 0, BTreeSet::new());
    for column in tables::columns(&unv.node().context().db).await {
        let Some((statement, there, back)) = flip(&unv, &column).await else {
            empty.insert(column.table);
            continue;
        };
        flipped += 1;
        update(&unv, statement, there).await;
        let place = format!("{}.{}", column.table, column.name);
        for field in news(&before, &claims(&unv, &calls).await) {
            let may = |(table, fields): &(&str, &[&str])| {
                *table == column.table && fields.iter().any(|known| field.starts_with(known))
            };
            if !KNOWN.iter().any(may) {
                faults.push(format!("{place}: {field}"));
            }
        }
        update(&unv, statement, back).await;
    }
    println!("{flipped} columns, empty: {empty:?}");
    assert_eq!(faults, Vec::<String>::new());
    assert!(flipped > 100, "{flipped} columns");
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    assert_eq!(news(&before, &claims(&unv, &calls).await), BTreeSet::new());
}

/// What is derived from entries, by its table.
const DERIVED: &[&str] = &[
    "partner",
    "descriptor",
    "organisation",
    "listing",
    "translation",
    "conference",
    "material",
    "agreement",
    "profile",
    "consent",
    "revision",
    "withdrawn",
    "blob_use",
];

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn f12_fsck_finds_a_flipped_bit_in_each_view_and_puts_it_right(#[case] database: Database) {
    let (mut bvf, unv, records) = pair(database).await;
    let calls = calls(&unv, &bvf, &records).await;
    bvf.stop().await;
    let before = settled(&unv, &calls).await;
    let mut damaged = Vec::new();
    for column in tables::columns(&unv.node().context().db).await {
        if !DERIVED.contains(&column.table.as_str()) {
            continue;
        }
        let Some((statement, there, back)) = flip(&unv, &column).await else { continue };
        let place = format!("{}.{}", column.table, column.name);
        update(&unv, statement, there).await;
        let found = fsck(&unv, false).await.unwrap().faults;
        assert!(found.iter().any(|fault| fault.contains(&column.table)), "{place}: {found:?}");
        update(&unv, statement, back).await;
        // The first of each table is damaged for the repair.
        if damaged.iter().all(|known: &Column| known.table != column.table) {
            damaged.push(column);
        }
    }
    assert_eq!(damaged.len(), DERIVED.len(), "{damaged:?}");
    for column in &damaged {
        let (statement, there, _) = flip(&unv, column).await.unwrap();
        update(&unv, statement, there).await;
    }
    let repaired = fsck(&unv, true).await.unwrap();
    assert!(repaired.faults.is_empty() && repaired.repaired.len() >= DERIVED.len(), "{repaired:?}");
    assert_eq!(settled(&unv, &calls).await, before);
}
