//! Named contents that listings begin with.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use volbridge_proto::wire::node::v1 as node;

use super::id_of;
use crate::{extract::Form, names, problem::Problem, routes, session::Signed, shell::Shell};

/// A template on the desk.
pub struct TemplateRow {
    pub id: String,
    pub name: String,
    /// Whose; empty: everybody's here.
    pub organisation: String,
}

/// What there is for whoever is signed in.
pub async fn all(signed: &Signed, ui: &Shell) -> Result<Vec<TemplateRow>, Problem> {
    if !signed.has(&["editor", "administrator", "operator"]) {
        return Ok(Vec::new());
    }
    let answer = signed.client.templates(node::ListTemplatesRequest {}).await?;
    let row = |template: &node::Template| TemplateRow {
        id: hex::encode(&template.id),
        name: template.name.clone(),
        organisation: names::local(&template.organisation_names, ui.lang)
            .map(|name| name.text.clone())
            .unwrap_or_default(),
    };
    Ok(answer.templates.iter().map(row).collect())
}

/// One template.
#[derive(Deserialize)]
pub struct Which {
    #[serde(default)]
    id: String,
}

/// `POST /desk/templates/begin`
pub async fn begin(signed: Signed, Form(which): Form<Which>) -> Result<Response, Problem> {
    let request = node::BeginDraftRequest { template: id_of(&which.id)?, ..Default::default() };
    let draft = signed.client.begin_draft(request).await?;
    Ok(Redirect::to(&routes::desk_draft(hex::encode(&draft.id))).into_response())
}

/// What is kept, and under which name.
#[derive(Deserialize)]
pub struct Kept {
    #[serde(default)]
    draft: String,
    #[serde(default)]
    name: String,
    /// `true`: for everybody here.
    #[serde(default)]
    whole: String,
}

/// `POST /desk/templates/save`
pub async fn save(signed: Signed, Form(kept): Form<Kept>) -> Result<Response, Problem> {
    let draft = id_of(&kept.draft)?;
    let request = node::SaveTemplateRequest { draft, name: kept.name, whole: kept.whole == "true" };
    signed.client.save_template(request).await?;
    Ok(Redirect::to(&format!("{}?done=template", routes::desk())).into_response())
}

/// `POST /desk/templates/remove`
pub async fn remove(signed: Signed, Form(which): Form<Which>) -> Result<Response, Problem> {
    let request = node::RemoveTemplateRequest { id: id_of(&which.id)? };
    signed.client.remove_template(request).await?;
    Ok(Redirect::to(&format!("{}?done=template-removed", routes::desk())).into_response())
}
