//! The check of a proof file, offline: `volbridge_proto::tlog` does it, this is
//! the only place that calls it. <https://c2sp.org/tlog-proof>

use volbridge_proto::{
    error::Refusal,
    id::{LogId, RecordId},
    record::body::Content,
    tlog::{checkpoint::Origin, policy::Policy, tlog_proof::TlogProof},
};

/// What a proof that passed says.
#[derive(Clone, Debug)]
pub struct Checked {
    pub record: RecordId,
    pub log: LogId,
    pub origin: String,
    pub index: u64,
    pub size: u64,
    /// `None` if the record is sealed.
    pub kind: Option<String>,
    /// Unix milliseconds, as the log's post-quantum line says; 0: it has none.
    pub signed_at: i64,
    /// Names of the policy's witnesses that have signed.
    pub cosigners: Vec<String>,
}

/// Checks a proof under a policy; costs some milliseconds of a core.
pub fn check(proof: &str, policy: &str) -> Result<Checked, Refusal> {
    let proof = TlogProof::parse(proof)?;
    let verified = proof.verify(&Policy::parse(policy.as_bytes())?)?;
    let body = verified.body();
    let checkpoint = verified.checkpoint();
    Ok(Checked {
        record: body.id,
        log: verified.log(),
        origin: checkpoint.origin.clone(),
        index: verified.index(),
        size: checkpoint.size,
        kind: match &body.content {
            Content::Public(statement) => Some(statement.kind.clone()),
            Content::Sealed(_) => None,
        },
        signed_at: verified.signed_at().map_or(0, |at| at.as_millis()),
        cosigners: verified.witnesses().map(|(name, _)| name.to_owned()).collect(),
    })
}

/// The log that a proof says it is of. Nothing is proven by it; it only finds the policy.
pub fn claimed_log(proof: &str) -> Option<LogId> {
    let proof = TlogProof::parse(proof).ok()?;
    let origin = proof.note.text().lines().next()?;
    origin.parse::<Origin>().ok().map(|origin| origin.log)
}
