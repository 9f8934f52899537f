//! Who works at this partner: accounts, roles, sign-in. Files here know nothing of messages; what may be called stands in
//! `api/permit.rs`.
//!
//! Two ways lead in, as the person chooses: a passkey (WebAuthn), or a password with the codes of an app (RFC 6238). Where
//! the operator has configured it, an account that somebody has elsewhere is a third one (OpenID Connect). An account exists
//! once one of them is proven, and begins with an invitation.

pub mod ceremonies;
pub mod enrol;
pub mod invite;
pub mod oidc;
pub mod passwords;
pub mod restored;
pub mod roles;
pub mod session;
pub mod sign_in;
pub mod throttle;
pub mod token;

use tokio::sync::watch;
use volbridge_proto::{Code, Timestamp};
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{Url, WebauthnError},
};

use self::{ceremonies::Ceremonies, oidc::Provider, passwords::Passwords, throttle::Throttle};
use crate::error::Error;

/// What sign-in keeps in memory.
pub struct People {
    passkeys: Option<Webauthn>,
    /// What apps that make codes call this portal.
    issuer: String,
    pub(crate) ceremonies: Ceremonies,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    /// Who vouches for accounts that staff have elsewhere.
    pub(crate) oidc: Option<Provider>,
    /// How many deeds there were: wakes whoever has to look again who may do what.
    pub(crate) deeds: watch::Sender<u64>,
}

impl People {
    /// For a portal that is reached there. Where passkeys can't be bound to its name (an IP address), there are none.
    #[must_use]
    pub fn new(public_url: &str, name: &str, oidc: Option<Provider>) -> Self {
        let passkeys = relying_party(public_url, name);
        if let Err(error) = &passkeys {
            tracing::warn!(%error, public_url, "there are no passkeys: gateway.public_url has no host name");
        }
        Self {
            passkeys: passkeys.ok(),
            issuer: public_url.trim_start_matches("https://").trim_start_matches("http://").to_owned(),
            ceremonies: Ceremonies::default(),
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            oidc,
            deeds: watch::Sender::new(0),
        }
    }

    fn passkeys(&self) -> Result<&Webauthn, Error> {
        self.passkeys.as_ref().ok_or_else(|| Error::new(Code::PasskeyUnavailable))
    }
}

fn relying_party(public_url: &str, name: &str) -> Result<Webauthn, WebauthnError> {
    let origin = Url::parse(public_url).map_err(|_| WebauthnError::Configuration)?;
    let host = origin.domain().ok_or(WebauthnError::Configuration)?;
    WebauthnBuilder::new(host, &origin)?.rp_name(name).build()
}

/// Milliseconds of so many minutes.
const fn minutes(count: i64) -> i64 {
    count * 60_000
}

/// Whole seconds since 1970, as one-time codes count them.
fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis() / 1000).unwrap_or(0)
}
