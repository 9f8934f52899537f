//! What a browser, or an app, still has to answer: challenges of passkeys, secrets whose first code is awaited. In memory
//! alone; each can be answered once, within some minutes.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use volbridge_proto::{Code, Timestamp};
use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyRegistration};
use zeroize::Zeroizing;

use super::{minutes, oidc::Departure};
use crate::{error::Error, store::accounts::AccountId};

/// How long an answer may take, ms.
const PATIENCE: i64 = minutes(5);
/// The same where somebody signs in elsewhere first, ms.
const AWAY: i64 = minutes(10);
/// So many wait at once; a new one beyond takes the place of the oldest.
const WAITING: usize = 10_000;

/// What is awaited.
pub enum Ceremony {
    /// Somebody signs in with a passkey.
    SignIn(Box<DiscoverableAuthentication>),
    /// Somebody gets a way to sign in.
    Enrolment(Box<Enrolment>),
    /// Somebody has gone to the issuer of their account.
    Oidc(Box<Departure>),
}

impl Ceremony {
    /// How long an answer may take, ms.
    fn patience(&self) -> i64 {
        match self {
            Self::SignIn(_) | Self::Enrolment(_) => PATIENCE,
            Self::Oidc(_) => AWAY,
        }
    }
}

/// Who gets which way to sign in.
pub struct Enrolment {
    /// Whose account.
    pub whose: Whose,
    /// By which invitation: no other one ends it.
    pub invitation: Option<[u8; 16]>,
    /// Which way.
    pub way: Way,
}

/// Whose account a way to sign in is for.
#[derive(Clone)]
pub enum Whose {
    /// The caller's own.
    Own(AccountId),
    /// One that an invitation opens again.
    Opened(AccountId),
    /// One that an invitation makes.
    New {
        /// Its id.
        id: AccountId,
        /// What its owner will type.
        login: String,
        /// As others will see it.
        name: String,
    },
}

impl Whose {
    /// The account's id.
    #[must_use]
    pub fn id(&self) -> AccountId {
        match self {
            Self::Own(id) | Self::Opened(id) | Self::New { id, .. } => *id,
        }
    }
}

/// A way to sign in that isn't proven yet.
pub enum Way {
    /// A password, and the secret of the codes.
    Password {
        /// PHC string.
        hash: String,
        /// Of the second factor.
        secret: Zeroizing<Vec<u8>>,
    },
    /// A passkey.
    Passkey {
        /// What its answer is checked with.
        state: Box<PasskeyRegistration>,
        /// What its owner calls it.
        name: String,
    },
}

/// All that is awaited.
#[derive(Default)]
pub struct Ceremonies(Mutex<HashMap<[u8; 16], (Timestamp, Ceremony)>>);

impl Ceremonies {
    /// Awaits an answer.
    pub fn begin(&self, id: [u8; 16], ceremony: Ceremony, now: Timestamp) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING {
            waiting.retain(|_, (until, _)| *until > now);
        }
        let oldest = waiting.iter().min_by_key(|(_, (until, _))| *until).map(|(id, _)| *id);
        if let Some(oldest) = oldest.filter(|_| waiting.len() >= WAITING) {
            waiting.remove(&oldest);
        }
        waiting.insert(id, (now.plus(ceremony.patience()), ceremony));
    }

    /// What this answer is for; nobody can answer it again.
    ///
    /// # Errors
    /// `ceremony.over`
    pub fn take(&self, id: [u8; 16], now: Timestamp) -> Result<Ceremony, Error> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.remove(&id) {
            Some((until, ceremony)) if until > now => Ok(ceremony),
            _ => Err(Error::new(Code::CeremonyOver)),
        }
    }

    /// Puts it back: the answer was mistyped, not wrong for good.
    pub fn put_back(&self, id: [u8; 16], ceremony: Ceremony, now: Timestamp) {
        self.begin(id, ceremony, now);
    }
}
