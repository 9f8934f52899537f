//! A new node: its keys, its first descriptor (which names the partner for ever) and
//! the token of its API. Nothing is overwritten.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use futures::FutureExt as _;
use volbridge_proto::{
    Code, PartnerId,
    identity::descriptor::{Envelope, sign_first},
    kinds,
    tlog::own::OwnLog,
    wire::record::v1 as wire,
};

use crate::{
    config::Config,
    env::Env,
    error::Error,
    ingest::{self, Beside, Judged, Reader},
    keys::NodeKeys,
    people::{invite, restored},
    store::{Db, lock::DataLock, logs},
    tls::TlsIdentity,
};

/// Who a new partner is.
#[derive(Clone, Debug)]
pub struct InitOptions {
    /// One a language.
    pub names: Vec<wire::LocalText>,
    /// `federation`, `un-agency`, `organisation`, `government`, `research`
    pub kind: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Lower-case; the first part of its log's origin, for ever.
    pub domain: String,
}

/// Holds the partner's id; written last.
const MADE: &str = "partner";

/// Whether the data folder holds a node.
#[must_use]
pub fn is_made(config: &Config) -> bool {
    partner(config).is_some()
}

/// Whose node the data folder holds.
#[must_use]
pub fn partner(config: &Config) -> Option<PartnerId> {
    fs::read_to_string(config.node.data_dir.join(MADE)).ok()?.trim().parse().ok()
}

/// Makes a node in the configured data folder and database.
///
/// # Errors
/// `already_exists` if there is one; the descriptor's refusals; what the disk or the database says.
pub async fn init(config: &Config, options: InitOptions, env: &Env) -> Result<PartnerId, Error> {
    let data = &config.node.data_dir;
    fs::create_dir_all(data).map_err(|error| Error::new(Code::Internal).because(error))?;
    let _lock = DataLock::take(data)?;
    if is_made(config) {
        return Err(Error::new(Code::AlreadyExists).at("node.data_dir"));
    }
    let db = open_database(config).await?;
    let begun = logs::own(&db).await?.pop();
    if begun.is_some() && !config.keys_dir().join("identity").exists() {
        // The log of other keys.
        return Err(Error::new(Code::AlreadyExists).at("database.url"));
    }
    // A descriptor that breaks a rule leaves nothing behind.
    check(&options)?;
    let failed = |error: &dyn std::fmt::Display| Error::new(Code::Internal).because(error.to_string());
    let (keys, next_identity) = NodeKeys::create(&config.keys_dir(), env).map_err(|error| failed(&error))?;
    let tls = TlsIdentity::load_or_generate(&config.keys_dir()).map_err(|error| failed(&error))?;
    write_token(&config.path(&config.api.token.file), env)?;
    restored::begin(data).map_err(|error| failed(&error))?;
    // An earlier call that was interrupted may have begun the log of these keys.
    let partner = match begun {
        Some(log) => log.id.partner,
        None => {
            let descriptor = descriptor(&options, keys.to_wire(next_identity, vec![tls.hash()])?);
            begin_log(&db, &keys, descriptor, env).await?
        }
    };
    db.close().await;
    write_whole(&data.join(MADE), &partner.to_string()).map_err(|error| failed(&error))?;
    Ok(partner)
}

/// The secret part of the link with which a new node's first operator comes in; good for a week. If it is lost, whoever
/// runs the machine makes another (`volbridge account invite`).
///
/// # Errors
/// What the disk or the database says.
pub async fn invite_first(config: &Config, env: &Env) -> Result<String, Error> {
    let _lock = DataLock::take(&config.node.data_dir)?;
    let db = open_database(config).await?;
    let token = invite::first_operator(&db, env).await?;
    db.close().await;
    Ok(token)
}

fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let part = path.with_extension("new");
    let mut file = fs::File::create(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(part, path)
}

/// Opens the configured database.
pub(crate) async fn open_database(config: &Config) -> Result<Db, Error> {
    let options = config.database.options(&config.node.data_dir);
    let options =
        options.map_err(|error| Error::new(Code::Internal).at("database.password").because(error))?;
    Ok(Db::open(&options).await?)
}

fn check(options: &InitOptions) -> Result<(), Error> {
    let descriptor = wire::PartnerDescriptor {
        names: options.names.clone(),
        kind: options.kind.clone(),
        country: options.country.clone(),
        domain: options.domain.clone(),
        keys: None,
    };
    let faults = kinds::partner_descriptor::validate(&descriptor);
    match faults.into_iter().find(|fault| !fault.field.starts_with("keys")) {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}

fn descriptor(options: &InitOptions, keys: wire::Keys) -> wire::PartnerDescriptor {
    wire::PartnerDescriptor {
        names: options.names.clone(),
        kind: options.kind.clone(),
        country: options.country.clone(),
        domain: options.domain.clone(),
        keys: Some(keys),
    }
}

/// 32 random bytes in hex, readable by the owner alone.
fn write_token(path: &Path, env: &Env) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::new(Code::Internal).because(error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    if fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| {
        file.write_all(hex::encode(env.bytes::<32>()).as_bytes())?;
        file.sync_all()
    })
    .map_err(failed)
}

async fn begin_log(
    db: &Db,
    keys: &NodeKeys,
    descriptor: wire::PartnerDescriptor,
    env: &Env,
) -> Result<PartnerId, Error> {
    let envelope = Envelope {
        salt: env.bytes(),
        subject: env.new_public_subject(),
        revision: 1,
        previous: None,
        issued_at: env.now(),
    };
    let first = sign_first(&envelope, &descriptor, &keys.identity, &mut env.rng())?;
    let (own, range) = OwnLog::create(first, &keys.log)?;
    let (id, origin) = (own.history().log(), own.history().origin().to_string());
    let (sealing, now) = (keys.sealing.clone(), env.now());
    db.write(move |tx| {
        async move {
            let log = logs::insert(tx, id, &origin, true, now).await?;
            let reader = Reader { partner: id.partner, own_log: log.number, sealing: &sealing, now };
            let judged = Judged::of(&reader, range, Beside::default());
            ingest::store(tx, &reader, &log, vec![judged]).await?;
            Ok::<_, Error>(())
        }
        .boxed()
    })
    .await?;
    Ok(id.partner)
}
