//! PostgreSQL: full text with English stemming, names unstemmed (`simple`), and trigrams (`pg_trgm`) for Chinese, which it
//! can't take apart. The same listings, the same questions. Trigrams of Chinese need a database whose character type isn't C.

use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use tokio::sync::Mutex;

use super::{
    collection::Member,
    documents::{Document, is_chinese, words},
    questions::{Engine, TOP},
};
use crate::{Outcome, postgres::Server};

const SET_UP: &str = "
    CREATE EXTENSION pg_trgm;
    CREATE TABLE listing (
        number BIGINT PRIMARY KEY,
        chinese_title TEXT NOT NULL,
        chinese TEXT NOT NULL,
        english TSVECTOR NOT NULL
    )";
const INSERT: &str = "
    INSERT INTO listing
    SELECT number, title, chinese,
        setweight(to_tsvector('english', a), 'A') || setweight(to_tsvector('simple', a), 'A')
        || setweight(to_tsvector('english', b), 'B') || setweight(to_tsvector('simple', b), 'B')
        || setweight(to_tsvector('english', c), 'C')
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
        AS given (number, title, chinese, a, b, c)";
const INDEX: &[&str] = &[
    "CREATE INDEX ON listing USING gin (english)",
    "CREATE INDEX ON listing USING gin (chinese gin_trgm_ops)",
    "VACUUM ANALYZE listing",
];
/// English words through the vector, Chinese ones as a part of the text; each may be empty.
const ALL: &str = "
    SELECT number FROM listing
    WHERE ($1 = '' OR english @@ websearch_to_tsquery('english', $1))
      AND ($2::text[] = '{}' OR chinese LIKE ALL ($2::text[]))
    ORDER BY CASE WHEN $1 = '' THEN 0 ELSE ts_rank_cd(english, websearch_to_tsquery('english', $1)) END
        + (SELECT count(*) FROM unnest($2::text[]) AS word WHERE chinese_title LIKE word) DESC
    LIMIT 10";
const ENGLISH: &str = "
    SELECT number FROM listing, websearch_to_tsquery('english', $1) AS query
    WHERE english @@ query ORDER BY ts_rank_cd(english, query) DESC LIMIT 10";
const CHINESE: &str = "
    SELECT number FROM listing WHERE $1 <% chinese ORDER BY word_similarity($1, chinese) DESC LIMIT 10";

/// Rows of one statement.
const BATCH: usize = 5_000;

/// The name of its database.
const DATABASE: &str = "search";

/// A server with the table.
pub struct Postgres {
    connection: Mutex<PgConnection>,
    ids: Vec<Option<String>>,
}

impl Postgres {
    /// Fills it.
    pub async fn fill(server: &Server, members: impl Iterator<Item = Member>) -> Outcome<Self> {
        server
            .sql("postgres", "CREATE DATABASE search TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")?;
        let url = server.url().replace("/node", &format!("/{DATABASE}"));
        let mut connection = PgConnection::connect(&url).await?;
        connection.execute(SET_UP).await?;
        let (mut ids, mut rows) = (Vec::new(), Rows::default());
        for member in members {
            rows.push(i64::try_from(ids.len())?, Document::of(&member));
            ids.push(member.id);
            if ids.len().is_multiple_of(BATCH) {
                std::mem::take(&mut rows).store(&mut connection).await?;
            }
        }
        rows.store(&mut connection).await?;
        for statement in INDEX {
            connection.execute(*statement).await?;
        }
        connection.execute("SET pg_trgm.word_similarity_threshold = 0.3").await?;
        Ok(Self { connection: Mutex::new(connection), ids })
    }

    /// Bytes of the table with its indexes.
    pub fn disk_bytes(server: &Server) -> Outcome<u64> {
        Ok(server.sql(DATABASE, "SELECT pg_total_relation_size('listing')")?.parse()?)
    }

    async fn some(&self, sql: &'static str, text: &str) -> Outcome<Vec<i64>> {
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query(sql).bind(text).fetch_all(&mut *connection).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    async fn all(&self, english: &str, chinese: &[String]) -> Outcome<Vec<i64>> {
        let patterns: Vec<String> = chinese.iter().map(|word| format!("%{word}%")).collect();
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query(ALL).bind(english).bind(patterns).fetch_all(&mut *connection).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}

/// Columns of rows that are written together.
#[derive(Default)]
struct Rows {
    numbers: Vec<i64>,
    texts: [Vec<String>; 5],
}

impl Rows {
    fn push(&mut self, number: i64, document: Document) {
        let (zh, en) = (document.chinese, document.english);
        let chinese = format!("{}\n{}\n{}", zh.title, zh.summary, zh.body);
        self.numbers.push(number);
        for (column, text) in self.texts.iter_mut().zip([zh.title, chinese, en.title, en.summary, en.body]) {
            column.push(text);
        }
    }

    async fn store(self, connection: &mut PgConnection) -> Outcome<()> {
        let mut query = sqlx::query(INSERT).bind(self.numbers);
        for column in self.texts {
            query = query.bind(column);
        }
        query.execute(connection).await?;
        Ok(())
    }
}

impl Engine for Postgres {
    /// All words; if that gives fewer than ten, any English one and what is similar to the Chinese ones.
    async fn ask(&self, question: &str) -> Outcome<Vec<String>> {
        let (chinese, english): (Vec<String>, Vec<String>) =
            words(question).into_iter().partition(|word| is_chinese(word));
        let phrase = question.starts_with('"') && question.ends_with('"');
        let all = if phrase { format!("\"{}\"", english.join(" ")) } else { english.join(" ") };
        let all = if english.is_empty() { String::new() } else { all };
        let mut rows = self.all(&all, &chinese).await?;
        for (sql, text) in [(ENGLISH, english.join(" OR ")), (CHINESE, chinese.join(" "))] {
            if rows.len() < TOP && !text.is_empty() {
                let more = self.some(sql, &text).await?;
                let new: Vec<i64> = more.into_iter().filter(|row| !rows.contains(row)).collect();
                rows.extend(new);
            }
        }
        let id = |row: &i64| usize::try_from(*row).ok().and_then(|row| self.ids.get(row).cloned().flatten());
        Ok(rows.iter().take(TOP).map(|row| id(row).unwrap_or_default()).collect())
    }
}
