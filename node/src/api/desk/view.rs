//! Drafts as messages, with why they can't be published as they are.

use std::collections::BTreeMap;

use prost::Message as _;
use volbridge_proto::{
    Code, Refusal, SubjectId,
    wire::{node::v1 as wire, record::v1 as record},
};

use super::{Api, Caller, edits, organisation::decides};
use crate::{
    desk::content,
    error::Error,
    store::{
        accounts::{self, AccountId},
        drafts::DraftRow,
    },
    views::organisations,
};

pub(super) fn fault(code: Code, field: String, params: Vec<(String, String)>) -> wire::DraftFault {
    wire::DraftFault { field, code: code.as_str().to_owned(), params: params.into_iter().collect() }
}

fn fault_of(refusal: Refusal) -> wire::DraftFault {
    fault(refusal.code, refusal.field, refusal.params)
}

/// Drafts as messages; names are looked up once.
pub(super) struct Views<'a> {
    api: &'a Api,
    caller: Caller,
    names: BTreeMap<AccountId, String>,
    organisations: BTreeMap<SubjectId, Vec<record::LocalText>>,
}

impl<'a> Views<'a> {
    pub(super) fn new(api: &'a Api, caller: Caller) -> Self {
        Self { api, caller, names: BTreeMap::new(), organisations: BTreeMap::new() }
    }

    pub(super) async fn draft(&mut self, row: DraftRow) -> Result<wire::Draft, Error> {
        let content = content::decode(&row.content)?;
        let before = match row.submitted.as_slice() {
            [] => None,
            bytes => Some(content::decode(bytes)?),
        };
        let remarks = wire::Remarks::decode(row.remarks.as_slice())
            .map_err(|error| Error::new(Code::StoreCorrupt).because(error))?;
        let rights = self.caller.over(&self.api.context.db, row.organisation).await?;
        Ok(wire::Draft {
            id: row.id.to_vec(),
            version: row.version,
            state: row.state.as_str().to_owned(),
            organisation: row.organisation.map(|subject| subject.to_vec()).unwrap_or_default(),
            organisation_names: self.organisation(row.organisation).await?,
            subject: row.subject.to_vec(),
            revises: row.revises,
            changed: before.map(|before| content::changed(&before, &content)).unwrap_or_default(),
            faults: content::faults(&content).into_iter().map(fault_of).collect(),
            may_review: decides(self.caller, &content, rights),
            record_of_organisation: content.organisation,
            listing: content.listing,
            translation: content.translation,
            remarks: remarks.remarks,
            author: self.name(row.author).await?,
            changed_by: self.name(row.changed_by).await?,
            decided_by: self.name(row.decided_by).await?,
            created_at: row.created_at.as_millis(),
            changed_at: row.changed_at.as_millis(),
            publish_at: row.publish_at.map_or(0, |at| at.as_millis()),
            review_needed: self.api.context.config.desk.review,
            may_edit: edits(rights),
        })
    }

    async fn name(&mut self, account: Option<AccountId>) -> Result<String, Error> {
        let Some(id) = account else { return Ok(String::new()) };
        if let Some(name) = self.names.get(&id) {
            return Ok(name.clone());
        }
        let name = accounts::by_id(&self.api.context.db, id).await?.map(|row| row.name).unwrap_or_default();
        self.names.insert(id, name.clone());
        Ok(name)
    }

    pub(super) async fn organisation(
        &mut self,
        subject: Option<SubjectId>,
    ) -> Result<Vec<record::LocalText>, Error> {
        let Some(subject) = subject else { return Ok(Vec::new()) };
        if let Some(names) = self.organisations.get(&subject) {
            return Ok(names.clone());
        }
        let key = (self.api.context.own.id.partner, subject);
        let found = organisations::among(&self.api.context.db, &[key]).await?;
        let names = found.get(&key).map(|found| found.content.names.clone()).unwrap_or_default();
        self.organisations.insert(subject, names.clone());
        Ok(names)
    }
}
