//! Partners: who they are by their newest descriptor, where their node is by their newest NodeInfo, and the
//! descriptors that a log's keys follow from. All of it public, none of it can be withdrawn, so the newest entry is
//! the current one in whatever order entries come.

use std::collections::BTreeMap;

use prost::Message;
use volbridge_proto::{
    id::{PartnerId, partner_id, record_id},
    kinds,
    tlog::entry::Leaf,
    wire::record::v1 as wire,
};

use super::{
    Current, Shown, Viewer,
    content::{EntryRow, select_entries},
    handovers,
    words::searched,
};
use crate::{
    args,
    store::{Query, StoreError, Tx, Value, select::Select},
};

pub(super) async fn note_descriptor(
    tx: &mut Tx,
    shown: &Shown<'_>,
    descriptor: &wire::PartnerDescriptor,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO descriptor (log, entry_index) VALUES ($1, $2) ON CONFLICT (log, entry_index) DO NOTHING",
        args![shown.log, shown.index],
    )
    .await?;
    tx.execute(
        "INSERT INTO partner (log, entry_index, node_info_index, country, search_text) VALUES ($1, $2, -1, $3, $4) \
         ON CONFLICT (log) DO UPDATE SET entry_index = excluded.entry_index, country = excluded.country, \
         search_text = excluded.search_text WHERE excluded.entry_index > partner.entry_index",
        args![
            shown.log,
            shown.index,
            &descriptor.country,
            searched(descriptor.names.iter().map(|name| name.text.as_str()))
        ],
    )
    .await
    .map(drop)
}

pub(super) async fn show_node_info(tx: &mut Tx, shown: &Shown<'_>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO partner (log, entry_index, node_info_index, country, search_text) VALUES ($1, -1, $2, '', '') \
         ON CONFLICT (log) DO UPDATE SET node_info_index = excluded.node_info_index \
         WHERE excluded.node_info_index > partner.node_info_index",
        args![shown.log, shown.index],
    )
    .await
    .map(drop)
}

/// A partner's newest descriptor.
pub type Partner = Current<wire::PartnerDescriptor>;

/// The partners that are known, each by its newest epoch, in the order in which their logs came here.
pub async fn list(on: &impl Query) -> Result<Vec<Partner>, StoreError> {
    let mut select = newest();
    select.add(" ORDER BY v.log", args![]);
    read(select.rows(on).await?)
}

/// One partner.
pub async fn get(on: &impl Query, partner: &PartnerId) -> Result<Option<Partner>, StoreError> {
    let mut select = newest();
    select.add(" AND l.partner = ?", args![partner.as_bytes()]);
    Ok(read(select.rows(on).await?)?.into_iter().next())
}

/// Those of these partners that are known, for their names.
pub async fn among(
    on: &impl Query,
    partners: &[PartnerId],
) -> Result<BTreeMap<PartnerId, wire::PartnerDescriptor>, StoreError> {
    let mut select = newest();
    select.add_list(
        " AND l.partner IN ",
        partners.iter().map(|partner| Value::from(partner.as_bytes())).collect(),
    );
    let partners = read(select.rows(on).await?)?;
    Ok(partners.into_iter().map(|partner| (partner.partner(), partner.content)).collect())
}

/// A partner's newest descriptor, read.
pub async fn descriptor(
    on: &impl Query,
    partner: &PartnerId,
) -> Result<Option<wire::PartnerDescriptor>, StoreError> {
    Ok(get(on, partner).await?.map(|partner| partner.content))
}

/// The body of a partner's newest descriptor, as signed.
pub async fn descriptor_body(on: &impl Query, partner: &PartnerId) -> Result<Option<Vec<u8>>, StoreError> {
    let mut select = newest();
    select.add(" AND l.partner = ?", args![partner.as_bytes()]);
    Ok(select.row_opt::<EntryRow>(on).await?.and_then(|row| row.sound_body()))
}

/// The body of a partner's very first record: its hash is the partner's id.
pub async fn first_body(on: &impl Query, partner: &PartnerId) -> Result<Option<Vec<u8>>, StoreError> {
    let row: Option<(Option<Vec<u8>>,)> = on
        .row_opt(
            "SELECT e.body FROM entry e JOIN log l ON l.number = e.log \
             WHERE l.partner = $1 AND l.epoch = 1 AND e.entry_index = 0",
            args![partner.as_bytes()],
        )
        .await?;
    Ok(row.and_then(|(body,)| body).filter(|body| partner_id(body) == *partner))
}

macro_rules! node_info {
    ($which:literal) => {
        concat!(
            "SELECT v.log, l.partner, l.epoch, v.node_info_index AS entry_index, e.leaf, e.body, \
             CAST(NULL AS BIGINT) AS logged_at, ",
            "CAST(0 AS BIGINT) AS list_order, l.partner AS subject FROM partner v JOIN log l ON l.number = v.log ",
            "JOIN entry e ON e.log = v.log AND e.entry_index = v.node_info_index ",
            $which
        )
    };
}

const NODE_INFO: &str = node_info!("WHERE l.partner = $1 ORDER BY l.epoch DESC LIMIT 1");

/// Where each partner's node is and what it reads.
pub async fn node_infos(on: &impl Query) -> Result<BTreeMap<PartnerId, wire::NodeInfo>, StoreError> {
    let rows: Vec<EntryRow> = on.rows(node_info!("ORDER BY l.epoch"), args![]).await?;
    let mut infos = BTreeMap::new();
    for row in rows {
        if let Some(current) = row.read::<wire::NodeInfo>(Viewer::Public)? {
            infos.insert(current.partner(), current.content);
        }
    }
    Ok(infos)
}

/// Where a partner's node is and what it reads.
pub async fn node_info(on: &impl Query, partner: &PartnerId) -> Result<Option<wire::NodeInfo>, StoreError> {
    let row: Option<EntryRow> = on.row_opt(NODE_INFO, args![partner.as_bytes()]).await?;
    let current = row.map(|row| row.read::<wire::NodeInfo>(Viewer::Public)).transpose()?.flatten();
    Ok(current.map(|current| current.content))
}

/// The body of a partner's newest NodeInfo.
pub async fn node_info_body(on: &impl Query, partner: &PartnerId) -> Result<Option<Vec<u8>>, StoreError> {
    let row: Option<EntryRow> = on.row_opt(NODE_INFO, args![partner.as_bytes()]).await?;
    Ok(row.and_then(|row| row.sound_body()))
}

/// The bodies of all descriptors of a log with their places, ascending.
pub async fn descriptors_of_log(on: &impl Query, log: i64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let rows: Vec<(i64, Vec<u8>, Option<Vec<u8>>)> = on
        .rows(
            "SELECT d.entry_index, e.leaf, e.body FROM descriptor d \
             JOIN entry e ON e.log = d.log AND e.entry_index = d.entry_index \
             WHERE d.log = $1 ORDER BY d.entry_index",
            args![log],
        )
        .await?;
    let mut bodies = Vec::with_capacity(rows.len());
    for (index, leaf, body) in rows {
        let (Ok(number), Some(body)) = (u64::try_from(index), body) else { continue };
        // Keys follow from all of them: without one, none is known.
        if Leaf::parse(&leaf).map(|leaf| leaf.id) != Some(record_id(&body)) {
            return Err(StoreError::corrupt("entry", format!("{log}/{index}"), "a damaged descriptor"));
        }
        bodies.push((number, body));
    }
    Ok(bodies)
}

/// Whether a log has a descriptor at or above an index.
pub async fn has_descriptor_from(on: &impl Query, log: i64, index: u64) -> Result<bool, StoreError> {
    let row: Option<(i64,)> = on
        .row_opt(
            "SELECT entry_index FROM descriptor WHERE log = $1 AND entry_index >= $2 LIMIT 1",
            args![log, index],
        )
        .await?;
    Ok(row.is_some())
}

/// How many organisations and public listings are shown as a partner's.
pub async fn counts(on: &impl Query, partner: &PartnerId) -> Result<(u64, u64), StoreError> {
    let mut organisations = Select::new("SELECT count(*) FROM organisation v WHERE 1 = 1", args![]);
    organisations.add(handovers::ORGANISATION_IS_LAST, args![]);
    organisations.add(handovers::ORGANISATION_IS_WITH, args![partner.as_bytes(), partner.as_bytes()]);
    let mut listings = Select::new(
        "SELECT count(*) FROM listing v JOIN log l ON l.number = v.log WHERE NOT v.named",
        args![],
    );
    listings.add(handovers::LISTING_IS_LAST, args![]);
    listings.add(handovers::LISTING_IS_WITH, args![partner.as_bytes(), partner.as_bytes()]);
    let mut counts = [0; 2];
    for (count, select) in counts.iter_mut().zip([organisations, listings]) {
        let counted: Option<(i64,)> = select.row_opt(on).await?;
        *count = counted.map_or(0, |(count,)| u64::try_from(count).unwrap_or(0));
    }
    Ok(counts.into())
}

/// Each partner's descriptor in its newest epoch.
fn newest() -> Select {
    Select::new(
        select_entries!(
            "partner",
            "CAST(0 AS BIGINT)",
            "l.partner",
            "WHERE NOT EXISTS (SELECT 1 FROM partner w JOIN log m ON m.number = w.log \
             WHERE m.partner = l.partner AND m.epoch > l.epoch AND w.entry_index >= 0)"
        ),
        args![],
    )
}

/// A descriptor stands by itself, or in the Continuation that opens an epoch.
fn read(rows: Vec<EntryRow>) -> Result<Vec<Partner>, StoreError> {
    let mut partners = Vec::with_capacity(rows.len());
    for row in rows {
        let Some((place, statement)) = row.statement(Viewer::Public)? else { continue };
        let payload = statement.payload.as_slice();
        let content = if statement.kind == kinds::continuation::KIND {
            wire::Continuation::decode(payload)
                .map(|continuation| continuation.descriptor.unwrap_or_default())
        } else {
            wire::PartnerDescriptor::decode(payload)
        };
        let content = content.map_err(|error| row.corrupt(error))?;
        partners.push(Current { place, statement, content });
    }
    Ok(partners)
}
