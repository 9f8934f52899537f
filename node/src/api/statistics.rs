//! The directory in figures.

use std::collections::BTreeMap;

use tonic::{Request, Response, Status};
use volbridge_proto::{
    PartnerId, Timestamp,
    statistics::{Month, told},
    wire::node::v1::{self as wire, statistics_server::Statistics},
};

use super::{Api, answer, permit::Caller};
use crate::{
    error::Error,
    monthly::{self, Outcome},
    store::changes::STEP,
    views::statistics::{Counted, Figures, figures, signed},
};

/// How long figures are kept while nothing changes: listings expire without a change.
const KEPT: i64 = 60_000;

/// Figures as they were last counted: of 100,000 listings that takes a part of a second. Who asks meanwhile waits for the
/// same answer.
#[derive(Default)]
pub(super) struct Kept(tokio::sync::Mutex<Option<(i64, Timestamp, Figures)>>);

#[tonic::async_trait]
impl Statistics for Api {
    async fn get(
        &self,
        request: Request<wire::GetStatisticsRequest>,
    ) -> Result<Response<wire::StatisticsView>, Status> {
        let caller = self.permit("Statistics.Get", request.metadata()).await?;
        answer(get(self, caller).await)
    }

    async fn months(
        &self,
        request: Request<wire::StatisticsMonthsRequest>,
    ) -> Result<Response<wire::StatisticsMonthsResponse>, Status> {
        let caller = self.permit("Statistics.Months", request.metadata()).await?;
        answer(months(self, caller).await)
    }

    async fn publish(
        &self,
        request: Request<wire::PublishStatisticsRequest>,
    ) -> Result<Response<wire::PublishStatisticsResponse>, Status> {
        self.permit("Statistics.Publish", request.metadata()).await?;
        answer(publish(self, &request.into_inner()).await)
    }
}

async fn get(api: &Api, caller: Caller) -> Result<wire::StatisticsView, Error> {
    let (counted_at, figures) = now(api).await?;
    let ids = figures.groups.iter().filter(|group| group.dimension == "partner");
    let ids: Vec<PartnerId> = ids.filter_map(|group| group.group.parse().ok()).collect();
    let mut reading = api.read(caller).await?;
    reading.know(&ids).await?;
    let mut partners = Vec::with_capacity(ids.len());
    for id in ids {
        partners.push(reading.name(id).await?);
    }
    Ok(wire::StatisticsView {
        total: Some(figures.total),
        groups: figures.groups,
        partners,
        counted_at: counted_at.as_millis(),
    })
}

/// The figures as they are, counted again after each public change: when they were counted may not tell that something
/// sealed came in (threats.md T31).
async fn now(api: &Api) -> Result<(Timestamp, Figures), Error> {
    let mut kept = api.figures.0.lock().await;
    let now = api.context.now();
    // Read before the database is: what changes meanwhile is counted the next time.
    let newest = *api.context.changes.borrow();
    // Numbers of sealed records' changes stand between those of public ones.
    let change = newest - newest % STEP;
    if let Some((of, at, figures)) = &*kept
        && *of == change
        && (now.as_millis() - at.as_millis()).abs() < KEPT
    {
        return Ok((*at, figures.clone()));
    }
    let counted = figures(&api.context.db.snapshot().await?, Counted::Now(now)).await?;
    *kept = Some((change, now, counted.clone()));
    Ok((now, counted))
}

async fn months(api: &Api, caller: Caller) -> Result<wire::StatisticsMonthsResponse, Error> {
    let reading = api.read(caller).await?;
    let mut newest = BTreeMap::new();
    let mut records = signed(&reading.tx, reading.now).await?;
    // A partner that began a new log may have said the same in both: the newer counts.
    records.sort_by_key(|record| record.place.log_id.epoch);
    for record in records {
        newest.insert((record.content.month.clone(), record.partner()), record.content);
    }
    let mut months: BTreeMap<String, wire::StatisticsMonth> = BTreeMap::new();
    for ((month, _), record) in newest {
        let sum = months
            .entry(month)
            .or_insert_with_key(|month| wire::StatisticsMonth { month: month.clone(), ..Default::default() });
        let total = record.total.unwrap_or_default();
        sum.partners += 1;
        sum.listings = sum.listings.saturating_add(total.listings);
        sum.open_slots = sum.open_slots.saturating_add(total.open_slots);
        match told(&total) {
            Some(filled) => sum.filled_slots = sum.filled_slots.saturating_add(filled),
            None => sum.hidden += 1,
        }
    }
    Ok(wire::StatisticsMonthsResponse { months: months.into_values().rev().collect() })
}

async fn publish(
    api: &Api,
    request: &wire::PublishStatisticsRequest,
) -> Result<wire::PublishStatisticsResponse, Error> {
    let month = match request.month.as_str() {
        "" => monthly::last(&api.context),
        month => Month::parse(month).map_err(|refusal| Error::from(refusal).at("month"))?,
    };
    let (subject, published) = match monthly::publish(&api.context, month).await? {
        Outcome::Published(subject) => (subject.to_vec(), true),
        Outcome::Already(subject) => (subject.to_vec(), false),
        Outcome::Nothing => (Vec::new(), false),
    };
    Ok(wire::PublishStatisticsResponse { subject, published })
}
