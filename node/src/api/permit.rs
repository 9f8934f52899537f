//! Who may do what: one table, default deny (threats.md T30, T34). Each method asks once, at its head; a method
//! without an entry answers nobody, and a test finds it.

use std::{io, path::Path};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tonic::{Status, metadata::MetadataMap};
use volbridge_proto::{
    Code,
    record::{Body, Statement},
    seal,
};

use super::{Api, status};
use crate::{
    config::Config,
    context::Context,
    error::Error,
    views::{Opens, Viewer},
};

/// What a method needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Nothing: it answers with what is public.
    Everyone,
    /// To be staff of this node: publish, read what is sealed to it.
    Staff,
    /// To run this node: admit partners, rebuild, check.
    Operator,
}

use Right::{Everyone, Operator, Staff};

/// Every method of `volbridge.node.v1` and what it needs.
pub const METHODS: &[(&str, Right)] = &[
    ("Agreements.End", Staff),
    ("Agreements.List", Everyone),
    ("Agreements.Publish", Staff),
    ("Blobs.Fetch", Everyone),
    ("Blobs.Store", Staff),
    ("Conferences.Get", Everyone),
    ("Conferences.List", Everyone),
    ("Conferences.Publish", Staff),
    ("Listings.Get", Everyone),
    ("Listings.List", Everyone),
    ("Listings.Publish", Staff),
    ("Logs.Checkpoint", Everyone),
    ("Logs.Entries", Everyone),
    ("Logs.EntryBundle", Everyone),
    ("Logs.Evidence", Everyone),
    ("Logs.Policy", Everyone),
    ("Logs.Tile", Everyone),
    ("Logs.Verify", Operator),
    ("Maintenance.Fsck", Operator),
    ("Maintenance.RebuildViews", Operator),
    ("Materials.Get", Everyone),
    ("Materials.List", Everyone),
    ("Materials.Publish", Staff),
    ("Network.Status", Staff),
    ("Network.WatchChanges", Everyone),
    ("Network.WatchStatus", Staff),
    ("Organisations.Get", Everyone),
    ("Organisations.List", Everyone),
    ("Organisations.Publish", Staff),
    ("Partners.Add", Operator),
    ("Partners.Get", Everyone),
    ("Partners.List", Everyone),
    ("Partners.Self", Everyone),
    ("Profiles.Get", Staff),
    ("Profiles.List", Staff),
    ("Profiles.Publish", Staff),
    ("Records.Erasures", Everyone),
    ("Records.Get", Everyone),
    ("Records.Proof", Everyone),
    ("Records.Withdraw", Staff),
    ("Search.Listings", Everyone),
    ("Search.Match", Everyone),
    ("Search.Suggest", Everyone),
    ("Translations.Publish", Staff),
];

/// What the method needs; none if it isn't in the table.
#[must_use]
pub fn needed(method: &str) -> Option<Right> {
    METHODS.iter().find(|(name, _)| *name == method).map(|(_, right)| *right)
}

/// The tokens that callers present: only their hashes are kept.
pub struct Tokens {
    /// May do everything; named `operator` in the access log.
    operator: [u8; 32],
}

impl Tokens {
    /// Reads the token's file.
    pub(super) fn load(config: &Config) -> io::Result<Self> {
        let data_dir: &Path = &config.node.data_dir;
        let token = config.api.token.read(data_dir)?;
        if token.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file of the API's token is empty"));
        }
        Ok(Self { operator: hash(token.as_bytes()) })
    }

    /// Who a request's metadata names. No token: the public. A wrong one is refused and not taken for none.
    fn caller(&self, metadata: &MetadataMap) -> Result<Caller, Error> {
        let Some(header) = metadata.get("authorization") else { return Ok(Caller { right: Everyone }) };
        let refused = || Error::new(Code::Unauthenticated);
        let (scheme, token) =
            header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(refused)?;
        // Hashes have one length, and comparing them takes the same time whatever differs.
        let right = hash(token.as_bytes()).ct_eq(&self.operator);
        if scheme.eq_ignore_ascii_case("bearer") && bool::from(right) {
            Ok(Caller { right: Operator })
        } else {
            Err(refused())
        }
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    right: Right,
}

impl Caller {
    /// What this caller may see of the node's records.
    #[must_use]
    pub fn viewer<'a>(&self, context: &'a Context) -> Viewer<'a> {
        if self.right >= Staff { Viewer::Staff(context) } else { Viewer::Public }
    }

    /// The name in the access log.
    #[must_use]
    pub fn actor(&self) -> &'static str {
        match self.right {
            Everyone => "public",
            Staff => "staff",
            Operator => "operator",
        }
    }
}

impl Api {
    /// The one question about permission: may whoever sent this call the method?
    pub(super) fn permit(&self, method: &'static str, metadata: &MetadataMap) -> Result<Caller, Status> {
        permit(&self.tokens, method, metadata).map_err(status)
    }
}

fn permit(tokens: &Tokens, method: &str, metadata: &MetadataMap) -> Result<Caller, Error> {
    let caller = tokens.caller(metadata)?;
    match needed(method) {
        Some(right) if caller.right >= right => Ok(caller),
        Some(_) if caller.right == Everyone => Err(Error::new(Code::Unauthenticated)),
        Some(_) | None => Err(Error::new(Code::PermissionDenied)),
    }
}

impl Opens for Context {
    fn open(&self, body: &Body) -> Option<Statement> {
        seal::open(body, self.own.id.partner, &self.keys.sealing).ok().map(|opened| opened.statement)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message;
    use prost_types::FileDescriptorSet;
    use volbridge_proto::wire;

    use super::*;

    fn tokens() -> Tokens {
        Tokens { operator: hash(b"secret") }
    }

    fn with(header: &'static str) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", header.parse().unwrap());
        metadata
    }

    #[test]
    fn t34_every_method_of_the_api_has_an_entry_and_no_other_has() {
        let set = FileDescriptorSet::decode(wire::DESCRIPTORS).unwrap();
        let files = set.file.iter().filter(|file| file.package() == "volbridge.node.v1");
        let services = files.flat_map(|file| &file.service);
        let methods: BTreeSet<String> = services
            .flat_map(|service| {
                service.method.iter().map(|method| format!("{}.{}", service.name(), method.name()))
            })
            .collect();
        let entries: BTreeSet<String> = METHODS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(entries.len(), METHODS.len());
        assert_eq!(methods, entries);
    }

    #[test]
    fn t34_the_public_may_call_what_everyone_may_and_nothing_else() {
        for (method, right) in METHODS {
            let result = permit(&tokens(), method, &MetadataMap::new()).map_err(|error| error.code);
            let expected =
                if *right == Everyone { Ok(Caller { right: Everyone }) } else { Err(Code::Unauthenticated) };
            assert_eq!(result, expected, "{method}");
            let result = permit(&tokens(), method, &with("Bearer secret"));
            assert_eq!(result.unwrap().right, Operator, "{method}");
        }
    }

    #[test]
    fn t30_an_unknown_method_is_refused_to_everybody() {
        for metadata in [MetadataMap::new(), with("Bearer secret")] {
            assert!(permit(&tokens(), "Listings.Erase", &metadata).is_err());
        }
    }

    #[test]
    fn a_wrong_token_is_refused_also_where_none_is_needed() {
        for header in ["Bearer secrets", "Bearer ", "Bearer", "secret", "Basic secret", "Bearer secret "] {
            let error = permit(&tokens(), "Listings.List", &with(header)).unwrap_err();
            assert_eq!(error.code, Code::Unauthenticated, "{header:?}");
        }
        assert!(permit(&tokens(), "Listings.List", &with("bearer secret")).is_ok());
    }
}
