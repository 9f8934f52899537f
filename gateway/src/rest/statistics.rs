//! `/api/v1/statistics`: the directory in figures, now and as partners have signed them.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use volbridge_proto::wire::node::v1 as node;

use super::PartnerRef;
use crate::{app::App, figures, locale, problem::Problem, routes};

/// Listings that are public and current, of all partners.
#[derive(Debug, Serialize, ToSchema)]
pub struct Statistics {
    /// When they were counted: RFC 3339.
    counted_at: String,
    total: Counts,
    /// By ISO 3166-1 alpha-2; empty: online.
    countries: Vec<Group>,
    /// By goal, `01` to `17`; a listing counts for each of its goals.
    sdgs: Vec<Group>,
    /// One for each partner with listings.
    partners: Vec<PartnerGroup>,
    /// By month of start: `2027-03`, `earlier`, `later`; empty: without a day of start.
    months: Vec<Group>,
    /// Sums of the partners' signed figures, the newest month first.
    signed: Vec<SignedMonth>,
}

/// What is counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Counts {
    listings: u64,
    /// That somebody can apply for.
    open_slots: u64,
    /// People; `null`: fewer than ten, or another's figure would follow from it.
    filled_slots: Option<u64>,
}

/// One group of listings.
#[derive(Debug, Serialize, ToSchema)]
pub struct Group {
    code: String,
    counts: Counts,
}

/// One partner's listings.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnerGroup {
    partner: PartnerRef,
    counts: Counts,
}

/// What partners have signed of a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedMonth {
    /// YYYY-MM
    month: String,
    /// That signed figures.
    partners: u32,
    listings: u64,
    open_slots: u64,
    /// Of the partners that tell them.
    filled_slots: u64,
    /// Partners whose filled slots are too few to be told.
    hidden: u32,
}

/// The directory in figures.
#[utoipa::path(
    get, path = routes::API_STATISTICS, tag = "statistics",
    responses((status = 200, body = Statistics))
)]
pub async fn figures(State(app): State<App>) -> Result<Json<Statistics>, Problem> {
    let (view, signed) =
        tokio::join!(app.statistics(), app.node().statistics_months(node::StatisticsMonthsRequest {}));
    let (view, signed) = (view?, signed?);
    Ok(Json(Statistics {
        counted_at: locale::iso(view.counted_at),
        total: Counts::new(figures::Counts::new(view.total.as_ref())),
        countries: groups(&view, "country"),
        sdgs: groups(&view, "sdg"),
        partners: groups(&view, "partner").into_iter().map(|group| partner(&view, group)).collect(),
        months: groups(&view, "month"),
        signed: signed.months.into_iter().map(SignedMonth::new).collect(),
    }))
}

fn groups(view: &node::StatisticsView, dimension: &str) -> Vec<Group> {
    let of = view.groups.iter().filter(|group| group.dimension == dimension);
    of.map(|group| Group {
        code: group.group.clone(),
        counts: Counts::new(figures::Counts::new(group.counts.as_ref())),
    })
    .collect()
}

fn partner(view: &node::StatisticsView, group: Group) -> PartnerGroup {
    let known = view.partners.iter().find(|partner| hex::encode(&partner.id) == group.code);
    PartnerGroup { partner: PartnerRef::of(known), counts: group.counts }
}

impl Counts {
    fn new(counts: figures::Counts) -> Self {
        Self { listings: counts.listings, open_slots: counts.open, filled_slots: counts.filled }
    }
}

impl SignedMonth {
    fn new(month: node::StatisticsMonth) -> Self {
        Self {
            month: month.month,
            partners: month.partners,
            listings: month.listings,
            open_slots: month.open_slots,
            filled_slots: month.filled_slots,
            hidden: month.hidden,
        }
    }
}

impl Statistics {
    pub fn example() -> Self {
        let counts = |listings, open_slots, filled_slots| Counts { listings, open_slots, filled_slots };
        let group = |code: &str, counts| Group { code: code.to_owned(), counts };
        Self {
            counted_at: "2026-11-24T08:00:00Z".to_owned(),
            total: counts(7, 43, Some(60)),
            countries: vec![group("", counts(1, 5, None)), group("CN", counts(5, 33, Some(42)))],
            sdgs: vec![group("04", counts(2, 28, Some(42)))],
            partners: vec![PartnerGroup { partner: PartnerRef::example(), counts: counts(7, 43, Some(60)) }],
            months: vec![group("2027-03", counts(7, 43, Some(60)))],
            signed: vec![SignedMonth {
                month: "2026-10".to_owned(),
                partners: 3,
                listings: 6,
                open_slots: 40,
                filled_slots: 57,
                hidden: 1,
            }],
        }
    }
}
