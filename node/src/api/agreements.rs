//! Agreements on the exchange of people's data, half by half.

use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, RecordId, Timestamp,
    kinds::{
        self, Payload,
        agreement::{AgreementHalf, Moment, in_force},
    },
    wire::{
        node::v1::{self as wire, agreements_server::Agreements},
        record::v1 as record,
    },
};

use super::{Api, answer, permit::Caller, request};
use crate::{error::Error, publish::Draft, views::agreements};

#[tonic::async_trait]
impl Agreements for Api {
    async fn list(
        &self,
        request: Request<wire::ListAgreementsRequest>,
    ) -> Result<Response<wire::ListAgreementsResponse>, Status> {
        let caller = self.permit("Agreements.List", request.metadata()).await?;
        answer(list(self, caller).await)
    }

    async fn publish(
        &self,
        request: Request<wire::PublishAgreementRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Agreements.Publish", request.metadata()).await?;
        answer(publish(self, caller, request.into_inner()).await)
    }

    async fn end(
        &self,
        request: Request<wire::EndAgreementRequest>,
    ) -> Result<Response<wire::Published>, Status> {
        let caller = self.permit("Agreements.End", request.metadata()).await?;
        answer(end(self, caller, request.into_inner()).await)
    }
}

async fn list(api: &Api, caller: Caller) -> Result<wire::ListAgreementsResponse, Error> {
    let mut reading = api.read(caller).await?;
    let halves = agreements::list(&reading.tx).await?;
    let sides: Vec<AgreementHalf> = halves.iter().map(agreements::Half::side).collect();
    let mut views = Vec::with_capacity(halves.len());
    for (half, side) in halves.iter().zip(&sides) {
        let other = match half.other() {
            Some(other) => Some(reading.name(other).await?),
            None => None,
        };
        views.push(wire::AgreementView {
            subject: half.current.subject().to_vec(),
            partner: Some(reading.name(half.current.partner()).await?),
            other,
            provenance: Some(reading.provenance(&half.current.place, Some(&half.current.statement)).await?),
            terms: half.current.content.terms.clone(),
            in_force: sides.iter().any(|other| is_in_force(side, other, reading.now)),
        });
    }
    Ok(wire::ListAgreementsResponse { agreements: views })
}

/// Whether two halves are in force now, by all that is known of both logs.
fn is_in_force(one: &AgreementHalf, other: &AgreementHalf, now: Timestamp) -> bool {
    one.partner != other.partner
        && in_force(one, other, &Moment { own_size: u64::MAX, other_size: u64::MAX, now }).is_ok()
}

async fn publish(
    api: &Api,
    caller: Caller,
    mut request: wire::PublishAgreementRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Agreements.Publish", &mut request, |request| &mut request.idempotency_key)?;
    let terms = request::message(request.terms, "terms")?;
    let me = api.context.own.id.partner;
    if !terms.parties.iter().any(|party| party == me.as_bytes()) {
        return Err(Error::new(Code::FieldMismatch).at("terms.parties"));
    }
    let payload = Payload::Agreement(record::Agreement { terms: Some(terms) }).encode()?;
    api.publish_one(caller, Draft::public(kinds::agreement::KIND, payload), idempotency).await
}

async fn end(
    api: &Api,
    caller: Caller,
    mut request: wire::EndAgreementRequest,
) -> Result<wire::Published, Error> {
    let idempotency =
        request::idempotency("Agreements.End", &mut request, |request| &mut request.idempotency_key)?;
    let id: RecordId = request::required(&request.agreement, "agreement")?;
    let me = api.context.own.id.partner;
    if agreements::half(&api.context.db, &me, &id).await?.is_none() {
        return Err(Error::new(Code::NotFound).at("agreement"));
    }
    let end = record::AgreementEnd { agreement: id.to_vec(), reason: request.reason };
    let payload = Payload::AgreementEnd(end).encode()?;
    api.publish_one(caller, Draft::public(kinds::agreement::END_KIND, payload), idempotency).await
}
