//! What a caller presents: the session of a person or the token of a program. Both are 32 random bytes of which the node
//! keeps the hash, and both end at once when the account is locked, gets another password or loses a role.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::FutureExt as _;
use sha2::{Digest, Sha256};
use volbridge_proto::Timestamp;

use super::{minutes, roles, token};
use crate::{
    context::Context,
    env::Env,
    error::Error,
    people::roles::{Rights, Role},
    store::{
        Query, StoreError, Tx,
        accounts::{self, AccountId},
        events::{self, Deed, Doer, What},
        sessions::{self, SecretHash, SessionRow},
    },
};

/// A session ends after so long without a request, ms.
const IDLE: i64 = minutes(12 * 60);
/// And after so long in any case, ms.
const LONGEST: i64 = minutes(14 * 24 * 60);
/// The end moves only when it comes nearer than this: most requests write nothing, ms.
const MOVED: i64 = minutes(60);

/// What begins each kind of secret, so that whoever finds one knows what it is.
const SESSION: &str = "vbs_";
/// Of programs.
pub(super) const TOKEN: &str = "vbt_";
/// Of invitations.
pub(super) const INVITATION: &str = "vbi_";

/// A new secret and the hash that is kept of it.
pub(super) fn secret(env: &Env, prefix: &str) -> (String, SecretHash) {
    let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(env.bytes::<32>()));
    let hash = hash(&secret);
    (secret, hash)
}

pub(crate) fn hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

/// A session that was just opened.
pub struct Opened {
    /// What its owner presents.
    pub secret: String,
    /// Whose.
    pub account: AccountId,
    /// Until when, if nothing is asked.
    pub expires_at: Timestamp,
}

/// Who signs in, how, and whence.
pub(super) struct Entry<'a> {
    /// Whose account.
    pub account: AccountId,
    /// `password`, `passkey`, `oidc`
    pub way: &'static str,
    /// As the gateway saw it, or empty.
    pub address: &'a str,
}

/// Opens a session, in the transaction that found out who it is.
pub(super) async fn open(
    tx: &mut Tx,
    entry: Entry<'_>,
    env: &Env,
    now: Timestamp,
) -> Result<Opened, StoreError> {
    let Entry { account, way, address } = entry;
    let (secret, hash) = secret(env, SESSION);
    let expires_at = now.plus(IDLE);
    accounts::seen(tx, account, now).await?;
    sessions::open(tx, hash, &SessionRow { account, created_at: now, expires_at }).await?;
    let deed = Deed::new(env.now(), Doer::Person(account), What::SignedIn).with(way).from(address);
    events::add(tx, &deed).await?;
    Ok(Opened { secret, account, expires_at })
}

/// Who presented a secret.
#[derive(Clone, Debug)]
pub struct Who {
    /// Whose account.
    pub account: AccountId,
    /// The session, if it is a person's.
    pub session: Option<SecretHash>,
    /// What the secret lets through of the account's rights.
    pub lets_through: Rights,
    /// The account's roles.
    pub roles: Vec<Role>,
}

impl Who {
    /// What they may do for the whole partner.
    #[must_use]
    pub fn over_partner(&self) -> Rights {
        roles::over_partner(&self.roles).and(self.lets_through)
    }

    /// What they may do somewhere.
    #[must_use]
    pub fn anywhere(&self) -> Rights {
        roles::anywhere(&self.roles).and(self.lets_through)
    }
}

/// Whose secret this is, if it is one of an account and still counts.
///
/// # Errors
/// What the database says.
pub async fn who(context: &Context, secret: &str) -> Result<Option<Who>, Error> {
    find(context, secret, Use::Request).await
}

/// The same without using it: whoever only looks on doesn't keep a session open.
///
/// # Errors
/// What the database says.
pub async fn still(context: &Context, secret: &str) -> Result<Option<Who>, Error> {
    find(context, secret, Use::Look).await
}

/// What a secret is presented for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Request,
    Look,
}

async fn find(context: &Context, secret: &str, using: Use) -> Result<Option<Who>, Error> {
    let (hash, now) = (hash(secret), context.now());
    let found = if secret.starts_with(SESSION) {
        of_session(context, hash, using, now).await?.map(|account| (account, Some(hash), Rights::ALL))
    } else if secret.starts_with(TOKEN) {
        of_token(context, hash, using, now).await?.map(|(account, rights)| (account, None, rights))
    } else {
        None
    };
    let Some((account, session, lets_through)) = found else { return Ok(None) };
    match accounts::by_id(&context.db, account).await? {
        Some(row) if !row.locked => {}
        _ => return Ok(None),
    }
    let roles = accounts::roles(&context.db, account).await?;
    Ok(Some(Who { account, session, lets_through, roles }))
}

async fn of_session(
    context: &Context,
    hash: SecretHash,
    using: Use,
    now: Timestamp,
) -> Result<Option<AccountId>, Error> {
    let Some(session) = sessions::find(&context.db, hash).await?.filter(|found| found.expires_at > now)
    else {
        return Ok(None);
    };
    let until = now.plus(IDLE).min(session.created_at.plus(LONGEST));
    if using == Use::Request && until.as_millis() - session.expires_at.as_millis() > MOVED {
        context.db.write(move |tx| async move { sessions::prolong(tx, hash, until).await }.boxed()).await?;
    }
    Ok(Some(session.account))
}

async fn of_token(
    context: &Context,
    hash: SecretHash,
    using: Use,
    now: Timestamp,
) -> Result<Option<(AccountId, Rights)>, Error> {
    let Some(token) = sessions::find_token(&context.db, hash).await?.filter(|found| found.expires_at > now)
    else {
        return Ok(None);
    };
    if using == Use::Request && now.as_millis() - token.used_at.as_millis() > MOVED {
        let first = token.used_at.as_millis() == 0;
        let deed = Deed::new(context.env.now(), Doer::Program(token.account), What::TokenUsed);
        let deed = deed.with(token::brief(token.id, &token.scopes));
        let write = context.db.write(move |tx| {
            async move {
                sessions::token_used(tx, hash, now).await?;
                if first { events::add(tx, &deed).await } else { Ok(()) }
            }
            .boxed()
        });
        write.await?;
    }
    let rights = token.scopes.iter().fold(Rights::default(), |sum, scope| sum.or(scope.rights()));
    Ok(Some((token.account, rights)))
}

/// Everything that an account presents ends: sessions but the one that is named, and tokens.
pub(super) async fn end_all(
    tx: &mut Tx,
    account: AccountId,
    but: Option<SecretHash>,
) -> Result<(), StoreError> {
    sessions::close_all(tx, account, but).await?;
    sessions::remove_tokens(tx, account).await
}

/// The account's roles over one organisation, as the secret lets them through.
pub async fn over(
    q: &impl Query,
    account: AccountId,
    organisation: volbridge_proto::SubjectId,
    lets_through: Rights,
) -> Result<Rights, StoreError> {
    Ok(roles::over(&accounts::roles(q, account).await?, organisation).and(lets_through))
}
