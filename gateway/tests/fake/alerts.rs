//! Saved searches: what was asked is noted, and one link is known.

use tonic::{Request, Response, Status, async_trait};
use volbridge_proto::{
    error::Code,
    wire::node::v1::{self as node, alerts_server::Alerts},
};

use super::{
    Fake,
    services::{Answer, problem},
};

const LINK: &str = "abc";

fn known(request: &Request<node::SavedSearchRequest>) -> Result<(), Status> {
    if request.get_ref().token == LINK { Ok(()) } else { Err(problem(Code::NotFound, "token")) }
}

#[async_trait]
impl Alerts for Fake {
    async fn save(&self, request: Request<node::SaveSearchRequest>) -> Answer<node::SaveSearchResponse> {
        let asked = request.into_inner();
        let query = asked.query.unwrap_or_default();
        self.note(format!(
            "save_search {} {} {} {:?} {}",
            asked.language, asked.every, query.text, query.countries, asked.label
        ));
        Ok(Response::new(node::SaveSearchResponse {}))
    }

    async fn get(&self, request: Request<node::SavedSearchRequest>) -> Answer<node::SavedSearch> {
        known(&request)?;
        Ok(Response::new(node::SavedSearch::default()))
    }

    async fn confirm(&self, request: Request<node::SavedSearchRequest>) -> Answer<node::SavedSearch> {
        known(&request)?;
        Ok(Response::new(node::SavedSearch::default()))
    }

    async fn remove(
        &self,
        request: Request<node::SavedSearchRequest>,
    ) -> Answer<node::RemoveSavedSearchResponse> {
        known(&request)?;
        Ok(Response::new(node::RemoveSavedSearchResponse {}))
    }
}
