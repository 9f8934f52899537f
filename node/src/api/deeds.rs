//! The log of what accounts did, for operators and auditors.

use std::collections::BTreeMap;

use volbridge_proto::{Code, SubjectId, wire::node::v1 as wire};

use super::{Api, accounts::role_views, request};
use crate::{
    error::Error,
    people::roles::Role,
    store::{
        accounts::{self, AccountId},
        events::{self, Deed, What},
    },
    views::page,
};

/// Up to a page of it, newest first.
pub(super) async fn list(
    api: &Api,
    request: &wire::AccountLogRequest,
) -> Result<wire::AccountLogResponse, Error> {
    let limit = page::limit(request.limit)?;
    let of = match request.account.as_slice() {
        [] => None,
        bytes => Some(request::bytes(bytes, "account")?),
    };
    let before = match request.cursor.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Error::new(Code::CursorInvalid).at("cursor"))?),
    };
    let mut rows = events::newest(&api.context.db, of, before, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|(number, _)| number.to_string()).unwrap_or_default();
    let mut views = Views { api, names: BTreeMap::new() };
    let mut shown = Vec::with_capacity(rows.len());
    for (_, deed) in rows {
        shown.push(views.deed(deed).await?);
    }
    Ok(wire::AccountLogResponse { events: shown, next_cursor })
}

/// Deeds as messages; names are looked up once.
struct Views<'a> {
    api: &'a Api,
    names: BTreeMap<AccountId, wire::AccountName>,
}

impl Views<'_> {
    async fn deed(&mut self, deed: Deed) -> Result<wire::AccountEvent, Error> {
        let mut event = wire::AccountEvent {
            at: deed.at.as_millis(),
            doer: deed.doer.as_str().to_owned(),
            account: self.name(deed.doer.account()).await?,
            what: deed.what.as_str().to_owned(),
            about: self.name(deed.about).await?,
            address: deed.address,
            ..wire::AccountEvent::default()
        };
        match deed.what {
            What::Invited | What::InvitationRevoked | What::Joined | What::Reopened | What::RolesChanged => {
                let roles: Vec<Role> = serde_json::from_str(&deed.detail).map_err(corrupt)?;
                event.roles = role_views(self.api, &roles).await?;
            }
            What::SignedIn | What::SignInRefused | What::SignInSlowed | What::WayAdded | What::WayRemoved => {
                event.way = deed.detail;
            }
            What::TokenMade | What::TokenUsed | What::TokenRevoked => event.token = deed.detail,
            What::DraftSubmitted
            | What::DraftApproved
            | What::DraftReturned
            | What::DraftPublished
            | What::DraftDiscarded => {
                event.listing = deed.detail.parse::<SubjectId>().map_err(corrupt)?.to_vec();
            }
            What::SignedOut | What::SessionsEnded | What::Locked | What::Unlocked | What::Restored => {}
        }
        Ok(event)
    }

    async fn name(&mut self, account: Option<AccountId>) -> Result<Option<wire::AccountName>, Error> {
        let Some(id) = account else { return Ok(None) };
        if let Some(name) = self.names.get(&id) {
            return Ok(Some(name.clone()));
        }
        let row = accounts::by_id(&self.api.context.db, id).await?;
        let (login, name) = row.map(|row| (row.login, row.name)).unwrap_or_default();
        let name = wire::AccountName { id: id.to_vec(), login, name };
        self.names.insert(id, name.clone());
        Ok(Some(name))
    }
}

fn corrupt(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::StoreCorrupt).because(error)
}
