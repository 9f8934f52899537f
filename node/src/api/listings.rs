//! Listings with their texts in every language.

use std::{collections::BTreeMap, time::Duration};

use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, PartnerId, SubjectId,
    kinds::{self, Payload},
    wire::{
        node::v1::{self as wire, listings_server::Listings},
        record::v1 as record,
    },
};

use super::{
    Api, answer, organisations::organisation_view, permit::Caller, reading::Reading, records, request,
};
use crate::{
    desk::handover::refuse_moved,
    error::Error,
    people::roles::Right,
    publish::Draft,
    views::{
        Current, Viewer, handovers,
        indexed::{organisation_of, original},
        listings, organisations,
        translations::{self, Best, Original},
    },
};

/// How long a list with words waits for the index to have what the database has; and while it is being built, when what
/// there is may have to do.
const INDEXED: Duration = Duration::from_secs(10);
const BUILT: Duration = Duration::from_secs(2);

#[tonic::async_trait]
impl Listings for Api {
    async fn list(
        &self,
        request: Request<wire::ListListingsRequest>,
    ) -> Result<Response<wire::ListListingsResponse>, Status> {
        let caller = self.permit("Listings.List", request.metadata()).await?;
        answer(list(self, caller, &request.into_inner()).await)
    }

    async fn get(
        &self,
        request: Request<wire::GetSubjectRequest>,
    ) -> Result<Response<wire::ListingView>, Status> {
        let caller = self.permit("Listings.Get", request.metadata()).await?;
        answer(get(self, caller, &request.into_inner()).await)
    }

    async fn publish(
        &self,
        request: Request<wire::PublishListingRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Listings.Publish", request.metadata()).await?;
        answer(publish(self, caller, request.into_inner()).await)
    }
}

async fn list(
    api: &Api,
    caller: Caller,
    request: &wire::ListListingsRequest,
) -> Result<wire::ListListingsResponse, Error> {
    if !request.query.is_empty() {
        return find(api, caller, request).await;
    }
    let (after, limit) = request::paging(&request.cursor, request.limit)?;
    let filter = listings::Filter {
        language: request::language(&request.language)?,
        country: request::country(&request.country)?,
        partner: request::partner(&request.partner)?,
        now: api.context.now(),
    };
    let mut reading = api.read(caller).await?;
    let page = listings::list(&reading.tx, reading.viewer, &filter, after.as_ref(), limit).await?;
    let total = listings::count(&reading.tx, reading.viewer, &filter).await?;
    let listings = reading.listing_views(page.rows).await?;
    let next_cursor = page.next.map(|next| next.encode()).unwrap_or_default();
    Ok(wire::ListListingsResponse { listings, next_cursor, total })
}

/// With words: from the index, once that has what the database has.
async fn find(
    api: &Api,
    caller: Caller,
    request: &wire::ListListingsRequest,
) -> Result<wire::ListListingsResponse, Error> {
    request::country(&request.country)?;
    request::language(&request.language)?;
    request::partner(&request.partner)?;
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty()).into_iter().collect();
    let query = wire::ListingQuery {
        text: request.query.clone(),
        readable_in: request.language.clone(),
        countries: some(&request.country),
        partners: Some(request.partner.clone()).filter(|partner| !partner.is_empty()).into_iter().collect(),
        ..wire::ListingQuery::default()
    };
    let asked = wire::SearchListingsRequest {
        query: Some(query),
        sort: wire::ListingSort::Newest.into(),
        limit: request.limit,
        cursor: request.cursor.clone(),
        ..wire::SearchListingsRequest::default()
    };
    let newest = *api.context.changes.borrow();
    // What somebody has just published is there.
    let patience = if api.context.search.is_building() { BUILT } else { INDEXED };
    drop(tokio::time::timeout(patience, api.context.search.reaches(newest)).await);
    let found =
        super::search::find(api, caller, &asked).await.map_err(|error| match error.field.as_str() {
            "query.text" => error.at("query"),
            _ => error,
        })?;
    Ok(wire::ListListingsResponse {
        listings: found.hits.into_iter().filter_map(|hit| hit.listing).collect(),
        next_cursor: found.next_cursor,
        total: found.total,
    })
}

async fn get(
    api: &Api,
    caller: Caller,
    request: &wire::GetSubjectRequest,
) -> Result<wire::ListingView, Error> {
    let (partner, subject) = (request::partner(&request.partner)?, request::subject(&request.subject)?);
    let mut reading = api.read(caller).await?;
    let listing = listings::get(&reading.tx, reading.viewer, partner, subject).await?;
    let mut listing = listing.ok_or_else(|| Error::new(Code::NotFound).at("subject"))?;
    if partner.is_none()
        && let Some((partner, subject)) =
            handovers::last_listing(&reading.tx, (listing.partner(), listing.subject())).await?
        && let Some(last) = listings::get(&reading.tx, reading.viewer, Some(partner), subject).await?
    {
        listing = last;
    }
    let views = reading.listing_views(vec![listing]).await?;
    views.into_iter().next().ok_or_else(|| Error::new(Code::NotFound).at("subject"))
}

async fn publish(
    api: &Api,
    caller: Caller,
    mut request: wire::PublishListingRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Listings.Publish", &mut request, |request| &mut request.idempotency_key)?;
    let listing = request::message(request.listing, "listing")?;
    let subject = request::new_or_known(&request.subject)?;
    check_may_publish(api, caller, &listing, subject).await?;
    let draft = Draft {
        subject,
        expires_at: request::moment(request.expires_at),
        ..Draft::public(kinds::listing::KIND, Payload::Listing(listing).encode()?)
    };
    api.publish_one(caller, draft, idempotency).await
}

/// Only for organisations that the caller writes for, before and after; and past the desk only where it demands no review.
async fn check_may_publish(
    api: &Api,
    caller: Caller,
    listing: &record::Listing,
    subject: Option<SubjectId>,
) -> Result<(), Error> {
    let db = &api.context.db;
    let mut organisations = vec![request::optional(&listing.organisation, "listing.organisation")?];
    if let Some(subject) = subject {
        let own = Some(api.context.own.id.partner);
        let published = listings::get(db, Viewer::Staff(&*api.context), own, subject).await?;
        if let Some(published) = published {
            organisations.push(request::optional(&published.content.organisation, "subject")?);
        }
    }
    for organisation in organisations {
        refuse_moved(&api.context, organisation).await?;
        let rights = caller.over(db, organisation).await?;
        if !rights.has(Right::Edit) && !rights.has(Right::Review) {
            return Err(Error::new(Code::PermissionDenied).at("listing.organisation"));
        }
        if api.context.config.desk.review && !rights.has(Right::Operate) {
            return Err(Error::new(Code::ReviewNeeded));
        }
    }
    Ok(())
}

impl Reading<'_> {
    pub(super) async fn listing_views(
        &mut self,
        listings: Vec<Current<record::Listing>>,
    ) -> Result<Vec<wire::ListingView>, Error> {
        let originals: Vec<Original<'_>> = listings.iter().map(original).collect();
        let mut texts = translations::best(&self.tx, self.viewer, &originals).await?;
        let wanted: Vec<(PartnerId, SubjectId)> = listings.iter().filter_map(organisation_of).collect();
        let organisations = organisations::among(&self.tx, &wanted).await?;
        let moves = handovers::moves(&self.tx, wanted).await?;
        let translators = texts.values().flatten().map(|best| best.current.partner());
        let partners: Vec<PartnerId> = listings.iter().map(Current::partner).chain(translators).collect();
        self.know(&partners).await?;
        let mut views = Vec::with_capacity(listings.len());
        for listing in listings {
            let key = organisation_of(&listing);
            let moved = key.and_then(|key| moves.get(&key));
            let organisation = match key.and_then(|key| organisations.get(&key)) {
                Some(organisation) => Some(organisation_view(self, organisation, moved).await?),
                None => None,
            };
            let translated = texts.remove(&(listing.partner(), listing.subject())).unwrap_or_default();
            let mut view = self.listing_view(listing, organisation, translated).await?;
            view.moved = self.moved(moved).await?;
            views.push(view);
        }
        Ok(views)
    }

    async fn listing_view(
        &mut self,
        listing: Current<record::Listing>,
        organisation: Option<wire::OrganisationView>,
        translated: Vec<Best>,
    ) -> Result<wire::ListingView, Error> {
        let mut texts = vec![source_text(&listing.content)];
        for best in translated {
            texts.push(self.translated_text(best).await?);
        }
        Ok(wire::ListingView {
            subject: listing.subject().to_vec(),
            partner: Some(self.name(listing.partner()).await?),
            organisation,
            provenance: Some(self.provenance(&listing.place, Some(&listing.statement)).await?),
            state: records::live_or_expired(&listing.statement, self.now).into(),
            slots: kinds::listing::open_slots(&listing.content, self.now.date()),
            source: Some(listing.content),
            texts,
            moved: None,
        })
    }

    async fn translated_text(&mut self, best: Best) -> Result<wire::ListingText, Error> {
        let translation = &best.current.content;
        let segments = &translation.segments;
        let first = |pick: fn(&record::Segment) -> &String| {
            segments.iter().map(pick).find(|text| !text.is_empty()).cloned().unwrap_or_default()
        };
        let reviewed = segments.iter().all(|segment| !segment.reviewed_by.is_empty());
        Ok(wire::ListingText {
            language: translation.language.clone(),
            origin: origin(segments).to_owned(),
            engine: first(|segment| &segment.engine),
            reviewed_by: if reviewed { first(|segment| &segment.reviewed_by) } else { String::new() },
            translator: Some(self.name(best.current.partner()).await?),
            provenance: Some(self.provenance(&best.current.place, Some(&best.current.statement)).await?),
            fields: segments.iter().map(|segment| (segment.field.clone(), segment.text.clone())).collect(),
        })
    }
}

/// Of a translation as a whole: a machine's as soon as some of it is.
fn origin(segments: &[record::Segment]) -> &'static str {
    let any = |origin: &str| segments.iter().any(|segment| segment.origin == origin);
    if any("machine") {
        "machine"
    } else if any("memory") {
        "memory"
    } else {
        "human"
    }
}

fn source_text(listing: &record::Listing) -> wire::ListingText {
    let fields: BTreeMap<String, String> = kinds::listing::prose(listing).into_iter().collect();
    wire::ListingText {
        language: listing.language.clone(),
        origin: "source".to_owned(),
        fields,
        ..wire::ListingText::default()
    }
}
