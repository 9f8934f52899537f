//! The portal's few files, compiled in. Their addresses carry a hash of the
//! content, so browsers may keep them for ever.

use std::sync::LazyLock;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header};
use sha2::{Digest, Sha256};

use crate::{app::App, extract::Path, problem::Problem, routes};

/// Outline of the land: Natural Earth 1:110m (public domain), from the npm package
/// world-atlas 2.0.2 (ISC), simplified; half degrees from 180° W, 84° N.
pub const LAND: &str = include_str!("../assets/land.path");

struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static str,
}

static ASSETS: &[Asset] = &[
    Asset {
        name: "style.css",
        media_type: "text/css; charset=utf-8",
        content: include_str!("../assets/style.css"),
    },
    Asset {
        name: "portal.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../assets/portal.js"),
    },
    Asset {
        name: "passkey.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../assets/passkey.js"),
    },
    Asset { name: "icon.svg", media_type: "image/svg+xml", content: include_str!("../assets/icon.svg") },
];

static VERSIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let digest = |asset: &Asset| hex::encode(Sha256::digest(asset.content.as_bytes()))[..8].to_owned();
    ASSETS.iter().map(digest).collect()
});

/// `/assets/style.css?v=1a2b3c4d`
pub fn address(name: &str) -> String {
    let version = ASSETS.iter().position(|asset| asset.name == name).and_then(|at| VERSIONS.get(at));
    match version {
        Some(version) => format!("{}?v={version}", routes::asset(name)),
        None => routes::asset(name),
    }
}

pub fn router() -> Router<App> {
    Router::new().route(routes::ASSET, get(asset))
}

async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or_else(Problem::not_found)?;
    let mut response = asset.content.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(response)
}
