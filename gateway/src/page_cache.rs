//! Public pages that were drawn already. One is handed out again while the node says that nothing of the directory has
//! changed since (so a listing that was withdrawn is gone at once), and for half a minute at most: pages tell how long ago
//! something was. Who is signed in is always drawn a page of their own.

use std::{
    io::Write as _,
    num::NonZeroUsize,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use axum::{
    body::{Body, Bytes, HttpBody as _, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use lru::LruCache;
use volbridge_proto::wire::node::v1 as node;

use crate::{app::App, guard, session, shell};

/// How long a page is handed out again, in milliseconds.
const FRESH: i64 = 30_000;
/// Bytes of all pages together.
const ROOM: usize = 32 << 20;
/// Pages, however small.
const PAGES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(20_000);
/// The largest page and the longest address that are kept.
const LARGEST: u64 = 512 << 10;
const LONGEST: usize = 512;

/// What a page depends on, beside the directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    address: String,
    language: String,
    network: bool,
}

struct Page {
    version: String,
    drawn_at: i64,
    headers: HeaderMap,
    text: Bytes,
    /// Packed when it is first handed out again.
    packed: OnceLock<Bytes>,
}

/// The pages of one portal.
pub struct PageCache(Mutex<Pages>);

struct Pages {
    pages: LruCache<Key, Arc<Page>>,
    bytes: usize,
}

impl Default for PageCache {
    fn default() -> Self {
        Self(Mutex::new(Pages { pages: LruCache::new(PAGES), bytes: 0 }))
    }
}

impl PageCache {
    fn get(&self, key: &Key, version: &str, now: i64) -> Option<Arc<Page>> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let page = Arc::clone(pages.pages.get(key)?);
        let holds = page.version == version && (0..FRESH).contains(&(now - page.drawn_at));
        if !holds {
            pages.remove(key);
        }
        holds.then_some(page)
    }

    fn keep(&self, key: Key, page: Page) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.bytes += page.size();
        if let Some((_, before)) = pages.pages.push(key, Arc::new(page)) {
            pages.bytes = pages.bytes.saturating_sub(before.size());
        }
        while pages.bytes > ROOM
            && let Some((_, oldest)) = pages.pages.pop_lru()
        {
            pages.bytes = pages.bytes.saturating_sub(oldest.size());
        }
    }
}

impl Pages {
    fn remove(&mut self, key: &Key) {
        if let Some(page) = self.pages.pop(key) {
            self.bytes = self.bytes.saturating_sub(page.size());
        }
    }
}

impl Page {
    /// With what it takes packed, a third at most.
    fn size(&self) -> usize {
        self.text.len() + self.text.len() / 3
    }

    fn response(&self, packed: bool) -> Response {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = self.headers.clone();
        if packed {
            *response.body_mut() = self.packed.get_or_init(|| pack(&self.text)).clone().into();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
            headers.remove(header::CONTENT_LENGTH);
        } else {
            *response.body_mut() = self.text.clone().into();
        }
        response
    }
}

fn pack(text: &[u8]) -> Bytes {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    // Nothing that writes into memory fails.
    let _ = gzip.write_all(text);
    gzip.finish().unwrap_or_default().into()
}

/// Around the routes of public pages.
pub async fn answers(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (key, packs) = (key(&parts, &app), packs(&parts.headers));
    let request = Request::from_parts(parts, body);
    let Some(key) = key else { return next.run(request).await };
    let Ok(version) = app.node().directory_version(node::DirectoryVersionRequest {}).await else {
        return next.run(request).await;
    };
    let version = version.version;
    if let Some(page) = app.page_cache().get(&key, &version, app.now()) {
        return page.response(packs);
    }
    let drawn_at = app.now();
    let response = next.run(request).await;
    let small = response.body().size_hint().exact().is_some_and(|size| size <= LARGEST);
    if response.status() != StatusCode::OK || !small || response.headers().contains_key(header::SET_COOKIE) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(text) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = parts.headers.clone();
    app.page_cache()
        .keep(key, Page { version, drawn_at, headers, text: text.clone(), packed: OnceLock::new() });
    Response::from_parts(parts, text.into())
}

/// None for what isn't kept.
fn key(parts: &Parts, app: &App) -> Option<Key> {
    let address = parts.uri.path_and_query().map_or("/", |address| address.as_str());
    let public = parts.method == Method::GET && !session::may_be_signed(parts) && address.len() <= LONGEST;
    public.then(|| Key {
        address: address.to_owned(),
        language: shell::reader(parts, app).tag(),
        network: guard::may_see_network(parts, app.config()),
    })
}

/// Whether the reader unpacks.
fn packs(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut codings = lines.flat_map(|line| line.split(','));
    codings.any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        named && !parts.any(|weight| weight.replace(' ', "").trim_end_matches(['0', '.']) == "q=")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> Key {
        Key { address: address.to_owned(), language: "en".to_owned(), network: false }
    }

    fn page(version: &str, drawn_at: i64, bytes: usize) -> Page {
        Page {
            version: version.to_owned(),
            drawn_at,
            headers: HeaderMap::new(),
            text: vec![b'x'; bytes].into(),
            packed: OnceLock::new(),
        }
    }

    #[test]
    fn a_page_is_handed_out_again_until_something_changes_or_half_a_minute_is_over() {
        let cache = PageCache::default();
        cache.keep(key("/a"), page("1", 1_000, 10));
        assert!(cache.get(&key("/a"), "1", 30_999).is_some());
        assert!(cache.get(&key("/b"), "1", 1_000).is_none());
        assert!(cache.get(&key("/a"), "1", 31_000).is_none());
        cache.keep(key("/a"), page("1", 1_000, 10));
        assert!(cache.get(&key("/a"), "2", 1_000).is_none());
        assert!(cache.get(&key("/a"), "1", 1_000).is_none(), "it is gone for good");
        cache.keep(key("/a"), page("1", 1_000, 10));
        assert!(cache.get(&key("/a"), "1", 999).is_none(), "the clock was set back");
    }

    #[test]
    fn pages_take_no_more_than_their_room() {
        let cache = PageCache::default();
        for number in 0..100 {
            cache.keep(key(&format!("/{number}")), page("1", 0, 1 << 20));
            // The same once more takes its place.
            cache.keep(key(&format!("/{number}")), page("1", 0, 1 << 20));
        }
        let pages = cache.0.lock().unwrap();
        assert!(
            pages.bytes <= ROOM && pages.pages.len() > 20,
            "{} pages, {} bytes",
            pages.pages.len(),
            pages.bytes
        );
        assert_eq!(pages.bytes, pages.pages.iter().map(|(_, page)| page.size()).sum::<usize>());
    }

    #[test]
    fn who_doesnt_unpack_is_handed_the_text() {
        let sent = |line: &'static str| {
            packs(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(line))]))
        };
        assert!(sent("gzip") && sent("br, GZIP;q=0.5") && sent("deflate;q=0, gzip"));
        assert!(!sent("br") && !sent("gzip;q=0") && !sent("gzip; q=0.000") && !packs(&HeaderMap::new()));
    }
}
