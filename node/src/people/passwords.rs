//! Passwords: how they must be, and their hashes (Argon2id, RFC 9106). One is hashed at a time, and a queue of them is
//! short: guessing can't take the processor away from others (threats.md T56).

use std::time::Duration;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::sync::Semaphore;
use volbridge_proto::Code;
use zeroize::Zeroizing;

use crate::error::Error;

/// Characters of the shortest and of the longest password.
const LENGTH: std::ops::RangeInclusive<usize> = 10..=200;
/// Different characters in it, at least: `aaaaaaaaaa` is none.
const DIFFERENT: usize = 5;
/// Who waits longer for its turn is refused.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is checked for accounts that have no password: takes as long as a right one (T57). Nobody knows its password: the
/// hash is of no output at all.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes passwords, one after the other.
pub struct Passwords(Semaphore);

impl Default for Passwords {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

impl Passwords {
    /// The hash of a new password, as a PHC string.
    ///
    /// # Errors
    /// `rate.limited` when too many wait.
    pub async fn hash(&self, password: &str, salt: [u8; 16]) -> Result<String, Error> {
        let password = Zeroizing::new(password.to_owned());
        let hashed = self
            .one_at_a_time(move || {
                Argon2::default()
                    .hash_password_with_salt(password.as_bytes(), &salt)
                    .map(|hash| hash.to_string())
            })
            .await?;
        hashed.map_err(|error| Error::new(Code::Internal).because(error.to_string()))
    }

    /// Whether the password is the one of this hash; an empty one is nobody's, and takes as long.
    ///
    /// # Errors
    /// `rate.limited` when too many wait.
    pub async fn verify(&self, password: &str, hash: &str) -> Result<bool, Error> {
        let password = Zeroizing::new(password.to_owned());
        let hash = if hash.is_empty() { NOBODY } else { hash }.to_owned();
        self.one_at_a_time(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await
    }

    async fn one_at_a_time<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let busy = || Error::new(Code::RateLimited).with("seconds", PATIENCE.as_secs());
        let turn = tokio::time::timeout(PATIENCE, self.0.acquire()).await.map_err(|_| busy())?;
        let _turn = turn.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::new(Code::Internal).because(error))
    }
}

/// Whether a new password will do: long enough, not one letter again and again, not the login. No rule about signs and
/// capitals: they make passwords harder to remember, not to guess (NIST SP 800-63B).
///
/// # Errors
/// `password.weak`
pub fn check(password: &str, login: &str) -> Result<(), Error> {
    let length = password.chars().count();
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    let own = !login.is_empty() && password.to_lowercase().contains(login);
    if LENGTH.contains(&length) && different.len() >= DIFFERENT && !own {
        return Ok(());
    }
    Err(Error::new(Code::PasswordWeak)
        .at("password")
        .with("least", LENGTH.start())
        .with("most", LENGTH.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_verifies_and_nobodys_never() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery", [7; 16]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse battery", &hash).await.unwrap());
        assert!(!passwords.verify("correct horse batterx", &hash).await.unwrap());
        for guess in ["", "correct horse battery"] {
            assert!(!passwords.verify(guess, "").await.unwrap(), "{guess:?}");
            assert!(!passwords.verify(guess, "not a hash").await.unwrap(), "{guess:?}");
        }
    }

    #[test]
    fn t57_nobodys_hash_is_worked_through_like_any_other() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }

    #[test]
    fn weak_passwords_are_refused_and_long_ones_in_any_script_are_not() {
        for weak in ["", "short", "aaaaaaaaaaaaaaaa", "ababababab", "lin.wei2026", &"x1y2z".repeat(41)] {
            assert_eq!(check(weak, "lin.wei").unwrap_err().code, Code::PasswordWeak, "{weak:?}");
        }
        for good in ["correct horse battery", "志愿者在北京服务了很多年", "p4ss-phrase-9"] {
            assert!(check(good, "lin.wei").is_ok(), "{good:?}");
        }
    }
}
