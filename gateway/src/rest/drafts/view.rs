//! A draft as the API takes and answers it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use volbridge_proto::wire::node::v1 as node;

use super::super::{
    Names, RecordRef, example_names,
    listings::{PartialListing, local, page},
};
use super::Remark;
use crate::{app::App, locale, names, problem::Problem};

/// What a draft holds.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftInput {
    /// It needn't be complete.
    listing: PartialListing,
    /// In the other language, written by hand.
    #[serde(default)]
    translation: Option<Translation>,
}

/// The same texts in another language.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Translation {
    /// Tag: `zh-CN`, `en`.
    language: String,
    /// By the field that they render: `title`, `roles.1.tasks`.
    fields: BTreeMap<String, String>,
}

/// A draft.
#[derive(Debug, Serialize, ToSchema)]
pub struct Draft {
    /// 32 hex digits.
    id: String,
    version: u64,
    /// `draft`, `in_review`, `changes_asked`, `approved`, `published`
    state: String,
    organisation_names: Names,
    /// UUID of the listing that it becomes.
    listing_id: String,
    /// That listing is published already.
    revises: bool,
    listing: PartialListing,
    translation: Option<Translation>,
    /// Why it can't be published as it is.
    faults: Vec<Fault>,
    /// Of the last review.
    remarks: Vec<Remark>,
    /// Fields that differ from what was handed in before, or is published.
    changed: Vec<String>,
    /// Names of people.
    author: String,
    changed_by: String,
    decided_by: String,
    /// RFC 3339
    created_at: String,
    changed_at: String,
    /// When it is to be published; `null`: when somebody says so.
    publish_at: Option<String>,
    /// Whether somebody else has to approve it.
    review_needed: bool,
    /// Whether the token may change it, and decide on it.
    may_edit: bool,
    may_review: bool,
}

/// One of the reasons why a draft can't be published.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fault {
    /// `title`, `roles[0].slots`, `translation.summary`
    field: String,
    /// Stable, dotted name.
    code: String,
    params: BTreeMap<String, String>,
}

/// Drafts, the newest change first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Drafts {
    pub items: Vec<Draft>,
    /// Hand it back as `cursor`; `null`: no more.
    pub next_cursor: Option<String>,
}

/// What a draft became, durable.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedDraft)]
pub struct Published {
    draft: Draft,
    /// UUID of the listing.
    id: String,
    record: RecordRef,
    /// The translation's record.
    translation: Option<RecordRef>,
    url: String,
}

impl DraftInput {
    pub fn into_wire(self) -> Result<node::SaveDraftRequest, Problem> {
        let (organisation, listing) = self.listing.into_wire().map_err(|problem| {
            let field = format!("listing.{}", problem.field);
            problem.at(&field)
        })?;
        let translation = self.translation.map(|given| node::DraftTranslation {
            language: given.language,
            fields: given.fields.into_iter().collect(),
        });
        Ok(node::SaveDraftRequest {
            organisation,
            listing: Some(listing),
            translation,
            ..node::SaveDraftRequest::default()
        })
    }

    pub fn example() -> Self {
        Self { listing: PartialListing::example(), translation: Some(Translation::example()) }
    }
}

impl Translation {
    fn example() -> Self {
        let fields = [("title", "英文版翻译志愿者"), ("summary", "把招募信息译成英文。")];
        Self {
            language: "zh-CN".to_owned(),
            fields: fields.map(|(field, text)| (field.to_owned(), text.to_owned())).into(),
        }
    }
}

impl Draft {
    pub fn new(draft: &node::Draft) -> Self {
        let translation = draft.translation.as_ref().map(|given| Translation {
            language: given.language.clone(),
            fields: given.fields.clone().into_iter().collect(),
        });
        let fault = |fault: &node::DraftFault| Fault {
            field: fault.field.clone(),
            code: fault.code.clone(),
            params: fault.params.clone().into_iter().collect(),
        };
        let remark =
            |remark: &node::Remark| Remark { field: remark.field.clone(), text: remark.text.clone() };
        Self {
            id: hex::encode(&draft.id),
            version: draft.version,
            state: draft.state.clone(),
            organisation_names: local(&draft.organisation_names),
            listing_id: names::subject(&draft.subject),
            revises: draft.revises,
            listing: PartialListing::from_wire(&draft.listing.clone().unwrap_or_default()),
            translation,
            faults: draft.faults.iter().map(fault).collect(),
            remarks: draft.remarks.iter().map(remark).collect(),
            changed: draft.changed.clone(),
            author: draft.author.clone(),
            changed_by: draft.changed_by.clone(),
            decided_by: draft.decided_by.clone(),
            created_at: locale::iso(draft.created_at),
            changed_at: locale::iso(draft.changed_at),
            publish_at: (draft.publish_at > 0).then(|| locale::iso(draft.publish_at)),
            review_needed: draft.review_needed,
            may_edit: draft.may_edit,
            may_review: draft.may_review,
        }
    }

    pub fn example() -> Self {
        Self {
            id: "3f".repeat(16),
            version: 2,
            state: "in_review".to_owned(),
            organisation_names: example_names("社区青年汇", "Community Youth Club"),
            listing_id: "01930f6e-7c00-7000-8000-000000000001".to_owned(),
            revises: false,
            listing: PartialListing::example(),
            translation: Some(Translation::example()),
            faults: Vec::new(),
            remarks: Vec::new(),
            changed: Vec::new(),
            author: "李娜".to_owned(),
            changed_by: "李娜".to_owned(),
            decided_by: String::new(),
            created_at: "2026-11-24T08:00:00Z".to_owned(),
            changed_at: "2026-11-24T08:30:00Z".to_owned(),
            publish_at: None,
            review_needed: true,
            may_edit: true,
            may_review: false,
        }
    }
}

impl Drafts {
    pub fn example() -> Self {
        Self { items: vec![Draft::example()], next_cursor: None }
    }
}

impl Published {
    pub fn new(done: &node::PublishedDraft, app: &App) -> Self {
        let listing = done.listing.clone().unwrap_or_default();
        let id = names::subject(&listing.subject);
        Self {
            draft: Draft::new(&done.draft.clone().unwrap_or_default()),
            record: RecordRef::of(listing.provenance.as_ref()),
            translation: done.translation.as_ref().map(|made| RecordRef::of(made.provenance.as_ref())),
            url: page(app, &id),
            id,
        }
    }

    pub fn example() -> Self {
        let draft = Draft { state: "published".to_owned(), version: 4, revises: true, ..Draft::example() };
        Self {
            id: draft.listing_id.clone(),
            url: format!("https://portal.example.org/listings/{}", draft.listing_id),
            draft,
            record: RecordRef::example(),
            translation: None,
        }
    }
}

/// Why the node didn't do it.
pub fn problem(fault: node::DraftFault) -> Problem {
    let mut problem = Problem::named(&fault.code);
    problem.params = fault.params.into_iter().collect();
    problem
}
