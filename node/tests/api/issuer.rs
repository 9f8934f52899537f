//! An issuer of accounts that says whatever a test wants: OpenID Connect's four addresses on a port of this machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::node::NOW;

pub const CLIENT: &str = "volbridge";
pub const SECRET: &str = "client secret: 50% & more";

/// What it gives for a code, and to whom it says so.
pub struct Grant {
    /// As the client proved that it asked.
    pub challenge: String,
    /// The token, if it isn't the usual one.
    pub token: Option<String>,
    pub claims: Value,
}

#[derive(Default)]
pub struct State {
    pub grants: BTreeMap<String, Grant>,
    /// Codes that were taken.
    used: BTreeSet<String>,
    /// What it tells for an access token.
    pub more: Value,
    /// How often each address was asked.
    pub asked: BTreeMap<String, usize>,
}

/// It runs until the test ends.
#[derive(Clone)]
pub struct Issuer {
    pub address: String,
    pub state: Arc<Mutex<State>>,
}

impl Issuer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Self { address, state: Arc::default() };
        let served = issuer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let issuer = served.clone();
                tokio::spawn(async move { issuer.serve(stream).await });
            }
        });
        issuer
    }

    /// One request a connection.
    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let (mut first, mut headers, mut length) = (String::new(), BTreeMap::new(), 0);
        if stream.read_line(&mut first).await.unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().unwrap();
            }
            headers.insert(name.to_lowercase(), value.to_owned());
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let path = first.split(' ').nth(1).unwrap().to_owned();
        let (status, answer) = self.answer(&path, &headers, &String::from_utf8(body).unwrap());
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            answer.len()
        );
        let _ = stream.write_all(format!("{head}{answer}").as_bytes()).await;
    }

    fn answer(&self, path: &str, headers: &BTreeMap<String, String>, body: &str) -> (&'static str, Value) {
        let mut state = self.state.lock().unwrap();
        *state.asked.entry(path.to_owned()).or_default() += 1;
        match path {
            "/.well-known/openid-configuration" => {
                let at = |path: &str| format!("{}/{path}", self.address);
                let told = json!({
                    "issuer": self.address,
                    "authorization_endpoint": at("authorize"),
                    "token_endpoint": at("token"),
                    "jwks_uri": at("keys"),
                    "userinfo_endpoint": at("userinfo"),
                });
                ("200 OK", told)
            }
            "/keys" => {
                let x = URL_SAFE_NO_PAD.encode(key(1).public_key().as_ref());
                let usual = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "1", "use": "sig", "x": x });
                ("200 OK", json!({ "keys": [{ "kty": "unheard of" }, usual] }))
            }
            "/userinfo" => {
                let known = headers.get("authorization").is_some_and(|header| header == "Bearer access");
                let more = match &state.more {
                    Value::Null => json!({ "sub": "248289761001" }),
                    more => more.clone(),
                };
                if known { ("200 OK", more) } else { ("401 Unauthorized", json!({})) }
            }
            "/token" => self.exchange(&mut state, headers, body),
            _ => ("404 Not Found", json!({})),
        }
    }

    fn exchange(
        &self,
        state: &mut State,
        headers: &BTreeMap<String, String>,
        body: &str,
    ) -> (&'static str, Value) {
        let refused = ("400 Bad Request", json!({ "error": "invalid_grant" }));
        let escaped = SECRET.replace('%', "%25").replace(' ', "%20").replace(':', "%3A").replace('&', "%26");
        let proof = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{escaped}")));
        if headers.get("authorization") != Some(&proof) {
            return ("401 Unauthorized", json!({ "error": "invalid_client" }));
        }
        let field = |name: &str| {
            let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .filter(|(known, _)| *known == name)
                .map(|(_, value)| value.to_owned())
                .next()
                .unwrap_or_default()
        };
        let code = field("code");
        let Some(grant) = state.grants.get(&code) else { return refused };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
        if challenge != grant.challenge || !state.used.insert(code) {
            return refused;
        }
        let token = grant.token.clone().unwrap_or_else(|| signed(&grant.claims, 1));
        ("200 OK", json!({ "token_type": "Bearer", "access_token": "access", "id_token": token }))
    }

    /// Says this about whoever is asked about at this address; gives the code for it.
    pub fn grant(&self, departure: &str, code: &str, claims: &Value) -> Asked {
        let asked = Asked::of(departure);
        let mut all = json!({
            "iss": self.address,
            "aud": CLIENT,
            "sub": "248289761001",
            "nonce": asked.nonce,
            "iat": NOW / 1000,
            "exp": NOW / 1000 + 600,
            "preferred_username": "lin.wei",
            "email": "lin@bvf.example",
            "email_verified": true,
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        let grant = Grant { challenge: asked.challenge.clone(), token: None, claims: all };
        self.state.lock().unwrap().grants.insert(code.to_owned(), grant);
        asked
    }
}

/// What a node asks in an address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    pub state: String,
    pub nonce: String,
    pub challenge: String,
}

impl Asked {
    pub fn of(address: &str) -> Self {
        let query = address.split_once('?').unwrap().1;
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        assert_eq!(
            (value("response_type").as_str(), value("code_challenge_method").as_str()),
            ("code", "S256")
        );
        Self { state: value("state"), nonce: value("nonce"), challenge: value("code_challenge") }
    }
}

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

/// Signed with this key, under the usual one's name.
pub fn signed(claims: &Value, seed: u8) -> String {
    with_header(&json!({ "alg": "EdDSA", "kid": "1" }), claims, seed)
}

pub fn with_header(header: &Value, claims: &Value, seed: u8) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key(seed).sign(text.as_bytes()).as_ref());
    format!("{text}.{signature}")
}
