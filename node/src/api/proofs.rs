//! Proof files and the policies that check them (C2SP tlog-proof, tlog-policy). What is handed out was verified.

use std::time::Duration;

use volbridge_proto::{
    Code, LogId,
    tlog::{
        checkpoint::Origin,
        note::SignedNote,
        policy::{self, Organisation, Policy},
        proof,
        tile::Tiles,
        tlog_proof::TlogProof,
    },
};

use super::{Api, provenance::cosigner_keys};
use crate::{
    error::Error,
    store::{
        Query,
        entries::EntryRow,
        logs::{self, LogRow},
        signed, tiles,
    },
    views::partners,
};

/// How long a proof waits for the slower lines of a new checkpoint.
const PATIENCE: Duration = Duration::from_secs(5);

/// A proof and the policy that checks it.
pub(super) struct ProofFile {
    pub proof: String,
    pub policy: String,
}

/// The policy for a log: its keys, every other partner that is known as an organisation, and that one of them
/// must have cosigned; nobody, if there is nobody else.
pub(super) async fn policy(api: &Api, on: &impl Query, log: &LogRow) -> Result<String, Error> {
    let organisations = organisations(on, log).await?;
    let needed = organisations.len().min(1);
    write(api, on, log, log.checkpoint_size, &organisations, needed).await
}

async fn write(
    api: &Api,
    on: &impl Query,
    log: &LogRow,
    size: u64,
    organisations: &[Organisation],
    needed: usize,
) -> Result<String, Error> {
    let history = api.context.key_history(on, log).await?;
    let mut keys = Vec::new();
    for signer in history.signers_at(size) {
        keys.extend([signer.note.clone(), signer.mldsa44.clone()]);
    }
    Ok(policy::write(&keys, organisations, needed)?)
}

async fn organisations(on: &impl Query, log: &LogRow) -> Result<Vec<Organisation>, Error> {
    let mut organisations = Vec::new();
    for partner in partners::list(on).await? {
        if partner.partner() == log.id.partner {
            continue;
        }
        let origin = logs::load(on, partner.place.log).await?.origin;
        let keys = cosigner_keys(&origin, &partner.content);
        if let (Ok(origin), false) = (origin.parse::<Origin>(), keys.is_empty()) {
            // Two partners may claim one domain; their ids tell them apart.
            let id = partner.partner().to_string();
            let name = format!("{}-{}", origin.domain, id.get(..8).unwrap_or_default());
            organisations.push(Organisation { name, keys });
        }
    }
    Ok(organisations)
}

/// The proof of an entry under the newest checkpoint that has the lines that the policy asks for. A record that was
/// just logged gets one within a second or two: it is waited for. If nobody has cosigned by then, the policy says so.
pub(super) async fn proof(api: &Api, entry: &EntryRow, body: Vec<u8>) -> Result<ProofFile, Error> {
    let heads = &api.context.heads;
    let mut changed = heads.changed();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        changed.mark_unchanged();
        match attempt(api, entry, &body, None).await {
            Err(error) if is_passing(error.code) => {}
            result => return result,
        }
        let waited = tokio::time::timeout_at(deadline, changed.changed()).await;
        if !matches!(waited, Ok(Ok(()))) {
            let unwitnessed = attempt(api, entry, &body, Some(0)).await;
            return unwitnessed.map_err(|error| {
                // Not even its own log has signed it with time yet.
                if is_passing(error.code) { Error::new(Code::Unavailable).because(error) } else { error }
            });
        }
    }
}

fn is_passing(code: Code) -> bool {
    matches!(code, Code::ProofQuorum | Code::CheckpointUnsigned | Code::ProofRange)
}

async fn attempt(
    api: &Api,
    entry: &EntryRow,
    body: &[u8],
    needed: Option<usize>,
) -> Result<ProofFile, Error> {
    let on = api.context.db.snapshot().await?;
    let log = logs::load(&on, entry.log).await?;
    let organisations = organisations(&on, &log).await?;
    let needed = needed.unwrap_or_else(|| organisations.len().min(1));
    let index = entry.index;
    let mut failed = Error::new(Code::ProofRange).at("checkpoint");
    for (size, note) in signed::notes(&on, entry.log, index).await? {
        let policy = write(api, &on, &log, size, &organisations, needed).await?;
        let (note, read) = (SignedNote::parse(&note)?, Policy::parse(policy.as_bytes())?);
        let tiles = load_tiles(&on, &log, index, size).await?;
        let hashes = proof::inclusion(&tiles, index, size)?;
        match TlogProof::build(body.to_vec(), index, hashes, &note, &read) {
            Ok(proof) => return Ok(ProofFile { proof: proof.encode(), policy }),
            Err(refusal) => failed = refusal.into(),
        }
    }
    Err(failed)
}

async fn load_tiles(on: &impl Query, log: &LogRow, index: u64, size: u64) -> Result<Tiles, Error> {
    let needed = proof::plan(size, |source| proof::inclusion(source, index, size).map(drop));
    Ok(tiles::load(on, log.number, &needed).await?)
}

/// The log that a request names; the newest epoch that is held, if it names none.
pub(super) async fn find_log(on: &impl Query, log: LogId) -> Result<LogRow, Error> {
    let found = if log.epoch == 0 {
        logs::of_partner(on, log.partner).await?.pop()
    } else {
        logs::find(on, log).await?
    };
    found.ok_or_else(|| Error::new(Code::LogUnknown).at("log"))
}
