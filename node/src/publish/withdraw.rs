//! Taking back own records.

use std::{collections::BTreeSet, sync::Arc};

use volbridge_proto::{
    Code, RecordId, SubjectId, kinds,
    record::{canonical, limits, withdraw::is_withdrawable},
    tlog::entry::Class,
    wire::record::v1 as wire,
};

use super::{Draft, Idempotency, PublishedRecord, group::records_at};
use crate::{
    context::Context,
    error::Error,
    store::{
        entries::{self, State},
        idempotency, revisions, withdrawals,
    },
};

/// What is taken back.
#[derive(Clone, Debug)]
pub enum Withdraw {
    /// These records.
    Records(Vec<RecordId>),
    /// All revisions of an own subject.
    Subject(SubjectId),
}

impl Context {
    /// Publishes the Withdrawal of own records; they are erased here when it returns.
    ///
    /// # Errors
    /// `not_found` if a record isn't held in the own log, `withdrawal.kind` if it can't be withdrawn.
    pub async fn withdraw(
        self: &Arc<Self>,
        what: Withdraw,
        reason: &str,
        idempotency: Option<Idempotency>,
    ) -> Result<PublishedRecord, Error> {
        let drafts = match self.withdrawals(what, reason).await {
            Ok(drafts) => drafts,
            // Withdrawn already: by this very request, whose answer was lost?
            Err(refused) => return self.withdrawn_before(idempotency).await?.ok_or(refused),
        };
        let records = self.publish(drafts, idempotency).await?;
        records.first().copied().ok_or_else(|| Error::new(Code::Internal))
    }

    /// What this request made when it first came, if it did.
    async fn withdrawn_before(
        &self,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<PublishedRecord>, Error> {
        let Some(asked) = idempotency else { return Ok(None) };
        let known = idempotency::find(&self.db, &[&asked.key]).await?.remove(&asked.key);
        let Some(known) = known.filter(|known| known.request == asked.request) else { return Ok(None) };
        Ok(records_at(&self.db, self, &known.indexes).await?.first().copied())
    }

    /// The Withdrawals that name these records.
    async fn withdrawals(&self, what: Withdraw, reason: &str) -> Result<Vec<Draft>, Error> {
        let ids = match what {
            Withdraw::Records(ids) => ids,
            Withdraw::Subject(subject) => {
                let rows = revisions::of_subject(&self.db, self.own.id.partner, subject).await?;
                rows.into_iter().map(|row| row.revision.id).collect()
            }
        };
        let (mut public, mut named) = (BTreeSet::new(), BTreeSet::new());
        for id in ids {
            match self.withdrawable(&id).await? {
                Class::Public => public.insert(id),
                Class::Named => named.insert(id),
            };
        }
        let mut drafts = Vec::new();
        for (ids, reason) in [(public, reason), (named, "")] {
            let ids: Vec<Vec<u8>> = ids.into_iter().map(RecordId::to_vec).collect();
            for ids in ids.chunks(limits::WITHDRAWN) {
                let withdrawal = wire::Withdrawal { ids: ids.to_vec(), reason: reason.to_owned() };
                let payload = canonical::encode(&withdrawal, "Withdrawal")?;
                drafts.push(Draft::public(kinds::withdrawal::KIND, payload));
            }
        }
        if drafts.is_empty() {
            return Err(Error::new(Code::NotFound));
        }
        Ok(drafts)
    }

    async fn withdrawable(&self, id: &RecordId) -> Result<Class, Error> {
        let not_found = || Error::new(Code::NotFound).with("record", id);
        let row = entries::find_in(&self.db, self.own.number, *id).await?.ok_or_else(not_found)?;
        // A body that went with its source is still owed a Withdrawal; one that was withdrawn isn't.
        let withdrawn = withdrawals::find(&self.db, &[self.own.number], *id).await?.is_some();
        if withdrawn || row.state == State::Erased {
            return Err(Error::new(Code::RecordErased).with("record", id));
        }
        let revision = revisions::at(&self.db, self.own.number, row.index).await?;
        if revision.is_some_and(|revision| !is_withdrawable(&revision.kind)) {
            return Err(Error::new(Code::WithdrawalKind).with("record", id));
        }
        row.parsed().map(|leaf| leaf.class).ok_or_else(not_found)
    }
}
