//! Volunteer organisations.

use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, PartnerId, SubjectId, Timestamp,
    codes::levels::LEVELS,
    kinds::{
        self, Payload,
        organisation::{CheckState, check_state},
    },
    record::limits,
    wire::{
        node::v1::{self as wire, organisations_server::Organisations},
        record::v1 as record,
    },
};

use super::{Api, answer, permit::Caller, reading::Reading, request};
use crate::{
    desk::handover::refuse_moved,
    error::Error,
    publish::Draft,
    views::{
        Current, Cursor, NamedCursor,
        handovers::{self, Move, Of},
        organisations::{self, Order},
        page,
        words::Words,
    },
};

#[tonic::async_trait]
impl Organisations for Api {
    async fn list(
        &self,
        request: Request<wire::ListOrganisationsRequest>,
    ) -> Result<Response<wire::ListOrganisationsResponse>, Status> {
        let caller = self.permit("Organisations.List", request.metadata()).await?;
        answer(list(self, caller, &request.into_inner()).await)
    }

    async fn get(
        &self,
        request: Request<wire::GetSubjectRequest>,
    ) -> Result<Response<wire::OrganisationView>, Status> {
        let caller = self.permit("Organisations.Get", request.metadata()).await?;
        answer(get(self, caller, &request.into_inner()).await)
    }

    async fn publish(
        &self,
        request: Request<wire::PublishOrganisationRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Organisations.Publish", request.metadata()).await?;
        answer(publish(self, caller, request.into_inner()).await)
    }
}

async fn list(
    api: &Api,
    caller: Caller,
    request: &wire::ListOrganisationsRequest,
) -> Result<wire::ListOrganisationsResponse, Error> {
    let limit = page::limit(request.limit)?;
    let filter = filter(request)?;
    let order = order(request)?;
    let mut reading = api.read(caller).await?;
    let found = organisations::list(&reading.tx, &filter, &order, limit).await?;
    let partners: Vec<PartnerId> = found.rows.iter().map(Current::partner).collect();
    reading.know(&partners).await?;
    let wanted: Vec<Of> = found.rows.iter().filter_map(parent_of).collect();
    let parents = organisations::among(&reading.tx, &wanted).await?;
    let moves = handovers::moves(&reading.tx, found.rows.iter().map(key)).await?;
    let mut views = Vec::with_capacity(found.rows.len());
    for organisation in &found.rows {
        let mut view = organisation_view(&mut reading, organisation, moves.get(&key(organisation))).await?;
        view.parent = parent_of(organisation).and_then(|key| parents.get(&key)).map(named);
        views.push(view);
    }
    Ok(wire::ListOrganisationsResponse { organisations: views, next_cursor: found.next })
}

fn filter(request: &wire::ListOrganisationsRequest) -> Result<organisations::Filter, Error> {
    let said = |text: &String| (!text.is_empty()).then(|| text.clone());
    let level = said(&request.level);
    if level.as_deref().is_some_and(|level| !LEVELS.contains(&level)) {
        return Err(Error::new(Code::FieldInvalid).at("level").with("one_of", LEVELS.join(", ")));
    }
    volbridge_proto::text::check_line(&request.region)
        .map_err(|refusal| Error::from(refusal).at("region"))?;
    if request.region.chars().count() > limits::LINE {
        return Err(Error::new(Code::FieldTooLong).at("region").with("limit", limits::LINE));
    }
    Ok(organisations::Filter {
        words: Words::parse(&request.query)?,
        partner: request::partner(&request.partner)?,
        level,
        country: request::country(&request.country)?,
        region: said(&request.region),
        parent: request::optional(&request.parent, "parent")?,
    })
}

fn order(request: &wire::ListOrganisationsRequest) -> Result<Order, Error> {
    let chinese =
        request::language(&request.language)?.is_some_and(|tag| tag.split('-').next() == Some("zh"));
    Ok(match request.order() {
        wire::OrganisationOrder::Newest => Order::Newest(Cursor::parse(&request.cursor)?),
        wire::OrganisationOrder::Name if chinese => Order::Chinese(NamedCursor::parse(&request.cursor)?),
        wire::OrganisationOrder::Name => Order::English(NamedCursor::parse(&request.cursor)?),
    })
}

fn key(organisation: &Current<record::Organisation>) -> Of {
    (organisation.partner(), organisation.subject())
}

/// An organisation above, of the same partner; it may be unknown. One that names itself has none.
fn parent_of(organisation: &Current<record::Organisation>) -> Option<Of> {
    let parent = SubjectId::try_from(organisation.content.parent.as_slice()).ok()?;
    (parent != organisation.subject()).then_some((organisation.partner(), parent))
}

fn named(organisation: &Current<record::Organisation>) -> wire::OrganisationName {
    wire::OrganisationName {
        subject: organisation.subject().to_vec(),
        names: organisation.content.names.clone(),
    }
}

async fn get(
    api: &Api,
    caller: Caller,
    request: &wire::GetSubjectRequest,
) -> Result<wire::OrganisationView, Error> {
    let (partner, subject) = (request::partner(&request.partner)?, request::subject(&request.subject)?);
    let mut reading = api.read(caller).await?;
    let found = organisations::get(&reading.tx, partner, subject).await?;
    let mut organisation = found.ok_or_else(|| Error::new(Code::NotFound).at("subject"))?;
    if partner.is_none()
        && let Some((partner, subject)) =
            handovers::last_organisation(&reading.tx, key(&organisation)).await?
        && let Some(last) = organisations::get(&reading.tx, Some(partner), subject).await?
    {
        organisation = last;
    }
    let moves = handovers::moves(&reading.tx, [key(&organisation)]).await?;
    let mut view = organisation_view(&mut reading, &organisation, moves.values().next()).await?;
    if let Some((partner, parent)) = parent_of(&organisation)
        && !organisations::is_circle(&reading.tx, partner, organisation.subject(), parent).await?
    {
        view.parent = organisations::get(&reading.tx, Some(partner), parent).await?.as_ref().map(named);
    }
    Ok(view)
}

async fn publish(
    api: &Api,
    caller: Caller,
    mut request: wire::PublishOrganisationRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Organisations.Publish", &mut request, |request| &mut request.idempotency_key)?;
    let organisation = request::message(request.organisation, "organisation")?;
    let subject = request::new_or_known(&request.subject)?;
    if let Some(subject) = subject {
        refuse_moved(&api.context, Some(subject)).await?;
        refuse_circle(api, subject, &organisation).await?;
    }
    let draft = Draft {
        subject,
        ..Draft::public(kinds::organisation::KIND, Payload::Organisation(organisation).encode()?)
    };
    api.publish_one(caller, draft, idempotency).await
}

/// An organisation is neither above itself nor above what is above it.
async fn refuse_circle(
    api: &Api,
    subject: SubjectId,
    organisation: &record::Organisation,
) -> Result<(), Error> {
    let Some(parent) = request::optional(&organisation.parent, "organisation.parent")? else {
        return Ok(());
    };
    let own = api.context.own.id.partner;
    if organisations::is_circle(&api.context.db, own, subject, parent).await? {
        return Err(Error::new(Code::FieldInvalid).at("organisation.parent"));
    }
    Ok(())
}

/// An organisation as it is shown, alone or beside a listing.
pub(super) async fn organisation_view(
    reading: &mut Reading<'_>,
    organisation: &Current<record::Organisation>,
    moved: Option<&Move>,
) -> Result<wire::OrganisationView, Error> {
    Ok(wire::OrganisationView {
        subject: organisation.subject().to_vec(),
        partner: Some(reading.name(organisation.partner()).await?),
        provenance: Some(reading.provenance(&organisation.place, Some(&organisation.statement)).await?),
        source: Some(organisation.content.clone()),
        check: check(&organisation.content, reading.now).into(),
        parent: None,
        moved: reading.moved(moved).await?,
    })
}

fn check(organisation: &record::Organisation, now: Timestamp) -> wire::OrganisationCheckState {
    match check_state(organisation, now.date()) {
        CheckState::None => wire::OrganisationCheckState::None,
        CheckState::Valid => wire::OrganisationCheckState::Valid,
        CheckState::RunOut => wire::OrganisationCheckState::RunOut,
    }
}
