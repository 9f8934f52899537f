//! Queries with optional filters and IN lists: fixed fragments of SQL joined with [`Value`]s.
//!
//! Fragments are `&'static str`, so no text from outside ever becomes SQL. `?` stands for the next value.

use super::{Query, Row, StoreError, Value, db::SqlText};

/// A query that grows.
///
/// ```
/// # use volbridge_node::store::{args, select::Select};
/// let mut select = Select::new("SELECT subject FROM listing WHERE expires_at > ?", args![0_i64]);
/// select.add(" AND country = ?", args!["DE"]);
/// select.add_list(" AND log IN ", args![1_i64, 2_i64]);
/// assert_eq!(
///     select.text(),
///     "SELECT subject FROM listing WHERE expires_at > ? AND country = ? AND log IN (?, ?)",
/// );
/// ```
#[derive(Debug)]
pub struct Select {
    sql: String,
    args: Vec<Value>,
}

impl Select {
    /// Starts with the first fragment and its values.
    #[must_use]
    pub fn new(sql: &'static str, args: Vec<Value>) -> Self {
        let mut select = Self { sql: String::new(), args: Vec::new() };
        select.add(sql, args);
        select
    }

    /// Adds a fragment; each `?` in it takes the next of `args`.
    pub fn add(&mut self, sql: &'static str, args: Vec<Value>) -> &mut Self {
        debug_assert_eq!(sql.matches('?').count(), args.len(), "{sql}");
        self.sql.push_str(sql);
        self.args.extend(args);
        self
    }

    /// Adds a fragment if there is a value for its one `?`.
    pub fn add_some<T: Into<Value>>(&mut self, sql: &'static str, value: Option<T>) -> &mut Self {
        match value {
            Some(value) => self.add(sql, vec![value.into()]),
            None => self,
        }
    }

    /// Adds ` … IN ` and a list; an empty one matches nothing.
    pub fn add_list(&mut self, sql: &'static str, list: Vec<Value>) -> &mut Self {
        self.add(sql, Vec::new());
        if list.is_empty() {
            // `IN ()` isn't SQL; nothing equals NULL.
            return self.add("(NULL)", Vec::new());
        }
        let mut separator = "(";
        for value in list {
            self.add(separator, Vec::new()).add("?", vec![value]);
            separator = ", ";
        }
        self.add(")", Vec::new())
    }

    /// The text so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.sql
    }

    /// Runs it.
    pub async fn rows<T: Row>(self, on: &impl Query) -> Result<Vec<T>, StoreError> {
        on.fetch(SqlText::Joined(self.sql.into()), self.args).await
    }

    /// Runs it for at most one row.
    pub async fn row_opt<T: Row>(self, on: &impl Query) -> Result<Option<T>, StoreError> {
        Ok(self.rows(on).await?.into_iter().next())
    }
}
