//! JSON-LD: `/listings.jsonld` and each listing's `/listings/{id}/about.jsonld`, in the words of schema.org, or with
//! `?vocabulary=uk` in those of the British volunteering data standard. A link in the page's head leads there, for the
//! content policy lets no script stand in a page.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use volbridge_formats::{Entry, activity, schema_org};
use volbridge_proto::{
    error::Code,
    id::{PartnerId, SubjectId},
    wire::node::v1 as node,
};

use super::{
    entry::entry,
    inline,
    walk::{Walk, Wish},
};
use crate::{
    app::App,
    extract::{Path, Query},
    problem::Problem,
    shell::Shell,
};

/// Listings of one document, which is read as a whole.
const MOST: usize = 1_000;

/// In whose words.
#[derive(Deserialize)]
pub struct Words {
    #[serde(default)]
    vocabulary: String,
    partner: Option<PartnerId>,
}

impl Words {
    fn british(&self) -> Result<bool, Problem> {
        match self.vocabulary.as_str() {
            "" | "schema.org" => Ok(false),
            "uk" => Ok(true),
            _ => Err(Problem::invalid("vocabulary")),
        }
    }
}

/// `GET /listings.jsonld`
pub async fn all(Query(words): Query<Words>, wish: Wish) -> Result<Response, Problem> {
    let british = words.british()?;
    let mut walk = Walk::begin(wish, MOST)?;
    let entries = walk.all().await?;
    let language = walk.ui().lang.tag();
    let document = if british {
        activity::encode_all(&entries, &language)
    } else {
        schema_org::encode_all(&entries, &language)
    };
    answer(&document)
}

/// `GET /listings/{id}/about.jsonld`
pub async fn one(
    State(app): State<App>,
    ui: Shell,
    Path(id): Path<SubjectId>,
    Query(words): Query<Words>,
) -> Result<Response, Problem> {
    let request = node::GetSubjectRequest {
        subject: id.to_vec(),
        partner: words.partner.map(PartnerId::to_vec).unwrap_or_default(),
    };
    let view = app.node().listing(request).await?;
    let entry: Entry = entry(view, &ui).ok_or_else(Problem::not_found)?;
    let language = ui.lang.tag();
    answer(&if words.british()? {
        activity::encode(&entry, &language)
    } else {
        schema_org::encode(&entry, &language)
    })
}

fn answer(document: &serde_json::Value) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(document).map_err(|_| Problem::new(Code::Internal))?;
    Ok(inline(schema_org::MEDIA_TYPE, bytes))
}
