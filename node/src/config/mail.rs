//! `[mail]`

use serde::Deserialize;

use super::{Faults, SecretFile, secret};

/// How the node sends mail.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// `smtps://host:465`, or `smtp://host:587` with STARTTLS; empty: none is sent.
    pub server: String,
    /// Who it comes from.
    pub from: String,
    /// For the server.
    pub user: String,
    /// For the server.
    #[serde(deserialize_with = "secret::optional")]
    pub password: Option<SecretFile>,
}

impl MailConfig {
    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        if self.server.is_empty() {
            return faults;
        }
        let rest = self.server.strip_prefix("smtps://").or_else(|| self.server.strip_prefix("smtp://"));
        if rest.is_none_or(|host| host.is_empty() || host.contains(['/', '@', '?', '#'])) {
            faults
                .push(("server", format!("\"{}\" is not smtps://host:465 or smtp://host:587", self.server)));
        }
        if !self.from.contains('@') || self.from.chars().any(char::is_control) {
            faults.push((
                "from",
                format!("\"{}\" is not an address, such as Volunteers <mail@example.org>", self.from),
            ));
        }
        if self.user.is_empty() != self.password.is_none() {
            faults.push(("password", "user and password are given together, or neither".to_owned()));
        }
        faults
    }
}
