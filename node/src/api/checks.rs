//! Checks of this partner's organisations.

use std::collections::BTreeMap;

use tonic::{Request, Response, Status};
use volbridge_proto::{
    SubjectId,
    wire::node::v1::{self as wire, checks_server::Checks},
};

use super::{Api, answer, organisations::organisation_view, permit::Caller, request};
use crate::{
    desk::check::{self, Seen},
    error::Error,
    store::{
        accounts::{self, AccountId},
        notes,
    },
    views::{
        NamedCursor,
        organisations::{self, Due},
        page,
    },
};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

#[tonic::async_trait]
impl Checks for Api {
    async fn list(
        &self,
        request: Request<wire::ListChecksRequest>,
    ) -> Result<Response<wire::ListChecksResponse>, Status> {
        let caller = self.permit("Checks.List", request.metadata()).await?;
        answer(list(self, caller, &request.into_inner()).await)
    }

    async fn get(
        &self,
        request: Request<wire::GetCheckRequest>,
    ) -> Result<Response<wire::CheckView>, Status> {
        let caller = self.permit("Checks.Get", request.metadata()).await?;
        answer(get(self, caller, &request.into_inner().organisation).await)
    }

    async fn note(
        &self,
        request: Request<wire::NoteCheckRequest>,
    ) -> Result<Response<wire::CheckView>, Status> {
        let caller = self.permit("Checks.Note", request.metadata()).await?;
        answer(note(self, caller, request.into_inner()).await)
    }

    async fn publish(
        &self,
        request: Request<wire::PublishCheckRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Checks.Publish", request.metadata()).await?;
        answer(publish(self, caller, request.into_inner()).await)
    }
}

async fn list(
    api: &Api,
    caller: Caller,
    request: &wire::ListChecksRequest,
) -> Result<wire::ListChecksResponse, Error> {
    let limit = page::limit(request.limit)?;
    let after = NamedCursor::parse(&request.cursor)?;
    let mut reading = api.read(caller).await?;
    let due = if request.unchecked {
        Due::Unchecked
    } else {
        Due::Until(reading.now.plus(check::REMIND_DAYS * DAY_MS).date())
    };
    let own = api.context.own;
    let found = organisations::due(&reading.tx, (own.number, own.id.partner), due, after.as_ref(), limit);
    let found = found.await?;
    let mut views = Vec::with_capacity(found.rows.len());
    for organisation in &found.rows {
        views.push(organisation_view(&mut reading, organisation, None).await?);
    }
    Ok(wire::ListChecksResponse { organisations: views, next_cursor: found.next })
}

async fn get(api: &Api, caller: Caller, organisation: &[u8]) -> Result<wire::CheckView, Error> {
    let subject: SubjectId = request::required(organisation, "organisation")?;
    let found = check::organisation(&api.context, subject).await?;
    let notes = notes::of(&api.context.db, subject, check::NOTES).await?;
    let mut names: BTreeMap<AccountId, String> = BTreeMap::new();
    let mut told = Vec::with_capacity(notes.len());
    for note in notes {
        if let Some(id) = note.account.filter(|id| !names.contains_key(id)) {
            let account = accounts::by_id(&api.context.db, id).await?;
            names.insert(id, account.map(|row| row.name).unwrap_or_default());
        }
        let by = note.account.and_then(|id| names.get(&id).cloned()).unwrap_or_default();
        told.push(wire::CheckNote {
            what: note.what,
            note: note.note,
            seen_on: note.seen_on,
            by,
            at: note.at.as_millis(),
        });
    }
    let mut reading = api.read(caller).await?;
    let view = organisation_view(&mut reading, &found, None).await?;
    Ok(wire::CheckView { organisation: Some(view), notes: told })
}

async fn note(api: &Api, caller: Caller, request: wire::NoteCheckRequest) -> Result<wire::CheckView, Error> {
    let subject: SubjectId = request::required(&request.organisation, "organisation")?;
    let seen = Seen { what: request.what, note: request.note, on: request.seen_on };
    check::note(&api.context, subject, seen, caller.account()).await?;
    get(api, caller, &request.organisation).await
}

async fn publish(
    api: &Api,
    caller: Caller,
    mut request: wire::PublishCheckRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Checks.Publish", &mut request, |request| &mut request.idempotency_key)?;
    let subject: SubjectId = request::required(&request.organisation, "organisation")?;
    let record = check::publish(&api.context, subject, &request.valid_until, idempotency).await?;
    api.published(caller, &record).await
}
