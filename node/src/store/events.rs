//! What accounts did (threats.md P12), each noted in the transaction that did it: what was rolled back was never done, and
//! what was done is always noted. Accounts are named by their ids; nothing that somebody typed stands here, because people
//! type passwords and addresses into the wrong field.

use std::{
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use volbridge_proto::Timestamp;

use super::{Query, StoreError, Tx, accounts::AccountId, args, column, mark, select::Select};

/// How many attempts to sign in that were refused are kept: strangers cause these.
pub const REFUSED_KEPT: i64 = 10_000;

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doer {
    /// Somebody who is signed in.
    Person(AccountId),
    /// A program, in the name of its owner.
    Program(AccountId),
    /// Whoever runs this machine.
    Machine,
    /// The node itself, at the time that somebody had set.
    Node,
    /// Nobody who is known.
    Nobody,
}

impl Doer {
    fn parts(self) -> (&'static str, Option<AccountId>) {
        match self {
            Self::Person(id) => ("person", Some(id)),
            Self::Program(id) => ("program", Some(id)),
            Self::Machine => ("machine", None),
            Self::Node => ("node", None),
            Self::Nobody => ("nobody", None),
        }
    }

    fn load(key: i64, name: &str, account: &[u8]) -> Result<Self, StoreError> {
        let id = || column::id("account_event", key, account);
        match name {
            "person" => Ok(Self::Person(id()?)),
            "program" => Ok(Self::Program(id()?)),
            "machine" => Ok(Self::Machine),
            "node" => Ok(Self::Node),
            "nobody" => Ok(Self::Nobody),
            _ => Err(StoreError::corrupt("account_event", key, "no such doer")),
        }
    }

    /// Its name in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.parts().0
    }

    /// Whose account it is.
    #[must_use]
    pub fn account(self) -> Option<AccountId> {
        self.parts().1
    }
}

macro_rules! deeds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum What {
            $($(#[$doc])* $name,)*
        }

        impl What {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in messages and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

deeds! {
    /// Signed in; by which way.
    SignedIn = "signed_in",
    /// Tried to, and was refused; `about`: whose account it was.
    SignInRefused = "sign_in_refused",
    /// The same so often that further attempts have to wait.
    SignInSlowed = "sign_in_slowed",
    /// Signed out.
    SignedOut = "signed_out",
    /// Ended all other sessions of the account.
    SessionsEnded = "sessions_ended",
    /// Invited somebody to these roles; `about`: to open this account again.
    Invited = "invited",
    /// Took an invitation back.
    InvitationRevoked = "invitation_revoked",
    /// Came by an invitation; `about`: of whom.
    Joined = "joined",
    /// Opened the own account again by an invitation: all old ways to sign in ended.
    Reopened = "reopened",
    /// Gave an account these roles and no others.
    RolesChanged = "roles_changed",
    /// Locked an account.
    Locked = "locked",
    /// Opened it again.
    Unlocked = "unlocked",
    /// Added a way to sign in, or replaced it.
    WayAdded = "way_added",
    /// Took one away.
    WayRemoved = "way_removed",
    /// Made a token for a program.
    TokenMade = "token_made",
    /// A program used it for the first time.
    TokenUsed = "token_used",
    /// Ended it.
    TokenRevoked = "token_revoked",
    /// Handed a draft in.
    DraftSubmitted = "draft_submitted",
    /// Approved it.
    DraftApproved = "draft_approved",
    /// Asked for changes.
    DraftReturned = "draft_returned",
    /// Published it.
    DraftPublished = "draft_published",
    /// Threw it away.
    DraftDiscarded = "draft_discarded",
    /// Found that the database is an old copy: what was open ended.
    Restored = "restored",
}

impl FromStr for What {
    type Err = UnknownDeed;

    fn from_str(name: &str) -> Result<Self, UnknownDeed> {
        Self::ALL.iter().copied().find(|what| what.as_str() == name).ok_or(UnknownDeed)
    }
}

/// No deed has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no deed has this name")]
pub struct UnknownDeed;

/// One line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub doer: Doer,
    /// What.
    pub what: What,
    /// About whom.
    pub about: Option<AccountId>,
    /// As `what` needs it.
    pub detail: String,
    /// Of sign-ins alone, as [`shortened`] leaves it.
    pub address: String,
}

impl Deed {
    /// Without more.
    #[must_use]
    pub fn new(at: Timestamp, doer: Doer, what: What) -> Self {
        Self { at, doer, what, about: None, detail: String::new(), address: String::new() }
    }

    /// About this account.
    #[must_use]
    pub fn about(self, account: impl Into<Option<AccountId>>) -> Self {
        Self { about: account.into(), ..self }
    }

    /// With this detail.
    #[must_use]
    pub fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Done from there.
    #[must_use]
    pub fn from(self, address: &str) -> Self {
        Self { address: shortened(address), ..self }
    }
}

/// The network that an address belongs to: enough to see that somebody came from elsewhere than usual, too little to say
/// which home or telephone it was. Anything that is no address is left out.
#[must_use]
pub fn shortened(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
        Err(_) => String::new(),
    }
}

/// Notes it.
pub async fn add(tx: &mut Tx, deed: &Deed) -> Result<(), StoreError> {
    let (number,): (i64,) = tx.row("SELECT coalesce(max(number), 0) + 1 FROM account_event", args![]).await?;
    let (doer, account) = deed.doer.parts();
    let bytes = |id: Option<AccountId>| id.map(Vec::from).unwrap_or_default();
    tx.execute(
        "INSERT INTO account_event (number, at, doer, account, what, about, detail, address)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            number,
            deed.at,
            doer,
            bytes(account),
            deed.what.as_str(),
            bytes(deed.about),
            &deed.detail,
            &deed.address
        ],
    )
    .await?;
    if matches!(deed.what, What::SignInRefused | What::SignInSlowed) {
        tx.execute(
            "DELETE FROM account_event WHERE number <= $1 AND what IN ('sign_in_refused', 'sign_in_slowed')",
            args![number - REFUSED_KEPT],
        )
        .await?;
    }
    mark::count(tx).await
}

/// Forgets what is older.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<(), StoreError> {
    tx.execute("DELETE FROM account_event WHERE at < $1", args![before]).await?;
    Ok(())
}

type Raw = (i64, i64, String, Vec<u8>, String, Vec<u8>, String, String);

/// Up to `limit`, newest first, with their numbers, below the number `before`; done by or about `of`, if it is named.
pub async fn newest(
    q: &impl Query,
    of: Option<AccountId>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<(i64, Deed)>, StoreError> {
    let mut select = Select::new(
        "SELECT number, at, doer, account, what, about, detail, address FROM account_event WHERE number < ?",
        args![before.unwrap_or(i64::MAX)],
    );
    if let Some(of) = of {
        select.add(" AND (account = ? OR about = ?)", args![of, of]);
    }
    select.add(" ORDER BY number DESC LIMIT ?", args![limit]);
    select.rows::<Raw>(q).await?.into_iter().map(typed).collect()
}

fn typed((number, at, doer, account, what, about, detail, address): Raw) -> Result<(i64, Deed), StoreError> {
    let corrupt = |why: UnknownDeed| StoreError::corrupt("account_event", number, why);
    let deed = Deed {
        at: Timestamp::from_millis(at),
        doer: Doer::load(number, &doer, &account)?,
        what: what.parse().map_err(corrupt)?,
        about: column::optional_id(
            "account_event",
            number,
            Some(about.as_slice()).filter(|bytes| !bytes.is_empty()),
        )?,
        detail,
        address,
    };
    Ok((number, deed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_its_network_is_kept() {
        for (address, kept) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
            ("", ""),
            ("lin.wei@example.org", ""),
        ] {
            assert_eq!(shortened(address), kept, "{address}");
        }
    }

    #[test]
    fn names_of_deeds_print_and_parse() {
        for what in What::ALL {
            assert_eq!(what.as_str().parse(), Ok(*what));
        }
        assert!("forgot".parse::<What>().is_err());
    }
}
