//! `/feeds/rpde`: the directory's changes as OpenActive's Realtime Paged Data Exchange, ordered by change number
//! (<https://openactive.io/realtime-paged-data-exchange/>). It holds all listings: of a narrowed list nobody could say
//! what left it. A new translation alone is no change of a listing.

use std::{collections::BTreeMap, time::Duration};

use axum::{extract::State, response::Response};
use futures::StreamExt;
use serde::Deserialize;
use volbridge_formats::rpde::{self, Item};
use volbridge_proto::{error::Code, wire::node::v1 as node};

use super::{entry::entry, inline};
use crate::{
    app::App,
    extract::Query,
    names,
    problem::Problem,
    query::{address, written},
    routes,
    shell::Shell,
};

const LISTING: &str = "volbridge.listing.v1";
/// Listings of a page.
const PAGE: usize = 100;
/// Changes of all kinds that are looked at for one page.
const LOOKED_AT: usize = 20_000;
/// A node that says nothing for so long has told all that there is: it keeps the stream open for what comes.
const SILENCE: Duration = Duration::from_millis(500);
/// Seconds until another try while others are being served.
const AGAIN: u64 = 10;
const AFTER: &str = "afterChangeNumber";

/// After which change.
#[derive(Deserialize)]
pub struct From {
    #[serde(rename = "afterChangeNumber")]
    after: Option<String>,
}

/// `GET /feeds/rpde`
pub async fn page(State(app): State<App>, ui: Shell, Query(from): Query<From>) -> Result<Response, Problem> {
    let after = from.after.unwrap_or_else(|| "0".to_owned());
    let after: i64 =
        after.parse().ok().filter(|number| *number >= 0).ok_or_else(|| Problem::invalid(AFTER))?;
    let place = app.exports().try_acquire_owned();
    let _place = place.map_err(|_| Problem::new(Code::RateLimited).after(AGAIN))?;
    let (changed, last) = changed(&app, after).await?;
    let mut items = Vec::new();
    // In the order of the changes: the last of each listing alone, which says what it is now.
    for (modified, subject) in by_number(changed) {
        items.push(item(&app, &ui, subject, modified).await?);
    }
    let number = last.to_string();
    let next = address(
        &format!("{}{}", ui.public_url, routes::feed_rpde()),
        &written([(AFTER, number.as_str())].into_iter()),
    );
    let page = rpde::encode(&items, &next, "", &ui.lang.tag());
    let bytes = serde_json::to_vec(&page).map_err(|_| Problem::new(Code::Internal))?;
    Ok(inline(rpde::MEDIA_TYPE, bytes))
}

/// Subjects that changed with the number of their last change, and the last change that was looked at.
async fn changed(app: &App, after: i64) -> Result<(BTreeMap<Vec<u8>, i64>, i64), Problem> {
    let request = node::WatchChangesRequest { cursor: after.to_string() };
    let mut changes = app.node().watch_changes(request).await.map_err(|problem| problem.at(AFTER))?;
    let (mut found, mut last) = (BTreeMap::new(), after);
    for _ in 0..LOOKED_AT {
        if found.len() >= PAGE {
            break;
        }
        let Ok(Some(change)) = tokio::time::timeout(SILENCE, changes.next()).await else { break };
        let change = change.map_err(Problem::from)?;
        // Only a number can be gone on from.
        let Ok(number) = change.cursor.parse() else { continue };
        last = number;
        if change.kind == LISTING {
            found.insert(change.subject, number);
        }
    }
    Ok((found, last))
}

fn by_number(changed: BTreeMap<Vec<u8>, i64>) -> BTreeMap<i64, Vec<u8>> {
    changed.into_iter().map(|(subject, number)| (number, subject)).collect()
}

async fn item(app: &App, ui: &Shell, subject: Vec<u8>, modified: i64) -> Result<Item, Problem> {
    let id = names::subject(&subject);
    let request = node::GetSubjectRequest { subject, partner: Vec::new() };
    let found = match app.node().listing(request).await {
        Ok(view) => entry(view, ui),
        Err(problem) if matches!(problem.status.as_u16(), 404 | 410) => None,
        Err(problem) => return Err(problem),
    };
    Ok(match found {
        Some(entry) => Item::Updated { id, modified, entry: Box::new(entry) },
        None => Item::Deleted { id, modified },
    })
}
