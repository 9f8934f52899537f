//! `/listings.csv` and `/listings.jsonl`: written as they are found, so that ten thousand listings take no more memory
//! than a hundred. What is found at once is answered at once, with its length and a tag.

use std::io;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures::stream;
use volbridge_formats::{
    Entry, WriteError, jsonl,
    table::{Layout, Names, csv},
};
use volbridge_proto::error::Code;

use super::{
    as_file,
    walk::{MOST, Walk, Wish},
};
use crate::{problem::Problem, shell::Shell};

/// How the listings of a page are written; the first page comes with what stands above it.
type Page = Box<dyn Fn(&[Entry], bool) -> Result<Vec<u8>, WriteError> + Send + Sync>;

/// `GET /listings.csv`
pub async fn csv(wish: Wish) -> Result<Response, Problem> {
    let layout = layout(&wish.ui);
    let write = move |entries: &[Entry], first: bool| {
        let layout = layout.clone();
        let mut table = if first {
            csv::Writer::new(Vec::new(), layout)?
        } else {
            csv::Writer::further(Vec::new(), layout)
        };
        entries.iter().try_for_each(|entry| table.write(entry))?;
        table.finish()
    };
    answer(wish, csv::MEDIA_TYPE, "csv", Box::new(write)).await
}

/// `GET /listings.jsonl`
pub async fn jsonl(wish: Wish) -> Result<Response, Problem> {
    let write = |entries: &[Entry], _: bool| {
        let mut lines = Vec::new();
        entries.iter().try_for_each(|entry| jsonl::write(&mut lines, entry))?;
        Ok(lines)
    };
    answer(wish, jsonl::MEDIA_TYPE, "jsonl", Box::new(write)).await
}

/// Columns for the languages of this portal, and one for what was written in another: which ones there are, nobody
/// knows before the last listing is found.
fn layout(ui: &Shell) -> Layout {
    Layout::new(ui.languages.iter().map(|language| language.tag.clone()), true, headers(ui))
}

/// In the reader's language.
pub fn headers(ui: &Shell) -> Names {
    if ui.lang.tag().starts_with("zh") { Names::Chinese } else { Names::English }
}

async fn answer(wish: Wish, media_type: &'static str, end: &str, write: Page) -> Result<Response, Problem> {
    let now = wish.app.now();
    let mut walk = Walk::begin(wish, MOST)?;
    // The first page is awaited: what is wrong with the question is answered as such.
    let entries = walk.next().await?;
    let bytes = write(&entries, true).map_err(|error| unwritten(&error))?;
    let body = if walk.is_over() { Body::from(bytes) } else { rest(bytes, walk, write) };
    Ok((as_file(media_type, end, now), body).into_response())
}

/// What was written, then page by page what is still to be found. A fault cuts the answer off: whoever reads sees that it
/// isn't whole.
fn rest(first: Vec<u8>, walk: Walk, write: Page) -> Body {
    let pages = stream::try_unfold((Some(first), walk, write), |(first, mut walk, write)| async move {
        if let Some(bytes) = first {
            return Ok(Some((bytes, (None, walk, write))));
        }
        if walk.is_over() {
            return Ok(None);
        }
        let entries = walk.next().await.map_err(|problem| cut_off(&problem.code))?;
        let bytes = write(&entries, false).map_err(|error| cut_off(&error.to_string()))?;
        Ok::<_, io::Error>(Some((bytes, (None, walk, write))))
    });
    Body::from_stream(pages)
}

fn cut_off(why: &str) -> io::Error {
    tracing::warn!(why, "a file of listings was cut off");
    io::Error::other("the listings could not be read to their end")
}

/// Something couldn't be written that should have been.
pub fn unwritten(error: &WriteError) -> Problem {
    tracing::error!(%error, "listings could not be written");
    Problem::new(Code::Internal)
}
