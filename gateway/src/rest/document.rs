//! The OpenAPI document: generated from the handlers, its examples from the same
//! types that answer, so that neither can drift from the code.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{
    Modify,
    openapi::{
        OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    changes, conferences, drafts, imports, listings, matching, organisations, partners, records,
    saved_searches, search, statistics,
};
use crate::{problem::Problem, routes, texts::Lang};

/// `Authorization: Bearer …`
pub struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme(
            "token",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        );
    }
}

/// The document as text, with an example for each body.
pub fn with_examples(document: OpenApi) -> String {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    answer(&mut document, routes::API_LISTINGS, "get", &listings::Listings::example());
    answer(&mut document, routes::API_LISTINGS, "post", &listings::Published::example());
    answer(&mut document, routes::API_LISTING, "get", &listings::Listing::example());
    answer(&mut document, routes::API_SEARCH, "get", &search::Found::example());
    answer(&mut document, routes::API_FACETS, "get", &search::Facets::example());
    answer(&mut document, routes::API_SUGGEST, "get", &search::Suggestions::example());
    answer(&mut document, routes::API_MATCH, "get", &matching::Matches::example());
    answer(&mut document, routes::API_CHANGES, "get", &changes::EXAMPLE);
    answer(&mut document, routes::API_ORGANISATIONS, "get", &organisations::Organisations::example());
    answer(&mut document, routes::API_ORGANISATION, "get", &organisations::Organisation::example());
    answer(&mut document, routes::API_PARTNERS, "get", &partners::Partners::example());
    answer(&mut document, routes::API_PARTNER, "get", &partners::Partner::example());
    answer(&mut document, routes::API_CONFERENCES, "get", &conferences::Conferences::example());
    answer(&mut document, routes::API_CONFERENCE, "get", &conferences::Conference::example());
    answer(&mut document, routes::API_IMPORTS, "get", &imports::Imports::example());
    answer(&mut document, routes::API_IMPORTS, "post", &imports::Import::example());
    answer(&mut document, routes::API_IMPORT, "get", &imports::Import::example());
    answer(&mut document, routes::API_IMPORT, "put", &imports::Import::example());
    answer(&mut document, routes::API_IMPORT_START, "post", &imports::Import::example());
    answer(&mut document, routes::API_IMPORT_FAULTS, "get", &imports::ImportFaults::example());
    answer(&mut document, routes::API_IMPORT_FAULTS_CSV, "get", &imports::CSV_EXAMPLE);
    answer(&mut document, routes::API_IMPORT_LISTINGS, "get", &imports::ImportedListings::example());
    answer(&mut document, routes::API_STATISTICS, "get", &statistics::Statistics::example());
    answer(&mut document, routes::API_RECORD, "get", &records::Record::example());
    answer(&mut document, routes::API_PROOF, "get", &records::PROOF_EXAMPLE);
    answer(&mut document, routes::API_POLICY, "get", &records::POLICY_EXAMPLE);
    answer(&mut document, routes::API_DRAFTS, "get", &drafts::Drafts::example());
    answer(&mut document, routes::API_DRAFTS, "post", &drafts::Draft::example());
    answer(&mut document, routes::API_DRAFT, "get", &drafts::Draft::example());
    answer(&mut document, routes::API_DRAFT, "put", &drafts::Draft::example());
    answer(&mut document, routes::API_DRAFT_SUBMIT, "post", &drafts::Draft::example());
    answer(&mut document, routes::API_DRAFT_DECISION, "post", &drafts::Draft::example());
    answer(&mut document, routes::API_DRAFT_PUBLISH, "post", &drafts::Published::example());
    answer(&mut document, routes::API_SAVED_SEARCHES, "post", &saved_searches::Accepted::example());
    question(&mut document, routes::API_LISTINGS, "post", &listings::NewListing::example());
    question(&mut document, routes::API_LISTING_STATUS, "put", &drafts::Status::example());
    question(&mut document, routes::API_DRAFTS, "post", &drafts::DraftInput::example());
    question(&mut document, routes::API_DRAFT, "put", &drafts::DraftInput::example());
    question(&mut document, routes::API_DRAFT_DECISION, "post", &drafts::Decision::example());
    question(&mut document, routes::API_SAVED_SEARCHES, "post", &saved_searches::NewSearch::example());
    refusals(&mut document);
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

/// Sets the example of what a call takes.
fn question(document: &mut Value, path: &str, method: &str, example: &impl Serialize) {
    let pointer = format!("/paths/{}/{method}/requestBody/content/application~1json", escaped(path));
    if let Some(body) = document.pointer_mut(&pointer) {
        body["example"] = json!(example);
    }
}

/// Sets the example of what a call answers if all is well.
fn answer(document: &mut Value, path: &str, method: &str, example: &impl Serialize) {
    let pointer = format!("/paths/{}/{method}/responses", escaped(path));
    let Some(responses) = document.pointer_mut(&pointer).and_then(Value::as_object_mut) else { return };
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        set(response, &json!(example));
    }
}

/// Sets the example of every refusal.
fn refusals(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    let operations = paths.values_mut().filter_map(Value::as_object_mut).flat_map(|path| path.values_mut());
    for operation in operations {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        for (status, response) in responses.iter_mut().filter(|(status, _)| !status.starts_with('2')) {
            let problem = match status.as_str() {
                "401" => Problem::named("unauthenticated"),
                "403" => Problem::with_status(StatusCode::FORBIDDEN, "request.foreign_origin"),
                "404" => Problem::not_found(),
                "409" => Problem::named("idempotency.conflict"),
                "412" => Problem::named("draft.changed").at("If-Match"),
                "428" => {
                    Problem::with_status(StatusCode::PRECONDITION_REQUIRED, "request.if_match").at("If-Match")
                }
                "429" => Problem::named("rate.limited"),
                "501" => Problem::named("mail.none"),
                "413" => Problem::named("input.too_large"),
                "415" => Problem::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "request.media_type"),
                _ => Problem::named("field.required").at("roles[0].title"),
            };
            set(response, &json!(problem.body(Lang::of("en"))));
        }
    }
}

fn set(response: &mut Value, example: &Value) {
    let Some(contents) = response.get_mut("content").and_then(Value::as_object_mut) else { return };
    for content in contents.values_mut() {
        content["example"] = example.clone();
    }
}

/// A path as a part of a JSON pointer (RFC 6901).
fn escaped(path: &str) -> String {
    path.replace('~', "~0").replace('/', "~1")
}
