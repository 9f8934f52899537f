//! What is written as a whole: `/listings.xlsx`, `/listings.atom`, `/listings.ics`, `/sitemap.xml`.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use volbridge_formats::{
    WriteError, atom, ical, sitemap as map,
    table::{Layout, xlsx as workbook},
};
use volbridge_proto::{error::Code, wire::node::v1 as node};

use super::{
    as_file, inline,
    streamed::{headers, unwritten},
    walk::{MOST, Walk, Wish},
};
use crate::{
    app::App,
    problem::Problem,
    query::{Asked, address},
    routes,
    shell::Shell,
};

/// Rows of a workbook, which is held as a whole while it is written.
const ROWS: usize = 5_000;
/// A feed is read again and again: it holds what is new.
const NEWEST: usize = 100;
const EVENTS: usize = 1_000;

/// `GET /listings.xlsx`
pub async fn xlsx(wish: Wish) -> Result<Response, Problem> {
    let (now, names) = (wish.app.now(), headers(&wish.ui));
    let mut walk = Walk::begin(wish, ROWS)?;
    let entries = walk.all().await?;
    // Packing thousands of rows takes a core for a while.
    let written = tokio::task::spawn_blocking(move || {
        let _held = walk;
        let mut table = workbook::Writer::new(Layout::of(&entries, names))?;
        entries.iter().try_for_each(|entry| table.write(entry))?;
        table.finish()
    });
    let bytes: Result<Vec<u8>, WriteError> = written.await.map_err(|_| Problem::new(Code::Internal))?;
    let bytes = bytes.map_err(|error| unwritten(&error))?;
    Ok((as_file(workbook::MEDIA_TYPE, "xlsx", now), bytes).into_response())
}

/// `GET /listings.atom`: the newest, unless another order is asked for.
pub async fn atom(mut wish: Wish) -> Result<Response, Problem> {
    if wish.asked.sort == node::ListingSort::Relevance {
        wish.asked.sort = node::ListingSort::Newest;
    }
    let mut walk = Walk::begin(wish, NEWEST)?;
    let entries = walk.all().await?;
    let (ui, query) = (walk.ui(), walk.asked().whole());
    let own = ui.own.as_ref().map_or_else(|| ui.t("site-name"), |own| own.name.clone());
    let head = atom::Head {
        title: &ui.t("feed-title"),
        language: &ui.lang.tag(),
        address: &address(&format!("{}{}", ui.public_url, routes::listings_atom()), &query),
        page: &address(&format!("{}{}", ui.public_url, routes::listings()), &query),
        author: &own,
    };
    let bytes = atom::write(&head, &entries).map_err(|error| unwritten(&error))?;
    Ok(inline(atom::MEDIA_TYPE, bytes))
}

/// `GET /listings.ics`
pub async fn calendar(wish: Wish) -> Result<Response, Problem> {
    let now = wish.app.now();
    let mut walk = Walk::begin(wish, EVENTS)?;
    let entries = walk.all().await?;
    let ui = walk.ui();
    let bytes = ical::write(&ui.t("feed-title"), &ui.lang.tag(), &entries);
    Ok((as_file(ical::MEDIA_TYPE, "ics", now), bytes).into_response())
}

/// `GET /sitemap.xml`: the pages that stay, and all listings that there are, each in every language of the portal.
pub async fn sitemap(State(app): State<App>, ui: Shell) -> Result<Response, Problem> {
    let page = |path: &str, changed| {
        let address = format!("{}{path}", ui.public_url);
        let languages = ui
            .languages
            .iter()
            .map(|language| (language.tag.clone(), format!("{address}?lang={}", language.tag)));
        map::Page { languages: languages.collect(), address, changed }
    };
    let lasting = [
        routes::home(),
        routes::listings(),
        routes::partners(),
        routes::organisations(),
        routes::conferences(),
        routes::verify(),
    ];
    let mut pages: Vec<map::Page> = lasting.iter().map(|path| page(path, None)).collect();
    let mut walk = Walk::begin(Wish { app, ui: ui.clone(), asked: Asked::default() }, MOST)?;
    while !walk.is_over() {
        for entry in walk.next().await? {
            let path = entry.subject.map(routes::listing);
            pages.extend(path.map(|path| page(&path, entry.updated_at)));
        }
    }
    let bytes = map::write(pages).map_err(|error| unwritten(&error))?;
    Ok(inline(map::MEDIA_TYPE, bytes))
}
