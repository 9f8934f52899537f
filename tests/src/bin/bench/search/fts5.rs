//! SQLite's FTS5 with the tokenizer `trigram`: the same listings, the same questions. Words of three and more characters
//! are matched through the index; Chinese words are mostly shorter, and then it can only read through the table (LIKE).

use std::path::Path;

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Executor as _, Row as _, SqlSafeStr as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::{
    collection::Member,
    documents::{Document, is_chinese, words},
    questions::{Engine, TOP},
};
use crate::Outcome;

const TABLE: &str =
    "CREATE VIRTUAL TABLE listing USING fts5(title, summary, body, tokenize = 'trigram', detail = full)";
const INSERT: &str = "INSERT INTO listing (rowid, title, summary, body) VALUES (?, ?, ?, ?)";
const MATCH: &str =
    "SELECT rowid FROM listing WHERE listing MATCH ? ORDER BY bm25(listing, 4.0, 2.0, 1.0) LIMIT 10";

/// Rows of a transaction.
const BATCH: usize = 10_000;

/// The database with its table.
pub struct Fts5 {
    connection: Mutex<SqliteConnection>,
    ids: Vec<Option<String>>,
}

impl Fts5 {
    /// Fills it.
    pub async fn fill(file: &Path, members: impl Iterator<Item = Member>) -> Outcome<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off)
            .pragma("cache_size", "-65536")
            .pragma("mmap_size", "4294967296");
        let mut connection = options.connect().await?;
        connection.execute(TABLE).await?;
        let mut ids = Vec::new();
        connection.execute("BEGIN").await?;
        for member in members {
            let (document, row) = (Document::of(&member), i64::try_from(ids.len())?);
            let (zh, en) = (document.chinese, document.english);
            let query = sqlx::query(INSERT).bind(row).bind(format!("{}\n{}", zh.title, en.title));
            let query = query.bind(format!("{}\n{}", zh.summary, en.summary));
            query.bind(format!("{}\n{}", zh.body, en.body)).execute(&mut connection).await?;
            ids.push(member.id);
            if ids.len().is_multiple_of(BATCH) {
                connection.execute("COMMIT; BEGIN").await?;
            }
        }
        connection.execute("COMMIT").await?;
        connection.execute("INSERT INTO listing (listing) VALUES ('optimize')").await?;
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        Ok(Self { connection: Mutex::new(connection), ids })
    }

    async fn matching(&self, expression: &str) -> Outcome<Vec<i64>> {
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query(MATCH).bind(expression).fetch_all(&mut *connection).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Every word somewhere, short ones too; in the order of the table, since there is nothing to rank them by but where
    /// the first word stands.
    async fn holding(&self, words: &[String]) -> Outcome<Vec<i64>> {
        let held = vec!["(title || summary || body) LIKE ?"; words.len()].join(" AND ");
        let sql = format!(
            "SELECT rowid FROM listing WHERE {held} ORDER BY title LIKE ? DESC, summary LIKE ? DESC LIMIT 10"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql).into_sql_str());
        let first = words.first().into_iter().cycle().take(2);
        for word in words.iter().chain(first) {
            query = query.bind(format!("%{word}%"));
        }
        let mut connection = self.connection.lock().await;
        let rows = query.fetch_all(&mut *connection).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}

impl Engine for Fts5 {
    /// All words; if that gives fewer than ten, any of them, Chinese ones by any three characters.
    async fn ask(&self, question: &str) -> Outcome<Vec<String>> {
        let words = words(question);
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let long: Vec<&String> = words.iter().filter(|word| word.chars().count() >= 3).collect();
        let quoted = |words: &[String], with: &str| {
            words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(with)
        };
        let mut rows = if long.len() == words.len() {
            self.matching(&quoted(&words, " AND ")).await?
        } else {
            self.holding(&words).await?
        };
        if rows.len() < TOP && !long.is_empty() {
            let parts: Vec<String> = long.into_iter().flat_map(|word| parts(word)).collect();
            let more = self.matching(&quoted(&parts, " OR ")).await?;
            let new: Vec<i64> = more.into_iter().filter(|row| !rows.contains(row)).collect();
            rows.extend(new);
        }
        let id = |row: &i64| usize::try_from(*row).ok().and_then(|row| self.ids.get(row).cloned().flatten());
        Ok(rows.iter().take(TOP).map(|row| id(row).unwrap_or_default()).collect())
    }
}

/// Three characters each of a Chinese word; another as it is.
fn parts(word: &str) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    if !is_chinese(word) {
        return vec![word.to_owned()];
    }
    characters.windows(3).map(|three| three.iter().collect()).collect()
}
