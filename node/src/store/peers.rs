//! Partners that the operator admitted, and where their nodes are.

use volbridge_proto::{PartnerId, Timestamp};

use super::{Query, StoreError, Tx, args, column};

/// An admitted partner.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerRow {
    /// Who.
    pub partner: PartnerId,
    /// `host:port`, in order of preference; empty if it is reached through others.
    pub endpoints: Vec<String>,
    /// What introduced it, if its log wasn't known: its keys until that is here.
    pub descriptor: Option<Vec<u8>>,
    /// Since when.
    pub admitted_at: Timestamp,
    /// Blocked by the operator: local, immediate, reversible.
    pub suspended: bool,
}

type Raw = (Vec<u8>, String, Option<Vec<u8>>, i64, bool);

fn typed((partner, endpoints, descriptor, admitted_at, suspended): Raw) -> Result<PeerRow, StoreError> {
    let partner: PartnerId = column::id("peer", hex::encode(&partner), &partner)?;
    Ok(PeerRow {
        partner,
        endpoints: column::json("peer", partner, &endpoints)?,
        descriptor,
        admitted_at: Timestamp::from_millis(admitted_at),
        suspended,
    })
}

/// All admitted partners, in the order in which they were.
pub async fn all(q: &impl Query) -> Result<Vec<PeerRow>, StoreError> {
    let rows: Vec<Raw> = q
        .rows(
            "SELECT partner, endpoints, descriptor, admitted_at, suspended FROM peer ORDER BY admitted_at, partner",
            args![],
        )
        .await?;
    rows.into_iter().map(typed).collect()
}

/// One of them.
pub async fn find(q: &impl Query, partner: PartnerId) -> Result<Option<PeerRow>, StoreError> {
    let row: Option<Raw> = q
        .row_opt(
            "SELECT partner, endpoints, descriptor, admitted_at, suspended FROM peer WHERE partner = $1",
            args![partner],
        )
        .await?;
    row.map(typed).transpose()
}

/// Admits a partner; one that was already admitted gets these endpoints, and keeps the rest.
pub async fn admit(tx: &mut Tx, peer: &PeerRow) -> Result<(), StoreError> {
    let endpoints = serde_json::json!(peer.endpoints).to_string();
    tx.execute(
        "INSERT INTO peer (partner, endpoints, descriptor, admitted_at, suspended) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (partner) DO UPDATE SET endpoints = excluded.endpoints,
             descriptor = coalesce(excluded.descriptor, peer.descriptor)",
        args![peer.partner, endpoints, peer.descriptor.clone(), peer.admitted_at, peer.suspended],
    )
    .await?;
    Ok(())
}

/// Where its node is now.
pub async fn set_endpoints(tx: &mut Tx, partner: PartnerId, endpoints: &[String]) -> Result<(), StoreError> {
    let endpoints = serde_json::json!(endpoints).to_string();
    tx.execute("UPDATE peer SET endpoints = $1 WHERE partner = $2", args![endpoints, partner]).await?;
    Ok(())
}

/// Blocks a partner, or lets it in again. False if it isn't admitted.
pub async fn set_suspended(tx: &mut Tx, partner: PartnerId, suspended: bool) -> Result<bool, StoreError> {
    let touched =
        tx.execute("UPDATE peer SET suspended = $1 WHERE partner = $2", args![suspended, partner]).await?;
    Ok(touched == 1)
}

/// Takes an admission back. What was verified stays.
pub async fn remove(tx: &mut Tx, partner: PartnerId) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM peer WHERE partner = $1", args![partner]).await? == 1)
}
