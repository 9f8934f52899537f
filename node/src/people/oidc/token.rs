//! What an issuer signs about somebody: an ID token (OpenID Connect Core 1.0 section 3.1.3.7), a JWS of RFC 7515. Pure: the
//! keys, the time and what was asked come in as arguments.
//!
//! Signed with a key of the issuer's alone: `none`, and the algorithms whose key the client has too, are no signatures.

use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};
use volbridge_proto::Timestamp;

/// Seconds that two clocks may differ.
const SKEW: i64 = 60;
/// Letters of a subject (section 2 of the specification).
const SUBJECT: usize = 255;

/// What an issuer says about somebody.
pub type Claims = Map<String, Value>;

/// Why a token isn't believed; for the node's own log alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It isn't three parts of JSON and bytes.
    #[error("it is no token")]
    Malformed,
    /// By an algorithm that proves nothing, or that isn't known.
    #[error("it isn't signed by an algorithm that proves who signed")]
    Algorithm,
    /// None of the issuer's keys signed it.
    #[error("no key of the issuer's has signed it")]
    Signature,
    /// It has a claim that isn't as it must be.
    #[error("the claim \"{0}\" doesn't fit")]
    Claim(&'static str),
}

/// What was asked of whom.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who has to have signed.
    pub issuer: &'a str,
    /// For whom.
    pub client: &'a str,
    /// In answer to which question.
    pub nonce: &'a str,
    /// The time now.
    pub now: Timestamp,
}

/// A key of an issuer (RFC 7517). Members that aren't needed to check are passed over.
#[derive(Clone, Debug, Deserialize)]
pub struct Key {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    usage: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

/// What the token says, once its signature, issuer, receiver, time and nonce are as they must be.
///
/// # Errors
/// Why it isn't believed.
pub fn check(token: &str, keys: &[Key], asked: &Asked<'_>) -> Result<Claims, Doubt> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Doubt::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(Doubt::Malformed)?;
    let header: Header = parse(header)?;
    if header.crit.is_some() {
        return Err(Doubt::Algorithm);
    }
    let algorithm = Algorithm::of(&header.alg).ok_or(Doubt::Algorithm)?;
    let signature = decode(signature)?;
    let mut fitting = keys.iter().filter(|key| algorithm.fits(key, &header));
    if !fitting.any(|key| algorithm.verify(key, signed.as_bytes(), &signature)) {
        return Err(Doubt::Signature);
    }
    let claims: Claims = parse(payload)?;
    check_claims(&claims, asked)?;
    Ok(claims)
}

fn decode(part: &str) -> Result<Vec<u8>, Doubt> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Doubt::Malformed)
}

fn parse<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, Doubt> {
    serde_json::from_slice(&decode(part)?).map_err(|_| Doubt::Malformed)
}

#[derive(Clone, Copy)]
enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Algorithm {
    fn of(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }

    fn fits(self, key: &Key, header: &Header) -> bool {
        let kind = match self {
            Self::Rs256 | Self::Ps256 => key.kty == "RSA",
            Self::Es256 => key.kty == "EC" && key.crv == "P-256",
            Self::EdDsa => key.kty == "OKP" && key.crv == "Ed25519",
        };
        let named = header.kid.is_none() || header.kid == key.kid;
        let signs = key.usage.as_deref().is_none_or(|usage| usage == "sig");
        kind && named && signs && key.alg.as_ref().is_none_or(|alg| *alg == header.alg)
    }

    fn verify(self, key: &Key, message: &[u8], signature: &[u8]) -> bool {
        let bytes = |text: &str| decode(text).unwrap_or_default();
        match self {
            Self::Rs256 => rsa(&RSA_PKCS1_2048_8192_SHA256, key, message, signature),
            Self::Ps256 => rsa(&RSA_PSS_2048_8192_SHA256, key, message, signature),
            Self::Es256 => {
                let (x, y) = (bytes(&key.x), bytes(&key.y));
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            Self::EdDsa => UnparsedPublicKey::new(&ED25519, bytes(&key.x)).verify(message, signature).is_ok(),
        }
    }
}

fn rsa(how: &'static signature::RsaParameters, key: &Key, message: &[u8], signature: &[u8]) -> bool {
    let (Ok(n), Ok(e)) = (decode(&key.n), decode(&key.e)) else { return false };
    RsaPublicKeyComponents { n, e }.verify(how, message, signature).is_ok()
}

fn check_claims(claims: &Claims, asked: &Asked<'_>) -> Result<(), Doubt> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
    if text("iss") != Some(asked.issuer) {
        return Err(Doubt::Claim("iss"));
    }
    // Another receiver could hand its copy on as its owner.
    let for_us = match claims.get("aud") {
        Some(Value::String(one)) => one == asked.client,
        Some(Value::Array(all)) => {
            !all.is_empty() && all.iter().all(|one| one.as_str() == Some(asked.client))
        }
        _ => false,
    };
    if !for_us {
        return Err(Doubt::Claim("aud"));
    }
    if claims.contains_key("azp") && text("azp") != Some(asked.client) {
        return Err(Doubt::Claim("azp"));
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let (now, skew) = ((asked.now.as_millis() / 1000) as f64, SKEW as f64);
    if seconds("exp").is_none_or(|until| until + skew <= now) {
        return Err(Doubt::Claim("exp"));
    }
    if seconds("iat").is_none_or(|since| since > now + skew) {
        return Err(Doubt::Claim("iat"));
    }
    if claims.contains_key("nbf") && seconds("nbf").is_none_or(|since| since > now + skew) {
        return Err(Doubt::Claim("nbf"));
    }
    if text("nonce") != Some(asked.nonce) {
        return Err(Doubt::Claim("nonce"));
    }
    match text("sub") {
        Some(subject) if (1..=SUBJECT).contains(&subject.len()) && subject.is_ascii() => Ok(()),
        _ => Err(Doubt::Claim("sub")),
    }
}
