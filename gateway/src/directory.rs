//! What many pages need and few changes touch: who the partners are, asked for at most
//! once a minute, and the directory in figures, which may be some seconds old.

use std::future::Future;

use tokio::sync::RwLock;
use volbridge_proto::wire::node::v1 as node;

use crate::{client::NodeClient, problem::Problem};

/// How old an answer may be, in milliseconds.
const KEPT: i64 = 60_000;
/// How old figures may be, in milliseconds.
pub const COUNTED: i64 = 5_000;
const COUNTRIES: &str = "countries";

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
        self.or_within(KEPT, now, ask).await
    }

    /// The same, of an answer that may be so many milliseconds old.
    pub async fn or_within(
        &self,
        span: i64,
        now: i64,
        ask: impl Future<Output = Result<T, Problem>>,
    ) -> Option<T> {
        if let Some((at, kept)) = &*self.0.read().await
            && (now - at).abs() < span
        {
            return Some(kept.clone());
        }
        let new = ask.await.ok()?;
        *self.0.write().await = Some((now, new.clone()));
        Some(new)
    }
}

/// The directory in figures.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub listings: u64,
    /// With slots that are neither taken nor past their day.
    pub open: u64,
    /// Open listings by country, the most first; what is online has none.
    pub countries: Vec<(String, u64)>,
}

/// Counts all of it in the index.
pub async fn counts(node: &NodeClient) -> Result<Counts, Problem> {
    let ask = |open| node::SearchListingsRequest {
        query: Some(node::ListingQuery { open, ..Default::default() }),
        limit: 1,
        facets: open,
        facet_names: vec![COUNTRIES.to_owned()],
        ..Default::default()
    };
    let (all, open) = tokio::try_join!(node.search(ask(false)), node.search(ask(true)))?;
    let countries = open.facets.into_iter().find(|facet| facet.name == COUNTRIES).unwrap_or_default();
    let placed = countries.counts.into_iter().filter(|country| country.value != "online");
    Ok(Counts {
        listings: all.total,
        open: open.total,
        countries: placed.map(|country| (country.value, country.count)).collect(),
    })
}
