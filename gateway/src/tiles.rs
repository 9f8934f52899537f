//! Logs for auditors: C2SP tlog-tiles below `/log/<partner>/<epoch>/`, for the own
//! log and every one followed, and the policy that checks their proofs.
//! <https://c2sp.org/tlog-tiles>

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header};
use serde::Deserialize;
use volbridge_proto::{id::PartnerId, wire::node::v1 as node};

use crate::{
    app::App,
    extract::{Path, Query},
    problem::Problem,
    routes,
};

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// Checkpoints change; partial tiles end when the full one exists; full tiles never change.
const BRIEFLY: &str = "no-cache";
const AN_HOUR: &str = "public, max-age=3600";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Entries in a full tile.
const FULL: u32 = 256;

pub fn router() -> Router<App> {
    Router::new().route(routes::TILES, get(resource)).route(routes::POLICY, get(policy))
}

/// What a path below a log names.
#[derive(Debug, PartialEq, Eq)]
enum Resource {
    Checkpoint,
    Tile { level: u32, number: u64, width: u32 },
    Entries { number: u64, width: u32 },
}

async fn resource(
    State(app): State<App>,
    Path((partner, epoch, path)): Path<(PartnerId, u64, String)>,
) -> Result<Response, Problem> {
    let log = node::LogRequest { partner: partner.to_vec(), epoch };
    match parse(&path).ok_or_else(Problem::not_found)? {
        Resource::Checkpoint => {
            let note = app.node().checkpoint(log).await?.note;
            Ok(answer(note.into_bytes(), TEXT, BRIEFLY))
        }
        Resource::Tile { level, number, width } => {
            let tile = node::TileRequest { log: Some(log), level, number, width };
            Ok(answer(app.node().tile(tile).await?.data, BYTES, age(width)))
        }
        Resource::Entries { number, width } => {
            let bundle = node::EntryBundleRequest { log: Some(log), number, width };
            Ok(answer(app.node().entry_bundle(bundle).await?.data, BYTES, age(width)))
        }
    }
}

/// Which epoch; none: the newest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyQuery {
    #[serde(default)]
    epoch: u64,
}

async fn policy(
    State(app): State<App>,
    Path(partner): Path<PartnerId>,
    Query(query): Query<PolicyQuery>,
) -> Result<Response, Problem> {
    let log = node::LogRequest { partner: partner.to_vec(), epoch: query.epoch };
    let policy = app.node().policy(log).await?.policy;
    let mut response = answer(policy.into_bytes(), TEXT, BRIEFLY);
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", policy_file(partner))) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// The name under which a partner's policy is kept, and which commands on pages use.
pub fn policy_file(partner: PartnerId) -> String {
    format!("{}.policy", hex::encode(&partner.as_bytes()[..8]))
}

fn age(width: u32) -> &'static str {
    if width == FULL { FOR_EVER } else { AN_HOUR }
}

fn answer(content: Vec<u8>, media_type: &'static str, age: &'static str) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(age));
    // Public by design: auditors in browsers may read it.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// `checkpoint`, `tile/0/x001/234`, `tile/0/x001/234.p/5`, `tile/entries/x001/234.p/5`.
fn parse(path: &str) -> Option<Resource> {
    if path == "checkpoint" {
        return Some(Resource::Checkpoint);
    }
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, decimal(width).filter(|width| (1..FULL).contains(width))?),
        None => (rest, FULL),
    };
    let number = tile_number(number)?;
    if level == "entries" {
        return Some(Resource::Entries { number, width });
    }
    let level = decimal(level).filter(|level| *level <= 63)?;
    Some(Resource::Tile { level, number, width })
}

/// Groups of three digits, all but the last with an `x` before them, none needless.
fn tile_number(text: &str) -> Option<u64> {
    let (leading, last) = match text.rsplit_once('/') {
        Some((leading, last)) => (Some(leading), last),
        None => (None, text),
    };
    let mut number = 0u64;
    let groups = leading.iter().flat_map(|leading| leading.split('/'));
    for (place, group) in groups.enumerate() {
        let value = three_digits(group.strip_prefix('x')?)?;
        if place == 0 && value == 0 {
            return None;
        }
        number = number.checked_mul(1000)?.checked_add(value)?;
    }
    number.checked_mul(1000)?.checked_add(three_digits(last)?)
}

fn three_digits(text: &str) -> Option<u64> {
    (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// A number without a sign or leading zeroes.
fn decimal(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_specification_are_read() {
        assert_eq!(parse("checkpoint"), Some(Resource::Checkpoint));
        assert_eq!(parse("tile/0/x001/234"), Some(Resource::Tile { level: 0, number: 1234, width: 256 }));
        assert_eq!(parse("tile/2/000.p/5"), Some(Resource::Tile { level: 2, number: 0, width: 5 }));
        assert_eq!(
            parse("tile/entries/x001/x234/067"),
            Some(Resource::Entries { number: 1_234_067, width: 256 })
        );
    }

    #[test]
    fn other_spellings_of_the_same_tile_are_refused() {
        for path in [
            "tile/0/x000/001",
            "tile/00/001",
            "tile/0/1",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/+5",
            "tile/0/001/234",
            "tile/64/000",
            "tile/0/../001",
            "tile/entries/",
            "tile",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
