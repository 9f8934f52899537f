//! Partners without a node: their feeds (OpenActive RPDE 1.0) are read, and what they hold is published in our own log, with
//! the mark that they haven't signed it. A feed is read on from where it was left; what is gone there is withdrawn here.

mod fetch;
mod listing;

use std::sync::Arc;

use futures::FutureExt as _;
use reqwest::Url;
use tokio::time::{MissedTickBehavior, interval};
use volbridge_formats::rpde::{self, Item};
use volbridge_proto::{
    Code, SubjectId,
    error::Fault,
    kinds::{self, Payload},
    wire::record::v1::Listing,
};

use self::fetch::Fetcher;
use crate::{
    config::feeds::FeedSource,
    context::Context,
    error::Error,
    publish::{Draft, Withdraw},
    store::feeds,
    views::{Viewer, listings},
};

/// Pages of a feed in one look: the rest comes with the next.
const PAGES: usize = 1_000;

/// Reads the feeds of the configuration until the node stops.
pub async fn run(context: Arc<Context>) {
    let config = &context.config.feeds;
    if config.sources.is_empty() {
        return;
    }
    let fetcher = match Fetcher::new(context.config.exchange.allow_private_addresses) {
        Ok(fetcher) => fetcher,
        Err(error) => return tracing::error!(%error, "feeds can't be read"),
    };
    let mut looks = interval(config.pause());
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            () = context.stopping() => return,
        }
        for source in &config.sources {
            tokio::select! {
                read = read(&context, &fetcher, source) => if let Err(error) = read {
                    let feed = &source.url;
                    tracing::warn!(feed, %error, source = ?error.source, "a feed can't be read on, it is tried again");
                },
                () = context.stopping() => return,
            }
        }
    }
}

/// Reads a feed from where it was left to its end.
async fn read(context: &Arc<Context>, fetcher: &Fetcher, source: &FeedSource) -> Result<(), Error> {
    let broken = |why: String| Error::new(Code::InputMalformed).because(why);
    let next = feeds::next(&context.db, &source.url).await?;
    let mut url = address(next.as_deref().unwrap_or(&source.url))?;
    for _ in 0..PAGES {
        let bytes = fetcher.page(&url).await.map_err(|error| Error::new(Code::Unavailable).because(error))?;
        let page = rpde::read(&bytes, &source.language).map_err(|fault| broken(fault.to_string()))?;
        for fault in &page.faults {
            tracing::info!(feed = source.url, %fault, "an item of a feed can't be read");
        }
        let last = page.is_last();
        for item in page.items {
            take(context, source, item).await?;
        }
        let next = url.join(&page.next).map_err(|error| broken(error.to_string()))?;
        // A feed stays where the operator has said that it is.
        if next.host_str() != url.host_str() {
            return Err(broken(format!("the next page is elsewhere: {next}")));
        }
        let (feed, page, at) = (source.url.clone(), next.to_string(), context.now());
        let noted =
            context.db.write(move |tx| async move { feeds::set_next(tx, &feed, &page, at).await }.boxed());
        noted.await?;
        if last || next == url {
            return Ok(());
        }
        url = next;
    }
    Ok(())
}

fn address(text: &str) -> Result<Url, Error> {
    text.parse().map_err(|_| Error::new(Code::FieldInvalid).at("feeds.sources").with("found", text))
}

/// One change. What can't be a listing is passed over; what the node can't do now is done again from this page on.
async fn take(context: &Arc<Context>, source: &FeedSource, item: Item) -> Result<(), Error> {
    if let Item::Updated { id, entry, .. } = &item
        && is_signed(context, id, entry.subject).await?
    {
        tracing::debug!(feed = source.url, item = id, "an item of a feed is here by its author's own log");
        return Ok(());
    }
    let (id, done) = match item {
        Item::Updated { id, entry, .. } => match listing::listing(source, *entry) {
            Ok(listing) => {
                let done = publish(context, source, &id, listing).await;
                (id, done)
            }
            Err(refusals) => {
                let why: Vec<String> = refusals.iter().map(ToString::to_string).collect();
                tracing::info!(feed = source.url, item = id, ?why, "an item of a feed is no listing");
                return Ok(());
            }
        },
        Item::Deleted { id, .. } => {
            let done = withdraw(context, source, &id).await;
            (id, done)
        }
    };
    match done {
        Err(error) if !matches!(error.code.fault(), Fault::Internal | Fault::Unavailable | Fault::Late) => {
            tracing::info!(feed = source.url, item = id, %error, "an item of a feed is passed over");
            Ok(())
        }
        done => done,
    }
}

/// Whether its author, or we, have said it in a log that this node holds: a feed of another node has these, too, and
/// nothing needs to come twice, or back.
async fn is_signed(context: &Context, item: &str, subject: Option<SubjectId>) -> Result<bool, Error> {
    for subject in item.parse::<SubjectId>().ok().into_iter().chain(subject) {
        if listings::get(&context.db, Viewer::Public, None, subject).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn publish(
    context: &Arc<Context>,
    source: &FeedSource,
    item: &str,
    mut listing: Listing,
) -> Result<(), Error> {
    let subject = match feeds::subject(&context.db, &source.url, item).await? {
        Some(subject) => subject,
        None => choose(context, source, item).await?,
    };
    let own = Some(context.own.id.partner);
    let known = listings::get(&context.db, Viewer::Public, own, subject).await?;
    if let Some(known) = &known {
        if listing.status.is_empty() {
            // What was paused or closed at the desk stays so.
            listing.status.clone_from(&known.content.status);
        }
        if listing == known.content {
            return Ok(());
        }
    }
    // One that was withdrawn here has revisions, and is not begun anew.
    let draft = Draft {
        subject: Some(subject),
        begins: known.is_none(),
        ..Draft::public(kinds::listing::KIND, Payload::Listing(listing).encode()?)
    };
    context.publish(vec![draft], None).await.map(drop)
}

async fn choose(context: &Context, source: &FeedSource, item: &str) -> Result<SubjectId, Error> {
    let subject = context.env.new_public_subject();
    let (feed, item) = (source.url.clone(), item.to_owned());
    let added =
        context.db.write(move |tx| async move { feeds::add(tx, &feed, &item, subject).await }.boxed());
    added.await?;
    Ok(subject)
}

async fn withdraw(context: &Arc<Context>, source: &FeedSource, item: &str) -> Result<(), Error> {
    let Some(subject) = feeds::subject(&context.db, &source.url, item).await? else { return Ok(()) };
    let own = Some(context.own.id.partner);
    if listings::get(&context.db, Viewer::Public, own, subject).await?.is_some() {
        context.withdraw(Withdraw::Subject(subject), "withdrawn", None).await?;
    }
    let (feed, item) = (source.url.clone(), item.to_owned());
    let removed = context.db.write(move |tx| async move { feeds::remove(tx, &feed, &item).await }.boxed());
    Ok(removed.await?)
}
