//! Listings from files: brought in pieces, looked at, published in the background.

use std::{collections::BTreeMap, time::Duration};

use futures::{FutureExt as _, StreamExt as _};
use prost::Message as _;
use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming};
use volbridge_proto::{
    Code, SubjectId, Timestamp,
    wire::node::v1::{self as wire, imports_server::Imports},
};

use super::{
    Api, answer,
    permit::{Caller, sees, works},
    request,
};
use crate::{
    error::Error,
    imports::{self, Incoming, OPEN, State, read::Format, rights},
    people::roles::Right,
    store::{
        accounts::{self, AccountId},
        imports::{self as store, Counts, ImportId, ImportRow},
    },
    views::page,
};

/// Bytes in one message.
const PIECE: usize = 1 << 20;
/// How long may pass between two.
const PAUSE: Duration = Duration::from_secs(30);
/// Letters of a file's name.
const NAME: usize = 200;
/// Headers whose meaning is said, and bytes of all that is said of a file.
const COLUMNS: usize = 1_024;
const SETTING: usize = 128 << 10;
/// How often a step is taken again that came in between two batches.
const TRIES: usize = 20;

#[tonic::async_trait]
impl Imports for Api {
    async fn upload(
        &self,
        request: Request<Streaming<wire::UploadImportRequest>>,
    ) -> Result<Response<wire::Import>, Status> {
        let caller = self.permit("Imports.Upload", request.metadata()).await?;
        answer(upload(self, caller, request.into_inner()).await)
    }

    async fn list(
        &self,
        request: Request<wire::ListImportsRequest>,
    ) -> Result<Response<wire::ListImportsResponse>, Status> {
        let caller = self.permit("Imports.List", request.metadata()).await?;
        answer(list(self, caller, &request.into_inner()).await)
    }

    async fn get(&self, request: Request<wire::ImportRequest>) -> Result<Response<wire::Import>, Status> {
        let caller = self.permit("Imports.Get", request.metadata()).await?;
        answer(get(self, caller, &request.into_inner()).await)
    }

    async fn configure(
        &self,
        request: Request<wire::ConfigureImportRequest>,
    ) -> Result<Response<wire::Import>, Status> {
        let caller = self.permit("Imports.Configure", request.metadata()).await?;
        answer(configure(self, caller, request.into_inner()).await)
    }

    async fn start(&self, request: Request<wire::ImportRequest>) -> Result<Response<wire::Import>, Status> {
        let caller = self.permit("Imports.Start", request.metadata()).await?;
        answer(start(self, caller, &request.into_inner()).await)
    }

    async fn cancel(
        &self,
        request: Request<wire::ImportRequest>,
    ) -> Result<Response<wire::CancelImportResponse>, Status> {
        let caller = self.permit("Imports.Cancel", request.metadata()).await?;
        answer(cancel(self, caller, &request.into_inner()).await)
    }

    async fn faults(
        &self,
        request: Request<wire::ImportPageRequest>,
    ) -> Result<Response<wire::ImportFaultsResponse>, Status> {
        let caller = self.permit("Imports.Faults", request.metadata()).await?;
        answer(faults(self, caller, &request.into_inner()).await)
    }

    async fn listings(
        &self,
        request: Request<wire::ImportPageRequest>,
    ) -> Result<Response<wire::ImportedListingsResponse>, Status> {
        let caller = self.permit("Imports.Listings", request.metadata()).await?;
        answer(listings(self, caller, &request.into_inner()).await)
    }
}

async fn upload(
    api: &Api,
    caller: Caller,
    mut pieces: Streaming<wire::UploadImportRequest>,
) -> Result<wire::Import, Error> {
    let broken = |status: Status| Error::new(Code::RequestInvalid).because(status.message().to_owned());
    let first = pieces.next().await.ok_or_else(|| Error::new(Code::FieldRequired).at("data"))?;
    let mut first = first.map_err(broken)?;
    let name = name(&first.name)?;
    let (setting, organisation) = setting(first.setting.take().unwrap_or_default(), &name)?;
    if !works(caller.over(&api.context.db, organisation).await?) {
        return Err(Error::new(Code::PermissionDenied).at("setting.organisation"));
    }
    if store::open(&api.context.db).await? >= OPEN {
        return Err(Error::new(Code::RateLimited).with("limit", OPEN));
    }
    let id: ImportId = api.context.env.bytes();
    let received = async {
        let mut file = Incoming::begin(&api.context, id).await?;
        let mut piece = Some(Ok(first));
        while let Some(next) = piece {
            let wire::UploadImportRequest { data, last, .. } = next.map_err(broken)?;
            if data.len() > PIECE {
                return Err(Error::new(Code::InputTooLarge).at("data").with("limit", PIECE));
            }
            file.add(&data).await?;
            if last {
                return file.finish().await;
            }
            let next = timeout(PAUSE, pieces.next()).await;
            piece = next.map_err(|_| Error::new(Code::DeadlineExceeded))?;
        }
        Err(Error::new(Code::RequestInvalid).at("data"))
    };
    let stored = match received.await {
        Ok(size) => insert(api, caller, id, name, size, setting, organisation).await,
        Err(error) => Err(error),
    };
    match stored {
        Ok(row) => {
            api.context.imports.send_modify(|told| *told += 1);
            Views::new(api, caller).import(row, true).await
        }
        Err(error) => {
            imports::remove(&api.context, id).await?;
            Err(error)
        }
    }
}

async fn insert(
    api: &Api,
    caller: Caller,
    id: ImportId,
    name: String,
    size: u64,
    setting: wire::ImportSetting,
    organisation: Option<SubjectId>,
) -> Result<ImportRow, Error> {
    let now = api.context.now();
    let row = ImportRow {
        id,
        version: 1,
        state: State::Checking,
        name,
        size,
        organisation,
        setting: setting.encode_to_vec(),
        preview: Vec::new(),
        brought_by: caller.account(),
        started_by: None,
        counts: Counts::default(),
        reason: String::new(),
        created_at: now,
        started_at: Timestamp::default(),
        changed_at: now,
    };
    let stored = row.clone();
    let db = &api.context.db;
    db.write(move |tx| async move { store::insert(tx, &stored).await }.boxed()).await?;
    Ok(row)
}

/// The last part of a path, as some browsers send it, without what can't be seen.
fn name(given: &str) -> Result<String, Error> {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|sign| !sign.is_control()).take(NAME).collect();
    let name = name.trim();
    if name.is_empty() { Err(Error::new(Code::FieldRequired).at("name")) } else { Ok(name.to_owned()) }
}

/// A setting that can be: its format is known.
fn setting(
    mut setting: wire::ImportSetting,
    name: &str,
) -> Result<(wire::ImportSetting, Option<SubjectId>), Error> {
    let invalid = |field: &str| Error::new(Code::FieldInvalid).at(field);
    let format = if setting.format.is_empty() {
        Format::of_name(name).ok_or_else(|| invalid("setting.format").with("found", name))?
    } else {
        setting.format.parse().map_err(|_| invalid("setting.format").with("found", &setting.format))?
    };
    format.as_str().clone_into(&mut setting.format);
    request::language(&setting.language).map_err(|error| error.at("setting.language"))?;
    if setting.columns.len() > COLUMNS || setting.encoded_len() > SETTING {
        return Err(Error::new(Code::FieldTooMany).at("setting.columns").with("limit", COLUMNS));
    }
    let organisation = request::optional(&setting.organisation, "setting.organisation")?;
    Ok((setting, organisation))
}

async fn list(
    api: &Api,
    caller: Caller,
    request: &wire::ListImportsRequest,
) -> Result<wire::ListImportsResponse, Error> {
    let db = &api.context.db;
    let limit = page::limit(request.limit)?;
    let reach = caller.reach(db, None).await?;
    let before = parse_cursor(&request.cursor)?;
    let mut rows = store::list(db, reach.as_deref(), before, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more);
    let next_cursor = next.map(|row| format!("{}-{}", row.created_at.as_millis(), hex::encode(row.id)));
    let mut views = Views::new(api, caller);
    let mut imports = Vec::with_capacity(rows.len());
    for row in rows {
        imports.push(views.import(row, false).await?);
    }
    Ok(wire::ListImportsResponse { imports, next_cursor: next_cursor.unwrap_or_default() })
}

/// `<milliseconds>-<id>`
fn parse_cursor(text: &str) -> Result<Option<(Timestamp, ImportId)>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let parts = text.split_once('-').and_then(|(at, id)| {
        let id: ImportId = hex::decode(id).ok()?.try_into().ok()?;
        Some((Timestamp::from_millis(at.parse().ok()?), id))
    });
    parts.map(Some).ok_or_else(|| Error::new(Code::CursorInvalid).at("cursor"))
}

/// The import, for those who work for its organisation. Others learn no more than if there were none.
async fn load(api: &Api, caller: Caller, id: &[u8]) -> Result<ImportRow, Error> {
    let missing = || Error::new(Code::NotFound).at("id");
    let row = store::find(&api.context.db, request::bytes(id, "id")?).await?;
    let row = row.ok_or_else(missing)?;
    let rights = caller.over(&api.context.db, row.organisation).await?;
    if sees(rights) { Ok(row) } else { Err(missing()) }
}

async fn get(api: &Api, caller: Caller, request: &wire::ImportRequest) -> Result<wire::Import, Error> {
    let row = load(api, caller, &request.id).await?;
    Views::new(api, caller).import(row, true).await
}

/// Changes the import, also while it is worked on: whoever works on it sees that somebody was faster and looks anew.
async fn change(
    api: &Api,
    caller: Caller,
    id: &[u8],
    next: impl Fn(ImportRow) -> Result<ImportRow, Error>,
) -> Result<ImportRow, Error> {
    for _ in 0..TRIES {
        let row = load(api, caller, id).await?;
        let version = row.version + 1;
        let row = ImportRow { version, changed_at: api.context.now(), ..next(row)? };
        let stored = row.clone();
        let db = &api.context.db;
        let done = db.write(move |tx| async move { store::update(tx, &stored).await }.boxed());
        if done.await? {
            api.context.imports.send_modify(|told| *told += 1);
            return Ok(row);
        }
    }
    Err(Error::new(Code::Unavailable).at("id"))
}

fn not_now(row: &ImportRow) -> Error {
    Error::new(Code::ImportState).at("id").with("state", row.state.as_str())
}

async fn configure(
    api: &Api,
    caller: Caller,
    request: wire::ConfigureImportRequest,
) -> Result<wire::Import, Error> {
    let row = load(api, caller, &request.id).await?;
    let (setting, organisation) = setting(request.setting.unwrap_or_default(), &row.name)?;
    if !works(caller.over(&api.context.db, organisation).await?) {
        return Err(Error::new(Code::PermissionDenied).at("setting.organisation"));
    }
    let setting = setting.encode_to_vec();
    let row = change(api, caller, &request.id, |row| match row.state {
        // Whose rights count is whoever said it last.
        State::Checking | State::Ready => Ok(ImportRow {
            state: State::Checking,
            organisation,
            setting: setting.clone(),
            brought_by: caller.account(),
            ..row
        }),
        _ => Err(not_now(&row)),
    });
    Views::new(api, caller).import(row.await?, true).await
}

async fn start(api: &Api, caller: Caller, request: &wire::ImportRequest) -> Result<wire::Import, Error> {
    let row = load(api, caller, &request.id).await?;
    may_start(api, caller, &row).await?;
    let row = change(api, caller, &request.id, |row| {
        let counts = row.counts;
        match row.state {
            State::Ready if counts.good == 0 => Err(Error::new(Code::DraftFaulty).at("id")),
            State::Ready => Ok(ImportRow {
                state: State::Running,
                started_by: caller.account(),
                started_at: api.context.env.now(),
                // Each row is judged again on its way out.
                counts: Counts { total: counts.total, good: counts.good, ..Counts::default() },
                ..row
            }),
            _ => Err(not_now(&row)),
        }
    });
    Views::new(api, caller).import(row.await?, true).await
}

/// As at the desk: where a review is demanded it takes a reviewer, and two pairs of eyes; whoever runs the machine may
/// lend the second.
async fn may_start(api: &Api, caller: Caller, row: &ImportRow) -> Result<(), Error> {
    let rights = caller.over(&api.context.db, row.organisation).await?;
    let alone = row.brought_by == caller.account() && caller.account().is_some();
    let second = !api.context.config.desk.review || !alone || rights.has(Right::Operate);
    if rights::publishes(&api.context, rights) && second {
        Ok(())
    } else {
        Err(Error::new(Code::ReviewNeeded).at("id"))
    }
}

async fn cancel(
    api: &Api,
    caller: Caller,
    request: &wire::ImportRequest,
) -> Result<wire::CancelImportResponse, Error> {
    let row = load(api, caller, &request.id).await?;
    if row.state.is_over() {
        imports::forget(&api.context, row.id).await?;
        return Ok(wire::CancelImportResponse {});
    }
    let ended = change(api, caller, &request.id, |row| match row.state {
        state if state.is_over() => Err(not_now(&row)),
        _ => Ok(ImportRow { state: State::Cancelled, ..row }),
    });
    let row = ended.await?;
    imports::remove(&api.context, row.id).await?;
    Ok(wire::CancelImportResponse {})
}

/// Where a page begins: a number.
fn from(cursor: &str) -> Result<u64, Error> {
    if cursor.is_empty() {
        return Ok(0);
    }
    cursor.parse().map_err(|_| Error::new(Code::CursorInvalid).at("cursor"))
}

async fn faults(
    api: &Api,
    caller: Caller,
    request: &wire::ImportPageRequest,
) -> Result<wire::ImportFaultsResponse, Error> {
    let row = load(api, caller, &request.id).await?;
    let (from, limit) = (from(&request.cursor)?, page::limit(request.limit)?);
    let mut rows = store::faults(&api.context.db, row.id, from, limit + 1).await?;
    let next = rows.get(limit as usize).map(|next| next.number.to_string());
    rows.truncate(limit as usize);
    let faults = rows.into_iter().map(|fault| wire::ImportFault {
        row: fault.row,
        column: fault.column,
        code: fault.code,
        value: fault.value,
    });
    Ok(wire::ImportFaultsResponse { faults: faults.collect(), next_cursor: next.unwrap_or_default() })
}

async fn listings(
    api: &Api,
    caller: Caller,
    request: &wire::ImportPageRequest,
) -> Result<wire::ImportedListingsResponse, Error> {
    let row = load(api, caller, &request.id).await?;
    let (from, limit) = (from(&request.cursor)?, page::limit(request.limit)?);
    let mut rows = store::listings(&api.context.db, row.id, from, limit + 1).await?;
    let next = rows.get(limit as usize).map(|next| next.number.to_string());
    rows.truncate(limit as usize);
    let listings = rows.into_iter().map(|listing| wire::ImportedListing {
        row: listing.row,
        reference: listing.reference,
        subject: listing.subject.to_vec(),
        outcome: listing.outcome,
    });
    Ok(wire::ImportedListingsResponse { listings: listings.collect(), next_cursor: next.unwrap_or_default() })
}

/// Imports as messages; names are looked up once.
struct Views<'a> {
    api: &'a Api,
    caller: Caller,
    names: BTreeMap<AccountId, String>,
}

impl<'a> Views<'a> {
    fn new(api: &'a Api, caller: Caller) -> Self {
        Self { api, caller, names: BTreeMap::new() }
    }

    async fn import(&mut self, row: ImportRow, whole: bool) -> Result<wire::Import, Error> {
        let corrupt = |error| Error::new(Code::StoreCorrupt).because(error);
        let setting = wire::ImportSetting::decode(row.setting.as_slice()).map_err(corrupt)?;
        let preview = wire::ImportPreview::decode(row.preview.as_slice()).map_err(corrupt)?;
        let may_start = row.state == State::Ready
            && row.counts.good > 0
            && may_start(self.api, self.caller, &row).await.is_ok();
        Ok(wire::Import {
            id: row.id.to_vec(),
            state: row.state.as_str().to_owned(),
            name: row.name,
            size: row.size,
            setting: Some(setting),
            preview: Some(preview).filter(|_| whole),
            total: row.counts.total,
            good: row.counts.good,
            faulty: row.counts.faulty,
            faults: row.counts.faults,
            done: row.counts.done,
            published: row.counts.published,
            revised: row.counts.revised,
            unchanged: row.counts.unchanged,
            reason: row.reason,
            author: self.name(row.brought_by).await?,
            created_at: row.created_at.as_millis(),
            changed_at: row.changed_at.as_millis(),
            may_start,
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
}
