//! Listings found, counted, completed and matched.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use tokio::time::Instant;
use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, PartnerId, SubjectId,
    text::lang::check_language,
    wire::{
        node::v1::{self as wire, ListingSort, search_server},
        record::v1 as record,
    },
};

use super::{Api, answer, permit::Caller};
use crate::{
    error::Error,
    metrics,
    search::{CHOICES, Choice, Cursor, Found, Near, Order, Text, Wanted},
    views::{Current, indexed, indexed::Key, page},
};

/// Values of one field of a query: each is a lookup (T61).
const VALUES: usize = 64;

/// Characters of a value.
const VALUE: usize = 128;

/// Completions, if nothing is said, and at most.
const WORDS: (u32, u32) = (8, 20);

/// Characters of what somebody has typed so far.
const TYPED: usize = 200;

#[tonic::async_trait]
impl search_server::Search for Api {
    async fn listings(
        &self,
        request: Request<wire::SearchListingsRequest>,
    ) -> Result<Response<wire::SearchListingsResponse>, Status> {
        let caller = self.permit("Search.Listings", request.metadata()).await?;
        answer(find(self, caller, &request.into_inner()).await)
    }

    async fn suggest(
        &self,
        request: Request<wire::SuggestRequest>,
    ) -> Result<Response<wire::SuggestResponse>, Status> {
        self.permit("Search.Suggest", request.metadata()).await?;
        answer(suggest(self, request.into_inner()).await)
    }

    async fn r#match(
        &self,
        request: Request<wire::MatchRequest>,
    ) -> Result<Response<wire::MatchResponse>, Status> {
        let caller = self.permit("Search.Match", request.metadata()).await?;
        answer(super::matching::find(self, caller, &request.into_inner()).await)
    }
}

pub(super) async fn find(
    api: &Api,
    caller: Caller,
    request: &wire::SearchListingsRequest,
) -> Result<wire::SearchListingsResponse, Error> {
    let began = Instant::now();
    let viewer = caller.viewer(&api.context);
    let wanted = wanted(request, viewer.sees_named())?;
    let near = wanted.near;
    let found = api.context.search.find(wanted, api.context.now()).await?;
    let listings = load(api, caller, &found.keys).await?;
    metrics::searched(began.elapsed());
    let km =
        |view: &wire::ListingView| near.zip(coordinates(view)).map_or(0, |(near, at)| kilometres(&near, at));
    let hits = listings
        .into_iter()
        .map(|listing| wire::ListingHit { km: km(&listing), listing: Some(listing) })
        .collect();
    Ok(wire::SearchListingsResponse {
        hits,
        next_cursor: found.next.as_ref().map(Cursor::encode).unwrap_or_default(),
        total: found.total,
        facets: facets(&found),
        incomplete: found.incomplete,
    })
}

/// The listings of these keys as they are now, in this order; what is gone meanwhile is left out.
async fn load(api: &Api, caller: Caller, keys: &[Key]) -> Result<Vec<wire::ListingView>, Error> {
    let mut reading = api.read(caller).await?;
    let asked: BTreeSet<Key> = keys.iter().copied().collect();
    let rows = indexed::listings(&reading.tx, reading.viewer, &asked).await?;
    let mut rows: BTreeMap<Key, Current<record::Listing>> =
        rows.into_iter().map(|row| ((row.place.log, row.subject()), row)).collect();
    let ordered = keys.iter().filter_map(|key| rows.remove(key)).collect();
    reading.listing_views(ordered).await
}

async fn suggest(api: &Api, request: wire::SuggestRequest) -> Result<wire::SuggestResponse, Error> {
    let limit = match request.limit {
        0 => WORDS.0,
        asked if asked <= WORDS.1 => asked,
        _ => return Err(Error::new(Code::FieldOutOfRange).at("limit").with("limit", WORDS.1)),
    };
    if request.text.chars().count() > TYPED {
        return Err(Error::new(Code::FieldTooLong).at("text").with("limit", TYPED));
    }
    let limit = usize::try_from(limit).unwrap_or_default();
    let words = api.context.search.suggest(request.text, api.context.now(), limit).await?;
    Ok(wire::SuggestResponse { words })
}

fn facets(found: &Found) -> Vec<wire::Facet> {
    let count = |(value, count): &(String, u64)| wire::FacetCount { value: value.clone(), count: *count };
    let facet = |(choice, values): &(Choice, Vec<(String, u64)>)| wire::Facet {
        name: choice.name().to_owned(),
        counts: values.iter().map(count).collect(),
    };
    found.counts.iter().map(facet).collect()
}

fn coordinates(view: &wire::ListingView) -> Option<record::Coordinates> {
    view.source.as_ref()?.place.as_ref()?.coordinates
}

/// Rounded up.
fn kilometres(near: &Near, at: record::Coordinates) -> u32 {
    let metres = near.metres(at.latitude_e6.into(), at.longitude_e6.into());
    u32::try_from(metres.div_euclid(1_000) + i64::from(metres % 1_000 > 0)).unwrap_or_default()
}

/// Whether the public could ask this.
pub(super) fn check(query: &wire::ListingQuery) -> Result<(), Error> {
    let query = Some(query.clone());
    wanted(&wire::SearchListingsRequest { query, ..wire::SearchListingsRequest::default() }, false).map(drop)
}

fn wanted(request: &wire::SearchListingsRequest, named: bool) -> Result<Wanted, Error> {
    let query = request.query.clone().unwrap_or_default();
    let order = match request.sort() {
        ListingSort::Relevance => Order::Relevance,
        ListingSort::Newest => Order::Newest,
        ListingSort::Starts => Order::Starts,
        ListingSort::ApplyBy => Order::ApplyBy,
        ListingSort::Distance if query.near.is_some() => Order::Distance,
        ListingSort::Distance => return Err(Error::new(Code::FieldRequired).at("query.near")),
    };
    let asked = wire::SearchListingsRequest {
        query: request.query.clone(),
        sort: request.sort,
        ..wire::SearchListingsRequest::default()
    };
    let mut known_by = asked.encode_to_vec();
    known_by.push(u8::from(named));
    let of = Cursor::fingerprint(&known_by);
    Ok(Wanted {
        text: Text::parse(&query.text)?,
        chosen: chosen(&query)?,
        organisation: organisation(&query.organisation)?,
        near: query.near.as_ref().map(near).transpose()?,
        order: Some(order),
        limit: usize::try_from(page::limit(request.limit)?).unwrap_or_default(),
        counted: counted(request)?,
        cursor: Cursor::parse(&request.cursor, of)?,
        of,
        named,
    })
}

fn organisation(bytes: &[u8]) -> Result<Option<SubjectId>, Error> {
    super::request::optional(bytes, "query.organisation")
}

fn counted(request: &wire::SearchListingsRequest) -> Result<Vec<Choice>, Error> {
    if !request.facets {
        return Ok(Vec::new());
    }
    if request.facet_names.is_empty() {
        return Ok(CHOICES.to_vec());
    }
    let named = request.facet_names.iter().map(|name| {
        let choice = CHOICES.into_iter().find(|choice| choice.name() == name);
        choice.ok_or_else(|| Error::new(Code::FieldInvalid).at("facet_names").with("value", name))
    });
    let mut choices = named.collect::<Result<Vec<_>, _>>()?;
    choices.sort_unstable();
    choices.dedup();
    Ok(choices)
}

fn near(near: &wire::Near) -> Result<Near, Error> {
    let refused = |field: &str| Error::new(Code::FieldOutOfRange).at(format!("query.near.{field}"));
    if near.latitude_e6.unsigned_abs() > 90_000_000 {
        return Err(refused("latitude_e6"));
    }
    if near.longitude_e6.unsigned_abs() > 180_000_000 {
        return Err(refused("longitude_e6"));
    }
    if !(1..=20_000).contains(&near.km) {
        return Err(refused("km"));
    }
    Ok(Near { latitude_e6: near.latitude_e6, longitude_e6: near.longitude_e6, km: near.km })
}

fn chosen(query: &wire::ListingQuery) -> Result<BTreeMap<Choice, Vec<String>>, Error> {
    let mut chosen = BTreeMap::new();
    for (choice, values) in [
        (Choice::Countries, &query.countries),
        (Choice::Regions, &query.regions),
        (Choice::Skills, &query.skills),
        (Choice::Languages, &query.languages),
        (Choice::Modalities, &query.modalities),
        (Choice::Durations, &query.durations),
        (Choice::Months, &query.months),
        (Choice::Benefits, &query.benefits),
        (Choice::Causes, &query.causes),
    ] {
        choose(&mut chosen, choice, values.iter().map(String::as_str))?;
    }
    let sdgs: Vec<String> = query.sdgs.iter().map(u32::to_string).collect();
    choose(&mut chosen, Choice::Sdgs, sdgs.iter().map(String::as_str))?;
    let mut partners = Vec::new();
    for partner in &query.partners {
        let partner =
            PartnerId::try_from(partner.as_slice()).map_err(|refusal| refusal.at("query.partners"))?;
        partners.push(hex::encode(partner.as_bytes()));
    }
    choose(&mut chosen, Choice::Partners, partners.iter().map(String::as_str))?;
    if !query.readable_in.is_empty() {
        check_language(&query.readable_in).map_err(|refusal| refusal.at("query.readable_in"))?;
        choose(&mut chosen, Choice::ReadableIn, [query.readable_in.to_ascii_lowercase().as_str()])?;
    }
    if query.open {
        choose(&mut chosen, Choice::Open, ["true"])?;
    }
    Ok(chosen)
}

fn choose<'a>(
    chosen: &mut BTreeMap<Choice, Vec<String>>,
    choice: Choice,
    values: impl IntoIterator<Item = &'a str>,
) -> Result<(), Error> {
    let refused =
        |code, limit| Err(Error::new(code).at(format!("query.{}", choice.name())).with("limit", limit));
    let mut terms = Vec::new();
    for value in values {
        if value.chars().count() > VALUE {
            return refused(Code::FieldTooLong, VALUE);
        }
        if terms.len() == VALUES {
            return refused(Code::FieldTooMany, VALUES);
        }
        terms.push(choice.term(value));
    }
    if !terms.is_empty() {
        chosen.insert(choice, terms);
    }
    Ok(())
}
