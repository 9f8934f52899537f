//! Invitations: links that are good once, for some days (threats.md T58). No mail address is bound to them: whoever
//! invites hands the link on by a way of their own.

use futures::FutureExt as _;
use volbridge_proto::{Code, Timestamp};

use super::{
    enrol::check_name,
    minutes,
    roles::{self, Right, Role, RoleName},
    session::{self, INVITATION},
};
use crate::{
    context::Context,
    env::Env,
    error::Error,
    store::{
        Db, StoreError,
        accounts::{self, AccountId},
        events::{self, Deed, Doer, What},
        mark,
        sessions::{self, InvitationRow},
    },
};

/// How long a link is good, ms.
const GOOD: i64 = minutes(7 * 24 * 60);
/// Roles of one account.
const ROLES: usize = 100;

/// Who invites, or gives roles.
pub enum By<'a> {
    /// Whoever runs this machine.
    Machine,
    /// An account with these roles, by itself or by a program.
    Account(Doer, AccountId, &'a [Role]),
}

impl By<'_> {
    fn account(&self) -> Option<AccountId> {
        match self {
            Self::Machine => None,
            Self::Account(_, id, _) => Some(*id),
        }
    }

    fn doer(&self) -> Doer {
        match self {
            Self::Machine => Doer::Machine,
            Self::Account(doer, ..) => *doer,
        }
    }

    /// Whether somebody who is this may be locked, or let in anew: as far as all their roles may be given. Who has none
    /// belongs to no organisation.
    fn may_manage(&self, roles: &[Role]) -> bool {
        match self {
            Self::Account(_, _, own) if roles.is_empty() => roles::over_partner(own).has(Right::Administer),
            _ => roles.iter().all(|role| self.may_give(role)),
        }
    }

    fn may_give(&self, role: &Role) -> bool {
        match self {
            Self::Machine => role.organisation.is_none() || role.name.is_of_organisations(),
            Self::Account(_, _, own) => roles::may_give(own, role),
        }
    }
}

/// Invites somebody to be these, or opens an account again. Gives the link's secret part.
///
/// # Errors
/// `permission.denied` for a role that the inviter may not give; `field.*`
pub async fn invite(
    context: &Context,
    by: &By<'_>,
    name: &str,
    given: Vec<Role>,
    account: Option<AccountId>,
) -> Result<(String, InvitationRow), Error> {
    let given = match account {
        None => check_roles(by, &[], given)?,
        Some(id) => {
            let before = accounts::roles(&context.db, id).await?;
            accounts::by_id(&context.db, id)
                .await?
                .ok_or_else(|| Error::new(Code::NotFound).at("account"))?;
            // Who may open an account again could come in as its owner.
            if !by.may_manage(&before) {
                return Err(Error::new(Code::PermissionDenied).at("account"));
            }
            Vec::new()
        }
    };
    let name = check_name(name, "name")?;
    let now = context.now();
    let (secret, invitation) = make(&context.env, name, given, account, by.account(), now);
    let (hash, row) = (session::hash(&secret), invitation.clone());
    let deed = Deed::new(context.env.now(), by.doer(), What::Invited).about(account);
    let deed = deed.with(roles::written(&invitation.roles));
    let write = context.db.write(move |tx| {
        async move {
            sessions::invite(tx, hash, &row).await?;
            events::add(tx, &deed).await
        }
        .boxed()
    });
    write.await?;
    Ok((secret, invitation))
}

/// The link of a new node's first operator.
///
/// # Errors
/// What the database says.
pub async fn first_operator(db: &Db, env: &Env) -> Result<String, StoreError> {
    let operator = Role { name: RoleName::Operator, organisation: None };
    let (secret, invitation) = make(env, String::new(), vec![operator], None, None, env.now());
    let hash = session::hash(&secret);
    let deed = Deed::new(env.now(), Doer::Machine, What::Invited).with(roles::written(&invitation.roles));
    let write = db.write(move |tx| {
        async move {
            sessions::invite(tx, hash, &invitation).await?;
            events::add(tx, &deed).await
        }
        .boxed()
    });
    write.await?;
    Ok(secret)
}

fn make(
    env: &Env,
    name: String,
    roles: Vec<Role>,
    account: Option<AccountId>,
    invited_by: Option<AccountId>,
    now: Timestamp,
) -> (String, InvitationRow) {
    let (secret, _) = session::secret(env, INVITATION);
    let row = InvitationRow {
        id: env.bytes(),
        name,
        roles,
        account,
        invited_by,
        created_at: now,
        expires_at: now.plus(GOOD),
    };
    (secret, row)
}

/// The invitation of this link.
///
/// # Errors
/// `invitation.over`, whether it was used, taken back, has run out or never was.
pub async fn find(context: &Context, secret: &str) -> Result<InvitationRow, Error> {
    let now = context.now();
    let found = sessions::find_invitation(&context.db, session::hash(secret)).await?;
    found.filter(|found| found.expires_at > now).ok_or_else(|| Error::new(Code::InvitationOver))
}

/// Gives an account these roles and no others. Whoever loses a right loses the sessions and tokens that had it.
///
/// # Errors
/// `permission.denied`, `operator.last`, `not_found`
pub async fn set_roles(context: &Context, by: &By<'_>, id: AccountId, given: Vec<Role>) -> Result<(), Error> {
    let before = accounts::roles(&context.db, id).await?;
    accounts::by_id(&context.db, id).await?.ok_or_else(|| Error::new(Code::NotFound).at("account"))?;
    let given = check_roles(by, &before, given)?;
    let deed = Deed::new(context.env.now(), by.doer(), What::RolesChanged).about(id);
    let deed = deed.with(roles::written(&given));
    context
        .db
        .write(move |tx| {
            async move {
                if !is_operator(&given)
                    && accounts::other_operators(tx, id).await? == 0
                    && is_operator(&before)
                {
                    return Err(Error::new(Code::OperatorLast).at("roles"));
                }
                accounts::set_roles(tx, id, &given).await?;
                mark::changed(tx, id).await?;
                // Whoever was allowed to open the account again may not be allowed to be what it is now.
                sessions::remove_invitations_to(tx, id).await?;
                if before.iter().any(|role| !given.contains(role)) {
                    session::end_all(tx, id, None).await?;
                }
                Ok(events::add(tx, &deed).await?)
            }
            .boxed()
        })
        .await
}

fn is_operator(roles: &[Role]) -> bool {
    roles.iter().any(|role| role.name == RoleName::Operator)
}

/// Every role that is new or gone must be one that the giver may give.
fn check_roles(by: &By<'_>, before: &[Role], mut given: Vec<Role>) -> Result<Vec<Role>, Error> {
    given.sort_unstable();
    given.dedup();
    if given.is_empty() && before.is_empty() {
        return Err(Error::new(Code::FieldRequired).at("roles"));
    }
    if given.len() > ROLES {
        return Err(Error::new(Code::FieldTooMany).at("roles").with("limit", ROLES));
    }
    let changed = given
        .iter()
        .filter(|role| !before.contains(role))
        .chain(before.iter().filter(|role| !given.contains(role)));
    if changed.into_iter().all(|role| by.may_give(role)) {
        Ok(given)
    } else {
        Err(Error::new(Code::PermissionDenied).at("roles"))
    }
}

/// Locks an account, or opens it again.
///
/// # Errors
/// `permission.denied`, `operator.last`, `not_found`
pub async fn set_locked(context: &Context, by: &By<'_>, id: AccountId, locked: bool) -> Result<(), Error> {
    let roles = accounts::roles(&context.db, id).await?;
    accounts::by_id(&context.db, id).await?.ok_or_else(|| Error::new(Code::NotFound).at("account"))?;
    if !by.may_manage(&roles) {
        return Err(Error::new(Code::PermissionDenied).at("account"));
    }
    let what = if locked { What::Locked } else { What::Unlocked };
    let deed = Deed::new(context.env.now(), by.doer(), what).about(id);
    context
        .db
        .write(move |tx| {
            async move {
                if locked && is_operator(&roles) && accounts::other_operators(tx, id).await? == 0 {
                    return Err(Error::new(Code::OperatorLast).at("account"));
                }
                accounts::set_locked(tx, id, locked).await?;
                mark::changed(tx, id).await?;
                if locked {
                    session::end_all(tx, id, None).await?;
                    sessions::remove_invitations_to(tx, id).await?;
                }
                Ok(events::add(tx, &deed).await?)
            }
            .boxed()
        })
        .await
}
