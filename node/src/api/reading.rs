//! What one call reads: all of one moment, as one viewer, with the names and logs that it meets looked up once.

use std::{collections::BTreeMap, sync::Arc};

use volbridge_proto::{
    PartnerId, Timestamp,
    wire::{node::v1 as wire, record::v1 as record},
};

use super::{Api, permit::Caller, provenance::LogFacts};
use crate::{
    error::Error,
    store::{Tx, logs::LogNumber},
    views::{Viewer, partners},
};

/// One call's look at the database.
pub(super) struct Reading<'a> {
    pub api: &'a Api,
    pub tx: Tx,
    pub viewer: Viewer<'a>,
    pub now: Timestamp,
    pub(super) logs: BTreeMap<LogNumber, Arc<LogFacts>>,
    names: BTreeMap<PartnerId, wire::PartnerName>,
}

impl Api {
    /// Begins to read for a caller.
    pub(super) async fn read(&self, caller: Caller) -> Result<Reading<'_>, Error> {
        Ok(Reading {
            api: self,
            tx: self.context.db.snapshot().await?,
            viewer: caller.viewer(&self.context),
            now: self.context.now(),
            logs: BTreeMap::new(),
            names: BTreeMap::new(),
        })
    }
}

impl Reading<'_> {
    /// A partner as it is shown; one that isn't known by its fingerprint alone.
    pub async fn name(&mut self, partner: PartnerId) -> Result<wire::PartnerName, Error> {
        self.know(&[partner]).await?;
        Ok(self.names.get(&partner).cloned().unwrap_or_default())
    }

    /// Looks up names ahead, in one query.
    pub async fn know(&mut self, partners: &[PartnerId]) -> Result<(), Error> {
        let mut unknown: Vec<PartnerId> =
            partners.iter().copied().filter(|partner| !self.names.contains_key(partner)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort_unstable();
        unknown.dedup();
        let mut found = partners::among(&self.tx, &unknown).await?;
        for partner in unknown {
            let descriptor = found.remove(&partner).unwrap_or_default();
            self.names.insert(partner, partner_name(partner, &descriptor));
        }
        Ok(())
    }
}

/// A partner as it is shown.
pub(super) fn partner_name(partner: PartnerId, descriptor: &record::PartnerDescriptor) -> wire::PartnerName {
    let text = |name: &record::LocalText| wire::Text {
        language: name.language.clone(),
        text: name.text.clone(),
        ..wire::Text::default()
    };
    wire::PartnerName {
        id: partner.to_vec(),
        names: descriptor.names.iter().map(text).collect(),
        country: descriptor.country.clone(),
        fingerprint: partner.fingerprint(),
    }
}
