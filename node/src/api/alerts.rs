//! Saved searches: kept once their owner has confirmed them by the link that was mailed, and erased by the same link. They
//! have no account: whoever holds the link may do both.

use futures::FutureExt as _;
use prost::Message as _;
use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code,
    wire::node::v1::{self as wire, alerts_server::Alerts},
};

use super::{Api, answer};
use crate::{
    error::Error,
    mail::{self, Language},
    people::session,
    store::saved::{self, SavedRow},
};

/// An unconfirmed search is forgotten after so long, ms.
const UNCONFIRMED: i64 = 7 * DAY;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Unconfirmed searches, and all, of one address: nobody's mailbox is filled by somebody else.
const OF_ONE: (u64, u64) = (3, 30);

/// Letters of a search in words, and of an address.
const LABEL: usize = 500;
const ADDRESS: usize = 254;

#[tonic::async_trait]
impl Alerts for Api {
    async fn save(
        &self,
        request: Request<wire::SaveSearchRequest>,
    ) -> Result<Response<wire::SaveSearchResponse>, Status> {
        self.permit("Alerts.Save", request.metadata()).await?;
        answer(save(self, request.into_inner()).await)
    }

    async fn get(
        &self,
        request: Request<wire::SavedSearchRequest>,
    ) -> Result<Response<wire::SavedSearch>, Status> {
        self.permit("Alerts.Get", request.metadata()).await?;
        let found = find(self, &request.into_inner()).await;
        answer(found.and_then(|row| view(&row)))
    }

    async fn confirm(
        &self,
        request: Request<wire::SavedSearchRequest>,
    ) -> Result<Response<wire::SavedSearch>, Status> {
        self.permit("Alerts.Confirm", request.metadata()).await?;
        answer(confirm(self, &request.into_inner()).await)
    }

    async fn remove(
        &self,
        request: Request<wire::SavedSearchRequest>,
    ) -> Result<Response<wire::RemoveSavedSearchResponse>, Status> {
        self.permit("Alerts.Remove", request.metadata()).await?;
        answer(remove(self, &request.into_inner()).await)
    }
}

async fn save(api: &Api, request: wire::SaveSearchRequest) -> Result<wire::SaveSearchResponse, Error> {
    let context = &api.context;
    let address = check_address(&request.mail)?;
    let every_ms = match request.every.as_str() {
        "day" => DAY,
        "week" => 7 * DAY,
        other => return Err(Error::new(Code::FieldInvalid).at("every").with("value", other)),
    };
    if request.label.chars().count() > LABEL {
        return Err(Error::new(Code::FieldTooLong).at("label").with("limit", LABEL));
    }
    let query = request.query.unwrap_or_default();
    super::search::check(&query)?;
    if !context.mailer.is_configured() {
        return Err(Error::new(Code::MailNone));
    }
    let now = context.now();
    if !request.address.is_empty() {
        let names = [format!("saves {}", request.address)];
        context.people.throttle.check(&names, now)?;
        context.people.throttle.failed(&names, now);
    }
    let mail_hash = context.addresses.hash(&address);
    let (unconfirmed, all) = saved::count(&context.db, &mail_hash).await?;
    if unconfirmed >= OF_ONE.0 || all >= OF_ONE.1 {
        // The same answer: whether somebody has searches here is nobody's business (T57).
        return Ok(wire::SaveSearchResponse {});
    }
    let language = Language::of(&request.language);
    let id = context.env.bytes();
    let secret = context.addresses.link_of(&id);
    let hash = session::hash(&secret);
    let mut row = SavedRow::new(id, now, now.plus(UNCONFIRMED));
    row.mail = context.addresses.seal(&address, &context.env)?;
    row.mail_hash = mail_hash.to_vec();
    row.label = request.label;
    language.tag().clone_into(&mut row.language);
    row.query = query.encode_to_vec();
    row.every_ms = every_ms;
    let portal = context.config.gateway.public_url.clone();
    let letter = mail::confirm(language, &portal, &row.label, &link(&portal, &secret));
    context.db.write(move |tx| async move { saved::insert(tx, hash, &row).await }.boxed()).await?;
    // Not waited for: how long a server takes may tell whose it is.
    let sender = std::sync::Arc::clone(context);
    context.spawn(async move {
        // The mailer has logged it; whoever wants the search saves it again.
        drop(sender.mailer.send(&address, &letter).await);
    });
    Ok(wire::SaveSearchResponse {})
}

/// Where the holder of a link sees and ends a search.
pub(super) fn link(portal: &str, secret: &str) -> String {
    format!("{}/alerts/{secret}", portal.trim_end_matches('/'))
}

fn check_address(typed: &str) -> Result<String, Error> {
    let address = typed.trim();
    if address.is_empty() {
        return Err(Error::new(Code::FieldRequired).at("mail"));
    }
    let well_formed = address.len() <= ADDRESS && address.parse::<lettre::Address>().is_ok();
    if well_formed { Ok(address.to_owned()) } else { Err(Error::new(Code::FieldInvalid).at("mail")) }
}

async fn find(api: &Api, request: &wire::SavedSearchRequest) -> Result<SavedRow, Error> {
    let found = saved::find(&api.context.db, session::hash(&request.token)).await?;
    found.ok_or_else(|| Error::new(Code::NotFound).at("token"))
}

fn view(row: &SavedRow) -> Result<wire::SavedSearch, Error> {
    let query = wire::ListingQuery::decode(row.query.as_slice());
    Ok(wire::SavedSearch {
        query: Some(query.map_err(|error| Error::new(Code::StoreCorrupt).because(error))?),
        label: row.label.clone(),
        language: row.language.clone(),
        every: if row.every_ms > DAY { "week" } else { "day" }.to_owned(),
        confirmed: row.confirmed,
        created_at: row.created_at().as_millis(),
        sent_at: row.sent_at().map_or(0, |at| at.as_millis()),
    })
}

/// From now on: what is there already has been seen.
async fn confirm(api: &Api, request: &wire::SavedSearchRequest) -> Result<wire::SavedSearch, Error> {
    let mut row = find(api, request).await?;
    if !row.confirmed {
        let (id, now, every) = (row.id()?, api.context.now(), row.every_ms);
        let there = api.newest_of(&row).await?;
        let write = api.context.db.write(move |tx| {
            async move {
                saved::tell(tx, id, &there, now).await?;
                saved::confirm(tx, id, now.plus(every)).await
            }
            .boxed()
        });
        write.await?;
    }
    row.confirmed = true;
    view(&row)
}

async fn remove(
    api: &Api,
    request: &wire::SavedSearchRequest,
) -> Result<wire::RemoveSavedSearchResponse, Error> {
    let id = find(api, request).await?.id()?;
    api.context.db.write(move |tx| async move { saved::remove(tx, id).await }.boxed()).await?;
    api.context.db.erase_hard().await?;
    Ok(wire::RemoveSavedSearchResponse {})
}
