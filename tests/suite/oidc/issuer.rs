//! An issuer that the test plays by hand, to say what no honest one says.

use super::browser::{Browser, parameter};
use super::config;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use pintle_testkit::{Answer, Gateway, Origin, Received, Reply};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;

/// What it says.
struct Says {
    key: EcdsaKeyPair,
    /// What its answer at the token endpoint is; the ID token in it is signed anew for each.
    status: u16,
    claims: Value,
    header: Value,
    more: Value,
    says_issuer: bool,
}

/// The issuer, and a gateway that logs in there.
pub(crate) struct Played {
    pub(crate) origin: Origin,
    pub(crate) service: Origin,
    pub(crate) gateway: Gateway,
    pub(crate) config: String,
    says: Arc<Mutex<Says>>,
    /// So many answers of the token endpoint may go out.
    pub(crate) open: Arc<Semaphore>,
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs()
}

pub(crate) fn key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

/// A token of these parts.
pub(crate) fn token(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    if header["alg"] == "none" {
        return signed + ".";
    }
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn jwks(key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k", "x": part(1..33), "y": part(33..65)}]})
}

impl Says {
    fn answer(&self, request: &Received) -> Reply {
        let url = format!("http://{}", request.get("host").unwrap_or_default());
        let path = request.target.split('?').next().unwrap_or_default();
        Reply::json(&match path {
            "/.well-known/openid-configuration" => json!({
                "issuer": url, "jwks_uri": format!("{url}/jwks"),
                "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
                "authorization_response_iss_parameter_supported": self.says_issuer,
            }),
            "/jwks" => jwks(&self.key),
            _ => {
                if self.status != 200 {
                    return Reply::new(self.status).header("content-type", "application/json").body(self.more.to_string());
                }
                let mut answer = json!({
                    "access_token": "access", "token_type": "Bearer", "expires_in": 3600,
                    "id_token": token(&self.key, &self.header, &self.claims),
                });
                for (name, value) in self.more.as_object().into_iter().flatten() {
                    answer[name] = value.clone();
                }
                answer
            }
        })
    }
}

impl Played {
    /// Starts both. `more` are further settings of the login.
    pub(crate) async fn start(more: &str) -> Self {
        let header = json!({"alg": "ES256", "kid": "k"});
        let says = Says { key: key(), status: 200, claims: json!({}), header, more: json!({}), says_issuer: true };
        let (says, open) = (Arc::new(Mutex::new(says)), Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)));
        let (said, gate) = (Arc::clone(&says), Arc::clone(&open));
        let origin = Origin::start(move |request: Received| {
            let (said, gate) = (Arc::clone(&said), Arc::clone(&gate));
            async move {
                if request.target == "/token" {
                    gate.acquire().await.expect("it is never closed").forget();
                }
                said.lock().answer(&request)
            }
        })
        .await;
        let service = Origin::echo().await;
        let config = config(&origin.url(), "web", &service.url(), more);
        let setup = Gateway::with(&config).file("secret", "secret").file("key", super::KEY);
        let gateway = setup.start().await;
        Played { origin, service, gateway, config, says, open }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.address(0))
    }

    /// How often codes were given in.
    pub(crate) fn asked(&self) -> usize {
        self.origin.received().iter().filter(|one| one.target == "/token").count()
    }

    /// The claims of an honest ID token for that nonce.
    pub(crate) fn honest(&self, nonce: &str) -> Value {
        json!({"iss": self.origin.url(), "aud": "web", "sub": "alice", "sid": "s1", "nonce": nonce, "iat": now(), "exp": now() + 600})
    }

    /// Has it say these claims, in tokens with that header.
    pub(crate) fn say(&self, claims: Value, header: Value) {
        let mut says = self.says.lock();
        (says.claims, says.header) = (claims, header);
    }

    /// Has it answer so where codes are given in; with 200 it is what its answer has beside or in place.
    pub(crate) fn answer(&self, status: u16, more: Value) {
        let mut says = self.says.lock();
        (says.status, says.more) = (status, more);
    }

    /// A token of its own.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        token(&self.says.lock().key, header, claims)
    }

    /// Begins a login: the state and the nonce.
    pub(crate) async fn begin(&self, browser: &mut Browser, path: &str) -> (String, String) {
        let answer = browser.get(&self.url(path)).await;
        let to = answer.get("location").unwrap_or_else(|| panic!("{answer:?}")).to_owned();
        assert!(to.starts_with(&format!("{}/authorize?", self.origin.url())), "{to}");
        (parameter(&to, "state").expect("a state"), parameter(&to, "nonce").expect("a nonce"))
    }

    /// The URL that an honest issuer sends the browser back to.
    pub(crate) fn back(&self, state: &str) -> String {
        let iss = self.origin.url().replace(':', "%3A").replace('/', "%2F");
        self.url(&format!("/login/callback?code=c&state={state}&iss={iss}"))
    }

    /// A whole login that is honest but for what `change` does to the claims and the header.
    pub(crate) async fn log_in(&self, browser: &mut Browser, change: impl FnOnce(&mut Value, &mut Value)) -> Answer {
        let (state, nonce) = self.begin(browser, "/account/a").await;
        let (mut claims, mut header) = (self.honest(&nonce), json!({"alg": "ES256", "kid": "k"}));
        change(&mut claims, &mut header);
        self.say(claims, header);
        browser.get(&self.back(&state)).await
    }
}
