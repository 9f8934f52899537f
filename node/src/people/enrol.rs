//! A way to sign in: the first one of who was invited, which makes the account; or another one of who is signed in.
//! Nothing is stored before it is proven, by a code or by the passkey's answer.

use futures::FutureExt as _;
use unicode_normalization::UnicodeNormalization as _;
use volbridge_proto::{Code, Timestamp, text::check_name as check_text};
use webauthn_rs::prelude::{CredentialID, RegisterPublicKeyCredential, Uuid};
use zeroize::Zeroizing;

use super::{
    ceremonies::{Ceremony, Enrolment, Way, Whose},
    invite,
    oidc::OIDC,
    passwords, roles,
    session::{self, Entry, Opened},
    sign_in::{PASSKEY, PASSWORD, check_code, codes, internal, normal_login},
};
use crate::{
    context::Context,
    env::Env,
    error::Error,
    store::{
        Tx,
        accounts::{self, AccountId, AccountRow, PasskeyRow},
        events::{self, Deed, Doer, What},
        identities::{self, IdentityRow},
        mark,
        sessions::{self, InvitationRow},
    },
};

/// Letters of a login, a name, the name of a passkey or token.
const LOGIN: std::ops::RangeInclusive<usize> = 3..=64;
const NAME: usize = 100;
/// Passkeys of one account.
const PASSKEYS: usize = 20;

/// What somebody who gets a way to sign in says.
#[derive(Default)]
pub struct Wanted {
    /// Token of the invitation; empty: the caller's own account.
    pub invitation: String,
    /// For a new account.
    pub login: String,
    /// For a new account.
    pub name: String,
    /// Empty: a passkey.
    pub password: String,
    /// What the passkey will be called.
    pub passkey: String,
}

/// What has to be answered.
#[derive(Default)]
pub struct Asked {
    /// Names the ceremony.
    pub id: [u8; 16],
    /// For the browser, JSON; empty: a code is awaited.
    pub options: String,
    /// Base32, for the app.
    pub secret: String,
    /// The same as `otpauth://`.
    pub uri: String,
}

/// Begins it, for the account `own` or by an invitation.
///
/// # Errors
/// `invitation.over`, `login.taken`, `password.weak`, `field.*`, `passkey.unavailable`
pub async fn begin(context: &Context, own: Option<AccountId>, wanted: &Wanted) -> Result<Asked, Error> {
    let (whose, invitation) = whose(context, own, wanted).await?;
    let (login, name) = match &whose {
        Whose::New { login, name, .. } => (login.clone(), name.clone()),
        Whose::Own(id) | Whose::Opened(id) => {
            let account = load(context, *id).await?;
            (account.login, account.name)
        }
    };
    let (way, mut asked) = match wanted.password.as_str() {
        "" => passkey(context, &whose, &login, &name, &wanted.passkey).await?,
        password => by_password(context, password, &login).await?,
    };
    asked.id = context.env.bytes();
    let ceremony = Ceremony::Enrolment(Box::new(Enrolment { whose, invitation, way }));
    context.people.ceremonies.begin(asked.id, ceremony, context.now());
    Ok(asked)
}

/// Whose account, and the invitation that leads to it.
pub(super) async fn whose(
    context: &Context,
    own: Option<AccountId>,
    wanted: &Wanted,
) -> Result<(Whose, Option<[u8; 16]>), Error> {
    if wanted.invitation.is_empty() {
        let own = own.ok_or_else(|| Error::new(Code::FieldRequired).at("invitation"))?;
        return Ok((Whose::Own(own), None));
    }
    let invitation = invite::find(context, &wanted.invitation).await?;
    if let Some(account) = invitation.account {
        return Ok((Whose::Opened(account), Some(invitation.id)));
    }
    let login = check_login(&wanted.login)?;
    let name = check_name(&wanted.name, "name")?;
    if accounts::by_login(&context.db, &login).await?.is_some() {
        return Err(Error::new(Code::LoginTaken).at("login"));
    }
    Ok((Whose::New { id: context.env.bytes(), login, name }, Some(invitation.id)))
}

async fn load(context: &Context, id: AccountId) -> Result<AccountRow, Error> {
    accounts::by_id(&context.db, id).await?.ok_or_else(|| Error::new(Code::Unauthenticated))
}

/// Letters, digits and the signs of mail addresses: a login is typed on any keyboard and looks like no other one (T65).
fn check_login(typed: &str) -> Result<String, Error> {
    let login = normal_login(typed);
    if login.is_empty() {
        return Err(Error::new(Code::FieldRequired).at("login"));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+@".contains(&byte);
    if !LOGIN.contains(&login.len()) || !login.bytes().all(allowed) {
        return Err(Error::new(Code::FieldInvalid)
            .at("login")
            .with("expected", "3 to 64 of a-z 0-9 . _ - + @"));
    }
    Ok(login)
}

/// A name that people read: one line, no hidden letters.
pub(super) fn check_name(typed: &str, field: &'static str) -> Result<String, Error> {
    let name = typed.trim();
    if name.is_empty() {
        return Err(Error::new(Code::FieldRequired).at(field));
    }
    if name.chars().count() > NAME {
        return Err(Error::new(Code::FieldTooLong).at(field).with("limit", NAME));
    }
    let name: String = name.nfc().collect();
    check_text(&name).map_err(|refusal| Error::from(refusal).at(field))?;
    Ok(name)
}

async fn by_password(context: &Context, password: &str, login: &str) -> Result<(Way, Asked), Error> {
    passwords::check(password, login)?;
    let hash = context.people.passwords.hash(password, context.env.bytes()).await?;
    let secret = Zeroizing::new(context.env.bytes::<20>().to_vec());
    let totp = codes(&secret, login, &context.people.issuer).ok_or_else(|| Error::new(Code::Internal))?;
    let uri = totp.to_url().map_err(|error| Error::new(Code::Internal).because(error.to_string()))?;
    let asked = Asked { secret: totp.secret().to_base32(), uri, ..Asked::default() };
    Ok((Way::Password { hash, secret }, asked))
}

async fn passkey(
    context: &Context,
    whose: &Whose,
    login: &str,
    name: &str,
    called: &str,
) -> Result<(Way, Asked), Error> {
    let called = check_name(if called.trim().is_empty() { login } else { called }, "passkey")?;
    let known = match whose {
        Whose::New { .. } => Vec::new(),
        _ => accounts::passkeys(&context.db, whose.id()).await?,
    };
    if known.len() >= PASSKEYS {
        return Err(Error::new(Code::FieldTooMany).at("passkey").with("limit", PASSKEYS));
    }
    let known = known.into_iter().map(|passkey| CredentialID::from(passkey.id)).collect();
    let user = Uuid::from_bytes(whose.id());
    let passkeys = context.people.passkeys()?;
    let (options, state) =
        passkeys.start_passkey_registration(user, login, name, Some(known)).map_err(internal)?;
    let mut options = serde_json::to_value(options).map_err(internal)?;
    if let Some(selection) = options.pointer_mut("/publicKey/authenticatorSelection") {
        // The device keeps it and finds it by itself: signing in asks for no login, and tells of none (T57).
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
    }
    let asked = Asked { options: options.to_string(), ..Asked::default() };
    Ok((Way::Passkey { state: Box::new(state), name: called }, asked))
}

/// What proves a way to sign in.
pub struct Proof {
    /// Six digits.
    pub code: String,
    /// JSON of the browser.
    pub credential: String,
    /// Token of the invitation, again.
    pub invitation: String,
    /// Whence, or empty.
    pub address: String,
}

/// What a proven way is stored as.
pub(super) enum Proven {
    Password { hash: String, secret: Zeroizing<Vec<u8>>, step: u64 },
    Passkey { id: Vec<u8>, name: String, credential: String },
    Identity { id: [u8; 16], issuer: String, subject: String, name: String },
}

/// A way that is proven, and whose it becomes.
pub(super) struct Settled<'a> {
    pub whose: Whose,
    /// The invitation that it began with.
    pub begun_by: Option<[u8; 16]>,
    /// Its token.
    pub invitation: &'a str,
    pub proven: Proven,
    /// Whence, or empty.
    pub address: &'a str,
}

/// Ends it, and opens a session. Another password, and an account that is opened again, end all other sessions and tokens
/// (threats.md T55).
///
/// # Errors
/// `code.wrong` (which can be tried again), `passkey.refused`, `ceremony.over`, `invitation.over`, `login.taken`
pub async fn finish(
    context: &Context,
    own: Option<AccountId>,
    id: [u8; 16],
    proof: &Proof,
) -> Result<Opened, Error> {
    let now = context.now();
    let Ceremony::Enrolment(enrolment) = context.people.ceremonies.take(id, now)? else {
        return Err(Error::new(Code::CeremonyOver));
    };
    if let Way::Password { secret, .. } = &enrolment.way
        && check_code(secret, &proof.code, now).is_none()
    {
        // Whoever began it sees the secret: there is nothing to guess.
        context.people.ceremonies.put_back(id, Ceremony::Enrolment(enrolment), now);
        return Err(Error::new(Code::CodeWrong).at("code"));
    }
    let Enrolment { whose, invitation: begun_by, way } = *enrolment;
    let proven = prove(context, way, proof, now)?;
    let (invitation, address) = (proof.invitation.as_str(), proof.address.as_str());
    settle(context, own, Settled { whose, begun_by, invitation, proven, address }).await
}

/// Stores it, and opens a session.
///
/// # Errors
/// `invitation.over`, `login.taken`, `oidc.taken`, `unauthenticated` for the account of somebody else.
pub(super) async fn settle(
    context: &Context,
    own: Option<AccountId>,
    settled: Settled<'_>,
) -> Result<Opened, Error> {
    let Settled { whose, begun_by, invitation, proven, address } = settled;
    let now = context.now();
    let invitation = match (&whose, begun_by) {
        (Whose::Own(account), _) if own == Some(*account) => None,
        (Whose::Own(_), _) => return Err(Error::new(Code::Unauthenticated)),
        (_, begun_by) => {
            let found = invite::find(context, invitation).await?;
            if Some(found.id) != begun_by {
                return Err(Error::new(Code::InvitationOver));
            }
            Some(found)
        }
    };
    let (env, address) = (context.env.clone(), address.to_owned());
    let opened = context.db.write(move |tx| {
        async move {
            let account = whose.id();
            if let Some(invitation) = &invitation {
                take_up(tx, &whose, invitation, &env, now).await?;
            }
            let way = store(tx, account, proven, now).await?;
            events::add(tx, &Deed::new(env.now(), Doer::Person(account), What::WayAdded).with(way)).await?;
            Ok(session::open(tx, Entry { account, way, address: &address }, &env, now).await?)
        }
        .boxed()
    });
    opened.await.map_err(|error: Error| {
        match error.source.as_ref().and_then(|source| source.downcast_ref()) {
            Some(store @ crate::store::StoreError::Database(_)) if store.is_duplicate() => {
                Error::new(Code::LoginTaken).at("login")
            }
            _ => error,
        }
    })
}

fn prove(context: &Context, way: Way, proof: &Proof, now: Timestamp) -> Result<Proven, Error> {
    match way {
        Way::Password { hash, secret } => {
            let step = check_code(&secret, &proof.code, now)
                .ok_or_else(|| Error::new(Code::CodeWrong).at("code"))?;
            Ok(Proven::Password { hash, secret, step })
        }
        Way::Passkey { state, name } => {
            let refused = || Error::new(Code::PasskeyRefused).at("credential");
            let answer: RegisterPublicKeyCredential =
                serde_json::from_str(&proof.credential).map_err(|_| refused())?;
            let passkey = context
                .people
                .passkeys()?
                .finish_passkey_registration(&answer, &state)
                .map_err(|_| refused())?;
            let credential = serde_json::to_string(&passkey).map_err(internal)?;
            Ok(Proven::Passkey { id: passkey.cred_id().to_vec(), name, credential })
        }
    }
}

/// The invitation is used up, in the same transaction: of two who are fast, one comes in (T58).
async fn take_up(
    tx: &mut Tx,
    whose: &Whose,
    invitation: &InvitationRow,
    env: &Env,
    now: Timestamp,
) -> Result<(), Error> {
    if !sessions::use_invitation(tx, invitation.id).await? {
        return Err(Error::new(Code::InvitationOver));
    }
    let what = if matches!(whose, Whose::New { .. }) { What::Joined } else { What::Reopened };
    let deed = Deed::new(env.now(), Doer::Person(whose.id()), what).about(invitation.invited_by);
    events::add(tx, &deed.with(roles::written(&invitation.roles))).await?;
    match whose {
        Whose::New { id, login, name } => {
            let account = AccountRow {
                id: *id,
                login: login.clone(),
                name: name.clone(),
                password: String::new(),
                totp: Vec::new(),
                totp_step: 0,
                locked: false,
                created_at: now,
                seen_at: now,
            };
            accounts::insert(tx, &account).await?;
            accounts::set_roles(tx, *id, &invitation.roles).await?;
        }
        Whose::Own(id) | Whose::Opened(id) => {
            // Whoever held the old ways may not be who was invited.
            accounts::set_password(tx, *id, "", &[], 0).await?;
            accounts::remove_passkeys(tx, *id).await?;
            identities::remove_all(tx, *id).await?;
            mark::changed(tx, *id).await?;
            session::end_all(tx, *id, None).await?;
        }
    }
    Ok(())
}

/// Stores it, and gives its name.
async fn store(
    tx: &mut Tx,
    account: AccountId,
    proven: Proven,
    now: Timestamp,
) -> Result<&'static str, Error> {
    match proven {
        Proven::Password { hash, secret, step } => {
            accounts::set_password(tx, account, &hash, &secret, step).await?;
            mark::changed(tx, account).await?;
            session::end_all(tx, account, None).await?;
            Ok(PASSWORD)
        }
        Proven::Passkey { id, name, credential } => {
            let passkey = PasskeyRow {
                id,
                account,
                name,
                credential,
                created_at: now,
                used_at: Timestamp::from_millis(0),
            };
            accounts::add_passkey(tx, &passkey).await?;
            Ok(PASSKEY)
        }
        Proven::Identity { id, issuer, subject, name } => {
            if identities::find(tx, &issuer, &subject).await?.is_some() {
                return Err(Error::new(Code::OidcTaken));
            }
            let used_at = Timestamp::from_millis(0);
            let row = IdentityRow { id, issuer, subject, account, name, created_at: now, used_at };
            identities::add(tx, &row).await?;
            Ok(OIDC)
        }
    }
}
