//! `Authorization: Bearer …`: the token goes on to the node, which alone knows whose it is and what it may do.

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use volbridge_proto::error::Code;

use crate::{app::App, client::NodeClient, problem::Problem};

/// The node, called as the owner of the request's token. Without a token the request is refused.
pub struct Bearer(pub NodeClient);

impl FromRequestParts<App> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let refused = || Problem::new(Code::Unauthenticated);
        let token = token(&parts.headers).ok_or_else(refused)?;
        app.node().with_token(token).map(Self).map_err(|_| refused())
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_bearer_token_is_taken() {
        let of = |text: &'static str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(text))]);
            token(&headers).map(str::to_owned)
        };
        assert_eq!(of("Bearer vbt_abc"), Some("vbt_abc".to_owned()));
        assert_eq!(of("bearer  vbt_abc "), Some("vbt_abc".to_owned()));
        assert!(
            ["Bearer", "Bearer ", "Basic dXNlcg==", "vbt_abc"].into_iter().all(|text| of(text).is_none())
        );
        assert_eq!(token(&HeaderMap::new()), None);
    }
}
