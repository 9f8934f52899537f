//! A node's tables and columns as its database names them: what a migration adds is there without being listed.

use std::collections::{BTreeMap, BTreeSet};

use volbridge_node::store::{Db, Query as _, args};

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// `bigint`, `bytea`, `text`, `boolean`.
    pub form: String,
}

/// All columns of all tables of a node.
pub async fn columns(db: &Db) -> Vec<Column> {
    let catalogue = match db.kind() {
        "SQLite" => {
            "SELECT m.name, c.name, lower(c.type) FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '%sqlx%'"
        }
        _ => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT) \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%sqlx%'"
        }
    };
    let rows: Vec<(String, String, String)> = db.rows(catalogue, args![]).await.expect("a catalogue");
    let mut columns: Vec<_> =
        rows.into_iter().map(|(table, name, form)| Column { table, name, form }).collect();
    columns.sort();
    assert!(columns.len() > 100, "{} columns", columns.len());
    columns
}

/// How many rows each table has.
pub async fn counts(db: &Db) -> BTreeMap<String, i64> {
    let tables: BTreeSet<_> = columns(db).await.into_iter().map(|column| column.table).collect();
    let mut counts = BTreeMap::new();
    for table in tables {
        let select = sql(format!("SELECT count(*) FROM {table}"));
        let (count,): (i64,) = db.row(select, args![]).await.expect("a count");
        counts.insert(table, count);
    }
    counts
}

/// The store takes fixed texts; a test has names that it read from the catalogue.
pub fn sql(text: String) -> &'static str {
    text.leak()
}
