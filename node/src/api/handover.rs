//! Organisations that move from one partner to another.

use tonic::{Request, Response, Status};
use volbridge_proto::{
    PartnerId, RecordId, SubjectId,
    wire::node::v1::{self as wire, handovers_server::Handovers},
};

use super::{Api, answer, permit::Caller, reading::Reading, request};
use crate::{
    desk::handover::{self, State},
    error::Error,
    views::{
        handovers::{self, Move, Of, Offer},
        organisations,
    },
};

#[tonic::async_trait]
impl Handovers for Api {
    async fn list(
        &self,
        request: Request<wire::ListHandoversRequest>,
    ) -> Result<Response<wire::ListHandoversResponse>, Status> {
        let caller = self.permit("Handovers.List", request.metadata()).await?;
        answer(list(self, caller).await)
    }

    async fn offer(
        &self,
        request: Request<wire::OfferHandoverRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Handovers.Offer", request.metadata()).await?;
        answer(offer(self, caller, request.into_inner()).await)
    }

    async fn accept(
        &self,
        request: Request<wire::AcceptHandoverRequest>,
    ) -> Result<Response<wire::AcceptedHandover>, Status> {
        self.permit("Handovers.Accept", request.metadata()).await?;
        answer(accept(self, &request.into_inner()).await)
    }
}

async fn list(api: &Api, caller: Caller) -> Result<wire::ListHandoversResponse, Error> {
    let mut reading = api.read(caller).await?;
    let offers = handovers::offers(&reading.tx, api.context.own.id.partner).await?;
    let wanted: Vec<Of> = offers.iter().map(|offer| offer.of).collect();
    let known = organisations::among(&reading.tx, &wanted).await?;
    let mut views = Vec::with_capacity(offers.len());
    for offer in &offers {
        let names = known.get(&offer.of).map(|found| found.content.names.clone()).unwrap_or_default();
        views.push(view(&mut reading, offer, names).await?);
    }
    Ok(wire::ListHandoversResponse { handovers: views })
}

async fn view(
    reading: &mut Reading<'_>,
    offer: &Offer,
    names: Vec<volbridge_proto::wire::record::v1::LocalText>,
) -> Result<wire::HandoverView, Error> {
    let state = handover::state(offer, reading.now.date());
    let own = offer.of.0 == reading.api.context.own.id.partner;
    let left = match state {
        State::Moved if !own => {
            handovers::listings_of(&reading.tx, offer.of, reading.now, None, handover::STEP).await?.len()
        }
        _ => 0,
    };
    Ok(wire::HandoverView {
        first: offer.id.to_vec(),
        from: Some(reading.name(offer.of.0).await?),
        to: Some(reading.name(offer.to).await?),
        organisation: offer.of.1.to_vec(),
        names,
        until: offer.until.clone(),
        state: match state {
            State::Open => wire::HandoverState::Open,
            State::Moved => wire::HandoverState::Moved,
            State::RunOut => wire::HandoverState::RunOut,
        }
        .into(),
        moved_on: match (&offer.moved, state) {
            (Some(moved), State::Moved) => moved.on.clone(),
            _ => String::new(),
        },
        own,
        left: u32::try_from(left).unwrap_or(handover::STEP),
    })
}

async fn offer(
    api: &Api,
    caller: Caller,
    mut request: wire::OfferHandoverRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Handovers.Offer", &mut request, |request| &mut request.idempotency_key)?;
    let organisation: SubjectId = request::required(&request.organisation, "organisation")?;
    let to: PartnerId = request::required(&request.to, "to")?;
    let record = handover::offer(&api.context, organisation, to, &request.until, idempotency).await?;
    api.published(caller, &record).await
}

async fn accept(api: &Api, request: &wire::AcceptHandoverRequest) -> Result<wire::AcceptedHandover, Error> {
    let partner: PartnerId = request::required(&request.partner, "partner")?;
    let first: RecordId = request::required(&request.first, "first")?;
    let taken = handover::accept(&api.context, partner, first).await?;
    Ok(wire::AcceptedHandover { organisation: taken.organisation.to_vec(), listings: taken.listings })
}

impl Reading<'_> {
    /// An organisation's move as it is shown.
    pub(super) async fn moved(&mut self, moved: Option<&Move>) -> Result<Option<wire::Moved>, Error> {
        let Some(moved) = moved else { return Ok(None) };
        Ok(Some(wire::Moved {
            from: Some(self.name(moved.from).await?),
            to: Some(self.name(moved.to).await?),
            moved_on: moved.on.clone(),
            first: moved.first.to_vec(),
            second: moved.second.to_vec(),
        }))
    }
}
