//! `jwt`: who has a token of the issuer's comes in, and nobody else.

mod attacks;
#[path = "../../crates/jose/tests/attacks/cases.rs"]
mod cases;
mod issuer;
#[path = "../../crates/jose/tests/attacks/signers.rs"]
#[allow(dead_code, reason = "the room's own tests use the rest")]
mod signers;

use crate::check::{START, refused};
use cases::claims;
use parking_lot::Mutex;
use pintle_testkit::{Answer, Ask, Folder, Gateway, Origin, Program, RawOrigin, Received, Reloaded, Reply, until};
use signers::{AUDIENCE, ISSUER, Signers, token};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs()
}

/// An issuer whose keys can be changed.
pub(crate) struct Login {
    pub(crate) origin: Origin,
    jwks: Arc<Mutex<(u16, String)>>,
}

impl Login {
    /// What it answers from now on.
    pub(crate) fn say(&self, status: u16, jwks: impl Into<String>) {
        *self.jwks.lock() = (status, jwks.into());
    }
}

/// An issuer with these keys at `/jwks`, and a discovery document.
pub(crate) async fn login(jwks: impl Into<String>) -> Login {
    let jwks = Arc::new(Mutex::new((200, jwks.into())));
    let said = Arc::clone(&jwks);
    let origin = Origin::start(move |request: Received| {
        let (status, jwks) = said.lock().clone();
        let host = request.get("host").unwrap_or_default().to_owned();
        async move {
            let document = format!(r#"{{"issuer":"http://{host}/","jwks_uri":"http://{host}/jwks"}}"#);
            let body = if request.target.ends_with("/openid-configuration") { document } else { jwks };
            Reply::new(status).header("content-type", "application/json").body(body)
        }
    });
    Login { origin: origin.await, jwks }
}

/// Settings for the tokens of `signers.rs`, with more.
fn settings(login: &Login, more: &str) -> String {
    let url = login.origin.url();
    let comma = if more.is_empty() { "" } else { ", " };
    format!("{{issuer: \"{ISSUER}\", audience: {AUDIENCE}, jwks: \"{url}/jwks\"{comma}{more}}}")
}

/// A configuration whose one route wants a token by these settings.
fn by(settings: &str, url: &str) -> String {
    let route = format!("{{match: /**, policies: [{{jwt: {settings}}}], proxy: \"{url}\"}}");
    format!("listeners: [{{address: 127.0.0.1:0}}]\nadmin: {{address: 127.0.0.1:0}}\nroutes: [{route}]\n")
}

fn bearer(token: &str) -> Ask {
    Ask::get("/").header("authorization", &format!("Bearer {token}"))
}

/// Asks over both protocols.
async fn both(gateway: &Gateway, ask: Ask) -> [Answer; 2] {
    [gateway.ask(ask.clone()).await, gateway.h2().await.ask(ask).await]
}

fn good(signers: &Signers) -> String {
    token(r#"{"alg":"RS256","kid":"rsa","typ":"at+jwt"}"#, claims(now(), ""), signers.rs256())
}

// Rule: jwt-identity
#[tokio::test]
async fn a_token_says_who_asks_and_nobody_else_does() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let login = login(signers.jwks()).await;
    let forward =
        r#"forward: {x-user: "${claims.sub}", x-role: "${claims.realm.roles[0]}", x-consumer: "${consumer.name}"}"#;
    let consumers = format!("consumers: [{{name: acme, jwt: {{issuer: \"{ISSUER}\", claim: {{sub: u2}}}}}}]\n");
    let gateway = Gateway::start(consumers + &by(&settings(&login, forward), &service.url())).await;
    let realm = r#""realm":{"roles":["admin"]},"#;
    let token = token(r#"{"alg":"RS256","kid":"rsa"}"#, claims(now(), realm), signers.rs256());
    let spoofed = bearer(&token).header("x-user", "root").header("X_User", "root").header("x-consumer", "acme");
    for answer in both(&gateway, spoofed).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    for got in service.received() {
        assert_eq!((got.get("x-user"), got.get("x-role")), (Some("u1"), Some("admin")));
        // `sub: acme` from outside is not acme: a consumer is who the configuration says.
        assert!(!got.has("x_user") && !got.has("x-consumer"), "{got:?}");
        assert!(got.has("authorization"), "the service may look for itself");
    }
    let of_acme = claims(now(), "").replace("\"u1\"", "\"u2\"");
    let of_acme = signers::token(r#"{"alg":"RS256","kid":"rsa"}"#, of_acme, signers.rs256());
    for answer in both(&gateway, bearer(&of_acme)).await {
        assert_eq!(answer.status, 200);
        assert_eq!(service.last().get("x-consumer"), Some("acme"));
    }
    gateway.wait_metric("pintle_jwt_tokens_total{result=\"verified\"}", 2.0).await;
    gateway.wait_metric("pintle_jwt_tokens_total{result=\"remembered\"}", 2.0).await;
}

// Rule: jwt-errors
#[tokio::test]
async fn who_has_no_token_or_two_is_told_so() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let login = login(signers.jwks()).await;
    let gateway = Gateway::start(by(&settings(&login, ""), &service.url())).await;
    for ask in [Ask::get("/"), Ask::get("/").header("authorization", "Basic YTpi")] {
        for answer in both(&gateway, ask).await {
            answer.problem(401, "no_credentials");
            assert_eq!(answer.get("www-authenticate"), Some("Bearer"), "RFC 6750 3: without a code");
        }
    }
    let good = good(&signers);
    let two = bearer(&good).header("authorization", &format!("Bearer {good}"));
    for answer in both(&gateway, two).await {
        answer.problem(400, "bad_request");
    }
    for answer in both(&gateway, Ask::get("/").header("authorization", "Bearer")).await {
        answer.problem(400, "bad_request");
        assert_eq!(answer.get("www-authenticate"), Some("Bearer error=\"invalid_request\""));
    }
    let spelled = Ask::get("/").header("authorization", &format!("bEARER   {good}"));
    assert!(both(&gateway, spelled).await.iter().all(|answer| answer.status == 200), "RFC 9110 11.1: in any case");
    assert_eq!(service.hits(), 2);
}

// Rule: jwt-place
#[tokio::test]
async fn a_token_is_taken_from_where_the_configuration_says() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let login = login(signers.jwks()).await;
    let good = good(&signers);
    let cookie = format!("a=b; session={good}");
    for (place, right, twice) in [
        (
            "header: X-Token",
            Ask::get("/").header("x-token", &good),
            Ask::get("/").header("x-token", "a").header("x-token", "b"),
        ),
        (
            "cookie: session",
            Ask::get("/").header("cookie", &cookie),
            Ask::get("/").header("cookie", "session=a; session=b"),
        ),
        (
            "query: access_token",
            Ask::get(&format!("/?a=b&access_token={good}")),
            Ask::get("/?access_token=a&access_token=b"),
        ),
    ] {
        let gateway = Gateway::start(by(&settings(&login, place), &service.url())).await;
        for (ask, status) in [(right, 200), (bearer(&good), 401), (twice, 400)] {
            for answer in both(&gateway, ask.clone()).await {
                assert_eq!(answer.status, status, "{place}: {ask:?}");
            }
        }
    }
}

// Rule: jwt-optional
#[tokio::test]
async fn where_a_token_is_optional_a_wrong_one_is_refused_all_the_same() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let login = login(signers.jwks()).await;
    let more = r#"optional: true, forward: {x-user: "${claims.sub}"}"#;
    let gateway = Gateway::start(by(&settings(&login, more), &service.url())).await;
    for (ask, status, user) in [
        (Ask::get("/").header("x-user", "root"), 200, None),
        (bearer(&good(&signers)).header("x-user", "root"), 200, Some("u1")),
        (bearer("a.b.c"), 401, None),
    ] {
        for answer in both(&gateway, ask).await {
            assert_eq!(answer.status, status);
            assert!(status == 401 || service.last().get("x-user") == user, "{:?}", service.last());
        }
    }
}

#[tokio::test]
async fn tokens_of_a_signer_of_others_are_taken_by_every_algorithm() {
    let (folder, service) = (Folder::new(), Origin::echo().await);
    let secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let script = include_str!("jwt/signer.py");
    let Some(signer) = Program::python(script, &[ISSUER, AUDIENCE, secret], &folder) else { return };
    let jwks = signer.told("a key set", |line| line.starts_with("{\"keys\"").then(|| line.trim().to_owned())).await;
    let mut tokens = Vec::new();
    let all = |line: &str| {
        let (name, token) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        tokens.push((name.to_owned(), token.to_owned()));
        (name == "end").then_some(())
    };
    signer.told("tokens", all).await;
    let login = login(jwks).await;
    let gateway = Gateway::start(by(&settings(&login, r#"forward: {x-name: "${claims.name}"}"#), &service.url())).await;
    let (symmetric, public): (Vec<_>, Vec<_>) = tokens
        .into_iter()
        .filter(|(_, token)| token.matches('.').count() == 2)
        .partition(|(name, _)| name.starts_with("HS"));
    assert_eq!((public.len(), symmetric.len()), (10, 3));
    for (name, token) in &public {
        for answer in both(&gateway, bearer(token)).await {
            assert_eq!(answer.status, 200, "{name}: {answer:?}");
            // Its bytes, as the testkit reads them.
            assert_eq!(service.last().get("x-name"), Some("Zo\u{c3}\u{ab}"));
        }
    }
    // A shared secret counts where it is named, for the algorithm that is named.
    for (name, token) in &symmetric {
        assert_eq!(gateway.ask(bearer(token)).await.status, 401, "{name}");
        let settings = format!(
            "{{issuer: \"{ISSUER}\", audience: {AUDIENCE}, algorithms: {name}, keys: [{{secret: {{env: SHARED}}}}]}}"
        );
        let gateway = Gateway::with(by(&settings, &service.url())).env("SHARED", secret).start().await;
        for (other, token) in &symmetric {
            for answer in both(&gateway, bearer(token)).await {
                assert_eq!(answer.status == 200, name == other, "{other} where {name} is named");
            }
        }
    }
}

// Rule: jwt-keys-here
#[tokio::test]
async fn keys_of_a_file_change_with_the_file() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let keys = format!("{{issuer: \"{ISSUER}\", audience: {AUDIENCE}, keys: [{{file: keys.json}}]}}");
    let gateway = Gateway::with(by(&keys, &service.url())).file("keys.json", signers.jwks()).start().await;
    let good = good(&signers);
    for answer in both(&gateway, bearer(&good)).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    // What is remembered holds for the keys that it was held against.
    let others = format!(r#"{{"keys":[{}]}}"#, signers::jwk(&signers.strange, r#""kid":"rsa","#));
    gateway.file("keys.json", &others);
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    for answer in both(&gateway, bearer(&good)).await {
        assert_eq!(answer.status, 401);
    }
    gateway.file("keys.json", "no keys");
    let Reloaded::Refused(said) = gateway.verdict().await else { panic!("it is taken") };
    assert!(said.contains("pintle.yaml:3:") && said.contains("it is no key of a kind that is known"), "{said}");
    gateway.file("keys.json", signers.jwks());
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(gateway.ask(bearer(&good)).await.status, 200);
}

#[tokio::test]
async fn a_token_that_is_remembered_is_refused_once_it_is_over() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let login = login(signers.jwks()).await;
    let gateway = Gateway::start(by(&settings(&login, "skew: 0s"), &service.url())).await;
    let soon = claims(now(), "").replace(&format!("\"exp\":{}", now() + 600), &format!("\"exp\":{}", now() + 3));
    let soon = token(r#"{"alg":"RS256","kid":"rsa"}"#, soon, signers.rs256());
    assert_eq!(gateway.ask(bearer(&soon)).await.status, 200);
    let over = async || Some(gateway.ask(bearer(&soon)).await).filter(|answer| answer.status != 200);
    until("the token to be over", over).await.problem(401, "token_expired");
    gateway.wait_metric("pintle_jwt_tokens_total{result=\"untimely\"}", 1.0).await;
}

#[tokio::test]
async fn a_reload_and_a_client_that_hangs_up_leave_others_alone() {
    let (signers, service) = (Signers::new(), RawOrigin::start().await);
    let login = login(signers.jwks()).await;
    let config = by(&settings(&login, ""), &service.url());
    let gateway = Gateway::start(&config).await;
    let good = good(&signers);
    let mut one = gateway.wire().await;
    one.write(bearer(&good).to_h1()).await;
    let two = gateway.h2().await;
    let stream = two.send(&bearer(&good)).await.expect("a stream");
    let mut upstreams = [service.accept().await, service.accept().await];
    for upstream in &mut upstreams {
        upstream.request().await;
    }
    // From here on other tokens are wanted; these two were let in.
    gateway.change(config.replace(&format!("audience: {AUDIENCE}"), "audience: other")).await;
    gateway.ask(bearer(&good)).await.problem(401, "bad_token");
    let mut gone = gateway.wire().await;
    gone.write(&bearer(&good).to_h1()[..40]).await;
    drop(gone);
    for upstream in &mut upstreams {
        upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    }
    assert_eq!(one.head().await.status(), 200);
    assert_eq!(stream.try_answer().await.expect("an answer").text(), "ok");
}

#[tokio::test]
async fn a_mistake_is_told_with_its_place_and_a_remedy() {
    let with = |settings: &str| {
        format!("{START}routes:\n  - match: /**\n    policies: [{{jwt: {settings}}}]\n    respond: {{body: ok}}\n")
    };
    let issuer = "issuer: \"https://login.example.com/\"";
    for (settings, parts) in [
        ("{audience: shop}".into(), ["pintle.yaml:5:", "issuer"]),
        (format!("{{{issuer}}}"), ["`jwt` does not say for whom a token must be", "audience: [shop]"]),
        (format!("{{{issuer}, audience: shop, algorithms: none}}"), ["pintle.yaml:5:", "without a signature"]),
        (format!("{{{issuer}, audience: shop, algorithms: [RS257]}}"), ["pintle.yaml:5:", "there are RS256, RS384"]),
        ("{issuer: acme, audience: shop}".into(), ["does not say where its keys are", "jwks: URL"]),
        (
            format!("{{{issuer}, audience: shop, jwks: \"http://login.example.com/jwks\"}}"),
            ["would be asked in cleartext", "danger_plain_http"],
        ),
        (format!("{{{issuer}, audience: shop, keys: [{{}}]}}"), ["this is no key", "file: PATH"]),
        (
            format!("{{{issuer}, audience: shop, keys: [{{file: gone.pem}}]}}"),
            ["gone.pem` cannot be read", "pintle.yaml:5:"],
        ),
        (format!("{{{issuer}, audience: shop, via: nowhere}}"), ["pintle.yaml:5:", "nowhere"]),
        (format!("{{{issuer}, audience: shop, header: a, cookie: b}}"), ["tokens are sought in one place", "`any`"]),
        (format!("{{{issuer}, audience: shop, skew: 1h}}"), ["clocks do not differ by so much", "at most 10m"]),
        (
            format!("{{{issuer}, audience: shop, refresh: {{least: 2h}}}}"),
            ["is longer than the longest", "pintle.yaml:5:"],
        ),
        (format!("{{{issuer}, audience: shop, forward: {{x-user: \"${{claims.sub\"}}}}"), ["pintle.yaml:5:", "error["]),
    ] {
        refused(&with(&settings), &parts).await;
    }
    let secret = by(
        &format!("{{{issuer}, audience: shop, algorithms: HS256, keys: [{{secret: {{env: NO_SUCH}}}}]}}"),
        "http://127.0.0.1:9",
    );
    let failed = Gateway::with(secret).fails().await;
    assert!(failed.stderr.contains("`NO_SUCH` is not set"), "{failed:?}");
    let short = by(
        &format!("{{{issuer}, audience: shop, algorithms: HS256, keys: [{{secret: {{env: SHORT}}}}]}}"),
        "http://127.0.0.1:9",
    );
    let failed = Gateway::with(short).env("SHORT", "hunter2").fails().await;
    assert!(failed.stderr.contains("a secret of 7 bytes") && !failed.stderr.contains("hunter2"), "{failed:?}");
}
