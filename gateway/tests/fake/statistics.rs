//! The service `Statistics` with canned figures: some are hidden.

use tonic::{Request, Response, async_trait};
use volbridge_proto::wire::{
    node::v1::{self as node, statistics_server::Statistics},
    record::v1 as record,
};

use super::{Fake, NOW, services::Answer};

#[async_trait]
impl Statistics for Fake {
    async fn get(&self, _: Request<node::GetStatisticsRequest>) -> Answer<node::StatisticsView> {
        let shared = self.shared.lock().unwrap();
        let partners: Vec<_> = shared.partners.iter().filter_map(|view| view.name.clone()).collect();
        let first = hex::encode(&partners[0].id);
        let group = |dimension: &str, group: &str, counts| record::StatisticsGroup {
            dimension: dimension.to_owned(),
            group: group.to_owned(),
            counts: Some(counts),
        };
        Ok(Response::new(node::StatisticsView {
            total: Some(counts(7, 43, Some(1_060))),
            groups: vec![
                group("country", "", counts(1, 5, None)),
                group("country", "CN", counts(5, 38, Some(1_000))),
                group("country", "DE", counts(1, 0, None)),
                group("month", "", counts(1, 5, Some(60))),
                group("month", "2027-03", counts(6, 38, Some(1_000))),
                group("partner", &first, counts(7, 43, Some(1_060))),
                group("sdg", "04", counts(2, 28, Some(0))),
                group("sdg", "13", counts(3, 5, None)),
            ],
            partners,
            counted_at: NOW,
        }))
    }

    async fn months(
        &self,
        _: Request<node::StatisticsMonthsRequest>,
    ) -> Answer<node::StatisticsMonthsResponse> {
        let month =
            |month: &str, partners, listings, open_slots, filled_slots, hidden| node::StatisticsMonth {
                month: month.to_owned(),
                partners,
                listings,
                open_slots,
                filled_slots,
                hidden,
            };
        let months = vec![month("2026-10", 3, 6, 40, 57, 1), month("2026-09", 1, 1, 0, 0, 1)];
        Ok(Response::new(node::StatisticsMonthsResponse { months }))
    }

    async fn publish(
        &self,
        _: Request<node::PublishStatisticsRequest>,
    ) -> Answer<node::PublishStatisticsResponse> {
        Ok(Response::new(node::PublishStatisticsResponse::default()))
    }
}

fn counts(listings: u64, open_slots: u64, filled: Option<u64>) -> record::StatisticsCounts {
    record::StatisticsCounts {
        listings,
        open_slots,
        filled_slots: filled.unwrap_or(0),
        filled_hidden: filled.is_none(),
    }
}
