//! Where a record stands and who says so: put together here for every answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use volbridge_proto::{
    Timestamp,
    identity::keys::Ed25519Public,
    record::Statement,
    tlog::{
        checkpoint::Origin,
        cosignature,
        note::{KeyMaterial, SignedNote, VerifierKey},
    },
    wire::{node::v1 as wire, record::v1 as record},
};

use super::{Api, permit::Caller, reading::Reading};
use crate::{
    context::Context,
    error::Error,
    heads::Head,
    store::{
        logs::{self, LogNumber, LogRow},
        signed,
    },
    views::{Place, partners},
};

/// Top-level domain of the demonstration (RFC 2606): nobody real can have it.
const DEMONSTRATION: &str = ".example";

/// What is said of every record of a log.
#[derive(Debug)]
pub(super) struct LogFacts {
    pub row: LogRow,
    pub cosigned: Cosigned,
}

/// What a record says of itself; nothing, if the viewer may not read it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub revision: u64,
    pub issued_at: Timestamp,
}

impl LogFacts {
    /// Where a record of the log stands.
    pub fn provenance(&self, place: &Place, said: Said, fresh: bool) -> wire::Provenance {
        let Self { row, cosigned } = self;
        let covered = row.checkpoint_size > place.index;
        let is_cosigned = cosigned.size > place.index;
        wire::Provenance {
            hash: place.id.to_vec(),
            partner: place.log_id.partner.to_vec(),
            epoch: place.log_id.epoch,
            index: place.index,
            origin: row.origin.clone(),
            revision: said.revision,
            issued_at: said.issued_at.as_millis(),
            logged_at: place.logged_at.map_or(0, Timestamp::as_millis),
            checkpoint_size: if covered { row.checkpoint_size } else { 0 },
            cosigners: if is_cosigned { cosigned.names.to_vec() } else { Vec::new() },
            fresh,
            demonstration: is_demonstration(&row.origin),
        }
    }
}

/// The own log's facts under its newest head: all whose publishes shared a commit are answered from one look.
#[derive(Debug, Default)]
pub(super) struct OwnLog(tokio::sync::Mutex<Option<(Head, Arc<LogFacts>)>>);

impl Api {
    /// The own log, under its newest head.
    pub(super) async fn own_log(&self, caller: Caller) -> Result<Arc<LogFacts>, Error> {
        let own = self.context.own;
        let mut known = self.own_log.0.lock().await;
        let head = self.context.heads.get(&own.id);
        if let (Some((seen, facts)), Some(head)) = (&*known, &head)
            && seen == head
        {
            return Ok(Arc::clone(facts));
        }
        let facts = self.read(caller).await?.log(own.number).await?;
        *known = head.map(|head| (head, Arc::clone(&facts)));
        Ok(facts)
    }
}

/// The newest checkpoint of a log that others cosigned.
#[derive(Clone, Debug, Default)]
pub(super) struct Cosigned {
    /// Its size; 0 if nobody has cosigned.
    pub size: u64,
    /// Who cosigned it.
    pub names: Arc<[String]>,
    note: String,
}

/// What was found last, so that each checkpoint is verified once.
#[derive(Debug, Default)]
pub(super) struct Cosigners(Mutex<BTreeMap<LogNumber, Cosigned>>);

impl Reading<'_> {
    /// Where a record stands; `statement` only if the viewer may read it.
    pub async fn provenance(
        &mut self,
        place: &Place,
        statement: Option<&Statement>,
    ) -> Result<wire::Provenance, Error> {
        let facts = self.log(place.log).await?;
        let said = statement.map(|said| Said { revision: said.revision, issued_at: said.issued_at });
        let fresh = is_fresh(&self.api.context, &facts.row);
        Ok(facts.provenance(place, said.unwrap_or_default(), fresh))
    }

    /// A log, and who cosigned it last.
    pub async fn log(&mut self, number: LogNumber) -> Result<Arc<LogFacts>, Error> {
        if let Some(facts) = self.logs.get(&number) {
            return Ok(Arc::clone(facts));
        }
        let row = logs::load(&self.tx, number).await?;
        let cosigned = self.cosigned(&row).await?;
        let facts = Arc::new(LogFacts { row, cosigned });
        self.logs.insert(number, Arc::clone(&facts));
        Ok(facts)
    }

    async fn cosigned(&self, row: &LogRow) -> Result<Cosigned, Error> {
        let cache = &self.api.cosigners.0;
        for (size, text) in signed::notes(&self.tx, row.number, 0).await? {
            let known = cache.lock().unwrap_or_else(PoisonError::into_inner).get(&row.number).cloned();
            if let Some(known) = known.filter(|known| known.note == text) {
                return Ok(known);
            }
            let Ok(note) = SignedNote::parse(&text) else { continue };
            if note.signatures().iter().all(|line| line.name == row.origin) {
                continue;
            }
            let names = self.cosigners(row, &note).await?.into();
            let cosigned = Cosigned { size, names, note: text };
            cache.lock().unwrap_or_else(PoisonError::into_inner).insert(row.number, cosigned.clone());
            return Ok(cosigned);
        }
        Ok(Cosigned::default())
    }

    /// Who cosigned: only lines that verify by a key of a known partner's newest descriptor, each partner once.
    async fn cosigners(&self, row: &LogRow, note: &SignedNote) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for partner in partners::list(&self.tx).await? {
            if partner.partner() == row.id.partner {
                continue;
            }
            let log = logs::load(&self.tx, partner.place.log).await?;
            let keys = cosigner_keys(&log.origin, &partner.content);
            if keys.iter().any(|key| matches!(cosignature::find(note, key), Ok(Some(_)))) {
                names.push(shown_name(&partner.content, &partner.partner().fingerprint()));
            }
        }
        Ok(names)
    }
}

/// Witness and mirror keys under the domain that the partner's log has for ever.
pub(super) fn cosigner_keys(origin: &str, descriptor: &record::PartnerDescriptor) -> Vec<VerifierKey> {
    let (Ok(origin), Some(keys)) = (origin.parse::<Origin>(), &descriptor.keys) else { return Vec::new() };
    let key = |name: String, bytes: &[u8]| {
        VerifierKey::new(name, KeyMaterial::Cosigner(Ed25519Public::parse(bytes).ok()?)).ok()
    };
    [key(origin.witness(), &keys.witness), key(origin.mirror(), &keys.mirror)].into_iter().flatten().collect()
}

/// One name for a list of names: the English one, or the first.
fn shown_name(descriptor: &record::PartnerDescriptor, otherwise: &str) -> String {
    let names = &descriptor.names;
    let name = names.iter().find(|name| name.language == "en").or_else(|| names.first());
    name.map_or_else(|| otherwise.to_owned(), |name| name.text.clone())
}

/// Whether the log's ML-DSA line is under 30 minutes old.
pub(super) fn is_fresh(context: &Context, row: &LogRow) -> bool {
    context.freshness(row.signed_at).may_confirm()
}

fn is_demonstration(origin: &str) -> bool {
    origin.parse::<Origin>().is_ok_and(|origin| origin.domain.ends_with(DEMONSTRATION))
}
