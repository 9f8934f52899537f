//! What many pages need and few changes touch: who the partners are, and in which
//! countries help is wanted. Asked for at most once a minute.

use std::{collections::BTreeMap, future::Future};

use tokio::sync::RwLock;
use volbridge_proto::wire::node::v1 as node;

use crate::{client::NodeClient, problem::Problem};

/// How old an answer may be, in milliseconds.
const KEPT: i64 = 60_000;
/// Pages of a hundred listings that are looked at.
const PAGES: usize = 5;

/// An answer that is kept for a while.
pub struct Kept<T>(RwLock<Option<(i64, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(RwLock::new(None))
    }
}

impl<T: Clone> Kept<T> {
    /// The kept answer, or a new one; `None` while the node doesn't answer.
    pub async fn or(&self, now: i64, ask: impl Future<Output = Result<T, Problem>>) -> Option<T> {
        if let Some((at, kept)) = &*self.0.read().await
            && (now - at).abs() < KEPT
        {
            return Some(kept.clone());
        }
        let new = ask.await.ok()?;
        *self.0.write().await = Some((now, new.clone()));
        Some(new)
    }
}

/// Listings, the newest first, as far as maps and filters look, and how many there are.
pub async fn listings(node: &NodeClient) -> Result<(Vec<node::ListingView>, u64), Problem> {
    let mut found = Vec::new();
    let mut request = node::ListListingsRequest { limit: 100, ..Default::default() };
    let mut total = 0;
    for _ in 0..PAGES {
        let page = node.listings(request.clone()).await?;
        total = page.total;
        found.extend(page.listings);
        if page.next_cursor.is_empty() {
            break;
        }
        request.cursor = page.next_cursor;
    }
    let total = total.max(found.len() as u64);
    Ok((found, total))
}

/// Countries and how many listings each has, the most first.
pub async fn countries(node: &NodeClient) -> Result<Vec<(String, u64)>, Problem> {
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for view in listings(node).await?.0 {
        let place = view.source.and_then(|source| source.place);
        if let Some(country) = place.map(|place| place.country).filter(|country| !country.is_empty()) {
            *counted.entry(country).or_default() += 1;
        }
    }
    let mut countries: Vec<(String, u64)> = counted.into_iter().collect();
    countries.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok(countries)
}
