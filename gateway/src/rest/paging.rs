//! Lists go on by cursor: it stands in the body, and in the header
//! `Link: <…>; rel="next"` (RFC 8288) for those who follow links.

use axum::{
    Json,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Uri, header, request::Parts};
use serde::Serialize;

use crate::query;

/// Where a list was asked for.
pub struct Here(Uri);

impl<S: Sync> FromRequestParts<S> for Here {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.uri.clone()))
    }
}

impl Here {
    /// An answer with the way to the next page, if there is one.
    pub fn page(&self, body: impl Serialize, next_cursor: Option<&str>) -> Response {
        let mut response = Json(body).into_response();
        let link = next_cursor.and_then(|cursor| HeaderValue::from_str(&self.next(cursor)).ok());
        if let Some(link) = link {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }

    /// The same query, as it was written, with another cursor.
    fn next(&self, cursor: &str) -> String {
        let query = self.0.query().unwrap_or_default();
        let mut pairs: Vec<&str> =
            query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor=")).collect();
        let next = query::written([("cursor", cursor)].into_iter());
        pairs.push(&next);
        format!("<{}?{}>; rel=\"next\"", self.0.path(), pairs.join("&"))
    }
}
