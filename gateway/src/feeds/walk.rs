//! The listings of a search, one page of the index after the other: so many as a format may hold, and never more of
//! them in memory than a page.

use axum::extract::FromRequestParts;
use http::request::Parts;
use tokio::sync::OwnedSemaphorePermit;
use volbridge_formats::Entry;
use volbridge_proto::{error::Code, wire::node::v1 as node};

use super::entry::entry;
use crate::{
    app::App,
    extract::Query,
    problem::Problem,
    query::{Asked, as_asked},
    shell::Shell,
};

/// Listings of one file.
pub const MOST: usize = 10_000;
/// Listings of an answer of the index.
const PAGE: u32 = 100;
/// Seconds until another try while others are being served.
const AGAIN: u64 = 10;

/// What somebody asked for.
pub struct Wish {
    pub app: App,
    pub ui: Shell,
    pub asked: Asked,
}

impl FromRequestParts<App> for Wish {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, app).await?;
        // What else stands there, such as the language, isn't for the index.
        let (asked, _) = Asked::read(pairs)?;
        let ui = Shell::new(parts, app).await;
        Ok(Self { app: app.clone(), ui, asked })
    }
}

/// Where somebody is in a search.
pub struct Walk {
    wish: Wish,
    left: usize,
    /// `None`: nothing has been asked; empty: there is no more.
    cursor: Option<String>,
    _place: OwnedSemaphorePermit,
}

impl Walk {
    /// Begins, if not too many do so at once: each costs as much as a hundred searches.
    pub fn begin(wish: Wish, most: usize) -> Result<Self, Problem> {
        let place = wish.app.exports().try_acquire_owned();
        let place = place.map_err(|_| Problem::new(Code::RateLimited).after(AGAIN))?;
        let wanted = usize::try_from(wish.asked.limit).unwrap_or(most);
        let left = if wanted == 0 { most } else { wanted.min(most) };
        Ok(Self { wish, left, cursor: None, _place: place })
    }

    pub fn ui(&self) -> &Shell {
        &self.wish.ui
    }

    pub fn asked(&self) -> &Asked {
        &self.wish.asked
    }

    /// Whether all has been handed out.
    pub fn is_over(&self) -> bool {
        self.left == 0 || self.cursor.as_deref() == Some("")
    }

    /// The next listings; none at the end.
    pub async fn next(&mut self) -> Result<Vec<Entry>, Problem> {
        if self.is_over() {
            return Ok(Vec::new());
        }
        let limit = PAGE.min(u32::try_from(self.left).unwrap_or(PAGE));
        let first = self.wish.asked.request();
        let cursor = self.cursor.clone().unwrap_or_else(|| first.cursor.clone());
        let request = node::SearchListingsRequest { limit, cursor, ..first };
        let answer = self.wish.app.node().search(request).await.map_err(as_asked)?;
        // A page without listings would be asked for again and again.
        let over = answer.hits.is_empty();
        self.cursor = Some(if over { String::new() } else { answer.next_cursor });
        let found: Vec<node::ListingView> =
            answer.hits.into_iter().filter_map(|hit| hit.listing).take(self.left).collect();
        self.left -= found.len();
        Ok(found.into_iter().filter_map(|view| entry(view, &self.wish.ui)).collect())
    }

    /// All of them.
    pub async fn all(&mut self) -> Result<Vec<Entry>, Problem> {
        let mut entries = Vec::new();
        while !self.is_over() {
            entries.extend(self.next().await?);
        }
        Ok(entries)
    }
}
