//! Drafts over the canned data: stored, handed in, decided on and published.

use tonic::{Request, Response, Status, async_trait};
use volbridge_proto::{
    error::Code,
    kinds,
    wire::node::v1::{self as node, desk_server::Desk},
};

use super::{
    Fake, NOW, data,
    services::{Answer, problem},
};

impl Fake {
    fn change(&self, step: &node::DraftStep, state: &str) -> Result<node::Draft, Status> {
        let mut shared = self.shared.lock().unwrap();
        let draft = shared.drafts.iter_mut().find(|draft| draft.id == step.id);
        let draft = draft.ok_or_else(|| problem(Code::NotFound, ""))?;
        if draft.version != step.version {
            return Err(problem(Code::DraftChanged, "version"));
        }
        draft.version += 1;
        draft.state = state.to_owned();
        Ok(draft.clone())
    }
}

fn faults(draft: &node::Draft) -> Vec<node::DraftFault> {
    let listing = draft.listing.clone().unwrap_or_default();
    let faults = kinds::listing::validate(&listing).into_iter();
    let fault = |field: String, code: Code| node::DraftFault {
        field,
        code: code.as_str().to_owned(),
        params: Default::default(),
    };
    faults.map(|refusal| fault(refusal.field.clone(), refusal.code)).collect()
}

#[async_trait]
impl Desk for Fake {
    async fn list(&self, request: Request<node::ListDraftsRequest>) -> Answer<node::ListDraftsResponse> {
        self.caller(&request)?;
        let drafts = self.shared.lock().unwrap().drafts.clone();
        Ok(Response::new(node::ListDraftsResponse { drafts, next_cursor: String::new() }))
    }

    async fn get(&self, request: Request<node::GetDraftRequest>) -> Answer<node::Draft> {
        self.caller(&request)?;
        let id = request.into_inner().id;
        let found = self.shared.lock().unwrap().drafts.iter().find(|draft| draft.id == id).cloned();
        found.map(Response::new).ok_or_else(|| problem(Code::NotFound, ""))
    }

    async fn save(&self, request: Request<node::SaveDraftRequest>) -> Answer<node::Draft> {
        let account = self.caller(&request)?;
        let asked = request.into_inner();
        let mut shared = self.shared.lock().unwrap();
        let next = shared.drafts.len() as u8 + 1;
        let review_needed = shared.review;
        let mut draft = match shared.drafts.iter().find(|draft| draft.id == asked.id) {
            Some(draft) if draft.version != asked.version => {
                return Err(problem(Code::DraftChanged, "version"));
            }
            Some(draft) => draft.clone(),
            None => node::Draft {
                id: vec![next; 16],
                subject: vec![next; 16],
                state: "draft".to_owned(),
                author: account.name.clone(),
                created_at: NOW,
                review_needed,
                may_edit: true,
                may_review: account.roles.iter().any(|role| role.name != "editor"),
                ..Default::default()
            },
        };
        draft.version += 1;
        draft.changed_by = account.name;
        draft.changed_at = NOW;
        draft.organisation = asked.organisation;
        draft.listing = asked.listing;
        draft.translation = asked.translation;
        draft.faults = faults(&draft);
        shared.drafts.retain(|other| other.id != draft.id);
        shared.drafts.push(draft.clone());
        Ok(Response::new(draft))
    }

    async fn begin(&self, request: Request<node::BeginDraftRequest>) -> Answer<node::Draft> {
        self.caller(&request)?;
        let asked = request.get_ref().clone();
        self.note(format!("begin copy={} of {}", asked.copy, asked.listing.len()));
        let source =
            self.shared.lock().unwrap().listings.iter().find(|view| view.subject == asked.listing).cloned();
        let source = source.and_then(|view| view.source).ok_or_else(|| problem(Code::NotFound, "listing"))?;
        let save = node::SaveDraftRequest {
            organisation: source.organisation.clone(),
            listing: Some(source),
            ..Default::default()
        };
        let mut again = Request::new(save);
        *again.metadata_mut() = request.metadata().clone();
        self.save(again).await
    }

    async fn list_templates(
        &self,
        request: Request<node::ListTemplatesRequest>,
    ) -> Answer<node::ListTemplatesResponse> {
        self.caller(&request)?;
        let templates = self.shared.lock().unwrap().templates.clone();
        Ok(Response::new(node::ListTemplatesResponse { templates }))
    }

    async fn save_template(&self, request: Request<node::SaveTemplateRequest>) -> Answer<node::Template> {
        self.caller(&request)?;
        let asked = request.into_inner();
        let template = node::Template { id: asked.draft, name: asked.name, ..Default::default() };
        self.shared.lock().unwrap().templates.push(template.clone());
        Ok(Response::new(template))
    }

    async fn remove_template(
        &self,
        request: Request<node::RemoveTemplateRequest>,
    ) -> Answer<node::RemoveTemplateResponse> {
        self.caller(&request)?;
        let id = request.into_inner().id;
        self.shared.lock().unwrap().templates.retain(|template| template.id != id);
        Ok(Response::new(node::RemoveTemplateResponse {}))
    }

    async fn submit(&self, request: Request<node::DraftStep>) -> Answer<node::Draft> {
        self.caller(&request)?;
        let state = if self.shared.lock().unwrap().review { "in_review" } else { "approved" };
        Ok(Response::new(self.change(request.get_ref(), state)?))
    }

    async fn decide(&self, request: Request<node::DecideDraftRequest>) -> Answer<node::Draft> {
        let account = self.caller(&request)?;
        let asked = request.into_inner();
        if !asked.approved && asked.remarks.is_empty() {
            return Err(problem(Code::FieldRequired, "remarks"));
        }
        let step = node::DraftStep { id: asked.id.clone(), version: asked.version };
        self.change(&step, if asked.approved { "approved" } else { "changes_asked" })?;
        let mut shared = self.shared.lock().unwrap();
        let draft = shared.drafts.iter_mut().find(|draft| draft.id == asked.id).unwrap();
        draft.remarks = asked.remarks;
        draft.decided_by = account.name;
        draft.publish_at = asked.publish_at;
        Ok(Response::new(draft.clone()))
    }

    async fn publish(&self, request: Request<node::DraftStep>) -> Answer<node::PublishedDraft> {
        self.caller(&request)?;
        let draft = self.change(request.get_ref(), "published")?;
        let partner = self.shared.lock().unwrap().partners[self.me].clone();
        let listing = node::Published {
            provenance: Some(data::provenance(&partner, 99)),
            subject: draft.subject.clone(),
        };
        Ok(Response::new(node::PublishedDraft {
            draft: Some(draft),
            listing: Some(listing),
            translation: None,
        }))
    }

    async fn discard(&self, request: Request<node::DraftStep>) -> Answer<node::DiscardDraftResponse> {
        self.caller(&request)?;
        let id = request.into_inner().id;
        self.shared.lock().unwrap().drafts.retain(|draft| draft.id != id);
        Ok(Response::new(node::DiscardDraftResponse {}))
    }

    async fn set_status(&self, request: Request<node::SetStatusRequest>) -> Answer<node::SetStatusResponse> {
        self.caller(&request)?;
        let asked = request.into_inner();
        self.note(format!("set_status {} {}", asked.status, asked.listings.len()));
        let partner = self.shared.lock().unwrap().partners[self.me].clone();
        let change = |subject: &Vec<u8>| node::StatusChange {
            listing: subject.clone(),
            published: Some(node::Published {
                provenance: Some(data::provenance(&partner, 98)),
                subject: subject.clone(),
            }),
            fault: None,
        };
        Ok(Response::new(node::SetStatusResponse { changes: asked.listings.iter().map(change).collect() }))
    }
}
