//! Trust policies: which logs, which witnesses, and how many must have signed.
//! [C2SP tlog-policy](https://c2sp.org/tlog-policy). Stricter in two points: of each type
//! of signature that a policy lists for a log one must be there (so that ML-DSA-44 can't
//! be left out), and no key of the log or of the log's own partner counts as a witness.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::{Code, Refusal},
    identity::rotation::KeyHistory,
    tlog::{
        checkpoint::{Checkpoint, Origin},
        cosignature::{self, VerifiedLine},
        note::{KeyMaterial, SignedNote, VerifierKey},
    },
};

/// The largest policy that is read.
pub const MAX_BYTES: usize = 256 * 1024;
/// The most logs, the most witnesses, the most groups.
pub const MAX_ITEMS: usize = 256;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    witnesses: Vec<VerifierKey>,
    members: BTreeMap<String, Member>,
    quorum: Quorum,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group { needed: usize, members: Vec<String> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Quorum {
    None,
    Of(String),
}

/// What a policy says of a signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// Origin, size and root.
    pub checkpoint: Checkpoint,
    /// The log's lines that verified.
    pub log_lines: Vec<VerifiedLine>,
    /// The witnesses' lines that verified.
    pub witness_lines: Vec<VerifiedLine>,
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(text: &[u8]) -> Result<Self, Refusal> {
        if text.len() > MAX_BYTES {
            return Err(Refusal::new(Code::PolicyMalformed).with("limit", MAX_BYTES));
        }
        let allowed = |byte: &u8| matches!(byte, b'\t' | b'\n' | 0x20..=0x7e | 0x80..);
        let closed = text.ends_with(b"\n") && text.iter().all(allowed);
        let text = std::str::from_utf8(text).ok().filter(|_| closed);
        let text = text.ok_or_else(|| Refusal::new(Code::PolicyMalformed))?;
        let mut reader = Reader::default();
        for (number, line) in text.lines().enumerate() {
            let items: Vec<&str> = line.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
            if items.first().is_some_and(|first| !first.starts_with('#')) {
                reader.line(&items).map_err(|refusal| refusal.at(format!("line[{}]", number + 1)))?;
            }
        }
        reader.finish()
    }

    /// The logs that it names.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The witnesses that it names.
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }

    /// Judges a signed checkpoint.
    pub fn evaluate(&self, note: &SignedNote) -> Result<Approved, Refusal> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let log_lines = self.log_lines(note, &checkpoint.origin)?;
        let mut witness_lines = Vec::new();
        let mut signed = BTreeSet::new();
        for (place, witness) in self.witnesses.iter().enumerate() {
            if let Some(line) = cosignature::find(note, witness)? {
                witness_lines.push(line);
                if !is_own(&checkpoint.origin, witness) {
                    signed.insert(place);
                }
            }
        }
        let reached = match &self.quorum {
            Quorum::None => true,
            Quorum::Of(name) => self.holds(name, &signed),
        };
        if reached {
            Ok(Approved { checkpoint, log_lines, witness_lines })
        } else {
            Err(Refusal::new(Code::ProofQuorum).with("signed", signed.len()))
        }
    }

    /// The lines by keys of this origin: of each listed type at least one.
    fn log_lines(&self, note: &SignedNote, origin: &str) -> Result<Vec<VerifiedLine>, Refusal> {
        let mut types: BTreeMap<u8, bool> = BTreeMap::new();
        let mut lines = Vec::new();
        for log in self.logs.iter().filter(|log| log.name() == origin) {
            let line = cosignature::find(note, log)?;
            *types.entry(log.material().number()).or_default() |= line.is_some();
            lines.extend(line);
        }
        if types.is_empty() {
            return Err(Refusal::new(Code::ProofLog).with("origin", origin));
        }
        if let Some((kind, _)) = types.iter().find(|(_, signed)| !**signed) {
            return Err(Refusal::new(Code::CheckpointUnsigned).with("type", kind));
        }
        Ok(lines)
    }

    fn holds(&self, name: &str, signed: &BTreeSet<usize>) -> bool {
        match self.members.get(name) {
            Some(Member::Witness(place)) => signed.contains(place),
            // Groups name only what stands above them: this ends.
            Some(Member::Group { needed, members }) => {
                members.iter().filter(|member| self.holds(member, signed)).count() >= *needed
            }
            None => false,
        }
    }
}

/// Whether a witness is the log's own partner: `<domain>/witness` beside `<domain>/log/…`.
fn is_own(origin: &str, witness: &VerifierKey) -> bool {
    let own = |domain: &str| witness.name().split_once('/').is_some_and(|(name, _)| name == domain);
    witness.name() == origin || origin.parse::<Origin>().is_ok_and(|origin| own(&origin.domain))
}

#[derive(Default)]
struct Reader {
    logs: Vec<VerifierKey>,
    witnesses: Vec<VerifierKey>,
    members: BTreeMap<String, Member>,
    grouped: BTreeSet<String>,
    quorum: Option<Quorum>,
}

impl Reader {
    fn line(&mut self, items: &[&str]) -> Result<(), Refusal> {
        let malformed = || Refusal::new(Code::PolicyMalformed);
        match items {
            ["log", vkey] | ["log", vkey, _] => self.log(vkey),
            ["witness", name, vkey] | ["witness", name, vkey, _] => self.witness(name, vkey),
            ["group", name, needed, members @ ..] => self.group(name, needed, members),
            ["quorum", name] if self.quorum.is_none() => {
                let quorum = match *name {
                    "none" => Quorum::None,
                    name if self.members.contains_key(name) => Quorum::Of(name.to_owned()),
                    _ => return Err(malformed().with("unknown", name)),
                };
                self.quorum = Some(quorum);
                Ok(())
            }
            _ => Err(malformed()),
        }
    }

    fn log(&mut self, vkey: &str) -> Result<(), Refusal> {
        let key: VerifierKey = vkey.parse()?;
        self.check_new(&key)?;
        if self.logs.len() >= MAX_ITEMS || matches!(key.material(), KeyMaterial::Cosigner(_)) {
            return Err(Refusal::new(Code::PolicyMalformed).at("log"));
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &str, vkey: &str) -> Result<(), Refusal> {
        let key: VerifierKey = vkey.parse()?;
        self.check_new(&key)?;
        if self.witnesses.len() >= MAX_ITEMS || matches!(key.material(), KeyMaterial::Note(_)) {
            return Err(Refusal::new(Code::PolicyMalformed).at("witness"));
        }
        self.define(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(key);
        Ok(())
    }

    fn group(&mut self, name: &str, needed: &str, members: &[&str]) -> Result<(), Refusal> {
        let malformed = || Refusal::new(Code::PolicyMalformed).at("group");
        for member in members {
            if !self.members.contains_key(*member) || !self.grouped.insert((*member).to_owned()) {
                return Err(malformed().with("member", member));
            }
        }
        let decimal = |text: &str| text.parse().ok().filter(|number: &usize| number.to_string() == text);
        let needed = match needed {
            "all" => members.len(),
            "any" => 1,
            number => decimal(number).ok_or_else(malformed)?,
        };
        let groups = self.members.len() - self.witnesses.len();
        if !(1..=members.len()).contains(&needed) || groups >= MAX_ITEMS {
            return Err(malformed());
        }
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.define(name, Member::Group { needed, members })
    }

    fn define(&mut self, name: &str, member: Member) -> Result<(), Refusal> {
        if name == "none" || self.members.insert(name.to_owned(), member).is_some() {
            return Err(Refusal::new(Code::PolicyMalformed).with("name", name));
        }
        Ok(())
    }

    /// No public key stands in a policy twice: not under two names, nor as log and witness.
    fn check_new(&self, key: &VerifierKey) -> Result<(), Refusal> {
        let known = self.logs.iter().chain(&self.witnesses);
        if known.into_iter().any(|held| held.material().key() == key.material().key()) {
            return Err(Refusal::new(Code::PolicyMalformed).with("duplicate", key.name()));
        }
        Ok(())
    }

    fn finish(self) -> Result<Policy, Refusal> {
        let quorum = self.quorum.ok_or_else(|| Refusal::new(Code::PolicyMalformed).at("quorum"))?;
        Ok(Policy { logs: self.logs, witnesses: self.witnesses, members: self.members, quorum })
    }
}

/// One organisation that may cosign, in a policy that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// A name without white space, used within the file only.
    pub name: String,
    /// Its keys: witness and mirror, of all its descriptors that count.
    pub keys: Vec<VerifierKey>,
}

/// Writes the policy for one log: its keys, each organisation as a group of which any
/// key counts, and how many organisations must have signed.
pub fn write(log: &[VerifierKey], organisations: &[Organisation], needed: usize) -> Result<String, Refusal> {
    let mut text = String::from("# How the proofs of one log are judged: C2SP tlog-policy\n");
    for key in log {
        text.push_str(&format!("log {key}\n"));
    }
    for organisation in organisations {
        let members: Vec<String> =
            (1..=organisation.keys.len()).map(|number| format!("{}.{number}", organisation.name)).collect();
        for (member, key) in members.iter().zip(&organisation.keys) {
            text.push_str(&format!("witness {member} {key}\n"));
        }
        text.push_str(&format!("group {} any {}\n", organisation.name, members.join(" ")));
    }
    if needed == 0 {
        text.push_str("quorum none\n");
    } else {
        let names: Vec<&str> = organisations.iter().map(|organisation| organisation.name.as_str()).collect();
        text.push_str(&format!("group organisations {needed} {}\nquorum organisations\n", names.join(" ")));
    }
    // What was written is what will be read.
    Policy::parse(text.as_bytes())?;
    Ok(text)
}

/// Writes the policy for one log from descriptors: the log's keys in force at `size`,
/// each other partner as a group of its witness and mirror, and how many must have signed.
pub fn for_log(
    log: &KeyHistory,
    size: u64,
    partners: &[&KeyHistory],
    needed: usize,
) -> Result<String, Refusal> {
    let keys = log.descriptor_at(size).ok_or_else(|| Refusal::new(Code::ProofRange).at("size"))?.log_keys();
    let mut seen = BTreeSet::from([log.partner()]);
    let mut others = Vec::new();
    for partner in partners.iter().filter(|partner| seen.insert(partner.partner())) {
        let id = partner.partner().to_string();
        let name = format!("{}-{}", partner.origin().domain, id.get(..8).unwrap_or(&id));
        others.push(Organisation { name, keys: partner.cosigners()?.to_vec() });
    }
    write(&[keys.note.clone(), keys.mldsa44.clone()], &others, needed)
}

#[cfg(test)]
mod tests;
