//! Signing in, with a password and a code or with a passkey. Whatever was wrong, the answer is the same and comes as late
//! (threats.md T57).

use futures::FutureExt as _;
use totp_rs::{Builder, Totp};
use volbridge_proto::{Code, Timestamp};
use webauthn_rs::prelude::{AuthenticationResult, Passkey, PublicKeyCredential};

use super::{
    ceremonies::Ceremony,
    seconds,
    session::{self, Entry, Opened},
};
use crate::{
    context::Context,
    error::Error,
    store::{
        StoreError,
        accounts::{self, AccountId, AccountRow, PasskeyRow},
        events::{self, Deed, Doer, What},
    },
};

/// Ways to sign in, as the log of what accounts did names them.
pub(super) const PASSWORD: &str = "password";
/// By a device.
pub(super) const PASSKEY: &str = "passkey";

/// What somebody typed.
pub struct Typed {
    /// Of the account.
    pub login: String,
    /// Its password.
    pub password: String,
    /// Six digits.
    pub code: String,
    /// Whence, or empty.
    pub address: String,
}

/// Signs in with a password and a code.
///
/// # Errors
/// `sign_in.refused` whatever was wrong; `rate.limited` after too many tries; `field.required` without a login.
pub async fn with_password(context: &Context, typed: &Typed) -> Result<Opened, Error> {
    let (people, now) = (&context.people, context.now());
    let login = normal_login(&typed.login);
    if login.is_empty() {
        return Err(Error::new(Code::FieldRequired).at("login"));
    }
    let mut names = vec![format!("login {login}")];
    if !typed.address.is_empty() {
        names.push(format!("address {}", typed.address));
    }
    people.throttle.check(&names, now)?;
    // Counted before it is known: who asks many times at once is slowed as well.
    let slowed = people.throttle.failed(&names, now);
    let account = accounts::by_login(&context.db, &login).await?;
    let hash = account.as_ref().map_or("", |account| account.password.as_str());
    let right = people.passwords.verify(&typed.password, hash).await?;
    let step = account.as_ref().and_then(|account| step_of(account, &typed.code, now));
    let whose = account.as_ref().map(|account| account.id);
    let fits = account.is_some_and(|account| !account.locked) && right;
    let step = step.filter(|_| fits);
    let (env, address) = (context.env.clone(), typed.address.clone());
    // A refusal is noted as well, and of unknown accounts too: all of them take as long (T57).
    let what = if slowed { What::SignInSlowed } else { What::SignInRefused };
    let refusal = Deed::new(env.now(), Doer::Nobody, what).about(whose).with(PASSWORD).from(&address);
    let write = context.db.write(move |tx| {
        async move {
            let taken = match (whose, step) {
                (Some(id), Some(step)) if accounts::take_code(tx, id, step).await? => Some(id),
                _ => None,
            };
            let Some(account) = taken else {
                events::add(tx, &refusal).await?;
                return Ok::<_, StoreError>(None);
            };
            let entry = Entry { account, way: PASSWORD, address: &address };
            Ok(Some(session::open(tx, entry, &env, now).await?))
        }
        .boxed()
    });
    let opened = write.await?.ok_or_else(refused)?;
    people.throttle.succeeded(&names);
    Ok(opened)
}

fn refused() -> Error {
    Error::new(Code::SignInRefused)
}

/// As logins are compared: what people type in a hurry is the same.
#[must_use]
pub fn normal_login(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// The step of the code, if it is one of now.
fn step_of(account: &AccountRow, code: &str, now: Timestamp) -> Option<u64> {
    check_code(&account.totp, code, now)
}

/// The step of a code that this secret gives now, or half a minute before or after.
pub(super) fn check_code(secret: &[u8], code: &str, now: Timestamp) -> Option<u64> {
    let digits: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    codes(secret, "", "")?.check(&digits, seconds(now))
}

/// What gives the codes of this secret.
pub(super) fn codes(secret: &[u8], login: &str, issuer: &str) -> Option<Totp> {
    let named = |text: &str| text.replace(':', " ");
    let builder = Builder::new()
        .with_secret(secret.to_vec())
        .with_account_name(named(if login.is_empty() { "-" } else { login }))
        .with_issuer(Some(named(issuer)).filter(|issuer| !issuer.is_empty()));
    builder.build().ok()
}

/// A challenge for any passkey of this portal: its id, and the options for the browser as JSON.
///
/// # Errors
/// `passkey.unavailable`
pub fn begin_passkey(context: &Context) -> Result<([u8; 16], String), Error> {
    let (options, state) =
        context.people.passkeys()?.start_discoverable_authentication().map_err(internal)?;
    let mut options = serde_json::to_value(options).map_err(internal)?;
    if let Some(options) = options.as_object_mut() {
        // It begins with a button, not with a field that fills itself in.
        options.remove("mediation");
    }
    let id = context.env.bytes();
    context.people.ceremonies.begin(id, Ceremony::SignIn(Box::new(state)), context.now());
    Ok((id, options.to_string()))
}

/// Signs in with what the passkey answered.
///
/// # Errors
/// `ceremony.over` if it took too long or was used before, `sign_in.refused` for everything else.
pub async fn finish_passkey(
    context: &Context,
    id: [u8; 16],
    answer: &str,
    address: &str,
) -> Result<Opened, Error> {
    let now = context.now();
    let Ceremony::SignIn(state) = context.people.ceremonies.take(id, now)? else {
        return Err(Error::new(Code::CeremonyOver));
    };
    let answer: PublicKeyCredential = serde_json::from_str(answer).map_err(|_| refused())?;
    let passkeys = context.people.passkeys()?;
    let (_, credential) = passkeys.identify_discoverable_authentication(&answer).map_err(|_| refused())?;
    let row = accounts::find_passkey(&context.db, credential).await?.ok_or_else(refused)?;
    let stored: Passkey = serde_json::from_str(&row.credential).map_err(internal)?;
    let result =
        passkeys.finish_discoverable_authentication_v2(&answer, *state, &stored).map_err(|_| refused())?;
    let account = accounts::by_id(&context.db, row.account).await?.filter(|account| !account.locked);
    let Some(account) = account else {
        let deed = Deed::new(context.env.now(), Doer::Nobody, What::SignInRefused).about(row.account);
        let deed = deed.with(PASSKEY).from(address);
        context.db.write(move |tx| async move { events::add(tx, &deed).await }.boxed()).await?;
        return Err(refused());
    };
    open_with(context, account.id, row, stored, &result, address.to_owned()).await
}

async fn open_with(
    context: &Context,
    account: AccountId,
    row: PasskeyRow,
    mut stored: Passkey,
    result: &AuthenticationResult,
    address: String,
) -> Result<Opened, Error> {
    stored.update_credential(result);
    let credential = serde_json::to_string(&stored).map_err(internal)?;
    let (env, now) = (context.env.clone(), context.now());
    let opened = context.db.write(move |tx| {
        async move {
            accounts::passkey_used(tx, &row.id, &credential, now).await?;
            let entry = Entry { account, way: PASSKEY, address: &address };
            session::open(tx, entry, &env, now).await
        }
        .boxed()
    });
    Ok(opened.await?)
}

pub(super) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal).because(error)
}
