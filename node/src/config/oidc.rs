//! `[oidc]`

use serde::Deserialize;

use super::{Faults, SecretFile, secret};

/// Staff sign in with an account that they have elsewhere (OpenID Connect).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// Address of who vouches for the accounts; empty: nobody.
    pub issuer: String,
    /// As whom this node is registered there.
    pub client_id: String,
    /// Of that registration.
    #[serde(deserialize_with = "secret::optional")]
    pub client_secret: Option<SecretFile>,
    /// What staff call it.
    pub name: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that names an account to people.
    pub account_claim: String,
    /// Only accounts with a verified address in one of these domains.
    pub domains: Vec<String>,
    /// The claim that lists groups.
    pub groups_claim: String,
    /// Only members of one of these.
    pub groups: Vec<String>,
}

impl OidcConfig {
    /// Whether somebody vouches at all.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.issuer.is_empty()
    }

    pub(super) fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        if self.issuer.is_empty() {
            return faults;
        }
        if !is_safe(&self.issuer) || self.issuer.contains(['?', '#']) {
            faults.push(("issuer", format!("\"{}\" is not an address with https://", self.issuer)));
        }
        if self.client_id.is_empty() {
            faults.push(("client_id", "an issuer knows this node by one".to_owned()));
        }
        if self.name.trim().is_empty() {
            faults.push(("name", "staff need to know whose account is asked for".to_owned()));
        }
        if self.account_claim.is_empty() {
            faults.push(("account_claim", "a claim names the account to people".to_owned()));
        }
        if !self.groups.is_empty() && self.groups_claim.is_empty() {
            faults.push(("groups_claim", "groups are given, and no claim that lists them".to_owned()));
        }
        if let Some(domain) = self.domains.iter().find(|domain| domain.is_empty() || domain.contains('@')) {
            faults.push(("domains", format!("\"{domain}\" is not a domain, such as example.org")));
        }
        faults
    }
}

/// With TLS, or on this machine: nobody in between reads or changes what is said.
#[must_use]
pub fn is_safe(address: &str) -> bool {
    let Ok(url) = address.parse::<http::Uri>() else { return false };
    match (url.scheme_str(), url.host()) {
        (Some("https"), Some(host)) => !host.is_empty(),
        (Some("http"), Some(host)) => ["localhost", "127.0.0.1", "[::1]"].contains(&host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_safe_with_tls_or_on_this_machine() {
        for safe in
            ["https://id.example.org", "http://localhost:3000/oidc", "http://127.0.0.1", "http://[::1]:1"]
        {
            assert!(is_safe(safe), "{safe}");
        }
        for other in
            ["http://id.example.org", "http://localhost.example.org", "id.example.org", "ftp://localhost", ""]
        {
            assert!(!is_safe(other), "{other}");
        }
    }
}
