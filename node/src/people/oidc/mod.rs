//! Signing in with an account that somebody has elsewhere (OpenID Connect, authorization code with PKCE).
//!
//! It opens an account here only if its owner has linked the two before: at an invitation, or while signed in. Issuer and
//! subject are what is linked; an address says nothing, because whoever runs the issuer may give it to somebody else
//! (threats.md T58). Between leaving and coming back the question is kept here alone, for ten minutes and once; the browser
//! holds a secret of it, so that nobody else's browser can be sent back with the answer.

mod provider;
mod token;

pub use provider::Provider;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::FutureExt as _;
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use volbridge_proto::{Code, Timestamp, text::check_name};
use zeroize::Zeroizing;

use self::{
    provider::{Question, refused},
    token::Claims,
};
use super::{
    ceremonies::{Ceremony, Whose},
    enrol::{self, Proven, Settled, Wanted},
    session::{self, Entry, Opened, hash},
};
use crate::{
    context::Context,
    error::Error,
    store::{
        StoreError,
        accounts::{self, AccountId},
        events::{self, Deed, Doer, What},
        identities,
        sessions::SecretHash,
    },
};

/// As the log of what accounts did names this way.
pub(super) const OIDC: &str = "oidc";
/// Letters of a name that the issuer gives.
const NAME: usize = 100;

/// A question that the issuer has been asked.
pub struct Departure {
    browser: SecretHash,
    nonce: String,
    verifier: Zeroizing<String>,
    purpose: Purpose,
}

/// What its answer is for.
enum Purpose {
    SignIn,
    Link { whose: Whose, invitation: Option<([u8; 16], Zeroizing<String>)> },
}

/// Who wants what.
pub enum Wish {
    /// To sign in.
    SignIn,
    /// To link the own account, or the one of an invitation.
    Link(Wanted),
}

/// Where the browser goes, and what it keeps.
pub struct Begun {
    /// At the issuer.
    pub address: String,
    /// Comes back with the answer.
    pub secret: String,
}

/// What came back.
pub struct Answer {
    /// As it was sent.
    pub state: String,
    /// What the browser kept.
    pub secret: String,
    /// What the issuer gives tokens for.
    pub code: String,
    /// Who says that it answers; may be empty (RFC 9207).
    pub issuer: String,
    /// Whence, or empty.
    pub address: String,
}

fn provider(context: &Context) -> Result<&Provider, Error> {
    context.people.oidc.as_ref().ok_or_else(|| Error::new(Code::OidcUnavailable))
}

/// Asks the issuer.
///
/// # Errors
/// `oidc.unavailable`; with a wish to link, what an invitation says.
pub async fn begin(context: &Context, own: Option<AccountId>, wish: Wish) -> Result<Begun, Error> {
    let provider = provider(context)?;
    let purpose = match wish {
        Wish::SignIn => Purpose::SignIn,
        Wish::Link(wanted) => {
            let (whose, invitation) = enrol::whose(context, own, &wanted).await?;
            let token = Zeroizing::new(wanted.invitation);
            Purpose::Link { whose, invitation: invitation.map(|id| (id, token)) }
        }
    };
    let random = || URL_SAFE_NO_PAD.encode(context.env.bytes::<32>());
    let (id, secret, nonce, verifier) =
        (context.env.bytes::<16>(), random(), random(), Zeroizing::new(random()));
    let state = hex::encode(id);
    let question = Question { state: &state, nonce: &nonce, verifier: &verifier };
    let address = provider.departure(&question, context.env.now()).await?;
    let departure = Departure { browser: hash(&secret), nonce, verifier, purpose };
    context.people.ceremonies.begin(id, Ceremony::Oidc(Box::new(departure)), context.now());
    Ok(Begun { address, secret })
}

/// Signs in, or links, with what the issuer answered.
///
/// # Errors
/// `ceremony.over` for an answer that nobody here asked for, or that came before; `oidc.refused` whatever is wrong with it;
/// `oidc.unlinked` if no account is linked; `oidc.taken` if another one is.
pub async fn finish(context: &Context, own: Option<AccountId>, answer: &Answer) -> Result<Opened, Error> {
    let over = || Error::new(Code::CeremonyOver);
    let provider = provider(context)?;
    let id = hex::decode(&answer.state).ok().and_then(|id| id.try_into().ok()).ok_or_else(over)?;
    let Ceremony::Oidc(departure) = context.people.ceremonies.take(id, context.now())? else {
        return Err(over());
    };
    if !bool::from(hash(&answer.secret).ct_eq(&departure.browser)) {
        return Err(over());
    }
    let settings = &provider.settings;
    if !answer.issuer.is_empty() && answer.issuer != settings.issuer {
        return Err(refused("another issuer answers"));
    }
    if answer.code.is_empty() {
        return Err(refused("the issuer gave no code"));
    }
    let question = Question { state: &answer.state, nonce: &departure.nonce, verifier: &departure.verifier };
    let links = matches!(departure.purpose, Purpose::Link { .. });
    let wanted = wanted_claims(settings, links);
    let claims = provider.arrival(&answer.code, &question, &wanted, context.env.now()).await?;
    if let Err(why) = check_rules(settings, &claims) {
        let deed = refusal(context.env.now(), None, &answer.address);
        context.db.write(move |tx| async move { events::add(tx, &deed).await }.boxed()).await?;
        return Err(refused(why));
    }
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
    let issuer = settings.issuer.clone();
    match departure.purpose {
        Purpose::SignIn => sign_in(context, issuer, subject, &answer.address).await,
        Purpose::Link { whose, invitation } => {
            let name = name_of(&claims, &settings.account_claim);
            let proven = Proven::Identity { id: context.env.bytes(), issuer, subject, name };
            let (begun_by, token) =
                invitation.map_or((None, Zeroizing::default()), |(id, token)| (Some(id), token));
            let settled = Settled { whose, begun_by, invitation: &token, proven, address: &answer.address };
            enrol::settle(context, own, settled).await
        }
    }
}

/// Claims that the rules, and people, need.
fn wanted_claims(settings: &crate::config::OidcConfig, links: bool) -> Vec<&str> {
    let mut wanted = Vec::new();
    if !settings.domains.is_empty() {
        wanted.extend(["email", "email_verified"]);
    }
    if !settings.groups.is_empty() {
        wanted.push(settings.groups_claim.as_str());
    }
    if links {
        wanted.push(settings.account_claim.as_str());
    }
    wanted
}

/// Whether the operator lets this one in.
fn check_rules(settings: &crate::config::OidcConfig, claims: &Claims) -> Result<(), &'static str> {
    if !settings.domains.is_empty() {
        // What anybody could have typed there proves nothing.
        if claims.get("email_verified") != Some(&Value::Bool(true)) {
            return Err("its address isn't verified");
        }
        let address = claims.get("email").and_then(Value::as_str).unwrap_or_default();
        let domain = address.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
        if !settings.domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain)) {
            return Err("its address is of another domain");
        }
    }
    if !settings.groups.is_empty() {
        let allowed =
            |group: &Value| group.as_str().is_some_and(|name| settings.groups.iter().any(|one| one == name));
        let member = match claims.get(&settings.groups_claim) {
            Some(Value::Array(groups)) => groups.iter().any(allowed),
            Some(one) => allowed(one),
            None => false,
        };
        if !member {
            return Err("it is in none of the groups");
        }
    }
    Ok(())
}

/// As its owner will recognise it; what can't be shown is left out.
fn name_of(claims: &Claims, claim: &str) -> String {
    let shown = |name: &str| {
        let text = claims.get(name)?.as_str()?.trim();
        let fits = !text.is_empty() && text.chars().count() <= NAME && check_name(text).is_ok();
        fits.then(|| text.to_owned())
    };
    shown(claim).or_else(|| shown("sub")).unwrap_or_default()
}

async fn sign_in(context: &Context, issuer: String, subject: String, address: &str) -> Result<Opened, Error> {
    let (env, now, address) = (context.env.clone(), context.now(), address.to_owned());
    let write = context.db.write(move |tx| {
        async move {
            let identity = identities::find(tx, &issuer, &subject).await?;
            let account = match &identity {
                Some(identity) => accounts::by_id(tx, identity.account).await?,
                None => None,
            };
            match (identity, account) {
                (Some(identity), Some(account)) if !account.locked => {
                    identities::used(tx, identity.id, now).await?;
                    let entry = Entry { account: account.id, way: OIDC, address: &address };
                    Ok(Ok(session::open(tx, entry, &env, now).await?))
                }
                (identity, _) => {
                    let about = identity.map(|identity| identity.account);
                    events::add(tx, &refusal(env.now(), about, &address)).await?;
                    Ok::<_, StoreError>(Err(about))
                }
            }
        }
        .boxed()
    });
    write.await?.map_err(|about| Error::new(about.map_or(Code::OidcUnlinked, |_| Code::SignInRefused)))
}

fn refusal(at: Timestamp, about: Option<AccountId>, address: &str) -> Deed {
    Deed::new(at, Doer::Nobody, What::SignInRefused).about(about).with(OIDC).from(address)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Config, OidcConfig};

    fn settings(domains: &[&str], groups: &[&str]) -> OidcConfig {
        let mut settings = Config::parse("test", "").unwrap().oidc;
        settings.domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        settings.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        settings
    }

    fn allowed(settings: &OidcConfig, claims: Value) -> bool {
        let Value::Object(claims) = claims else { return false };
        check_rules(settings, &claims).is_ok()
    }

    #[test]
    fn t58_an_address_counts_only_if_it_is_verified_and_of_an_allowed_domain() {
        let bvf = settings(&["bvf.example"], &[]);
        assert!(allowed(&bvf, json!({ "email": "lin@BVF.example", "email_verified": true })));
        for refused in [
            json!({ "email": "lin@bvf.example", "email_verified": false }),
            json!({ "email": "lin@bvf.example", "email_verified": "false" }),
            json!({ "email": "lin@bvf.example" }),
            json!({ "email": "lin@evil.example", "email_verified": true }),
            json!({ "email": "lin@bvf.example@evil.example", "email_verified": true }),
            json!({ "email": "lin@sub.bvf.example", "email_verified": true }),
            json!({ "email_verified": true }),
        ] {
            assert!(!allowed(&bvf, refused.clone()), "{refused}");
        }
        assert!(allowed(&settings(&[], &[]), json!({})));
    }

    #[test]
    fn somebody_of_an_allowed_group_is_let_in() {
        let staff = settings(&[], &["staff", "board"]);
        assert!(allowed(&staff, json!({ "groups": ["guests", "board"] })));
        assert!(allowed(&staff, json!({ "groups": "staff" })));
        assert!(!allowed(&staff, json!({ "groups": ["guests"] })));
        assert!(!allowed(&staff, json!({})));
    }

    #[test]
    fn a_name_that_cant_be_shown_isnt() {
        let claims =
            |name: &str| json!({ "sub": "248", "preferred_username": name }).as_object().cloned().unwrap();
        assert_eq!(name_of(&claims("lin.wei"), "preferred_username"), "lin.wei");
        for other in ["", "a\u{202e}b", "x".repeat(101).as_str()] {
            assert_eq!(name_of(&claims(other), "preferred_username"), "248");
        }
    }
}
