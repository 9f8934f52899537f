//! Who may do what: one table, default deny (threats.md T30, T34). Each method asks once, at its head; a method
//! without an entry answers nobody, and a test finds it. Where a right may hold for one organisation alone, the method
//! asks [`Caller::over`] once it knows which one it is about.

use std::{io, path::Path, time::Duration};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tonic::{Status, metadata::MetadataMap};
use volbridge_proto::{
    Code, SubjectId,
    record::{Body, Statement},
    seal,
};

use super::{Api, status};
use crate::{
    config::Config,
    context::Context,
    error::Error,
    people::{
        roles::{Right, Rights},
        session::{self, Who},
    },
    store::{
        Query,
        accounts::{self, AccountId},
        events::Doer,
        sessions::SecretHash,
    },
    views::{Opens, Viewer},
};

/// What a method needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it answers with what is public.
    Everyone,
    /// A person who is signed in: it is about their own account.
    Person,
    /// One of these rights over something: the method looks at what it is about.
    Somewhere(Rights),
    /// A right over the whole partner.
    Whole(Right),
}

use Needs::{Everyone, Person, Somewhere, Whole};
use Right::{Administer, Audit, Edit, Look, Operate, Review};

/// How often is looked whether a session that somebody watches by has ended.
const LOOK: Duration = Duration::from_secs(30);

/// Whoever gives roles.
const LEADERS: Needs = Somewhere(Rights::of(&[Administer]));
/// Whoever writes listings.
const EDITORS: Needs = Somewhere(Rights::of(&[Edit]));
/// Whoever writes listings or decides on them.
const DESK: Needs = Somewhere(Rights::of(&[Edit, Review]));

/// Whoever sees drafts.
const LOOKERS: Needs = Somewhere(Rights::of(&[Look]));

/// Every method of `volbridge.node.v1` and what it needs.
pub const METHODS: &[(&str, Needs)] = &[
    ("Accounts.BeginEnrolment", Everyone),
    ("Accounts.BeginOidc", Everyone),
    ("Accounts.BeginPasskey", Everyone),
    ("Accounts.CreateToken", Person),
    ("Accounts.EndSessions", Person),
    ("Accounts.FinishEnrolment", Everyone),
    ("Accounts.FinishOidc", Everyone),
    ("Accounts.FinishPasskey", Everyone),
    ("Accounts.GetInvitation", Everyone),
    ("Accounts.Invite", LEADERS),
    ("Accounts.List", LEADERS),
    ("Accounts.Log", Whole(Audit)),
    ("Accounts.RemoveIdentity", Person),
    ("Accounts.RemovePasskey", Person),
    ("Accounts.RevokeInvitation", LEADERS),
    ("Accounts.RevokeToken", Person),
    ("Accounts.Self", Person),
    ("Accounts.SetLocked", LEADERS),
    ("Accounts.SetRoles", LEADERS),
    ("Accounts.SignIn", Everyone),
    ("Accounts.SignOut", Everyone),
    ("Agreements.End", Whole(Operate)),
    ("Agreements.List", Everyone),
    ("Agreements.Publish", Whole(Operate)),
    ("Alerts.Confirm", Everyone),
    ("Alerts.Get", Everyone),
    ("Alerts.Remove", Everyone),
    ("Alerts.Save", Everyone),
    ("Blobs.Fetch", Everyone),
    ("Blobs.Store", Whole(Edit)),
    ("Checks.Get", Whole(Review)),
    ("Checks.List", Whole(Review)),
    ("Checks.Note", Whole(Review)),
    ("Checks.Publish", Whole(Review)),
    ("Conferences.Get", Everyone),
    ("Conferences.List", Everyone),
    ("Conferences.Publish", Whole(Review)),
    ("Desk.Begin", EDITORS),
    ("Desk.Decide", DESK),
    ("Desk.Discard", EDITORS),
    ("Desk.Get", LOOKERS),
    ("Desk.List", LOOKERS),
    ("Desk.Publish", DESK),
    ("Desk.ListTemplates", EDITORS),
    ("Desk.RemoveTemplate", EDITORS),
    ("Desk.SaveTemplate", EDITORS),
    ("Desk.Save", EDITORS),
    ("Desk.SetStatus", DESK),
    ("Desk.Submit", EDITORS),
    ("Imports.Cancel", DESK),
    ("Imports.Configure", DESK),
    ("Imports.Faults", DESK),
    ("Imports.Get", DESK),
    ("Imports.List", DESK),
    ("Imports.Listings", DESK),
    ("Imports.Start", DESK),
    ("Imports.Upload", DESK),
    ("Handovers.Accept", Whole(Administer)),
    ("Handovers.List", Whole(Administer)),
    ("Handovers.Offer", Whole(Administer)),
    ("Listings.Get", Everyone),
    ("Listings.List", Everyone),
    ("Listings.Publish", DESK),
    ("Logs.Checkpoint", Everyone),
    ("Logs.Entries", Everyone),
    ("Logs.EntryBundle", Everyone),
    ("Logs.Evidence", Everyone),
    ("Logs.Policy", Everyone),
    ("Logs.Tile", Everyone),
    ("Logs.Verify", Whole(Audit)),
    ("Maintenance.Fsck", Whole(Operate)),
    ("Maintenance.RebuildViews", Whole(Operate)),
    ("Materials.Get", Everyone),
    ("Materials.List", Everyone),
    ("Materials.Publish", Whole(Review)),
    ("Network.Status", Whole(Audit)),
    ("Network.WatchChanges", Everyone),
    ("Network.DirectoryVersion", Everyone),
    ("Network.WatchStatus", Whole(Audit)),
    ("Organisations.Get", Everyone),
    ("Organisations.List", Everyone),
    ("Organisations.Publish", Whole(Administer)),
    ("Partners.Add", Whole(Operate)),
    ("Partners.Get", Everyone),
    ("Partners.List", Everyone),
    ("Partners.Self", Everyone),
    ("Profiles.Get", Whole(Operate)),
    ("Profiles.List", Whole(Operate)),
    ("Profiles.Publish", Whole(Operate)),
    ("Records.Erasures", Everyone),
    ("Records.Get", Everyone),
    ("Records.Proof", Everyone),
    ("Records.Withdraw", Whole(Administer)),
    ("Search.Listings", Everyone),
    ("Search.Match", Everyone),
    ("Search.Suggest", Everyone),
    ("Statistics.Get", Everyone),
    ("Statistics.Months", Everyone),
    ("Statistics.Publish", Whole(Operate)),
    ("Translations.Publish", Whole(Review)),
];

/// What the method needs; none if it isn't in the table.
#[must_use]
pub fn needed(method: &str) -> Option<Needs> {
    METHODS.iter().find(|(name, _)| *name == method).map(|(_, needs)| *needs)
}

/// The token of whoever runs this machine: only its hash is kept.
pub struct Machine([u8; 32]);

impl Machine {
    /// Reads the token's file.
    pub(super) fn load(config: &Config) -> io::Result<Self> {
        let data_dir: &Path = &config.node.data_dir;
        let token = config.api.token.read(data_dir)?;
        if token.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file of the API's token is empty"));
        }
        Ok(Self(hash(token.as_bytes())))
    }

    /// Hashes have one length, and comparing them takes the same time whatever differs.
    fn is(&self, token: &str) -> bool {
        hash(token.as_bytes()).ct_eq(&self.0).into()
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// What a request presents: nothing, or a secret.
fn presented(metadata: &MetadataMap) -> Result<Option<&str>, Error> {
    let Some(header) = metadata.get("authorization") else { return Ok(None) };
    let refused = || Error::new(Code::Unauthenticated);
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(refused)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token)) } else { Err(refused()) }
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    who: Known,
    whole: Rights,
    anywhere: Rights,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Public,
    Machine,
    Account { id: AccountId, session: Option<SecretHash>, lets_through: Rights },
}

impl Caller {
    pub(super) const PUBLIC: Self = Self { who: Known::Public, whole: Rights::NONE, anywhere: Rights::NONE };
    const MACHINE: Self = Self { who: Known::Machine, whole: Rights::ALL, anywhere: Rights::ALL };

    fn account_of(who: &Who) -> Self {
        let known = Known::Account { id: who.account, session: who.session, lets_through: who.lets_through };
        Self { who: known, whole: who.over_partner(), anywhere: who.anywhere() }
    }

    fn may(self, needs: Needs) -> bool {
        match needs {
            Everyone => true,
            Person => matches!(self.who, Known::Account { session: Some(_), .. }),
            Somewhere(rights) => self.anywhere.and(rights) != Rights::NONE,
            Whole(right) => self.whole.has(right),
        }
    }

    /// What this caller may see of the node's records. What is sealed to the partner is for those who lead it.
    #[must_use]
    pub fn viewer<'a>(&self, context: &'a Context) -> Viewer<'a> {
        if self.whole.has(Administer) { Viewer::Staff(context) } else { Viewer::Public }
    }

    /// The name in the access log: never a person's.
    #[must_use]
    pub fn actor(&self) -> String {
        match self.who {
            Known::Public => "public".to_owned(),
            Known::Machine => "operator".to_owned(),
            Known::Account { id, .. } => format!("account {}", hex::encode(id)),
        }
    }

    /// As whom the log of what accounts did names this caller.
    #[must_use]
    pub fn doer(&self) -> Doer {
        match self.who {
            Known::Public => Doer::Nobody,
            Known::Machine => Doer::Machine,
            Known::Account { id, session: Some(_), .. } => Doer::Person(id),
            Known::Account { id, session: None, .. } => Doer::Program(id),
        }
    }

    /// The account, if it isn't the machine's own token.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match self.who {
            Known::Account { id, .. } => Some(id),
            Known::Public | Known::Machine => None,
        }
    }

    /// The person's account. Tokens of programs don't get this far.
    pub(super) fn person(&self) -> Result<AccountId, Error> {
        self.account().ok_or_else(|| Error::new(Code::Unauthenticated))
    }

    /// The session of a person.
    #[must_use]
    pub fn session(&self) -> Option<SecretHash> {
        match self.who {
            Known::Account { session, .. } => session,
            Known::Public | Known::Machine => None,
        }
    }

    /// Whether this right holds for the whole partner.
    #[must_use]
    pub fn has(&self, right: Right) -> bool {
        self.whole.has(right)
    }

    /// What this caller may do with what belongs to an organisation; none: to the partner itself.
    ///
    /// # Errors
    /// What the database says.
    pub async fn over(&self, q: &impl Query, organisation: Option<SubjectId>) -> Result<Rights, Error> {
        match (self.who, organisation) {
            (Known::Account { id, lets_through, .. }, Some(organisation)) => {
                Ok(session::over(q, id, organisation, lets_through).await?)
            }
            _ => Ok(self.whole),
        }
    }

    /// The organisations whose drafts and files this caller sees; none: of all.
    ///
    /// # Errors
    /// `permission.denied` for one that is `wanted`; what the database says.
    pub(super) async fn reach(
        &self,
        q: &impl Query,
        wanted: Option<SubjectId>,
    ) -> Result<Option<Vec<SubjectId>>, Error> {
        if sees(self.over(q, wanted).await?) {
            return Ok(wanted.map(|organisation| vec![organisation]));
        }
        if wanted.is_some() {
            return Err(Error::new(Code::PermissionDenied).at("organisation"));
        }
        let Some(account) = self.account() else { return Ok(Some(Vec::new())) };
        let roles = accounts::roles(q, account).await?;
        let seen = roles.iter().filter(|role| sees(role.name.rights())).filter_map(|role| role.organisation);
        Ok(Some(seen.collect()))
    }
}

/// Whether somebody with these rights sees what is at the desk.
pub(super) fn sees(rights: Rights) -> bool {
    rights.has(Look)
}

/// Whether somebody with these rights does something there: a program that may only read doesn't.
pub(super) fn works(rights: Rights) -> bool {
    rights.has(Edit) || rights.has(Review)
}

impl Api {
    /// The one question about permission: may whoever sent this call the method?
    pub(super) async fn permit(
        &self,
        method: &'static str,
        metadata: &MetadataMap,
    ) -> Result<Caller, Status> {
        self.caller(method, metadata).await.map_err(status)
    }

    async fn caller(&self, method: &str, metadata: &MetadataMap) -> Result<Caller, Error> {
        let caller = match presented(metadata)? {
            None => Caller::PUBLIC,
            Some(token) if self.machine.is(token) => Caller::MACHINE,
            // A wrong one is refused and not taken for none.
            Some(token) => match session::who(&self.context, token).await? {
                Some(who) => Caller::account_of(&who),
                None => return Err(Error::new(Code::Unauthenticated)),
            },
        };
        permit(caller, method)
    }

    /// Resolves when whoever opened a stream with this session or token may no more: it ended, or the right was lost.
    pub(super) async fn ended(&self, method: &'static str, metadata: MetadataMap) {
        let mut deeds = self.context.people.deeds.subscribe();
        loop {
            deeds.mark_unchanged();
            let Ok(Some(token)) = presented(&metadata) else { return };
            let still = session::still(&self.context, token).await;
            let Ok(Some(who)) = still else { return };
            if permit(Caller::account_of(&who), method).is_err() {
                return;
            }
            // Sessions also end by themselves.
            tokio::select! {
                changed = deeds.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

fn permit(caller: Caller, method: &str) -> Result<Caller, Error> {
    match needed(method) {
        Some(needs) if caller.may(needs) => Ok(caller),
        Some(_) if caller == Caller::PUBLIC => Err(Error::new(Code::Unauthenticated)),
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
    use crate::people::roles::{Role, RoleName, Scope};

    fn with(header: &'static str) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", header.parse().unwrap());
        metadata
    }

    fn signed_in(role: RoleName, organisation: Option<SubjectId>) -> Caller {
        let roles = vec![Role { name: role, organisation }];
        let session = Some([1; 32]);
        Caller::account_of(&Who { account: [1; 16], session, lets_through: Rights::ALL, roles })
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
        for (method, needs) in METHODS {
            let result = permit(Caller::PUBLIC, method).map_err(|error| error.code);
            let expected = if *needs == Everyone { Ok(Caller::PUBLIC) } else { Err(Code::Unauthenticated) };
            assert_eq!(result, expected, "{method}");
        }
    }

    #[test]
    fn t34_the_machines_token_may_do_everything_but_be_a_person() {
        for (method, needs) in METHODS {
            assert_eq!(permit(Caller::MACHINE, method).is_ok(), *needs != Person, "{method}");
        }
    }

    #[test]
    fn t34_a_role_reaches_what_its_rights_reach() {
        let organisation = Some(SubjectId::v7(1_800_000_000_000, [1; 10]));
        for role in RoleName::ALL {
            for of in [None, organisation.filter(|_| role.is_of_organisations())] {
                let caller = signed_in(*role, of);
                for (method, needs) in METHODS {
                    let expected = match needs {
                        Everyone | Person => true,
                        Somewhere(rights) => role.rights().and(*rights) != Rights::NONE,
                        Whole(right) => of.is_none() && role.rights().has(*right),
                    };
                    assert_eq!(permit(caller, method).is_ok(), expected, "{role} {of:?} {method}");
                }
            }
        }
    }

    #[test]
    fn t34_a_programs_token_never_gets_at_accounts_of_its_own_and_no_further_than_its_scopes() {
        let roles = vec![Role { name: RoleName::Operator, organisation: None }];
        for scope in Scope::ALL {
            let who =
                Who { account: [1; 16], session: None, lets_through: scope.rights(), roles: roles.clone() };
            let caller = Caller::account_of(&who);
            for (method, needs) in METHODS {
                let expected = match needs {
                    Everyone => true,
                    Person => false,
                    Somewhere(rights) => scope.rights().and(*rights) != Rights::NONE,
                    Whole(right) => scope.rights().has(*right),
                };
                assert_eq!(permit(caller, method).is_ok(), expected, "{scope:?} {method}");
            }
        }
    }

    #[test]
    fn t30_an_unknown_method_is_refused_to_everybody() {
        for caller in [Caller::PUBLIC, Caller::MACHINE, signed_in(RoleName::Operator, None)] {
            assert!(permit(caller, "Listings.Erase").is_err());
        }
    }

    #[test]
    fn a_header_that_is_no_bearer_token_is_refused_and_not_taken_for_none() {
        for header in ["Bearer", "secret", "Basic secret"] {
            assert_eq!(presented(&with(header)).unwrap_err().code, Code::Unauthenticated, "{header:?}");
        }
        let machine = Machine(hash(b"secret"));
        for (header, right) in [
            ("bearer secret", true),
            ("Bearer secrets", false),
            ("Bearer ", false),
            ("Bearer secret ", false),
        ] {
            let metadata = with(header);
            assert_eq!(
                presented(&metadata).unwrap().is_some_and(|token| machine.is(token)),
                right,
                "{header:?}"
            );
        }
        assert_eq!(presented(&MetadataMap::new()).unwrap(), None);
    }
}
