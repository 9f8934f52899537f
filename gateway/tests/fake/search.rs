//! The service `Search` over the canned data: plain loops instead of an index.

use std::collections::BTreeMap;

use tonic::{Request, Response, async_trait};
use volbridge_proto::{
    error,
    wire::node::v1::{self as node, search_server::Search},
};

use super::{
    Fake,
    services::{Answer, problem},
};

#[async_trait]
impl Search for Fake {
    async fn listings(
        &self,
        request: Request<node::SearchListingsRequest>,
    ) -> Answer<node::SearchListingsResponse> {
        let asked = request.into_inner();
        let query = asked.query.clone().unwrap_or_default();
        let start = match asked.cursor.as_str() {
            "" => 0,
            cursor => cursor.parse().map_err(|_| problem(error::Code::CursorInvalid, "cursor"))?,
        };
        let mut shared = self.shared.lock().unwrap();
        shared.searched.push(asked.clone());
        let incomplete = shared.index_is_built_anew;
        let all = &shared.listings;
        let hits: Vec<&node::ListingView> = all.iter().filter(|view| fits(view, &query, "")).collect();
        let limit = if asked.limit == 0 { 20 } else { asked.limit as usize };
        let facets = if asked.facets { facets(all, &query, &asked.facet_names) } else { Vec::new() };
        Ok(Response::new(node::SearchListingsResponse {
            total: hits.len() as u64,
            next_cursor: if hits.len() > start + limit { (start + limit).to_string() } else { String::new() },
            hits: hits
                .into_iter()
                .skip(start)
                .take(limit)
                .map(|view| node::ListingHit { listing: Some(view.clone()), km: query.near.map_or(0, |_| 7) })
                .collect(),
            facets,
            incomplete,
        }))
    }

    async fn suggest(&self, request: Request<node::SuggestRequest>) -> Answer<node::SuggestResponse> {
        let typed = request.into_inner().text.to_lowercase();
        let shared = self.shared.lock().unwrap();
        let titles = shared.listings.iter().flat_map(|view| &view.texts).map(|text| &text.fields["title"]);
        let words = titles.flat_map(|title| title.split(' ')).map(str::to_lowercase);
        let mut words: Vec<String> = words.filter(|word| word.starts_with(&typed)).collect();
        words.sort();
        words.dedup();
        Ok(Response::new(node::SuggestResponse { words }))
    }

    async fn r#match(&self, request: Request<node::MatchRequest>) -> Answer<node::MatchResponse> {
        let asked = request.into_inner();
        let shared = self.shared.lock().unwrap();
        let mut listings: Vec<node::MatchedListing> =
            shared.listings.iter().map(|view| matched(view, &asked)).collect();
        listings.sort_by_key(|found| std::cmp::Reverse(found.score));
        Ok(Response::new(node::MatchResponse { listings }))
    }
}

fn matched(view: &node::ListingView, asked: &node::MatchRequest) -> node::MatchedListing {
    let source = view.source.as_ref().unwrap();
    let mut reasons = Vec::new();
    let mut reason = |code: &str, met: bool, values: Vec<String>| {
        reasons.push(node::MatchReason { code: code.to_owned(), met, values });
    };
    let skills = source.roles[0].skills.clone();
    if !asked.skills.is_empty() {
        reason("skill", skills.iter().any(|skill| asked.skills.contains(skill)), skills);
    }
    for language in &source.roles[0].languages {
        let met = asked.languages.iter().any(|known| language.language.starts_with(&known.language));
        if !asked.languages.is_empty() {
            reason("language", met, vec![language.language.split('-').next().unwrap().to_owned()]);
        }
    }
    if !asked.countries.is_empty() {
        let country = country(view);
        reason("place", asked.countries.contains(&country), vec![country]);
    }
    if !asked.from.is_empty() {
        let days = vec![source.starts_on.clone(), source.ends_on.clone()];
        reason("dates", source.starts_on >= asked.from, days);
    }
    let met = reasons.iter().filter(|reason| reason.met).count();
    let score = (met * 100).checked_div(reasons.len()).unwrap_or(0) as u32;
    node::MatchedListing { listing: Some(view.clone()), role: 1, score, reasons }
}

fn country(view: &node::ListingView) -> String {
    let place = view.source.as_ref().unwrap().place.as_ref();
    place.map_or_else(|| "online".to_owned(), |place| place.country.clone())
}

/// The values of a listing for a facet.
fn values(view: &node::ListingView, facet: &str) -> Vec<String> {
    let source = view.source.as_ref().unwrap();
    match facet {
        "countries" => vec![country(view)],
        "sdgs" => source.sdgs.iter().map(u32::to_string).collect(),
        "skills" => source.roles.iter().flat_map(|role| role.skills.clone()).collect(),
        "languages" => {
            let languages = source.roles.iter().flat_map(|role| &role.languages);
            languages.map(|skill| skill.language.split('-').next().unwrap().to_owned()).collect()
        }
        "modalities" => vec![if source.place.is_some() { "onsite" } else { "online" }.to_owned()],
        "months" => vec![source.starts_on[..7].to_owned()],
        "partners" => vec![hex::encode(&view.partner.as_ref().unwrap().id)],
        "causes" => source.causes.clone(),
        _ => Vec::new(),
    }
}

fn chosen(query: &node::ListingQuery, facet: &str) -> Vec<String> {
    match facet {
        "countries" => query.countries.clone(),
        "sdgs" => query.sdgs.iter().map(u32::to_string).collect(),
        "skills" => query.skills.clone(),
        "languages" => query.languages.clone(),
        "modalities" => query.modalities.clone(),
        "months" => query.months.clone(),
        "partners" => query.partners.iter().map(hex::encode).collect(),
        "causes" => query.causes.clone(),
        _ => Vec::new(),
    }
}

const FACETS: [&str; 8] =
    ["countries", "sdgs", "skills", "languages", "modalities", "months", "partners", "causes"];

/// Whether a listing fits, whatever was chosen of one facet.
fn fits(view: &node::ListingView, query: &node::ListingQuery, except: &str) -> bool {
    let chosen = FACETS.iter().filter(|facet| **facet != except).all(|facet| {
        let wanted = chosen(query, facet);
        wanted.is_empty() || values(view, facet).iter().any(|value| wanted.contains(value))
    });
    let words = query.text.to_lowercase();
    let text = view.texts.iter().any(|text| text.fields["title"].to_lowercase().contains(&words))
        || view
            .source
            .as_ref()
            .unwrap()
            .place
            .as_ref()
            .is_some_and(|place| place.city.to_lowercase() == words);
    let organisation = view.source.as_ref().unwrap().organisation == query.organisation;
    chosen && (words.is_empty() || text) && (query.organisation.is_empty() || organisation)
}

fn facets(all: &[node::ListingView], query: &node::ListingQuery, wanted: &[String]) -> Vec<node::Facet> {
    let wanted = FACETS.iter().filter(|facet| wanted.is_empty() || wanted.iter().any(|name| name == *facet));
    wanted
        .map(|facet| {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for view in all.iter().filter(|view| fits(view, query, facet)) {
                let mut values = values(view, facet);
                values.sort();
                values.dedup();
                for value in values {
                    *counts.entry(value).or_default() += 1;
                }
            }
            let counts = counts.into_iter().map(|(value, count)| node::FacetCount { value, count });
            let mut counts: Vec<_> = counts.collect();
            counts.sort_by_key(|count| std::cmp::Reverse(count.count));
            node::Facet { name: (*facet).to_owned(), counts }
        })
        .collect()
}
