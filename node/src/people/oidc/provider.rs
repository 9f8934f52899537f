//! The issuer, as this node speaks with it: where it is found (Discovery 1.0), where the browser is sent, what comes back
//! for a code (RFC 6749 with PKCE, RFC 7636). What it says is believed by [`token`] alone.

use std::{sync::Arc, time::Duration};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use reqwest::{Client, RequestBuilder, Url, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use volbridge_proto::{Code, Timestamp};
use zeroize::Zeroizing;

use super::token::{self, Asked, Claims, Key};
use crate::{
    config::{Config, OidcConfig, oidc::is_safe},
    error::Error,
    people::minutes,
};

/// How long the issuer may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of one answer.
const LARGEST: usize = 1 << 20;
/// What an issuer says of itself is read again after so long, ms.
const KNOWN: i64 = minutes(60);
/// Where the browser comes back to.
const RETURN: &str = "/sign-in/oidc/return";

/// An issuer and how this node is known to it.
pub struct Provider {
    pub(super) settings: OidcConfig,
    secret: Option<Zeroizing<String>>,
    http: Client,
    back: String,
    known: Mutex<Option<Arc<Known>>>,
}

/// What the issuer says of itself.
struct Known {
    at: Timestamp,
    metadata: Metadata,
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: String,
}

/// What one sign-in is asked with.
pub(super) struct Question<'a> {
    pub state: &'a str,
    pub nonce: &'a str,
    pub verifier: &'a str,
}

impl Provider {
    /// As configured; none if nobody vouches.
    ///
    /// # Errors
    /// When the secret's file can't be read.
    pub fn new(config: &Config) -> Result<Option<Self>, Error> {
        let settings = config.oidc.clone();
        if !settings.is_configured() {
            return Ok(None);
        }
        let failed =
            |error: &dyn std::fmt::Display| Error::new(Code::Internal).at("oidc").because(error.to_string());
        let secret = settings.client_secret.as_ref().map(|file| file.read(&config.node.data_dir));
        let secret = secret.transpose().map_err(|error| failed(&error))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            // What a redirect leads to isn't what was configured.
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|error| failed(&error))?;
        let back = format!("{}{RETURN}", config.gateway.public_url.trim_end_matches('/'));
        Ok(Some(Self { settings, secret, http, back, known: Mutex::default() }))
    }

    /// Where the browser is sent.
    pub(super) async fn departure(&self, question: &Question<'_>, now: Timestamp) -> Result<String, Error> {
        let known = self.known(now, false).await?;
        let mut scopes = vec!["openid"];
        scopes.extend(self.settings.scopes.iter().map(String::as_str));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(question.verifier));
        let mut url = address(&known.metadata.authorization_endpoint)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.back)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", question.state)
            .append_pair("nonce", question.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.to_string())
    }

    /// What the issuer says about whoever came back with this code; with the claims that are `wanted`, if it tells them.
    pub(super) async fn arrival(
        &self,
        code: &str,
        question: &Question<'_>,
        wanted: &[&str],
        now: Timestamp,
    ) -> Result<Claims, Error> {
        let known = self.known(now, false).await?;
        let tokens = self.exchange(&known, code, question.verifier).await?;
        let asked = Asked {
            issuer: &self.settings.issuer,
            client: &self.settings.client_id,
            nonce: question.nonce,
            now,
        };
        let checked = match token::check(&tokens.id_token, &known.keys, &asked) {
            // A new key that isn't known here yet.
            Err(token::Doubt::Signature) => {
                let known = self.known(now, true).await?;
                token::check(&tokens.id_token, &known.keys, &asked)
            }
            checked => checked,
        };
        let mut claims = checked.map_err(refused)?;
        let lacks = wanted.iter().any(|name| !claims.contains_key(*name));
        if lacks && let Some(endpoint) = &known.metadata.userinfo_endpoint {
            let more: Claims =
                fetch(self.http.get(address(endpoint)?).bearer_auth(&tokens.access_token)).await?;
            // Of somebody else it says nothing about this one (Core section 5.3.2).
            if more.get("sub") != claims.get("sub") {
                return Err(refused("the claims that were fetched are somebody else's"));
            }
            for (name, value) in more {
                claims.entry(name).or_insert(value);
            }
        }
        Ok(claims)
    }

    async fn exchange(&self, known: &Known, code: &str, verifier: &str) -> Result<Tokens, Error> {
        let client = self.settings.client_id.as_str();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.back.as_str()),
            ("code_verifier", verifier),
        ];
        let mut request = self.http.post(address(&known.metadata.token_endpoint)?);
        let methods = known.metadata.token_endpoint_auth_methods_supported.as_deref();
        // In the header unless the issuer says that it doesn't take it there (RFC 6749 section 2.3.1).
        let in_header =
            methods.is_none_or(|methods| methods.iter().any(|name| name == "client_secret_basic"));
        match &self.secret {
            Some(secret) if in_header => {
                let both = format!("{}:{}", escaped(client), escaped(secret));
                request = request.header("authorization", format!("Basic {}", STANDARD.encode(both)));
            }
            Some(secret) => fields.extend([("client_id", client), ("client_secret", secret.as_str())]),
            None => fields.push(("client_id", client)),
        }
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form(&fields));
        fetch(request).await
    }

    /// What the issuer says of itself, not older than an hour.
    async fn known(&self, now: Timestamp, anew: bool) -> Result<Arc<Known>, Error> {
        let mut known = self.known.lock().await;
        if let Some(found) =
            known.as_ref().filter(|found| !anew && now.as_millis() - found.at.as_millis() < KNOWN)
        {
            return Ok(Arc::clone(found));
        }
        let issuer = &self.settings.issuer;
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = fetch(self.http.get(address(&place)?)).await?;
        if metadata.issuer != *issuer {
            let told = format!("it calls itself {}, the configuration {issuer}", metadata.issuer);
            return Err(unavailable(told));
        }
        let keys: Keys = fetch(self.http.get(address(&metadata.jwks_uri)?)).await?;
        // Keys of kinds that aren't known here are somebody else's business.
        let keys = keys.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
        let found = Arc::new(Known { at: now, metadata, keys });
        *known = Some(Arc::clone(&found));
        Ok(found)
    }
}

/// An address that the issuer gave.
fn address(text: &str) -> Result<Url, Error> {
    if !is_safe(text) {
        return Err(unavailable(format!("{text} isn't an address with https://")));
    }
    Url::parse(text).map_err(|error| unavailable(error.to_string()))
}

/// As a form's body.
fn form(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

/// One value of it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// A JSON answer, if it isn't too large.
async fn fetch<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Error> {
    // The cause names the address at most; what was sent isn't in it.
    let mut response = request.send().await.map_err(|error| unavailable(error.without_url().to_string()))?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(part) =
        response.chunk().await.map_err(|error| unavailable(error.without_url().to_string()))?
    {
        if body.len() + part.len() > LARGEST {
            return Err(unavailable("the answer is too large"));
        }
        body.extend_from_slice(&part);
    }
    if status.is_client_error() {
        // A code that was used, or is another client's.
        return Err(refused(format!("it answered {status}")));
    }
    if !status.is_success() {
        return Err(unavailable(format!("it answered {status}")));
    }
    serde_json::from_slice(&body).map_err(|error| unavailable(error.to_string()))
}

fn unavailable(why: impl Into<String>) -> Error {
    let why = why.into();
    tracing::warn!(why, "the issuer of staff's accounts could not be asked");
    Error::new(Code::OidcUnavailable).because(why)
}

pub(super) fn refused(why: impl std::fmt::Display) -> Error {
    tracing::warn!(%why, "a sign-in by the issuer of staff's accounts was refused");
    Error::new(Code::OidcRefused)
}
